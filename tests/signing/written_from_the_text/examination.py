"""README, section 7: steps 1 to 6, over a credential or a status list."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from tests.signing.written_from_the_text.chain import first_key, vouched
from tests.signing.written_from_the_text.encodings import RefusedError, instant, numeric_date
from tests.signing.written_from_the_text.forms import Parsed, parse
from tests.signing.written_from_the_text.keys import (
    FORBIDDEN,
    Entry,
    Key,
    TrustList,
    did_keys,
    stricter,
)
from tests.signing.written_from_the_text.log import LOG, note_keys, place_of

STEPS = (
    "parse", "format", "algorithm", "issuer_found", "issuer_trusted", "signature", "validity",
    "schema", "identifier", "version", "status", "log_inclusion", "factory_certificate",
    "footprint_study",
)  # fmt: skip
CONTEXT = "https://www.w3.org/ns/credentials/v2"

Result = tuple[str, str]


@dataclass(frozen=True)
class Evidence:
    """What a verifier brings."""

    now: datetime
    trust: TrustList | None = None
    did_documents: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    status_lists: Mapping[str, bytes] = field(default_factory=dict)
    log_proof: bytes | None = None
    link: str | None = None
    role: str = "manufacturer"


def attempt(step: Callable[[], Result]) -> Result:
    try:
        return step()
    except RefusedError as refused:
        return refused.outcome, refused.reason


class Examination:
    """One credential, or one status list, on its way through the steps."""

    def __init__(self, data: bytes, evidence: Evidence, *, is_list: bool = False) -> None:
        self._data = data
        self.evidence = evidence
        self._is_list = is_list
        self.log_keys = note_keys(evidence.trust)
        self._found: list[Key] = []
        self.parsed: Parsed
        self.issuer = ""
        self.entry: Entry | None = None
        self.key: Key | None = None

    def first_six(self) -> dict[str, Result]:
        results: dict[str, Result] = {}
        for step in STEPS[:4]:
            results[step] = attempt(getattr(self, "_" + step))
            if results[step][0] == "failed":
                return results
        for step in STEPS[4:6]:
            results[step] = attempt(getattr(self, "_" + step))
        return results

    def _parse(self) -> Result:
        self.parsed = parse(self._data)
        return "passed", "parsed"

    def _format(self) -> Result:
        header, payload = self.parsed.header, self.parsed.payload
        typ = str(header.get("typ"))
        is_token = self._is_list and typ == "statuslist+jwt" and self.parsed.form == "vc+jwt"
        if self.parsed.form == "sd-jwt" or is_token:
            if not is_token and typ not in {"dc+sd-jwt", "vc+sd-jwt"}:
                raise RefusedError("typ_unknown")
            self._name_issuer(payload.get("iss"))
            if not is_token and not isinstance(payload.get("vct"), str):
                raise RefusedError("not_a_credential")
            return "passed", "token_status_list" if is_token else "sd_jwt_vc"
        if typ not in {"vc+jwt", "vc-ld+jwt", "vc+ld+jwt"}:
            raise RefusedError("typ_unknown")
        if header.get("cty", "vc") != "vc":
            raise RefusedError("cty_unknown")
        contexts = payload.get("@context")
        if not isinstance(contexts, list) or contexts[:1] != [CONTEXT]:
            raise RefusedError("not_vcdm_2")
        if self.parsed.form == "vc+jwt" and {"vc", "vp"} & set(payload):
            raise RefusedError("not_vcdm_2")
        if "VerifiableCredential" not in self.types() or not self.subjects():
            raise RefusedError("not_a_credential")
        issuer = payload.get("issuer")
        self._name_issuer(issuer.get("id") if isinstance(issuer, dict) else issuer)
        return "passed", "vcdm_2"

    def _name_issuer(self, issuer: object) -> None:
        if not isinstance(issuer, str) or not issuer:
            raise RefusedError("issuer_missing")
        self.issuer = issuer

    def types(self) -> list[Any]:
        name = "vct" if self.parsed.form == "sd-jwt" else "type"
        types = self.parsed.payload.get(name)
        return types if isinstance(types, list) else [types]

    def subjects(self) -> list[dict[str, Any]]:
        subject = self.parsed.payload.get("credentialSubject")
        several = subject if isinstance(subject, list) else [subject]
        return [item for item in several if isinstance(item, dict)]

    def _algorithm(self) -> Result:
        if self.parsed.header.get("alg") not in ("ES256", "EdDSA", "Ed25519"):
            raise RefusedError("algorithm_not_allowed")
        if FORBIDDEN & set(self.parsed.header):
            raise RefusedError("header_not_allowed")
        if len(self.parsed.signature) != 64:
            raise RefusedError("signature_length")
        return "passed", "algorithm_allowed"

    def _issuer_found(self) -> Result:
        header, evidence = self.parsed.header, self.evidence
        claims = (header.get("iss"), self.parsed.payload.get("iss"))
        if any(claim not in (None, self.issuer) for claim in claims):
            raise RefusedError("issuer_contradicted")
        self.entry = evidence.trust.entry(self.issuer, evidence.role) if evidence.trust else None
        document, kid = evidence.did_documents.get(self.issuer), header.get("kid")
        if document is not None:
            keys = did_keys(document, self.issuer)
        else:
            keys = [*self.entry.keys, *self._key_of_chain(self.entry)] if self.entry else []
            if not keys:
                return "not_checked", "did_document_missing"
        if kid is not None:
            keys = [key for key in keys if key.id == kid]
            if not keys:
                raise RefusedError("key_not_found")
        self._found = [key for key in keys if key.signs_with(header["alg"])]
        if not self._found:
            raise RefusedError("key_type_mismatch")
        return "passed", "keys_found"

    def _key_of_chain(self, entry: Entry) -> list[Key]:
        public = first_key(self.parsed.header.get("x5c")) if entry.anchors else None
        if public is None:
            return []
        key = Key("P-256", public)
        return [replace(key, id=f"{self.issuer}#{key.thumbprint}")]

    def issued(self) -> datetime | None:
        payload = self.parsed.payload
        if payload.get("validFrom") is not None:
            return instant(payload["validFrom"])
        dates = [payload[name] for name in ("nbf", "iat") if payload.get(name) is not None]
        return numeric_date(dates[0]) if dates else None

    def bounds(self, member: str, claim: str) -> list[datetime]:
        payload = self.parsed.payload
        found = [] if payload.get(member) is None else [instant(payload[member])]
        return found if payload.get(claim) is None else [*found, numeric_date(payload[claim])]

    def begin(self) -> datetime | None:
        issued = self.issued()
        return max([*self.bounds("validFrom", "nbf"), *filter(None, [issued])], default=None)

    def end(self) -> datetime | None:
        return min(self.bounds("validUntil", "exp"), default=None)

    def _issuer_trusted(self) -> Result:
        entry, trust, now = self.entry, self.evidence.trust, self.evidence.now
        if trust is None:
            return "not_checked", "no_trust_list"
        if entry is None:
            raise RefusedError("issuer_not_trusted")
        if entry.scope and not self._is_list and not set(entry.scope) & set(map(str, self.types())):
            raise RefusedError("type_out_of_scope")
        if entry.keys or entry.anchors:
            self._found = [*filter(None, (self._trusted(key, entry) for key in self._found))]
            if not self._found:
                raise RefusedError("key_not_trusted")
        if self._is_list:
            return "passed", "issuer_trusted"
        if not entry.holds_at(self.issued() or now):
            raise RefusedError("trust_not_at_issue")
        if not entry.holds_at(now):
            return "warning", "trust_ended"
        return ("warning", "trust_list_stale") if trust.end < now else ("passed", "issuer_trusted")

    def _trusted(self, key: Key, entry: Entry) -> Key | None:
        listed = [known for known in entry.keys if known.thumbprint == key.thumbprint]
        if listed:
            return stricter(key, listed[-1])
        try:
            issued = self.issued() or self.evidence.now
        except RefusedError:  # at no time does anybody vouch for it
            return None
        x5c = self.parsed.header.get("x5c")
        return key if vouched(x5c, key.public, entry.anchors, issued) else None

    def _signature(self) -> Result:
        if not self._found:
            return "not_checked", "no_trusted_key"
        parsed = self.parsed
        fits = (key for key in self._found if key.verifies(parsed.signature, parsed.message))
        key = next(fits, None)
        if key is None:
            raise RefusedError("signature_invalid")
        if key.revoked and not self._is_older(key):
            raise RefusedError("key_revoked")
        self.key = key
        return "passed", "signature_valid"

    def _is_older(self, key: Key) -> bool:
        proof = self.evidence.log_proof
        if self._is_list or proof is None or key.index is None:
            return False
        try:
            place = place_of(self.parsed.leaf, proof, self.log_keys)
        except RefusedError:
            return False
        logs = {log.name for log in self.log_keys if log.kind == LOG}
        is_that_log = len(logs) == 1 if key.log is None else key.log == place.origin
        return is_that_log and place.leaf < key.index

    def was_in_use(self, issued: datetime | None) -> bool:
        end = self.key.expires if self.key else None
        return end is None or (issued is not None and issued <= end)
