"""One step from a version of a passport to the next: what is let through, and what becomes of it.

`versions` is the way in. Here a change is held against who is responsible, against the life cycle and
against what the passport says already; what is left of it is written in the transaction that is open.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from passports.attributes.data import Writing, checked_values, write_version
from passports.attributes.table import Granularity
from passports.attributes.versions import Subject
from passports.authority.responsibility import foreign_to
from passports.credential import attribute_claims, operator_claims
from passports.errors import (
    AccessDeniedError,
    Finding,
    IllegalTransitionError,
    RecordNotFoundError,
    StaleVersionError,
)
from passports.life.lifecycle import (
    FIRST_STATUS,
    STATUS_ATTRIBUTE,
    current_status,
    find_transition,
    refuse_ended,
)
from passports.life.transitions import Effect, Transition
from passports.life.version_documents import ChangeKind, PassportChange
from passports.life.version_making import Making, content_of, make_version, payload_of
from passports.models import get_model
from passports.operators import EconomicOperator, get_operator
from passports.resolve import StoredPassport
from passports.status_lists import is_set, set_status
from passports.store import PassportRow, PassportSuccessionRow, Transaction
from signing.instants import format_instant

# What a tombstone no longer says: the passport ceased to exist (Art. 77(8)); what it was, remains.
_NOT_ON_A_TOMBSTONE: Final = frozenset({"attributes"})
_EMPTY_ON_A_TOMBSTONE: Final = frozenset({"carbonFootprint", "factoryCertificates"})
_ENDED_BY: Final = "Regulation (EU) 2023/1542, Art. 77(8)"


def new_version_in(making: Making, passport_id: str, change: PassportChange) -> StoredPassport:
    """Do what `new_version` does, inside a transaction that is open."""
    rows = _locked(making.transaction, passport_id, change.successor_id)
    row = rows[passport_id]
    check_writers(making.transaction, [row], making.actor)
    if change.expected_version not in {None, row.version}:
        raise StaleVersionError(int(change.expected_version or 0), row.version)
    status = current_status(making.transaction, row.operator_id, row.id)
    transition = _transition(making.actor, status, change)
    successor = rows[change.successor_id] if change.successor_id else None
    _check_open(making.transaction, row, change, status)
    step = _Step(row, change, status, transition, successor)
    if successor is not None:
        check_writers(making.transaction, [successor], making.actor)
        _check_successor(making.transaction, row, successor, step.status_after)
    after = _next(making, step)
    return StoredPassport(after.id, after.version, after.credential, after.sha256)


@dataclass(frozen=True)
class _Step:
    """A change that was let through, with what it starts from."""

    row: PassportRow
    change: PassportChange
    status: str
    transition: Transition | None
    successor: PassportRow | None

    @property
    def status_after(self) -> str:
        """The battery's status after it."""
        return self.transition.after if self.transition is not None else self.status

    @property
    def ceases(self) -> bool:
        """Whether the passport ends with it."""
        return self.transition is not None and self.transition.effect is Effect.CEASES


def _locked(
    transaction: Transaction, passport_id: str, successor_id: str | None
) -> dict[str, PassportRow]:
    """Return the newest versions, with their operators locked in one order for everybody."""
    identifiers = list(dict.fromkeys(filter(None, (passport_id, successor_id))))
    found = [_newest(transaction, identifier) for identifier in identifiers]
    for operator_id in sorted({row.operator_id for row in found}):
        transaction.operators.lock(operator_id)
    return {identifier: _newest(transaction, identifier) for identifier in identifiers}


def _newest(transaction: Transaction, passport_id: str) -> PassportRow:
    row = transaction.passports.by_id(passport_id)
    if row is None:
        raise RecordNotFoundError("passport", passport_id)
    return row


def check_writers(
    transaction: Transaction, rows: Sequence[PassportRow], actor: EconomicOperator
) -> None:
    """Let an operator pass that may change all of these passports.

    Raises:
        AccessDeniedError: it is not responsible for one of them.
    """
    if foreign_to(transaction, rows, actor.id):
        reason = "this operator is not responsible for the passport"
        remedy = "Use the key of the operator that is, or have responsibility transferred."
        raise AccessDeniedError(
            "Only who is responsible for a passport changes it.",
            [Finding("Authorization", actor.id, reason, remedy)],
        )


def _transition(actor: EconomicOperator, status: str, change: PassportChange) -> Transition | None:
    """Return the transition that a change asks for; the status that is there already asks for none."""
    after = change.life_cycle_status
    if after is None or (after == status and change.successor_id is None):
        transition = None
    else:
        transition = find_transition(status, after, actor)
    needs = transition is not None and transition.effect is Effect.NEW_PASSPORT
    if needs and change.successor_id is None:
        reason = f"a battery that is {after} has a new passport (Art. 77(7))"
        remedy = "Issue it, and name it here as successor_id."
        raise IllegalTransitionError("successor_id", "", reason, remedy)
    if not needs and change.successor_id is not None:
        reason = "another passport stands in the place of this one only after Art. 77(7)"
        remedy = "Give the life_cycle_status too, or no successor_id."
        raise IllegalTransitionError("successor_id", change.successor_id, reason, remedy)
    return transition


def _check_open(
    transaction: Transaction, row: PassportRow, change: PassportChange, status: str
) -> None:
    refuse_ended(row, may_be_succeeded=change.successor_id is not None)
    if _is_revoked(transaction, row):
        reason, remedy = "this passport was revoked", "Issue a passport under another serial."
        raise IllegalTransitionError("passport", row.id, reason, remedy)
    # One battery can become several, and all of them by the one thing that was done to it.
    has_successor = "succeededBy" in payload_of(row)["credentialSubject"]
    if has_successor and change.life_cycle_status != status:
        reason = f"another passport stands in its place already: the battery was {status}"
        remedy = "Name further successors of that status only, or change the passport after it."
        given = str(change.life_cycle_status)
        raise IllegalTransitionError("life_cycle_status", given, reason, remedy)


def _is_revoked(transaction: Transaction, row: PassportRow) -> bool:
    return is_set(transaction, row.operator_id, (row.status_list_id, row.status_list_index))


def _check_successor(
    transaction: Transaction, row: PassportRow, successor: PassportRow, status_after: str
) -> None:
    reason = None
    if successor.id == row.id or successor.id in _ancestors(transaction, row.id):
        reason = "a passport does not come after itself"
    elif "ceased" in payload_of(successor)["credentialSubject"]:
        reason = "this passport has ceased to exist"
    elif transaction.passport_successions.after(successor.id):
        reason = "another passport stands in the place of this one already"
    elif _is_revoked(transaction, successor):
        reason = "this passport was revoked"
    elif not _can_begin(transaction, successor, status_after):
        reason = "its battery has a life of its own already"
    if reason is not None:
        remedy = "Name the passport that was issued for the battery as it is now."
        raise IllegalTransitionError("successor_id", successor.id, reason, remedy)


def _can_begin(transaction: Transaction, successor: PassportRow, status_after: str) -> bool:
    """Tell whether a passport's life can begin with a status: nothing has happened to its battery yet.

    Nothing but this: several batteries can become one, each by the same.
    """
    before = transaction.passport_successions.before(successor.id)
    statuses = {
        current_status(transaction, link.operator_id, link.predecessor_id) for link in before
    }
    status = current_status(transaction, successor.operator_id, successor.id)
    return {status, *statuses} == ({status_after} if before else {FIRST_STATUS})


def _ancestors(transaction: Transaction, passport_id: str) -> set[str]:
    found: set[str] = set()
    waiting = [passport_id]
    while waiting:
        before = transaction.passport_successions.before(waiting.pop())
        fresh = {link.predecessor_id for link in before} - found
        found |= fresh
        waiting += fresh
    return found


def _next(making: Making, step: _Step) -> PassportRow:
    """Make the version, unless nothing differs."""
    row, before = step.row, payload_of(step.row)["credentialSubject"]
    wrote = _write_restricted(making, row, step.change.values, step.change.reason, step)
    content = _content(making, step, before)
    linked = step.successor is not None and not making.transaction.passport_successions.get(
        row.operator_id, row.id, step.successor.id
    )
    is_same = content == content_of(before) and step.status_after == step.status
    if is_same and not wrote and not linked:
        return row
    after = make_version(making, row, content, step.change, _kind(step, before), step.status_after)
    if step.ceases:
        _revoke(making, row)
    if linked and step.successor is not None:
        _link(making, after, step.successor, step)
    return after


def _write_restricted(
    making: Making, row: PassportRow, values: Mapping[str, Any], reason: str, step: _Step
) -> bool:
    """Write a battery's attributes, its status among them, as a new version of its data."""
    checked = checked_values(values, Granularity.ITEM, may_remove=True)
    if checked.get(STATUS_ATTRIBUTE, step.status_after) != step.status_after:
        reason = "a battery's status follows its life cycle"
        remedy = "Give it as life_cycle_status."
        given = str(values[STATUS_ATTRIBUTE])
        raise IllegalTransitionError(f"values.{STATUS_ATTRIBUTE}", given, reason, remedy)
    if step.transition is not None and not step.ceases:
        checked[STATUS_ATTRIBUTE] = step.status_after
    if not checked:
        return False
    subject = Subject(Granularity.ITEM, row.operator_id, row.id)
    writing = Writing(making.actor.id, reason, making.now, making.acting_id)
    version = write_version(
        making.transaction, making.keyring, making.address, subject, checked, writing, replace=False
    )
    return version is not None


def _content(making: Making, step: _Step, before: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the next version says."""
    transaction, row, change = making.transaction, step.row, step.change
    content = content_of(before)
    if change.responsible_operator_id not in {None, before["responsibleOperator"]["id"]}:
        operator = get_operator(transaction, str(change.responsible_operator_id))
        content["responsibleOperator"] = operator_claims(operator)
    if step.successor is not None:
        content["succeededBy"] = _with(content.get("succeededBy"), _reference(step.successor))
    if step.ceases:
        kept = {n: v for n, v in content.items() if n not in _NOT_ON_A_TOMBSTONE}
        emptied: dict[str, Any] = {name: [] for name in _EMPTY_ON_A_TOMBSTONE if name in kept}
        ended = {"at": format_instant(max(making.now, row.issued_at)), "legalBasis": _ENDED_BY}
        return {**kept, **emptied, "ceased": ended}
    content.pop("attributes", None)
    content |= parties_as_they_are(transaction, content, row.operator_id)
    model = get_model(transaction, row.operator_id, str(before["model"]["id"]))
    claims = attribute_claims(transaction, model, row.batch_id, str(before["profile"]), row.id)
    return {**content, **claims}


def parties_as_they_are(
    transaction: Transaction, content: Mapping[str, Any], maker_id: str
) -> dict[str, Any]:
    """Return manufacturer and responsible operator with their data of today, as a next version names them."""
    responsible_id = str(content["responsibleOperator"]["id"])
    return {
        "manufacturer": operator_claims(get_operator(transaction, maker_id)),
        "responsibleOperator": operator_claims(get_operator(transaction, responsible_id)),
    }


def _reference(row: PassportRow) -> dict[str, Any]:
    link = payload_of(row)["credentialSubject"]["id"]
    return {"id": f"urn:uuid:{row.id}", "link": link}


def _with(references: object, reference: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    known = references if isinstance(references, list) else []
    return known if any(r["id"] == reference["id"] for r in known) else [*known, reference]


def _kind(step: _Step, before: Mapping[str, Any]) -> ChangeKind:
    if step.ceases:
        return ChangeKind.CESSATION
    if step.successor is not None:
        return ChangeKind.SUCCESSION
    if step.change.responsible_operator_id not in {None, before["responsibleOperator"]["id"]}:
        return ChangeKind.RESPONSIBILITY
    return ChangeKind.DATA if step.transition is None else ChangeKind.LIFE_CYCLE


def _revoke(making: Making, row: PassportRow) -> None:
    """Set the bit that all versions of a passport share: none of them verifies as valid any more."""
    place = (row.status_list_id, row.status_list_index)
    set_status(
        making.transaction,
        making.keyring,
        making.address,
        row.operator_id,
        place,
        to=True,
        now=making.now,
    )


def _link(making: Making, after: PassportRow, successor: PassportRow, step: _Step) -> None:
    """Write down the succession, and make the successor's version that says what came before it."""
    making.transaction.passport_successions.add(
        PassportSuccessionRow(
            operator_id=after.operator_id,
            predecessor_id=after.id,
            successor_id=successor.id,
            successor_operator_id=successor.operator_id,
            linked_at=after.issued_at,
        )
    )
    subject = payload_of(successor)["credentialSubject"]
    reference = {**_reference(after), "sha256": after.sha256}
    content = content_of(subject)
    content["predecessors"] = _with(content.get("predecessors"), reference)
    change = PassportChange(reason=step.change.reason, values={STATUS_ATTRIBUTE: step.status_after})
    subject_of = Subject(Granularity.ITEM, successor.operator_id, successor.id)
    write_version(
        making.transaction,
        making.keyring,
        making.address,
        subject_of,
        dict(change.values),
        Writing(making.actor.id, change.reason, making.now, making.acting_id),
        replace=False,
    )
    make_version(making, successor, content, change, ChangeKind.SUCCESSION, step.status_after)
