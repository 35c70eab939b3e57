"""openLCA JSON-LD: LCI results, as single process files or the zip archive of an export."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any, Final

from lca.archives import ARCHIVE_FAULTS
from lca.emission_factors import FactorRecord
from lca.errors import FactorImportError, Finding, shown
from lca.importers.records import (
    Draft,
    GasCollector,
    Imported,
    ImportTerms,
    flows_of_method,
    number_of,
    record_of_draft,
)
from lca.strict_json import load_json

MAXIMUM_UNPACKED_BYTES: Final = 500 * 1024 * 1024

Json = Mapping[str, Any]


def read_openlca(data: bytes, terms: ImportTerms) -> Imported:
    """Return the factor of each process.

    Raises:
        FactorImportError: Neither a process nor an archive of processes.
    """
    documents = _archive(data) if data[:2] == b"PK" else {"process": _single(data)}
    if not documents:
        raise FactorImportError([Finding("file", "", "holds no process", "export processes")])
    found = [_record(document, terms, path) for path, document in documents.items()]
    return Imported(
        tuple(item for item in found if isinstance(item, FactorRecord)),
        tuple(item for item in found if isinstance(item, Finding)),
    )


def _single(data: bytes) -> Json:
    findings: list[Finding] = []
    document = load_json(data, findings)
    if findings:
        raise FactorImportError(findings)
    return document


def _archive(data: bytes) -> dict[str, Json]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
            if unpacked > MAXIMUM_UNPACKED_BYTES:
                finding = Finding("file", f"{unpacked} bytes", "unpacks to too much", "split it")
                raise FactorImportError([finding])
            names = [name for name in archive.namelist() if "processes" in name.split("/")[:-1]]
            return {name: _single(archive.read(name)) for name in names if name.endswith(".json")}
    except ARCHIVE_FAULTS as error:
        finding = Finding("file", shown(str(error)), "is no archive of openLCA", "export it again")
        raise FactorImportError([finding]) from None


def _record(process: Json, terms: ImportTerms, path: str) -> FactorRecord | Finding:
    if process.get("@type") != "Process":
        return Finding(f"{path}.@type", shown(process.get("@type")), "is no process", "export one")
    if process.get("processType") != "LCI_RESULT":
        reason = "is a unit process, its upstream is not in it"
        value = shown(process.get("processType"))
        return Finding(f"{path}.processType", value, reason, "export the LCI result")
    exchanges = process.get("exchanges")
    items = (
        [item for item in exchanges if isinstance(item, Mapping)]
        if isinstance(exchanges, list)
        else []
    )
    products = [item for item in items if _flag(item, "quantitativeReference")]
    if len(products) != 1 or not number_of(str(products[0].get("amount"))) > 0:
        return Finding(path, "", "has no quantitative reference", "set one")
    product = products[0]
    gases = _gases(items, product, path)
    if isinstance(gases, Finding):
        return gases
    unknown = gases.finding(path, flows_of_method())
    if unknown is not None:
        return unknown
    documentation = process.get("processDocumentation")
    period = documentation.get("validUntil", "") if isinstance(documentation, Mapping) else ""
    return record_of_draft(
        Draft(
            id=str(process.get("@id", "")),
            name=str(process.get("name", "")),
            per=_name(product.get("unit")),
            region=_region(process.get("location")),
            period=str(period)[:4],
            gases=gases.gases,
            caution=gases.caution(),
            evidence=f"openLCA process {process.get('@id')} version {process.get('version')}",
        ),
        terms,
        path,
    )


def _gases(items: list[Json], product: Json, path: str) -> GasCollector | Finding:
    """Return the greenhouse gases per unit of product, or which other product is in it."""
    amount = number_of(str(product["amount"]))
    gases = GasCollector()
    for item in items:
        flow = item.get("flow")
        if not isinstance(flow, Mapping) or item is product:
            continue
        kind = flow.get("flowType")
        if kind == "PRODUCT_FLOW" and number_of(str(item.get("amount"))) != 0:
            reason = "takes or makes other products: its upstream is not wholly in it"
            return Finding(path, shown(_name(flow)), reason, "export an allocated LCI result")
        if kind in ("ELEMENTARY_FLOW", None) and _to_air(flow):
            sign = -1.0 if _flag(item, "input") else 1.0
            kg = sign * number_of(str(item.get("amount"))) / amount
            gases.add(_name(flow), kg, _name(item.get("unit")) or str(flow.get("refUnit", "")))
    return gases


def _region(location: object) -> str:
    """Return the code of a location, or its name where the reference has no code."""
    code = location.get("code") if isinstance(location, Mapping) else None
    return str(code or _name(location))


def _flag(item: Json, name: str) -> bool:
    """Return a flag of an exchange: `isInput` since version 2 of the schema, `input` before."""
    return bool(item.get(f"is{name[0].upper()}{name[1:]}", item.get(name, False)))


def _to_air(flow: Json) -> bool:
    """Tell whether a flow goes to air or comes from it, as far as its category says."""
    given = flow.get("category", flow.get("categoryPath", ""))
    place = "/".join(map(str, given)) if isinstance(given, list) else str(given)
    return not any(word in place.lower() for word in ("water", "soil", "ground"))


def _name(reference: object) -> str:
    return str(reference.get("name") or "") if isinstance(reference, Mapping) else ""
