"""What `fsck` checks of passports: signature, log entry, columns, status indices, and what they cite."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import orjson

from passports.fsck.faults import Found, Reason, reason_of
from passports.fsck.known import SIGNATURE_STEPS, Known
from passports.fsck.rows import Entries, pages
from passports.life.version_making import status_places
from passports.store import OneView, PassportRow, Transaction
from passports.verification.checks import BatteryEvidence, domain_checks
from signing.credentials import decode, issuer_of
from signing.errors import SigningError
from signing.instants import parse_instant
from signing.status_list import StatusList
from signing.transparency_log import log_entry

# A credential is held to these; the rest needs evidence from outside of the store.
_STEPS: Final = (*SIGNATURE_STEPS, "schema", "identifier")


def check_passports(store: OneView, known: Known) -> Iterator[Found]:
    """Yield for each version of each passport what is wrong with it, or None."""
    with store.reading() as reading:
        entries = Entries(reading)
        for rows in pages(reading, PassportRow):
            proofs = _proofs(reading, rows, known)
            for row in rows:
                proof = proofs.get((row.operator_id, row.log_index))
                reason = reason_of(
                    lambda: _passport(row, known, proof) or _logged(entries, row)  # noqa: B023 # called at once
                )
                yield None if reason is None else ("passport", row.id, reason)


def _proofs(
    reading: Transaction, rows: Sequence[PassportRow], known: Known
) -> Mapping[tuple[str, int], bytes]:
    proofs = {}
    for operator_id in {row.operator_id for row in rows} & known.compromised:
        indices = [row.log_index for row in rows if row.operator_id == operator_id]
        for index, proof in known.proofs(reading, operator_id, indices).items():
            proofs[operator_id, index] = proof
    return proofs


def _logged(entries: Entries, row: PassportRow) -> Reason:
    if entries.of(row.operator_id, row.log_index) == log_entry(row.credential):
        return None
    return f"the log's entry {row.log_index} is not of its credential"


def _passport(row: PassportRow, known: Known, proof: bytes | None) -> Reason:
    if hashlib.sha256(row.credential).hexdigest() != row.sha256:
        return "its credential is not what its SHA-256 says"
    checks = domain_checks(BatteryEvidence())
    step = known.failed_step(row.credential, _STEPS, proof, domain_checks=checks)
    if step is not None:
        return f"step {step.number} ({step.step}): {step.message}"
    payload = orjson.loads(decode(row.credential).payload_bytes)
    if not _signed_as_filed(row, payload, known):
        return "its columns differ from what was signed"
    if not _are_given_out(payload, known):
        return "its status index is not given out"
    for identifier, sha256 in _cited(payload["credentialSubject"]):
        if known.cited.get(identifier) != sha256:
            return f"it cites {identifier}, which is not here as cited"
    return None


def _are_given_out(payload: Mapping[str, Any], known: Known) -> bool:
    try:
        return all(
            StatusList.from_bytes(known.given_out[operator_id, list_id]).get(index)
            for operator_id, list_id, index in status_places(payload).values()
        )
    except (KeyError, IndexError, ValueError, SigningError):
        return False


def _signed_as_filed(row: PassportRow, payload: Mapping[str, Any], known: Known) -> bool:
    subject = payload["credentialSubject"]
    revocation = status_places(payload).get("revocation")
    return (
        payload["id"] == f"urn:uuid:{row.id}"
        and issuer_of(payload) == known.dids.get(row.operator_id)
        and subject["serialNumber"] == row.serial
        and subject["model"]["gtin"] == row.gtin
        and subject["passportVersion"] == row.version
        and subject["batch"] == row.batch_id
        and parse_instant(payload["validFrom"], "validFrom") == row.issued_at
        and revocation == (row.operator_id, row.status_list_id, row.status_list_index)
    )


def _cited(subject: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (identifier, SHA-256) of studies and certificates; the address before them may change."""
    for study in subject["carbonFootprint"]:
        yield study["study"].rsplit("/", 1)[-1], study["studySha256"]
    for certificate in subject["factoryCertificates"]:
        url = certificate["document"].removesuffix("/document")
        yield url.rsplit("/", 1)[-1], certificate["documentSha256"]
