"""Whole containers: a list of batteries in, a verdict for each row and a signed receipt out.

Duplicates and unknowns are findings of their own: a cloned label shows as the same link twice, a
counterfeit as a link under which nothing was issued. The receipt is for the customs file: its signed
part holds the counts and the hashes of the list and of the rows, which are too many to sign in line.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

import orjson

from passports.continuity import kept_base_urls
from passports.credential import CONTEXTS
from passports.credential_type import RECEIPT_TYPE
from passports.errors import Finding, InvalidInputError, shorten
from passports.identifiers import UniqueProductIdentifier
from passports.kept_logs import proofs_of
from passports.resolve import OwnRecords
from passports.shipment_list import ShipmentEntry, read_shipment
from passports.shipment_verdicts import ShipmentVerdict, ShipmentVerdicts
from passports.store import PassportRow
from passports.verification.checks import BatteryEvidence, domain_checks
from passports.verification.collection import CollectedEvidence, collect_cited, stored_payload
from passports.verification.passport import signed_certificates
from signing.canonical import canonicalize
from signing.credentials import CredentialSigner
from signing.evidence import Evidence
from signing.instants import format_instant
from signing.report import VerificationReport
from signing.shipment import ShipmentItem, examine_shipment
from signing.trust import TrustList

# Below, one core is done before another process has begun.
_WORTH_SHARING: Final = 1_000
MAX_REFERENCE: Final = 100


@dataclass(frozen=True)
class ShipmentReceipt:
    """The rows, the counts, and the signed summary (a vc+jwt).

    Attributes:
        id: Its name, a `urn:uuid:`.
        issuer: The DID of who signed it.
        server: The base URL of the server whose records were asked.
        reference: What the sender called the shipment, if anything.
        rows: What was found, row by row.
        counts: See `ShipmentVerdicts.counts`.
        checked_at: When.
        list_sha256: Hash of the list as it was sent.
        rows_sha256: Hash of the rows as canonical JSON (RFC 8785).
        signed: The signed summary.
    """

    id: str
    issuer: str
    server: str
    reference: str | None
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
            "id": self.id,
            "issuer": self.issuer,
            "server": self.server,
            "reference": self.reference,
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
    trusted: Callable[[], TrustList | None],
    signer: CredentialSigner,
    signer_did: str,
    now: datetime,
    examiners: Callable[[], Executor | None] = lambda: None,
    *,
    reference: str | None = None,
) -> ShipmentReceipt:
    """Verify every battery of a container list against this server's records and sign a receipt.

    Args:
        data: The list.
        records: This server's own.
        trusted: Asked whom to believe once the passports are there: it knows the keys that signed them.
        signer: Who signs the receipt.
        signer_did: Its DID.
        now: The instant of the check.
        examiners: Asked for processes to share the work with, where a list is so long that it pays.
        reference: What the sender calls the shipment; it is signed too. See `checked_reference`.

    Raises:
        InvalidInputError: the list as a whole cannot be read; single rows get verdicts instead.
    """
    entries = read_shipment(data)
    found = _find(entries, records)
    trust_list = trusted()
    executor = examiners() if len(found) >= _WORTH_SHARING else None
    reports = _examine(found, records, trust_list, now, executor)
    with records.store.reading() as reading:
        kept = kept_base_urls(reading)
    verdicts = ShipmentVerdicts(entries, found, reports, records.address, kept)
    rows = verdicts.rows()
    rows_bytes = canonicalize([row.to_document() for row in rows])
    unsigned = ShipmentReceipt(
        id=f"urn:uuid:{uuid4()}",
        issuer=signer_did,
        server=records.address.base_url,
        reference=reference,
        rows=rows,
        counts=verdicts.counts(rows),
        checked_at=now,
        list_sha256=hashlib.sha256(data).hexdigest(),
        rows_sha256=hashlib.sha256(rows_bytes).hexdigest(),
        signed=b"",
    )
    return replace(unsigned, signed=signer.sign(orjson.dumps(_summary(unsigned, trust_list))))


def _summary(receipt: ShipmentReceipt, trust_list: TrustList | None) -> dict[str, Any]:
    """What is signed; `passports.verification.receipt` checks it."""
    return {
        "@context": list(CONTEXTS),
        "id": receipt.id,
        "type": ["VerifiableCredential", RECEIPT_TYPE],
        "issuer": receipt.issuer,
        "validFrom": format_instant(receipt.checked_at),
        "credentialSubject": {
            "server": receipt.server,
            "reference": receipt.reference,
            "checkedAt": receipt.checked_at.isoformat(),
            "listSha256": receipt.list_sha256,
            "rowsSha256": receipt.rows_sha256,
            "counts": dict(receipt.counts),
            "trustListIssuedAt": trust_list.issued_at.isoformat() if trust_list else None,
        },
    }


def checked_reference(text: str) -> str | None:
    """Return a shipment's reference, None for an empty one.

    Raises:
        InvalidInputError: it is too long, or cannot be printed.
    """
    text = text.strip()
    if len(text) > MAX_REFERENCE or not text.isprintable():
        reason = f"a reference has at most {MAX_REFERENCE} characters, all of which can be printed"
        finding = Finding("reference", shorten(text), reason, "Shorten it.")
        raise InvalidInputError([finding], "the reference")
    return text or None


def _find(
    entries: Sequence[ShipmentEntry], records: OwnRecords
) -> dict[UniqueProductIdentifier, PassportRow]:
    named: dict[str, dict[str, None]] = {}
    for entry in entries:
        if entry.identifier is not None:
            named.setdefault(entry.identifier.gtin, {})[entry.identifier.serial] = None
    with records.store.reading() as reading:
        rows = reading.passports.newest_of_all({gtin: list(of) for gtin, of in named.items()})
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
