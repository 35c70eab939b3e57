"""Identifiers: check digits, serials, the printed link there and back."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passports.errors import InvalidInputError
from passports.identifiers import (
    CHARACTER_SET_82,
    PublicAddress,
    UniqueProductIdentifier,
    check_gln,
    check_gtin,
    check_serial,
    check_slug,
    gs1_check_digit,
    gtin_belongs_to,
    parse_digital_link,
)
from tests.worlds import ADDRESS, GTIN

serials = st.text(st.sampled_from(sorted(CHARACTER_SET_82)), min_size=1, max_size=20)
bodies = st.text(string.digits, min_size=13, max_size=13)


@pytest.mark.parametrize(
    "gtin",
    [
        "09520123456788",  # GS1 Digital Link standard, its running example
        "00614141123452",  # GS1 General Specifications, examples of element strings
        "09506000134352",  # GS1's demonstration resolver
    ],
)
def test_gtins_that_gs1_prints_as_examples_are_right(gtin: str) -> None:
    assert check_gtin(gtin) is None


@pytest.mark.parametrize("gln", ["9520123456788", "0614141000005", "4012345000009"])
def test_glns_that_gs1_prints_as_examples_are_right(gln: str) -> None:
    assert check_gln(gln) is None


def test_the_check_digit_of_gs1s_worked_example_comes_out() -> None:
    # GS1 General Specifications 7.9.1: 6 2 9 1 0 4 1 5 0 0 2 1 gives 3.
    assert gs1_check_digit("629104150021") == "3"


@given(bodies, st.integers(0, 13), st.integers(1, 9))
def test_any_one_wrong_digit_of_a_gtin_is_caught(body: str, place: int, shift: int) -> None:
    gtin = body + gs1_check_digit(body)
    assert check_gtin(gtin) is None
    wrong = gtin[:place] + str((int(gtin[place]) + shift) % 10) + gtin[place + 1 :]
    finding = check_gtin(wrong)
    assert finding is not None
    assert (finding.field, finding.value) == ("gtin", wrong)


@pytest.mark.parametrize("value", ["", "0952012345678", "095201234567888", "0952012345678X"])
def test_a_gtin_of_another_length_or_with_letters_is_refused(value: str) -> None:
    finding = check_gtin(value)
    assert finding is not None
    assert finding.reason == "a GTIN-14 has 14 digits"


def test_digits_of_other_scripts_are_no_digits_of_a_gtin() -> None:
    assert check_gtin("٠٩٥٢٠١٢٣٤٥٦٧٨٨") is not None
    assert check_gln("²520123456788") is not None


def test_a_gln_names_its_own_field_and_the_digit_that_would_fit() -> None:
    finding = check_gln("9520123456780", "operator.gln")
    assert finding is not None
    assert finding.field == "operator.gln"
    assert finding.reason == "the check digit is 0, and 8 would fit"


@given(serials)
def test_every_serial_of_character_set_82_is_allowed(serial: str) -> None:
    assert check_serial(serial) is None


def test_character_set_82_has_82_characters_of_ascii() -> None:
    assert len(CHARACTER_SET_82) == 82
    assert all(char.isascii() and char.isprintable() for char in CHARACTER_SET_82)


@pytest.mark.parametrize("serial", ["", "x" * 21])
def test_a_serial_of_no_or_too_many_characters_is_refused_with_its_line(serial: str) -> None:
    finding = check_serial(serial, "serial", 7)
    assert finding is not None
    assert (finding.line, finding.field) == (7, "serial")
    assert f"this one has {len(serial)}" in finding.reason


@pytest.mark.parametrize(
    "char", [" ", "#", "$", "@", "[", "\\", "^", "`", "{", "~", "é", "电", "\0"]
)
def test_a_serial_with_a_foreign_character_is_refused_and_the_character_named(char: str) -> None:
    finding = check_serial(f"A{char}B")
    assert finding is not None
    assert repr(char) in finding.reason


@pytest.mark.parametrize("slug", ["a", "plant-1", "0", "a" * 64])
def test_slugs_of_letters_digits_and_hyphens_are_allowed(slug: str) -> None:
    assert check_slug(slug) is None


@pytest.mark.parametrize("slug", ["", "-a", "a-", "A", "a_b", "a/b", "..", "a\n", "a" * 65, "é"])
def test_slugs_that_could_not_stand_in_a_path_are_refused(slug: str) -> None:
    assert check_slug(slug) is not None


def test_a_gtin_belongs_to_the_prefix_after_its_packaging_indicator() -> None:
    assert gtin_belongs_to("19520123456785", ["4012345", "9520123"])
    assert not gtin_belongs_to(GTIN, ["0952012"])
    assert not gtin_belongs_to(GTIN, [""])
    assert not gtin_belongs_to(GTIN, [])


@given(serials)
def test_a_digital_link_is_read_back_as_it_was_written(serial: str) -> None:
    identifier = UniqueProductIdentifier(GTIN, serial)
    link = ADDRESS.digital_link(identifier)
    assert parse_digital_link(link) == identifier
    assert link.count("/") == 6  # a slash of the serial does not add a segment


@pytest.mark.parametrize("serial", ["/", "%", '"', "%2F", "?", "a+b", ".", "..", "//", "&x=1"])
def test_serials_that_mean_something_in_urls_survive(serial: str) -> None:
    link = ADDRESS.digital_link(UniqueProductIdentifier(GTIN, serial))
    assert parse_digital_link(link).serial == serial


def test_other_qualifiers_hosts_and_parameters_of_a_link_are_passed_over() -> None:
    link = f"HTTP://other.example:8080/shop/01/{GTIN}/22/v2/21/SN-1?17=271231#top"
    assert parse_digital_link(f"  {link}\n") == UniqueProductIdentifier(GTIN, "SN-1")


@pytest.mark.parametrize(
    "link",
    [
        "",
        "SN-1",
        f"/01/{GTIN}/21/SN-1",
        f"ftp://x.example/01/{GTIN}/21/SN-1",
        f"https:///01/{GTIN}/21/SN-1",
        f"https://x.example/01/{GTIN}",
        f"https://x.example/01/{GTIN}/10/SN-1",
        "https://x.example/21/SN-1",
        "https://[half/01/x/21/y",
    ],
)
def test_what_is_no_link_of_a_battery_is_refused(link: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_digital_link(link)
    assert caught.value.findings[0].field == "link"


def test_a_link_with_a_wrong_gtin_and_a_wrong_serial_names_both() -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_digital_link("https://x.example/01/09520123456789/21/a%20b")
    assert [f.field for f in caught.value.findings] == ["gtin", "serial"]


@given(st.text() | st.text(st.characters(codec=None)).map("https://x.example/01/{}".format))
def test_nonsense_in_place_of_a_link_raises_nothing_but_its_error(text: str) -> None:
    try:
        identifier = parse_digital_link(text)
    except InvalidInputError as error:
        str(error).encode()
    else:
        assert check_gtin(identifier.gtin) is None


@given(st.text(st.characters(codec=None)))
def test_nonsense_in_place_of_identifiers_is_a_finding_that_can_be_sent(text: str) -> None:
    found = [check(text) for check in (check_gtin, check_gln, check_slug)]
    for finding in [*found, check_serial(text)]:
        if finding is not None:
            assert str(finding).encode()


def test_addresses_stand_below_the_base_url() -> None:
    address = PublicAddress("https://id.example.com")
    assert address.operator_url("m") == "https://id.example.com/operators/m"
    assert address.status_list("m", "l") == "https://id.example.com/v1/status-lists/m/l"
    assert address.certificate("c") == "https://id.example.com/v1/certificates/c/document"
    assert address.footprint_study("s") == "https://id.example.com/v1/footprints/s"
    assert address.facility("m", "f") == "https://id.example.com/facilities/m/f"
    assert address.log_origin == "id.example.com/log"
    assert address.log_proof("p") == "https://id.example.com/v1/passports/p/log-proof"
