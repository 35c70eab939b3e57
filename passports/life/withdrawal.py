"""Suspending, reinstating and revoking passports: bits of status lists, and who said so, when and why.

What was signed stays as it is. All versions of a passport share both bits. A suspension is taken back by a
reinstatement; a revocation is final. The public sees the state, since when, by whom, and of which class the
reason is, where its issuer said so; a reason itself is a free text and stays with those who answer for the
passport, for it can say what Annex XIII, point 4 hides.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Final

from pydantic import Field

from passports.access_log import append_entry
from passports.attributes.table import Granularity
from passports.authority.responsibility import answering_for
from passports.documents import Document, Printable
from passports.errors import IllegalTransitionError, RecordNotFoundError
from passports.identifiers import PublicAddress
from passports.keyring import Keyring
from passports.life.version_making import payload_of, status_places
from passports.status_lists import is_set, set_status, sign_list
from passports.store import PassportRow, PassportStatusChangeRow, Store, Transaction
from signing.instants import format_instant, parse_instant
from signing.status_list import StatusList


class StatusReason(Document):
    """Why a passport is suspended, reinstated or revoked."""

    reason: Annotated[str, Field(min_length=1, max_length=500), Printable]


class ReasonClass(StrEnum):
    """Of which class the reason is for suspending or revoking a passport: public, and therefore few."""

    ERROR = "error"  # issued in error, or it states something wrong
    COMPROMISED = "compromised"  # its key, link or label may be in wrong hands
    LOST = "lost"  # the battery is lost, stolen or destroyed
    ENDED = "ended"  # the battery is out of service
    INQUIRY = "inquiry"  # something about the battery is being looked into


class WithdrawalReason(StatusReason):
    """Why a passport is suspended or revoked, and what everybody may know of that."""

    reason_class: ReasonClass | None = None


class StatusChange(StrEnum):
    """What can be said of a passport's status."""

    SUSPENDED = "suspended"
    REINSTATED = "reinstated"
    REVOKED = "revoked"


class PassportState(StrEnum):
    """What a passport's status bits say."""

    IN_FORCE = "in_force"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


@dataclass(frozen=True)
class Standing:
    """What is public of a passport's status.

    Attributes:
        state: What its bits say.
        since: Since when; None where it is in force, or where nobody wrote it down.
        actor: Who said so.
        reason_class: Of which class the reason is, where that was said.
    """

    state: PassportState
    since: datetime | None = None
    actor: str | None = None
    reason_class: ReasonClass | None = None

    def to_document(self) -> dict[str, str | None]:
        """Return it as plain JSON data."""
        since = format_instant(self.since) if self.since is not None else None
        said = {"state": self.state.value, "since": since, "by": self.actor}
        return {**said, **_public_class(self.reason_class)}


@dataclass(frozen=True)
class ChangedStatus:
    """A passport's standing after a change; `changed` is False where it stood like that before."""

    passport_id: str
    serial: str
    standing: Standing
    changed: bool

    def to_document(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        document = {"id": self.passport_id, "serial": self.serial, "changed": self.changed}
        return {**document, **self.standing.to_document()}


@dataclass(frozen=True)
class Withdrawing:
    """Who says something of a passport's status, and why.

    Attributes:
        actor_id: The operator that issued the passport.
        reason: A free text, not for the public.
        acting_id: Who acts for the operator by its written authorisation.
        reason_class: Of which class the reason is, for everybody; a reinstatement has none.
    """

    actor_id: str
    reason: str
    now: datetime
    acting_id: str | None = None
    reason_class: ReasonClass | None = None


_AFTER: Final[Mapping[StatusChange, PassportState]] = MappingProxyType(
    {
        StatusChange.SUSPENDED: PassportState.SUSPENDED,
        StatusChange.REINSTATED: PassportState.IN_FORCE,
        StatusChange.REVOKED: PassportState.REVOKED,
    }
)


def change_status(
    store: Store,
    keyring: Keyring,
    address: PublicAddress,
    passport_id: str,
    change: StatusChange,
    said: Withdrawing,
) -> ChangedStatus:
    """Suspend, reinstate or revoke a passport; what stands like that already stays as it is.

    Raises:
        RecordNotFoundError: the operator has issued no such passport.
        IllegalTransitionError: it was revoked or has ceased, or has no entry for suspension.
        KeyUnavailableError: the operator's key cannot be opened; nothing is written.
    """
    with store.transaction() as transaction:
        transaction.operators.lock(said.actor_id)
        row = transaction.passports.by_id(passport_id)
        if row is None or row.operator_id != said.actor_id:
            raise RecordNotFoundError("passport", passport_id)
        before = standing_of(transaction, row)
        if before.state is _AFTER[change]:
            return ChangedStatus(row.id, row.serial, before, changed=False)
        place = _place(row, before, change)
        earlier = transaction.status_changes.of(row.id)
        # What is said follows the passport and what was said before, whatever the clock says.
        before_this = [row.issued_at, *(entry.recorded_at for entry in earlier[-1:])]
        said = replace(said, now=max(said.now, *before_this))
        is_withdrawn = change is not StatusChange.REINSTATED
        said = said if is_withdrawn else replace(said, reason_class=None)
        set_status(
            transaction, keyring, address, row.operator_id, place, to=is_withdrawn, now=said.now
        )
        if place[0] != row.status_list_id:  # its token tells suspensions, too (`token_status`)
            sign_list(transaction, keyring, address, row.operator_id, row.status_list_id, said.now)
        _write_down(transaction, row, change, said)
        after = Standing(_AFTER[change])
        if is_withdrawn:
            after = Standing(_AFTER[change], said.now, said.actor_id, said.reason_class)
    return ChangedStatus(row.id, row.serial, after, changed=True)


def _place(row: PassportRow, before: Standing, change: StatusChange) -> tuple[str, int]:
    """Return the bit (list, index) that a change sets or clears."""
    if before.state is PassportState.REVOKED:
        since = f" on {before.since.date()}" if before.since is not None else ""
        reason = f"this passport was revoked{since}, and a revocation is final"
        remedy = "Issue a passport under another serial."
        raise IllegalTransitionError("passport", row.id, reason, remedy)
    if change is StatusChange.REVOKED:
        return row.status_list_id, row.status_list_index
    place = suspension_place(row)
    if place is None:
        reason = "this passport was signed before passports had an entry for suspension"
        remedy = "Its next version has one (voltpass passport change); or revoke it for good."
        raise IllegalTransitionError("passport", row.id, reason, remedy)
    return place


def suspension_place(row: PassportRow) -> tuple[str, int] | None:
    """Return where (list, index) a version's suspension stands, or None where it has no such entry."""
    place = status_places(payload_of(row)).get("suspension")
    return None if place is None else place[1:]


def standing_of(transaction: Transaction, row: PassportRow) -> Standing:
    """Return what a passport's bits say of one of its versions, and since when."""
    state = state_of(transaction, row)
    if state is PassportState.IN_FORCE:
        return Standing(state)
    said = transaction.status_changes.of(row.id)
    last = next((entry for entry in reversed(said) if entry.state == state.value), None)
    if last is not None:
        return Standing(state, last.recorded_at, last.actor_id, reason_class_of(last))
    ceased: Any = payload_of(row)["credentialSubject"].get("ceased")
    return Standing(state, parse_instant(ceased["at"], "ceased") if ceased else None)


def reason_class_of(row: PassportStatusChangeRow) -> ReasonClass | None:
    """Return the class of reason of a change, None where none was said or nobody knows it."""
    return next((kind for kind in ReasonClass if kind.value == row.reason_class), None)


def _public_class(said: ReasonClass | None) -> dict[str, str]:
    return {} if said is None else {"reason_class": said.value}


def standings_of(transaction: Transaction, rows: Iterable[PassportRow]) -> dict[str, Standing]:
    """Return the standings of those of many passports that are not in force; each list is read once."""
    lists: dict[tuple[str, str], StatusList] = {}

    def is_on(operator_id: str, list_id: str, index: int) -> bool:
        key = (operator_id, list_id)
        if key not in lists:
            stored = transaction.status_lists.get(*key)
            lists[key] = StatusList.from_bytes(stored.bits) if stored else StatusList()
        return lists[key].get(index)

    found = {}
    for row in rows:
        places = status_places(payload_of(row))
        if any(is_on(*places[word]) for word in ("revocation", "suspension") if word in places):
            found[row.id] = standing_of(transaction, row)
    return found


def state_of(transaction: Transaction, row: PassportRow) -> PassportState:
    """Return what a passport's bits say of one of its versions."""
    if is_set(transaction, row.operator_id, (row.status_list_id, row.status_list_index)):
        return PassportState.REVOKED
    place = suspension_place(row)
    if place is not None and is_set(transaction, row.operator_id, place):
        return PassportState.SUSPENDED
    return PassportState.IN_FORCE


def _write_down(
    transaction: Transaction, row: PassportRow, change: StatusChange, said: Withdrawing
) -> None:
    """Keep who, when and why; also in the access logs of all who answer for the passport."""
    transaction.status_changes.add(
        PassportStatusChangeRow(
            operator_id=row.operator_id,
            passport_id=row.id,
            sequence=len(transaction.status_changes.of(row.id)) + 1,
            state=change.value,
            actor_id=said.actor_id,
            acting_id=said.acting_id,
            recorded_at=said.now,
            reason=said.reason,
            reason_class=said.reason_class,
        )
    )
    event = {
        "event": f"passport_{change.value}",
        "level": Granularity.ITEM.value,
        "subject": row.id,
        "by": said.actor_id,
        "reason": said.reason,
        **_public_class(said.reason_class),
    }
    for keeper in sorted({row.operator_id, *answering_for(transaction, row)}):
        append_entry(transaction, keeper, event, said.now)


def status_document(
    store: Store, passport_id: str, *, with_reasons: bool = False
) -> dict[str, Any]:
    """Return how a passport stands and what was said of its status, oldest first.

    Args:
        store: Where it is.
        passport_id: Which passport.
        with_reasons: Also why, and who acted for the issuer: for those who answer for the passport.

    Raises:
        RecordNotFoundError: there is no such passport.
    """
    with store.reading() as reading:
        row = reading.passports.by_id(passport_id)
        if row is None:
            raise RecordNotFoundError("passport", passport_id)
        standing, said = standing_of(reading, row), reading.status_changes.of(row.id)
    changes = []
    for entry in said:
        public = {"change": entry.state, "at": format_instant(entry.recorded_at)}
        public |= {"by": entry.actor_id, **_public_class(reason_class_of(entry))}
        private = {"reason": entry.reason, "acting": entry.acting_id} if with_reasons else {}
        changes.append({**public, **private})
    return {"passport": row.id, **standing.to_document(), "changes": changes}
