"""Which column of a file is what: headings in several languages, recipes, and what is refused of them."""

from typing import Any

import pytest

from passports.bulk import read_table, suggest_mapping
from passports.bulk.column_names import aliases, attribute_columns, is_field
from passports.errors import InvalidInputError
from tests.passports.bulk_files import as_csv, battery, recipe, register, workbook
from tests.worlds import FACILITY, IMPORTER, MODEL, World


def test_headings_are_known_in_several_languages(sqlite_world: World) -> None:
    for number, headings in enumerate(
        (
            ("Seriennummer", "Charge", "Modell", "Werk", "Importeur", "Herstelldatum"),
            ("序列号", "批次号", "型号", "工厂", "进口商", "生产日期"),
            (
                "N° de série",
                "Numéro de lot",
                "Modèle",
                "Usine",
                "Importateur",
                "Date de production",
            ),
            ("SERIAL NO.", "Lot-No", "model_id", "Plant", "importer", "Production Date"),
        )
    ):
        row = battery(f"A-{number}").values()
        assert (
            register(
                sqlite_world, as_csv([dict(zip(headings, row, strict=True))])
            ).report.registered
            == 1
        )


def test_the_table_of_headings_names_fields_and_no_heading_twice() -> None:
    assert set(aliases().values()) <= {name for name in aliases().values() if is_field(name)}
    assert {"serial", "batch_id", "gtin", "manufactured_on"} <= set(aliases().values())
    assert "cycle_count" in attribute_columns()
    assert "temperature_c" not in attribute_columns()


def test_a_column_that_nobody_claims_refuses_the_file_unless_it_is_left_out(
    sqlite_world: World,
) -> None:
    data = as_csv([battery("A-1", colour="red", responsble_operator=IMPORTER)])
    with pytest.raises(InvalidInputError) as caught:
        register(sqlite_world, data)
    assert [(f.field, f.value) for f in caught.value.findings] == [
        ("header", "colour"),
        ("header", "responsble_operator"),
    ]
    assert "If it is responsible_operator_id" in caught.value.findings[1].remedy
    for ignored in (["Colour", "responsble operator"], ["*"]):
        done = register(sqlite_world, data, recipe(ignored=ignored), dry_run=True)
        assert list(done.report.ignored) == ["colour", "responsble_operator"]


@pytest.mark.parametrize(
    ("mapping", "value", "reason"),
    [
        ({"columns": {"Nummer": "gtin"}}, "Nummer", "no column with this heading"),
        ({"constants": {"serial": "A"}}, "serial", "a constant and a column"),
        ({"ignored": ["facility_id"]}, "facility_id", "no column facility_id"),
        ({"ignored": ["model_id"]}, "model_id or gtin", "no column model_id or gtin"),
    ],
)
def test_a_mapping_that_does_not_fit_the_file_is_refused(
    sqlite_world: World, mapping: dict[str, Any], value: str, reason: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        register(sqlite_world, as_csv([battery("A-1")]), recipe(**mapping))
    assert [f.value for f in caught.value.findings] == [value]
    assert reason in caught.value.findings[0].reason


def test_a_recipe_reads_a_file_as_a_makers_system_writes_it(sqlite_world: World) -> None:
    data = (
        "Pack;Typ;Datum;Kapazität (mAh);Linie\n"
        "sn 0001;LFP60 Pack;02.11.2026;161.500,5;L1\n"
        "SN 0002;LFP60 Pack;2026-11-03;161000;L2\n"
    ).encode("cp1252")
    mapping = recipe(
        columns={
            "Pack": "serial",
            "Typ": "model_id",
            "Datum": "manufactured_on",
            "kapazität (mah)": "present_rated_capacity_ah",
        },
        constants={"batch_id": "b-1", "facility_id": FACILITY, "responsible_operator_id": IMPORTER},
        ignored=["Linie"],
        date_format="DD.MM.YYYY",
        transforms={
            "serial": ["uppercase", "remove-spaces"],
            "present_rated_capacity_ah": ["decimal-comma", "milli"],
        },
        values={"model_id": {"LFP60 Pack": MODEL}},
        encoding="cp1252",
    )
    done = register(sqlite_world, data, mapping)
    assert [row.serial for row, _ in done.passports] == ["SN0001", "SN0002"]
    assert [row.attributes for row, _ in done.passports] == [
        {"present_rated_capacity_ah": 161.5005},
        {"present_rated_capacity_ah": 161.0},
    ]
    assert done.report.columns["Kapazität (mAh)"] == "present_rated_capacity_ah"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"columns": {"A": "colour"}}, "columns"),
        ({"columns": {"A": "serial", "B": "serial"}}, "document"),
        ({"columns": {"A": "serial"}, "constants": {"serial": "x"}}, "document"),
        ({"transforms": {"serial": ["eval"]}}, "transforms"),
        ({"date_format": "%d.%m.%Y"}, "date_format"),
        ({"encoding": "rot13"}, "encoding"),
        ({"colums": {}}, "colums"),
    ],
)
def test_a_recipe_holds_only_what_is_known(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        recipe(**fields)
    assert caught.value.findings[0].field.startswith(field)


def test_a_mapping_is_suggested_from_headings_and_from_how_days_are_written() -> None:
    data = b"Seriennummer;Chargennummmer;Herstelldatum;Farbe\nA;b-1;13.11.2026;rot\n"
    found = suggest_mapping(read_table(data))
    assert found.to_document() == {
        "columns": {"Seriennummer": "serial", "Herstelldatum": "manufactured_on"},
        "unsure": {"Chargennummmer": "batch_id"},
        "unmatched": ["Farbe"],
        "missing": ["model_id or gtin", "facility_id"],
        "date_formats": ["DD.MM.YYYY"],
    }
    both = suggest_mapping(read_table(b"date of manufacture\n03/04/2026\n")).date_formats
    assert both == ["DD/MM/YYYY", "MM/DD/YYYY"]


def test_a_workbook_of_another_layout_is_read_by_its_recipe(sqlite_world: World) -> None:
    rows = [["November"], ["SN", "Lot"], ["A-1", "b-1"]]
    constants = {
        name: str(value) for name, value in battery().items() if name not in {"serial", "batch_id"}
    }
    mapping = recipe(constants=constants, header_line=2)
    assert register(sqlite_world, workbook(rows), mapping).report.registered == 1
