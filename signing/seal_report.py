"""The numbered steps of a verification, over the seal of a label instead of a credential.

A seal says who issued a passport, and a few facts. It has no status and no place in a log, and the
passport itself is not looked at; so at best it is valid with that reservation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from signing.did_web import VerificationKey
from signing.errors import InvalidSignatureError, MalformedDocumentError
from signing.evidence import Evidence
from signing.instants import format_instant
from signing.json_value import JsonValue
from signing.report import NOT_REACHED, STEPS, Finding, VerificationReport, numbered
from signing.seal import SignedSeal, from_text, read_seal
from signing.trust import TrustEntry
from signing.verify import DomainCheck

_CLOCK_SKEW: Final = timedelta(minutes=5)  # as for credentials
_STATUS: Final = Finding(
    "warning", "seal_without_status", "a seal does not tell whether the passport was revoked since"
)
_AFTER: Final = {
    "version": Finding("not_checked", "no_version_evidence", "a seal names no version"),
    "status": _STATUS,
    "log_inclusion": Finding("not_checked", "no_log_proof", "a seal is no leaf of a log"),
}
_NO_CHECK: Final = Finding("not_checked", "no_check", "a seal says nothing about this")
_UNVERIFIED: Final = Finding(
    "not_checked", "signature_not_verified", "not looked at, because the signature was not verified"
)


def examine_seal(
    text: str,
    evidence: Evidence,
    *,
    at: datetime,
    domain_checks: Mapping[str, DomainCheck],
) -> VerificationReport:
    """Make the steps that a seal allows; never raises, on any text.

    Args:
        text: From the QR code.
        evidence: DID documents and trust list; of the rest a seal needs nothing.
        at: The instant for which validity is judged.
        domain_checks: As for `signing.verify.examine`; they get ``{"issuer": ..., "facts": {...}}``, the
            facts by their numbers as text.
    """
    try:
        signed = read_seal(from_text(text))
    except MalformedDocumentError as error:
        step = "algorithm" if error.reason == "algorithm_not_allowed" else "parse"
        return _refused(step, Finding("failed", error.reason, str(error)), at)
    found: dict[str, Finding] = {
        "parse": Finding("passed", "parsed", "CBOR with one signature"),
        "format": Finding("passed", "offline_seal", "offline seal"),
        "algorithm": Finding("passed", "algorithm_allowed", "ES256"),
    }
    key = _authenticate(signed, evidence, at, found)
    if key is None:
        found.update({step: _UNVERIFIED for step in STEPS if step not in found})
        return VerificationReport(*numbered(tuple(found[step] for step in STEPS)), None, at)
    payload = _payload(signed)
    found["validity"] = _validity(signed, key, at)
    for step in STEPS[len(found) :]:
        check = domain_checks.get(step)
        found[step] = _asked(check, payload) if check else _AFTER.get(step, _NO_CHECK)
    return VerificationReport(*numbered(tuple(found[step] for step in STEPS)), payload, at)


def _refused(step: str, finding: Finding, at: datetime) -> VerificationReport:
    found = {
        "parse": Finding("passed", "parsed", "CBOR with one signature"),
        "format": Finding("passed", "offline_seal", "offline seal"),
        step: finding,
    }
    findings = [found[name] for name in STEPS[: STEPS.index(step) + 1]]
    findings += [NOT_REACHED] * (STEPS.index("signature") + 1 - len(findings))
    findings += [_UNVERIFIED] * (len(STEPS) - len(findings))
    return VerificationReport(*numbered(tuple(findings)), None, at)


def _authenticate(
    signed: SignedSeal, evidence: Evidence, at: datetime, found: dict[str, Finding]
) -> VerificationKey | None:
    """Steps 4 to 6; the key that signed, if one did that is not compromised."""
    issuer = signed.seal.issuer
    keys = evidence.keys_of(issuer)
    entry = evidence.entry_for(issuer, evidence.role)
    if isinstance(keys, MalformedDocumentError):
        found["issuer_found"] = Finding("failed", keys.reason, f"DID document: {keys}")
        keys = ()
    listed = entry.keys if entry else ()
    named = [key for key in (listed if keys is None else keys) if signed.may_be_of(key)]
    if "issuer_found" not in found:
        known = keys is not None or bool(listed)
        found["issuer_found"] = _issuer_found(issuer, named, known=known)
    if found["issuer_found"].outcome == "failed":
        found.update(issuer_trusted=NOT_REACHED, signature=NOT_REACHED)
        return None
    found["issuer_trusted"] = _issuer_trusted(signed, evidence, at)
    candidate = _trusted(named, entry)
    if named and candidate is None:
        found["issuer_trusted"] = Finding(
            "failed", "key_not_trusted", "the trust list has not this key"
        )
    found["signature"] = _signature(signed, candidate)
    return candidate if found["signature"].outcome == "passed" else None


def _trusted(named: Sequence[VerificationKey], entry: TrustEntry | None) -> VerificationKey | None:
    """The key that the seal names, under every end that its owner and the trust list state."""
    if not named:
        return None
    thumbprint = named[0].key.thumbprint
    listed = [key for key in (entry.keys if entry else ()) if key.key.thumbprint == thumbprint]
    # A label has no room for certificates, so where only an anchor vouches for keys, nobody does.
    if entry is not None and (entry.keys or entry.anchors) and not listed:
        return None
    same = [key for key in (*named, *listed) if key.key.thumbprint == thumbprint]
    return replace(
        named[0],
        expires=min((key.expires for key in same if key.expires is not None), default=None),
        revoked=next((key.revoked for key in same if key.revoked is not None), None),
    )


def _issuer_found(issuer: str, named: list[VerificationKey], *, known: bool) -> Finding:
    if named:
        return Finding("passed", "keys_found", f"1 key(s) of {issuer}")
    if known:
        return Finding("failed", "key_not_found", "the seal names no key of its issuer")
    return Finding("not_checked", "did_document_missing", f"no keys of {issuer}")


def _issuer_trusted(signed: SignedSeal, evidence: Evidence, at: datetime) -> Finding:
    issuer = signed.seal.issuer
    if evidence.trust_list is None:
        return Finding("not_checked", "no_trust_list", "no trust list says who issuers are")
    entry = evidence.entry_for(issuer, evidence.role)
    if entry is None:
        return Finding("failed", "issuer_not_trusted", f"the trust list has no {issuer}")
    if not entry.holds_at(signed.seal.issued_at):
        return Finding("failed", "trust_not_at_issue", "not trusted when this was issued")
    if not entry.holds_at(at):
        return Finding("warning", "trust_ended", "trusted when issued, but no longer")
    if evidence.trust_list.valid_until < at:
        until = format_instant(evidence.trust_list.valid_until)
        return Finding("warning", "trust_list_stale", f"the trust list was good until {until}")
    name = entry.names[0] if entry.names else issuer
    return Finding("passed", "issuer_trusted", f"{name} is trusted as {entry.role}")


def _signature(signed: SignedSeal, candidate: VerificationKey | None) -> Finding:
    if candidate is None:
        return Finding("not_checked", "no_trusted_key", "there is no trusted key to check with")
    try:
        candidate.key.verify(signed.signature, signed.signed)
    except InvalidSignatureError as error:
        return Finding("failed", "signature_invalid", error.message)
    if candidate.revoked is not None:
        return Finding(
            "failed", "key_revoked", "its key is compromised, and a seal has no log proof"
        )
    return Finding("passed", "signature_valid", f"signed by key {candidate.key.thumbprint}")


def _validity(signed: SignedSeal, key: VerificationKey, at: datetime) -> Finding:
    seal = signed.seal
    if seal.issued_at - at > _CLOCK_SKEW:
        return Finding("failed", "not_yet_valid", f"issued at {format_instant(seal.issued_at)}")
    if seal.expires_at is not None and seal.expires_at < at:
        return Finding("failed", "expired", f"was valid until {format_instant(seal.expires_at)}")
    if key.expires is not None and seal.issued_at > key.expires:
        return Finding("failed", "key_retired", "issued after its key was retired")
    return Finding("passed", "within_period", "within its period of validity")


def _payload(signed: SignedSeal) -> Mapping[str, JsonValue]:
    facts = {
        str(number): value
        for number, value in signed.seal.facts.items()
        if isinstance(value, str | int)
    }
    digest = signed.seal.credential_digest.hex()
    return {"issuer": signed.seal.issuer, "credentialSha256": digest, "facts": facts}


def _asked(check: DomainCheck, payload: Mapping[str, JsonValue]) -> Finding:
    try:
        found = check(payload)
        return Finding(found.outcome, found.reason_code, found.message)
    except Exception as error:  # noqa: BLE001 - as for credentials: a crash refuses
        return Finding("failed", "check_crashed", f"the check ended in {type(error).__name__}")
