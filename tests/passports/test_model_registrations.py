"""Files of battery models: registered as one by one, all or none, and the second time nothing is new."""

from typing import Any, cast

import pytest
from hypothesis import event
from hypothesis import strategies as st

from passports.bulk import ModelRegistration, read_table, register_models, rejects_file
from passports.bulk.column_names import model_columns, normalised
from passports.bulk.model_fields import LIFE_FIELDS, MODEL_FIELDS, NUMBERS
from passports.errors import (
    InvalidInputError,
    PassportError,
    RecordNotFoundError,
    RegistrationRefusedError,
)
from passports.identifiers import gs1_check_digit
from passports.models import BatteryModelCreate, ServiceLife, list_models, register_model
from passports.store import Store
from tests.exhaustively import drawn
from tests.passports.bulk_files import KINDS, as_csv, as_file, as_xlsx, recipe
from tests.passports.test_bulk_agreement import LIMITS, Undoing, UndoneError
from tests.worlds import MAKER, MODEL, NOW, RIVAL, World, demo_input


def gtin(number: int, prefix: str = "9520123") -> str:
    """Return a GTIN of the maker."""
    digits = f"0{prefix}{number:05d}"
    return digits + gs1_check_digit(digits)


def model(number: int = 1, **changes: object) -> dict[str, object]:
    """Return one good row, with changes."""
    row: dict[str, object] = {
        "id": f"m-{number}",
        "name": f"Pack {number}",
        "gtin": gtin(number),
        "category": "ev",
        "chemistry": "LFP",
        "mass_kg": "400",
        "capacity_kwh": "60",
        "usable_energy_kwh": "57.5",
        "warranty_years": "8",
    }
    return {**row, **changes}


def register(
    world: World, data: bytes, operator: str = MAKER, mapping: Any = None, **options: Any
) -> ModelRegistration:
    """Register a file in a world, at its moment."""
    table = read_table(data)
    return register_models(world.store, operator, table, mapping or recipe(), NOW, **options)


def models(world: World, operator: str = MAKER) -> dict[str, Any]:
    """Return what is registered."""
    with world.store.reading() as reading:
        return {found.id: found for found in list_models(reading, operator)}


def told(done: ModelRegistration) -> list[tuple[int | None, str, str]]:
    return [(f.line, f.field, f.reason) for f in done.report.findings]


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_each_format_is_registered_and_the_second_time_nothing_is_new(
    world: World, kind: str
) -> None:
    rows = [model(n, stationary="no", note="of the catalogue") for n in range(1, 81)]
    data = as_file(kind, rows)
    first = register(world, data).report
    assert (first.registered, first.present, first.is_accepted) == (80, 0, True)

    found = models(world)
    assert set(found) == {MODEL, *(f"m-{n}" for n in range(1, 81))}
    assert found["m-7"].service_life.warranty_years == 8
    assert (found["m-7"].mass_kg, found["m-7"].created_at) == (400, NOW)

    again = register(world, data).report
    assert (again.registered, again.present, again.refused) == (0, 80, 0)
    assert models(world) == found


def test_a_row_is_the_very_document_of_a_single_model(sqlite_world: World) -> None:
    """The demonstration's model, registered in its file, is the one that was registered alone."""
    data = as_file("json", [demo_input("model.json")])
    report = register(sqlite_world, data).report
    assert (report.present, report.refused) == (1, 0)
    flat = {**demo_input("model.json"), **demo_input("model.json")["service_life"]}
    del flat["service_life"]
    for kind in ("csv", "xlsx"):
        assert register(sqlite_world, as_file(kind, [flat])).report.present == 1


def test_headings_are_known_by_their_words_and_recipes_map_the_rest(sqlite_world: World) -> None:
    text = (
        "Modellnummer;Bezeichnung;EAN;Kategorie;Zellchemie;Gewicht kg;Kapazität kWh;"
        "nutzbare Energie kWh;Garantie Jahre;Farbe\n"
        f"m-1;Pack eins;{gtin(1)[1:]};EV;LFP;400,5;60;58;8;rot\n"
    )
    mapping = recipe(
        ignored=["Farbe"],
        transforms={"mass_kg": ["decimal-comma"], "category": ["lowercase"]},
    )
    assert register(sqlite_world, text.encode(), mapping=mapping).report.registered == 1
    found = models(sqlite_world)["m-1"]
    assert (found.mass_kg, found.gtin, found.name) == (400.5, gtin(1), "Pack eins")
    with pytest.raises(InvalidInputError) as caught:
        register(sqlite_world, text.encode())
    assert [f.value for f in caught.value.findings] == ["Farbe"]


@pytest.mark.parametrize(
    ("changes", "field", "reason", "remedy"),
    [
        ({"usable_energy_kwh": "61"}, "usable_energy_kwh", "exceeds the capacity", "BMS"),
        ({"gtin": gtin(1, "9520999")}, "gtin", "GS1 prefix", ""),
        ({"gtin": gtin(1)[:-1] + "x"}, "gtin", "8, 12, 13 or 14 digits", "as text"),
        ({"gtin": "09520123456788"}, "gtin", "", "GTIN of its own"),
        ({"category": "car"}, "category", "'ev', 'lmt' or 'industrial'", ""),
        ({"stationary": "yes"}, "stationary", "industrial", "leave stationary out"),
        ({"stationary": "maybe"}, "stationary", "neither yes nor no", "yes or no"),
        ({"mass_kg": "4o0"}, "mass_kg", "not a number", "decimal point"),
        ({"mass_kg": "-1"}, "mass_kg", "greater than 0", ""),
        ({"mass_kg": ""}, "mass_kg", "it is empty", "Fill it in."),
        ({"id": "Pack 1"}, "id", "", "pack-1"),
        ({"id": MODEL}, "name", "registered with another value", "identifier of its own"),
        ({"warranty_capacity_share": "70"}, "service_life.warranty_capacity_share", "less", ""),
        ({"name": "x" * 201}, "name", "200", ""),
    ],
)
def test_each_refusal_names_line_field_value_reason_and_remedy(
    sqlite_world: World, changes: dict[str, object], field: str, reason: str, remedy: str
) -> None:
    rows = [model(2), model(1, **changes)]
    with pytest.raises(RegistrationRefusedError) as caught:
        register(sqlite_world, as_csv([{"warranty_capacity_share": "", **row} for row in rows]))
    finding = caught.value.findings[0]
    assert (finding.line, finding.field) == (3, field)
    assert reason in finding.reason
    assert remedy in finding.remedy
    assert finding.value or "empty" in finding.reason
    assert set(models(sqlite_world)) == {MODEL}


def test_what_the_file_has_twice_is_refused(sqlite_world: World) -> None:
    same = register(sqlite_world, as_csv([model(1), model(1)]), dry_run=True)
    assert told(same) == [(3, "id", "line 2 has the same id")]
    other = register(
        sqlite_world, as_csv([model(1), model(2, gtin=gtin(1)), model(3)]), dry_run=True
    )
    assert [(line, field) for line, field, _ in told(other)] == [(2, "gtin"), (3, "gtin")]
    assert other.report.passed == 1


def test_service_life_is_said_once_and_is_an_object(sqlite_world: World) -> None:
    rows = [
        model(1, service_life={"warranty_years": 8}),
        model(2, warranty_years="", service_life="8 years"),
        model(3, warranty_years="", service_life={"id": "x"}),
        model(4, warranty_years="", service_life={"warranty_years": True}),
    ]
    done = register(sqlite_world, as_file("json", rows), dry_run=True)
    assert [(line, field) for line, field, _ in told(done)] == [
        (1, "warranty_years"),
        (2, "service_life"),
        (3, "service_life.id"),
        (4, "service_life.warranty_years"),
    ]


def test_a_number_that_a_spreadsheet_made_of_a_name_is_refused(sqlite_world: World) -> None:
    done = register(sqlite_world, as_xlsx([model(1, name=3000)]), dry_run=True)
    assert told(done)[0][:2] == (2, "name")


def test_partial_registers_what_passes_and_the_mended_rest_joins(world: World) -> None:
    data = as_csv([model(1), model(2, mass_kg="x"), model(3)])
    table = read_table(data)
    done = register(world, data, partial=True)
    assert (done.report.registered, done.report.refused) == (2, 1)
    back = rejects_file(table, done.refused).data
    assert b"this is not a number" in back
    mended = back.replace(b",x,", b",410,")
    assert register(world, mended).report.registered == 1
    assert set(models(world)) == {MODEL, "m-1", "m-2", "m-3"}


def test_a_recipe_for_batteries_is_refused_for_models_and_the_other_way_round(
    sqlite_world: World,
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        register(sqlite_world, as_csv([model()]), mapping=recipe(constants={"batch_id": "b-1"}))
    assert caught.value.findings[0].field == "recipe"


def test_an_operator_that_is_not_there_is_said_as_such(sqlite_world: World) -> None:
    with pytest.raises(RecordNotFoundError):
        register(sqlite_world, as_csv([model()]), operator="nobody", dry_run=True)


def test_two_makers_do_not_take_each_others_gtins(world: World) -> None:
    done = register(world, as_csv([model(1)]), operator=RIVAL, dry_run=True)
    assert told(done)[0][1] == "gtin"


def test_every_field_of_a_model_is_a_column_and_knows_whether_it_is_a_number() -> None:
    fields = {**BatteryModelCreate.model_fields, **ServiceLife.model_fields}
    assert set(MODEL_FIELDS) == set(fields)
    assert set(LIFE_FIELDS) == set(ServiceLife.model_fields)
    assert {name for name, field in fields.items() if "float" in repr(field.annotation)} == NUMBERS
    assert set(model_columns().aliases.values()) == set(MODEL_FIELDS)
    assert model_columns().aliases[normalised("service_life.warranty_years")] == "warranty_years"


CELLS: dict[str, st.SearchStrategy[object]] = {
    "id": st.sampled_from(["m-1", "m-2", "m-3", MODEL, "M 4", ""]),
    "gtin": st.sampled_from(
        [gtin(1), gtin(2), gtin(3), "9520123456788", gtin(1, "9520999"), "1", ""]
    ),
    "name": st.sampled_from(["Pack 1", "Pack 1", "Pack 2", ""]),
    "category": st.sampled_from(["ev", "ev", "industrial", "car", ""]),
    "stationary": st.sampled_from(["", "", "no", "yes", "x"]),
    "mass_kg": st.sampled_from(["400", "400", "1e3", "0", "-5", "four", "1e400", ""]),
    "usable_energy_kwh": st.sampled_from(["57.5", "60", "60.1", "nan"]),
    "warranty_years": st.sampled_from(["8", "", "true"]),
    "note": st.sampled_from(["", "a note", "\x07"]),
}
ODDLY_CHANGED = st.lists(
    st.sampled_from(sorted(CELLS)).flatmap(
        lambda name: CELLS[name].map(lambda value: (name, value))
    ),
    max_size=2,
)


@st.composite
def files(draw: st.DrawFn) -> tuple[str, list[dict[str, object]]]:
    """Draw a format and rows; every other file has nothing odd in it."""
    kind = draw(st.sampled_from(["csv", "csv", "json", "ndjson", "xlsx"]))
    numbers = draw(st.lists(st.integers(1, 5), min_size=1, max_size=5, unique=True))
    if draw(st.booleans()):
        return kind, [model(number) for number in numbers]
    rows = [
        {**model(draw(st.sampled_from(numbers))), "note": "", **dict(draw(ODDLY_CHANGED))}
        for _ in numbers
    ]
    # XML, and so a workbook, has no way to write a control character.
    is_writable = kind != "xlsx" or all(row["note"] != "\x07" for row in rows)
    return kind if is_writable else "csv", rows


def registered_and_undone(world: World, data: bytes, *, partial: bool) -> object:
    """Register a file and roll all of it back; or return the refusal."""
    undoing = World(cast("Store", Undoing(world.store)), world.keyring)
    try:
        register(undoing, data, partial=partial)
    except UndoneError:
        return "written"
    except RegistrationRefusedError as error:
        return error
    raise AssertionError("the store did not undo it")


@drawn(files(), test=30, soak=100, limits=LIMITS)
def test_what_a_dry_run_accepts_is_registered_and_what_it_refuses_is_refused_alike(
    sqlite_world: World, file: tuple[str, list[dict[str, object]]]
) -> None:
    world, data = sqlite_world, as_file(*file)
    said = register(world, data, dry_run=True)
    findings = [finding.to_document() for finding in said.report.findings]
    event(f"accepted {said.report.is_accepted}, some pass {said.report.passed > 0}")

    whole = registered_and_undone(world, data, partial=False)
    if said.report.is_accepted:
        assert whole == "written"
    else:
        assert isinstance(whole, RegistrationRefusedError)
        assert [finding.to_document() for finding in whole.findings] == findings
    assert registered_and_undone(world, data, partial=True) == "written"
    assert set(models(world)) == {MODEL}


@drawn(files(), test=25, soak=100, limits=LIMITS)
def test_a_file_registers_what_its_rows_would_register_one_by_one(
    sqlite_world: World, file: tuple[str, list[dict[str, object]]]
) -> None:
    """Held against `register_model` itself, row by row, in a transaction that is rolled back."""
    world = sqlite_world
    kind, rows = file
    done = register(world, as_file(kind, rows), dry_run=True)
    lines = {found["line"]: found for found in done.report.models if found["new"]}
    first = 1 if kind in {"json", "ndjson"} else 2
    undoing = cast("Store", Undoing(world.store))
    for line, row in enumerate(rows, start=first):
        if line not in lines:
            continue
        life = {"warranty_years": row["warranty_years"] or None}
        alone = {
            name: value
            for name, value in row.items()
            if value != "" and name not in {"warranty_years", "stationary"}
        }
        request = BatteryModelCreate(
            **{**alone, "gtin": lines[line]["gtin"], "service_life": life},
            stationary=row.get("stationary") == "yes",
        )
        with pytest.raises((UndoneError, PassportError)) as caught:
            register_model(undoing, MAKER, request, NOW)
        assert caught.type is UndoneError


@drawn(files(), test=8, soak=30, limits=LIMITS)
def test_whatever_was_registered_is_there_the_second_time(
    world: World, file: tuple[str, list[dict[str, object]]]
) -> None:
    data = as_file(*file)
    first = register(world, data, partial=True).report
    there = models(world)
    again = register(world, data, partial=True).report
    assert again.registered == 0
    assert again.present >= first.registered
    assert models(world) == there
