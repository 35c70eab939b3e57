"""The life cycle of a battery as one table, `data/life_cycle.csv`.

Which way it goes, who may say so, and what follows for the passport.

The statuses are those of Annex XIII, 4(c), which is for persons with a legitimate interest: no public
answer says them. That a passport ceased (Art. 77(8)) or that another stands in its place (Art. 77(7)) is
for everybody. `recycled` is no status of Annex XIII; it is what ends a passport.
"""

import csv
import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from passports.errors import AccessDeniedError, Finding, IllegalTransitionError
from passports.operators import EconomicOperator
from passports.store import PassportRow, Transaction
from signing.credentials import decode

STATUS_ATTRIBUTE: Final = (
    "battery_status"  # where Annex XIII, 4(c) stands in the table of attributes
)
FIRST_STATUS: Final = "original"
WASTE: Final = "waste"
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


def current_status(transaction: Transaction, operator_id: str, passport_id: str) -> str:
    """Return a battery's status as its passport's versions say; restricted (Annex XIII, 4(c))."""
    last = transaction.passport_changes.last(operator_id, passport_id)
    return last.life_cycle_status if last is not None else FIRST_STATUS


def refuse_ended(row: PassportRow, *, may_be_succeeded: bool = False) -> None:
    """Let a passport pass that goes on: it has not ceased, and none stands in its place.

    Raises:
        IllegalTransitionError: it has ended.
    """
    subject = decode(row.credential).payload["credentialSubject"]
    said = subject if isinstance(subject, Mapping) else {}
    if "ceased" in said:
        reason, remedy = "this passport has ceased to exist", "Its battery was recycled."
        raise IllegalTransitionError("passport", row.id, reason, remedy)
    if "succeededBy" in said and not may_be_succeeded:
        reason, remedy = "another passport stands in its place", "Change that one."
        raise IllegalTransitionError("passport", row.id, reason, remedy)


def held_to_status(
    transaction: Transaction,
    operator_id: str,
    passport_id: str,
    values: Mapping[str, Any],
    *,
    replace: bool,
) -> dict[str, Any]:
    """Return a battery's values that are about to be written, with the status that it has.

    Raises:
        IllegalTransitionError: they say another status, or take it away, or the passport has ended.
    """
    row = transaction.passports.by_id(passport_id)
    if row is not None:
        refuse_ended(row)
    status = current_status(transaction, operator_id, passport_id)
    is_first = status == FIRST_STATUS
    given = values.get(STATUS_ATTRIBUTE, status)
    if given != status and not (given is None and is_first):
        reason, remedy = (
            "a battery's status follows its life cycle",
            "Give it as life_cycle_status.",
        )
        raise IllegalTransitionError(f"values.{STATUS_ATTRIBUTE}", str(given), reason, remedy)
    kept = {STATUS_ATTRIBUTE: status} if replace and not is_first else {}
    return {**kept, **values}


def find_transition(before: str, after: str, actor: EconomicOperator) -> Transition:
    """Return the transition from one status to another, for an operator that may make it.

    Raises:
        IllegalTransitionError: a battery's life does not go this way.
        AccessDeniedError: the operator has none of the roles that may say so.
    """
    transition = transitions().get((before, after))
    if transition is None:
        ways = [to for of, to in transitions() if of == before]
        raise IllegalTransitionError(
            "life_cycle_status",
            after,
            f"from {before} a battery does not become this",
            f"From {before} it can become {', '.join(ways)}." if ways else "Nothing follows.",
        )
    if transition.roles and not transition.roles & set(actor.roles):
        wanted = " or ".join(sorted(transition.roles))
        reason = f"{after} is said by the role {wanted}"
        raise AccessDeniedError(
            f"{actor.name} may not say that a battery is {after}.",
            [Finding("Authorization", actor.id, reason, "Use the key of such an operator.")],
        )
    return transition
