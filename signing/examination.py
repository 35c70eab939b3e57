"""The steps of a verification that are the same for every credential: 1 to 7.

Each method is one numbered step of `signing.report.STEPS` and returns its finding. The steps hand
on what they found: the parsed payload, the candidate keys, and in the end the key that signed.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from signing.canonical import JsonValue
from signing.credentials import VC_JWT, DecodedCredential, decode, issuer_of, subjects_of, types_of
from signing.data_integrity import DATA_INTEGRITY, decode_secured
from signing.did_web import VerificationKey
from signing.errors import InvalidSignatureError, MalformedDocumentError
from signing.evidence import Evidence
from signing.instants import format_instant, numeric_date, parse_instant
from signing.jws import SIGNATURE_BYTES, refused_header
from signing.keys.verifying_key import KEY_TYPE_OF_ALGORITHM
from signing.log_check import Inclusion, check_inclusion, logged_before
from signing.report import Finding
from signing.selective_disclosure import SD_JWT, decode_presentation
from signing.status_list import STATUS_LIST_JWT
from signing.trust import TrustEntry

# VC-JOSE-COSE section 3.1.1, and what earlier drafts of it called the same thing; UNTP's published
# samples still do.
_VCDM_TYPES: Final = frozenset({VC_JWT, "vc-ld+jwt", "vc+ld+jwt", DATA_INTEGRITY})
# SD-JWT VC section 2.2.1, and what its drafts up to 05 called the same thing.
_SD_JWT_TYPES: Final = frozenset({SD_JWT, "vc+sd-jwt"})
_CONTEXT: Final = "https://www.w3.org/ns/credentials/v2"  # VCDM 2.0 section 4.3: always the first
# Clocks differ; a credential that was issued a moment ago is not from the future.
_CLOCK_SKEW: Final = timedelta(minutes=5)


class Examination:
    """One credential on its way through steps 1 to 7.

    Attributes:
        evidence: What is at hand.
        findings: What the steps made so far have found.
        is_stopped: A step failed without which the later ones cannot be made.
        payload: The parsed credential after step 1; believed only after step 6.
        issuer: Who claims to have issued it, after step 2.
        signing_key: The key that signed it, after step 6.
    """

    def __init__(
        self, credential: bytes, evidence: Evidence, at: datetime, *, in_scope: bool = True
    ) -> None:
        """Begin.

        Args:
            credential: As it was received.
            evidence: What is at hand.
            at: The instant for which validity is judged.
            in_scope: Whether type and time must be within the issuer's scope and trust; not for an
                issuer's list of the status of what it issued.
        """
        self._in_scope = in_scope
        self._credential = credential
        self.evidence = evidence
        self._at = at
        self._decoded: DecodedCredential
        self._candidates: tuple[VerificationKey, ...] = ()
        self._is_sd_jwt = False
        self._types: tuple[str, ...] = ()
        self._inclusion: Inclusion | None = None
        self.findings: list[Finding] = []
        self.is_stopped = False
        self.payload: Mapping[str, JsonValue] = {}
        self.issuer = ""
        self.entry: TrustEntry | None = None
        self.signing_key: VerificationKey | None = None

    def parse(self) -> Finding:
        """Step 1: a compact JWS or SD-JWT in exact base64url around strict JSON, or JSON with one proof."""
        data = self._credential
        self._is_sd_jwt = b"~" in data and not data.startswith(b"{")
        try:
            self._decoded = _read(data, is_sd_jwt=self._is_sd_jwt)
        except MalformedDocumentError as error:
            return Finding("failed", error.reason, str(error))
        self.payload = self._decoded.payload
        return Finding("passed", "parsed", "strict JSON with one signature")

    def format(self) -> Finding:
        """Step 2: a Verifiable Credential 2.0, enveloped or with a proof, or an SD-JWT VC."""
        typ, payload = str(self._decoded.header.get("typ")), self.payload
        if typ not in self._accepted_types():
            return Finding("failed", "typ_unknown", "typ is not that of a credential in this form")
        if typ in _VCDM_TYPES:
            self.issuer = issuer_of(payload) or ""
            return self._format_vcdm()
        issuer = payload.get("iss")
        self.issuer = issuer if isinstance(issuer, str) else ""
        if not self.issuer:
            return Finding("failed", "issuer_missing", "names no issuer")
        if typ == STATUS_LIST_JWT:
            return Finding("passed", "token_status_list", "Token Status List")
        vct = payload.get("vct")
        if not isinstance(vct, str):
            return Finding("failed", "not_a_credential", "vct is missing")
        self._types = (vct,)
        return Finding("passed", "sd_jwt_vc", "SD-JWT VC")

    def _accepted_types(self) -> frozenset[str]:
        if self._is_sd_jwt:
            return _SD_JWT_TYPES
        return _VCDM_TYPES if self._in_scope else _VCDM_TYPES | {STATUS_LIST_JWT}

    def _format_vcdm(self) -> Finding:
        if self._decoded.header.get("cty", "vc") != "vc":
            return Finding("failed", "cty_unknown", "cty is not vc")
        contexts = self.payload.get("@context")
        if not isinstance(contexts, list) or not contexts or contexts[0] != _CONTEXT:
            return Finding("failed", "not_vcdm_2", f"@context does not begin with {_CONTEXT}")
        self._types = types_of(self.payload)
        if "VerifiableCredential" not in self._types or not subjects_of(self.payload):
            return Finding("failed", "not_a_credential", "type or credentialSubject is missing")
        if not self.issuer:
            return Finding("failed", "issuer_missing", "names no issuer")
        return Finding("passed", "vcdm_2", "Verifiable Credential 2.0")

    def algorithm(self) -> Finding:
        """Step 3: an allowed algorithm, and no header by which the sender would choose the key."""
        reason = refused_header(self._decoded.header, self.evidence.allowed_algorithms)
        if reason == "algorithm_not_allowed":
            return Finding("failed", reason, "alg is not one of those allowed")
        if reason is not None:
            return Finding("failed", reason, "the header would choose its own key or rules")
        if len(self._decoded.signature) != SIGNATURE_BYTES:
            return Finding("failed", "signature_length", "the signature has not 64 bytes")
        return Finding("passed", "algorithm_allowed", str(self._decoded.header["alg"]))

    def issuer_found(self) -> Finding:
        """Step 4: keys of the issuer named in the payload, of the type that the algorithm needs."""
        header = self._decoded.header
        claims = header.get("iss"), self.payload.get("iss")
        if any(claim not in (None, self.issuer) for claim in claims):
            return Finding("failed", "issuer_contradicted", "iss is not the credential's issuer")
        self.entry = self.evidence.entry_for(self.issuer, self.evidence.role)
        keys = self.evidence.keys_of(self.issuer)
        if isinstance(keys, MalformedDocumentError):
            return Finding("failed", keys.reason, f"DID document: {keys}")
        if keys is None:
            # Offline, a trust list that names the keys is enough.
            keys = self._keys_of_trust_list()
            if not keys:
                return Finding("not_checked", "did_document_missing", f"no keys of {self.issuer}")
        return self._choose(keys)

    def _keys_of_trust_list(self) -> tuple[VerificationKey, ...]:
        return tuple(
            replace(key, id=f"{self.issuer}#{key.id}")
            for key in (self.entry.keys if self.entry else ())
        )

    def _choose(self, keys: tuple[VerificationKey, ...]) -> Finding:
        """The key that the kid names; without a kid, which some omit, all of the right type."""
        kid = self._decoded.header.get("kid")
        if kid is not None:
            keys = tuple(key for key in keys if key.id == kid)
            if not keys:
                return Finding("failed", "key_not_found", "kid is not a key of the issuer")
        wanted = KEY_TYPE_OF_ALGORITHM[str(self._decoded.header["alg"])]
        once = {key.key.thumbprint: key for key in reversed(keys) if key.key.key_type == wanted}
        if not once:
            return Finding("failed", "key_type_mismatch", "the key is not for this algorithm")
        self._candidates = tuple(once.values())
        return Finding("passed", "keys_found", f"{len(once)} key(s) of {self.issuer}")

    def issuer_trusted(self) -> Finding:
        """Step 5: the trust list knows the issuer in this role, scope and time, with this key."""
        trust_list, entry = self.evidence.trust_list, self.entry
        if trust_list is None:
            return Finding("not_checked", "no_trust_list", "no trust list says who issuers are")
        if entry is None:
            return Finding("failed", "issuer_not_trusted", f"the trust list has no {self.issuer}")
        if self._in_scope and not entry.allows_type(self._types):
            return Finding("failed", "type_out_of_scope", f"{self.issuer} may not issue this type")
        if entry.keys:
            trusted = {key.key.thumbprint: key for key in entry.keys}
            self._candidates = tuple(
                _stricter(key, trusted[key.key.thumbprint])
                for key in self._candidates
                if key.key.thumbprint in trusted
            )
            if not self._candidates:
                return Finding("failed", "key_not_trusted", "the trust list has not this key")
        if not self._in_scope:
            # Who is no longer trusted may still revoke what was issued before.
            return Finding("passed", "issuer_trusted", f"{self.issuer} is in the trust list")
        return self._within_trust(entry)

    def _within_trust(self, entry: TrustEntry) -> Finding:
        try:
            issued = self._issued_at() or self._at
        except MalformedDocumentError as error:
            return Finding("failed", error.reason, str(error))
        if not entry.holds_at(issued):
            return Finding("failed", "trust_not_at_issue", "not trusted when this was issued")
        if not entry.holds_at(self._at):
            return Finding("warning", "trust_ended", "trusted when issued, but no longer")
        trust_list = self.evidence.trust_list
        if trust_list is not None and trust_list.valid_until < self._at:
            until = format_instant(trust_list.valid_until)
            return Finding("warning", "trust_list_stale", f"the trust list was good until {until}")
        name = entry.names[0] if entry.names else self.issuer
        return Finding("passed", "issuer_trusted", f"{name} is trusted as {entry.role}")

    def signature(self) -> Finding:
        """Step 6: one of the candidate keys made the signature over exactly these bytes."""
        for candidate in self._candidates:
            try:
                candidate.key.verify(self._decoded.signature, self._decoded.signing_input)
            except InvalidSignatureError:
                continue
            if candidate.revoked is not None and not self._was_logged_in_time(candidate):
                revoked = format_instant(candidate.revoked)
                return Finding("failed", "key_revoked", f"its key is compromised since {revoked}")
            self.signing_key = candidate
            return Finding("passed", "signature_valid", f"signed by key {candidate.key.thumbprint}")
        if not self._candidates:
            return Finding("not_checked", "no_trusted_key", "there is no trusted key to check with")
        return Finding("failed", "signature_invalid", "the signature does not fit these bytes")

    def _was_logged_in_time(self, key: VerificationKey) -> bool:
        """A compromised key's signature counts where the log shows that it is older."""
        origin, index = key.revoked_in_log, key.revoked_from_log_index
        return logged_before(self.inclusion(), origin, index, self.evidence)

    def inclusion(self) -> Inclusion:
        """What the log proof shows, for step 12 and for keys that were compromised later."""
        if self._inclusion is None:
            # The proof is about the credential and never about a status list.
            proof = self.evidence.log_proof if self._in_scope else None
            self._inclusion = check_inclusion(self._credential, proof, self.evidence)
        return self._inclusion

    def validity(self) -> Finding:
        """Step 7: the instant lies within the credential's period, and the key was in use."""
        try:
            issued = self._issued_at()
            until = _instant(self.payload, "validUntil", "exp")
            proof_until = self._proof_expires()
        except MalformedDocumentError as error:
            return Finding("failed", error.reason, str(error))
        if issued is not None and issued > self._at + _CLOCK_SKEW:
            return Finding("failed", "not_yet_valid", f"valid from {format_instant(issued)}")
        if until is not None and until < self._at:
            return Finding("failed", "expired", f"was valid until {format_instant(until)}")
        if proof_until is not None and proof_until < self._at:
            return Finding("failed", "proof_expired", "its proof was for a shorter time")
        if not self.key_was_in_use(issued):
            return Finding("failed", "key_retired", "issued after its key was retired")
        return Finding("passed", "within_period", "within its period of validity")

    def key_was_in_use(self, issued: datetime | None) -> bool:
        """Whether the key that signed had not been retired at the instant of issue."""
        expires = self.signing_key.expires if self.signing_key else None
        return expires is None or (issued is not None and issued <= expires)

    def _proof_expires(self) -> datetime | None:
        header = self._decoded.header
        if header.get("typ") != DATA_INTEGRITY or header.get("expires") is None:
            return None
        return parse_instant(header["expires"], "proof.expires")

    def _issued_at(self) -> datetime | None:
        return _instant(self.payload, "validFrom", "nbf") or numeric_date(self.payload, "iat")


def _read(data: bytes, *, is_sd_jwt: bool) -> DecodedCredential:
    if is_sd_jwt:
        return decode_presentation(data)
    return decode_secured(data) if data.startswith(b"{") else decode(data)


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


def _instant(payload: Mapping[str, JsonValue], member: str, claim: str) -> datetime | None:
    """A VCDM instant; where there is none, the JWT claim that says the same."""
    value = payload.get(member)
    return numeric_date(payload, claim) if value is None else parse_instant(value, member)
