"""What leaves the house: no licensed value, no confidential row; and what comes in as a file."""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from typing import Any

import pytest

from lca.contribution import top_contributors
from lca.datasets import Dataset
from lca.errors import DatasetError, InventoryError, SheetError
from lca.footprint import Footprint, compute_footprint
from lca.inventory import parse_inventory
from lca.own_factors import read_own_factors, write_own_factors
from lca.reading import read_inventory
from lca.rulesets import load_ruleset
from lca.sharing import shared_document

Document = dict[str, Any]


def compute(document: Document, dataset: Dataset) -> Footprint:
    return compute_footprint(parse_inventory(document), load_ruleset("da-2024"), dataset)


@pytest.fixture
def licensed(pack: Document, dataset: Dataset) -> Footprint:
    record = dataclasses.replace(
        dataset.factor("mat.graphite.nat"),
        id="own.graphite",
        value=2.7182818,
        redistributable=False,
    )
    pack["activities"][0]["exchanges"].append(
        {
            "kind": "technosphere",
            "factor": "own.graphite",
            "amount": 61.25,
            "unit": "kg",
            "process": "anode_active_material",
            "origin": "company_specific",
            "evidence": "secret ledger",
        }
    )
    return compute(pack, dataset.with_factors("own", "1", [record]))


def test_a_licensed_value_cannot_be_computed_from_what_is_shared(licensed: Footprint) -> None:
    document: Any = shared_document(licensed, public=False)
    row = document["contributions"][3]
    assert row["withheld"] is True
    for key in ("amount_per_battery", "kg_co2e_per_unit", "kg_co2e_per_battery", "share"):
        assert row[key] is None


@pytest.mark.parametrize("public", [True, False])
def test_what_is_withheld_stands_in_sums_by_stage(licensed: Footprint, public: bool) -> None:
    document: Any = shared_document(licensed, public=public)
    kg = 61.25 * 2.7182818
    assert document["withheld_by_stage"] == {"raw_material_acquisition": pytest.approx(kg)}
    assert "2.7182818" not in json.dumps(document)
    shown = sum(row["kg_co2e_per_battery"] or 0 for row in document["contributions"])
    assert shown + kg == pytest.approx(licensed.total, rel=1e-12)


def test_the_public_document_has_no_word_of_what_is_confidential(
    pack: Document, dataset: Dataset
) -> None:
    exchange = pack["activities"][0]["exchanges"][1]
    exchange.update(name="secret recipe", confidential=True)
    pack["activities"][1]["exchanges"][0]["confidential"] = True
    footprint = compute(pack, dataset)
    private = json.dumps(shared_document(footprint, public=False))
    public = json.dumps(shared_document(footprint, public=True))
    record = dataset.factor("mat.greet24.pack.lfp.car300")
    row = '"activities[0].exchanges[1]"'
    for secret in (
        "secret recipe",
        record.id,
        record.content_hash,
        row,
        "grid.cn.cf.2024",
        "499.8",
    ):
        assert secret in private
        assert secret not in public
    assert "left out here" in public


def test_a_licensed_grid_factor_does_not_show_in_its_column(
    pack: Document, dataset: Dataset
) -> None:
    record = dataclasses.replace(
        dataset.factor("grid.cn.cf.2024"), id="own.grid", value=0.61234, redistributable=False
    )
    pack["electricity"]["factors"]["national_mix"] = "own.grid"
    footprint = compute(pack, dataset.with_factors("own", "1", [record]))
    columns: Any = shared_document(footprint, public=False)["electricity_columns"]
    assert columns["cfb"]["kg_co2e_per_kwh_electricity"] is None
    assert columns["cfb"]["parts"] == []
    assert columns["cfb"]["kwh_per_battery"] is None
    assert columns["location_based"]["kg_co2e_per_kwh_electricity"] == pytest.approx(0.1564)


def test_the_public_document_holds_no_amounts_and_no_evidence(licensed: Footprint) -> None:
    document: Any = shared_document(licensed, public=True)
    assert "secret ledger" not in json.dumps(document)
    assert all(row["amount_per_battery"] is None for row in document["contributions"])
    shown = sum(row["kg_co2e_per_battery"] or 0 for row in document["contributions"])
    hidden = sum(document["withheld_by_stage"].values())
    assert shown + hidden == pytest.approx(licensed.total, rel=1e-12)


def test_own_factors_are_kept_with_their_hashes(dataset: Dataset) -> None:
    records = [dataset.factor("grid.cn.cf.2024"), dataset.factor("mat.greet24.pack.lfp.car300")]
    data = write_own_factors("own", "2026.1", records)
    assert read_own_factors(data) == ("own", "2026.1", tuple(records))
    with pytest.raises(DatasetError, match="does not match its hash"):
        read_own_factors(data.replace(b"0.5777", b"0.5778"))


@pytest.mark.parametrize("data", [b"", b"{}", b'{"format":"voltpass-factors/1"}', b"[1]"], ids=repr)
def test_what_is_no_file_of_factors_is_refused(data: bytes) -> None:
    with pytest.raises(DatasetError):
        read_own_factors(data)


def test_the_top_contributors_and_the_rest_sum_to_the_whole(
    pack: Document, dataset: Dataset
) -> None:
    footprint = compute(pack, dataset)
    rows = top_contributors(footprint, 2)
    assert [row["stage"] for row in rows[:2]] == ["raw_material_acquisition", "main_production"]
    assert rows[2]["name"] == "4 others"
    assert sum(row["share"] for row in rows) == pytest.approx(1, rel=1e-12)
    assert len(top_contributors(footprint, 50)) == 6


def test_a_json_file_is_read_by_its_content(pack: Document) -> None:
    read = read_inventory(json.dumps(pack).encode(), "plant.json")
    assert read.inventory.sha256 == parse_inventory(pack).sha256
    assert read.factors == ()


def test_a_zip_of_csv_sheets_is_read_by_its_content() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("plant/settings.csv", "field,value\ntitle,x\n")
    with pytest.raises(SheetError, match="activities"):
        read_inventory(buffer.getvalue(), "plant.zip")


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\x03\x04broken", b"\x00" * 10], ids=repr)
def test_a_file_of_no_known_kind_is_refused(data: bytes) -> None:
    with pytest.raises(InventoryError):
        read_inventory(data, "plant")
