"""Steps 2 to 5 and the period of step 7: what a credential says about itself, apart from its content.

The passports of a batch differ in content and hardly ever in this. So what was found about one envelope
is kept with the evidence that it was judged by, and holds for every other credential with the same one.
Nothing here sees anything of a credential that is not in its envelope; therefore that is sound.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple, TypeAlias

import orjson

from signing.canonical import JsonValue
from signing.certificate_chain import check_chain, key_of_chain
from signing.credentials import VC_JWT, DecodedCredential, issuer_of, subjects_of, types_of
from signing.data_integrity import DATA_INTEGRITY
from signing.did_web import VerificationKey
from signing.errors import MalformedDocumentError
from signing.evidence import Evidence
from signing.instants import format_instant, numeric_date, parse_instant
from signing.jws import SIGNATURE_BYTES, refused_header
from signing.keys.verifying_key import KEY_TYPE_OF_ALGORITHM
from signing.report import NOT_REACHED, Finding
from signing.selective_disclosure import SD_JWT
from signing.status_list import STATUS_LIST_JWT
from signing.trust import TrustEntry

# VC-JOSE-COSE section 3.1.1, and what earlier drafts of it called the same thing; UNTP's published
# samples still do.
_JWT_TYPES: Final = frozenset({VC_JWT, "vc-ld+jwt", "vc+ld+jwt"})
# SD-JWT VC section 2.2.1, and what its drafts up to 05 called the same thing.
_SD_JWT_TYPES: Final = frozenset({SD_JWT, "vc+sd-jwt"})
_CONTEXT: Final = "https://www.w3.org/ns/credentials/v2"  # VCDM 2.0 section 4.3: always the first
# Clocks differ; a credential that was issued a moment ago is not from the future.
_CLOCK_SKEW: Final = timedelta(minutes=5)
# All that is looked at here; of the subject only whether there is one.
_MEMBERS: Final = (
    "@context", "type", "issuer", "iss", "vct", "validFrom", "validUntil", "nbf", "exp", "iat",
    "vc", "vp",
)  # fmt: skip
# A sender can vary his envelopes at will; what is kept about them must stay small.
_MAX_KEPT: Final = 512
_MAX_KEPT_BYTES: Final = 24 * 1024  # with a chain of certificates in the header


# A compact JWS, the same with disclosures, or JSON with a proof in it.
Form: TypeAlias = Literal["jwt", "sd_jwt", "embedded"]


class Judgement(NamedTuple):
    """What was found about an envelope.

    Attributes:
        findings: Of steps 2, 3, 4 and 5.
        goes_on: Whether the signature can be looked at.
        issuer: Who claims to have issued the credential.
        entry: The trust list's entry of that issuer.
        candidates: The keys that may have signed it.
        period: Finding of step 7, but for the key's own period.
        issued_at: When the credential says that it was issued.
    """

    findings: tuple[Finding, ...]
    goes_on: bool
    issuer: str
    entry: TrustEntry | None
    candidates: tuple[VerificationKey, ...]
    period: Finding
    issued_at: datetime | None


def judge(
    decoded: DecodedCredential,
    evidence: Evidence,
    at: datetime,
    *,
    form: Form,
    in_scope: bool = True,
) -> Judgement:
    """Make steps 2 to 5 and judge the period, or tell what was found about the same envelope before.

    Args:
        decoded: The credential after step 1.
        evidence: What is at hand.
        at: The instant for which validity is judged.
        form: In which form it came; a header cannot claim to be of another.
        in_scope: Whether type and time must be within the issuer's scope and trust; not for an
            issuer's list of the status of what it issued.
    """
    payload = decoded.payload
    members = {name: payload[name] for name in _MEMBERS if name in payload}
    if subjects_of(payload):
        members["credentialSubject"] = {}
    has_length = len(decoded.signature) == SIGNATURE_BYTES
    header, text = decoded.header_bytes, orjson.dumps(members)
    key = (header, text, has_length, form, in_scope, at)
    known = evidence.judgements.get(key)
    if known is None:
        envelope = Envelope(decoded.header, members, evidence, at)
        known = envelope.judge(has_length=has_length, form=form, in_scope=in_scope)
        if len(header) + len(text) <= _MAX_KEPT_BYTES and len(evidence.judgements) < _MAX_KEPT:
            evidence.judgements[key] = known
    return known


class Envelope:
    """Header and envelope members of one credential on their way through steps 2 to 5."""

    def __init__(
        self,
        header: Mapping[str, JsonValue],
        members: Mapping[str, JsonValue],
        evidence: Evidence,
        at: datetime,
    ) -> None:
        """Begin.

        Args:
            header: The protected header.
            members: Those of the payload that belong to the envelope.
            evidence: What is at hand.
            at: The instant for which validity is judged.
        """
        self._header = header
        self._members = members
        self._evidence = evidence
        self._at = at
        self._issuer = ""
        self._types: tuple[str, ...] = ()
        self._entry: TrustEntry | None = None
        self._candidates: tuple[VerificationKey, ...] = ()
        self._is_by_chain = False

    def judge(self, *, has_length: bool, form: Form, in_scope: bool) -> Judgement:
        """Make the steps in order."""
        findings = [self._format(form, in_scope=in_scope)]
        findings.append(_unless_failed(findings, lambda: self._algorithm(has_length=has_length)))
        findings.append(_unless_failed(findings, self._issuer_found))
        goes_on = all(finding.outcome != "failed" for finding in findings)
        findings.append(_unless_failed(findings, lambda: self._issuer_trusted(in_scope=in_scope)))
        period, issued_at = self._period()
        return Judgement(
            tuple(findings),
            goes_on,
            self._issuer,
            self._entry,
            self._candidates,
            period,
            issued_at,
        )

    def _format(self, form: Form, *, in_scope: bool) -> Finding:
        """Step 2: a Verifiable Credential 2.0, enveloped or with a proof, or an SD-JWT VC."""
        typ, members = str(self._header.get("typ")), self._members
        if typ not in _accepted_types(form, in_scope=in_scope):
            return Finding("failed", "typ_unknown", "typ is not that of a credential in this form")
        if form == "embedded" or typ in _JWT_TYPES:
            self._issuer = issuer_of(members) or ""
            return self._format_vcdm(form)
        issuer = members.get("iss")
        self._issuer = issuer if isinstance(issuer, str) else ""
        if not self._issuer:
            return Finding("failed", "issuer_missing", "names no issuer")
        if typ == STATUS_LIST_JWT:
            return Finding("passed", "token_status_list", "Token Status List")
        vct = members.get("vct")
        if not isinstance(vct, str):
            return Finding("failed", "not_a_credential", "vct is missing")
        self._types = (vct,)
        return Finding("passed", "sd_jwt_vc", "SD-JWT VC")

    def _format_vcdm(self, form: Form) -> Finding:
        if self._header.get("cty", "vc") != "vc":
            return Finding("failed", "cty_unknown", "cty is not vc")
        contexts = self._members.get("@context")
        if not isinstance(contexts, list) or not contexts or contexts[0] != _CONTEXT:
            return Finding("failed", "not_vcdm_2", f"@context does not begin with {_CONTEXT}")
        # VC-JOSE-COSE section 3.1.3: readers of version 1.1 would see another credential in them.
        if form == "jwt" and ("vc" in self._members or "vp" in self._members):
            return Finding("failed", "not_vcdm_2", "vc and vp are of version 1.1")
        self._types = types_of(self._members)
        if "VerifiableCredential" not in self._types or "credentialSubject" not in self._members:
            return Finding("failed", "not_a_credential", "type or credentialSubject is missing")
        if not self._issuer:
            return Finding("failed", "issuer_missing", "names no issuer")
        return Finding("passed", "vcdm_2", "Verifiable Credential 2.0")

    def _algorithm(self, *, has_length: bool) -> Finding:
        """Step 3: an allowed algorithm, and no header by which the sender would choose the key."""
        reason = refused_header(self._header, self._evidence.allowed_algorithms)
        if reason == "algorithm_not_allowed":
            return Finding("failed", reason, "alg is not one of those allowed")
        if reason is not None:
            return Finding("failed", reason, "the header would choose its own key or rules")
        if not has_length:
            return Finding("failed", "signature_length", "the signature has not 64 bytes")
        return Finding("passed", "algorithm_allowed", str(self._header["alg"]))

    def _issuer_found(self) -> Finding:
        """Step 4: keys of the issuer named in the payload, of the type that the algorithm needs."""
        claims = self._header.get("iss"), self._members.get("iss")
        if any(claim not in (None, self._issuer) for claim in claims):
            return Finding("failed", "issuer_contradicted", "iss is not the credential's issuer")
        self._entry = self._evidence.entry_for(self._issuer, self._evidence.role)
        keys = self._evidence.keys_of(self._issuer)
        if isinstance(keys, MalformedDocumentError):
            return Finding("failed", keys.reason, f"DID document: {keys}")
        if keys is None:
            # Offline, what the trust list says is enough: keys, and who vouches for others.
            keys = self._keys_of_trust_list() + self._key_of_chain()
            if not keys:
                return Finding("not_checked", "did_document_missing", f"no keys of {self._issuer}")
        return self._choose(keys)

    def _keys_of_trust_list(self) -> tuple[VerificationKey, ...]:
        return tuple(
            replace(key, id=f"{self._issuer}#{key.id}")
            for key in (self._entry.keys if self._entry else ())
        )

    def _key_of_chain(self) -> tuple[VerificationKey, ...]:
        """The key of an ``x5c``, where step 5 is going to ask who vouches for it."""
        if self._entry is None or not self._entry.anchors:
            return ()
        try:
            key = key_of_chain(self._header.get("x5c"))
        except MalformedDocumentError:
            return ()
        return (VerificationKey(f"{self._issuer}#{key.thumbprint}", key),)

    def _choose(self, keys: tuple[VerificationKey, ...]) -> Finding:
        """The key that the kid names; without a kid, which some omit, all of the right type."""
        kid = self._header.get("kid")
        if kid is not None:
            keys = tuple(key for key in keys if key.id == kid)
            if not keys:
                return Finding("failed", "key_not_found", "kid is not a key of the issuer")
        wanted = KEY_TYPE_OF_ALGORITHM[str(self._header["alg"])]
        once = {key.key.thumbprint: key for key in reversed(keys) if key.key.key_type == wanted}
        if not once:
            return Finding("failed", "key_type_mismatch", "the key is not for this algorithm")
        self._candidates = tuple(once.values())
        return Finding("passed", "keys_found", f"{len(once)} key(s) of {self._issuer}")

    def _issuer_trusted(self, *, in_scope: bool) -> Finding:
        """Step 5: the trust list knows the issuer in this role, scope and time, with this key."""
        trust_list, entry = self._evidence.trust_list, self._entry
        if trust_list is None:
            return Finding("not_checked", "no_trust_list", "no trust list says who issuers are")
        if entry is None:
            return Finding("failed", "issuer_not_trusted", f"the trust list has no {self._issuer}")
        if in_scope and not entry.allows_type(self._types):
            return Finding("failed", "type_out_of_scope", f"{self._issuer} may not issue this type")
        if entry.keys or entry.anchors:
            untrusted = self._keep_trusted(entry)
            if not self._candidates:
                return Finding("failed", "key_not_trusted", untrusted)
        if not in_scope:
            # Who is no longer trusted may still revoke what was issued before.
            return Finding("passed", "issuer_trusted", f"{self._issuer} is in the trust list")
        return self._within_trust(entry)

    def _keep_trusted(self, entry: TrustEntry) -> str:
        """Keep the candidates that the list names, or for which its authorities vouch; say why not others."""
        trusted = {key.key.thumbprint: key for key in entry.keys}
        untrusted, kept = "the trust list has not this key", []
        for candidate in self._candidates:
            listed = trusted.get(candidate.key.thumbprint)
            if listed is not None:
                kept.append(_stricter(candidate, listed))
            elif entry.anchors:
                try:
                    issued = self._issued_at() or self._at
                    check_chain(self._header.get("x5c"), candidate.key, entry.anchors, issued)
                    kept.append(candidate)
                    self._is_by_chain = True
                except MalformedDocumentError as error:
                    untrusted += f", and nobody vouches for it: {error}"
        self._candidates = tuple(kept)
        return untrusted

    def _within_trust(self, entry: TrustEntry) -> Finding:
        try:
            issued = self._issued_at() or self._at
        except MalformedDocumentError as error:
            return Finding("failed", error.reason, str(error))
        if not entry.holds_at(issued):
            return Finding("failed", "trust_not_at_issue", "not trusted when this was issued")
        if not entry.holds_at(self._at):
            return Finding("warning", "trust_ended", "trusted when issued, but no longer")
        trust_list = self._evidence.trust_list
        if trust_list is not None and trust_list.valid_until < self._at:
            until = format_instant(trust_list.valid_until)
            return Finding("warning", "trust_list_stale", f"the trust list was good until {until}")
        name = entry.names[0] if entry.names else self._issuer
        return Finding(
            "passed", "issuer_trusted", f"{name} is trusted as {entry.role}{self._reservation()}"
        )

    def _reservation(self) -> str:
        """What a chain leaves open: nobody is asked whether one of its certificates was revoked."""
        if not self._is_by_chain:
            return ""
        return ", by its certificates; whether one was revoked since is not asked (no OCSP, no CRL)"

    def _period(self) -> tuple[Finding, datetime | None]:
        """Step 7: the instant lies within the credential's period; and when it was issued."""
        try:
            issued = self._issued_at()
            begins = _bounds(self._members, "validFrom", "nbf")
            ends = _bounds(self._members, "validUntil", "exp")
            proof_until = self._proof_expires()
        except MalformedDocumentError as error:
            return Finding("failed", error.reason, str(error)), None
        # Where VCDM's words and the JWT's claims differ, the shorter period counts.
        begin, until = (
            max([*begins, *filter(None, [issued])], default=None),
            min(ends, default=None),
        )
        if begin is not None and begin - self._at > _CLOCK_SKEW:
            finding = Finding("failed", "not_yet_valid", f"valid from {format_instant(begin)}")
        elif until is not None and until < self._at:
            finding = Finding("failed", "expired", f"was valid until {format_instant(until)}")
        elif proof_until is not None and proof_until < self._at:
            finding = Finding("failed", "proof_expired", "its proof was for a shorter time")
        else:
            finding = Finding("passed", "within_period", "within its period of validity")
        return finding, issued

    def _proof_expires(self) -> datetime | None:
        header = self._header
        if header.get("typ") != DATA_INTEGRITY or header.get("expires") is None:
            return None
        return parse_instant(header["expires"], "proof.expires")

    def _issued_at(self) -> datetime | None:
        return _instant(self._members, "validFrom", "nbf") or numeric_date(self._members, "iat")


def _unless_failed(earlier: Sequence[Finding], step: Callable[[], Finding]) -> Finding:
    return NOT_REACHED if any(finding.outcome == "failed" for finding in earlier) else step()


def _accepted_types(form: Form, *, in_scope: bool) -> frozenset[str]:
    if form == "sd_jwt":
        return _SD_JWT_TYPES
    if form == "embedded":
        return frozenset({DATA_INTEGRITY})
    return _JWT_TYPES if in_scope else _JWT_TYPES | {STATUS_LIST_JWT}


def _stricter(found: VerificationKey, trusted: VerificationKey) -> VerificationKey:
    """The key under the earlier end that its owner and the trust list state."""
    # A compromise is described by one of them as a whole: the trust list's word goes first.
    revocation = trusted if trusted.revoked is not None else found
    return VerificationKey(
        found.id,
        found.key,
        min(filter(None, (found.expires, trusted.expires)), default=None),
        revocation.revoked,
        revocation.revoked_from_log_index,
        revocation.revoked_in_log,
    )


def _bounds(members: Mapping[str, JsonValue], member: str, claim: str) -> list[datetime]:
    """A bound of the period, stated as a VCDM instant, as a JWT claim, or both."""
    value = members.get(member)
    stated = [None if value is None else parse_instant(value, member), numeric_date(members, claim)]
    return [bound for bound in stated if bound is not None]


def _instant(members: Mapping[str, JsonValue], member: str, claim: str) -> datetime | None:
    """A VCDM instant; where there is none, the JWT claim that says the same."""
    value = members.get(member)
    return numeric_date(members, claim) if value is None else parse_instant(value, member)
