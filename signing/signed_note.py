"""Signed notes (c2sp.org/signed-note): a text, and lines that say who signed it.

The kinds of signature used here, by the byte that stands for them in key identifiers: 0x01 Ed25519
over the text (the log's own), 0x04 Ed25519 with a time (a witness's), 0x06 ML-DSA-44 with a time,
over origin, size and root (c2sp.org/tlog-cosignature); the last also holds against quantum
computers.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from signing import base64url
from signing.errors import (
    InvalidInclusionError,
    InvalidSignatureError,
    KeyUnavailableError,
    MalformedDocumentError,
)
from signing.keys.signing_key import SigningKey
from signing.keys.verifying_key import KeyType, VerifyingKey, from_jwk

ED25519: Final = 0x01
ED25519_COSIGNATURE: Final = 0x04
MLDSA44_COSIGNATURE: Final = 0x06
_KEY_TYPES: Final = MappingProxyType[int, KeyType](
    {ED25519: "Ed25519", ED25519_COSIGNATURE: "Ed25519", MLDSA44_COSIGNATURE: "ML-DSA-44"}
)
_CONTROL: Final = re.compile("[\x00-\x09\x0b-\x1f]")  # all below space but the line break
_DASH: Final = "\N{EM DASH} "
_MAX_SIGNATURES: Final = 64
_MAX_NOTE: Final = 512 * 1024  # 64 signatures of ML-DSA-44
_KEY_ID_BYTES: Final = 4
# What is cosigned states the length of a name in one byte (c2sp.org/tlog-cosignature, ML-DSA-44).
MAX_NAME_BYTES: Final = 255
_TIME_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class NoteVerifier:
    """A public key together with the name and the kind of signature for which it is used.

    Attributes:
        name: Name of the key; for a log its origin.
        kind: One of the bytes above.
        key: The public key.
    """

    name: str
    kind: int
    key: VerifyingKey

    @property
    def key_id(self) -> bytes:
        """The four bytes that stand before this key's signatures."""
        return _key_id(self.name, self.kind, self.key)

    @property
    def text(self) -> str:
        """The verifier key as text: name, identifier and key, joined by plus signs."""
        material = base64.b64encode(bytes([self.kind]) + _raw(self.key)).decode()
        return f"{self.name}+{self.key_id.hex()}+{material}"

    @classmethod
    def parse(cls, text: str) -> "NoteVerifier":
        """Read a verifier key.

        Raises:
            MalformedDocumentError: Not one, of an unknown kind, or with another identifier than
                its own.
        """
        parts = text.split("+", 2)
        if len(parts) != 3:  # noqa: PLR2004 - name, identifier, key
            raise MalformedDocumentError("not_a_verifier_key", "not name+id+key")
        name, identifier, encoded = parts
        material = decode_base64(encoded, "verifier key")
        verifier = verifier_from_raw(name, material[0] if material else 0, material[1:])
        if verifier.key_id.hex() != identifier:
            raise MalformedDocumentError("not_a_verifier_key", "the identifier is another key's")
        return verifier


def verifier_from_raw(name: str, kind: int, raw: bytes) -> NoteVerifier:
    """A verifier from the bytes of a public key.

    Raises:
        MalformedDocumentError: An unknown kind, or not such a key.
    """
    text = base64url.encode(raw).decode()
    if _KEY_TYPES.get(kind) == "Ed25519":
        key = from_jwk({"kty": "OKP", "crv": "Ed25519", "x": text})
    elif kind == MLDSA44_COSIGNATURE:
        key = from_jwk({"kty": "AKP", "alg": "ML-DSA-44", "pub": text})
    else:
        raise MalformedDocumentError("not_a_verifier_key", f"unknown kind {kind}")
    return NoteVerifier(_checked_name(name), kind, key)


def _checked_name(name: str) -> str:
    if len(name.encode()) > MAX_NAME_BYTES:
        raise MalformedDocumentError("not_a_key_name", f"more than {MAX_NAME_BYTES} bytes")
    if not name or "+" in name or any(character.isspace() for character in name):
        raise MalformedDocumentError("not_a_key_name", "empty, or with a plus sign or a space")
    return name


def _raw(key: VerifyingKey) -> bytes:
    return base64url.decode(key.jwk["pub" if key.key_type == "ML-DSA-44" else "x"].encode(), "key")


def _key_id(name: str, kind: int, key: VerifyingKey) -> bytes:
    preimage = name.encode() + b"\n" + bytes([kind]) + _raw(key)
    return hashlib.sha256(preimage).digest()[:_KEY_ID_BYTES]


@dataclass(frozen=True, slots=True)
class NoteSigner:
    """A private key together with the name and the kind of signature for which it is used."""

    name: str
    kind: int
    key: SigningKey

    @property
    def verifier(self) -> NoteVerifier:
        """The public half.

        Raises:
            KeyUnavailableError: The key is not for this kind of signature.
        """
        key = from_jwk(self.key.public_jwk)
        if _KEY_TYPES.get(self.kind) != key.key_type:
            raise KeyUnavailableError(self.key.kid, "wrong_algorithm", "another kind of key")
        return NoteVerifier(_checked_name(self.name), self.kind, key)

    def line(self, signature: bytes) -> str:
        """The line that carries a signature."""
        encoded = base64.b64encode(self.verifier.key_id + signature).decode()
        return f"{_DASH}{self.name} {encoded}\n"


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line."""

    name: str
    key_id: bytes
    signature: bytes


def decode_base64(text: str, field: str) -> bytes:
    """Standard base64 with padding, in its one spelling.

    Raises:
        MalformedDocumentError: Not that.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data or base64.b64encode(data).decode() != text:
        raise MalformedDocumentError("not_base64", "not base64", field=field)
    return data


def split_note(note: bytes) -> tuple[str, tuple[NoteSignature, ...]]:
    """A note's text, with its last line break, and its signatures, unverified.

    Raises:
        MalformedDocumentError: Not a signed note.
    """
    try:
        text = note.decode("utf-8")
    except UnicodeDecodeError:
        text = "\0"
    if len(note) > _MAX_NOTE or _CONTROL.search(text):
        raise MalformedDocumentError("not_a_note", "too long, not UTF-8, or control characters")
    body, blank, lines = text.rpartition("\n\n")
    if not blank or not lines.endswith("\n"):
        raise MalformedDocumentError("not_a_note", "no signatures after an empty line")
    signatures = tuple(_signature(line) for line in lines[:-1].split("\n"))
    if len(signatures) > _MAX_SIGNATURES:
        raise MalformedDocumentError("not_a_note", f"more than {_MAX_SIGNATURES} signatures")
    return body + "\n", signatures


def _signature(line: str) -> NoteSignature:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    data = decode_base64(encoded, "signature")
    if not line.startswith(_DASH) or not space or len(data) <= _KEY_ID_BYTES:
        raise MalformedDocumentError("not_a_note", "not a signature line")
    return NoteSignature(_checked_name(name), data[:_KEY_ID_BYTES], data[_KEY_ID_BYTES:])


# What is signed, given the text, the key's name and the time (None for a signature without one).
Message = Callable[[int, str, str, int], bytes]


def verified_by(
    note: bytes, verifiers: Sequence[NoteVerifier], message: Message
) -> tuple[tuple[NoteVerifier, int], ...]:
    """Which of the known keys signed a note, each with the time it states (0 without one).

    Signatures of unknown keys are ignored; a wrong one of a known key refuses the whole note, as
    the specification recommends.

    Raises:
        MalformedDocumentError: Not a signed note.
        InvalidInclusionError: A known key's signature does not fit.
    """
    text, signatures = split_note(note)
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    found = []
    for signature in signatures:
        verifier = known.get((signature.name, signature.key_id))
        if verifier is None:
            continue
        time, data = 0, signature.signature
        if verifier.kind != ED25519:
            time, data = int.from_bytes(data[:_TIME_BYTES]), data[_TIME_BYTES:]
        try:
            verifier.key.verify(data, message(verifier.kind, text, verifier.name, time))
        except InvalidSignatureError:
            raise InvalidInclusionError(
                "log_inclusion", "checkpoint_signature", f"not signed by {verifier.name}"
            ) from None
        found.append((verifier, time))
    return tuple(found)
