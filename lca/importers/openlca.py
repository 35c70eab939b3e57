"""openLCA JSON-LD: LCI results, as single process files or the zip archive of an export."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any, Final

from lca.documents import load_json
from lca.emission_factors import FactorRecord
from lca.errors import FactorImportError, Finding, shown
from lca.importers.records import (
    Draft,
    GasCollector,
    Imported,
    ImportTerms,
    number_of,
    record_of_draft,
)

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
            names = [name for name in archive.namelist() if name.startswith("processes/")]
            return {name: _single(archive.read(name)) for name in names if name.endswith(".json")}
    except (zipfile.BadZipFile, json.JSONDecodeError) as error:
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
    product = next((item for item in items if item.get("isQuantitativeReference")), None)
    if product is None or not number_of(str(product.get("amount"))) > 0:
        return Finding(path, "", "has no quantitative reference", "set one")
    amount = number_of(str(product["amount"]))
    gases = GasCollector()
    for item in items:
        flow = item.get("flow")
        elementary = isinstance(flow, Mapping) and flow.get("flowType") == "ELEMENTARY_FLOW"
        if elementary and _name(item.get("unit")) == "kg":
            sign = -1.0 if item.get("isInput") else 1.0
            gases.add(_name(flow), sign * number_of(str(item.get("amount"))) / amount)
    unknown = gases.finding(path)
    if unknown is not None:
        return unknown
    documentation = process.get("processDocumentation")
    period = documentation.get("validUntil", "") if isinstance(documentation, Mapping) else ""
    return record_of_draft(
        Draft(
            id=str(process.get("@id", "")),
            name=str(process.get("name", "")),
            per=_name(product.get("unit")),
            region=_name(process.get("location")),
            period=str(period)[:4],
            gases=gases.gases,
            evidence=f"openLCA process {process.get('@id')} version {process.get('version')}",
        ),
        terms,
        path,
    )


def _name(reference: object) -> str:
    return str(reference.get("name", "")) if isinstance(reference, Mapping) else ""
