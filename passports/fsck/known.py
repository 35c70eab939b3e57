"""What `fsck` holds signatures against: keys and DIDs, status indices, what is cited, proofs of the log."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from passports.errors import PassportError
from passports.fsck.rows import kept_log_of, keys_of, readable_rows
from passports.kept_logs import proof_of
from passports.keyring import public_key_entry
from passports.log import prove_many
from passports.store import (
    CertificateRow,
    FootprintStudyRow,
    KeptLogRow,
    OneView,
    OperatorRow,
    SigningKeyRow,
    StatusListRow,
    Transaction,
)
from signing.did_web import PublicKeyEntry, build_document
from signing.errors import SigningError
from signing.evidence import Evidence
from signing.keys.verifying_key import from_jwk
from signing.report import StepResult
from signing.signed_note import ED25519, MLDSA44_COSIGNATURE, NoteVerifier
from signing.verify import DomainCheck, examine

NO_CHECKS: Mapping[str, DomainCheck] = MappingProxyType({})
SIGNATURE_STEPS = ("parse", "format", "algorithm", "issuer_found", "signature")


@dataclass(frozen=True)
class Known:
    """What passports and status lists are held against.

    Attributes:
        dids: DIDs by operator.
        given_out: Which status indices are given out, by operator and list.
        cited: SHA-256 of studies and certificates by their identifiers.
        compromised: Operators with a key that is revoked; what it signed counts by its place in the log.
        evidence: DID documents by DID, and the keys of logs.
        at: The instant of checking.
    """

    dids: Mapping[str, str]
    given_out: Mapping[tuple[str, str], bytes]
    cited: Mapping[str, str]
    compromised: frozenset[str]
    evidence: Evidence
    at: datetime

    def failed_step(
        self,
        credential: bytes,
        steps: Sequence[str],
        proof: bytes | None = None,
        domain_checks: Mapping[str, DomainCheck] = NO_CHECKS,
    ) -> StepResult | None:
        """Return the first of these steps that a credential fails, or None."""
        evidence = self.evidence.about(None, proof)
        report = examine(credential, evidence, at=self.at, domain_checks=domain_checks)
        failed = (s for s in report.steps if s.step in steps and s.outcome == "failed")
        return next(failed, None)

    def proofs(
        self, reading: Transaction, operator_id: str, indices: Sequence[int]
    ) -> Mapping[int, bytes]:
        """Return proofs that an operator's credentials are in the log, where a key of it is revoked."""
        if operator_id not in self.compromised or not self.evidence.log_keys:
            return {}
        try:
            if kept_log_of(reading, operator_id) is None:
                return dict(zip(indices, prove_many(reading, indices), strict=True))
            return {index: proof_of(reading, operator_id, index) for index in indices}
        except (PassportError, SigningError, ValueError, IndexError):
            return {}  # the log's own walk says what is wrong with it


def what_is_known(store: OneView, at: datetime, verifiers: Sequence[NoteVerifier]) -> Known:
    """Return what there is to hold signatures against; what cannot be read is left out."""
    with store.reading() as reading:
        operators = list(readable_rows(reading, OperatorRow))
        lists = readable_rows(reading, StatusListRow)
        keys = readable_rows(reading, SigningKeyRow)
        logs = readable_rows(reading, KeptLogRow)
        kept = [key for log in logs for key in kept_verifiers(log)]
        return Known(
            dids={row.id: row.did for row in operators},
            given_out={(row.operator_id, row.id): row.given_out for row in lists},
            cited={
                **{row.id: row.result_sha256 for row in readable_rows(reading, FootprintStudyRow)},
                **{row.id: row.sha256 for row in readable_rows(reading, CertificateRow)},
            },
            compromised=frozenset(row.operator_id for row in keys if row.revoked_at is not None),
            evidence=Evidence(
                did_documents=dict(_did_documents(reading, operators)),
                log_keys=tuple(verifier.text for verifier in (*verifiers, *kept)),
            ),
            at=at,
        )


def _did_documents(
    reading: Transaction, operators: Sequence[OperatorRow]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for operator in operators:
        try:
            entries = [public_key_entry(row) for row in keys_of(reading, operator.id)]
            yield operator.did, build_document(operator.did, [e for e in entries if _is_key(e)])
        except Exception:  # noqa: BLE001, S112 # a row that cannot be read: `records` and `keys` name it
            continue


def _is_key(entry: PublicKeyEntry) -> bool:
    try:
        from_jwk(entry.jwk)
    except (SigningError, ValueError, TypeError):
        return False
    return True


def kept_verifiers(log: KeptLogRow) -> list[NoteVerifier]:
    """Return the keys of a kept log that can be read."""
    verifiers = []
    for jwk in log.keys:
        try:
            key = from_jwk(jwk)
        except (SigningError, ValueError, TypeError, AttributeError):
            continue  # `check_kept_logs` names a log of which a key cannot be read
        kind = ED25519 if key.key_type == "Ed25519" else MLDSA44_COSIGNATURE
        verifiers.append(NoteVerifier(log.origin, kind, key))
    return verifiers
