"""Keys, and the table of places where private keys can live.

A key is named by a URI, so configuration is a text and never a class name:
``file:/var/keys/a.key``. A new back-end is one module here and its line in `BACK_ENDS`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from signing.errors import KeyUnavailableError
from signing.keys import encrypted_file, pkcs11_token, remote_seal
from signing.keys.back_end import BackEnd
from signing.keys.signing_key import Algorithm, SigningKey

__all__ = ["BACK_ENDS", "Algorithm", "BackEnd", "SigningKey", "create_key", "open_key"]

BACK_ENDS: Final[Mapping[str, BackEnd]] = MappingProxyType(
    {
        "file": BackEnd(create=encrypted_file.create, open=encrypted_file.open_existing),
        "pkcs11": BackEnd(create=pkcs11_token.create, open=pkcs11_token.open_existing),
        "csc": BackEnd(create=remote_seal.create, open=remote_seal.open_existing),
    }
)


def create_key(uri: str, passphrase: bytes, *, algorithm: Algorithm = "ES256") -> SigningKey:
    """Make a new key at the place which the URI names.

    Args:
        uri: ``scheme:location``; the schemes are the keys of `BACK_ENDS`.
        passphrase: Protects the key where it lies (for a device: its PIN).
        algorithm: What the key is to sign with.

    Raises:
        KeyUnavailableError: Unknown scheme, something is there already, or it cannot be made.
    """
    return _back_end(uri).create(uri, passphrase, algorithm)


def open_key(uri: str, passphrase: bytes) -> SigningKey:
    """Open the key at the place which the URI names.

    Raises:
        KeyUnavailableError: Unknown scheme, nothing there, wrong passphrase, or damaged.
    """
    return _back_end(uri).open(uri, passphrase)


def _back_end(uri: str) -> BackEnd:
    scheme, colon, _ = uri.partition(":")
    back_end = BACK_ENDS.get(scheme) if colon else None
    if back_end is None:
        known = ", ".join(f"{name}:" for name in BACK_ENDS)
        raise KeyUnavailableError(uri, "unknown_scheme", f"begin the URI with one of {known}")
    return back_end
