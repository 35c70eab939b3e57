"""Recycled content, end of life and co-products from sheets: template, filled in, computed."""

from __future__ import annotations

import io
import zipfile
from functools import cache
from typing import Any

import openpyxl
import pytest
import python_calamine

from lca.datasets import Dataset
from lca.errors import LcaError, SheetError
from lca.footprint import Footprint, compute_footprint
from lca.inventory import parse_inventory
from lca.reading import read_inventory
from lca.rulesets import load_ruleset
from lca.workbook import write_workbook
from tests.lca.test_sheets import as_csv

NICKEL: dict[str, Any] = {
    "id": "nickel of the cathode",
    "material": "nickel",
    "mass_kg": 10,
    "virgin_factor": "mat.nickel_metal.hi",
    "recycled_input_factor": "mat.nickel_metal.lo",
    "recycling_output_factor": "mat.nickel_metal.lo",
    "substituted_virgin_factor": "mat.nickel_metal.hi",
    "energy_recovery_factor": "mat.nickel_metal.lo",
    "substituted_electricity_factor": "grid.cn.cf.2024",
    "disposal_factor": "mat.mnso4.hi",
    "recycled_input_percent": 16,
    "recycled_input_percent_evidence": "chain of custody",
    "recycled_at_end_percent": 90,
    "recycled_at_end_percent_evidence": "recycler's record",
    "energy_recovery_percent": 5,
    "energy_recovery_percent_evidence": "recycler's record",
    "LHV_MJ_per_kg": 36,
    "LHV_MJ_per_kg_evidence": "laboratory",
    "electricity_efficiency_percent": 20,
    "electricity_efficiency_percent_evidence": "plant record",
}


Tables = dict[str, list[list[Any]]]


@cache
def template() -> bytes:
    """Return the workbook that the command writes, with its example."""
    return write_workbook(example=True)


def fill(table: list[list[Any]], row: dict[str, Any], at: int | None = None) -> None:
    """Fill a row in as a person would, column by column of the template."""
    if at is None:
        table.append([""] * len(table[0]))
    for column, value in row.items():
        table[-1 if at is None else at][table[0].index(column)] = "" if value is None else value


def tables(*rows: tuple[str, dict[str, Any]]) -> Tables:
    """Return the sheets of the template's example with rows added, without its gap at end of life."""
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(template()))
    found = {
        name: book.get_sheet_by_name(name).to_python()
        for name in book.sheet_names
        if not name.startswith("_")
    }
    del found["gaps"][1]
    for sheet, row in rows:
        fill(found[sheet], row)
    return found


def as_archive(sheets: Tables) -> bytes:
    """Return sheets as a zip of CSV files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in as_csv(sheets).items():
            archive.writestr(name, data)
    return buffer.getvalue()


def filled(*rows: tuple[str, dict[str, Any]]) -> bytes:
    return as_archive(tables(*rows))


def compute(data: bytes, dataset: Dataset) -> Footprint:
    read = read_inventory(data, "pack.zip")
    with read.located():
        return compute_footprint(read.inventory, load_ruleset("da-2024"), dataset)


def test_the_formula_from_a_sheet_is_the_formula(dataset: Dataset) -> None:
    base, result = compute(filled(), dataset), compute(filled(("end_of_life", NICKEL)), dataset)
    added = result.stage_totals - base.stage_totals
    raw = 0.84 * 30.73 + 0.16 * (0.2 * 1.75 + 0.8 * 30.73)
    end = 0.8 * 0.9 * (1.75 - 30.73) + 0.05 * (1.75 - 36 * 0.2 / 3.6 * 0.5777) + 0.05 * 3.507
    assert added[0] == pytest.approx(10 * raw, rel=1e-12)
    assert added[3] == pytest.approx(10 * end, rel=1e-12)


def test_the_template_filled_in_and_saved_as_a_workbook_computes(dataset: Dataset) -> None:
    book = openpyxl.load_workbook(io.BytesIO(template()))
    book["gaps"].delete_rows(2)
    rows: list[tuple[str, dict[str, Any]]] = [
        ("end_of_life", NICKEL),
        ("co_products", {**SCRAP, "activity": "cells"}),
    ]
    for sheet, row in rows:
        columns = [cell.value for cell in book[sheet][1]]
        assert all(cell.comment for cell in book[sheet][1])
        for column, value in row.items():
            book[sheet].cell(2, columns.index(column) + 1, value)
    columns = [cell.value for cell in book["activities"][1]]
    book["activities"].cell(3, columns.index("output_mass_kg") + 1, 9)
    book["activities"].cell(3, columns.index("output_price_per_kg") + 1, 10)
    buffer = io.BytesIO()
    book.save(buffer)
    result = compute(buffer.getvalue(), dataset)
    inventory = result.system.inventory
    assert inventory.activities[1].products[1].name == "copper scrap"
    again = parse_inventory(dict(inventory.document))
    assert compute_footprint(again, load_ruleset("da-2024"), dataset).total == result.total


def test_recycled_lots_from_their_sheet_give_the_share_of_the_formula(dataset: Dataset) -> None:
    lot = {"metal": "nickel", "mass_kg": 50, "pre_consumer_kg": 3, "post_consumer_kg": 5}
    without = {key: value for key, value in NICKEL.items() if "recycled_input_percent" not in key}
    lots = ("recycled_content", {**lot, "evidence": "chain of custody"})
    result = compute(filled(("end_of_life", without), lots), dataset)
    assert result.total == pytest.approx(
        compute(filled(("end_of_life", NICKEL)), dataset).total, rel=1e-12
    )
    with pytest.raises(SheetError) as caught:
        compute(filled(("end_of_life", NICKEL), lots), dataset)
    (finding,) = caught.value.findings
    assert (finding.sheet, finding.row, finding.path) == (
        "end_of_life",
        2,
        "recycled_input_percent",
    )


SCRAP = {"activity": "pack", "name": "copper scrap", "mass_kg": 1, "price_per_kg": 6}


def shared(
    price: float | None = 10, mass: float = 9, rate: float = 100, **changes: object
) -> bytes:
    """Return sheets in which `cells` has a co-product, and its own mass and price."""
    sheets = tables(("co_products", {**SCRAP, "activity": "cells", **changes}))
    main = {"output_mass_kg": mass, "output_price_per_kg": price, "yield_percent": rate}
    fill(sheets["activities"], main, 2)
    return as_archive(sheets)


def test_a_co_product_takes_its_share_by_mass(dataset: Dataset) -> None:
    base = compute(filled(), dataset)
    result = compute(shared(), dataset)
    assert result.stage_totals[1] == pytest.approx(0.9 * base.stage_totals[1], rel=1e-9)
    assert any("90.00% allocated to the main product by mass" in w for w in result.system.warnings)


def test_a_co_product_takes_its_share_by_value_where_prices_differ_much(dataset: Dataset) -> None:
    base = compute(filled(), dataset)
    result = compute(shared(price_per_kg=0.5), dataset)
    share = 90 / 90.5
    assert result.stage_totals[1] == pytest.approx(share * base.stage_totals[1], rel=1e-9)


def test_a_yield_below_a_hundred_lessens_the_main_product_alone(dataset: Dataset) -> None:
    result = compute(shared(mass=10, rate=90), dataset)
    assert any("90.00% allocated to the main product by mass" in w for w in result.system.warnings)


@pytest.mark.parametrize(
    ("sheet", "row", "field"),
    [
        ("end_of_life", {**NICKEL, "recycled_input_percent": 160}, "recycled_input_percent"),
        ("end_of_life", {**NICKEL, "recycled_at_end_percent": -1}, "recycled_at_end_percent"),
        ("end_of_life", {**NICKEL, "energy_recovery_percent": 20}, "recycled_at_end_percent"),
        ("end_of_life", {**NICKEL, "mass_kg": -10}, "mass_kg"),
        ("end_of_life", {**NICKEL, "mass_kg": "ten"}, "mass_kg"),
        ("end_of_life", {**NICKEL, "material": "unobtainium"}, "material"),
        ("end_of_life", {**NICKEL, "virgin_factor": None}, "virgin_factor"),
        ("end_of_life", {**NICKEL, "virgin_factor": "mat.nikkel"}, "virgin_factor"),
        ("end_of_life", {**NICKEL, "disposal_factor": "grid.cn.cf.2024"}, "disposal_factor"),
        ("end_of_life", {**NICKEL, "disposal_factor": "defra24.coal_ind.kg"}, "disposal_factor"),
        (
            "end_of_life",
            {**NICKEL, "recycled_input_percent_evidence": None},
            "recycled_input_percent",
        ),
        ("end_of_life", {**NICKEL, "virgin_counted": "perhaps"}, "virgin_counted"),
        ("co_products", {**SCRAP, "activity": "nobody"}, "activity"),
        ("co_products", {**SCRAP, "mass_kg": 0}, "mass_kg"),
        ("co_products", {**SCRAP, "price_per_kg": -1}, "price_per_kg"),
    ],
)
def test_what_cannot_be_is_named_by_sheet_row_and_column(
    dataset: Dataset, sheet: str, row: dict[str, Any], field: str
) -> None:
    with pytest.raises(LcaError) as caught:
        compute(filled((sheet, row)), dataset)
    found = [(item.file, item.sheet, item.row, item.path) for item in caught.value.findings]
    assert ("pack.zip", sheet, 2, field) in found


def test_a_co_product_without_the_mass_of_the_main_one_is_refused(dataset: Dataset) -> None:
    with pytest.raises(SheetError) as caught:
        compute(filled(("co_products", SCRAP)), dataset)
    (finding,) = caught.value.findings
    assert (finding.sheet, finding.row, finding.path) == ("activities", 2, "output_mass_kg")


def test_prices_of_some_products_only_are_refused(dataset: Dataset) -> None:
    with pytest.raises(LcaError, match="some of the products only"):
        compute(shared(price=None), dataset)
