"""Names that hide what they are: refused, or shown as the texts they are."""

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

import pytest

from passports.authority.api_keys import ApiKeyRotation, create_api_key, rotate_key_as
from passports.authority.callers import Caller
from passports.certification.certificates import register_certificate
from passports.errors import InvalidInputError
from passports.export import EXPORTS
from passports.export.certificate_table import as_text
from passports.factories import FacilityCreate
from passports.operators import get_operator
from passports.validate import check_made_on
from tests.worlds import MAKER, NOW, World, certificate_request


def named(name: str) -> FacilityCreate:
    """Return a factory of this name."""
    return FacilityCreate(id="f", name=name, place="P", country="CN", grid_region="CN-SC")


@pytest.mark.parametrize(
    "name",
    [
        "safe\u202egnp.exe",
        "\u2066x\u2069",
        "a\U000e0041b",
        "\u200b",
        "\ufeff\u200d",
        "\u3164",
        "\u2800\u115f",
    ],
)
def test_a_name_that_hides_or_shows_nothing_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"hides or reorders|nothing in it can be seen"):
        named(name)


@pytest.mark.parametrize(
    "name",
    [
        "宁德时代",
        "\u0634\u0631\u06a9\u062a\u200c\u0645\u0627",
        "क्\u200dष",
        "한국\u3164",
        "מפעל\u200e 1",
        "Zoë's plant",
        "👩\u200d🔧",
    ],
)
def test_a_name_in_any_script_is_taken(name: str) -> None:
    assert named(name).name == name


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1", "-2+3", "@SUM(1)", "\t=1", "\uff1d1"])
def test_what_begins_like_a_formula_stands_in_the_table_as_text(
    sqlite_world: World, text: str
) -> None:
    if text.strip() == text:
        request = certificate_request(holder=text, issuer=text)
        register_certificate(sqlite_world.store, MAKER, request, NOW)
    sqlite_world.issue("SN-1")
    credentials = [sqlite_world.credential("SN-1")]
    data = EXPORTS["certificates"](sqlite_world.records(), credentials, None, False, NOW)
    cells = [cell for row in csv.reader(io.StringIO(data.decode("utf-8-sig"))) for cell in row]
    assert not any(cell.startswith(("=", "+", "-", "@", "\uff1d")) for cell in cells)
    assert f"'{text}" in {*cells, as_text(text)}


def test_a_key_is_rotated_once_at_the_same_moment(world: World) -> None:
    with world.store.transaction() as transaction:
        key = create_api_key(transaction, MAKER, "t", NOW)
        caller = Caller.of(get_operator(transaction, MAKER), key.id)
    gate = Barrier(4)

    def rotate(_number: int) -> object:
        gate.wait()
        try:
            return rotate_key_as(world.store, caller, key.id, ApiKeyRotation(), NOW)
        except InvalidInputError as error:
            return error

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(rotate, range(4)))
    assert sum(isinstance(result, InvalidInputError) for result in results) == 3


@pytest.mark.parametrize("made_on", [date(1, 1, 1), date(24, 12, 2), date(1969, 12, 31)])
def test_a_battery_is_not_made_in_a_year_that_was_mistyped(made_on: date) -> None:
    finding = check_made_on(made_on, NOW.date())
    assert finding is not None
    assert "lies before 1970" in finding.reason
    assert check_made_on(date(1970, 1, 1), NOW.date()) is None
