"""Foreign files: right ones become factors with provenance, others are refused with a reason."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from lca.audit import audit_bundle
from lca.data_quality import data_quality
from lca.datasets import Dataset
from lca.emission_factors import FactorRecord, characterised
from lca.errors import DatasetError, FactorImportError, LicenceError
from lca.footprint import compute_footprint
from lca.importers import FORMATS, import_factors
from lca.importers.records import Imported, ImportTerms
from lca.inventory import parse_inventory
from lca.rulesets import load_ruleset

Document = dict[str, Any]

TERMS = ImportTerms(licence="the supplier's own terms", source="supplier portal")


def pact(**changes: object) -> Document:
    """Return a PACT 3.0 footprint of 80 kg of cathode material."""
    pcf: Document = {
        "declaredUnitOfMeasurement": "kilogram",
        "declaredUnitAmount": "80",
        "productMassPerDeclaredUnit": "80",
        "referencePeriodStart": "2024-01-01T00:00:00Z",
        "referencePeriodEnd": "2024-12-31T00:00:00Z",
        "geographyCountry": "CN",
        "boundaryProcessesDescription": "cradle to gate",
        "pcfExcludingBiogenicUptake": "960.0",
        "pcfIncludingBiogenicUptake": "958.0",
        "fossilGhgEmissions": "955.0",
        "fossilCarbonContent": "0",
        "ipccCharacterizationFactors": ["AR6"],
        "crossSectoralStandards": ["ISO14067"],
        "exemptedEmissionsPercent": "1.5",
        "primaryDataShare": "62.5",
        "dqi": {"technologicalDQR": "2.0", "temporalDQR": "1.0", "geographicalDQR": "1.5"},
    }
    pcf.update({key: value for key, value in changes.items() if key in pcf or key.startswith("d")})
    top = {key: value for key, value in changes.items() if key not in pcf}
    return {
        "id": "f4b1225a-bd44-4c8e-861d-079e4e1dfd69",
        "specVersion": "3.0.0",
        "created": "2025-02-01T00:00:00Z",
        "status": "Active",
        "companyName": "Cathode Ltd",
        "companyIds": ["urn:example:cathode"],
        "productDescription": "cathode active material",
        "productIds": ["urn:example:cam"],
        "productNameCompany": "LFP cathode active material",
        "pcf": pcf,
        **top,
    }


def run(format_name: str, document: object, terms: ImportTerms = TERMS) -> Imported:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return import_factors(data, format_name, terms)


def only(imported: Imported) -> FactorRecord:
    assert imported.refused == ()
    assert len(imported.records) == 1
    return imported.records[0]


def test_a_pact_footprint_becomes_a_factor_per_kilogram() -> None:
    record = only(run("pact", pact()))
    assert record.value == pytest.approx(12.0)
    assert (record.per, record.region, record.period) == ("kg", "CN", "2024")
    assert record.primary_data_share == 0.625
    assert record.gwp_basis == "AR6"
    assert not record.redistributable
    assert "f4b1225a" in record.evidence
    assert "1.5 %" in record.caution


def test_the_example_is_a_footprint_by_the_published_schema(third_party: Path) -> None:
    yaml = pytest.importorskip("yaml")
    text = (third_party / "pact" / "openapi_v3_0.yaml").read_text(encoding="utf-8")
    api = yaml.safe_load(text)
    schema = {"$ref": "#/components/schemas/ProductFootprint", "components": api["components"]}
    jsonschema.Draft202012Validator(schema).validate(pact())


def test_a_list_answer_is_read_one_by_one() -> None:
    old = pact(status="Deprecated", id="5e3d5f0c-27b5-4a3e-a7a7-5c9a1b6cf2b0")
    imported = run("pact", {"data": [pact(), old]})
    assert len(imported.records) == 1
    assert "replaced" in imported.refused[0].reason


@pytest.mark.parametrize(
    "change",
    [
        {"declaredUnitOfMeasurement": "megabit second"},
        {"declaredUnitAmount": "0"},
        {"specVersion": "2.2.0"},
        {"pcfExcludingBiogenicUptake": "NaN"},
        {"pcfExcludingBiogenicUptake": "a lot"},
    ],
    ids=str,
)
def test_a_footprint_that_cannot_be_used_is_refused(change: Document) -> None:
    imported = run("pact", pact(**change))
    assert imported.records == ()
    assert imported.refused[0].remedy


def catenax(**changes: object) -> Document:
    """Return a Catena-X PCF 9.0.0 of a hundred casings; the model wraps everything in lists."""
    return {
        "scopeOfPcfForm": [
            {
                "specVersion": "urn:samm:io.catenax.pcf:9.0.0",
                "partialFullPcf": changes.get("scope", "Cradle-to-gate"),
            }
        ],
        "companyAndProductInformation": [
            {
                "companyInformation": [
                    {"companyName": "Casing Ltd", "companyIds": ["urn:bpn:id:BPNL000000000DWF"]}
                ],
                "productInformation": [_CATENAX_PRODUCT],
            }
        ],
        "pcfAssessmentAndMethodology": [
            {
                "dataSourcesAndQuality": [_CATENAX_QUALITY],
                "pcfAssessmentInformation": [_catenax_assessment(changes)],
                "pcfMethodology": [_CATENAX_METHOD],
            }
        ],
        "general": [{"comment": "none"}],
        "carbonContent": [{"carbonContentTotal": 0.0}],
        "productLifeCycleStagesAndEmissions": [
            {
                "productionStage": [
                    {"pcfExcludingBiogenicUptake": 180.0, "pcfIncludingBiogenicUptake": 180.0}
                ],
                "distributionStage": [{"distributionStageIncluded": False}],
                "packagingStage": [{"packagingEmissionsIncluded": False}],
            }
        ],
    }


_CATENAX_PRODUCT: Document = {
    "productNameCompany": "cell casing",
    "productIds": ["urn:gtin:4712345060507"],
    "declaredUnitOfMeasurement": "piece",
    "declaredUnitAmount": 100.0,
    "productMassPerDeclaredUnit": 25.0,
}
_CATENAX_QUALITY: Document = {
    "primaryDataShare": 40.0,
    "technologicalDQR": 2.0,
    "temporalDQR": 2.0,
    "geographicalDQR": 1.0,
}
_CATENAX_METHOD: Document = {
    "massBalancingInformation": [
        {
            "massBalancingUsed": False,
            "freeAttributionInMassBalancing": "not applicable",
            "massBalancingCertificateScheme": "none",
        }
    ],
    "standards": [
        {
            "crossSectoralStandards": ["ISO 14067"],
            "productOrSectorSpecificRules": ["Catena-X PCF Rulebook"],
        }
    ],
    "gwpCharacterizationFactorDetails": [{"ipccCharacterizationFactors": "AR6"}],
    "allocationInForeground": [{"allocationWasteIncineration": "cut-off"}],
}


def _catenax_assessment(changes: Mapping[str, object]) -> Document:
    return {
        "technology": [{"ccsTechnologicalCO2CaptureIncluded": False}],
        "idAndVersion": [
            {
                "id": "3893bb5d-da16-4dc1-9185-11d97476c254",
                "version": 1,
                "status": changes.get("status", "Active"),
                "retroOrProspectivePcfType": changes.get("kind", "Retrospective PCF"),
            }
        ],
        "boundarySpecifications": [{"exemptedEmissionsPercent": changes.get("exempted", 0.0)}],
        "geography": [{"geographyRegionOrSubregion": "Eastern Asia", "geographyCountry": "CN"}],
        "time": [
            {
                "referencePeriodStart": "2023-07-01T00:00:00Z",
                "referencePeriodEnd": "2024-06-30T00:00:00Z",
                "created": "2024-06-30T00:00:00Z",
                "validityPeriodEnd": "2027-06-30T00:00:00Z",
            }
        ],
    }


def test_the_catena_x_example_is_one_by_the_published_schema(third_party: Path) -> None:
    path = third_party / "catenax" / "pcf-9.0.0.schema.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft4Validator(schema).validate(catenax())


def test_a_deprecated_catena_x_footprint_is_refused() -> None:
    assert "replaced" in run("catenax", catenax(status="Deprecated")).refused[0].reason


def test_what_a_catena_x_footprint_leaves_out_or_foresees_is_said() -> None:
    kind = "Prospective PCF without forerunner"
    record = only(run("catenax", catenax(exempted=2.5, kind=kind)))
    assert "2.5 % of emissions exempted" in record.caution
    assert "not measured" in record.caution


def test_a_catena_x_footprint_becomes_a_factor_per_piece() -> None:
    record = only(run("catenax", catenax()))
    assert record.value == pytest.approx(1.8)
    assert (record.per, record.region, record.period) == ("piece", "CN", "2023-2024")
    assert record.primary_data_share == 0.4
    assert record.scores is not None


def test_a_cradle_to_grave_footprint_is_refused() -> None:
    assert "twice" in run("catenax", catenax(scope="Cradle-to-grave")).refused[0].reason


ECOSPOLD = """<?xml version="1.0" encoding="UTF-8"?>
<ecoSpold xmlns="http://www.EcoInvent.org/EcoSpold02"><activityDataset>
<activityDescription>
<activity id="b4c2" type="2"><activityName xml:lang="en">copper production</activityName></activity>
<geography><shortname xml:lang="en">CN</shortname></geography>
<timePeriod startDate="2022-01-01" endDate="2023-12-31"/></activityDescription>
<flowData>
<intermediateExchange amount="2.0"><name>copper foil</name><unitName>kg</unitName>
<outputGroup>0</outputGroup></intermediateExchange>
<elementaryExchange amount="8.0"><name>Carbon dioxide, fossil</name><unitName>kg</unitName>
<outputGroup>4</outputGroup></elementaryExchange>
<elementaryExchange amount="0.02"><name>Methane, fossil</name><unitName>kg</unitName>
<outputGroup>4</outputGroup></elementaryExchange>
<elementaryExchange amount="3.0"><name>Carbon dioxide, in air</name><unitName>kg</unitName>
<inputGroup>4</inputGroup></elementaryExchange>
<elementaryExchange amount="5.0"><name>Water, river</name><unitName>m3</unitName>
<inputGroup>4</inputGroup></elementaryExchange>
EXTRA
</flowData></activityDataset></ecoSpold>"""

UNIT_INPUT = """<intermediateExchange amount="1.0"><name>copper concentrate</name>
<unitName>kg</unitName><inputGroup>5</inputGroup></intermediateExchange>"""
ODD_GAS = """<elementaryExchange amount="0.1"><name>Methane, heptafluoro-</name>
<unitName>kg</unitName><outputGroup>4</outputGroup></elementaryExchange>"""


def test_an_ecospold_result_becomes_a_factor_per_gas(dataset: Dataset) -> None:
    record = only(run("ecospold2", ECOSPOLD.replace("EXTRA", "").encode()))
    assert record.gases["carbon_dioxide_fossil"] == pytest.approx(4.0)
    assert record.gases["carbon_dioxide_non_fossil"] == pytest.approx(-1.5)
    value = characterised(record, dataset.characterisation("ef-3.1"))
    assert value == pytest.approx(4.0 + 0.01 * 29.8)
    assert (record.region, record.period) == ("CN", "2023")


@pytest.mark.parametrize(
    ("extra", "reason"), [(UNIT_INPUT, "unit process"), (ODD_GAS, "greenhouse gas")]
)
def test_an_ecospold_set_that_is_not_complete_is_refused(extra: str, reason: str) -> None:
    imported = run("ecospold2", ECOSPOLD.replace("EXTRA", extra).encode())
    assert imported.records == ()
    assert reason in imported.refused[0].reason


ILCD = """<?xml version="1.0" encoding="UTF-8"?>
<processDataSet xmlns="http://lca.jrc.it/ILCD/Process" xmlns:common="http://lca.jrc.it/ILCD/Common">
<processInformation><dataSetInformation><common:UUID>aa-11</common:UUID>
<name><baseName>Aluminium ingot</baseName></name></dataSetInformation>
<quantitativeReference><referenceToReferenceFlow>0</referenceToReferenceFlow></quantitativeReference>
<time><common:referenceYear>2022</common:referenceYear></time>
<geography><locationOfOperationSupplyOrProduction location="EU-27"/></geography></processInformation>
<modellingAndValidation><LCIMethodAndAllocation><typeOfDataSet>LCI result</typeOfDataSet>
</LCIMethodAndAllocation></modellingAndValidation>
<exchanges>
<exchange dataSetInternalID="0" unit="kg"><exchangeDirection>Output</exchangeDirection>
<resultingAmount>1.0</resultingAmount></exchange>
<exchange dataSetInternalID="1"><referenceToFlowDataSet>
<common:shortDescription>carbon dioxide (fossil)</common:shortDescription></referenceToFlowDataSet>
<exchangeDirection>Output</exchangeDirection><resultingAmount>6.5</resultingAmount></exchange>
<exchange dataSetInternalID="2"><referenceToFlowDataSet>
<common:shortDescription>tetrafluoromethane</common:shortDescription></referenceToFlowDataSet>
<exchangeDirection>Output</exchangeDirection><meanAmount>0.00005</meanAmount></exchange>
</exchanges></processDataSet>"""


def test_an_ilcd_result_becomes_a_factor_per_gas(dataset: Dataset) -> None:
    record = only(run("ilcd", ILCD.encode()))
    value = characterised(record, dataset.characterisation("ef-3.1"))
    assert value == pytest.approx(6.5 + 0.00005 * 7380)
    assert record.id == "own.aa-11"


def test_an_ilcd_set_without_a_unit_is_not_taken_per_kilogram() -> None:
    imported = run("ilcd", ILCD.replace(' unit="kg"', "").encode())
    assert imported.refused[0].reason == "unknown unit"


def test_an_ilcd_unit_process_is_refused() -> None:
    text = ILCD.replace("LCI result", "Unit process, single operation")
    assert "not an LCI result" in run("ilcd", text.encode()).refused[0].reason


OPENLCA: Document = {
    "@type": "Process",
    "@id": "9d2c",
    "name": "graphite, at plant",
    "version": "01.00.000",
    "processType": "LCI_RESULT",
    "location": {"name": "China"},
    "processDocumentation": {"validUntil": "2024-12-31"},
    "exchanges": [
        {
            "isQuantitativeReference": True,
            "amount": 1,
            "unit": {"name": "kg"},
            "flow": {"flowType": "PRODUCT_FLOW", "name": "graphite"},
        },
        {
            "isInput": False,
            "amount": 4.2,
            "unit": {"name": "kg"},
            "flow": {"flowType": "ELEMENTARY_FLOW", "name": "Carbon dioxide, fossil"},
        },
        {
            "isInput": False,
            "amount": 0.01,
            "unit": {"name": "kg"},
            "flow": {"flowType": "ELEMENTARY_FLOW", "name": "Methane, biogenic"},
        },
    ],
}


def test_an_openlca_result_becomes_a_factor_with_biogenic_methane_at_27(dataset: Dataset) -> None:
    record = only(run("openlca", OPENLCA))
    value = characterised(record, dataset.characterisation("ef-3.1"))
    assert value == pytest.approx(4.2 + 0.01 * 27)


def test_an_openlca_archive_is_read_process_by_process() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("processes/9d2c.json", json.dumps(OPENLCA))
        unit = {**OPENLCA, "@id": "77", "processType": "UNIT_PROCESS"}
        archive.writestr("processes/77.json", json.dumps(unit))
        archive.writestr("flows/1.json", "{}")
    imported = run("openlca", buffer.getvalue())
    assert [record.id for record in imported.records] == ["own.9d2c"]
    assert "unit process" in imported.refused[0].reason


CSV = """id,name,value,gases,gwp_basis,per,region,period
foil,copper foil,5.5,,AR6,kg,CN,2024
solvent,recovered NMP,,carbon_dioxide_fossil=1.2;methane_fossil=0.001,,kg,CN,2024
"""


def test_csv_rows_become_factors() -> None:
    imported = run("csv", CSV.encode())
    assert [record.id for record in imported.records] == ["own.foil", "own.solvent"]
    assert imported.records[1].gases["methane_fossil"] == 0.001
    assert len(imported.sha256) == 64


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("x,both,1,carbon_dioxide_fossil=1,,kg,CN,2024", "either a value or gases"),
        ("x,neither,,,,kg,CN,2024", "either a value or gases"),
        ("x,unit,1,,,kilo,CN,2024", "unknown unit"),
        ("x,gas,,coal=1,,kg,CN,2024", "no such elementary flow"),
        ("x,nan,nan,,,kg,CN,2024", "no finite value"),
        ("x,place,1,,,kg,,2024", "no region or period"),
        ("foil,twice,1,,,kg,CN,2024", "two factors for one identifier"),
        ("x,nickel sulfate,74.6,,,kg,CN,2021", "outside the plausible band"),
    ],
)
def test_a_bad_csv_row_is_refused(line: str, reason: str) -> None:
    imported = run("csv", f"{CSV}{line}\n".encode())
    assert len(imported.records) == 2
    assert reason in imported.refused[0].reason


def test_the_outlier_is_taken_only_with_a_reason_that_is_printed() -> None:
    line = "id,name,value,gases,gwp_basis,per,region,period\nniso4,NiSO4,74.6,,,kg,CN,2021\n"
    assert run("csv", line.encode()).records == ()
    terms = ImportTerms("own", "own study", overrides={"own.niso4": "measured, report 12"})
    imported = run("csv", line.encode(), terms)
    assert imported.records[0].value == 74.6
    assert "report 12" in imported.warnings[0]


@pytest.mark.parametrize("format_name", sorted(FORMATS))
@pytest.mark.parametrize(
    "data", [b"", b"\x00\xff", b"{", b"[]", b"<a", b"<a/>", b"PK\x03\x04", b"a,b\n1,2\n"], ids=repr
)
def test_rubbish_is_refused_by_every_reader(format_name: str, data: bytes) -> None:
    try:
        imported = import_factors(data, format_name, TERMS)
    except FactorImportError as error:
        assert error.findings[0].reason  # noqa: PT017 - either a refusal of the file
    else:
        assert imported.records == ()
        assert imported.refused


def test_entities_in_xml_are_not_expanded() -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "bbbb">]><a>&b;</a>'
    with pytest.raises(FactorImportError, match="document types"):
        import_factors(bomb, "ilcd", TERMS)


@pytest.mark.parametrize("terms", [ImportTerms("", "x"), ImportTerms("x", " ")])
def test_an_import_without_licence_or_source_is_refused(terms: ImportTerms) -> None:
    with pytest.raises(FactorImportError, match="under which terms"):
        import_factors(CSV.encode(), "csv", terms)


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(FactorImportError, match="no such format"):
        import_factors(b"", "excel", TERMS)


def test_an_imported_factor_works_and_its_value_stays_at_home(
    pack: Document, dataset: Dataset
) -> None:
    record = only(run("pact", pact()))
    own = dataset.with_factors("suppliers", "2024", [record])
    pack["activities"][0]["exchanges"].append(
        {
            "kind": "technosphere",
            "factor": record.id,
            "amount": 120,
            "unit": "kg",
            "process": "cathode_active_material",
            "origin": "company_specific",
            "evidence": "bill of materials",
        }
    )
    footprint = compute_footprint(parse_inventory(pack), load_ruleset("da-2024"), own)
    share = 120 * 12.0 * 0.625 / footprint.total
    assert data_quality(footprint).primary_data_share == pytest.approx(share, rel=1e-9)
    with pytest.raises(LicenceError):
        audit_bundle(footprint)


def test_an_imported_factor_cannot_take_the_place_of_a_shipped_one(dataset: Dataset) -> None:
    with pytest.raises(DatasetError, match="two factors"):
        dataset.with_factors("own", "1", [dataset.factor("grid.cn.cf.2024")])
