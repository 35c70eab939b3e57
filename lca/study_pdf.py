"""The study behind a footprint as PDF: public, or confidential for a notified body.

The same blocks as the HTML page (`study_content`). The same footprint gives the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any, Final, assert_never
from xml.sax.saxutils import escape

from reportlab.graphics import shapes
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, ListFlowable, ListItem, SimpleDocTemplate, Spacer
from reportlab.platypus import Paragraph as Flowing
from reportlab.platypus import Table as Grid

from lca.footprint import Footprint
from lca.pdf_fonts import BOLD, ITALIC, PLAIN, european_letters, font_runs
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
from lca.svg import FONT_SIZE, RIBBON_OPACITY, Box, Drawing, Line, Ribbon, Text

_MARGIN: Final = 16 * mm
_WIDTH: Final = A4[0] - 2 * _MARGIN
_RULE: Final = colors.HexColor("#cccccc")

_BODY: Final = ParagraphStyle("body", fontName=PLAIN, fontSize=8.5, leading=12, spaceAfter=4)
_CELL: Final = ParagraphStyle("cell", fontName=PLAIN, fontSize=7, leading=9)
_NUMBER: Final = ParagraphStyle("number", parent=_CELL, alignment=2)
_STYLES: Final = {
    "plain": _BODY,
    "result": ParagraphStyle("result", parent=_BODY, fontName=BOLD, fontSize=13, leading=18),
    "note": ParagraphStyle(
        "note", parent=_BODY, backColor=colors.HexColor("#fff6df"), borderPadding=4, spaceBefore=6
    ),
}
_HEADINGS: Final = {
    1: ParagraphStyle("h1", fontName=BOLD, fontSize=15, leading=20, spaceAfter=6),
    2: ParagraphStyle(
        "h2", fontName=BOLD, fontSize=10.5, leading=14, spaceBefore=10, spaceAfter=4, keepWithNext=1
    ),
}


def study_pdf(footprint: Footprint, *, public: bool) -> bytes:
    """Return the study as a PDF document.

    Args:
        footprint: The result.
        public: Leave out confidential rows, evidence and amounts.
    """
    european_letters()
    buffer = io.BytesIO()
    document = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=_plain(study_title(footprint)),
        author="voltpass",
        invariant=1,
    )
    blocks = study_blocks(footprint, public=public)
    story = [flowable for block in blocks for flowable in _flowables(block)]
    document.build(story, onFirstPage=_page_number, onLaterPages=_page_number)
    return buffer.getvalue()


def _flowables(block: Block) -> list[Flowable]:
    match block:
        case Heading(text, level):
            return [_flowing(text, _HEADINGS[level])]
        case Paragraph(text, kind):
            return [_flowing(text, _STYLES[kind])]
        case Bullets(texts):
            items: list[Any] = [ListItem(_flowing(text, _BODY)) for text in texts]
            return [ListFlowable(items, bulletType="bullet", start="-", leftIndent=10)]
        case Table():
            return [_grid(block), Spacer(0, 4)]
        case Figure(drawing):
            return [_graphic(drawing)]
    assert_never(block)


def _flowing(text: str, style: ParagraphStyle) -> Flowing:
    runs = font_runs(text, style.fontName)
    marked = "".join(
        escape(run) if font == style.fontName else f'<font name="{font}">{escape(run)}</font>'
        for font, run in runs
    )
    return Flowing(marked, style)


def _grid(table: Table) -> Flowable:
    def cells(values: Iterable[str]) -> list[Flowing]:
        return [
            _flowing(value, _NUMBER if i in table.numbers else _CELL)
            for i, value in enumerate(values)
        ]

    return Grid(
        [cells(table.header), *(cells(row) for row in table.rows)],
        colWidths=[_WIDTH * share / 100 for share in table.widths],
        repeatRows=1,
        splitInRow=1,  # a text may be longer than a page
        style=[
            ("LINEBELOW", (0, 0), (-1, -1), 0.3, _RULE),
            ("LINEBELOW", (0, 0), (-1, 0), 0.8, colors.black),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 2),
            ("RIGHTPADDING", (0, 0), (-1, -1), 3),
        ],
    )


def _graphic(drawing: Drawing) -> shapes.Drawing:
    """Return a drawing that fits the width; reportlab's y grows upwards."""
    scale = _WIDTH / drawing.width
    group = shapes.Group(transform=(scale, 0, 0, -scale, 0, drawing.height * scale))
    for shape in drawing.shapes:
        for part in _shapes(shape):
            group.add(part)
    graphic = shapes.Drawing(_WIDTH, drawing.height * scale)
    graphic.add(group)
    return graphic


def _shapes(shape: Text | Box | Ribbon | Line) -> list[Any]:
    match shape:
        case Text():
            return _texts(shape)
        case Box():
            block: Any = shapes.Rect(shape.x, shape.y, shape.width, shape.height)
            block.fillColor, block.strokeColor = colors.HexColor(shape.fill), None
            return [block]
        case Ribbon():
            return [_band(shape)]
        case Line():
            return [shapes.Line(shape.x1, shape.y, shape.x2, shape.y, strokeColor=colors.black)]


def _band(ribbon: Ribbon) -> shapes.Path:
    (x0, y0), (x1, y1), tall = ribbon.start, ribbon.end, ribbon.tall
    middle = (x0 + x1) / 2
    path = shapes.Path(
        fillColor=colors.HexColor(ribbon.fill), fillOpacity=RIBBON_OPACITY, strokeColor=None
    )
    path.moveTo(x0, y0)
    path.curveTo(middle, y0, middle, y1, x1, y1)
    path.lineTo(x1, y1 + tall)
    path.curveTo(middle, y1 + tall, middle, y0 + tall, x0, y0 + tall)
    path.closePath()
    return path


def _texts(text: Text) -> list[Any]:
    """Return a line of text, one string a font, upright although the group is turned over."""
    font = BOLD if text.bold else ITALIC if text.italic else PLAIN
    runs = [
        (name, run, stringWidth(run, name, FONT_SIZE)) for name, run in font_runs(text.text, font)
    ]
    x = text.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[text.anchor] * sum(w for _, _, w in runs)
    parts = []
    for name, run, width in runs:
        colour = colors.HexColor(text.fill)
        string = shapes.String(0, 0, run, fontName=name, fontSize=FONT_SIZE, fillColor=colour)
        parts.append(shapes.Group(string, transform=(1, 0, 0, -1, x, text.y)))
        x += width
    return parts


def _page_number(canvas: Canvas, document: Any) -> None:  # noqa: ANN401 - reportlab's own template
    canvas.setFont(PLAIN, 7)
    canvas.drawRightString(A4[0] - _MARGIN, _MARGIN / 2, str(document.page))


def _plain(text: str) -> str:
    """Return a text as it may stand in the document's properties: no half characters."""
    return text.encode("utf-8", "replace").decode()
