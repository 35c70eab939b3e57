"""JSON Merge Patch (RFC 7396): how one version differs from another, and the way from one to the other."""

from collections.abc import Mapping
from typing import Any


def merge_patch(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return the patch that makes `new` of `old`; empty where they are equal.

    Lists are replaced as a whole, and a member that is null in `new` cannot be told from one that is
    not there (RFC 7396, section 1): what is signed here has no such member in an object that can change.
    """
    patch: dict[str, Any] = {name: None for name in old if name not in new}
    for name, value in new.items():
        before = old.get(name)
        if name in old and _equal(before, value):
            continue
        both = isinstance(before, Mapping) and isinstance(value, Mapping)
        patch[name] = merge_patch(before or {}, value) if both else value
    return patch


def _equal(one: object, other: object) -> bool:
    # True and 1 are equal in Python, at any depth, and not in JSON.
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_equal(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def apply_merge_patch(target: object, patch: object) -> Any:  # noqa: ANN401 # any JSON
    """Return what a patch makes of a document (RFC 7396, section 2); neither is changed."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = apply_merge_patch(result.get(name), value)
    return result
