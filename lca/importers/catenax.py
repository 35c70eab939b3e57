"""Catena-X PCF, aspect model 9.0.0: a supplier's footprint becomes a factor with provenance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lca.errors import FactorImportError, Finding, shown
from lca.importers.pact import BIOGENIC_CAUTION, gwp_basis, period_of, scores_of, share_of
from lca.importers.records import (
    PACT_UNITS,
    Draft,
    Imported,
    ImportTerms,
    number_of,
    record_of_draft,
)
from lca.strict_json import load_json

Json = Mapping[str, Any]


def read_catenax(data: bytes, terms: ImportTerms) -> Imported:
    """Return the factor of a PCF document.

    Raises:
        FactorImportError: Not JSON, or no PCF of version 9.
    """
    findings: list[Finding] = []
    document = load_json(data, findings)
    if findings:
        raise FactorImportError(findings)
    if "productLifeCycleStagesAndEmissions" not in document:
        reason = "is no Catena-X PCF of version 9"
        raise FactorImportError([Finding("file", "", reason, "ask for aspect model pcf 9.0.0")])
    scope = str(_at(document, "scopeOfPcfForm").get("partialFullPcf", ""))
    if scope.lower() != "cradle-to-gate":
        reason = "is not cradle to gate: it would count distribution and end of life twice"
        finding = Finding("scopeOfPcfForm.partialFullPcf", shown(scope), reason, "ask for that")
        return Imported((), (finding,))
    identity = _at(
        document, "pcfAssessmentAndMethodology", "pcfAssessmentInformation", "idAndVersion"
    )
    if identity.get("status") == "Deprecated":
        path = "pcfAssessmentAndMethodology.pcfAssessmentInformation.idAndVersion.status"
        finding = Finding(path, "Deprecated", "has been replaced", "ask for the active one")
        return Imported((), (finding,))
    found = record_of_draft(_draft(document), terms, "productLifeCycleStagesAndEmissions")
    if isinstance(found, Finding):
        return Imported((), (found,))
    return Imported((found,), ())


def _draft(document: Json) -> Draft:
    product = _at(document, "companyAndProductInformation", "productInformation")
    company = _at(document, "companyAndProductInformation", "companyInformation")
    method = _at(document, "pcfAssessmentAndMethodology")
    info = _at(method, "pcfAssessmentInformation")
    identity = _at(info, "idAndVersion")
    quality = _at(method, "dataSourcesAndQuality")
    geography, time = _at(info, "geography"), _at(info, "time")
    stages = _at(document, "productLifeCycleStagesAndEmissions")
    production = _at(stages, "productionStage")
    amount = number_of(str(product.get("declaredUnitAmount")))
    kg = number_of(str(production.get("pcfExcludingBiogenicUptake")))
    gwp = _at(method, "pcfMethodology", "gwpCharacterizationFactorDetails")
    return Draft(
        id=str(identity.get("id", "")),
        name=str(product.get("productNameCompany", "")),
        per=PACT_UNITS.get(str(product.get("declaredUnitOfMeasurement")), ""),
        region=str(
            geography.get("geographyCountrySubdivision")
            or geography.get("geographyCountry")
            or geography.get("geographyRegionOrSubregion", "")
        ),
        period=period_of(time.get("referencePeriodStart"), time.get("referencePeriodEnd")),
        value=kg / amount if amount > 0 else None,
        gwp_basis=gwp_basis(gwp.get("ipccCharacterizationFactors")),
        scores=scores_of(quality),
        primary_data_share=share_of(quality.get("primaryDataShare")),
        caution=_caution(identity, _at(info, "boundarySpecifications")),
        evidence=f"Catena-X PCF {identity.get('id')} version {identity.get('version')}",
        citation=f"declared by {company.get('companyName')}",
    )


def _caution(identity: Json, boundary: Json) -> str:
    """Return what must be said of every use: what is counted, what is left out, what is foreseen."""
    cautions = ["production stage only", BIOGENIC_CAUTION]
    exempted = boundary.get("exemptedEmissionsPercent")
    if isinstance(exempted, int | float) and exempted:
        cautions.append(f"{exempted:g} % of emissions exempted by the supplier")
    kind = str(identity.get("retroOrProspectivePcfType", ""))
    if kind.startswith("Prospective"):
        cautions.append(f"{kind}: foreseen, not measured")
    return "; ".join(cautions)


def _at(document: Json, *keys: str) -> Json:
    """Return a nested object; the model wraps single objects in lists."""
    place: Any = document
    for key in keys:
        place = place.get(key) if isinstance(place, Mapping) else None
        if isinstance(place, list):
            place = place[0] if len(place) == 1 else None
    return place if isinstance(place, Mapping) else {}
