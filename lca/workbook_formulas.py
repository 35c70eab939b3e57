"""Formulas in XLSX workbooks, found without unpacking a sheet as a whole.

A cell whose value depends on who calculated it last is no evidence; who reads sheets refuses it.
"""

from __future__ import annotations

import html
import re
import zipfile
from collections.abc import Iterator
from typing import Final

_PREFIX = rb"(?:[\w.-]{1,40}:)?"  # of the namespace: most writers have none
_ANY_FORMULA = re.compile(rb"<" + _PREFIX + rb"f[\s/>]")
_FORMULA = re.compile(
    rb"<" + _PREFIX + rb"""c\s[^>]*?r=["']([A-Z]+)([0-9]+)["'][^>]*>\s*<""" + _PREFIX + rb"f[\s/>]"
)
_PAIRS: Final = (int.from_bytes(b"<f", "little"), int.from_bytes(b":f", "little"))
_WORKBOOK: Final = "xl/workbook.xml"
_LINKS: Final = "xl/_rels/workbook.xml.rels"
_LINK = re.compile(rb"<" + _PREFIX + rb"Relationship\s([^>]*)>")
_IDENTIFIER = re.compile(rb"""[:\s]?[Ii]d\s*=\s*["']([^"']*)["']""")
_TARGET = re.compile(rb"""Target\s*=\s*["']([^"']*)["']""")
_USUAL = re.compile(r"xl/worksheets/[^/]+\.xml")
_OVERLAP: Final = 48
"""Bytes of `<prefix:f>` or of a cell's place at most: what two pieces have in common."""
_AT_ONCE_BYTES: Final = 2 * 1024 * 1024
_PIECE_BYTES: Final = 64 * 1024


def sheets_with_formulas(archive: zipfile.ZipFile) -> Iterator[str]:
    """Yield the names of the sheet files in a workbook that hold a formula."""
    for name in sheet_files(archive):
        if any(map(has_formula, sheet_pieces(archive, name))):
            yield name


def sheet_files(archive: zipfile.ZipFile) -> list[str]:
    """Return the names of the files of sheets in a workbook: in the usual folder, or linked elsewhere.

    A reader follows the links (ISO/IEC 29500-1, 12.3.23) wherever they lead, whatever the case.
    """
    names = archive.namelist()
    usual = {n for n in names if n.startswith("xl/worksheets/") and n.endswith(".xml")}
    elsewhere = {path for path in _linked(archive, names) if not _USUAL.fullmatch(path)}
    return [n for n in names if n in usual or n.lower() in elsewhere]


def _linked(archive: zipfile.ZipFile, names: list[str]) -> set[str]:
    """Return the paths of the files that a workbook links by an identifier, in lower case."""
    parts = {n.lower(): archive.read(n) for n in names if n.lower() in {_WORKBOOK, _LINKS}}
    used = set(_IDENTIFIER.findall(parts.get(_WORKBOOK, b"")))
    paths: set[str] = set()
    for link in _LINK.findall(parts.get(_LINKS, b"")):
        target = _TARGET.search(link)
        if target is not None and used.intersection(_IDENTIFIER.findall(link)):
            path = html.unescape(target[1].decode(errors="replace")).lower()
            paths.add(
                path[1:] if path.startswith("/") else path if path[:3] == "xl/" else f"xl/{path}"
            )
    return paths


def sheet_pieces(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """Yield a file in pieces that overlap a little: a sheet may be a hundred times its file."""
    if archive.getinfo(name).file_size <= _AT_ONCE_BYTES:
        text = archive.read(name)
        for start in range(0, len(text), _PIECE_BYTES):
            yield text[start : start + _PIECE_BYTES + _OVERLAP]
        return
    with archive.open(name) as unpacked:
        end = b""
        while piece := unpacked.read(_PIECE_BYTES):
            text = end + piece
            yield text
            end = text[-_OVERLAP:]


def first_formula(text: bytes) -> tuple[str, int]:
    """Return column letters and row of the first formula in a sheet's XML; ("?", 0) if it has no place."""
    cell = _FORMULA.search(text)
    return (cell[1].decode(), int(cell[2])) if cell else ("?", 0)


def has_formula(text: bytes) -> bool:
    """Tell whether a piece of a sheet holds a formula."""
    return _may_have_formula(text) and _ANY_FORMULA.search(text) is not None


def _may_have_formula(text: bytes) -> bool:
    """Tell whether `<f` or `:f` occurs in a text; many times as fast as the whole expression."""
    import numpy as np  # noqa: PLC0415 # slow to load, and for workbooks only

    for start in (0, 1):
        letters = np.frombuffer(text, "<u2", (len(text) - start) // 2, start)
        if any(bool((letters == pair).any()) for pair in _PAIRS):
            return True
    return False
