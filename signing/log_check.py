"""Step 12: whether the credential is in a log that the verifier knows, and who else saw that log."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from signing.errors import InvalidInclusionError, MalformedDocumentError
from signing.evidence import Evidence
from signing.instants import format_instant
from signing.report import Finding
from signing.signed_note import ED25519, ED25519_COSIGNATURE, MLDSA44_COSIGNATURE, NoteVerifier
from signing.transparency_log import (
    LogProof,
    VerifiedCheckpoint,
    log_entry,
    open_checkpoint,
    verify_entry,
)


@dataclass(frozen=True, slots=True)
class Inclusion:
    """What the log proof showed.

    Attributes:
        finding: Outcome of the step.
        origin: The log in which the credential is; ``None`` when that was not shown.
        index: Its place there.
    """

    finding: Finding
    origin: str | None = None
    index: int | None = None


_NO_PROOF: Final = Inclusion(
    Finding("not_checked", "no_log_proof", "no proof of inclusion at hand")
)
_NO_LOG: Final = Inclusion(
    Finding("not_checked", "no_known_log", "no key of a log to check the proof with")
)


def log_verifiers(evidence: Evidence) -> tuple[NoteVerifier, ...]:
    """The keys of the logs and witnesses that the verifier knows.

    Raises:
        MalformedDocumentError: One of ``evidence.log_keys`` is not a verifier key.
    """
    verifiers = [NoteVerifier.parse(text) for text in evidence.log_keys]
    trust_list = evidence.trust_list
    for entry in trust_list.entries if trust_list else ():
        if entry.role in {"log", "witness"}:
            own = ED25519 if entry.role == "log" else ED25519_COSIGNATURE
            for key in entry.keys:
                kind = own if key.key.key_type == "Ed25519" else MLDSA44_COSIGNATURE
                if key.key.key_type != "P-256" and key.revoked is None:
                    verifiers.append(NoteVerifier(entry.issuer, kind, key.key))
    return tuple(verifiers)


def check_inclusion(
    credential: bytes, proof: bytes | None, evidence: Evidence, at: datetime
) -> Inclusion:
    """Step 12; a proof that does not hold is a failure, no proof is none.

    A log or witness in which trust has ended is told as a warning, unless a cosignature states an
    instant at which it was trusted.
    """
    if proof is None:
        return _NO_PROOF
    try:
        verifiers = log_verifiers(evidence)
        if not any(verifier.kind == ED25519 for verifier in verifiers):
            return _NO_LOG
        parsed = LogProof.parse(proof)
        note = parsed.checkpoint_note
        if note not in evidence.opened_checkpoints:
            evidence.opened_checkpoints[note] = open_checkpoint(note, verifiers)
        opened = evidence.opened_checkpoints[note]
        verify_entry(log_entry(credential), parsed, opened.checkpoint)
    except (MalformedDocumentError, InvalidInclusionError) as error:
        return Inclusion(Finding("failed", error.reason, f"log proof: {error.message}"))
    checkpoint = opened.checkpoint
    where = f"leaf {parsed.index} of {checkpoint.size} in {checkpoint.origin}"
    if opened.witnessed_at is not None:
        where += f", cosigned by {', '.join(opened.witnesses) or 'the log'}"
        where += f" at {format_instant(opened.witnessed_at)}"
    logs = {verifier.name for verifier in verifiers if verifier.kind == ED25519}
    wanted = any(verifier.name not in logs for verifier in verifiers)
    ended = _untrusted_at(opened, evidence, opened.witnessed_at or at)
    if ended is not None:
        message = f"{where}, but {ended} was not trusted then"
        finding = Finding("warning", "log_trust_ended", message)
    elif wanted and not opened.witnesses:
        finding = Finding("warning", "not_witnessed", f"{where}, but no known witness cosigned it")
    else:
        finding = Finding("passed", "included", where)
    return Inclusion(finding, checkpoint.origin, parsed.index)


def _untrusted_at(opened: VerifiedCheckpoint, evidence: Evidence, instant: datetime) -> str | None:
    """The name of a signer of a head whose entry, or key, the trust list does not hold for at an instant."""
    signed = {name for name, _ in opened.signers}
    for entry in evidence.trust_list.entries if evidence.trust_list else ():
        if entry.role in {"log", "witness"} and entry.issuer in signed:
            used = [key for key in entry.keys if key.expires is None or instant <= key.expires]
            if not used or not entry.holds_at(instant):
                return entry.issuer
    return None


def logged_before(
    inclusion: Inclusion, origin: str | None, index: int | None, evidence: Evidence
) -> bool:
    """Whether a credential stands in the log before the first index that is not trusted any more.

    Where the owner of a compromised key does not name the log, the verifier must know exactly one:
    in another, younger log every index would be small.
    """
    if inclusion.origin is None or inclusion.index is None or index is None:
        return False
    if origin is None:
        known = {verifier.name for verifier in log_verifiers(evidence) if verifier.kind == ED25519}
        return len(known) == 1 and inclusion.index < index
    return origin == inclusion.origin and inclusion.index < index
