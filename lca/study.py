"""The study behind a footprint as one HTML page: public, or confidential for a notified body.

What stands in it is in `study_content`. Everything is escaped, inline, and without scripts.
"""

from __future__ import annotations

from html import escape
from typing import Final, assert_never

from lca.footprint import Footprint
from lca.study_content import (
    Block,
    Bullets,
    Figure,
    Heading,
    Paragraph,
    Table,
    study_blocks,
    study_title,
)

_STYLE: Final = """
body{font:15px/1.5 system-ui,sans-serif;color:#1c1c1c;max-width:64rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2rem;border-bottom:1px solid #ccc}
table{border-collapse:collapse;width:100%;font-size:.92em}th,td{text-align:left;padding:.3rem .6rem;
border-bottom:1px solid #e3e3e3;vertical-align:top;overflow-wrap:anywhere}
td.n,th.n{text-align:right;white-space:nowrap}
.result{font-size:1.5rem;font-weight:600}.note{background:#fff6df;border-left:4px solid #d9a300;
padding:.5rem 1rem}svg{max-width:100%;height:auto}p,li{overflow-wrap:anywhere}
@media print{body{margin:0}h2{break-after:avoid}table,svg{break-inside:avoid}}
"""


def study_html(footprint: Footprint, *, public: bool) -> str:
    """Return the study as an HTML document.

    Args:
        footprint: The result.
        public: Leave out confidential rows, evidence and amounts.
    """
    body = "".join(_html(block) for block in study_blocks(footprint, public=public))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(study_title(footprint))}</title><style>{_STYLE}</style></head>"
        f"<body>{body}</body></html>"
    )


def _html(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"<h{level}>{escape(text)}</h{level}>"
        case Paragraph(text, "plain"):
            return f"<p>{escape(text)}</p>"
        case Paragraph(text, kind):
            return f"<p class={kind}>{escape(text)}</p>"
        case Bullets(texts):
            return f"<ul>{''.join(f'<li>{escape(text)}</li>' for text in texts)}</ul>"
        case Table():
            return _table(block)
        case Figure(drawing):
            return drawing.finish()
    assert_never(block)


def _table(table: Table) -> str:
    def cells(values: tuple[str, ...], tag: str) -> str:
        return "".join(
            f"<{tag}{' class=n' if i in table.numbers else ''}>{escape(value)}</{tag}>"
            for i, value in enumerate(values)
        )

    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in table.rows)
    head = f"<thead><tr>{cells(table.header, 'th')}</tr></thead>"
    return f"<table>{head}<tbody>{body}</tbody></table>"
