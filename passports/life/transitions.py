"""The life cycle of a battery as one table, `data/life_cycle.csv`.

Which way it goes, who may say so, and what follows for the passport.
"""

import csv
import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Final

ANY_ROLE: Final = "*"


class Effect(StrEnum):
    """What a transition does to the passport."""

    VERSION = "version"
    NEW_PASSPORT = "new_passport"
    CEASES = "ceases"


class LifeCycleTableError(ValueError):
    """A row of the table of transitions breaks a rule."""


@dataclass(frozen=True)
class Transition:
    """One row of the table.

    Attributes:
        before: Status from which it goes.
        after: Status to which it goes.
        effect: What becomes of the passport.
        roles: Roles of which the acting operator needs one; empty for any.
        legal_reference: Where the law has it.
        note: What else has to be known.
    """

    before: str
    after: str
    effect: Effect
    roles: frozenset[str]
    legal_reference: str
    note: str

    def to_document(self) -> dict[str, object]:
        """Return the row as plain JSON data."""
        return {
            "from": self.before,
            "to": self.after,
            "effect": self.effect.value,
            "roles": sorted(self.roles) or [ANY_ROLE],
            "legal_reference": self.legal_reference,
            "note": self.note,
        }


@cache
def transitions() -> Mapping[tuple[str, str], Transition]:
    """Return all transitions by (from, to), in the table's order.

    Raises:
        LifeCycleTableError: a row breaks a rule; which row is said.
    """
    table = resources.files("passports.data").joinpath("life_cycle.csv")
    return read_transitions(table.read_text(encoding="utf-8"))


def read_transitions(text: str) -> Mapping[tuple[str, str], Transition]:
    """Read and check the table.

    Raises:
        LifeCycleTableError: a row breaks a rule.
    """
    found: dict[tuple[str, str], Transition] = {}
    for row in csv.DictReader(io.StringIO(text), strict=True):
        try:
            transition = _transition(row)
        except (ValueError, KeyError, AttributeError) as error:
            raise LifeCycleTableError(f"{row.get('from')} -> {row.get('to')}: {error}") from error
        key = (transition.before, transition.after)
        if key in found:
            raise LifeCycleTableError(f"{key[0]} -> {key[1]}: it stands there twice")
        found[key] = transition
    ends = {t.after for t in found.values() if t.effect is Effect.CEASES}
    for (before, after), transition in found.items():
        if before in ends or (after in ends and transition.effect is not Effect.CEASES):
            raise LifeCycleTableError(f"{before} -> {after}: nothing comes after an end")
    return MappingProxyType(found)


def _transition(row: Mapping[str, str]) -> Transition:
    if not (row["from"] and row["to"] and row["legal_reference"]):
        raise ValueError("a status or the legal reference is missing")
    named = row["roles"].split("|")
    if not all(named):
        raise ValueError("it does not say who may make it")
    return Transition(
        before=row["from"],
        after=row["to"],
        effect=Effect(row["effect"]),
        roles=frozenset(named) - {ANY_ROLE},
        legal_reference=row["legal_reference"],
        note=row["note"],
    )


def statuses() -> Collection[str]:
    """Return all statuses, in the table's order."""
    return list(dict.fromkeys(status for pair in transitions() for status in pair))
