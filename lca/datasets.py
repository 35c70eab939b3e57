"""Datasets: emission factors by exact identifier, versioned and fingerprinted.

A lookup is by identifier only. A miss raises and names the nearest candidates; nothing is ever
substituted. Values that could not be found or may not be redistributed stand as refusals: known by
identifier, with the reason.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType

from lca.emission_factors import FactorRecord, canonical_json
from lca.errors import DatasetError, Finding, MissingFactorError

_CANDIDATES = 5
"""How many similar identifiers a miss names."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A factor that is known and not given: why, and what to do instead."""

    id: str
    name: str
    per: str
    kind: str
    reason: str
    remedy: str


@dataclass(frozen=True)
class Dataset:
    """A frozen set of factors, refusals and characterisation sets.

    Attributes:
        parts: Identifier, version and fingerprint of each dataset that this one joins.
    """

    id: str
    version: str
    factors: Mapping[str, FactorRecord]
    refusals: Mapping[str, Refusal]
    characterisation_sets: Mapping[str, Mapping[str, float]]
    parts: tuple[Mapping[str, str], ...] = field(default=())

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over every factor's hash, every refusal and the characterisation sets."""
        digest = hashlib.sha256()
        for factor_id in sorted(self.factors):
            digest.update(f"{factor_id}={self.factors[factor_id].content_hash}\n".encode())
        for refusal_id in sorted(self.refusals):
            refusal = self.refusals[refusal_id]
            digest.update(f"{refusal.id}!{refusal.kind}!{refusal.reason}\n".encode())
        sets = {name: dict(flows) for name, flows in self.characterisation_sets.items()}
        digest.update(canonical_json(sets))
        return digest.hexdigest()

    def factor(self, factor_id: str, path: str = "factor") -> FactorRecord:
        """Return the factor with exactly this identifier.

        Raises:
            MissingFactorError: There is none, or it is a refusal. Names candidates, takes none.
        """
        record = self.factors.get(factor_id)
        if record is None:
            raise self.missing([(path, factor_id)])
        return record

    def missing(self, wanted: Iterable[tuple[str, str]]) -> MissingFactorError:
        """Return one error for all (path, identifier) pairs that the dataset does not have."""
        findings: list[Finding] = []
        candidates: dict[str, tuple[str, ...]] = {}
        for path, factor_id in wanted:
            refusal = self.refusals.get(factor_id)
            near = self.nearest(factor_id)
            candidates[factor_id] = near
            names = f"nearest: {', '.join(near)}; none is taken for you" if near else "none is near"
            if refusal is not None:
                findings.append(Finding(path, factor_id, refusal.reason, refusal.remedy))
            else:
                findings.append(Finding(path, factor_id, "no such emission factor", names))
        return MissingFactorError(findings, candidates)

    def nearest(self, factor_id: str) -> tuple[str, ...]:
        """Return identifiers that resemble this one, best first: a help for people only."""
        return tuple(difflib.get_close_matches(factor_id, self.factors, _CANDIDATES, 0.5))

    def search(
        self,
        text: str = "",
        *,
        boundary: str | None = None,
        region: str | None = None,
        group: str | None = None,
        limit: int = 50,
    ) -> tuple[FactorRecord, ...]:
        """Return factors whose identifier, name, region or note holds every word of `text`."""
        words = text.lower().split()
        hits = [
            record
            for _, record in sorted(self.factors.items())
            if (boundary is None or record.boundary.value == boundary)
            and (region is None or record.region == region)
            and (group is None or record.group == group)
            and all(word in _searched(record) for word in words)
        ]
        return tuple(hits[:limit])

    def search_refusals(self, text: str, limit: int = 50) -> tuple[Refusal, ...]:
        """Return refusals whose identifier or name holds every word of `text`."""
        words = text.lower().split()
        hits = (
            refusal
            for _, refusal in sorted(self.refusals.items())
            if all(word in f"{refusal.id} {refusal.name}".lower() for word in words)
        )
        return tuple(hits)[:limit]

    def characterisation(self, method: str) -> Mapping[str, float]:
        """Return kg CO2e per kg of each elementary flow of a characterisation set.

        Raises:
            DatasetError: The dataset has no such set.
        """
        found = self.characterisation_sets.get(method)
        if found is None:
            known = ", ".join(sorted(self.characterisation_sets))
            finding = Finding("characterisation", method, "no such set", f"known: {known}")
            raise DatasetError([finding])
        return found

    def with_factors(self, id_: str, version: str, records: Iterable[FactorRecord]) -> Dataset:
        """Return this dataset with a user's own factors beside it.

        Raises:
            DatasetError: An identifier occurs twice, here or in this dataset.
        """
        added: dict[str, FactorRecord] = {}
        findings: list[Finding] = []
        for record in records:
            if record.id in self.factors or record.id in added:
                reason = "two factors for one identifier"
                findings.append(Finding(record.id, record.name, reason, "choose another one"))
            added[record.id] = record
        if findings:
            raise DatasetError(findings)
        own = Dataset(id_, version, MappingProxyType(added), MappingProxyType({}), {})
        mine = self.parts or (self._part(),)
        return replace(
            self,
            id=f"{self.id}+{id_}",
            version=f"{self.version}+{version}",
            factors=MappingProxyType({**self.factors, **added}),
            parts=(*mine, own._part()),
        )

    def _part(self) -> Mapping[str, str]:
        return {"id": self.id, "version": self.version, "fingerprint": self.fingerprint}

    def to_reference(self) -> dict[str, object]:
        """Return what a result says of its dataset."""
        return {
            "id": self.id,
            "version": self.version,
            "fingerprint": self.fingerprint,
            "parts": [dict(part) for part in self.parts],
        }


def _searched(record: FactorRecord) -> str:
    return f"{record.id} {record.name} {record.region} {record.note} {record.group}".lower()


def load_shipped_dataset() -> Dataset:
    """Return the dataset that ships with the software; read once.

    Raises:
        DatasetError: A shipped file contradicts itself.
    """
    from lca.dataset_files import read_shipped_dataset  # noqa: PLC0415 - the reader imports Dataset

    return read_shipped_dataset()
