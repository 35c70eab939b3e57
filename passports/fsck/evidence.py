"""What `fsck` checks of what passports cite: factory certificates and footprint studies."""

import hashlib
from collections.abc import Iterator
from typing import Final

import orjson
from pydantic import ValidationError

from lca.datasets import Dataset
from passports.certification.certificates import CertificateEvidence, FactoryCertificate
from passports.errors import PassportError
from passports.footprints import recompute
from passports.fsck.faults import Found, Reason, reason_of
from passports.fsck.known import SIGNATURE_STEPS, Known
from passports.fsck.rows import Entries, all_rows, kept_in_public
from passports.store import CertificateRow, FootprintStudyRow, OneView, Transaction
from signing.transparency_log import log_entry

# Columns of a study by which it is searched: they repeat what its result says.
_SEARCHED: Final = (
    "kg_co2e_per_kwh",
    "kg_co2e_per_battery",
    "kg_co2e_per_kwh_capacity",
    "partial",
)


def check_certificates(store: OneView, known: Known) -> Iterator[Found]:
    """Yield for each factory certificate what is wrong with it, or None."""
    with store.reading() as reading:
        for row in all_rows(reading, CertificateRow):
            reason = reason_of(lambda: _certificate(reading, row, known))  # noqa: B023 # called at once
            yield None if reason is None else ("certificate", row.id, reason)


def _certificate(reading: Transaction, row: CertificateRow, known: Known) -> Reason:
    if row.log_index is not None and Entries(reading).of(
        row.operator_id, row.log_index
    ) != log_entry(row.document):
        return f"the log's entry {row.log_index} is not of its document"
    if hashlib.sha256(row.document).hexdigest() != row.sha256:
        return "its document is not what its SHA-256 says"
    try:
        claims = FactoryCertificate.model_validate_json(row.claims)
    except ValidationError:
        return "what was read off it cannot be read"
    columns = (row.operator_id, row.id, row.facility_id, row.scheme, row.sha256)
    said = (
        claims.operator_id,
        claims.id,
        claims.facility_id,
        claims.scheme,
        claims.document_sha256,
    )
    if columns != said:
        return "its columns differ from what was read off it"
    if claims.evidence is CertificateEvidence.CREDENTIAL:
        return _signed(reading, row, known)
    return None


def _signed(reading: Transaction, row: CertificateRow, known: Known) -> Reason:
    """Hold a certificate that was signed here against its certifier's key."""
    if row.log_index is None:
        return None  # signed elsewhere, or before certificates were leaves
    indices = [row.log_index]
    proofs: dict[int, bytes] = {}
    for operator_id in known.compromised:
        proofs |= known.proofs(reading, operator_id, indices)
    step = known.failed_step(row.document, SIGNATURE_STEPS, proofs.get(row.log_index))
    return None if step is None else f"step {step.number} ({step.step}): {step.message}"


def check_studies(store: OneView, dataset: Dataset) -> Iterator[Found]:
    """Yield for each footprint study what is wrong with it, or None."""
    with store.reading() as reading:
        public_only = kept_in_public(reading)
        for row in all_rows(reading, FootprintStudyRow):
            is_public = row.operator_id in public_only
            reason = reason_of(lambda: _study(row, dataset, is_public=is_public))  # noqa: B023 # called at once
            yield None if reason is None else ("study", row.id, reason)


def _study(row: FootprintStudyRow, dataset: Dataset, *, is_public: bool) -> Reason:
    if is_public:  # a public archive leaves a study's inputs out
        is_whole = hashlib.sha256(row.result).hexdigest() == row.result_sha256
        whole = is_whole and _columns_fit(row)
        return None if whole else "its result is not what its SHA-256 says"
    try:
        anew = recompute(row, dataset)
    except PassportError as error:
        return error.message
    if not _columns_fit(row):
        return "its searched columns differ from its result"
    if anew.same_dataset and not anew.equal:
        return f"it does not recompute from its stored inputs: {anew.differs_at}"
    return None


def _columns_fit(row: FootprintStudyRow) -> bool:
    result = orjson.loads(row.result)
    figures = all(getattr(row, name) == result[name] for name in _SEARCHED)
    made_for = (row.ruleset, row.facility_id)
    return figures and made_for == (result["ruleset"]["id"], result["plant"]["facility_id"])
