"""Whole numbers in JSON, which has one kind of number: 1 and 1.0 are the same (RFC 8785 section 3.2.2.3)."""


def whole_number(value: object) -> int | None:
    """The integer that a JSON value is, however it was written; ``None`` for all else, booleans too."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if type(value) is int else None
