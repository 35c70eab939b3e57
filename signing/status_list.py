"""Status of many credentials in a few bytes: one bit for each, in a list that its issuer signs.

W3C Bitstring Status List 1.0: most significant bit first, gzip, multibase ``u``. The same bits for
SD-JWT are a Token Status List (draft-ietf-oauth-status-list): least significant bit first, zlib.

Purposes here: ``revocation`` (for good), ``suspension`` (for now), and ``refresh`` (a newer version
exists; the old one is not wrong).
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias

from signing import base64url, multibase
from signing.canonical import JsonValue, canonicalize
from signing.errors import MalformedDocumentError
from signing.instants import format_instant
from signing.jws import encode_header, sign_compact
from signing.keys.signing_key import SigningKey
from signing.numbers import whole_number

Purpose: TypeAlias = Literal["revocation", "suspension", "refresh"]

# Bitstring Status List section 4.2: shorter lists would tell who is looked up. 16 KiB.
MIN_LENGTH: Final = 131_072
# A list longer than this is refused when read: 2 MiB after decompression.
MAX_LENGTH: Final = 16_777_216
STATUS_LIST_TYPE: Final = "BitstringStatusListCredential"
ENTRY_TYPE: Final = "BitstringStatusListEntry"
STATUS_LIST_JWT: Final = "statuslist+jwt"

_GZIP: Final = 16 + zlib.MAX_WBITS  # zlib's manual: "add 16 to windowBits to write a gzip header"
# Draft-ietf-oauth-status-list section 4.1 recommends the highest compression level.
_LEVEL: Final = 9
_REVERSED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class StatusList:
    """One bit for each of many credentials; ``True`` means that the list's purpose applies."""

    def __init__(self, length: int = MIN_LENGTH) -> None:
        """A list of zeros.

        Args:
            length: Number of entries, a multiple of 8 from `MIN_LENGTH` to `MAX_LENGTH`.

        Raises:
            MalformedDocumentError: Another length.
        """
        if not MIN_LENGTH <= length <= MAX_LENGTH or length % 8:
            raise MalformedDocumentError(
                "status_list_length", f"{length} entries are not {MIN_LENGTH} to {MAX_LENGTH}"
            )
        self._bits = bytearray(length // 8)

    @classmethod
    def from_bytes(cls, bits: bytes) -> "StatusList":
        """A list from its bits, most significant first.

        Raises:
            MalformedDocumentError: Too few or too many.
        """
        status_list = cls(len(bits) * 8)
        status_list._bits[:] = bits
        return status_list

    def __len__(self) -> int:
        return len(self._bits) * 8

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StatusList) and self._bits == other._bits

    __hash__ = None  # type: ignore[assignment]  # lists change

    def get(self, index: int) -> bool:
        """Whether the bit is set.

        Raises:
            MalformedDocumentError: No such entry.
        """
        return self._bits[self._byte(index)] & 0x80 >> index % 8 != 0

    def set(self, index: int, *, to: bool = True) -> None:
        """Set or clear a bit.

        Raises:
            MalformedDocumentError: No such entry.
        """
        byte, mask = self._byte(index), 0x80 >> index % 8
        self._bits[byte] = self._bits[byte] | mask if to else self._bits[byte] & ~mask

    def _byte(self, index: int) -> int:
        if not 0 <= index < len(self._bits) * 8:
            raise MalformedDocumentError("status_index", f"there is no entry {index}")
        return index // 8

    def to_bytes(self) -> bytes:
        """The bits, most significant first."""
        return bytes(self._bits)

    def encode(self) -> str:
        """As ``encodedList`` of a Bitstring Status List; equal lists give equal text."""
        return multibase.encode_base64url(_compress(self._bits, _GZIP))

    @classmethod
    def decode(cls, text: object) -> "StatusList":
        """Read an ``encodedList``.

        Raises:
            MalformedDocumentError: Not such a text, or too short or too long a list.
        """
        compressed = multibase.decode_base64url(text, "encodedList")
        return cls.from_bytes(_decompress(compressed, _GZIP, MAX_LENGTH // 8))

    def encode_token(self) -> dict[str, JsonValue]:
        """As ``status_list`` claim of a Token Status List, one bit each."""
        return encode_token_status_list(self._bits.translate(_REVERSED), 1)

    @classmethod
    def decode_token(cls, claim: JsonValue) -> "StatusList":
        """Read a ``status_list`` claim with one bit each.

        Raises:
            MalformedDocumentError: Not such a claim, other than one bit, too short or too long.
        """
        data, bits = decode_token_status_list(claim)
        if bits != 1:
            raise MalformedDocumentError("status_list_bits", "not one bit each", field="bits")
        return cls.from_bytes(data.translate(_REVERSED))


@dataclass(frozen=True, slots=True)
class VerifiedStatusList:
    """A list whose signature was checked, and what its issuer says about it.

    Attributes:
        issuer: Who signed it.
        purposes: What a set bit means.
        bits: The list.
        valid_from: When it was made, if it says so.
        valid_until: When it should be replaced, if it says so.
        is_token: Whether it is a Token Status List, whose one bit may be a suspension.
    """

    issuer: str
    purposes: tuple[str, ...]
    bits: StatusList
    valid_from: datetime | None
    valid_until: datetime | None
    is_token: bool = False


def encode_token_status_list(data: bytes | bytearray, bits: int) -> dict[str, JsonValue]:
    """The ``status_list`` claim over packed statuses (draft-ietf-oauth-status-list section 4.2).

    Args:
        data: The statuses, least significant bits first.
        bits: Bits for each: 1, 2, 4 or 8.
    """
    compressed = _compress(data, zlib.MAX_WBITS)
    return {"bits": bits, "lst": base64url.encode(compressed).decode("ascii")}


def decode_token_status_list(claim: JsonValue) -> tuple[bytes, int]:
    """Read a ``status_list`` claim.

    Returns:
        The packed statuses and the number of bits for each.

    Raises:
        MalformedDocumentError: Not such a claim.
    """
    bits = whole_number(claim.get("bits")) if isinstance(claim, dict) else None
    if not isinstance(claim, dict) or bits is None or bits not in {1, 2, 4, 8}:
        raise MalformedDocumentError("status_list_bits", "not 1, 2, 4 or 8", field="bits")
    text = claim.get("lst")
    if not isinstance(text, str) or not text.isascii():
        raise MalformedDocumentError("not_base64url", "not text", field="lst")
    compressed = base64url.decode(text.encode("ascii"), "lst")
    return _decompress(compressed, zlib.MAX_WBITS, MAX_LENGTH // 8), bits


def token_status(data: bytes, bits: int, index: int) -> int:
    """One status from a packed list (draft-ietf-oauth-status-list section 4).

    Raises:
        MalformedDocumentError: No such entry.
    """
    byte, place = divmod(index * bits, 8)
    if index < 0 or byte >= len(data):
        raise MalformedDocumentError("status_index", f"there is no entry {index}")
    return data[byte] >> place & (1 << bits) - 1


def _compress(data: bytes | bytearray, window_bits: int) -> bytes:
    compressor = zlib.compressobj(_LEVEL, wbits=window_bits)
    return compressor.compress(data) + compressor.flush()


def _decompress(data: bytes, window_bits: int, limit: int) -> bytes:
    """Never more than ``limit`` bytes are made, however much the data would expand to."""
    decompressor = zlib.decompressobj(wbits=window_bits)
    try:
        content = decompressor.decompress(data, limit + 1)
    except zlib.error:
        raise MalformedDocumentError("not_compressed", "cannot be decompressed") from None
    if not decompressor.eof or decompressor.unused_data or len(content) > limit:
        raise MalformedDocumentError("not_compressed", "too long, cut off, or with a tail")
    return content


def status_entry(url: str, purpose: Purpose, index: int) -> dict[str, JsonValue]:
    """The ``credentialStatus`` object of one credential (Bitstring Status List section 3.1)."""
    return {
        "id": f"{url}#{index}",
        "type": ENTRY_TYPE,
        "statusPurpose": purpose,
        "statusListIndex": str(index),
        "statusListCredential": url,
    }


def build_status_list_credential(
    *,
    url: str,
    issuer_did: str,
    purpose: Purpose,
    status_list: StatusList,
    valid_from: datetime,
    valid_until: datetime,
) -> dict[str, JsonValue]:
    """The credential that publishes a list, to be canonicalised and signed like any other.

    Args:
        url: Where it is served; the ``statusListCredential`` of the entries.
        issuer_did: Who issues it: the issuer of the credentials that it is about.
        purpose: What a set bit means.
        status_list: The bits.
        valid_from: When it was made; its age is counted from here.
        valid_until: When a verifier should fetch it again.
    """
    subject: Mapping[str, JsonValue] = {
        "id": f"{url}#list",
        "type": "BitstringStatusList",
        "statusPurpose": purpose,
        "encodedList": status_list.encode(),
    }
    return {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": url,
        "type": ["VerifiableCredential", STATUS_LIST_TYPE],
        "issuer": issuer_did,
        "validFrom": format_instant(valid_from),
        "validUntil": format_instant(valid_until),
        "credentialSubject": subject,
    }


def token_status_claim(url: str, index: int) -> dict[str, JsonValue]:
    """The ``status`` claim of an SD-JWT (draft-ietf-oauth-status-list section 6.2)."""
    return {"status_list": {"idx": index, "uri": url}}


def build_token_status_list(
    *,
    url: str,
    issuer_did: str,
    status_list: StatusList,
    issued_at: datetime,
    valid_until: datetime,
) -> dict[str, JsonValue]:
    """The claims of a Token Status List (draft-ietf-oauth-status-list section 5.1).

    Args:
        url: Where it is served; the ``uri`` of the status claims.
        issuer_did: Who issues it.
        status_list: One bit each; a set bit means INVALID: revoked, or suspended for now.
        issued_at: When it was made.
        valid_until: When a verifier should fetch it again.
    """
    seconds = int((valid_until - issued_at).total_seconds())
    return {
        "iss": issuer_did,
        "sub": url,
        "iat": int(issued_at.timestamp()),
        "exp": int(valid_until.timestamp()),
        "ttl": seconds,
        "status_list": status_list.encode_token(),
    }


def sign_token_status_list(
    claims: Mapping[str, JsonValue], key: SigningKey, issuer_did: str
) -> bytes:
    """Sign the claims as ``statuslist+jwt``.

    Raises:
        KeyUnavailableError: The key cannot be used now.
    """
    header = {"alg": key.algorithm, "typ": STATUS_LIST_JWT, "kid": f"{issuer_did}#{key.kid}"}
    return sign_compact(encode_header(header), canonicalize(dict(claims)), key)
