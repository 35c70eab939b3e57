"""Canonical JSON (RFC 8785) and a strict parser for everything that is verified.

Two programs that read the same bytes must see the same document, and two programs that hold the
same document must sign the same bytes. The strict parser refuses what parsers disagree about
*before* anything else looks at it; the canonical form follows the JSON Canonicalization Scheme.

The rfc8785 library is the reference. The fast path writes with orjson and is used only for
documents for which both are provably equal; the property tests compare them.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Callable
from typing import Final, NoReturn

import orjson
import rfc8785

from signing.errors import MalformedDocumentError
from signing.json_value import JsonValue

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_INTEGER", "JsonValue", "canonicalize", "parse_strict"]

MAX_BYTES: Final = 256 * 1024
MAX_DEPTH: Final = 32
# RFC 8785 section 3.2.2.3 and RFC 7493 (I-JSON) section 2.2: the integers that a double holds
# exactly.
MAX_INTEGER: Final = 2**53 - 1

# From here on ECMAScript prints a double with digits that orjson prints with an exponent, and from
# 1e-5 downwards the other way round; in between both print the shortest digits that read back.
_FAST_FLOAT_UPPER: Final = 2.0**53
_FAST_FLOAT_LOWER: Final = 1e-5

_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class _NotFastError(Exception):
    """This document must go to the reference implementation."""


def canonicalize(document: JsonValue) -> bytes:
    """The one canonical form of a document, RFC 8785 (JSON Canonicalization Scheme).

    Strings are kept as they are: no Unicode normalisation (RFC 8785 section 3.1).

    Args:
        document: Mappings must be ``dict``, sequences ``list`` or ``tuple``.

    Raises:
        MalformedDocumentError: NaN, infinity, an integer beyond 2^53-1, a lone surrogate, a key
            that is not text, or a value that is not JSON.
    """
    try:
        return orjson.dumps(_normalise(document), option=orjson.OPT_SORT_KEYS)
    except (_NotFastError, TypeError, RecursionError):
        return _canonicalize_by_reference(document)


def _canonicalize_by_reference(document: JsonValue) -> bytes:
    try:
        return rfc8785.dumps(document)
    except RecursionError as error:
        raise MalformedDocumentError("too_deep", "nested too deeply") from error
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise MalformedDocumentError("not_canonicalizable", str(error)) from error


def _normalise(value: object) -> object:
    """A copy that orjson writes as RFC 8785 wants it.

    Raises:
        _NotFastError: Nothing is known about how orjson writes this.
    """
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    normalise = _NORMALISERS.get(kind)
    if normalise is None:
        raise _NotFastError
    return normalise(value)


def _normalise_integer(value: int) -> int:
    if -MAX_INTEGER <= value <= MAX_INTEGER:
        return value
    raise _NotFastError


def _normalise_float(value: float) -> float | int:
    magnitude = abs(value)
    # Written so that NaN, which is neither smaller nor larger, is not fast.
    if not magnitude < _FAST_FLOAT_UPPER:
        raise _NotFastError
    if value.is_integer():
        return int(value)  # 60.0 is written 60, and -0.0 is written 0
    if magnitude >= _FAST_FLOAT_LOWER:
        return value
    raise _NotFastError


def _normalise_object(value: dict[object, object]) -> dict[str, object]:
    normalised: dict[str, object] = {}
    for key, item in value.items():
        # orjson sorts by UTF-8, RFC 8785 by UTF-16; for ASCII that is the same.
        if type(key) is not str or not key.isascii():
            raise _NotFastError
        normalised[key] = item if type(item) is str else _normalise(item)
    return normalised


def _normalise_array(value: list[object] | tuple[object, ...]) -> list[object]:
    return [item if type(item) is str else _normalise(item) for item in value]


_NORMALISERS: Final[dict[type, Callable[..., object]]] = {
    int: _normalise_integer,
    float: _normalise_float,
    dict: _normalise_object,
    list: _normalise_array,
    tuple: _normalise_array,
}


def parse_strict(data: bytes) -> JsonValue:
    """Read JSON about whose meaning no two readers can disagree (I-JSON, RFC 7493, and limits).

    Args:
        data: UTF-8 without a byte order mark.

    Raises:
        MalformedDocumentError: With ``reason`` one of ``too_large`` (more than 256 KiB),
            ``not_utf8``, ``not_json``, ``duplicate_key``, ``not_finite``, ``integer_too_large``
            (beyond 2^53-1), ``lone_surrogate``, ``too_deep`` (more than 32 levels).
    """
    if len(data) > MAX_BYTES:
        raise MalformedDocumentError("too_large", f"more than {MAX_BYTES} bytes")
    document = _parse_own_spelling(data)
    if document is None:
        document = _parse_any_spelling(data)
    # What has fewer brackets cannot be deeper. To remove them is how bytes count fastest.
    if 2 * len(data) - len(data.replace(b"{", b"")) - len(data.replace(b"[", b"")) > MAX_DEPTH:
        _refuse_depth(document)
    return document


def _parse_own_spelling(data: bytes) -> JsonValue:
    """Fast: a document which orjson writes back exactly as it stood has nothing of what is refused.

    Writing never produces a key twice, a number that is not finite or a lone surrogate, so bytes
    equal to written ones have none either. ``None`` says: not shown, look closer.
    """
    try:
        document: JsonValue = orjson.loads(data)
        # The option refuses integers beyond 2^53-1.
        same = orjson.dumps(document, option=orjson.OPT_STRICT_INTEGER) == data
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None
    return document if same else None


def _parse_any_spelling(data: bytes) -> JsonValue:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedDocumentError("not_utf8", f"not UTF-8 at byte {error.start}") from error
    try:
        document: JsonValue = json.loads(
            text,
            object_pairs_hook=_object_without_duplicates,
            parse_int=_integer,
            parse_float=_finite,
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as error:
        raise MalformedDocumentError("not_json", f"{error.msg} at character {error.pos}") from error
    except RecursionError as error:
        raise MalformedDocumentError("too_deep", f"more than {MAX_DEPTH} levels") from error
    # A surrogate can only come in by an escape; the UTF-8 decoder refuses it in any other form.
    if "\\u" in text:
        _refuse_surrogates(document)
    return document


def _object_without_duplicates(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    document = dict(pairs)
    if len(document) != len(pairs):
        most = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise MalformedDocumentError("duplicate_key", f"the key {most!r} stands more than once")
    return document


def _integer(digits: str) -> int:
    # A longer text is too large whatever it says; converting it would take quadratic time.
    if len(digits) <= len(str(-MAX_INTEGER)):
        value = int(digits)
        if -MAX_INTEGER <= value <= MAX_INTEGER:
            return value
    raise MalformedDocumentError("integer_too_large", f"an integer beyond {MAX_INTEGER}")


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise MalformedDocumentError("not_finite", "a number too large for a double")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedDocumentError("not_finite", f"{name} is not JSON")


def _refuse_surrogates(document: JsonValue) -> None:
    level: list[object] = [document]
    while level:
        item = level.pop()
        if isinstance(item, str):
            if _SURROGATE.search(item):
                raise MalformedDocumentError("lone_surrogate", "half of a surrogate pair")
        elif isinstance(item, dict):
            level.extend(item)
            level.extend(item.values())
        elif isinstance(item, list):
            level.extend(item)


def _refuse_depth(document: JsonValue) -> None:
    level: list[dict[str, JsonValue] | list[JsonValue]] = (
        [document] if isinstance(document, dict | list) else []
    )
    for _ in range(MAX_DEPTH):
        deeper = []
        for node in level:
            for child in node.values() if type(node) is dict else node:
                if type(child) is dict or type(child) is list:
                    deeper.append(child)  # noqa: PERF401 - twice as fast as it looks: most are scalars
        if not deeper:
            return
        level = deeper
    raise MalformedDocumentError("too_deep", f"more than {MAX_DEPTH} levels")
