"""Whether the method and the factors in an audit bundle are those that ship here under the same names.

Arithmetic proves that a result follows from inputs, not that the inputs are what they are called: a bundle
can bring a ruleset or a factor of its own under a known name. What has a known name and another content
is a difference; what is not known here is taken on the bundle's word, and that is said.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lca.datasets import Dataset, load_shipped_dataset
from lca.emission_factors import sha256_of
from lca.errors import DatasetError, Finding, UnknownRulesetError
from lca.rulesets import load_ruleset

_REMEDY: Final = "compare with the original"
_NAMED: Final = ("id", "version", "fingerprint")


@dataclass(frozen=True, slots=True)
class ForeignInput:
    """Something in a bundle that is not what ships here.

    Attributes:
        part: Which part of the bundle it is.
        reason: In what it differs.
        is_known: Whether its name and version are known here: then it is a difference.
    """

    part: str
    reason: str
    is_known: bool

    def to_finding(self) -> Finding:
        """Return it as a finding."""
        return Finding(self.part, "", self.reason, _REMEDY)

    def __str__(self) -> str:
        return f"{self.part}: {self.reason}"


def is_shipped(bundle: Mapping[str, Any]) -> bool:
    """Tell whether a bundle names the dataset that ships here, and no other beside it."""
    reference = load_shipped_dataset().to_reference()
    stated = bundle["dataset"]
    return all(stated[name] == reference[name] for name in _NAMED) and not stated["parts"]


def foreign_inputs(bundle: Mapping[str, Any]) -> Iterator[ForeignInput]:
    """Yield what in a bundle is not what ships here."""
    yield from _ruleset(bundle["ruleset"])
    shipped = load_shipped_dataset()
    stated = bundle["dataset"]
    base = stated["parts"][0] if stated["parts"] else stated
    reference = shipped.to_reference()
    is_same = all(base[name] == reference[name] for name in _NAMED)
    if not is_same:
        is_known = all(base[name] == reference[name] for name in _NAMED[:2])
        reason = "is another version of the factors than the one shipped here"
        if is_known:
            reason = "is not the one that ships under this name and version"
        yield ForeignInput("dataset", reason, is_known)
    yield from _factors(bundle, shipped, is_same=is_same)
    yield from _characterisation(bundle, shipped, is_same=is_same)


def _ruleset(document: Mapping[str, Any]) -> Iterator[ForeignInput]:
    try:
        known = load_ruleset(str(document["id"]))
    except UnknownRulesetError:
        yield ForeignInput("ruleset", "is not known here", is_known=False)
        return
    if known.content_hash == sha256_of(dict(document)):
        return
    if known.version == document["version"]:
        reason = "is not the one that ships under this name and version"
        yield ForeignInput("ruleset", reason, is_known=True)
    else:
        yield ForeignInput(
            "ruleset", "is another version than the one shipped here", is_known=False
        )


def _factors(
    bundle: Mapping[str, Any], shipped: Dataset, *, is_same: bool
) -> Iterator[ForeignInput]:
    has_own = bool(bundle["dataset"]["parts"])
    for row in bundle["factors"]:
        id_ = str(row["record"]["id"])
        known = shipped.factors.get(id_)
        if known is None:
            reason = "is no factor that ships here"
            if has_own:
                reason += ": its value is taken on the bundle's word"
            yield ForeignInput(f"factors.{id_}", reason, is_known=is_same and not has_own)
        elif known.content_hash != sha256_of(row["record"]):
            reason = "is not the factor that ships under this name"
            yield ForeignInput(f"factors.{id_}", reason, is_known=is_same)


def _characterisation(
    bundle: Mapping[str, Any], shipped: Dataset, *, is_same: bool
) -> Iterator[ForeignInput]:
    method = str(bundle["ruleset"]["characterisation"])
    try:
        known = dict(shipped.characterisation(method))
    except DatasetError:
        yield ForeignInput("characterisation", f"{method} is not known here", is_known=False)
        return
    if known != dict(bundle["characterisation"]):
        reason = f"is not {method} as it ships here"
        yield ForeignInput("characterisation", reason, is_known=is_same)


def differences(path: str, stated: object, anew: object) -> Iterator[str]:
    """Yield the paths at which two documents differ, but for the last digits of a number."""
    if isinstance(stated, Mapping) and isinstance(anew, Mapping):
        for key in dict.fromkeys([*stated, *anew]):
            yield from differences(f"{path}.{key}", stated.get(key), anew.get(key))
    elif isinstance(stated, list | tuple) and isinstance(anew, list | tuple):
        if len(stated) != len(anew):
            yield path
        for place, (one, other) in enumerate(zip(stated, anew, strict=False)):
            yield from differences(f"{path}[{place}]", one, other)
    elif not _same(stated, anew):
        yield path


def _same(stated: object, anew: object) -> bool:
    if isinstance(stated, bool) or isinstance(anew, bool):
        return stated is anew
    if isinstance(stated, int | float) and isinstance(anew, int | float):
        return math.isclose(stated, anew, rel_tol=1e-9, abs_tol=1e-12)
    return stated == anew
