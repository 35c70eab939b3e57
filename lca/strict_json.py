"""JSON as RFC 8259 has it: no NaN, no field twice, no numbers without end; each named by its path.

`json` takes NaN and keeps the last of two fields of one name without a word. A number that is none
would make every sum none, and a field given twice is a mistake nobody sees.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from lca.errors import Finding, InventoryError, shown

MAXIMUM_BYTES: Final = 64 * 1024 * 1024
"""A document above this is refused before it is parsed."""

_LARGEST_WHOLE: Final = 2**53 - 1
_LARGEST_FLOAT: Final = 10**308
_LONGEST_WHOLE: Final = 400
"""Digits of a whole number; more than any float has."""


def load_json(data: bytes, findings: list[Finding]) -> Mapping[str, object]:
    """Return the JSON object in `data`; on a finding, an empty one."""
    if len(data) > MAXIMUM_BYTES:
        size = f"{len(data)} bytes, {MAXIMUM_BYTES} is the limit"
        findings.append(Finding("document", size, "is too large", "split it"))
        return {}
    parsing = _Parsing()
    try:
        document = parsing.parsed(data)
    except (ValueError, RecursionError) as error:
        findings.append(_no_json(data, error))
        return {}
    if not isinstance(document, dict):
        findings.append(Finding("document", "", "must be a JSON object", "write {...}"))
        return {}
    if parsing.has_marks:
        findings.extend(_marks(document))
        return {}
    return document


def _no_json(data: bytes, error: Exception) -> Finding:
    """Say what is there instead of JSON, or where its syntax breaks; not what a parser says of it."""
    if data[:2] == b"PK":
        kind = "this is a ZIP archive or a workbook, not JSON"
        return Finding("document", "", kind, "give the JSON document")
    if isinstance(error, json.JSONDecodeError) and data.lstrip()[:1] in {b"{", b"["}:
        place = f"line {error.lineno}, column {error.colno}"
        return Finding("document", place, "is not JSON", "check the syntax there")
    if isinstance(error, RecursionError):
        return Finding("document", "", "is nested too deeply", "nest it less deeply")
    kind = "this is not JSON; it looks like text or a table" if b"\0" not in data else "is not JSON"
    return Finding("document", "", kind, "give the JSON document")


def check_numbers(document: Mapping[str, object]) -> None:
    """Refuse a parsed document in which something is no number that JSON can say exactly.

    Raises:
        InventoryError: NaN, infinity, or a whole number beyond 2^53 - 1 (RFC 8785, 3.2.2.3); each
            with its path.
    """
    findings = []
    for path, value in _leaves(document):
        if isinstance(value, float) and not math.isfinite(value):
            findings.append(Finding(path, shown(value), "is not a number", "give one"))
        elif isinstance(value, int) and abs(value) > _LARGEST_WHOLE:
            digits = f"{value:.6e}" if abs(value) < _LARGEST_FLOAT else "more than 10^308"
            reason = "is not a finite number of a sensible size"
            findings.append(Finding(path, digits, reason, "check the exponent"))
    if findings:
        raise InventoryError(findings)


def _leaves(document: object) -> Iterator[tuple[str, object]]:
    """Yield what is neither object nor list in a document, by path, in its order."""
    waiting: list[tuple[str, object]] = [("", document)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            start = f"{path}." if path else ""
            waiting.extend((f"{start}{key}", item) for key, item in reversed(value.items()))
        elif isinstance(value, list):
            items = [(f"{path}[{index}]", item) for index, item in enumerate(value)]
            waiting.extend(reversed(items))
        else:
            yield path, value


class _Mark(NamedTuple):
    """Stands in a document where something is not taken."""

    value: str
    reason: str
    remedy: str


class _Doubled(dict[str, object]):
    """An object in which some fields are given twice."""

    doubled: Sequence[str] = ()


class _Parsing:
    """Parses one document; what is not taken is marked, and its path is looked for afterwards."""

    def __init__(self) -> None:
        self.has_marks = False

    def parsed(self, data: bytes) -> object:
        """Return the document.

        Raises:
            ValueError: Not JSON.
            RecursionError: Nested too deeply.
        """
        try:
            return json.loads(data, parse_constant=self._constant, object_pairs_hook=self._object)
        except ValueError as error:
            if "digits" not in str(error):  # Python refuses whole numbers of more than 4,300
                raise
        return json.loads(
            data,
            parse_constant=self._constant,
            object_pairs_hook=self._object,
            parse_int=self._whole,
        )

    def _constant(self, name: str) -> _Mark:
        self.has_marks = True
        return _Mark(name, "is not a number", "give one; what is not known is left out")

    def _whole(self, digits: str) -> int | _Mark:
        if len(digits) <= _LONGEST_WHOLE:
            return int(digits)
        self.has_marks = True
        reason = "is not a finite number of a sensible size"
        return _Mark(f"{digits[:20]}... ({len(digits)} digits)", reason, "check the exponent")

    def _object(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        document = dict(pairs)
        if len(document) == len(pairs):
            return document
        self.has_marks = True
        marked = _Doubled(document)
        keys = [key for key, _ in pairs]
        marked.doubled = sorted({key for key in keys if keys.count(key) > 1})
        return marked


def _marks(document: object) -> list[Finding]:
    """Return a finding for each marked place, in the order of the document."""
    findings: list[Finding] = []
    waiting: list[tuple[str, object]] = [("", document)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, _Mark):
            findings.append(Finding(path, *value))
        elif isinstance(value, dict):
            start = f"{path}." if path else ""
            for key in getattr(value, "doubled", ()):
                given = shown(value[key])
                findings.append(Finding(f"{start}{key}", given, "field given twice", "remove one"))
            waiting.extend((f"{start}{key}", item) for key, item in reversed(value.items()))
        elif isinstance(value, list):
            items = [(f"{path}[{index}]", item) for index, item in enumerate(value)]
            waiting.extend(reversed(items))
    return findings
