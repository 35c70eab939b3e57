"""Battery models: numbered under the maker's own prefix, once."""

from typing import Any

import pytest

from passports.documents import read_document
from passports.errors import IdentifierConflictError, InvalidInputError, RecordNotFoundError
from passports.identifiers import gs1_check_digit
from passports.models import BatteryModelCreate, get_model, list_models, register_model
from tests.worlds import GTIN, MAKER, MODEL, NOW, RIVAL, World, demo_input


def gtin(prefix: str) -> str:
    """Return a GTIN-14 under a prefix."""
    body = f"0{prefix}".ljust(13, "7")
    return body + gs1_check_digit(body)


def request(**changes: Any) -> BatteryModelCreate:
    """Return a valid model of the maker, with changes."""
    fields = {**demo_input("model.json"), "id": "new", "gtin": gtin("9520123")}
    return read_document(BatteryModelCreate, {**fields, **changes}, "the model")


def test_a_registered_model_is_read_back(world: World) -> None:
    made = register_model(world.store, MAKER, request(), NOW)
    with world.store.reading() as reading:
        assert get_model(reading, MAKER, "new") == made
        assert [m.id for m in list_models(reading, MAKER)] == [MODEL, "new"]
        assert list_models(reading, RIVAL) == []
        assert len(list_models(reading)) == 2
        with pytest.raises(RecordNotFoundError):
            get_model(reading, RIVAL, "new")


def test_a_model_is_registered_once(world: World) -> None:
    with pytest.raises(IdentifierConflictError) as caught:
        register_model(world.store, MAKER, request(id=MODEL), NOW)
    assert caught.value.findings[0].field == "id"


def test_a_gtin_numbers_one_model(world: World) -> None:
    with pytest.raises(IdentifierConflictError) as caught:
        register_model(world.store, MAKER, request(gtin=GTIN), NOW)
    assert (caught.value.findings[0].field, caught.value.findings[0].value) == ("gtin", GTIN)


def test_a_gtin_under_a_foreign_prefix_is_refused(world: World) -> None:
    with pytest.raises(InvalidInputError) as caught:
        register_model(world.store, MAKER, request(gtin=gtin("9520999")), NOW)
    (finding,) = caught.value.findings
    assert finding.field == "gtin"
    assert "another operator (rival)" in finding.reason


def test_more_usable_energy_than_capacity_is_refused_beside_what_else_is_wrong(
    world: World,
) -> None:
    wrong = request(usable_energy_kwh=61, gtin=gtin("4012345"))
    with pytest.raises(InvalidInputError) as caught:
        register_model(world.store, MAKER, wrong, NOW)
    assert [f.field for f in caught.value.findings] == ["usable_energy_kwh", "gtin"]
    with world.store.reading() as reading, pytest.raises(RecordNotFoundError):
        get_model(reading, MAKER, "new")


def test_a_model_of_an_unknown_operator_is_refused(world: World) -> None:
    with pytest.raises(RecordNotFoundError, match="nobody"):
        register_model(world.store, "nobody", request(), NOW)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("mass_kg", 0),
        ("mass_kg", True),
        ("capacity_kwh", -1),
        ("category", "sli"),
        ("gtin", "09520123456789"),
        ("chemistry", ""),
        ("service_life", {"warranty_capacity_share": 1.5}),
        ("service_life", {"vehicle_class": "\x00serial\x00"}),
        ("service_life", {"warranty_years": 0}),
    ],
)
def test_a_wrong_field_of_a_model_is_named(field: str, value: object) -> None:
    with pytest.raises(InvalidInputError) as caught:
        request(**{field: value})
    assert caught.value.findings[0].field.partition(".")[0] == field
