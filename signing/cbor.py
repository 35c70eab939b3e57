"""The little CBOR (RFC 8949) that an offline seal needs, in its one deterministic form.

Integers, byte strings, text, arrays, maps with integer keys, and tags; nothing of indefinite length,
no floats. What is read must be exactly what would be written (section 4.2.1), so there is one spelling
for each value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from signing.errors import MalformedDocumentError

_INTEGER, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG = range(7)
_DIRECT: Final = 24  # smaller numbers stand in the first byte
_LENGTHS: Final = {24: 1, 25: 2, 26: 4, 27: 8}
_MAX_DEPTH: Final = 8


@dataclass(frozen=True, slots=True)
class Tagged:
    """A value with a tag in front (RFC 8949 section 3.4)."""

    tag: int
    value: "CborValue"


CborValue: TypeAlias = (
    int | bytes | str | Sequence["CborValue"] | Mapping[int, "CborValue"] | Tagged
)


def encode(value: CborValue) -> bytes:
    """Write a value.

    Raises:
        MalformedDocumentError: Not one of the types above, or an integer of more than 64 bits.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return _head(_NEGATIVE, -1 - value) if value < 0 else _head(_INTEGER, value)
    if isinstance(value, bytes):
        return _head(_BYTES, len(value)) + value
    if isinstance(value, str):
        data = value.encode()
        return _head(_TEXT, len(data)) + data
    if isinstance(value, Tagged):
        return _head(_TAG, value.tag) + encode(value.value)
    if isinstance(value, Mapping):
        pairs = sorted((encode(key), encode(item)) for key, item in value.items())
        return _head(_MAP, len(pairs)) + b"".join(key + item for key, item in pairs)
    if isinstance(value, list | tuple):
        return _head(_ARRAY, len(value)) + b"".join(map(encode, value))
    raise MalformedDocumentError("not_cbor", f"{type(value).__name__} cannot be written")


def _head(kind: int, number: int) -> bytes:
    if number < _DIRECT:
        return bytes([kind << 5 | number])
    for code, length in _LENGTHS.items():
        if number < 1 << 8 * length:
            return bytes([kind << 5 | code]) + number.to_bytes(length)
    raise MalformedDocumentError("not_cbor", "an integer of more than 64 bits")


def decode(data: bytes) -> CborValue:
    """Read a value.

    Raises:
        MalformedDocumentError: Not exactly one value in its deterministic form.
    """
    try:
        value, end = _read(data, 0, 0)
    except (IndexError, UnicodeDecodeError, TypeError, RecursionError):
        raise MalformedDocumentError("not_cbor", "cut off or malformed") from None
    if end != len(data) or encode(value) != data:
        raise MalformedDocumentError("not_cbor", "more than one value, or in another spelling")
    return value


def _read(data: bytes, place: int, depth: int) -> tuple[CborValue, int]:
    if depth > _MAX_DEPTH:
        raise MalformedDocumentError("not_cbor", f"more than {_MAX_DEPTH} levels")
    kind, code = data[place] >> 5, data[place] & 31
    place += 1
    if code >= _DIRECT:
        length = _LENGTHS.get(code, 0)
        number = int.from_bytes(data[place : place + length]) if length else len(data)
        place += length
    else:
        number = code
    if kind in {_INTEGER, _NEGATIVE}:
        return (number if kind == _INTEGER else -1 - number), place
    if kind in {_BYTES, _TEXT}:
        content = data[place : place + number]
        return (content if kind == _BYTES else content.decode()), place + number
    if kind == _TAG:
        value, place = _read(data, place, depth + 1)
        return Tagged(number, value), place
    return _read_items(data, place, depth, kind, number)


def _read_items(
    data: bytes, place: int, depth: int, kind: int, number: int
) -> tuple[CborValue, int]:
    if kind not in {_ARRAY, _MAP} or number > len(data):
        raise MalformedDocumentError("not_cbor", "a type that is not used, or cut off")
    items: list[CborValue] = []
    for _ in range(number * (kind - _ARRAY + 1)):
        item, place = _read(data, place, depth + 1)
        items.append(item)
    if kind == _ARRAY:
        return items, place
    keys = [key for key in items[::2] if type(key) is int]
    if len(set(keys)) != number:
        raise MalformedDocumentError("not_cbor", "keys that are no integers, or stand twice")
    return dict(zip(keys, items[1::2], strict=True)), place
