"""Files built as other people's software builds them, in all the forms that the readers must know.

The values are ours; the structure follows published files: ecoSpold 2 the test data of Brightway's
bw2io, openLCA JSON-LD its US Forest Products Laboratory package (schema 1) and olca-schema (2),
ILCD the packages of the Environmental Footprint node and the format's own sample data sets.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from importlib import resources
from typing import Any

import pytest

from lca.datasets import Dataset
from lca.emission_factors import FactorRecord, characterised
from lca.importers import import_factors
from lca.importers.records import GasCollector, Imported, ImportTerms
from lca.units import find_unit

TERMS = ImportTerms(licence="the user's own", source="a database")

SPOLD = """<?xml version="1.0" encoding="utf-8"?>
<!-- exported for a test -->
<ecoSpold xmlns="http://www.EcoInvent.org/EcoSpold02">
  <childActivityDataset>
    <activityDescription>
      <activity id="c40e3c0a-0000-4000-8000-000000000001" activityNameId="06ff" type="1"
          specialActivityType="0" energyValues="0" inheritanceDepth="-1">
        <activityName xml:lang="de">Kathodenherstellung</activityName>
        <activityName xml:lang="en">cathode production</activityName>
        <synonym xml:lang="en">electrode</synonym>
        <includedActivitiesStart xml:lang="en" />
        <generalComment><text xml:lang="en" index="1">Carbon dioxide, fossil</text></generalComment>
      </activity>
      <classification classificationId="a82c"><classificationSystem xml:lang="en">ISIC
      </classificationSystem></classification>
      <geography geographyId="0e0e"><shortname xml:lang="en">RoW</shortname></geography>
      <technology technologyLevel="3" />
      <timePeriod startDate="1997-01-01" endDate="2022-12-31" isDataValidForEntirePeriod="true" />
    </activityDescription>
    <flowData>
      <intermediateExchange id="1" unitId="4" amount="0" intermediateExchangeId="2">
        <name xml:lang="en">by-product of an allocated sibling</name>
        <unitName xml:lang="en">MJ</unitName><outputGroup>0</outputGroup>
      </intermediateExchange>
      <intermediateExchange id="2" unitId="4" amount="1" productionVolumeAmount="42">
        <name xml:lang="de">Kathode</name><name xml:lang="en">cathode</name>
        <unitName xml:lang="en">kg</unitName>
        <comment xml:lang="en">estimated</comment><comment>twice</comment>
        <property propertyId="6" amount="9"><name xml:lang="en">carbon content</name>
          <unitName xml:lang="en">dimensionless</unitName></property>
        <classification classificationId="3"><classificationSystem xml:lang="en">CPC
        </classificationSystem></classification>
        <outputGroup>0</outputGroup>
      </intermediateExchange>
      FLOWS
      <parameter parameterId="d" variableName="v" amount="7777"><name xml:lang="en">p</name>
        <unitName xml:lang="en">dimensionless</unitName></parameter>
    </flowData>
    <modellingAndValidation><representativeness systemModelId="2">
      <systemModelName xml:lang="en">Allocation, cut-off by classification</systemModelName>
    </representativeness></modellingAndValidation>
  </childActivityDataset>
</ecoSpold>"""


def flow(name: str, amount: str, unit: str = "kg", place: str = "air", group: str = "4") -> str:
    direction = "inputGroup" if place == "natural resource" else "outputGroup"
    return f"""<elementaryExchange id="e" unitId="4" casNumber="0" amount="{amount}" formula="X">
      <name xml:lang="en">{name}</name><unitName xml:lang="en">{unit}</unitName>
      <comment xml:lang="en">calculated</comment>
      <uncertainty><lognormal meanValue="1" mu="0" variance="0.1" /></uncertainty>
      <property propertyId="9" amount="1000"><name xml:lang="en">water in wet mass</name>
      <unitName xml:lang="en">kg</unitName></property>
      <compartment subcompartmentId="7"><compartment xml:lang="en">{place}</compartment>
      <subcompartment xml:lang="en">unspecified</subcompartment></compartment>
      <{direction}>{group}</{direction}></elementaryExchange>"""


ORDINARY = (
    flow("Carbon dioxide, fossil", "7.5")
    + flow("Methane, fossil", "20", "g")
    + flow("Methane, chlorodifluoro-, HCFC-22", "1e-6")
    + flow("Carbon dioxide, in air", "0.2", place="natural resource")
    + flow("Chloroform", "5", place="water")
    + flow("NMVOC, non-methane volatile organic compounds", "0.3")
    + flow("Hydrogen fluoride", "0.01")
    + flow("Fluoride", "0.5", place="water")
    + flow("Fluorspar", "0.1", place="natural resource")
    + flow("Water", "3", "m3")
)


def run(format_name: str, data: bytes) -> Imported:
    return import_factors(data, format_name, TERMS)


def only(imported: Imported) -> FactorRecord:
    assert imported.refused == ()
    (record,) = imported.records
    return record


def spold(flows: str) -> Imported:
    return run("ecospold2", SPOLD.replace("FLOWS", flows).encode())


def test_an_ecospold_result_with_all_the_trimmings_is_read(dataset: Dataset) -> None:
    record = only(spold(ORDINARY))
    assert (record.name, record.per) == ("cathode, cathode production", "kg")
    assert (record.region, record.period) == ("RoW", "2022")
    assert record.evidence.endswith("Allocation, cut-off by classification")
    value = characterised(record, dataset.characterisation("ef-3.1"))
    assert value == pytest.approx(7.5 + 0.02 * 29.8 + 1e-6 * 1960)
    assert record.gases["carbon_dioxide_non_fossil"] == pytest.approx(-0.2)
    assert "chloroform" not in record.gases
    assert record.caution == ""


def test_a_gas_without_a_factor_is_left_out_only_where_it_cannot_matter() -> None:
    record = only(spold(ORDINARY + flow("Perfluoropentane", "2e-8")))
    assert record.caution == "left out, under 0.1% in any case: Perfluoropentane"
    refused = spold(ORDINARY + flow("Perfluoropentane", "2e-5"))
    assert refused.records == ()
    assert refused.refused[0].value == "Perfluoropentane"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (flow("Carbon dioxide", "1"), "may be a greenhouse gas"),
        (flow("Carbon dioxide, fossil", "1", "m3"), "may be a greenhouse gas"),
        (flow("", "1"), "have no name"),
        (
            (
                '<intermediateExchange amount="0.1"><name>heat</name><unitName>MJ</unitName>'
                "<outputGroup>2</outputGroup></intermediateExchange>"
            ),
            "by-product",
        ),
        (
            (
                '<intermediateExchange amount="1"><name>second</name><unitName>kg</unitName>'
                "<outputGroup>0</outputGroup></intermediateExchange>"
            ),
            "one reference product",
        ),
    ],
)
def test_an_ecospold_set_that_hides_something_is_refused(more: str, reason: str) -> None:
    refused = spold(ORDINARY + more)
    assert refused.records == ()
    assert reason in refused.refused[0].reason


NOT_GREENHOUSE = [
    "NMVOC, non-methane volatile organic compounds, unspecified origin",
    "non methane volatile organic compounds",
    "Hydrogen fluoride",
    "Fluorine",
    "Fluosilicic acid",
    "Fluoranthene",
    "Trifluralin",
    "Sodium fluoride",
    "Carbon monoxide, fossil",
    "Nitrogen oxides",
    "Particulates, < 2.5 um",
]
GREENHOUSE = [
    "Carbon dioxide",
    "Methane",
    "Methane, bromo-, Halon 1001",
    "1,1,1,3,3-pentafluoropropane",
    "Ethane, 1,1,2-trifluoro-, HFC-143",
    "HFE-7100",
    "Perfluoropentane",
    "Sulphur hexafluoride",
    "Sulfuryl fluoride",
    "CFC-11",
]


def test_greenhouse_gases_are_told_from_their_namesakes() -> None:
    assert [name for name in NOT_GREENHOUSE if GasCollector.may_matter(name)] == []
    assert [name for name in GREENHOUSE if not GasCollector.may_matter(name)] == []


def test_every_flow_of_the_method_is_known_by_its_name(dataset: Dataset) -> None:
    for flow_id in dataset.characterisation("ef-3.1"):
        gases = GasCollector()
        name = _names()[flow_id]
        gases.add(name, 1.0)
        assert gases.gases == {flow_id: 1.0}


def _names() -> dict[str, str]:
    table = resources.files("lca.data").joinpath("characterisation_factors.csv")
    with table.open(encoding="utf-8") as lines:
        return {row["flow"]: row["name"] for row in csv.DictReader(lines)}


def uuid(number: int) -> str:
    return f"{number:08d}-0000-4000-8000-000000000000"


def ilcd_flow(number: int, name: str, property_: int, place: str = "Emissions to air") -> str:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<flowDataSet xmlns="http://lca.jrc.it/ILCD/Flow" xmlns:common="http://lca.jrc.it/ILCD/Common"
  xmlns:epd="http://www.iai.kit.edu/EPD/2013" version="1.1" locations="../ILCDLocations.xml">
<flowInformation><dataSetInformation><common:UUID>{uuid(number)}</common:UUID>
<name><baseName xml:lang="de">auf Deutsch</baseName><baseName xml:lang="en">{name}</baseName></name>
<classificationInformation><common:elementaryFlowCategorization>
<common:category level="0">Emissions</common:category>
<common:category level="1">{place}</common:category></common:elementaryFlowCategorization>
</classificationInformation></dataSetInformation><quantitativeReference>
<referenceToReferenceFlowProperty>0</referenceToReferenceFlowProperty></quantitativeReference>
</flowInformation><flowProperties>
<flowProperty dataSetInternalID="1"><referenceToFlowPropertyDataSet refObjectId="{uuid(99)}"/>
<meanValue>9</meanValue></flowProperty>
<flowProperty dataSetInternalID="0">
<referenceToFlowPropertyDataSet type="flow property data set" refObjectId="{uuid(property_)}">
<common:shortDescription xml:lang="en">Mass</common:shortDescription>
</referenceToFlowPropertyDataSet><meanValue>1.0</meanValue></flowProperty>
</flowProperties></flowDataSet>"""


def ilcd_property(number: int, group: int) -> str:
    return f"""<flowPropertyDataSet xmlns="http://lca.jrc.it/ILCD/FlowProperty"
 xmlns:common="http://lca.jrc.it/ILCD/Common"><flowPropertiesInformation><dataSetInformation>
<common:UUID>{uuid(number)}</common:UUID></dataSetInformation><quantitativeReference>
<referenceToReferenceUnitGroup type="unit group data set" refObjectId="{uuid(group)}"/>
</quantitativeReference></flowPropertiesInformation></flowPropertyDataSet>"""


def ilcd_group(number: int, unit: str) -> str:
    return f"""<unitGroupDataSet xmlns="http://lca.jrc.it/ILCD/UnitGroup"
 xmlns:common="http://lca.jrc.it/ILCD/Common"><unitGroupInformation><dataSetInformation>
<common:UUID>{uuid(number)}</common:UUID></dataSetInformation><quantitativeReference>
<referenceToReferenceUnit>1</referenceToReferenceUnit></quantitativeReference>
</unitGroupInformation><units>
<unit dataSetInternalID="0"><name>other</name><meanValue>1000</meanValue></unit>
<unit dataSetInternalID="1"><name>{unit}</name><meanValue>1.0</meanValue></unit>
</units></unitGroupDataSet>"""


def exchange(
    number: int, flow_number: int, amount: str, name: str = "", way: str = "Output"
) -> str:
    short = (
        f'<common:shortDescription xml:lang="en">{name}</common:shortDescription>' if name else ""
    )
    return f"""<exchange dataSetInternalID="{number}"><referenceToFlowDataSet
 type="flow data set" refObjectId="{uuid(flow_number)}" version="03.00.000"
 uri="../flows/{uuid(flow_number)}.xml">{short}</referenceToFlowDataSet>
<exchangeDirection>{way}</exchangeDirection><meanAmount>99</meanAmount>
<resultingAmount>{amount}</resultingAmount></exchange>"""


def ilcd_process(kind: str = "LCI result", more: str = "") -> str:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<p:processDataSet xmlns:p="http://lca.jrc.it/ILCD/Process"
 xmlns:common="http://lca.jrc.it/ILCD/Common" version="1.1">
<p:processInformation><p:dataSetInformation><common:UUID>{uuid(7)}</common:UUID>
<p:name><p:baseName xml:lang="de">Aluminiumblech</p:baseName>
<p:baseName xml:lang="en">Aluminium sheet</p:baseName>
<p:mixAndLocationTypes xml:lang="en">production mix, at plant</p:mixAndLocationTypes></p:name>
</p:dataSetInformation><p:quantitativeReference type="Reference flow(s)">
<p:referenceToReferenceFlow>0</p:referenceToReferenceFlow></p:quantitativeReference>
<p:time><common:referenceYear>2023</common:referenceYear></p:time>
<p:geography><p:locationOfOperationSupplyOrProduction location="EU-28+EFTA"/></p:geography>
</p:processInformation><p:modellingAndValidation><p:LCIMethodAndAllocation>
<p:typeOfDataSet>{kind}</p:typeOfDataSet></p:LCIMethodAndAllocation></p:modellingAndValidation>
<p:exchanges>{prefixed(more)}</p:exchanges></p:processDataSet>"""


def prefixed(exchanges: str) -> str:
    """Return exchanges under a prefix, as some exporters write them."""
    for tag in ("exchange ", "exchange>", "referenceToFlowDataSet", "exchangeDirection"):
        exchanges = exchanges.replace(f"<{tag}", f"<p:{tag}").replace(f"</{tag}", f"</p:{tag}")
    for tag in ("meanAmount", "resultingAmount"):
        exchanges = exchanges.replace(f"<{tag}", f"<p:{tag}").replace(f"</{tag}", f"</p:{tag}")
    return exchanges


EXCHANGES = (
    exchange(0, 1, "2.0")
    + exchange(1, 2, "13.0", "carbon dioxide (fossil) (Mass, kg, Emissions to air, unspecified)")
    + exchange(2, 3, "0.02")  # methane, by its file alone
    + exchange(3, 4, "5.0", "trichloromethane")  # to water
    + exchange(4, 5, "100", "land occupation")
    + exchange(5, 6, "0.5", "carbon dioxide (biogenic)", "Input")
)


def ilcd_package(process: str, root: str = "ILCD/", *, units: bool = True) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(f"{root}processes/{uuid(7)}_03.00.000.xml", process)
        archive.writestr(f"{root}flows/{uuid(1)}.xml", ilcd_flow(1, "aluminium sheet", 20))
        archive.writestr(f"{root}flows/{uuid(2)}.xml", ilcd_flow(2, "carbon dioxide (fossil)", 20))
        archive.writestr(f"{root}flows/{uuid(3)}.xml", ilcd_flow(3, "methane (fossil)", 20))
        water = ilcd_flow(4, "trichloromethane", 20, "Emissions to water")
        archive.writestr(f"{root}flows/{uuid(4)}.xml", water)
        archive.writestr(f"{root}flows/{uuid(6)}.xml", ilcd_flow(6, "carbon dioxide", 20))
        archive.writestr(f"{root}contacts/{uuid(8)}.xml", "<contactDataSet/>")
        if units:
            archive.writestr(f"{root}flowproperties/{uuid(20)}.xml", ilcd_property(20, 30))
            archive.writestr(f"{root}unitgroups/{uuid(30)}.xml", ilcd_group(30, "kg"))
    return buffer.getvalue()


@pytest.mark.parametrize("root", ["ILCD/", "", "export/ILCD/"])
def test_an_ilcd_package_says_in_which_units_its_amounts_are(root: str, dataset: Dataset) -> None:
    record = only(run("ilcd", ilcd_package(ilcd_process(more=EXCHANGES), root)))
    assert (record.per, record.region, record.period) == ("kg", "EU-28+EFTA", "2023")
    assert record.name == "Aluminium sheet; production mix, at plant"
    value = characterised(record, dataset.characterisation("ef-3.1"))
    assert value == pytest.approx(6.5 + 0.01 * 29.8)
    assert record.gases["carbon_dioxide_non_fossil"] == pytest.approx(-0.25)
    assert "chloroform" not in record.gases


def test_an_ilcd_package_without_its_units_is_refused() -> None:
    imported = run("ilcd", ilcd_package(ilcd_process(more=EXCHANGES), units=False))
    assert imported.records == ()
    assert "greenhouse gas" in imported.refused[0].reason


def test_a_single_ilcd_file_with_nameless_flows_is_refused() -> None:
    process = ilcd_process(more=EXCHANGES.replace('ID="0">', 'ID="0" unit="kg">'))
    imported = run("ilcd", process.encode())
    assert imported.refused[0].reason.endswith("may be a greenhouse gas")
    assert imported.refused[0].remedy == "import the whole package"


@pytest.mark.parametrize("kind", ["Unit process, black box", "Partly terminated system", ""])
def test_an_ilcd_process_that_is_no_result_is_refused(kind: str) -> None:
    imported = run("ilcd", ilcd_package(ilcd_process(kind, EXCHANGES)))
    assert "not an LCI result" in imported.refused[0].reason


def openlca(schema: int, **changes: Any) -> dict[str, Any]:
    """Return a process by version 1 (`input`) or 2 (`isInput`) of the schema."""
    reference = "isQuantitativeReference" if schema == 2 else "quantitativeReference"
    taken = "isInput" if schema == 2 else "input"
    place = ["Elementary flows", "Emission to air"]
    where = {"category": "/".join(place)} if schema == 2 else {"categoryPath": place}

    def elementary(name: str, amount: float, unit: str = "kg") -> dict[str, Any]:
        return {
            "@type": "Exchange",
            "amount": amount,
            "flow": {"@type": "Flow", "name": name, "flowType": "ELEMENTARY_FLOW", **where},
            "unit": {"@type": "Unit", "name": unit},
            "flowProperty": {"@type": "FlowProperty", "name": "Mass"},
        }

    return {
        "@context": "http://greendelta.github.io/olca-schema/context.jsonld",
        "@type": "Process",
        "@id": uuid(1),
        "name": "copper foil",
        "version": "01.00.012",
        "processType": "LCI_RESULT",
        "location": {"@type": "Location", "name": "Germany", "code": "DE"},
        "processDocumentation": {"validUntil": "2024-04-30-04:00", "copyright": False},
        "exchanges": [
            {
                "@type": "Exchange",
                "amount": 1.0,
                reference: True,
                "flow": {"@type": "Flow", "name": "copper foil", "flowType": "PRODUCT_FLOW"},
                "unit": {"@type": "Unit", "name": "kg"},
            },
            elementary("Carbon dioxide, fossil", 5.0),
            elementary("Methane, fossil", 10.0, "g"),
            {**elementary("Carbon dioxide, in air", 0.4), taken: True},
            elementary("Hydrogen fluoride", 0.1),
        ],
        "allocationFactors": [{"@type": "AllocationFactor", "value": 0.0}],
        **changes,
    }


@pytest.mark.parametrize("schema", [1, 2])
def test_openlca_is_read_by_both_versions_of_its_schema(schema: int, dataset: Dataset) -> None:
    record = only(run("openlca", json.dumps(openlca(schema)).encode()))
    value = characterised(record, dataset.characterisation("ef-3.1"))
    assert value == pytest.approx(5.0 + 0.01 * 29.8)
    assert record.gases["carbon_dioxide_non_fossil"] == pytest.approx(-0.4)
    assert (record.region, record.period) == ("DE", "2024")


def test_an_openlca_result_with_another_product_is_refused() -> None:
    document = openlca(1)
    other = {**document["exchanges"][0], "amount": 0.2, "quantitativeReference": False}
    document["exchanges"].append(other)
    imported = run("openlca", json.dumps(document).encode())
    assert "upstream" in imported.refused[0].reason


@pytest.mark.parametrize(
    ("unit", "ours"), [("Item(s)", "piece"), ("t*km", "tkm"), ("metric ton*km", "tkm")]
)
def test_units_of_other_nomenclatures_are_known(unit: str, ours: str) -> None:
    assert find_unit(unit).id == ours
