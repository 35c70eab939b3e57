"""ecoSpold 2: cumulated data sets (LCI results) become per-gas factors.

A unit process, one that takes inputs from other activities, is not cradle to gate and is refused:
its upstream would be missing. Values of licensed databases stay with their user.
"""

from __future__ import annotations

from typing import Final
from xml.etree import ElementTree as ET

from lca.emission_factors import FactorRecord
from lca.errors import FactorImportError, Finding, shown
from lca.importers.records import (
    Draft,
    GasCollector,
    Imported,
    ImportTerms,
    flows_of_method,
    identifier_of,
    number_of,
    parse_xml,
    record_of_draft,
    text_of,
)

_TO_AIR: Final = frozenset({"", "air", "natural resource"})
"""Compartments whose greenhouse gases count; EF 3.1 has no factor for those in water or soil."""


def read_ecospold2(data: bytes, terms: ImportTerms) -> Imported:
    """Return the factor of each activity data set in the file.

    Raises:
        FactorImportError: Not ecoSpold 2.
    """
    root = parse_xml(data)
    sets = [*root.findall("activityDataset"), *root.findall("childActivityDataset")]
    if root.tag != "ecoSpold" or not sets:
        finding = Finding("file", shown(root.tag), "is no ecoSpold 2 file", "export it as that")
        raise FactorImportError([finding])
    found = [_record(item, terms, f"{item.tag}[{i}]") for i, item in enumerate(sets)]
    return Imported(
        tuple(item for item in found if isinstance(item, FactorRecord)),
        tuple(item for item in found if isinstance(item, Finding)),
    )


def _record(dataset: ET.Element, terms: ImportTerms, path: str) -> FactorRecord | Finding:
    description = dataset.find("activityDescription")
    activity = None if description is None else description.find("activity")
    products = _products(dataset, path)
    if isinstance(products, Finding):
        return products
    if activity is None or len(products) != 1:
        reason = "needs an activity and one reference product"
        return Finding(path, f"{len(products)} products", reason, "export one that is allocated")
    amount = number_of(products[0].get("amount"))
    if not amount > 0:
        return Finding(path, str(products[0].get("amount")), "no amount of product", "export it")
    gases = _gases(dataset, amount)
    unknown = gases.finding(path, flows_of_method())
    if unknown is not None:
        return unknown
    name, product = text_of(activity, "activityName"), text_of(products[0], "name")
    region = text_of(description, "geography/shortname")
    period = dataset.find("activityDescription/timePeriod")
    model = text_of(dataset, "modellingAndValidation/representativeness/systemModelName")
    return record_of_draft(
        Draft(
            id=identifier_of(f"{name} {product} {region}"),
            name=f"{product}, {name}",
            per=text_of(products[0], "unitName"),
            region=region,
            period="" if period is None else str(period.get("endDate", ""))[:4],
            gases=gases.gases,
            caution=gases.caution(),
            evidence=f"ecoSpold 2 data set {activity.get('id')}{model and f', {model}'}",
        ),
        terms,
        path,
    )


def _products(dataset: ET.Element, path: str) -> list[ET.Element] | Finding:
    """Return the reference products; those of allocated siblings stand in the file with amount 0."""
    products = []
    for exchange in dataset.findall("flowData/intermediateExchange"):
        if number_of(exchange.get("amount")) == 0:
            continue
        group = text_of(exchange, "outputGroup")
        if group == "0":
            products.append(exchange)
            continue
        name = shown(text_of(exchange, "name"))
        if exchange.find("inputGroup") is not None:
            reason = "is a unit process, its upstream is not in it"
            return Finding(path, name, reason, "export the cumulated LCI result")
        reason = "has a by-product that nothing is allocated to"
        return Finding(path, name, reason, "export an allocated LCI result")
    return products


def _gases(dataset: ET.Element, amount: float) -> GasCollector:
    gases = GasCollector()
    for flow in dataset.findall("flowData/elementaryExchange"):
        if text_of(flow, "compartment/compartment") in _TO_AIR:
            sign = -1.0 if flow.find("inputGroup") is not None else 1.0
            kg = sign * number_of(flow.get("amount")) / amount
            gases.add(text_of(flow, "name"), kg, text_of(flow, "unitName"))
    return gases
