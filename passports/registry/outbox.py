"""The outbox of the EU registry (Art. 77(10); Regulation (EU) 2024/1781, Art. 13; 2026/1778).

Nothing is queued when a passport is issued: what waits is every newest version that is in no file yet.
A file is written down before it is sent, and what came of it before the next one is. A crash between
sending and writing down is made good by asking the registry what it has: nothing is registered twice.

Held back, and not sent: all of it until batteries can be registered; identifiers that are not https;
revoked passports; operators whose identity the registry has not verified (2026/1778, Art. 4, 5, 19(4)).
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from passports.errors import Finding, InvalidInputError, RegistryHeldBackError
from passports.operators import get_operator
from passports.registry.client import Patience, Registry
from passports.registry.delivery import Delivery, Sent, record_submission
from passports.registry.file import (
    RULES,
    RegistryEntry,
    RegistryRules,
    entry_of,
    identifier_fault,
)
from passports.store import (
    PassportRow,
    RegistryEnrolmentRow,
    Store,
    Transaction,
)
from signing.instants import format_instant
from signing.status_list import StatusList

Progress = Callable[[int, int], None]
# Regulation (EU) 2026/1778, Art. 4 and 5: an identity is verified for three years at the most.
LONGEST_ENROLMENT: Final = timedelta(days=3 * 366)
_PAGE: Final = 500


def enrol(
    store: Store, operator_id: str, verified_until: datetime, evidence: str, now: datetime
) -> None:
    """Record that the registry has verified an operator's identity (qualified seal or attestation).

    Raises:
        RecordNotFoundError: there is no such operator.
        InvalidInputError: it ends in the past or later than three years from now, or shows nothing.
    """
    findings = []
    if not now < verified_until <= now + LONGEST_ENROLMENT:
        reason = "a verification ends between now and three years from now"
        findings.append(Finding("until", str(verified_until.date()), reason, "Give its end."))
    if not evidence.strip():
        remedy = "Name the registry's confirmation, for example its reference number."
        findings.append(Finding("evidence", "", "nothing shows it", remedy))
    if findings:
        raise InvalidInputError(findings, "the enrolment")
    with store.transaction() as transaction:
        get_operator(transaction, operator_id)
        transaction.registry_enrolments.put(
            RegistryEnrolmentRow(
                operator_id=operator_id,
                verified_until=verified_until,
                evidence=evidence.strip(),
                recorded_at=now,
            )
        )


class _Gates:
    """What a passport has to pass before the registry is told of it."""

    def __init__(
        self, transaction: Transaction, operator_id: str, rules: RegistryRules, now: datetime
    ) -> None:
        self._transaction = transaction
        self._operator_id = operator_id
        self._rules = rules
        self._now = now
        self._verified: dict[str, bool] = {}
        self._revoked = {
            row.id: StatusList.from_bytes(row.bits)
            for row in transaction.status_lists.of(operator_id)
            if row.purpose == "revocation"
        }

    def fault(self, row: PassportRow, entry: RegistryEntry) -> Finding | None:
        """Return why a passport is held back, or None."""
        bits = self._revoked.get(row.status_list_id)
        if bits is not None and bits.get(row.status_list_index):
            return Finding(
                "status", row.serial, "the passport is revoked", "Nothing is to be done."
            )
        # A third party that registers for somebody must itself be verified (Art. 19(4)).
        for operator_id in dict.fromkeys((entry.operator_id, self._operator_id)):
            if not self._is_verified(operator_id):
                reason = "the registry has not verified this operator's identity"
                remedy = f"voltpass registry enrol {operator_id} --until … --evidence …"
                return Finding("operator", operator_id, reason, remedy)
        return identifier_fault(entry.identifier, self._rules)

    def _is_verified(self, operator_id: str) -> bool:
        if operator_id not in self._verified:
            row = self._transaction.registry_enrolments.get(operator_id)
            self._verified[operator_id] = row is not None and row.verified_until > self._now
        return self._verified[operator_id]


def _waiting(
    transaction: Transaction, operator_id: str, rules: RegistryRules, now: datetime
) -> Iterator[tuple[RegistryEntry, Finding | None]]:
    """Yield what is in no file yet, with what holds it back, or None."""
    gates = _Gates(transaction, operator_id, rules, now)
    after = ""
    while rows := transaction.registry_entries.waiting(operator_id, after, _PAGE):
        for row in rows:
            proofs = transaction.registry_proofs.of_passport(operator_id, row.id)
            entry = entry_of(row, proofs[-1].registration_id if proofs else None)
            yield entry, gates.fault(row, entry)
        after = rows[-1].id


def outbox_status(
    store: Store, operator_id: str, now: datetime, rules: RegistryRules = RULES, examples: int = 20
) -> dict[str, Any]:
    """Return how an operator's passports stand with the registry, as plain JSON data.

    Raises:
        RecordNotFoundError: there is no such operator.
    """
    ready, held = 0, []
    with store.reading() as reading:
        get_operator(reading, operator_id)
        for entry, fault in _waiting(reading, operator_id, rules, now):
            if fault is None:
                ready += 1
            else:
                held.append({"passport": entry.passport_id, **fault.to_document()})
        counts = reading.registry_entries.counts(operator_id)
        refused = [
            {"passport": r.passport_id, "identifier": r.identifier, "reason": r.reason}
            for r in reading.registry_entries.in_state(operator_id, "refused")
        ]
    return {
        "operator": operator_id,
        "guide": rules.guide,
        "ready": ready,
        "held_back": len(held),
        "held_back_examples": held[:examples],
        "on_the_way": counts.get("on_the_way", 0),
        "registered": counts.get("registered", 0),
        "without_proof": counts.get("without_proof", 0),
        "refused": refused,
    }


def send(
    store: Store,
    registry: Registry | None,
    operator_id: str,
    now: Callable[[], datetime],
    *,
    batteries_open: bool,
    patience: Patience | None = None,
    rules: RegistryRules = RULES,
    progress: Progress = lambda _done, _all: None,
) -> Sent:
    """Bring what is on its way to its end, then send what waits, file by file.

    Raises:
        RegistryHeldBackError: batteries cannot be registered yet, or no registry is set.
        RegistryUnavailableError: it does not answer; what was written down is taken up next time.
        RecordNotFoundError: there is no such operator.
    """
    if registry is None or not batteries_open:
        raise _held_back(registry)
    with store.reading() as reading:
        get_operator(reading, operator_id)
    delivery = Delivery(store, registry, operator_id, now, patience or Patience())
    sent = Sent()
    seen: set[tuple[str, str]] = set()
    while True:
        # A file that was taken up stays as it is in this run, unless it came further meanwhile.
        rows = [row for row in delivery.unfinished() if (row.id, row.state) not in seen]
        seen.update((row.id, row.state) for row in rows)
        for row in rows:
            delivery.deliver(row, sent)
        progress(sent.registered, sent.registered + sent.refused)
        if not rows and not _prepare(store, operator_id, rules, now()):
            sent.files = len({submission_id for submission_id, _state in seen})
            sent.still_processing = len(delivery.unfinished())
            return sent


def _held_back(registry: Registry | None) -> RegistryHeldBackError:
    reason = "the Commission has not published the semantic catalogue of batteries"
    remedy = "Set VOLTPASS_REGISTRY_BATTERIES=true once the registry takes batteries."
    findings = [Finding("VOLTPASS_REGISTRY_BATTERIES", "false", reason, remedy)]
    if registry is None:
        remedy = "Set it to the registry's address."
        findings.append(Finding("VOLTPASS_REGISTRY_URL", "", "no registry is set", remedy))
    return RegistryHeldBackError(
        "The EU registry cannot register batteries yet; nothing was sent.", findings
    )


def _prepare(store: Store, operator_id: str, rules: RegistryRules, now: datetime) -> bool:
    """Write down the next file, before anything is sent; tell whether there is one."""
    with store.transaction() as transaction:
        transaction.operators.lock(operator_id)  # of two senders one takes these passports
        entries: list[RegistryEntry] = []
        for entry, fault in _waiting(transaction, operator_id, rules, now):
            if fault is None:
                entries.append(entry)
            if len(entries) == rules.entries_a_file:
                break
        if entries:
            record_submission(transaction, operator_id, entries, now)
        return bool(entries)


def send_refused_again(store: Store, operator_id: str) -> int:
    """Let refused passports wait again, after what was wrong is put right; return how many."""
    with store.transaction() as transaction:
        get_operator(transaction, operator_id)
        return transaction.registry_entries.forget_refused(operator_id)


def list_proofs(store: Store, operator_id: str, now: datetime) -> list[dict[str, Any]]:
    """Return the stored proofs of an operator's registrations, as plain JSON data.

    Raises:
        RecordNotFoundError: there is no such operator.
    """
    with store.reading() as reading:
        get_operator(reading, operator_id)
        return [
            {
                "passport": row.passport_id,
                "version": row.version,
                "registration_id": row.registration_id,
                "passport_sha256": row.passport_sha256,
                "registered_at": format_instant(row.registered_at),
                "downloadable_until": format_instant(row.downloadable_until),
                "downloadable": now < row.downloadable_until,
                "proof_sha256": row.sha256,
                "proof": row.document.decode("utf-8", errors="replace"),
            }
            for row in reading.registry_proofs.of(operator_id)
        ]
