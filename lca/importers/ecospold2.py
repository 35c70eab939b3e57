"""ecoSpold 2: cumulated data sets (LCI results) become per-gas factors.

A unit process, one that takes inputs from other activities, is not cradle to gate and is refused:
its upstream would be missing. Values of licensed databases stay with their user.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

from lca.emission_factors import FactorRecord
from lca.errors import FactorImportError, Finding
from lca.importers.records import (
    Draft,
    GasCollector,
    Imported,
    ImportTerms,
    identifier_of,
    number_of,
    parse_xml,
    record_of_draft,
)

_NS = {"e": "http://www.EcoInvent.org/EcoSpold02"}


def read_ecospold2(data: bytes, terms: ImportTerms) -> Imported:
    """Return the factor of each activity data set in the file.

    Raises:
        FactorImportError: Not ecoSpold 2.
    """
    root = parse_xml(data)
    sets = root.findall("e:activityDataset", _NS) + root.findall("e:childActivityDataset", _NS)
    if not sets:
        finding = Finding("file", root.tag[:60], "is no ecoSpold 2 file", "export it as that")
        raise FactorImportError([finding])
    found = [_record(item, terms, f"activityDataset[{i}]") for i, item in enumerate(sets)]
    return Imported(
        tuple(item for item in found if isinstance(item, FactorRecord)),
        tuple(item for item in found if isinstance(item, Finding)),
    )


def _record(dataset: ET.Element, terms: ImportTerms, path: str) -> FactorRecord | Finding:
    activity = dataset.find(".//e:activity", _NS)
    products = [
        item
        for item in dataset.findall(".//e:intermediateExchange", _NS)
        if item.find("e:outputGroup", _NS) is not None
    ]
    reference = [item for item in products if item.findtext("e:outputGroup", "", _NS) == "0"]
    if activity is None or len(reference) != 1:
        return Finding(path, "", "needs an activity and one reference product", "export one")
    if dataset.findall(".//e:intermediateExchange/e:inputGroup", _NS):
        reason = "is a unit process, its upstream is not in it"
        return Finding(path, "", reason, "export the cumulated LCI result")
    amount = number_of(reference[0].get("amount"))
    if not amount > 0:
        return Finding(path, str(reference[0].get("amount")), "no amount of product", "export it")
    gases = GasCollector()
    for flow in dataset.findall(".//e:elementaryExchange", _NS):
        if flow.findtext("e:unitName", "", _NS) == "kg":
            sign = -1.0 if flow.find("e:inputGroup", _NS) is not None else 1.0
            kg = number_of(flow.get("amount")) / amount
            gases.add(flow.findtext("e:name", "", _NS), sign * kg)
    unknown = gases.finding(path)
    if unknown is not None:
        return unknown
    name = activity.findtext("e:activityName", "", _NS)
    product = reference[0].findtext("e:name", "", _NS)
    period = dataset.find(".//e:timePeriod", _NS)
    region = dataset.findtext(".//e:geography/e:shortname", "", _NS)
    return record_of_draft(
        Draft(
            id=identifier_of(f"{name} {product} {region}"),
            name=f"{product}, {name}",
            per=reference[0].findtext("e:unitName", "", _NS),
            region=region,
            period="" if period is None else str(period.get("endDate", ""))[:4],
            gases=gases.gases,
            evidence=f"ecoSpold 2 data set {activity.get('id')}",
        ),
        terms,
        path,
    )
