"""Correcting an operator's data: each correction is a version, with who made it, when and why.

What was signed keeps what it said; passports take up new data with their next version. An identifier, its
DID, roles and GLN are not corrected: others have looked into them, or rest on them. GS1 prefixes only grow,
one a version.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import Field

from passports.authority.callers import Caller
from passports.authority.gs1_prefixes import check_prefix, claim_prefixes
from passports.authority.roles import Action
from passports.documents import CountryCode, Document, Name, Printable, Text
from passports.errors import AccessDeniedError, Finding, InvalidInputError
from passports.operators import EconomicOperator, WebAddress, get_operator
from passports.store import OperatorVersionRow, Store, Transaction
from signing.instants import format_instant

# An operator in a country, under its name, was let in by the platform: where it is established decides
# who may be responsible for batteries (Art. 77(4)), so it does not say so itself.
_BY_THE_PLATFORM: Final = ("name", "country")


class OperatorChange(Document):
    """New data of an operator; what is left out stays, and `null` takes away what may be missing."""

    reason: Annotated[str, Field(min_length=1, max_length=500), Printable]
    name: Name | None = None
    country: CountryCode | None = None
    trade_name: Name | None = None
    postal_address: Text | None = None
    url: WebAddress | None = None
    note: Text | None = None

    def values(self) -> dict[str, Any]:
        """Return what was given, without the reason."""
        return self.model_dump(include=self.model_fields_set - {"reason"})


class OperatorVersion(Document):
    """What an operator's data were from a time on."""

    version: int
    recorded_at: datetime
    actor: str | None
    reason: str | None
    operator: EconomicOperator

    def to_document(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        document = self.model_dump(mode="json")
        return {**document, "recorded_at": format_instant(self.recorded_at)}


def change_operator(
    store: Store, caller: Caller, operator_id: str, change: OperatorChange, now: datetime
) -> OperatorVersion:
    """Correct an operator's data as a new version; what changes nothing makes none.

    Raises:
        RecordNotFoundError: there is no such operator.
        AccessDeniedError: it is another operator's, or what only the platform corrects.
        InvalidInputError: nothing is given, or a name or country is taken away.
    """
    _check_caller(caller, operator_id, change)
    _check_given(change)
    with store.transaction() as transaction:
        transaction.operators.lock(operator_id)
        before = get_operator(transaction, operator_id)
        after = before.model_copy(update=change.values())
        return _recorded(transaction, before, after, caller.id, change.reason, now)


def add_prefix(
    store: Store, caller: Caller, operator_id: str, prefix: str, now: datetime
) -> list[str]:
    """Register one more GS1 prefix of an operator as a version of its data; return all that it holds.

    The same again changes nothing and makes no version.

    Raises:
        InvalidInputError: a prefix has 4 to 12 digits.
        IdentifierConflictError: it overlaps with a prefix of another operator.
        RecordNotFoundError: there is no such operator.
    """
    check_prefix(prefix)
    with store.transaction() as transaction:
        transaction.operators.lock(operator_id)
        before = get_operator(transaction, operator_id)
        claim_prefixes(transaction, operator_id, [prefix], now)
        prefixes = list(dict.fromkeys([*before.gs1_prefixes, prefix]))
        after = before.model_copy(update={"gs1_prefixes": prefixes})
        reason = f"GS1 prefix {prefix} registered"
        _recorded(transaction, before, after, caller.id, reason, now)
    return prefixes


def _recorded(
    transaction: Transaction,
    before: EconomicOperator,
    after: EconomicOperator,
    actor: str,
    reason: str,
    now: datetime,
) -> OperatorVersion:
    """Write an operator's data as its next version, or return its newest where nothing changed."""
    versions = _versions(transaction, before)
    if after == before:
        return versions[-1]
    if len(versions) == 1:
        transaction.operator_versions.add(_row(versions[0]))
    made = OperatorVersion(
        version=versions[-1].version + 1,
        # Versions follow each other in time, whatever the clock says.
        recorded_at=max(now, versions[-1].recorded_at),
        actor=actor,
        reason=reason,
        operator=after,
    )
    transaction.operator_versions.add(_row(made))
    row = transaction.operators.get(after.id)
    assert row is not None  # its caller has read it
    row.name, row.country = after.name, after.country
    row.document = after.model_dump_json().encode()
    transaction.operators.add(row)
    return made


def operator_versions(store: Store, caller: Caller, operator_id: str) -> Sequence[OperatorVersion]:
    """Return the versions of an operator's data, oldest first, for itself and for the platform.

    Raises:
        RecordNotFoundError: there is no such operator.
        AccessDeniedError: it is another operator's.
    """
    _check_caller(caller, operator_id)
    with store.reading() as reading:
        return _versions(reading, get_operator(reading, operator_id))


def _versions(transaction: Transaction, operator: EconomicOperator) -> list[OperatorVersion]:
    """Return the versions; one that was never corrected has the one it was registered with."""
    rows = transaction.operator_versions.of(operator.id)
    found = [
        OperatorVersion(
            version=row.version,
            recorded_at=row.recorded_at,
            actor=row.actor_id,
            reason=row.reason,
            operator=EconomicOperator.model_validate_json(row.document),
        )
        for row in rows
    ]
    registered = OperatorVersion(
        version=1, recorded_at=operator.created_at, actor=None, reason=None, operator=operator
    )
    return found or [registered]


def _row(version: OperatorVersion) -> OperatorVersionRow:
    return OperatorVersionRow(
        operator_id=version.operator.id,
        version=version.version,
        actor_id=version.actor,
        reason=version.reason,
        recorded_at=version.recorded_at,
        document=version.operator.model_dump_json().encode(),
    )


def _check_caller(caller: Caller, operator_id: str, change: OperatorChange | None = None) -> None:
    if caller.may(Action.OPERATORS):
        return
    if caller.id != operator_id:
        finding = Finding("operator", operator_id, "it is another operator", "Name your own.")
        raise AccessDeniedError("Operators see and correct their own data.", [finding])
    given = [name for name in _BY_THE_PLATFORM if change is not None and name in change.values()]
    if given:
        reason = "an operator does not say itself what it is called and where it is established"
        remedy = "Have the operator of this server correct it."
        findings = [Finding(name, "", reason, remedy) for name in given]
        raise AccessDeniedError("Name and country are corrected by the platform.", findings)


def _check_given(change: OperatorChange) -> None:
    values = change.values()
    if not values:
        remedy = f"Give one of {', '.join(sorted(set(OperatorChange.model_fields) - {'reason'}))}."
        raise InvalidInputError([Finding("", "", "nothing is to be changed", remedy)], "the change")
    missing = [name for name in _BY_THE_PLATFORM if name in values and values[name] is None]
    if missing:
        findings = [
            Finding(name, "null", "every operator has one", "Leave it out to keep it.")
            for name in missing
        ]
        raise InvalidInputError(findings, "the change")
