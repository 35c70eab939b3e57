"""PACT product footprints, version 3: what a supplier declares becomes a factor with provenance.

The value is `pcfExcludingBiogenicUptake` divided by `declaredUnitAmount` (PACT Technical
Specifications 3.0: the footprint is that of the declared amount, not of one unit).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lca.emission_factors import FactorRecord, Scores
from lca.errors import FactorImportError, Finding, shown
from lca.importers.records import (
    PACT_UNITS,
    Draft,
    Imported,
    ImportTerms,
    number_of,
    record_of_draft,
)
from lca.strict_json import load_json

BIOGENIC_CAUTION = (
    "excludes biogenic uptake but counts biogenic CO2 released, where EF 3.1 counts 0: too high"
    " rather than too low"
)


def read_pact(data: bytes, terms: ImportTerms) -> Imported:
    """Return the factor of a ProductFootprint, or of each in a list answer (`{"data": [...]}`).

    Raises:
        FactorImportError: Not JSON, or no ProductFootprint.
    """
    findings: list[Finding] = []
    document = load_json(data, findings)
    if findings:
        raise FactorImportError(findings)
    listed = document.get("data", [document])
    footprints = listed if isinstance(listed, list) else [listed]
    records: list[FactorRecord] = []
    refused: list[Finding] = []
    for index, footprint in enumerate(footprints):
        path = f"data[{index}]" if "data" in document else "pcf"
        found = _record(footprint, terms, path)
        if isinstance(found, Finding):
            refused.append(found)
        else:
            records.append(found)
    return Imported(tuple(records), tuple(refused))


def _record(footprint: object, terms: ImportTerms, path: str) -> FactorRecord | Finding:
    if not isinstance(footprint, Mapping) or not isinstance(footprint.get("pcf"), Mapping):
        return Finding(path, shown(footprint), "is no ProductFootprint", "see PACT 3.0")
    version = str(footprint.get("specVersion", ""))
    if not version.startswith("3."):
        return Finding(f"{path}.specVersion", version, "must be 3.x", "ask for version 3")
    if footprint.get("status") == "Deprecated":
        return Finding(f"{path}.status", "Deprecated", "was replaced by a newer one", "use that")
    pcf = footprint["pcf"]
    unit = PACT_UNITS.get(str(pcf.get("declaredUnitOfMeasurement")))
    amount = number_of(str(pcf.get("declaredUnitAmount")))
    if unit is None or not amount > 0:
        value = f"{pcf.get('declaredUnitAmount')} {pcf.get('declaredUnitOfMeasurement')}"
        return Finding(f"{path}.declaredUnitOfMeasurement", value, "unknown unit", "ask for kg")
    return record_of_draft(
        Draft(
            id=str(footprint.get("id", "")),
            name=str(footprint.get("productNameCompany", "")),
            per=unit,
            region=str(
                pcf.get("geographyCountrySubdivision")
                or pcf.get("geographyCountry")
                or pcf.get("geographyRegionOrSubregion")
                or "GLO"
            ),
            period=period_of(pcf.get("referencePeriodStart"), pcf.get("referencePeriodEnd")),
            value=number_of(str(pcf.get("pcfExcludingBiogenicUptake"))) / amount,
            gwp_basis=gwp_basis(pcf.get("ipccCharacterizationFactors")),
            scores=scores_of(pcf.get("dqi")),
            primary_data_share=share_of(pcf.get("primaryDataShare")),
            caution=_caution(pcf),
            evidence=f"PACT ProductFootprint {footprint.get('id')} version {version}",
            citation=f"declared by {footprint.get('companyName')}",
        ),
        terms,
        path,
    )


def _caution(pcf: Mapping[str, Any]) -> str:
    exempted = pcf.get("exemptedEmissionsPercent")
    missing = f"; {exempted} % of emissions exempted" if number_of(str(exempted)) > 0 else ""
    return f"{BIOGENIC_CAUTION}{missing}"


def period_of(start: object, end: object) -> str:
    """Return the year or years of a reference period."""
    years = [str(value)[:4] for value in (start, end) if value]
    return years[0] if len(set(years)) == 1 else "-".join(years)


def gwp_basis(reports: object) -> str:
    """Return the basis of an aggregate: AR6, or several reports together."""
    return "+".join(map(str, reports)) if isinstance(reports, list) else str(reports or "")


def share_of(percent: object) -> float | None:
    """Return a percentage as a fraction, None where it is not given or not one."""
    value = number_of(str(percent))
    return value / 100 if 0 <= value <= 100 else None  # noqa: PLR2004 - per cent


def scores_of(indicators: object) -> Scores | None:
    """Return data quality indicators where all three are between 1 and 5."""
    if not isinstance(indicators, Mapping):
        return None
    names = ("technologicalDQR", "temporalDQR", "geographicalDQR")
    values = [number_of(str(indicators.get(name))) for name in names]
    return Scores(*values) if all(1 <= value <= 5 for value in values) else None  # noqa: PLR2004 - PEF
