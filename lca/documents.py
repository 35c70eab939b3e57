"""Reads a JSON document field by field and collects every finding instead of stopping at the first.

A reader returns a harmless stand-in where a field is wrong; whoever uses it must look at `findings`
before using what was read. Keys nobody asked for are findings too: a typo must not vanish.
"""

from __future__ import annotations

import datetime as dt
import difflib
import math
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from lca.errors import Finding, shown

LARGEST_NUMBER: Final = 1e18
"""Above any amount a plant can have (a TWh is 1e9 kWh), far below where sums lose their digits."""

_FREE_KEYS: Final = frozenset({"note", "$schema"})


class DocumentReader:
    """One JSON object being read; children share the list of findings."""

    def __init__(
        self,
        document: Mapping[str, object],
        path: str = "",
        findings: list[Finding] | None = None,
    ) -> None:
        self.document = document
        self.path = path
        self.findings: list[Finding] = [] if findings is None else findings
        self._seen: set[str] = set()

    def at(self, key: str) -> str:
        """Return the path of a field."""
        return f"{self.path}.{key}" if self.path else key

    def refuse(self, key: str, reason: str, remedy: str) -> None:
        """Add a finding about a field."""
        value = self.document.get(key, "")
        self.findings.append(Finding(self.at(key), shown(value), reason, remedy))

    def has(self, key: str) -> bool:
        """Return whether the field is there and not null."""
        self._seen.add(key)
        return self.document.get(key) is not None

    def text(self, key: str) -> str:
        """Return a non-empty string; on a finding, the empty string."""
        value = self._value(key)
        if isinstance(value, str) and value.strip() and len(value) <= 10_000:  # noqa: PLR2004 - bound
            return value
        self._wrong(key, "must be a non-empty text", "write a text")
        return ""

    def optional_text(self, key: str) -> str | None:
        """Return a string, or None where the field is missing or null."""
        return self.text(key) if self.has(key) else None

    def number(
        self, key: str, *, minimum: float = -LARGEST_NUMBER, maximum: float = LARGEST_NUMBER
    ) -> float:
        """Return a finite number inside the limits; on a finding, the number 1."""
        value = self._value(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._wrong(key, "must be a number", "write a plain number, without quotes or unit")
            return 1.0
        try:
            amount = float(value)
        except OverflowError:
            amount = math.inf
        if not math.isfinite(amount) or abs(amount) > LARGEST_NUMBER:
            self._wrong(key, "is not a finite number of a sensible size", "check the exponent")
            return 1.0
        if not minimum <= amount <= maximum:
            limits = f"must lie between {minimum:g} and {maximum:g}"
            self._wrong(key, limits, "check sign, unit and decimal point")
            return 1.0
        return amount

    def positive(self, key: str) -> float:
        """Return a number above zero; on a finding, the number 1."""
        amount = self.number(key)
        if amount <= 0:
            self._wrong(key, "must be above zero", "check sign and unit")
            return 1.0
        return amount

    def optional_number(
        self, key: str, *, minimum: float = -LARGEST_NUMBER, maximum: float = LARGEST_NUMBER
    ) -> float | None:
        """Return a number, or None where the field is missing or null."""
        return self.number(key, minimum=minimum, maximum=maximum) if self.has(key) else None

    def optional_positive(self, key: str) -> float | None:
        """Return a number above zero, or None where the field is missing or null."""
        return self.positive(key) if self.has(key) else None

    def whole(self, key: str, *, minimum: int, maximum: int) -> int:
        """Return an integer inside the limits; on a finding, the minimum."""
        amount = self.number(key, minimum=minimum, maximum=maximum)
        if amount != int(amount):
            self._wrong(key, "must be a whole number", "drop the decimals")
            return minimum
        return int(amount)

    def flag(self, key: str, *, default: bool | None = None) -> bool:
        """Return true or false."""
        if default is not None and not self.has(key):
            return default
        value = self._value(key)
        if isinstance(value, bool):
            return value
        self._wrong(key, "must be true or false", "write true or false, without quotes")
        return False

    def choice(self, key: str, options: Sequence[str]) -> str:
        """Return one of the options; on a finding, the first of them."""
        value = self._value(key)
        if isinstance(value, str) and value in options:
            return value
        self._wrong(key, "is none of the known values", f"known: {', '.join(options)}")
        return options[0]

    def constant(self, key: str, expected: str) -> None:
        """Require a field to hold exactly this text."""
        if self._value(key) != expected:
            self._wrong(key, f"must be {expected}", "use a document of this format")

    def day(self, key: str) -> dt.date:
        """Return a calendar day written as YYYY-MM-DD; on a finding, 1 January 2000."""
        value = self._value(key)
        try:
            return dt.date.fromisoformat(value if isinstance(value, str) else "")
        except ValueError:
            self._wrong(key, "must be a day", "write it as YYYY-MM-DD")
            return dt.date(2000, 1, 1)

    def child(self, key: str) -> DocumentReader:
        """Return a reader of a nested object; on a finding, of an empty one."""
        value = self._value(key)
        if isinstance(value, Mapping):
            return DocumentReader(value, self.at(key), self.findings)
        self._wrong(key, "must be an object", "write {...}")
        return DocumentReader({}, self.at(key), [])

    def optional_child(self, key: str) -> DocumentReader | None:
        """Return a reader of a nested object, or None where it is missing or null."""
        return self.child(key) if self.has(key) else None

    def children(self, key: str, *, required: bool = False) -> list[DocumentReader]:
        """Return readers of the objects in a list; a missing list is empty unless required."""
        if not required and not self.has(key):
            return []
        readers = []
        for index, value in enumerate(self._items(key)):
            place = f"{self.at(key)}[{index}]"
            if isinstance(value, Mapping):
                readers.append(DocumentReader(value, place, self.findings))
            else:
                finding = Finding(place, shown(value), "must be an object", "write {...}")
                self.findings.append(finding)
        return readers

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of strings; a missing one is empty."""
        if not self.has(key):
            return ()
        items = self._items(key)
        if all(isinstance(item, str) for item in items):
            return tuple(str(item) for item in items)
        self._wrong(key, "must be a list of texts", 'write ["...", "..."]')
        return ()

    def mapping(self, key: str) -> Mapping[str, object]:
        """Return a nested object as it is; a missing one is empty."""
        value = self._value(key)
        if isinstance(value, Mapping):
            return value
        if value is not None:
            self._wrong(key, "must be an object", "write {...}")
        return {}

    def numbers(self, key: str) -> Mapping[str, float]:
        """Return a nested object whose values are numbers; a missing one is empty."""
        reader = DocumentReader(self.mapping(key), self.at(key), self.findings)
        return MappingProxyType({name: reader.number(name) for name in reader.document})

    def done(self) -> None:
        """Refuse fields that nothing asked for, except `note` and `x-...`."""
        for key in self.document:
            if key in self._seen or key in _FREE_KEYS or key.startswith("x-"):
                continue
            near = difflib.get_close_matches(key, self._seen, 1)
            remedy = (
                f"did you mean {near[0]}?" if near else f"known: {', '.join(sorted(self._seen))}"
            )
            self.findings.append(
                Finding(self.at(key), shown(self.document[key]), "unknown field", remedy)
            )

    def _value(self, key: str) -> object:
        self._seen.add(key)
        return self.document.get(key)

    def _items(self, key: str) -> list[object]:
        value = self._value(key)
        if isinstance(value, list | tuple):
            return list(value)
        self._wrong(key, "must be a list", "write [...]")
        return []

    def _wrong(self, key: str, reason: str, remedy: str) -> None:
        if key not in self.document:
            reason, remedy = f"is missing ({reason})", f"add {key}: {remedy}"
        self.refuse(key, reason, remedy)


def copied_json(document: Mapping[str, object]) -> dict[str, object]:
    """Return a deep copy of a JSON object."""
    return {key: _copied_value(value) for key, value in document.items()}


def _copied_value(value: object) -> object:
    if isinstance(value, str | int | float):
        return value
    if isinstance(value, dict):
        return {key: _copied_value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copied_value(item) for item in value]
    return copied_json(value) if isinstance(value, Mapping) else value


def iterate_texts(document: object) -> Iterator[str]:
    """Yield every string inside a JSON document, keys included."""
    if isinstance(document, str):
        yield document
    elif isinstance(document, Mapping):
        for key, value in document.items():
            yield str(key)
            yield from iterate_texts(value)
    elif isinstance(document, list | tuple):
        for value in document:
            yield from iterate_texts(value)
