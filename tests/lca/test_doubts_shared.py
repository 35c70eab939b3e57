"""Doubts where a footprint is shown: in the study they stand in full, and give no secret away."""

from __future__ import annotations

import dataclasses
import html
import io
import json
from typing import Any

import openpyxl
import pytest

from lca.datasets import Dataset
from lca.errors import InventoryError
from lca.footprint import Footprint, compute_footprint
from lca.inventory import parse_inventory
from lca.reading import read_inventory
from lca.rulesets import load_ruleset
from lca.sharing import shared_document
from lca.study import study_html
from lca.study_pdf import study_pdf
from lca.workbook import write_workbook
from tests.lca.test_study_pdf import words_of

Document = dict[str, Any]
SECRET = "secret recipe"


def compute(document: Document, dataset: Dataset) -> Footprint:
    return compute_footprint(parse_inventory(document), load_ruleset("da-2024"), dataset)


@pytest.fixture
def heavy(pack: Document) -> Document:
    """The example with twice the materials that its battery weighs."""
    pack["activities"][0]["exchanges"][1].update(amount=839.74, name="all of the pack")
    return pack


@pytest.mark.parametrize("public", [True, False])
def test_the_study_shows_quantity_range_and_source_beside_the_result(
    heavy: Document, dataset: Dataset, public: bool
) -> None:
    footprint = compute(heavy, dataset)
    [doubt] = footprint.doubts
    page = study_html(footprint, public=public)
    pdf = words_of(study_pdf(footprint, public=public))
    assert page.index("Outside the plausible range") < page.index("Life cycle stages")
    for text in ("Outside the plausible range", "implausible bill_of_materials_mass: 2 times"):
        assert text in page
        assert text.replace(" ", "") in pdf
    assert html.escape(doubt.range.source) in page
    assert html.escape(doubt.range.where) in page


def test_a_study_without_doubts_has_no_word_of_them(pack: Document, dataset: Dataset) -> None:
    assert "plausible" not in study_html(compute(pack, dataset), public=False)


def test_the_public_version_tells_that_and_not_how_much_where_rows_are_confidential(
    heavy: Document, dataset: Dataset
) -> None:
    heavy["activities"][0]["exchanges"][1].update(
        name=SECRET, confidential=True, origin="company_specific", evidence="ledger"
    )
    footprint = compute(heavy, dataset)
    document: Any = shared_document(footprint, public=True)
    [doubt] = document["implausible"]
    assert (doubt["value"], doubt["field"]) == (None, None)
    assert doubt["quantity"] == "bill_of_materials_mass"
    assert doubt["text"] in document["warnings"]
    assert "a withheld value, above the plausible range of 0.95 to 1.5" in doubt["text"]
    assert SECRET not in json.dumps(document)
    assert "withheld" in study_html(footprint, public=True)
    own: Any = shared_document(footprint, public=False)
    assert own["implausible"][0]["value"] == pytest.approx(2)
    assert SECRET in own["implausible"][0]["text"]


def test_what_activities_pass_on_tells_nothing_of_a_confidential_row_behind_it(
    pack: Document, dataset: Dataset
) -> None:
    common = {"kind": "technosphere", "process": "cathode_active_material", "origin": "secondary"}
    made = {**common, "factor": "mat.mnso4.hi", "amount": 1, "unit": "kg", "confidential": True}
    output = {"amount": 1, "unit": "kg"}
    pack["activities"].append({"id": "p", "name": "p", "output": output, "exchanges": [made]})
    taken = {**common, "activity": "p", "amount": 700, "unit": "kg"}
    pack["activities"][0]["exchanges"].append(taken)
    document: Any = shared_document(compute(pack, dataset), public=True)
    [doubt] = document["implausible"]
    assert doubt["value"] is None


@pytest.mark.parametrize("public", [True, False])
def test_no_version_tells_a_mass_from_which_a_licensed_value_could_be_computed(
    heavy: Document, dataset: Dataset, public: bool
) -> None:
    shipped = dataset.factor("mat.greet24.pack.lfp.car300")
    licensed = dataclasses.replace(shipped, id="own.pack", redistributable=False)
    heavy["activities"][0]["exchanges"][1]["factor"] = "own.pack"
    footprint = compute(heavy, dataset.with_factors("own", "1", [licensed]))
    document: Any = shared_document(footprint, public=public)
    [doubt] = document["implausible"]
    assert doubt["value"] is None
    assert doubt["field"] == "activities[0].exchanges[1].amount"
    assert "a withheld value at activities" in doubt["text"]


def spoilt(sheet: str, row: int, column: str, value: float) -> bytes:
    """Return the example workbook with another number in one cell."""
    book = openpyxl.load_workbook(io.BytesIO(write_workbook(example=True)))
    header = [cell.value for cell in book[sheet][1]]
    book[sheet].cell(row, header.index(column) + 1).value = value
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_the_example_workbook_is_not_doubted(dataset: Dataset) -> None:
    read = read_inventory(write_workbook(example=True), "plant.xlsx")
    result = compute_footprint(read.inventory, load_ruleset("da-2024"), dataset)
    assert not result.doubts


def test_a_workbook_with_grams_in_one_row_is_refused_by_sheet_row_and_column(
    dataset: Dataset,
) -> None:
    read = read_inventory(spoilt("bill_of_materials", 3, "amount", 419870), "plant.xlsx")
    with pytest.raises(InventoryError) as caught, read.located():
        compute_footprint(read.inventory, load_ruleset("da-2024"), dataset)
    [finding] = caught.value.findings
    assert (finding.file, finding.sheet, finding.row, finding.path) == (
        "plant.xlsx",
        "bill_of_materials",
        3,
        "amount",
    )


def test_a_doubt_about_a_workbook_has_its_place_there(dataset: Dataset) -> None:
    read = read_inventory(spoilt("energy", 2, "amount", 8330), "plant.xlsx")
    result = compute_footprint(read.inventory, load_ruleset("da-2024"), dataset)
    first = result.doubts[0].measurement
    assert first.quantity == "cell_production_electricity"
    assert read.place(first.field) == "plant.xlsx, sheet energy, row 2, amount"
