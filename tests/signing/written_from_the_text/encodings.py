"""README, words and section 1: base64, multibase, instants, strict JSON and its canonical form."""

import base64
import json
import math
import re
from datetime import UTC, datetime
from typing import Any

KIB = 1024
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)"


class RefusedError(Exception):
    """A reason code, and the outcome that it gives its step."""

    def __init__(self, reason: str, outcome: str = "failed") -> None:
        super().__init__(reason)
        self.reason = reason
        self.outcome = outcome


def base64url(text: object) -> bytes:
    if not isinstance(text, str) or not re.fullmatch("[A-Za-z0-9_-]*", text) or len(text) % 4 == 1:
        raise RefusedError("not_base64url")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if to_base64url(data) != text:
        raise RefusedError("not_base64url")
    return data


def to_base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def plain_base64(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        data = b""
    if not data or base64.b64encode(data).decode() != text:
        raise RefusedError("not_base64")
    return data


def multibase(text: object, prefix: str) -> bytes:
    if not isinstance(text, str) or not text.startswith(prefix):
        raise RefusedError("not_multibase")
    digits = text[1:]
    if prefix == "u":
        return base64url(digits)
    if len(text) > 256 or not set(digits) <= set(BASE58):
        raise RefusedError("not_multibase")
    number = 0
    for digit in digits:
        number = number * 58 + BASE58.index(digit)
    zeros = len(digits) - len(digits.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def instant(text: object) -> datetime:
    if isinstance(text, str) and re.fullmatch(INSTANT, text, re.ASCII):
        try:
            return datetime.fromisoformat(text).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise RefusedError("not_an_instant")


def whole(value: object) -> int:
    """The number, if it is a whole one of at least 0; -1 if not."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if type(value) is int and value >= 0 else -1


def numeric_date(value: object) -> datetime:
    if 0 <= whole(value) < 95_617_584_000:
        return datetime.fromtimestamp(whole(value), UTC)
    raise RefusedError("not_an_instant")


def _pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in items}) < len(items):
        raise RefusedError("duplicate_key")
    return dict(items)


def _integer(digits: str) -> int:
    if len(digits) > 17 or abs(int(digits)) >= 2**53:
        raise RefusedError("integer_too_large")
    return int(digits)


def _number(digits: str) -> float:
    if math.isinf(float(digits)):
        raise RefusedError("not_finite")
    return float(digits)


def _constant(name: str) -> None:
    raise RefusedError("not_finite" if name else "not_json")


def strict_json(data: bytes) -> Any:
    if len(data) > 256 * KIB:
        raise RefusedError("too_large")
    try:
        text = data.decode("utf-8")
        value = json.loads(
            text,
            object_pairs_hook=_pairs,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_constant,
        )
    except UnicodeDecodeError:
        raise RefusedError("not_utf8") from None
    except RecursionError:
        raise RefusedError("too_deep") from None
    except ValueError:
        raise RefusedError("not_json") from None
    _walk(value, 0)
    return value


def _walk(value: object, depth: int) -> None:
    if isinstance(value, str) and re.search("[\ud800-\udfff]", value):
        raise RefusedError("lone_surrogate")
    if not isinstance(value, dict | list):
        return
    if depth == 32:
        raise RefusedError("too_deep")
    for child in [*value, *value.values()] if isinstance(value, dict) else value:
        _walk(child, depth + 1)


def strict_object(data: bytes) -> dict[str, Any]:
    value = strict_json(data)
    if not isinstance(value, dict):
        raise RefusedError("not_an_object")
    return value


def canonical(value: Any) -> str:
    """RFC 8785."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(f"{canonical(key)}:{canonical(value[key])}" for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, float):
        return _ecmascript(value)
    return json.dumps(value, ensure_ascii=False)


def _ecmascript(value: float) -> str:
    """ECMA-262, Number::toString: the shortest digits, placed as JavaScript does."""
    if value == 0:
        return "0"
    sign, mantissa = ("-" if value < 0 else ""), repr(abs(value))
    mantissa, _, exponent = mantissa.partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(digits) - len(fraction) + int(exponent or 0)
    digits = digits.rstrip("0")
    if len(digits) <= point <= 21:
        return sign + digits.ljust(point, "0")
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    rest = "." + digits[1:] if digits[1:] else ""
    return f"{sign}{digits[0]}{rest}e{'+' if point > 0 else '-'}{abs(point - 1)}"
