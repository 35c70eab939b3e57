"""Renewal: new versions of all passports of a batch or model whose public data were written after issuing.

So many passports at a time, one transaction for them: their versions are signed in a row, and their leaves
of the log and their status bits are written together. What is done is done, and the same renewal again
goes on where it stopped: a passport that says already what is known gets no version. One whose
responsibility has passed on is left as it is and named; it keeps none of the others waiting.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from passports.attributes.table import Granularity
from passports.attributes.versions import (
    AttributeVersion,
    Subject,
    newest_version,
    read_version,
)
from passports.authority.responsibility import foreign_to, responsible_of
from passports.credential import category_of, claims_of_versions
from passports.errors import Finding, IllegalTransitionError, RecordNotFoundError
from passports.identifiers import PublicAddress
from passports.keyring import Keyring
from passports.life.lifecycle import FIRST_STATUS, refuse_ended
from passports.life.version_documents import ChangeKind, PassportChange
from passports.life.version_making import (
    Making,
    VersionDraft,
    content_of,
    make_versions,
    payload_of,
)
from passports.life.version_steps import parties_as_they_are
from passports.models import get_model
from passports.operators import get_operator
from passports.store import PassportRow, Store, Transaction
from signing.status_list import StatusList

CHUNK: Final = (
    500  # passports in one transaction: other writers of the operator wait for less than a second
)
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Renewal:
    """What became of the passports of a batch or model.

    Attributes:
        renewed: Passports with a new version.
        unchanged: Passports that say already what is known.
        ended: Passports that take no change any more: ceased, succeeded or revoked.
        refused: What keeps the others as they were, though more is known: one finding a passport.
    """

    renewed: int
    unchanged: int
    ended: int
    refused: tuple[Finding, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        counts = {"renewed": self.renewed, "unchanged": self.unchanged, "ended": self.ended}
        return {**counts, "refused": [finding.to_document() for finding in self.refused]}


def renew_passports(
    store: Store,
    keyring: Keyring,
    address: PublicAddress,
    operator_id: str,
    batch_ids: Sequence[str],
    reason: str,
    now: datetime,
    progress: Progress = lambda _done, _all: None,
) -> Renewal:
    """Bring what was written since for model and batch into the passports of batches of an operator.

    A passport that another operator has become responsible for (Art. 77(4), (7)) is not renewed, and told.

    Raises:
        RecordNotFoundError: one of the batches is not there; nothing is written.
        KeyUnavailableError: the operator's signing key cannot be opened.
    """
    passport_ids: list[str] = []
    with store.reading() as reading:
        for batch_id in batch_ids:
            if reading.batches.get(operator_id, batch_id) is None:
                raise RecordNotFoundError("batch", batch_id)
            passport_ids += reading.passport_versions.ids_of_batch(operator_id, batch_id)
    change = PassportChange(reason=reason)
    renewed = unchanged = 0
    refused: list[Finding] = []
    for start in range(0, len(passport_ids), CHUNK):
        chunk = passport_ids[start : start + CHUNK]
        with store.transaction() as transaction:
            transaction.operators.lock(operator_id)
            actor = get_operator(transaction, operator_id)
            making = Making(transaction, keyring, address, actor, now)
            open_ones = list(_open(making, chunk))
            drafts = list(_drafts(making, open_ones, change))
            foreign = _foreign(making, drafts)
            make_versions(making, [draft for draft in drafts if draft.row.id not in foreign])
        renewed += len(drafts) - len(foreign)
        unchanged += len(open_ones) - len(drafts)
        refused += foreign.values()
        progress(start + len(chunk), len(passport_ids))
    ended = len(passport_ids) - renewed - unchanged - len(refused)
    return Renewal(renewed, unchanged, ended, tuple(refused))


def _foreign(making: Making, drafts: Sequence[VersionDraft]) -> dict[str, Finding]:
    """Return, by passport, why the actor cannot make its next version: another one answers for it."""
    others = foreign_to(making.transaction, [draft.row for draft in drafts], making.actor.id)
    found = {}
    for row in others:
        responsible = responsible_of(row)
        reason = f"responsibility for it has passed to {responsible}"
        command = f"voltpass passport change {row.id} --operator {responsible} --reason TEXT"
        remedy = f"{responsible} makes its next version: {command}"
        found[row.id] = Finding("passport", row.id, reason, remedy)
    return found


def _open(making: Making, passport_ids: Sequence[str]) -> Iterator[PassportRow]:
    """Yield the newest versions of those passports that still take changes."""
    transaction = making.transaction
    found = {row.id: row for row in transaction.passport_versions.newest_of(passport_ids)}
    lists: dict[str, StatusList | None] = {}
    for name in passport_ids:
        row = found[name]
        if row.status_list_id not in lists:
            stored = transaction.status_lists.get(row.operator_id, row.status_list_id)
            lists[row.status_list_id] = StatusList.from_bytes(stored.bits) if stored else None
        revocations = lists[row.status_list_id]
        if revocations is not None and revocations.get(row.status_list_index):
            continue
        try:
            refuse_ended(row)
        except IllegalTransitionError:
            continue  # as with one that was revoked: what has ended has no next version
        yield row


def _drafts(
    making: Making, rows: Sequence[PassportRow], change: PassportChange
) -> Iterator[VersionDraft]:
    """Yield what the next versions say of those that do not say it yet."""
    known = _Known(making.transaction, making.actor.id, [row.id for row in rows])
    versions = {row.id: row.version for row in rows}
    statuses = making.transaction.passport_changes.statuses_of(making.actor.id, versions)
    for row in rows:
        before = payload_of(row)
        subject = before["credentialSubject"]
        is_said = content_of(subject)
        bare = {name: value for name, value in is_said.items() if name != "attributes"}
        content = {**bare, **known.parties(subject), **known.claims(row, subject)}
        if content != is_said:
            status = statuses.get(row.id, FIRST_STATUS)
            yield VersionDraft(row, before, content, change, ChangeKind.DATA, status)


class _Known:
    """Attribute data of model, batch and batteries, each read once for many passports."""

    def __init__(
        self, transaction: Transaction, operator_id: str, passport_ids: Sequence[str]
    ) -> None:
        self._transaction = transaction
        self._operator_id = operator_id
        self._shared: dict[Subject, AttributeVersion | None] = {}
        self._categories: dict[str, str] = {}
        self._parties: dict[str, dict[str, Any]] = {}
        found = transaction.attribute_versions.newest_of(
            operator_id, Granularity.ITEM.value, passport_ids
        )
        self._items = {row.subject_id: read_version(row) for row in found}

    def claims(self, row: PassportRow, subject: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the public attributes of a battery, as `credential.attribute_claims` does."""
        model_id = str(subject["model"]["id"])
        if model_id not in self._categories:
            model = get_model(self._transaction, self._operator_id, model_id)
            self._categories[model_id] = category_of(model)
        versions = (
            self._newest(Granularity.MODEL, model_id),
            self._newest(Granularity.BATCH, row.batch_id),
            self._items.get(row.id),
        )
        return claims_of_versions(versions, self._categories[model_id], str(subject["profile"]))

    def parties(self, subject: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return manufacturer and responsible operator with their data of today."""
        name = str(subject["responsibleOperator"]["id"])
        if name not in self._parties:
            self._parties[name] = parties_as_they_are(self._transaction, subject, self._operator_id)
        return self._parties[name]

    def _newest(self, level: Granularity, subject_id: str) -> AttributeVersion | None:
        subject = Subject(level, self._operator_id, subject_id)
        if subject not in self._shared:
            self._shared[subject] = newest_version(self._transaction, subject)
        return self._shared[subject]


def batches_of_model(store: Store, operator_id: str, model_id: str) -> list[str]:
    """Return the batches of an operator's model, oldest first."""
    with store.reading() as reading:
        rows = [row for row in reading.batches.all(operator_id) if row.model_id == model_id]
    return [row.id for row in reversed(rows)]
