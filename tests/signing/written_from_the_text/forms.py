"""README, section 2: the three forms of a credential, taken apart; nothing is believed yet."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from tests.signing.written_from_the_text.encodings import (
    KIB,
    RefusedError,
    base64url,
    canonical,
    multibase,
    strict_json,
    strict_object,
    to_base64url,
)

SUITES = {"ecdsa-jcs-2019": "ES256", "eddsa-jcs-2022": "EdDSA"}
RESERVED = ("_sd", "_sd_alg", "...")
ALWAYS_SHOWN = {"iss", "nbf", "exp", "iat", "cnf", "vct", "status"}


@dataclass
class Parsed:
    """A credential after step 1."""

    form: str
    header: dict[str, Any]
    payload: dict[str, Any]
    signature: bytes
    message: bytes
    leaf: bytes
    proof: dict[str, Any] = field(default_factory=dict)


def parse(data: bytes) -> Parsed:
    if data.startswith(b"{"):
        return _embedded(data)
    return _sd_jwt(data) if b"~" in data else _jws(data, "vc+jwt")


def _jws(data: bytes, form: str) -> Parsed:
    if len(data) > 382_293:
        raise RefusedError("too_large")
    parts = data.decode("latin-1").split(".")
    if len(parts) != 3:
        raise RefusedError("not_compact_jws")
    if len(parts[0]) > 16 * KIB:
        raise RefusedError("too_large")
    return Parsed(
        form,
        strict_object(base64url(parts[0])),
        strict_object(base64url(parts[1])),
        base64url(parts[2]),
        data.rpartition(b".")[0],
        hashlib.sha256(data).digest(),
    )


def _sha256_of(value: Any) -> bytes:
    return hashlib.sha256(canonical(value).encode()).digest()


def _embedded(data: bytes) -> Parsed:
    document = strict_object(data)
    proof = document.pop("proof", None)
    if not isinstance(proof, dict):
        raise RefusedError("proof_missing")
    suite = SUITES.get(str(proof.get("cryptosuite")))
    if proof.get("type") != "DataIntegrityProof" or suite is None:
        raise RefusedError("cryptosuite_unknown")
    if proof.get("proofPurpose") != "assertionMethod":
        raise RefusedError("proof_purpose")
    if "@context" in proof and proof["@context"] != document.get("@context"):
        raise RefusedError("proof_context")
    bare = {name: value for name, value in proof.items() if name != "proofValue"}
    signature = multibase(proof.get("proofValue"), "z")
    method = proof.get("verificationMethod")
    # Step 4 finds no key under an empty name.
    header = {"alg": suite, "kid": method if isinstance(method, str) else "", "typ": "vc+jwt"}
    signed = _sha256_of(bare) + _sha256_of(document)
    leaf = hashlib.sha256(data).digest()
    return Parsed("embedded", header, document, signature, signed, leaf, proof)


def _sd_jwt(data: bytes) -> Parsed:
    if len(data) > KIB * KIB:
        raise RefusedError("too_large")
    first, *texts, end = data.decode("latin-1").split("~")
    if end:
        raise RefusedError("key_binding_unexpected")
    parsed = _jws(first.encode("latin-1"), "sd-jwt")
    if parsed.payload.pop("_sd_alg", "sha-256") != "sha-256":
        raise RefusedError("hash_unknown")
    disclosures = _Disclosures(texts)
    signed = set(parsed.payload)
    parsed.payload = disclosures.within(parsed.payload, 1)
    if not disclosures.seen >= set(disclosures.texts):
        raise RefusedError("disclosure_unreferenced")
    if ALWAYS_SHOWN & set(parsed.payload) - signed:
        raise RefusedError("claim_reserved")
    return parsed


class _Disclosures:
    def __init__(self, texts: list[str]) -> None:
        if len(texts) > 2048:
            raise RefusedError("too_large")
        digests = [hashlib.sha256(text.encode("latin-1")).digest() for text in texts]
        self.texts = dict(zip(map(to_base64url, digests), texts, strict=True))
        if len(self.texts) < len(texts):
            raise RefusedError("disclosure_twice")
        self.seen: set[str] = set()

    def _take(self, digest: object, members: int) -> list[Any] | None:
        if not isinstance(digest, str) or digest in self.seen:
            raise RefusedError("digest_twice")
        self.seen.add(digest)
        if digest not in self.texts:
            return None
        content = strict_json(base64url(self.texts[digest]))
        if not isinstance(content, list) or len(content) != members:
            raise RefusedError("disclosure_malformed")
        if not isinstance(content[0], str):
            raise RefusedError("disclosure_malformed")
        return content

    def within(self, value: Any, depth: int) -> Any:
        """The value with its disclosures in place."""
        if depth > 32:
            raise RefusedError("too_deep")
        if isinstance(value, list):
            return self._within_array(value, depth)
        return self._within_object(value, depth) if isinstance(value, dict) else value

    def _within_array(self, items: list[Any], depth: int) -> list[Any]:
        shown = []
        for item in items:
            if isinstance(item, dict) and set(item) == {"..."}:
                content = self._take(item["..."], 2)
                if content is not None:
                    shown.append(self.within(content[1], depth + 1))
            else:
                shown.append(self.within(item, depth + 1))
        return shown

    def _within_object(self, members: dict[str, Any], depth: int) -> dict[str, Any]:
        if "..." in members or "_sd_alg" in members:
            raise RefusedError("claim_reserved")
        shown = {k: self.within(v, depth + 1) for k, v in members.items() if k != "_sd"}
        digests = members.get("_sd", [])
        if not isinstance(digests, list):
            raise RefusedError("digests_malformed")
        for digest in digests:
            content = self._take(digest, 3)
            if content is None:
                continue
            name = content[1]
            if not isinstance(name, str) or name in RESERVED or name in shown:
                raise RefusedError("claim_collision")
            shown[name] = self.within(content[2], depth + 1)
        return shown
