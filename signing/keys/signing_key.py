"""The one interface through which everything here is signed, wherever the private key lives."""

from typing import Literal, Protocol, TypeAlias, runtime_checkable

# ES256 signs credentials (ECDSA, P-256, SHA-256: RFC 7518 section 3.4). The others sign
# checkpoints of the log: Ed25519 (RFC 8032) and, against quantum computers, ML-DSA-44 (FIPS 204).
Algorithm: TypeAlias = Literal["ES256", "Ed25519", "ML-DSA-44"]


class SigningKey(Protocol):
    """A private key that can be used but not seen."""

    @property
    def kid(self) -> str:
        """RFC 7638 thumbprint (SHA-256) of the public key, base64url."""

    @property
    def algorithm(self) -> Algorithm:
        """The one algorithm this key signs with."""

    @property
    def public_jwk(self) -> dict[str, str]:
        """The public key as a JSON Web Key (RFC 7517)."""

    def sign(self, data: bytes) -> bytes:
        """Sign data.

        Returns:
            For ES256 the 64 bytes r || s (RFC 7518 section 3.4), for Ed25519 64 bytes, for
            ML-DSA-44 2,420 bytes.

        Raises:
            KeyUnavailableError: The key, or the device which holds it, cannot be used now.
        """


@runtime_checkable
class SealingKey(Protocol):
    """What a key for which somebody vouches by certificates has in addition."""

    @property
    def certificate_chain(self) -> tuple[str, ...]:
        """Base64 DER certificates for ``x5c`` (RFC 7515 section 4.1.6), the key's own first."""
