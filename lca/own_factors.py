"""A user's own factors as one file, kept beside the shipped dataset under the user's own licence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from lca.emission_factors import Boundary, FactorRecord, Scores, canonical_json
from lca.errors import DatasetError, Finding, shown
from lca.strict_json import load_json

FACTORS_FORMAT: Final = "voltpass-factors/1"


def write_own_factors(id_: str, version: str, records: Iterable[FactorRecord]) -> bytes:
    """Return a file of factors, each with its hash. It holds licensed values: it is the user's."""
    return canonical_json(
        {
            "format": FACTORS_FORMAT,
            "id": id_,
            "version": version,
            "factors": [
                {"record": record.to_document(), "sha256": record.content_hash}
                for record in records
            ],
        }
    )


def read_own_factors(data: bytes) -> tuple[str, str, tuple[FactorRecord, ...]]:
    """Return identifier, version and factors of such a file, for `Dataset.with_factors`.

    Raises:
        DatasetError: Not such a file, or a factor does not match its hash.
    """
    findings: list[Finding] = []
    document: Mapping[str, Any] = load_json(data, findings)
    if not findings and document.get("format") != FACTORS_FORMAT:
        value = shown(document.get("format"))
        findings.append(Finding("format", value, f"must be {FACTORS_FORMAT}", "import it anew"))
    if findings:
        raise DatasetError(findings)
    try:
        rows = [(record_of(row["record"]), str(row["sha256"])) for row in document["factors"]]
        id_, version = str(document["id"]), str(document["version"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = "is not laid out as one"
        raise DatasetError(
            [Finding("factors", shown(repr(error)), reason, "import it anew")]
        ) from None
    changed = [record.id for record, stated in rows if record.content_hash != stated]
    if changed:
        reason = "does not match its hash"
        raise DatasetError([Finding(id_, "", reason, "import it anew") for id_ in changed])
    return id_, version, tuple(record for record, _ in rows)


def record_of(row: Mapping[str, Any]) -> FactorRecord:
    """Return a factor record from what `FactorRecord.to_document` wrote."""
    scores = row["scores"]
    return FactorRecord(
        id=row["id"],
        name=row["name"],
        value=row["value"],
        gases=MappingProxyType(dict(row["gases"])),
        gwp_basis=row["gwp_basis"],
        per=row["per"],
        region=row["region"],
        period=row["period"],
        boundary=Boundary(row["boundary"]),
        group=row["group"],
        source=row["source"],
        citation=row["citation"],
        licence=row["licence"],
        redistributable=row["redistributable"],
        scores=None
        if scores is None
        else Scores(scores["technological"], scores["temporal"], scores["geographical"]),
        gsd=row["gsd"],
        caution=row["caution"],
        note=row["note"],
        primary_data_share=row["primary_data_share"],
        evidence=row["evidence"],
    )
