"""Whether two results of the engine agree, number by number; and if not, where they part.

A total can agree by chance while the stages under it were changed, so everything that a passport or a
query shows of a study is compared. Words are not: a later version may explain the same figure better.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

_RELATIVE_TOLERANCE: Final = 1e-9  # floats travel through JSON unchanged; sums may be ordered anew
_ABSOLUTE_TOLERANCE: Final = 1e-12  # for what is zero but for rounding
_COMPARED: Final = (
    "kg_co2e_per_kwh",
    "kg_co2e_per_battery",
    "kg_co2e_per_kwh_capacity",
    "partial",
    "not_assessed",
    "stages",
    "electricity_columns",
    "offsets",
    "functional_unit",
)
_HASHES: Final = ("inventory_sha256",)


def first_difference(stored: Mapping[str, Any], anew: Mapping[str, Any]) -> str | None:
    """Return the path of the first figure in which two results differ, or None."""
    differences = (
        path for name in _COMPARED for path in _differences(name, stored.get(name), anew.get(name))
    )
    hashes = (name for name in _HASHES if stored.get(name) != anew.get(name))
    return next(differences, None) or next(hashes, None)


def _differences(path: str, stored: object, anew: object) -> Iterator[str]:
    if isinstance(stored, Mapping) and isinstance(anew, Mapping):
        for key in dict.fromkeys([*stored, *anew]):
            yield from _differences(f"{path}.{key}", stored.get(key), anew.get(key))
    elif isinstance(stored, str) and isinstance(anew, str):
        return
    elif isinstance(stored, Sequence) and isinstance(anew, Sequence):
        if len(stored) != len(anew):
            yield path
        for place, (one, other) in enumerate(zip(stored, anew, strict=False)):
            yield from _differences(f"{path}[{place}]", one, other)
    elif not _same(stored, anew):
        yield path


def _same(stored: object, anew: object) -> bool:
    if isinstance(stored, bool) or isinstance(anew, bool):
        return stored is anew
    if isinstance(stored, int | float) and isinstance(anew, int | float):
        largest = max(abs(stored), abs(anew))
        if largest > _LARGEST:
            return False
        return abs(stored - anew) <= max(_RELATIVE_TOLERANCE * largest, _ABSOLUTE_TOLERANCE)
    return stored is None and anew is None


_LARGEST: Final = 1e300  # above it, and for infinity, a tolerance allows everything
