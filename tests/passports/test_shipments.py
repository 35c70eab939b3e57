"""Container lists: what is found of labels that lead elsewhere, that repeat, and that nobody here knows."""

from collections.abc import Mapping
from typing import Any

import pytest

from passports.errors import InvalidInputError
from passports.key_changes import rotate_key
from passports.shipment_list import ShipmentEntry, read_shipment
from passports.shipments import ShipmentReceipt, checked_reference, verify_shipment
from signing.credentials import CredentialSigner
from signing.keys.software_key import P256Key
from tests.worlds import ADDRESS, GTIN, MAKER, NOW, World

SIGNER = CredentialSigner(P256Key.from_secret(bytes([7]) * 32), "did:web:port.example")
HOST = ADDRESS.base_url.partition("://")[2]


def link(serial: str, base_url: str = ADDRESS.base_url) -> str:
    return f"{base_url}/01/{GTIN}/21/{serial}"


def checked(world: World, *lines: str) -> ShipmentReceipt:
    """Issue two batteries and check a list against them."""
    world.issue("SN-1", "SN-2")
    data = "\n".join(lines).encode()
    records = world.records()
    return verify_shipment(data, records, world.trust_list, SIGNER, SIGNER.issuer_did, NOW)


def documents(receipt: ShipmentReceipt) -> list[Mapping[str, Any]]:
    rows: list[Mapping[str, Any]] = receipt.to_document()["rows"]
    return rows


def test_a_label_that_leads_to_another_host_is_kept_as_it_was_and_told(sqlite_world: World) -> None:
    copied = link("SN-1", "http://evil.example") + "?x=1"
    row, genuine = documents(checked(sqlite_world, copied, link("SN-2")))
    assert row["link"] == copied
    assert row["passport_link"] == link("SN-1")
    assert row["verdict"] == "valid_with_warnings"
    assert "link_of_another_host" in row["reason_codes"]
    assert f"the label leads to evil.example, not to {HOST}" in row["reason"]
    assert "link_of_another_host" not in genuine["reason_codes"]


def test_what_is_issued_with_a_new_key_while_a_long_list_is_read_is_valid(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = sqlite_world

    def slowly(data: bytes) -> list[ShipmentEntry]:
        rotate_key(world.store, world.keyring, world.address, MAKER, NOW)
        world.issue("SN-3", id="meanwhile")
        return read_shipment(data)

    monkeypatch.setattr("passports.shipments.read_shipment", slowly)
    rows = documents(checked(world, link("SN-1"), link("SN-3")))
    assert [row["verdict"] for row in rows] == ["valid_with_warnings"] * 2  # as without a rotation


def test_each_row_of_a_label_that_repeats_says_where(sqlite_world: World) -> None:
    lines = [link("SN-1"), link("SN-2"), link("SN-1"), link("SN-1", "http://evil.example")]
    receipt = checked(sqlite_world, *lines)
    rows = documents(receipt)
    said = "stands 3 times, on lines 1, 3, 4: scanned twice, or a copied label"
    for number in (0, 2, 3):
        assert said in rows[number]["reason"]
        assert rows[number]["verdict"] == "valid_with_warnings"
        assert rows[number]["same_on_lines"] == [1, 3, 4]
    assert [row["duplicate_of_line"] for row in rows] == [None, None, 1, 1]
    assert "repeated" not in rows[1]["reason_codes"]
    assert receipt.counts["duplicates"] == 2


def test_a_link_that_stands_a_thousand_times_does_not_name_a_million_lines(
    sqlite_world: World,
) -> None:
    rows = documents(checked(sqlite_world, *[link("SN-1")] * 1_000))
    assert "stands 1000 times, on lines 1, 2, 3" in rows[-1]["reason"]
    assert " and 980 more: scanned twice" in rows[-1]["reason"]
    assert len(rows[-1]["same_on_lines"]) == 20


def test_the_counts_of_rows_links_and_verdicts_add_up(sqlite_world: World) -> None:
    others = [link(f"X-{number}", "https://other.example") for number in range(3)]
    lines = [link("SN-1"), link("SN-2"), link("SN-2"), *others, others[0], "hello"]
    receipt = checked(sqlite_world, *lines)
    counts = receipt.counts
    assert counts["rows"] == len(lines) == 8
    assert counts["distinct_links"] + counts["duplicates"] + counts["unreadable"] == 8
    assert (counts["known_here"], counts["not_known_here"], counts["distinct_links"]) == (2, 3, 5)
    verdicts = ("valid", "valid_with_warnings", "invalid", "cannot_tell", "unknown", "unreadable")
    assert sum(counts.get(verdict, 0) for verdict in verdicts) == 8
    unknown = documents(receipt)[4]
    assert unknown["reason"].endswith("the label leads to other.example")
    assert unknown["passport_link"] is None


def test_gtin_and_serial_lead_nowhere_and_are_no_doubt(sqlite_world: World) -> None:
    (row,) = documents(checked(sqlite_world, "gtin,serial", f"{GTIN},SN-1"))
    assert row["link"] == f"{GTIN}/SN-1"
    assert row["passport_link"] == link("SN-1")
    assert "link_of_another_host" not in row["reason_codes"]


def test_a_link_that_no_code_can_hold_is_unreadable(sqlite_world: World) -> None:
    (row,) = documents(checked(sqlite_world, link("SN-1") + "?" + "x" * 3_000))
    assert (row["verdict"], row["reason_codes"]) == ("unreadable", ["no_link"])
    assert len(row["link"]) < 100


def test_a_reference_is_short_and_can_be_printed() -> None:
    assert checked_reference("  MRN 24DE1234 ") == "MRN 24DE1234"
    assert checked_reference(" ") is None
    for wrong in ("x" * 101, "a\nb", "a\u202eb"):
        with pytest.raises(InvalidInputError):
            checked_reference(wrong)


def test_what_is_wrong_with_the_label_stands_before_doubts_about_the_passport(
    sqlite_world: World,
) -> None:
    (row, *_) = documents(checked(sqlite_world, *[link("SN-1", "http://evil.example")] * 2))
    assert row["reason_codes"][:2] == ["link_of_another_host", "repeated"]
    assert len(row["reason_codes"]) > 2
    assert row["reason"].startswith("the label leads to evil.example")
