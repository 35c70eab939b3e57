"""A random plant and a workbook of it: what the benchmarks of the footprint engine work on."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

import numpy as np
import openpyxl

GASES = (
    "carbon_dioxide_fossil",
    "methane_fossil",
    "dinitrogen_monoxide",
    "sulfur_hexafluoride",
)


def inventory_document(activities: int = 60, exchanges: int = 272) -> dict[str, Any]:
    """Return a random acyclic inventory of this size, with uncertainty on every amount."""
    rng = np.random.default_rng(1)
    rows: list[list[dict[str, Any]]] = [[] for _ in range(activities)]
    common = {"unit": "kg", "origin": "secondary", "gsd": 1.1}
    for provider in range(1, activities):
        rows[int(rng.integers(0, provider))].append(_taken(provider, 0.3, common))
    for index in range(exchanges - activities + 1):
        taker = int(rng.integers(0, activities))
        if index % 3 == 0 and taker < activities - 1:
            provider = int(rng.integers(taker + 1, activities))
            rows[taker].append(_taken(provider, float(rng.uniform(0.01, 0.2)), common))
        else:
            flow = GASES[index % 4]
            amount = float(rng.uniform(1e-4, 1))
            kind = {"kind": "biosphere", "flow": flow, "process": "cell_assembly"}
            rows[taker].append({**kind, "amount": amount, **common})
    return {
        "format": "voltpass-inventory/1",
        "title": "a random plant",
        "screening": True,
        "product": {
            "category": "ev",
            "chemistry": "LFP",
            "mass_kg": 400,
            "capacity_kwh": 60,
            "usable_energy_kwh": 60,
            "service_life": {
                "vehicle_class": "M1",
                "warranty_years": 8,
                "warranty_evidence": "benchmark",
            },
        },
        "plant": {
            "facility_id": "bench",
            "country": "CN",
            "period": {"from": "2024-01-01", "to": "2024-12-31"},
            "production_kwh": 1e9,
        },
        "activities": [
            {
                "id": f"a{i}",
                "name": f"activity {i}",
                "output": {"amount": 1, "unit": "kg"},
                "exchanges": row,
            }
            for i, row in enumerate(rows)
        ],
        "demand": {"activity": "a0", "amount": 400, "unit": "kg"},
    }


def _taken(provider: int, amount: float, common: dict[str, Any]) -> dict[str, Any]:
    kind = {"kind": "technosphere", "activity": f"a{provider}", "process": "other_materials"}
    return {**kind, "amount": amount, **common}


_TEXT_IN_CELL = re.compile(rb'<c r="(\w+)" t="inlineStr"><is><t>(.*?)</t></is></c>')


def texts_apart(data: bytes) -> bytes:
    """Return a workbook of openpyxl with its texts in `sharedStrings.xml`."""
    texts: dict[bytes, int] = {}

    def numbered(cell: re.Match[bytes]) -> bytes:
        return b'<c r="%s" t="s"><v>%d</v></c>' % (cell[1], texts.setdefault(cell[2], len(texts)))

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    for name, content in files.items():
        if name.startswith("xl/worksheets/"):
            plain = _TEXT_IN_CELL.sub(numbered, content)
            files[name] = re.sub(rb'<c r="\w+" t="inlineStr" />', b"", plain)
    files["xl/sharedStrings.xml"] = b'<sst xmlns="%s">%s</sst>' % (
        b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
        b"".join(b"<si><t>%s</t></si>" % text for text in texts),
    )
    files["xl/_rels/workbook.xml.rels"] = files["xl/_rels/workbook.xml.rels"].replace(
        b"</Relationships>",
        b'<Relationship Id="rIdTexts" Target="sharedStrings.xml" Type="http://schemas.openxmlformats'
        b'.org/officeDocument/2006/relationships/sharedStrings"/></Relationships>',
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def workbook(rows: int) -> bytes:
    """Return an inventory workbook with a bill of materials of so many rows."""
    document = inventory_document()
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    settings = book.create_sheet("settings")
    settings.append(["field", "value"])
    settings.append(["screening", "yes"])
    for path, value in _leaves({k: v for k, v in document.items() if k not in _LISTS}):
        settings.append([path, value])
    activities = book.create_sheet("activities")
    activities.append(["id", "name", "output_amount", "output_unit"])
    for i in range(20):
        activities.append([f"a{i}", f"activity {i}", 1, "kg"])
    materials = book.create_sheet("bill_of_materials")
    header = ["activity", "factor", "from_activity", "amount", "unit", "process", "origin"]
    materials.append([*header, "evidence", "name"])
    factors = ("mat.li2co3.greet24", "mat.graphite.nat", "mat.mnso4.hi")
    for i in range(rows):
        if i < 19:
            source = ["", f"a{i + 1}"]
            taker = f"a{i // 2}"
        else:
            source = [factors[i % 3], ""]
            taker = f"a{i % 20}"
        place = ["kg", "cathode_active_material", "company_specific", f"scale {i}", f"part {i}"]
        materials.append([taker, *source, 0.1 + i / 1000, *place])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


_LISTS = {"activities", "format", "screening"}


def _leaves(document: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in document.items():
        place = f"{path}.{key}" if path else key
        if isinstance(value, dict):
            yield from _leaves(value, place)
        else:
            yield place, value
