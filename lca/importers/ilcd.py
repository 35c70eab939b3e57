"""ILCD process data sets, as the Environmental Footprint data are published: LCI results per gas."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from lca.emission_factors import FactorRecord
from lca.errors import FactorImportError, Finding
from lca.importers.records import (
    Draft,
    GasCollector,
    Imported,
    ImportTerms,
    number_of,
    parse_xml,
    record_of_draft,
)

_NS = {
    "p": "http://lca.jrc.it/ILCD/Process",
    "c": "http://lca.jrc.it/ILCD/Common",
}


def read_ilcd(data: bytes, terms: ImportTerms) -> Imported:
    """Return the factor of a process data set.

    An ILCD exchange names no unit: that stands in the flow and unit group files of its package.
    The reference exchange must carry it as an attribute `unit`, as single-file exports do; without
    it the data set is refused, never taken as kg.

    Raises:
        FactorImportError: Not an ILCD process data set.
    """
    root = parse_xml(data)
    if root.tag != f"{{{_NS['p']}}}processDataSet":
        finding = Finding("file", root.tag[:60], "is no ILCD process data set", "export one")
        raise FactorImportError([finding])
    found = _record(root, terms)
    if isinstance(found, FactorRecord):
        return Imported((found,), ())
    return Imported((), (found,))


def _record(root: ET.Element, terms: ImportTerms) -> FactorRecord | Finding:
    path = "processDataSet"
    kind = root.findtext(".//p:LCIMethodAndAllocation/p:typeOfDataSet", "", _NS)
    if kind != "LCI result":
        reason = "is not an LCI result: its upstream is not, or not wholly, in it"
        return Finding(f"{path}.typeOfDataSet", kind, reason, "export the LCI result")
    reference = root.findtext(".//p:quantitativeReference/p:referenceToReferenceFlow", "", _NS)
    exchanges = root.findall(".//p:exchanges/p:exchange", _NS)
    product = next((e for e in exchanges if e.get("dataSetInternalID") == reference), None)
    if product is None:
        return Finding(path, reference, "the reference flow is not among the exchanges", "check")
    amount = _amount(product)
    if not amount > 0:
        return Finding(path, str(amount), "no amount of the reference flow", "check it")
    gases = GasCollector()
    for exchange in exchanges:
        if exchange is not product:
            name = _short(exchange.find("p:referenceToFlowDataSet", _NS))
            outwards = exchange.findtext("p:exchangeDirection", "", _NS) == "Output"
            gases.add(name, _amount(exchange) / amount * (1.0 if outwards else -1.0))
    unknown = gases.finding(path)
    if unknown is not None:
        return unknown
    place = root.find(".//p:locationOfOperationSupplyOrProduction", _NS)
    return record_of_draft(
        Draft(
            id=root.findtext(".//c:UUID", "", _NS),
            name=root.findtext(".//p:name/p:baseName", "", _NS),
            per=product.get("unit", ""),
            region="" if place is None else place.get("location", ""),
            period=root.findtext(".//c:referenceYear", "", _NS),
            gases=gases.gases,
            evidence=f"ILCD data set {root.findtext('.//c:UUID', '', _NS)}",
        ),
        terms,
        path,
    )


def _amount(exchange: ET.Element) -> float:
    text = exchange.findtext("p:resultingAmount", None, _NS)
    return number_of(text if text is not None else exchange.findtext("p:meanAmount", None, _NS))


def _short(reference: ET.Element | None) -> str:
    return "" if reference is None else reference.findtext("c:shortDescription", "", _NS)
