"""Private keys in the memory of this process."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    derive_private_key,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from signing.keys.jwk import (
    ed25519_jwk,
    mldsa44_jwk,
    p256_jwk,
    thumbprint,
)
from signing.keys.signing_key import Algorithm

# RFC 6979: the nonce comes from the key and the message, so a weak random source cannot leak the
# key, and the same bytes get the same signature.
_ES256: Final = ECDSA(SHA256(), deterministic_signing=True)
# The order of P-256 (SEC 2, section 2.4.2): private keys are 1 ... order - 1.
_P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class _SoftwareKey:
    """What the three kinds of key have in common."""

    def __init__(
        self, algorithm: Algorithm, public_jwk: dict[str, str], secret: Callable[[], bytes]
    ) -> None:
        self._algorithm = algorithm
        self._public_jwk = public_jwk
        self._kid = thumbprint(public_jwk)
        self._secret = secret

    @property
    def kid(self) -> str:
        """RFC 7638 thumbprint of the public key."""
        return self._kid

    @property
    def algorithm(self) -> Algorithm:
        """The one algorithm this key signs with."""
        return self._algorithm

    @property
    def public_jwk(self) -> dict[str, str]:
        """The public key as a JSON Web Key."""
        return dict(self._public_jwk)

    def secret_bytes(self) -> bytes:
        """The 32 bytes from which the key can be made again; for a back-end to encrypt."""
        return self._secret()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._kid}>"


class P256Key(_SoftwareKey):
    """ES256: ECDSA on P-256 with SHA-256, deterministic (RFC 6979)."""

    def __init__(self, private_key: EllipticCurvePrivateKey) -> None:
        super().__init__(
            "ES256",
            p256_jwk(private_key.public_key()),
            lambda: private_key.private_numbers().private_value.to_bytes(32),
        )
        self._sign = private_key.sign

    @classmethod
    def generate(cls) -> "P256Key":
        """A new key."""
        return cls(generate_private_key(SECP256R1()))

    @classmethod
    def from_secret(cls, secret: bytes) -> "P256Key":
        """The key with this private value.

        Raises:
            ValueError: Not a private value of P-256.
        """
        value = int.from_bytes(secret)
        if len(secret) != 32 or not 0 < value < _P256_ORDER:  # noqa: PLR2004 - bytes of P-256
            raise ValueError("not a P-256 private value")
        return cls(derive_private_key(value, SECP256R1()))

    def sign(self, data: bytes) -> bytes:
        """The 64 bytes r || s."""
        # DER of two positive integers below 2^256: 30 len 02 len r 02 len s, every length one byte.
        der = self._sign(data, _ES256)
        end_of_r = 4 + der[3]
        return der[4:end_of_r][-32:].rjust(32, b"\0") + der[end_of_r + 2 :][-32:].rjust(32, b"\0")


class Ed25519Key(_SoftwareKey):
    """Ed25519 (RFC 8032)."""

    def __init__(self, private_key: Ed25519PrivateKey) -> None:
        super().__init__(
            "Ed25519", ed25519_jwk(private_key.public_key()), private_key.private_bytes_raw
        )
        self._sign = private_key.sign

    @classmethod
    def generate(cls) -> "Ed25519Key":
        """A new key."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_secret(cls, secret: bytes) -> "Ed25519Key":
        """The key with this seed.

        Raises:
            ValueError: Not 32 bytes.
        """
        return cls(Ed25519PrivateKey.from_private_bytes(secret))

    def sign(self, data: bytes) -> bytes:
        """The 64 bytes of RFC 8032."""
        return self._sign(data)


class MlDsa44Key(_SoftwareKey):
    """ML-DSA-44 (FIPS 204), for cosignatures on checkpoints."""

    def __init__(self, private_key: MLDSA44PrivateKey) -> None:
        super().__init__(
            "ML-DSA-44", mldsa44_jwk(private_key.public_key()), private_key.private_bytes_raw
        )
        self._sign = private_key.sign

    @classmethod
    def generate(cls) -> "MlDsa44Key":
        """A new key."""
        return cls(MLDSA44PrivateKey.generate())

    @classmethod
    def from_secret(cls, secret: bytes) -> "MlDsa44Key":
        """The key with this seed.

        Raises:
            ValueError: Not 32 bytes.
        """
        return cls(MLDSA44PrivateKey.from_seed_bytes(secret))

    def sign(self, data: bytes) -> bytes:
        """The 2,420 bytes of FIPS 204, with an empty context."""
        return self._sign(data)


SoftwareKey = P256Key | Ed25519Key | MlDsa44Key

SOFTWARE_KEYS: Final[Mapping[str, type[P256Key] | type[Ed25519Key] | type[MlDsa44Key]]] = (
    MappingProxyType({"ES256": P256Key, "Ed25519": Ed25519Key, "ML-DSA-44": MlDsa44Key})
)
