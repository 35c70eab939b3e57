"""The procedure that the two JCS cryptosuites share; only key and signature differ.

The steps are those of W3C Data Integrity ECDSA Cryptosuites 1.0 section 3.3 and EdDSA Cryptosuites
1.0 section 3.3, which say the same in the same order: transformation, proof configuration,
hashing, proof serialisation. Each is a function of its own, so that each can be held against the
published vectors.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from signing.canonical import JsonValue, canonicalize
from signing.keys.signing_key import Algorithm
from signing.keys.verifying_key import KeyType


@dataclass(frozen=True, slots=True)
class JcsSuite:
    """A cryptosuite over canonical JSON.

    Attributes:
        name: Its identifier in proofs.
        algorithm: The algorithm of the signing key.
        jws_algorithm: The algorithm's name in the allow list of verifiers.
        key_type: The type of key that verifies.
    """

    name: Literal["ecdsa-jcs-2019", "eddsa-jcs-2022"]
    algorithm: Algorithm
    jws_algorithm: str
    key_type: KeyType

    def transform(self, unsecured_document: Mapping[str, JsonValue]) -> bytes:
        """Transformation (3.3.3): the canonical document."""
        return canonicalize(dict(unsecured_document))

    def configure(self, proof_options: Mapping[str, JsonValue]) -> bytes:
        """Proof configuration (3.3.5): the canonical options, with the document's @context."""
        return canonicalize({k: v for k, v in proof_options.items() if k != "proofValue"})

    def hash(self, transformed: bytes, configuration: bytes) -> bytes:
        """Hashing (3.3.4): the hash of the configuration, then that of the document; 64 bytes."""
        return hashlib.sha256(configuration).digest() + hashlib.sha256(transformed).digest()
