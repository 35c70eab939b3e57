"""Credentials with an embedded proof (W3C Data Integrity 1.0), for ``Accept: application/vc``."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from signing import multibase
from signing.canonical import JsonValue, canonicalize, parse_strict
from signing.credentials import DecodedCredential
from signing.cryptosuites import CRYPTOSUITES, JcsSuite
from signing.errors import KeyUnavailableError, MalformedDocumentError
from signing.instants import format_instant
from signing.keys.signing_key import SigningKey
from signing.keys.verifying_key import from_jwk

# What `decode_secured` states as the type of the header that it makes up from a proof.
DATA_INTEGRITY: Final = "data-integrity"


def add_proof(
    document: Mapping[str, JsonValue], key: SigningKey, issuer_did: str, created: datetime
) -> dict[str, JsonValue]:
    """The document with a proof: ``ecdsa-jcs-2019`` for P-256 keys, ``eddsa-jcs-2022`` for Ed25519.

    Args:
        document: The credential, without a proof.
        key: The issuer's key; the proof names its Multikey in the issuer's DID document.
        issuer_did: The issuer.
        created: When the proof is made.

    Raises:
        KeyUnavailableError: The key cannot be used, or no cryptosuite signs with its algorithm.
        MalformedDocumentError: The document has a proof already, or no canonical form.
    """
    suite = next((s for s in CRYPTOSUITES.values() if s.algorithm == key.algorithm), None)
    if suite is None:
        raise KeyUnavailableError(key.kid, "wrong_algorithm", "use an ES256 or Ed25519 key")
    method = f"{issuer_did}#{from_jwk(key.public_jwk).multikey}"
    return _with_proof(document, suite, key, method, format_instant(created))


def _with_proof(
    document: Mapping[str, JsonValue], suite: JcsSuite, key: SigningKey, method: str, created: str
) -> dict[str, JsonValue]:
    if "proof" in document:
        raise MalformedDocumentError("proof_exists", "has a proof already", field="proof")
    proof: dict[str, JsonValue] = {
        "type": "DataIntegrityProof",
        "cryptosuite": suite.name,
        "created": created,
        "verificationMethod": method,
        "proofPurpose": "assertionMethod",
    }
    if "@context" in document:
        proof["@context"] = document["@context"]
    hash_data = suite.hash(suite.transform(document), suite.configure(proof))
    value = multibase.encode_base58btc(key.sign(hash_data))
    return {**document, "proof": {**proof, "proofValue": value}}


def decode_secured(data: bytes) -> DecodedCredential:
    """Take a credential with an embedded proof apart **without verifying it**.

    The header of the result is made up from the proof: its ``alg`` is the cryptosuite's, its
    ``kid`` the verification method. So all later steps are the same as for a vc+jwt.

    Raises:
        MalformedDocumentError: Not strict JSON, or not with exactly one proof of a known suite.
    """
    secured = parse_strict(data)
    proof = secured.get("proof") if isinstance(secured, dict) else None
    if not isinstance(secured, dict) or not isinstance(proof, dict):
        raise MalformedDocumentError("proof_missing", "there is not one proof", field="proof")
    suite = CRYPTOSUITES.get(str(proof.get("cryptosuite")))
    if proof.get("type") != "DataIntegrityProof" or suite is None:
        raise MalformedDocumentError("cryptosuite_unknown", "not a known suite", field="proof")
    if proof.get("proofPurpose") != "assertionMethod":
        raise MalformedDocumentError("proof_purpose", "not an assertion", field="proofPurpose")
    unsecured = {member: value for member, value in secured.items() if member != "proof"}
    _check_context(unsecured, proof)
    hash_data = suite.hash(suite.transform(unsecured), suite.configure(proof))
    header: dict[str, JsonValue] = {
        "alg": suite.jws_algorithm,
        "typ": DATA_INTEGRITY,
        "kid": str(proof.get("verificationMethod")),
        "created": proof.get("created"),
        "expires": proof.get("expires"),
    }
    signature = multibase.decode_base58btc(proof.get("proofValue"), "proofValue")
    return DecodedCredential(header, unsecured, data, hash_data, signature, canonicalize(header))


def _check_context(document: Mapping[str, JsonValue], proof: Mapping[str, JsonValue]) -> None:
    """Proof verification (3.3.2), steps 3 and 4: the document begins with the proof's contexts.

    Stricter here: the two are the same, as in everything that is issued.
    """
    if proof.get("@context", document.get("@context")) != document.get("@context"):
        raise MalformedDocumentError("proof_context", "of another @context", field="proof")
