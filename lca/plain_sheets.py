"""The quick way through sheets that are plainly written: from the bytes straight to the cells.

Excel, LibreOffice and openpyxl write the rows of a list all alike. What is written so is taken by one
expression, which has to account for every byte between `<sheetData>` and its end: so nothing else is
there, no formula and no cell far from the others, and nobody needs to look for them. Any other sheet
goes the slow way: searched piece by piece, then read by calamine. A test holds the two to the same
cells.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, overload

from lca.workbook_formulas import has_formula

_AT_ONCE_BYTES: Final = 2 * 1024 * 1024
_MOST_COLUMNS: Final = 26
_GROUPS: Final = 3
"""Of a cell: index of a shared text, number, text of its own."""

_DECLARED = re.compile(
    r'(?:<\?xml version="1.0"(?: encoding="[Uu][Tt][Ff]-8")?'
    r'(?: standalone="(?:yes|no)")?\?>\s*)?<[A-Za-z]'
)
_SHEET = re.compile(r"<sheet ([^<>]*)/>")
_LINK = re.compile(r"<Relationship ([^<>]*)/>")
_ATTRIBUTE = re.compile(r'([\w:]+)="([^"<&]*)"')
_TEXT = re.compile(r'(<si><t(?:( xml:space="preserve")?>([^<]*)</t>| ?/>)</si>)')
_COLUMN = re.compile(r'<c r="([A-Z]+)1"')
_FORMAT = re.compile(r'numFmtId="([0-9]+)"')
_NUMBER_FORMATS: Final = frozenset({"0", "1", "2", "3", "4", "9", "10", "11", "49"})
"""Built-in formats in which a number is a number, no day (ISO/IEC 29500-1, 18.8.30)."""

_ENTITIES: Final = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&"))


class _NotPlainError(Exception):
    """Something here needs the slow reader."""


class ColumnTable(Sequence[Sequence[object]]):
    """Rows of a sheet, all equally long, that are kept as columns: who reads by column need not turn them.

    Attributes:
        columns: Texts, numbers, "" for an empty cell. The last row and the last column are not empty.
    """

    def __init__(self, columns: Sequence[Sequence[object]]) -> None:
        self.columns = columns

    @cached_property
    def _rows(self) -> Sequence[Sequence[object]]:
        return list(zip(*self.columns, strict=True))

    @overload
    def __getitem__(self, index: int) -> Sequence[object]: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Sequence[object]]: ...

    def __getitem__(self, index: int | slice) -> Sequence[object] | Sequence[Sequence[object]]:
        return self._rows[index]

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0


@dataclass(frozen=True, slots=True)
class PlainSheet:
    """The cells of a sheet.

    Attributes:
        file: Its file in the archive.
        table: Its rows from the first.
    """

    file: str
    table: ColumnTable


class PlainWorkbook:
    """A workbook of which some sheets, or all, are plainly written."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = archive.namelist()

    @cached_property
    def sheets(self) -> Mapping[str, PlainSheet | None]:
        """The sheets in their order by name, None where one needs the slow reader; empty: all do.

        Raises:
            Exception: The archive is broken: one of `archives.ARCHIVE_FAULTS`.
        """
        try:
            files = self._files()
        except _NotPlainError:
            return {}
        return {name: self._sheet(file) for name, file in files.items()}

    def _files(self) -> dict[str, str]:
        """Return the file of each sheet (ISO/IEC 29500-1, 12.3.23)."""
        if len({name.lower() for name in self._names}) < len(self._names):
            raise _NotPlainError
        links = [
            dict(_ATTRIBUTE.findall(link)) for link in self._items(_LINK, "_rels/workbook.xml.rels")
        ]
        targets = {
            link.get("Id", ""): link.get("Target", "")
            for link in links
            if link.get("Type", "").endswith("/worksheet")
        }
        files: dict[str, str] = {}
        for item in self._items(_SHEET, "workbook.xml"):
            sheet = dict(_ATTRIBUTE.findall(item))
            target, name = targets.get(sheet.get("r:id", "")), sheet.get("name", "")
            if not target or not name or name in files:
                raise _NotPlainError
            files[name] = target[1:] if target[0] == "/" else f"xl/{target}"
        return files

    def _items(self, kind: re.Pattern[str], file: str) -> list[str]:
        text = self._read(f"xl/{file}")
        if "<!" in text:
            raise _NotPlainError
        return [str(item) for item in kind.findall(text)]

    def _read(self, name: str) -> str:
        if name not in self._names or self._archive.getinfo(name).file_size > _AT_ONCE_BYTES:
            raise _NotPlainError
        try:
            text = self._archive.read(name).decode()
        except UnicodeDecodeError:
            raise _NotPlainError from None
        if _DECLARED.match(text) is None:
            raise _NotPlainError
        return text

    @cached_property
    def _texts(self) -> Mapping[str, str]:
        """The shared texts by index, as it is written; no index is no text."""
        if "xl/sharedStrings.xml" not in self._names:
            return {"": ""}
        head, _, body = self._read("xl/sharedStrings.xml").partition("<si>")
        if "<!" in head:
            raise _NotPlainError
        texts = _shared_texts("<si>" + body.removesuffix("\n").removesuffix("</sst>"))
        return {"": "", **dict(zip(map(str, range(len(texts))), texts, strict=True))}

    @cached_property
    def _has_days(self) -> bool:
        """Whether a style may show a number as a day."""
        try:
            formats = _FORMAT.findall(self._read("xl/styles.xml"))
        except _NotPlainError:
            return True
        return not _NUMBER_FORMATS.issuperset(formats)

    def _sheet(self, file: str) -> PlainSheet | None:
        try:
            head, start, rest = self._read(file).partition("<sheetData>")
            body, end, tail = rest.partition("</sheetData>")
            around = head + tail
            if not (start and end) or "<!" in around or has_formula(around.encode()):
                return None
            return PlainSheet(file, self._table(body))
        except (_NotPlainError, KeyError, ValueError):
            return None

    def _table(self, body: str) -> ColumnTable:
        letters = _COLUMN.findall(body, 0, body.find("</row>") + 1)
        width = max(map(_number, letters), default=_MOST_COLUMNS + 1)
        if width > _MOST_COLUMNS:
            raise _NotPlainError
        found = _rows(width, styled=not self._has_days).findall(body)
        rows, numbers, *groups = zip(*found, strict=True) if found else ((), ())
        if sum(map(len, rows)) != len(body) or list(map(int, numbers)) != list(
            range(1, len(rows) + 1)
        ):
            raise _NotPlainError
        columns = [
            self._column(*groups[at : at + _GROUPS]) for at in range(0, len(groups), _GROUPS)
        ]
        return ColumnTable(_trimmed(columns))

    def _column(
        self, shared: Sequence[str], numbers: Sequence[str], own: Sequence[str]
    ) -> Sequence[object]:
        """Return the cells of a column, of which each has one of the three or none."""
        has_shared, has_own = any(shared), any(own)
        own = _as_read(own, own) if has_own else own
        if not any(numbers):
            if not has_own:
                return list(map(self._texts.__getitem__, shared)) if has_shared else own
            if not has_shared:
                return own
        elif not has_shared and not has_own and all(numbers):
            return list(map(float, numbers))
        texts = self._texts if has_shared else {"": ""}
        return [
            float(number) if number else texts[index] or text
            for index, number, text in zip(shared, numbers, own, strict=True)
        ]


def _number(letters: str) -> int:
    """Return the number of a column from A to Z, and of one beyond: too many."""
    return ord(letters) - 64 if len(letters) == 1 else _MOST_COLUMNS + 1


@lru_cache(2 * _MOST_COLUMNS)
def _rows(width: int, *, styled: bool) -> re.Pattern[str]:
    """Return the expression of a row: the whole, its number, and three groups for each cell.

    No two ways through it fit the same bytes, so it is linear whatever it is given.
    """
    style = '(?: s="[0-9]+")?'
    always, for_texts = (style, "") if styled else ("", style)
    cells = (
        rf'(?:<c r="{chr(ord("A") + at)}\2"{always}(?:{for_texts} t="s"><v>([0-9]+)</v></c>'
        r'|(?: t="n")?><v>([0-9.eE+-]+)</v></c>'
        rf'|{for_texts} t="inlineStr"><is><t>([^<]*)</t></is></c>'
        rf'|{for_texts}(?: t="[a-zA-Z]+")? ?/>))?'
        for at in range(width)
    )
    return re.compile(rf'(<row r="([0-9]+)"[^<>/]*>{"".join(cells)}</row>)')


def _shared_texts(body: str) -> Sequence[str]:
    """Return the texts of a table of shared ones, from its first item to its last."""
    first, between, last = "<si><t>", "</t></si><si><t>", "</t></si>"
    if body.startswith(first) and body.endswith(last):
        texts = body[len(first) : -len(last)].split(between)
        if "<" not in "".join(texts):
            return _as_read(texts, texts)
    found = _TEXT.findall(body)
    if sum(len(item) for item, _, _ in found) != len(body):
        raise _NotPlainError
    bare = [text for _, is_kept, text in found if not is_kept]
    return _as_read([text for _, _, text in found], bare)


def _as_read(texts: Sequence[str], bare: Sequence[str]) -> Sequence[str]:
    """Return texts as a reader of XML gives them.

    Args:
        texts: As they are written.
        bare: Those of them whose blanks at both ends would not be kept.
    """
    joined = f"|{'|'.join(texts)}|"
    if "_x" in joined or "\r" in joined:
        raise _NotPlainError
    may_be_blank = not joined.isprintable() or "| " in joined or " |" in joined
    if may_be_blank and any(text.strip() != text for text in bare):
        raise _NotPlainError
    return list(map(_unescaped, texts)) if "&" in joined else texts


def _unescaped(text: str) -> str:
    if "&" not in text:
        return text
    pieces = text.split("&")
    known = tuple(name[1:] for name, _ in _ENTITIES)
    if not all(piece.startswith(known) for piece in pieces[1:]):
        raise _NotPlainError
    for name, sign in _ENTITIES:
        text = text.replace(name, sign)
    return text


def _trimmed(columns: list[Sequence[object]]) -> Sequence[Sequence[object]]:
    """Return columns without empty rows at the end, and without empty columns there."""
    while columns and not any(cell != "" for cell in columns[-1]):
        columns.pop()
    if any(column[-1] != "" for column in columns):
        return columns
    length = max(
        (at for column in columns for at, cell in enumerate(column, start=1) if cell != ""),
        default=0,
    )
    return [column[:length] for column in columns]
