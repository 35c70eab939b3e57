"""ILCD process data sets, as the Environmental Footprint data are published: LCI results per gas.

A package (zip) holds processes beside their flows, flow properties and unit groups; only these say
in which unit an amount is. Read by the ILCD format 1.1 and EF packages of the Commission.
"""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree as ET

from lca.archives import ARCHIVE_FAULTS
from lca.emission_factors import FactorRecord
from lca.errors import FactorImportError, Finding, shown
from lca.importers.ilcd_package import IlcdPackage, open_package
from lca.importers.records import (
    Draft,
    GasCollector,
    Imported,
    ImportTerms,
    flows_of_method,
    number_of,
    parse_xml,
    record_of_draft,
    text_of,
)

_UNREADABLE: Final[tuple[type[Exception], ...]] = (FactorImportError, *ARCHIVE_FAULTS)
_PROPERTY: Final = re.compile(r"\s*\(mass,[^()]*\)\s*$", re.IGNORECASE)
"""What some exports write after a flow's name: property, unit, compartment."""


def read_ilcd(data: bytes, terms: ImportTerms) -> Imported:
    """Return the factor of each process in a package, or of a single process data set.

    An ILCD exchange names no unit: that stands in the flow, flow property and unit group files of
    its package. In a single file the reference exchange must carry it as an attribute `unit`, as
    some exports do; without it the data set is refused, never taken as kg.

    Raises:
        FactorImportError: Neither an ILCD process data set nor a package of some.
    """
    if data[:2] == b"PK":
        with open_package(data) as package:
            found = [_of_package(package, name, terms) for name in package.names("processes")]
        if not found:
            finding = Finding("file", "", "holds no processes", "export the package with them")
            raise FactorImportError([finding])
    else:
        root = parse_xml(data)
        if root.tag != "processDataSet":
            reason = "is no ILCD process data set"
            raise FactorImportError([Finding("file", shown(root.tag), reason, "export one")])
        found = [_record(root, terms, "processDataSet", None)]
    return Imported(
        tuple(item for item in found if isinstance(item, FactorRecord)),
        tuple(item for item in found if isinstance(item, Finding)),
    )


def _of_package(package: IlcdPackage, name: str, terms: ImportTerms) -> FactorRecord | Finding:
    try:
        return _record(package.read(name), terms, name, package)
    except _UNREADABLE as error:
        return Finding(name, shown(str(error)), "cannot be read", "export the package again")


def _record(
    root: ET.Element, terms: ImportTerms, path: str, package: IlcdPackage | None
) -> FactorRecord | Finding:
    kind = text_of(root, "modellingAndValidation/LCIMethodAndAllocation/typeOfDataSet")
    if kind != "LCI result":
        reason = "is not an LCI result: its upstream is not, or not wholly, in it"
        return Finding(f"{path}.typeOfDataSet", shown(kind), reason, "export the LCI result")
    exchanges = root.findall("exchanges/exchange")
    product = _product(root, exchanges, path)
    if isinstance(product, Finding):
        return product
    amount = _amount(product)
    if not amount > 0:
        return Finding(path, str(amount), "no amount of the reference flow", "check it")
    gases = GasCollector()
    for exchange in exchanges:
        if exchange is not product:
            _add(gases, exchange, amount, package)
    unknown = gases.finding(path, flows_of_method())
    if unknown is not None:
        return unknown
    return record_of_draft(_draft(root, product, gases, package), terms, path)


def _product(root: ET.Element, exchanges: list[ET.Element], path: str) -> ET.Element | Finding:
    """Return the exchange that the data set is per."""
    given = "processInformation/quantitativeReference/referenceToReferenceFlow"
    references = [(item.text or "").strip() for item in root.findall(given)]
    if len(references) != 1:
        reason = "needs one reference flow"
        return Finding(path, ", ".join(references), reason, "export an allocated LCI result")
    for exchange in exchanges:
        if exchange.get("dataSetInternalID") == references[0]:
            return exchange
    return Finding(path, references[0], "the reference flow is not among the exchanges", "check")


def _add(
    gases: GasCollector, exchange: ET.Element, amount: float, package: IlcdPackage | None
) -> None:
    """Add an exchange with nature; the unit is looked up only where it may matter."""
    reference = exchange.find("referenceToFlowDataSet")
    name = _PROPERTY.sub("", text_of(reference, "shortDescription"))
    sign = 1.0 if text_of(exchange, "exchangeDirection") == "Output" else -1.0
    kg = sign * _amount(exchange) / amount
    if package is None:
        gases.add(name, kg)
        return
    if name and not GasCollector.may_matter(name):
        return
    flow = package.flow(reference)
    if flow is None or flow.is_to_air:
        gases.add(name or (flow.name if flow else ""), kg, flow.unit if flow else "")


def _draft(
    root: ET.Element, product: ET.Element, gases: GasCollector, package: IlcdPackage | None
) -> Draft:
    information = root.find("processInformation")
    uuid = text_of(information, "dataSetInformation/UUID")
    flow = None if package is None else package.flow(product.find("referenceToFlowDataSet"))
    parts = ("baseName", "treatmentStandardsRoutes", "mixAndLocationTypes")
    names = [text_of(information, f"dataSetInformation/name/{part}") for part in parts]
    return Draft(
        id=uuid,
        name="; ".join(filter(None, names)),
        per=flow.unit if flow is not None else product.get("unit", ""),
        region=_location(information),
        period=text_of(information, "time/referenceYear"),
        gases=gases.gases,
        caution=gases.caution(),
        evidence=f"ILCD data set {uuid}",
    )


def _location(information: ET.Element | None) -> str:
    for path in ("geography/locationOfOperationSupplyOrProduction", "geography"):
        place = None if information is None else information.find(path)
        if place is not None and place.get("location"):
            return str(place.get("location"))
    return ""


def _amount(exchange: ET.Element) -> float:
    resulting = text_of(exchange, "resultingAmount")
    return number_of(resulting or text_of(exchange, "meanAmount"))
