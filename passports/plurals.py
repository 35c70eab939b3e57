"""Numbers with their nouns, as sentences need them: `1 passport`, `2 passports`, `1 battery`."""


def noun(count: int, things: str) -> str:
    """Return the noun for so many things; `things` is its plural, in -s or -ies.

    Example:
        >>> noun(1, "batteries")
        'battery'
    """
    if count != 1:
        return things
    return f"{things[:-3]}y" if things.endswith("ies") else things.removesuffix("s")


def counted(count: int, things: str) -> str:
    """Return so many things in words: `1 passport`, `2 passports`, `0 passports`."""
    return f"{count} {noun(count, things)}"


def are(count: int) -> str:
    """Return the verb of so many things: `is` or `are`."""
    return "is" if count == 1 else "are"
