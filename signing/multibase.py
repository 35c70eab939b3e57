"""Multibase text of binary values: ``z`` (base58btc) and ``u`` (base64url without padding).

Controlled Identifiers 1.0 section 2.4 defines both; Bitstring Status List uses ``u``, Data
Integrity and Multikey use ``z``.
"""

from typing import Final

from signing import base64url
from signing.errors import MalformedDocumentError

_BASE58_ALPHABET: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE58_VALUES: Final = {character: value for value, character in enumerate(_BASE58_ALPHABET)}
# Base58 takes quadratic time; nothing here is longer than a compressed key or a signature.
_MAX_BASE58: Final = 256


def encode_base58btc(data: bytes) -> str:
    """Multibase base58btc, with its prefix ``z``."""
    number = int.from_bytes(data)
    digits = []
    while number:
        number, digit = divmod(number, 58)
        digits.append(_BASE58_ALPHABET[digit])
    leading_zeros = len(data) - len(data.lstrip(b"\0"))
    return "z" + "1" * leading_zeros + "".join(reversed(digits))


def decode_base58btc(text: object, field: str) -> bytes:
    """Read multibase base58btc, with its prefix ``z``.

    Raises:
        MalformedDocumentError: Not such a text, or too long for a key, a hash or a signature.
    """
    if not isinstance(text, str) or not text.startswith("z") or len(text) > _MAX_BASE58:
        raise MalformedDocumentError("not_multibase", "not multibase base58btc", field=field)
    digits = text[1:]
    number = 0
    for character in digits:
        value = _BASE58_VALUES.get(character)
        if value is None:
            raise MalformedDocumentError(
                "not_multibase", f"{character!r} is not a base58 digit", field=field
            )
        number = number * 58 + value
    leading_zeros = len(digits) - len(digits.lstrip("1"))
    return bytes(leading_zeros) + number.to_bytes((number.bit_length() + 7) // 8)


def encode_base64url(data: bytes) -> str:
    """Multibase base64url, with its prefix ``u``."""
    return "u" + base64url.encode(data).decode("ascii")


def decode_base64url(text: object, field: str) -> bytes:
    """Read multibase base64url, with its prefix ``u``.

    Raises:
        MalformedDocumentError: Not such a text.
    """
    if not isinstance(text, str) or not text.startswith("u") or not text.isascii():
        raise MalformedDocumentError("not_multibase", "not multibase base64url", field=field)
    return base64url.decode(text[1:].encode("ascii"), field)
