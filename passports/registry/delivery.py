"""Delivering one file to the registry: send, ask, take the proofs; whatever breaks off is taken up again.

The states of a file:

| state | means | next |
|---|---|---|
| `prepared` | written down, never sent | `sending` |
| `sending` | sent, or about to be: it may have arrived | looks its identifiers up, then sends again |
| `submitted` | the registry has it, under a correlation identifier | asks for the outcome |
| `accepted` | all of it is registered, all proofs are stored | - |
| `rejected` | none of it is registered; its requests are refused, or wait again | - |
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import orjson

from passports.errors import RegistryUnavailableError, shorten
from passports.registry.client import Outcome, Patience, Refusal, Registration, Registry
from passports.registry.file import RULES, RegistryEntry, entry_of, file_name, write_file
from passports.store import (
    RegistryEntryRow,
    RegistryProofRow,
    RegistrySubmissionRow,
    RowExistsError,
    Store,
    Transaction,
)
from signing.errors import MalformedDocumentError
from signing.instants import parse_instant

ALREADY_REGISTERED: Final = "ALREADY_REGISTERED"
_UNFINISHED: Final = ("prepared", "sending", "submitted")


@dataclass
class Sent:
    """What came of a run."""

    files: int = 0
    registered: int = 0
    refused: int = 0
    still_processing: int = 0
    without_proof: int = 0
    refusals: list[dict[str, str]] = field(default_factory=list)

    def to_document(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return dict(vars(self))


def record_submission(
    transaction: Transaction, operator_id: str, entries: Sequence[RegistryEntry], now: datetime
) -> RegistrySubmissionRow:
    """Write a file and its entries down."""
    submission_id = uuid4().hex
    document = write_file(submission_id, entries)
    row = RegistrySubmissionRow(
        operator_id=operator_id,
        id=submission_id,
        state="prepared",
        attempts=0,
        document=document,
        sha256=hashlib.sha256(document).hexdigest(),
        created_at=now,
        updated_at=now,
    )
    transaction.registry_submissions.add(row)
    for position, entry in enumerate(entries):
        transaction.registry_entries.save(
            RegistryEntryRow(
                operator_id=operator_id,
                passport_id=entry.passport_id,
                version=entry.version,
                submission_id=submission_id,
                position=position,
                state="on_the_way",
                identifier=entry.identifier,
                sha256=entry.sha256,
                updated_at=now,
            )
        )
    return row


class Delivery:
    """Delivers an operator's files to a registry."""

    def __init__(
        self,
        store: Store,
        registry: Registry,
        operator_id: str,
        now: Callable[[], datetime],
        patience: Patience,
    ) -> None:
        self._store = store
        self._registry = registry
        self._operator_id = operator_id
        self._now = now
        self._patience = patience

    def unfinished(self) -> Sequence[RegistrySubmissionRow]:
        """Return the files that are on their way."""
        with self._store.reading() as reading:
            return reading.registry_submissions.in_states(self._operator_id, _UNFINISHED)

    def deliver(self, row: RegistrySubmissionRow, sent: Sent) -> None:
        """Bring one file as far as it goes now.

        Raises:
            RegistryUnavailableError: the registry does not answer; the file stays as it was.
        """
        entries = self._entries(row)
        if row.state == "sending":
            entries = self._take_what_is_registered(row, entries, sent)
            if not entries:
                self._close(row, "accepted", None)
                return
        outcome = self._submit(row) if row.state != "submitted" else Outcome("processing")
        if outcome is not None and outcome.state == "processing":
            outcome = self._outcome(row)
        if outcome is None or outcome.state == "processing":
            return
        if outcome.state == "accepted":
            self._accept(row, entries, sent)
        else:
            self._reject(row, entries, outcome.refusals, sent)

    def _entries(self, row: RegistrySubmissionRow) -> list[RegistryEntryRow]:
        with self._store.reading() as reading:
            found = reading.registry_entries.of_submission(self._operator_id, row.id)
            return [entry for entry in found if entry.state == "on_the_way"]

    def _submit(self, row: RegistrySubmissionRow) -> Outcome | None:
        """Send a file; None where somebody else is sending it."""
        with self._store.transaction() as transaction:
            if not transaction.registry_submissions.claim(row, self._now()):
                return None
        row.state, row.attempts = "sending", row.attempts + 1
        name = file_name(row.id)
        answer = self._patience.call(lambda: self._registry.submit(name, row.document))
        if isinstance(answer, Outcome):
            return answer
        row.state, row.correlation_id, row.updated_at = "submitted", answer, self._now()
        with self._store.transaction() as transaction:
            transaction.registry_submissions.save(row)
        return Outcome("processing")

    def _outcome(self, row: RegistrySubmissionRow) -> Outcome:
        """Ask for the outcome until there is one, or patience ends."""

        def ask() -> Outcome:
            found = self._registry.outcome(str(row.correlation_id))
            if found.state == "processing":
                raise _StillProcessingError("The registry is still at it.")
            return found

        try:
            return self._patience.call(ask)
        except _StillProcessingError:
            return Outcome("processing")

    def _find(self, identifier: str) -> Registration | None:
        return self._patience.call(lambda: self._registry.find(identifier))

    def _take_what_is_registered(
        self, row: RegistrySubmissionRow, entries: Sequence[RegistryEntryRow], sent: Sent
    ) -> list[RegistryEntryRow]:
        """Take the proofs of what the registry has of a file already; return the rest."""
        rest = []
        for entry in entries:
            found = self._find(entry.identifier)
            if found is not None and _is_of(found, entry):
                self._register(entry, found, sent)
            else:
                rest.append(entry)
        if 0 < len(rest) < len(entries):
            self._let_wait(row, rest, "part of the file was registered before")
            return []
        return rest

    def _accept(
        self, row: RegistrySubmissionRow, entries: Sequence[RegistryEntryRow], sent: Sent
    ) -> None:
        for entry in entries:
            found = self._find(entry.identifier)
            if found is None or not _is_of(found, entry):
                reason = (
                    "the file was accepted, but the registry has other data for this identifier"
                )
                self._refuse(entry, reason, sent)
            else:
                self._register(entry, found, sent)
        self._close(row, "accepted", None)

    def _register(self, entry: RegistryEntryRow, found: Registration, sent: Sent) -> None:
        """Store the proof of one registration, if it is one."""
        proof = self._patience.call(lambda: self._registry.proof(found.registration_id))
        now = self._now()
        if proof is None:
            self._settle(entry, "without_proof", "the proof can no longer be downloaded")
            sent.without_proof += 1
            return
        row = _proof_row(entry, found, proof)
        if isinstance(row, str):
            self._refuse(entry, row, sent)
            return
        key = (entry.operator_id, entry.passport_id, entry.version)
        with suppress(RowExistsError), self._store.transaction() as transaction:
            if transaction.registry_proofs.get(*key) is None:
                transaction.registry_proofs.add(row)
            entry.state, entry.reason, entry.updated_at = "registered", None, now
            transaction.registry_entries.save(entry)
        # Suppressed: another sender was a moment earlier with the same proof.
        sent.registered += 1

    def _reject(
        self,
        row: RegistrySubmissionRow,
        entries: Sequence[RegistryEntryRow],
        refusals: Sequence[Refusal],
        sent: Sent,
    ) -> None:
        """Refuse the requests that the registry named; where it named none, try the halves."""
        named = {r.identifier: r for r in refusals if r.identifier is not None}
        bad = [entry for entry in entries if entry.identifier in named]
        if not bad and len(entries) > 1:
            self._halve(row, entries, refusals)
            return
        for entry in bad or entries:
            refusal = named.get(entry.identifier, refusals[0])
            found = None
            if refusal.code == ALREADY_REGISTERED:
                found = self._find(entry.identifier)
            if found is not None and _is_of(found, entry):
                self._register(entry, found, sent)
            else:
                self._refuse(entry, f"{refusal.code}: {refusal.message}", sent)
        settled = {entry.passport_id for entry in bad or entries}
        rest = [entry for entry in entries if entry.passport_id not in settled]
        self._let_wait(row, rest, "; ".join(f"{r.code}: {r.message}" for r in refusals[:5]))

    def _halve(
        self,
        row: RegistrySubmissionRow,
        entries: Sequence[RegistryEntryRow],
        refusals: Sequence[Refusal],
    ) -> None:
        middle = len(entries) // 2
        now = self._now()
        with self._store.transaction() as transaction:
            for half in (entries[:middle], entries[middle:]):
                requests = []
                for entry in half:
                    key = (entry.operator_id, entry.passport_id, entry.version)
                    passport = transaction.passports.get(*key)
                    assert passport is not None  # its foreign key says so
                    proofs = transaction.registry_proofs.of_passport(key[0], key[1])
                    earlier = proofs[-1].registration_id if proofs else None
                    requests.append(entry_of(passport, earlier))
                record_submission(transaction, self._operator_id, requests, now)
            self._end(transaction, row, "rejected", refusals[0].message)

    def _let_wait(
        self, row: RegistrySubmissionRow, entries: Iterable[RegistryEntryRow], reason: str
    ) -> None:
        """Close a file; what is neither registered nor refused of it goes into a later one."""
        with self._store.transaction() as transaction:
            for entry in entries:
                transaction.registry_entries.remove(entry)
            self._end(transaction, row, "rejected", reason)

    def _refuse(self, entry: RegistryEntryRow, reason: str, sent: Sent) -> None:
        self._settle(entry, "refused", reason)
        sent.refused += 1
        sent.refusals.append({"identifier": entry.identifier, "reason": reason})

    def _settle(self, entry: RegistryEntryRow, state: str, reason: str) -> None:
        entry.state, entry.reason, entry.updated_at = state, reason, self._now()
        with self._store.transaction() as transaction:
            transaction.registry_entries.save(entry)

    def _close(self, row: RegistrySubmissionRow, state: str, reason: str | None) -> None:
        with self._store.transaction() as transaction:
            self._end(transaction, row, state, reason)

    def _end(
        self, transaction: Transaction, row: RegistrySubmissionRow, state: str, reason: str | None
    ) -> None:
        row.state, row.reason, row.updated_at = state, reason, self._now()
        transaction.registry_submissions.save(row)


class _StillProcessingError(RegistryUnavailableError):
    """The registry has the file and is not done with it."""


def _is_of(found: Registration, entry: RegistryEntryRow) -> bool:
    return (found.passport_id, found.sha256) == (entry.passport_id, entry.sha256)


def _proof_row(
    entry: RegistryEntryRow, found: Registration, proof: bytes
) -> RegistryProofRow | str:
    """Read a proof; a text says why it is none. Its seal is the registry's, and not checked here."""
    try:
        document = orjson.loads(proof)
        said = (document["uniqueProductIdentifier"], document["dppVersionHash"])
        registered_at = parse_instant(document["registeredAt"], "registeredAt")
    except (orjson.JSONDecodeError, KeyError, TypeError, MalformedDocumentError):
        return "the proof of registration cannot be read"
    if said != (entry.identifier, entry.sha256):
        return f"the proof of registration is of other data: {shorten(str(said))}"
    return RegistryProofRow(
        operator_id=entry.operator_id,
        passport_id=entry.passport_id,
        version=entry.version,
        registration_id=found.registration_id,
        passport_sha256=entry.sha256,
        registered_at=registered_at,
        downloadable_until=registered_at + timedelta(days=RULES.proof_days),
        document=proof,
        sha256=hashlib.sha256(proof).hexdigest(),
    )
