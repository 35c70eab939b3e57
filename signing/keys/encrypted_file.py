"""``file:<path>``: a private key in a file, encrypted under a passphrase.

The file is JSON: what the key is, in clear; the secret under AES-256-GCM, with a key that Argon2id
derives from the passphrase. The key's thumbprint is authenticated with it, so a secret cannot be
moved under another name. (PKCS#8 encryption as commonly written stretches the passphrase by 2,048
rounds of PBKDF2, half a millisecond; this takes a quarter of a second and 64 MiB for each guess.)
"""

import contextlib
import os
import secrets
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from signing import base64url
from signing.canonical import JsonValue, canonicalize, parse_strict
from signing.errors import KeyUnavailableError, MalformedDocumentError
from signing.keys.signing_key import Algorithm
from signing.keys.software_key import SOFTWARE_KEYS, SoftwareKey

# Names these parameters, all of them: RFC 9106 section 4, second recommended option.
_FORMAT: Final = "voltpass-key-1"
_ARGON2_MEMORY_KIB: Final = 64 * 1024
_ARGON2_ITERATIONS: Final = 3
_ARGON2_LANES: Final = 4
_SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32


def create(uri: str, passphrase: bytes, algorithm: Algorithm) -> SoftwareKey:
    """Make a key and write it; an existing file is never replaced.

    Raises:
        KeyUnavailableError: The file exists, cannot be written, or there is no passphrase.
    """
    if not passphrase:
        raise KeyUnavailableError(uri, "empty_passphrase", "give a passphrase")
    key = SOFTWARE_KEYS[algorithm].generate()
    path = _path(uri)
    try:
        _write_new(path, canonicalize(_sealed(key, passphrase)))
    except FileExistsError:
        raise KeyUnavailableError(uri, "exists", "choose a path that is free") from None
    except OSError as error:
        raise KeyUnavailableError(uri, "not_writable", error.strerror or "check the path") from None
    return key


def open_existing(uri: str, passphrase: bytes) -> SoftwareKey:
    """Read and decrypt a key.

    Raises:
        KeyUnavailableError: ``not_found``, ``not_readable``, ``not_a_key_file``, or
            ``wrong_passphrase_or_damaged``: which of the two cannot be told, and is not.
    """
    try:
        data = _path(uri).read_bytes()
    except FileNotFoundError:
        raise KeyUnavailableError(uri, "not_found", "create the key first") from None
    except OSError as error:
        raise KeyUnavailableError(uri, "not_readable", error.strerror or "check the path") from None
    try:
        return _unsealed(parse_strict(data), passphrase)
    except (MalformedDocumentError, KeyError, TypeError, AttributeError):
        remedy = f"restore a file of format {_FORMAT} from a backup"
        raise KeyUnavailableError(uri, "not_a_key_file", remedy) from None
    except (InvalidTag, ValueError):
        remedy = "check the passphrase; if it is right, restore the file from a backup"
        raise KeyUnavailableError(uri, "wrong_passphrase_or_damaged", remedy) from None


def resealed(uri: str, old: bytes, new: bytes) -> bytes:
    """Return what the file of a key would hold under another passphrase, with a fresh salt and nonce.

    Raises:
        KeyUnavailableError: There is no new passphrase, or the key does not open with the old one.
    """
    if not new:
        raise KeyUnavailableError(uri, "empty_passphrase", "give a passphrase")
    return canonicalize(_sealed(open_existing(uri, old), new))


def _path(uri: str) -> Path:
    return Path(uri.removeprefix("file:"))


def _derive(passphrase: bytes, salt: bytes) -> bytes:
    return Argon2id(
        salt=salt,
        length=_KEY_BYTES,
        iterations=_ARGON2_ITERATIONS,
        lanes=_ARGON2_LANES,
        memory_cost=_ARGON2_MEMORY_KIB,
    ).derive(passphrase)


def _sealed(key: SoftwareKey, passphrase: bytes) -> JsonValue:
    salt, nonce = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_NONCE_BYTES)
    cipher = AESGCM(_derive(passphrase, salt))
    return {
        "format": _FORMAT,
        "algorithm": key.algorithm,
        "kid": key.kid,
        "publicKeyJwk": key.public_jwk,
        "salt": _text(salt),
        "nonce": _text(nonce),
        "ciphertext": _text(cipher.encrypt(nonce, key.secret_bytes(), key.kid.encode())),
    }


def _unsealed(document: JsonValue, passphrase: bytes) -> SoftwareKey:
    """Raises errors of any kind that `open_existing` names."""
    if not isinstance(document, dict) or document["format"] != _FORMAT:
        raise MalformedDocumentError("not_a_key_file", f"not of format {_FORMAT}")
    kind = SOFTWARE_KEYS[document["algorithm"]]
    kid = document["kid"]
    cipher = AESGCM(_derive(passphrase, _bytes(document["salt"])))
    secret = cipher.decrypt(_bytes(document["nonce"]), _bytes(document["ciphertext"]), kid.encode())
    key = kind.from_secret(secret)
    if key.kid != kid:
        raise MalformedDocumentError("not_a_key_file", "the secret is another key's", field="kid")
    return key


def _text(data: bytes) -> str:
    return base64url.encode(data).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64url.decode(text.encode("ascii"), "key file")


def _write_new(path: Path, data: bytes) -> None:
    """All of the file or none of it, readable only by its owner, and never over another."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # A link fails where a name is taken; renaming would replace it.
        os.link(temporary, path)
    finally:
        # The key lies in its place by now, or why it does not is on its way to the caller.
        with contextlib.suppress(OSError):
            temporary.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
