"""Whole containers: a list of batteries in, a verdict for each row and a signed receipt out.

Duplicates and unknowns are findings of their own: a cloned label shows as the same link twice, a
counterfeit as a link under which nothing was issued. The receipt is for the customs file: its signed
part holds the counts and the hashes of the list and of the rows, which are too many to sign in line.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

import orjson

from passports.archive.continuity import kept_base_urls
from passports.archive.kept_logs import proofs_of
from passports.credential import CONTEXTS
from passports.identifiers import PublicAddress, UniqueProductIdentifier
from passports.resolve import OwnRecords
from passports.shipment_list import ShipmentEntry, read_shipment
from passports.store import PassportRow
from passports.verification.checks import BatteryEvidence, domain_checks
from passports.verification.collection import CollectedEvidence, collect_cited, stored_payload
from passports.verification.passport import signed_certificates
from signing.canonical import canonicalize
from signing.credentials import CredentialSigner
from signing.evidence import Evidence
from signing.report import VerificationReport
from signing.shipment import ShipmentItem, examine_shipment
from signing.trust import TrustList

# Below, one core is done before another process has begun.
_WORTH_SHARING: Final = 1_000
_RECEIPT_TYPE: Final = "ShipmentReceipt"


@dataclass(frozen=True)
class ShipmentVerdict:
    """What was found of one row.

    `verdict` is that of the passport's verification, or `unknown` (no passport under this link
    here), or `unreadable` (no link of a battery).
    """

    line: int
    link: str
    verdict: str
    reason: str
    failed_step: str | None = None
    duplicate_of_line: int | None = None
    passport_id: str | None = None
    sha256: str | None = None

    def to_document(self) -> dict[str, Any]:
        """Return the row as plain JSON data."""
        return dict(self.__dict__)  # texts and numbers only; asdict would copy each of them


@dataclass(frozen=True)
class ShipmentReceipt:
    """The rows, the counts, and the signed summary (a vc+jwt)."""

    rows: Sequence[ShipmentVerdict]
    counts: Mapping[str, int]
    checked_at: datetime
    list_sha256: str
    rows_sha256: str
    signed: bytes

    def to_document(self) -> dict[str, Any]:
        """Return the receipt as plain JSON data."""
        return {
            "format": "voltpass-shipment/1",
            "checked_at": self.checked_at.isoformat(),
            "list_sha256": self.list_sha256,
            "rows_sha256": self.rows_sha256,
            "counts": dict(self.counts),
            "rows": [row.to_document() for row in self.rows],
            "receipt": self.signed.decode("ascii"),
        }


def verify_shipment(
    data: bytes,
    records: OwnRecords,
    trust_list: TrustList | None,
    signer: CredentialSigner,
    signer_did: str,
    now: datetime,
    examiners: Callable[[], Executor | None] = lambda: None,
) -> ShipmentReceipt:
    """Verify every battery of a container list against this server's records and sign a receipt.

    Args:
        data: The list.
        records: This server's own.
        trust_list: Whom to believe.
        signer: Who signs the receipt.
        signer_did: Its DID.
        now: The instant of the check.
        examiners: Asked for processes to share the work with, where a list is so long that it pays.

    Raises:
        InvalidInputError: the list as a whole cannot be read; single rows get verdicts instead.
    """
    entries = read_shipment(data)
    found = _find(entries, records)
    executor = examiners() if len(found) >= _WORTH_SHARING else None
    reports = _examine(found, records, trust_list, now, executor)
    rows = _verdicts(entries, found, reports, records.address)
    counts = Counter(row.verdict for row in rows)
    counts["rows"] = len(rows)
    counts["duplicates"] = sum(row.duplicate_of_line is not None for row in rows)
    list_sha256 = hashlib.sha256(data).hexdigest()
    rows_bytes = canonicalize([row.to_document() for row in rows])
    rows_sha256 = hashlib.sha256(rows_bytes).hexdigest()
    summary = {
        "@context": list(CONTEXTS),
        "id": f"urn:uuid:{uuid4()}",
        "type": ["VerifiableCredential", _RECEIPT_TYPE],
        "issuer": signer_did,
        "validFrom": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "credentialSubject": {
            "listSha256": list_sha256,
            "rowsSha256": rows_sha256,
            "counts": dict(counts),
            "trustListIssuedAt": trust_list.issued_at.isoformat() if trust_list else None,
        },
    }
    signed = signer.sign(orjson.dumps(summary))
    return ShipmentReceipt(rows, counts, now, list_sha256, rows_sha256, signed)


def _find(
    entries: Sequence[ShipmentEntry], records: OwnRecords
) -> dict[UniqueProductIdentifier, PassportRow]:
    named = {entry.identifier for entry in entries if entry.identifier is not None}
    with records.store.reading() as reading:
        rows = reading.passports.newest_of_all(sorted((one.gtin, one.serial) for one in named))
        return {UniqueProductIdentifier(row.gtin, row.serial): row for row in rows}


def _examine(
    found: Mapping[UniqueProductIdentifier, PassportRow],
    records: OwnRecords,
    trust_list: TrustList | None,
    now: datetime,
    executor: Executor | None,
) -> dict[UniqueProductIdentifier, VerificationReport]:
    evidence = CollectedEvidence()
    for row in found.values():
        collect_cited(stored_payload(row.credential), records, evidence, with_log_proof=False)
    with records.store.reading() as reading:
        proofs = proofs_of(reading, [(row.operator_id, row.log_index) for row in found.values()])
        kept = kept_base_urls(reading)
    items = [
        ShipmentItem(
            row.credential,
            kept.get(row.operator_id, records.address.base_url) + identifier.path,
            proof,
        )
        for (identifier, row), proof in zip(found.items(), proofs, strict=True)
    ]
    reports = examine_shipment(
        items,
        Evidence(
            did_documents=evidence.did_documents,
            trust_list=trust_list,
            status_lists=evidence.status_lists,
        ),
        at=now,
        domain_checks=domain_checks(
            BatteryEvidence(
                documents=evidence.documents,
                studies=evidence.studies,
                certificates=signed_certificates(evidence, trust_list, now),
            )
        ),
        executor=executor,
    )
    return dict(zip(found, reports, strict=True))


def _verdicts(
    entries: Sequence[ShipmentEntry],
    found: Mapping[UniqueProductIdentifier, PassportRow],
    reports: Mapping[UniqueProductIdentifier, VerificationReport],
    address: PublicAddress,
) -> list[ShipmentVerdict]:
    first_line: dict[UniqueProductIdentifier, int] = {}
    rows = []
    for entry in entries:
        identifier = entry.identifier
        if identifier is None:
            rows.append(ShipmentVerdict(entry.line, entry.text, "unreadable", entry.reason))
            continue
        link = address.digital_link(identifier)
        earlier = first_line.setdefault(identifier, entry.line)
        duplicate = earlier if earlier != entry.line else None
        if identifier not in found:
            reason = "no passport was issued here under this identifier"
            rows.append(
                ShipmentVerdict(entry.line, link, "unknown", reason, duplicate_of_line=duplicate)
            )
            continue
        rows.append(_verdict(entry.line, link, reports[identifier], found[identifier], duplicate))
    return rows


def _verdict(
    line: int, link: str, report: VerificationReport, row: PassportRow, duplicate: int | None
) -> ShipmentVerdict:
    failed = report.failed_step
    doubtful = [step for step in report.steps if step.outcome == "warning"]
    if failed is not None:
        reason = failed.message
    elif duplicate is not None:
        reason = f"the same battery stands on line {duplicate}: one of the two labels is a copy"
    else:
        reason = "; ".join(step.message for step in doubtful)
    return ShipmentVerdict(
        line=line,
        link=link,
        verdict=report.verdict,
        reason=reason,
        failed_step=failed.step if failed is not None else None,
        duplicate_of_line=duplicate,
        passport_id=row.id,
        sha256=row.sha256,
    )
