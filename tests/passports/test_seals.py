"""Offline seals of batteries: on the label, read back, verified with no network, refused when they lie."""

import io
import re
from datetime import date
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from api.verifying_alone import read_subject, verify_offline
from passports import data_carrier
from passports.data_carrier import read_codes, read_image
from passports.errors import EvidenceUnavailableError, UnreadableCarrierError
from passports.labels import SEAL_MODULE_MM, LabelContent, LabelParty, draw_label
from passports.models import get_model
from passports.operators import get_operator
from passports.seals import (
    SERIAL,
    check_facts,
    check_sealed_identifier,
    issuer_of_seal,
    seal_of,
    verify_seal,
)
from passports.verification.fetch import refused_fetch
from signing.credentials import decode
from signing.seal import from_text
from tests.worlds import GTIN, MAKER, NOW, World

LINK = f"https://id.example.com/01/{GTIN}/21/SN-1"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def seal(world: World) -> str:
    world.issue("SN-1")
    return sealed(world, world.credential("SN-1"))


def sealed(world: World, credential: bytes) -> str:
    with world.store.reading() as reading:
        key = world.keyring.current(reading, MAKER)
        did = get_operator(reading, MAKER).did
    return seal_of(credential, decode(credential).payload, did, key)


def picture(*texts: str) -> bytes:
    """Draw codes beside one another."""
    drawn = [
        data_carrier.seal_modules(t) if t.startswith("VP1:") else data_carrier.modules(t)
        for t in texts
    ]
    side, scale = max(map(len, drawn)), 5
    image = Image.new("L", (side * scale * len(drawn), side * scale), 255)
    for place, rows in enumerate(drawn):
        code = Image.new("L", (len(rows), len(rows)), 255)
        code.putdata([0 if module else 255 for row in rows for module in row])
        size = len(rows) * scale
        image.paste(code.resize((size, size), Image.Resampling.NEAREST), (place * side * scale, 0))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def test_a_label_s_seal_verifies_with_a_trust_list_and_nothing_else(
    world: World, seal: str
) -> None:
    (report,) = verify_offline(picture(LINK, seal), world.trust_list(), NOW)
    assert report.verdict == "valid_with_warnings", report
    assert report.step("status").reason_code == "seal_without_status"
    assert report.step("identifier").reason_code == "identifier_matches"
    assert "serial SN-1" in report.step("schema").message
    assert "kWh" in report.step("schema").message


def test_a_seal_beside_another_battery_s_link_is_invalid(world: World, seal: str) -> None:
    (report,) = verify_offline(picture(LINK + "0", seal), world.trust_list(), NOW)
    assert (report.verdict, report.step("identifier").reason_code) == (
        "invalid",
        "identifier_mismatch",
    )


def test_a_seal_beside_a_link_to_another_host_is_told(world: World, seal: str) -> None:
    elsewhere = LINK.replace("id.example.com", "id.examp1e.com")
    (report,) = verify_offline(picture(elsewhere, seal), world.trust_list(), NOW)
    step = report.step("identifier")
    assert (report.verdict, step.outcome) == ("valid_with_warnings", "warning")
    assert step.reason_code == "link_of_another_host"
    assert step.message == "the label leads to id.examp1e.com, not to id.example.com"


def test_a_seal_of_the_first_kind_names_no_host(world: World, seal: str) -> None:
    payload: dict[str, Any] = {"issuer": "x", "facts": {"1": int(GTIN), "2": "SN-1"}}
    finding = check_sealed_identifier(payload, LINK, None)
    assert (finding.outcome, finding.reason_code) == ("passed", "identifier_matches")
    assert "names no host" in finding.message
    (report,) = verify_offline(picture(LINK, seal), world.trust_list(), NOW)
    assert "names no host" not in report.step("identifier").message


def test_a_seal_under_another_maker_s_prefix_is_invalid(world: World, seal: str) -> None:
    payload: dict[str, Any] = {
        "issuer": issuer_of_seal(seal),
        "facts": {"1": 9501101530003, "2": "X"},
    }
    finding = check_sealed_identifier(payload, None, world.trust_list())
    assert finding.reason_code == "gs1_prefix_of_another"


def test_a_seal_may_come_alone_or_as_text(world: World, seal: str) -> None:
    for given in (picture(seal), seal.encode(), seal.encode() + b"\n"):
        (report,) = verify_offline(given, world.trust_list(), NOW)
        assert report.verdict == "valid_with_warnings"
        assert report.step("identifier").reason_code == "no_scanned_link"
    (report,) = verify_offline(seal.encode(), None, NOW)
    assert report.verdict == "cannot_tell"


def test_online_the_link_of_a_label_goes_before_its_seal(world: World, seal: str) -> None:
    subject = read_subject(picture(LINK, seal), None, world.records())
    assert (subject.seal, subject.credential) == (None, world.credential("SN-1"))
    with pytest.raises(EvidenceUnavailableError):
        read_subject(picture(LINK), None, refused_fetch, offline=True)


def test_codes_of_several_labels_are_refused(world: World, seal: str) -> None:
    world.issue("SN-2", id="b-2")
    other = sealed(world, world.credential("SN-2"))
    assert read_codes(picture(LINK, seal)).seal == seal
    assert read_image(picture(LINK, seal)) == LINK
    assert read_image(picture(seal)) == seal
    for texts in ((LINK, LINK + "2"), (seal, other)):
        with pytest.raises(UnreadableCarrierError, match="several"):
            read_codes(picture(*texts))


def test_a_seal_is_small_and_the_same_for_the_same_passport(world: World, seal: str) -> None:
    assert sealed(world, world.credential("SN-1")) == seal
    assert len(from_text(seal)) < 260
    assert len(data_carrier.seal_modules(seal)) <= 65 + 8  # version 12 with its quiet zone


def test_both_codes_stand_on_the_label(world: World, seal: str) -> None:
    with world.store.reading() as reading:
        model = get_model(reading, MAKER, "lfp-60")
    content: dict[str, Any] = {
        "link": LINK,
        "model": model,
        "serial": "SN-1",
        "parties": [LabelParty("", "M", address="A")],
        "place": "P",
        "manufactured_on": date(2024, 12, 2),
    }
    root = ET.fromstring(draw_label(LabelContent(**content, seal=seal)))
    codes = [element for element in root.iter(f"{SVG}svg") if element is not root]
    assert len(codes) == 2
    side = int((codes[1].get("viewBox") or "").split()[-1])
    assert float(codes[1].get("width") or 0) == pytest.approx(side * SEAL_MODULE_MM)
    right = float(codes[1].get("x") or 0) + side * SEAL_MODULE_MM
    assert right <= float((root.get("width") or "").removesuffix("mm"))
    image = Image.new("L", (side, side), 255)
    path = next(codes[1].iter(f"{SVG}path")).get("d") or ""
    for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", path):
        image.putpixel((int(x), int(y)), 0)
    buffer = io.BytesIO()
    image.resize((side * 4, side * 4), Image.Resampling.NEAREST).save(buffer, "PNG")
    assert read_image(buffer.getvalue()) == seal
    plain = ET.fromstring(draw_label(LabelContent(**content)))
    assert (plain.get("width"), len(list(plain.iter(f"{SVG}svg")))) == ("100mm", 2)


def test_a_seal_of_nothing_known_is_refused() -> None:
    nothing: list[dict[str, Any]] = [
        {},
        {"facts": {}},
        {"facts": {"1": "text", "2": "S"}},
        {"facts": {"1": 1, "2": "S"}},
        {"facts": {"1": int(GTIN), str(SERIAL): "x" * 99}},
    ]
    for payload in nothing:
        assert check_facts(payload).outcome == "failed"
        assert check_sealed_identifier(payload, None, None).outcome == "not_checked"
    good: dict[str, Any] = {"issuer": "did:web:x", "facts": {"1": int(GTIN), "2": "S"}}
    assert check_facts(good).outcome == "passed"
    assert check_sealed_identifier(good, "no link", None).reason_code == "identifier_malformed"
    assert issuer_of_seal("VP1:") is None
    assert verify_seal("VP1:0", {}, None, None, NOW).verdict == "invalid"
