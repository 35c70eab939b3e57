"""Spreadsheets: the same footprint as the JSON document, and every bad cell named."""

from __future__ import annotations

import copy
import csv
import datetime as dt
import io
import zipfile
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest

from lca.datasets import Dataset
from lca.errors import SheetError
from lca.footprint import compute_footprint
from lca.inventory import parse_inventory
from lca.rulesets import load_ruleset
from lca.sheets import SheetInput, read_csv_sheets, read_workbook

Document = dict[str, Any]
Tables = dict[str, list[list[Any]]]


TABLES: Tables = {
    "settings": [
        ["field", "value"],
        ["title", "LFP pack from sheets"],
        ["screening", "yes"],
        ["product.category", "ev"],
        ["product.chemistry", "LFP"],
        ["product.mass_kg", 419.87],
        ["product.capacity_kwh", 60],
        ["product.usable_energy_kwh", 60],
        ["product.service_life.vehicle_class", "M1"],
        ["product.service_life.warranty_years", 8],
        ["product.service_life.warranty_capacity_share", 0.7],
        ["product.service_life.warranty_evidence", "warranty terms of the example"],
        ["plant.facility_id", "example-plant"],
        ["plant.country", "CN"],
        ["plant.period.from", "2024-01-01"],
        ["plant.period.to", "2024-12-31"],
        ["plant.production_kwh", 1e10],
        ["electricity.factors.national_mix", "grid.cn.cf.2024"],
        ["demand.activity", "pack"],
        ["demand.amount", 1],
        ["demand.unit", "piece"],
    ],
    "activities": [
        ["id", "name", "output_amount", "output_unit", "yield_percent"],
        ["pack", "battery pack", 1, "piece", ""],
        ["cells", "cells", 1, "kWh capacity", 100],
    ],
    "bill_of_materials": [
        ["activity", "factor", "from_activity", "amount", "unit", "process", "origin", "name"],
        ["pack", "", "cells", 60, "kWh capacity", "pack_assembly", "secondary", ""],
        [
            "pack",
            "mat.greet24.pack.lfp.car300",
            "",
            419.87,
            "kg",
            "pack_materials",
            "secondary",
            "materials",
        ],
    ],
    "energy": [
        ["activity", "carrier", "direct_factor", "amount", "unit", "process", "origin"],
        ["cells", "electricity", "", 8.33, "kWh", "cell_assembly", "secondary"],
        [
            "cells",
            "defra24.wtt.ng.kwh",
            "fuel.ipcc.natural_gas.combustion",
            140,
            "MJ",
            "cell_assembly",
            "secondary",
        ],
    ],
    "transport": [
        ["activity", "mass_kg", "distance_km", "direct_factor", "process", "origin"],
        ["pack", 419.87, 1000, "defra24.frt.hgv", "distribution_transport", "secondary"],
        [
            "pack",
            419.87,
            18000,
            "defra24.frt.sea.container",
            "distribution_transport",
            "secondary",
        ],
    ],
    "electricity_supply": [["arrangement", "kwh"], ["grid", 8.33e10]],
    "gaps": [
        ["stage", "reason", "partial"],
        ["end_of_life", "no sourced recycling data at hand", ""],
        ["distribution", "fuel supply not assessed", "yes"],
    ],
}
"""The example inventory as a plant engineer would type it."""


@pytest.fixture
def tables() -> Tables:
    """Return sheets to be changed at will."""
    return copy.deepcopy(TABLES)


def workbook(tables: Tables) -> bytes:
    book = openpyxl.Workbook()
    for name, rows in tables.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.remove(book.worksheets[0])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def as_csv(tables: Tables) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for name, rows in tables.items():
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        files[f"{name}.csv"] = text.getvalue().encode()
    return files


def from_workbook(tables: Tables) -> SheetInput:
    return read_workbook(workbook(tables), "plant.xlsx")


def from_csv(tables: Tables) -> SheetInput:
    return read_csv_sheets(as_csv(tables), "plant")


@pytest.mark.parametrize("read", [from_workbook, from_csv])
def test_sheets_give_the_footprint_of_the_document(
    read: Callable[[Tables], SheetInput], tables: Tables, pack: Document, dataset: Dataset
) -> None:
    ruleset = load_ruleset("da-2024")
    by_sheets = compute_footprint(read(tables).inventory(), ruleset, dataset)
    by_document = compute_footprint(parse_inventory(pack), ruleset, dataset)
    assert by_sheets.total == pytest.approx(by_document.total, rel=1e-12)


def test_a_yield_of_eighty_per_cent_needs_a_quarter_more(tables: Tables, dataset: Dataset) -> None:
    ruleset = load_ruleset("da-2024")
    full = compute_footprint(from_workbook(tables).inventory(), ruleset, dataset)
    tables["activities"][2][4] = 80
    less = compute_footprint(from_workbook(tables).inventory(), ruleset, dataset)
    production = full.stage_totals[1]
    assert less.stage_totals[1] == pytest.approx(production / 0.8, rel=1e-12)


def test_a_supplier_footprint_becomes_a_factor(tables: Tables, dataset: Dataset) -> None:
    tables["supplier_footprints"] = [
        [
            "id",
            "name",
            "kg_co2e",
            "per",
            "region",
            "period",
            "supplier",
            "evidence",
            "primary_data_percent",
        ],
        ["own.casing", "cell casing", 9.5, "kg", "CN", 2024, "Casing Ltd", "PCF report 17", 60],
    ]
    tables["bill_of_materials"].append(
        ["pack", "own.casing", "", 10, "kg", "cell_casing", "secondary", ""]
    )
    sheets = from_workbook(tables)
    own = dataset.with_factors("suppliers", "1", sheets.factors)
    record = own.factor("own.casing")
    assert record.primary_data_share == 0.6
    assert not record.redistributable
    result = compute_footprint(sheets.inventory(), load_ruleset("da-2024"), own)
    assert float(result.contributions.max()) > 0
    assert any(
        burden.factor_id == "own.casing" and kg == pytest.approx(95)
        for burden, kg in zip(result.system.burdens, result.contributions, strict=True)
    )


BAD: list[tuple[str, str, int, int, object, str]] = [
    ("a number as words", "bill_of_materials", 2, 3, "much", "amount"),
    ("an unknown unit", "bill_of_materials", 2, 4, "kilos", "unit"),
    ("a unit of the wrong dimension", "bill_of_materials", 1, 4, "kg", "unit"),
    ("a negative amount", "energy", 1, 3, -8.33, "amount"),
    ("an unknown activity", "energy", 1, 0, "cell", "activity"),
    ("an unknown origin", "energy", 1, 6, "guess", "origin"),
    ("an empty process", "energy", 1, 5, "", "process"),
    ("a yield above a hundred", "activities", 2, 4, 120, "yield_percent"),
    ("a negative mass", "settings", 5, 1, -419.87, "mass_kg"),
    ("an unknown stage", "gaps", 1, 0, "use", "stage"),
]


@pytest.mark.parametrize("read", [from_workbook, from_csv], ids=["xlsx", "csv"])
@pytest.mark.parametrize(
    "case",
    [case[1:] for case in BAD],
    ids=[case[0] for case in BAD],
)
def test_a_bad_cell_is_named_by_sheet_row_and_column(
    read: Callable[[Tables], SheetInput],
    tables: Tables,
    case: tuple[str, int, int, object, str],
) -> None:
    sheet, row, column, value, field = case
    tables[sheet][row][column] = value
    with pytest.raises(SheetError) as caught:
        read(tables).inventory()
    finding = caught.value.findings[0]
    assert (finding.sheet, finding.row, finding.path) == (sheet, row + 1, field)
    assert finding.file is not None
    assert finding.file.startswith("plant")


@pytest.mark.parametrize("read", [from_workbook, from_csv], ids=["xlsx", "csv"])
def test_a_formula_is_refused_where_it_stands(
    read: Callable[[Tables], SheetInput], tables: Tables
) -> None:
    tables["energy"][1][3] = "=2*4.165"
    with pytest.raises(SheetError, match="formula") as caught:
        read(tables)
    assert (caught.value.findings[0].sheet, caught.value.findings[0].row) == ("energy", 2)


def test_an_unknown_sheet_and_column_are_refused(tables: Tables) -> None:
    tables["bill_of_material"] = [["activity"]]
    tables["gaps"][0].append("colour")
    with pytest.raises(SheetError) as caught:
        from_workbook(tables)
    unknown, column = caught.value.findings
    assert (unknown.path, unknown.value, unknown.sheet) == ("sheet", "bill_of_material", None)
    assert column.path == "colour"


def test_a_missing_sheet_is_refused(tables: Tables) -> None:
    del tables["settings"]
    with pytest.raises(SheetError, match="missing"):
        from_workbook(tables)


def test_a_sheet_of_two_hundred_megabytes_is_refused_unread() -> None:
    with pytest.raises(SheetError, match="larger than 20 MiB"):
        read_csv_sheets({"energy.csv": bytes(200 * 1024 * 1024)})
    with pytest.raises(SheetError, match="larger than 20 MiB"):
        read_workbook(bytes(200 * 1024 * 1024), "plant.xlsx")


def test_a_workbook_that_unpacks_to_too_much_is_refused_unread() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", bytes(150 * 1024 * 1024))
    with pytest.raises(SheetError, match="larger than 100 MiB"):
        read_workbook(buffer.getvalue(), "plant.xlsx")


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"plain text"], ids=["empty", "cut", "text"])
def test_what_is_no_workbook_is_refused(data: bytes) -> None:
    with pytest.raises(SheetError, match="cannot be read"):
        read_workbook(data, "plant.xlsx")


def test_certificates_find_their_contract_by_row(tables: Tables, dataset: Dataset) -> None:
    tables["electricity_supply"] = [
        ["arrangement", "kwh", "contract_technology", "contract_factor", "contract_kwh"],
        ["grid", 8.33e10, "hydro", "power.cn.hydro.cf.2024", 8.33e10],
    ]
    tables["certificates"] = [
        ["supply_row", "id", "kwh", "vintage_year", "retired_on"],
        [2, "gec-1", 8.33e10, 2024, "2025-02-01"],
    ]
    tables["settings"] += [
        ["product.service_life.distance_km", 160000],
        ["product.service_life.consumption_kwh_per_km", 0.15],
    ]
    result = compute_footprint(from_workbook(tables).inventory(), load_ruleset("jrc-2023"), dataset)
    assert result.system.mix is not None
    assert result.system.mix.kg_co2e_per_kwh == pytest.approx(0.0141)


def test_the_smaller_sheets_enter_the_document(tables: Tables, dataset: Dataset) -> None:
    base = compute_footprint(from_workbook(tables).inventory(), load_ruleset("da-2024"), dataset)
    tables["emissions"] = [
        ["activity", "flow", "amount", "unit", "process", "origin", "confidential"],
        ["cells", "methane_fossil", 1.0, "g", "cell_assembly", "secondary", "yes"],
    ]
    tables["assumptions"] = [["assumption"], ["the year 2024 is typical"], [""]]
    tables["offsets"] = [
        ["id", "registry", "quantity_t", "vintage_year"],
        ["credit 7", "example registry", 5, 2023],
    ]
    tables["cut_off"] = [
        ["activity", "component", "missing_mass_kg", "component_mass_kg", "reason"],
        ["pack", "pack", 0.5, 419.87, "labels"],
    ]
    tables["absent_components"] = [["process", "reason"], ["separator", "solid electrolyte"]]
    tables["_notes"] = [["anything"], ["this sheet is not read"]]
    inventory = from_workbook(tables).inventory()
    assert inventory.assumptions == ("the year 2024 is typical",)
    assert inventory.offsets[0].vintage_year == 2023
    assert inventory.absent_components[0].process == "separator"
    assert inventory.activities[1].exchanges[-1].confidential
    result = compute_footprint(inventory, load_ruleset("da-2024"), dataset)
    added = 60 * 0.001 * 29.8 + 0.5 * 6.07387
    assert result.total - base.total == pytest.approx(added, rel=1e-4)


def test_a_transport_leg_with_a_life_cycle_factor_is_a_supply(tables: Tables) -> None:
    tables["transport"][0][3] = "factor"
    tables["transport"][1][3] = "own.lorry"
    inventory = from_workbook(tables).inventory()
    leg = inventory.activities[0].exchanges[-2]
    assert (leg.kind, leg.factor, leg.unit) == ("technosphere", "own.lorry", "tkm")
    assert leg.amount == pytest.approx(419.87)


ODD: list[tuple[str, str, list[list[Any]], str]] = [
    ("a setting twice", "settings", [["title", "again"]], "field"),
    ("a setting inside a value", "settings", [["title.short", "x"]], "field"),
    (
        "neither factor nor activity",
        "bill_of_materials",
        [["pack", "", "", 1, "kg", "x", "x"]],
        "factor",
    ),
    (
        "both factor and activity",
        "bill_of_materials",
        [["pack", "a", "cells", 1, "kg", "x", "x"]],
        "factor",
    ),
    ("a leg without a factor", "transport", [["pack", 1, 1, "", "x", "secondary"]], "factor"),
    (
        "a row without an activity",
        "energy",
        [["", "electricity", "", 1, "kWh", "x", "x"]],
        "activity",
    ),
]


@pytest.mark.parametrize(
    ("sheet", "rows", "field"), [case[1:] for case in ODD], ids=[case[0] for case in ODD]
)
def test_an_odd_row_is_named(tables: Tables, sheet: str, rows: list[list[Any]], field: str) -> None:
    tables[sheet] += rows
    with pytest.raises(SheetError) as caught:
        from_workbook(tables)
    finding = caught.value.findings[0]
    assert (finding.sheet, finding.row, finding.path) == (sheet, len(tables[sheet]), field)


def test_a_certificate_without_its_contract_is_refused(tables: Tables) -> None:
    tables["certificates"] = [
        ["supply_row", "id", "kwh", "vintage_year"],
        [2, "gec-1", 8.33e10, 2024],
    ]
    with pytest.raises(SheetError, match="has a contract"):
        from_workbook(tables)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        (2, 1e15, "finite number"),
        (3, "kilo", "unknown unit"),
        (8, 160, "between 0 and 100"),
        (7, "", "is empty"),
    ],
)
def test_a_supplier_footprint_that_cannot_be_is_refused(
    tables: Tables, column: int, value: object, reason: str
) -> None:
    header = ["id", "name", "kg_co2e", "per", "region", "period", "supplier", "evidence"]
    row: list[Any] = ["own.casing", "casing", 9.5, "kg", "CN", 2024, "Casing Ltd", "report", 60]
    row[column] = value
    tables["supplier_footprints"] = [[*header, "primary_data_percent"], row]
    with pytest.raises(SheetError, match=reason) as caught:
        from_workbook(tables)
    assert caught.value.findings[0].row == 2


def test_a_column_given_twice_or_missing_is_refused(tables: Tables) -> None:
    tables["gaps"][0] = ["stage", "stage", "reason"]
    tables["energy"][0][4] = "units"
    with pytest.raises(SheetError) as caught:
        from_workbook(tables)
    reasons = {(finding.path, finding.reason) for finding in caught.value.findings}
    assert {("stage", "column given twice"), ("unit", "column is missing")} <= reasons


@pytest.mark.parametrize("sheet", ["bill_of_materials", "gaps"])
@pytest.mark.parametrize("named", [True, False], ids=["header of blanks", "no header"])
def test_a_cell_under_no_column_name_is_refused(tables: Tables, sheet: str, named: bool) -> None:
    width = len(tables[sheet][0])
    if named:
        tables[sheet][0].append(" ")
    tables[sheet][2] = [*tables[sheet][2], *([""] * (width - len(tables[sheet][2]))), "7 kg?"]
    for read in (from_workbook, from_csv):
        with pytest.raises(SheetError, match="no column name") as caught:
            read(tables)
        finding = caught.value.findings[0]
        assert (finding.sheet, finding.row, finding.value) == (sheet, 3, "7 kg?")


def test_dates_and_years_typed_as_such_are_read_as_text(tables: Tables) -> None:
    tables["settings"][14][1] = dt.date(2024, 1, 1)
    inventory = from_workbook(tables).inventory()
    assert inventory.plant.period.first_on == dt.date(2024, 1, 1)


def test_too_many_rows_are_refused(tables: Tables) -> None:
    files = as_csv(tables)
    files["gaps.csv"] += b"end_of_life,none,\n" * 50_001
    with pytest.raises(SheetError, match="more than 50000 rows"):
        read_csv_sheets(files, "plant")


def test_csv_that_is_not_utf_8_is_refused(tables: Tables) -> None:
    files = as_csv(tables)
    files["settings.csv"] = "field,value\ntitle,Gehäuse\n".encode("latin-1")
    with pytest.raises(SheetError, match="cannot be read"):
        read_csv_sheets(files, "plant")
