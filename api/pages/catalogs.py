"""The catalogs of messages: taken out of templates and code, and what a translation of them must keep.

`python -m api.pages.catalogs` brings every catalog up to date: new messages without a translation, those
that nobody says any more without a trace. `python -m api.pages.catalogs xx` begins the one of a language.
"""

import re
import sys
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from api.pages.languages import TRANSLATIONS

SOURCES: Final = Path(__file__).parent
_METHODS: Final = [("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]
_OPTIONS: Final = {"templates/**.html": {"trimmed": "true", "silent": "false"}}
_KEYWORDS: Final = {
    "_": None,
    "gettext": None,
    "message": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}
_PLACE: Final = re.compile(r"%\(\w+\)s|%%")
_TAG: Final = re.compile(r"<[^>]*>")


def extracted() -> Catalog:
    """Return every message of the pages, without translations."""
    catalog = Catalog(project="voltpass", charset="utf-8", fuzzy=False)
    found = extract_from_dir(SOURCES, method_map=_METHODS, options_map=_OPTIONS, keywords=_KEYWORDS)
    for filename, _, messages, _, context in sorted(found, key=lambda row: (row[0], row[1])):
        catalog.add(messages, locations=[(filename, 0)], context=context)
    return catalog


def read(code: str) -> Catalog:
    """Return the catalog of a language as its file says."""
    with (TRANSLATIONS / f"{code}.po").open("rb") as source:
        return read_po(source, locale=code)


def written(catalog: Catalog) -> bytes:
    """Return a catalog as its file; places are named by file, so that a moved line changes nothing."""
    out = BytesIO()
    write_po(out, catalog, width=100, omit_header=True, include_lineno=False, ignore_obsolete=True)
    return _header(catalog).encode() + out.getvalue()


def _header(catalog: Catalog) -> str:
    """Return what gettext needs at the top, and nothing that changes without a reason."""
    lines = (
        f"Language: {catalog.locale_identifier}",
        f"Plural-Forms: {catalog.plural_forms}",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
    )
    listed = "".join(f'"{line}\\n"\n' for line in lines)
    return f'# What the pages say; CONTRIBUTING.md tells how.\nmsgid ""\nmsgstr ""\n{listed}\n'


def updated(code: str, found: Catalog) -> Catalog:
    """Return a language's catalog with exactly the messages that were `extracted`; nothing is guessed."""
    catalog = read(code) if (TRANSLATIONS / f"{code}.po").exists() else Catalog(locale=code)
    catalog.update(found, no_fuzzy_matching=True, update_creation_date=False)
    return catalog


def faults(message: Message) -> list[str]:
    """Return what a translation lacks or has too much: it is missing, or unsure, or its places differ."""
    sources = [message.id] if isinstance(message.id, str) else list(message.id)
    texts = [message.string] if isinstance(message.string, str) else list(message.string or ("",))
    found = ["unsure (fuzzy)"] if message.fuzzy else []
    for text in texts:
        if not text:
            found.append("not translated")
            continue
        # A plural's forms may leave out the number where a word says it.
        wanted = [Counter(_PLACE.findall(source)) for source in sources]
        if Counter(_PLACE.findall(text)) not in wanted:
            found.append("other placeholders than in English")
        if Counter(_TAG.findall(text)) != Counter(_TAG.findall(sources[0])):
            found.append("other markup than in English")
        if '"' in _TAG.sub("", text) or "<" in _TAG.sub("", text):
            found.append(
                "a straight quotation mark or a sign of markup, which would end an attribute"
            )
        if text != text.strip() and sources[0] == sources[0].strip():
            found.append("a space at an end")
    return found


def main(codes: list[str]) -> None:
    """Write the catalogs of the languages that there are, and of those that are named."""
    found = extracted()
    for code in sorted({*(path.stem for path in TRANSLATIONS.glob("*.po")), *codes}):
        catalog = updated(code, found)
        (TRANSLATIONS / f"{code}.po").write_bytes(written(catalog))
        open_ones = sum(bool(message.id) and bool(faults(message)) for message in catalog)
        sys.stdout.write(f"{code}: {len(catalog)} messages, {open_ones} to be translated\n")


if __name__ == "__main__":
    main(sys.argv[1:])
