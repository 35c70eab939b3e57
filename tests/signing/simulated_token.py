"""A token in memory that offers what python-pkcs11 offers, as far as it is used: real keys, real PIN.

The same tests run against SoftHSM where it is installed.
"""

import types
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PIN = "1234"


class PKCS11Error(RuntimeError):
    pass


class PinIncorrect(PKCS11Error):  # noqa: N818 - the library's name
    pass


class UserAlreadyLoggedIn(PKCS11Error):  # noqa: N818 - the library's name
    pass


class NoSuchToken(PKCS11Error):  # noqa: N818 - the library's name
    pass


class NoSuchKey(PKCS11Error):  # noqa: N818 - the library's name
    pass


class DeviceRemoved(PKCS11Error):  # noqa: N818 - the library's name
    pass


@dataclass
class Key:
    secret: ec.EllipticCurvePrivateKey
    token: "Token"

    def __getitem__(self, attribute: str) -> bytes:
        point = self.secret.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return b"\x04\x41" + point

    def sign(self, digest: bytes, mechanism: str) -> bytes:
        if self.token.is_removed:
            raise DeviceRemoved
        r, s = decode_dss_signature(self.secret.sign(digest, ec.ECDSA(Prehashed(SHA256()))))
        return r.to_bytes(32) + s.to_bytes(32)


@dataclass
class Token:
    label: str
    keys: dict[str, Key] = field(default_factory=dict)
    is_removed: bool = False
    open_sessions: int = 0

    def open(self, *, rw: bool, user_pin: str) -> "Session":
        if user_pin != PIN:
            raise PinIncorrect
        if self.open_sessions:
            raise UserAlreadyLoggedIn
        self.open_sessions += 1
        return Session(self, rw)


@dataclass
class Session:
    token: Token
    is_writable: bool

    def get_objects(self, attributes: dict[str, str]) -> list[Key]:
        return [key for label, key in self.token.keys.items() if label == attributes["LABEL"]]

    def get_key(self, *, label: str, object_class: str) -> Key:
        if label not in self.token.keys:
            raise NoSuchKey
        return self.token.keys[label]

    def create_domain_parameters(self, kind: str, attributes: Any, *, local: bool) -> "Session":
        return self

    def generate_keypair(
        self, *, store: bool, label: str, private_template: Any
    ) -> tuple[Key, Key]:
        if self.token.is_removed:
            raise DeviceRemoved
        key = Key(ec.generate_private_key(ec.SECP256R1()), self.token)
        self.token.keys[label] = key
        return key, key


class _Names:
    def __getattr__(self, name: str) -> str:
        return name


def module(token: Token) -> dict[str, Any]:
    """Modules to stand for python-pkcs11, with one token in its one library."""

    def get_token(*, token_label: str) -> Token:
        if token_label != token.label:
            raise NoSuchToken
        return token

    pkcs11 = types.SimpleNamespace(
        Attribute=_Names(),
        KeyType=_Names(),
        Mechanism=_Names(),
        ObjectClass=_Names(),
        PKCS11Error=PKCS11Error,
        lib=lambda path: types.SimpleNamespace(get_token=get_token),
    )
    curves = types.SimpleNamespace(encode_named_curve_parameters=lambda name: name.encode())
    return {"pkcs11": pkcs11, "pkcs11.util.ec": curves}
