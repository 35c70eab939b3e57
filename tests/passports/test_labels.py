"""Labels: valid XML whatever the names are, and a code that reads back."""

import io
import re
from collections.abc import Sequence
from datetime import date
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydantic import TypeAdapter, ValidationError

from passports.data_carrier import read_image
from passports.documents import Name
from passports.identifiers import UniqueProductIdentifier
from passports.labels import MODULE_MM, LabelContent, LabelParty, draw_label
from passports.models import BatteryModel, BatteryModelCreate
from tests.worlds import ADDRESS, GTIN, MAKER, NOW, demo_input

MODEL = BatteryModel(
    **BatteryModelCreate(**demo_input("model.json")).model_dump(), operator_id=MAKER, created_at=NOW
)
SVG = "{http://www.w3.org/2000/svg}"


def label(
    serial: str = "SN-1",
    name: str = "The maker",
    model: BatteryModel = MODEL,
    others: Sequence[LabelParty] = (),
) -> ET.Element:
    """Draw a label and parse it."""
    content = LabelContent(
        link=ADDRESS.digital_link(UniqueProductIdentifier(GTIN, serial)),
        model=model,
        serial=serial,
        parties=[LabelParty("", name, address="1 Street"), *others],
        place="Xinjin, Chengdu",
        manufactured_on=date(2024, 12, 2),
    )
    return ET.fromstring(draw_label(content))


def words(root: ET.Element) -> list[str]:
    """Return the texts of a label."""
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def test_a_label_says_what_annex_vi_asks_and_is_at_hand() -> None:
    text = "\n".join(words(label()))
    for part in (
        "LFP EV pack 60 kWh",
        "EV battery · LFP · 60 kWh · 419.9 kg",
        "Model lfp-60",
        f"GTIN {GTIN}",
        "S/N SN-1",
        "Made 12/2024 at Xinjin, Chengdu",
        "The maker",
        "1 Street",
    ):
        assert part in text


def test_the_code_on_the_label_is_the_link_of_the_battery() -> None:
    root = label("SN/1")
    inner = next(element for element in root.iter(f"{SVG}svg") if element is not root)
    side = int((inner.get("viewBox") or "").split()[-1])
    assert float(inner.get("width") or 0) == side * MODULE_MM
    path = next(inner.iter(f"{SVG}path")).get("d") or ""
    image = Image.new("L", (side, side), 255)
    for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", path):
        image.putpixel((int(x), int(y)), 0)
    buffer = io.BytesIO()
    image.resize((side * 4, side * 4), Image.Resampling.NEAREST).save(buffer, "PNG")
    assert read_image(buffer.getvalue()) == f"https://id.example.com/01/{GTIN}/21/SN%2F1"


def test_the_symbol_of_separate_collection_is_on_it() -> None:
    assert "crossed-out wheeled bin" in draw_label_text()


def draw_label_text() -> str:
    """Return a label as text, comments and all."""
    maker = LabelParty("", "M")
    content = LabelContent("https://x.example", MODEL, "S", [maker], "P", date(2024, 12, 2))
    return draw_label(content)


names: TypeAdapter[str] = TypeAdapter(Name)


@settings(max_examples=60, deadline=None)
@given(
    st.text(st.characters(codec=None), min_size=1, max_size=30)
    | st.sampled_from(["<script>", "a&b", "]]>", "\"'", "{{ content }}", "&#0;", "\x0b", "\ufffe"])
)
def test_every_name_that_may_come_in_stands_on_a_label_as_it_is(name: str) -> None:
    try:
        allowed = names.validate_python(name)
    except ValidationError:
        return
    found = words(label(name=allowed, model=MODEL.model_copy(update={"name": allowed})))
    plain = allowed.replace("\r\n", "\n").replace("\r", "\n")
    assert plain in found[0]
    assert found.count(plain) == 2


def test_a_hostile_serial_is_escaped() -> None:
    assert 'S/N <&">' in words(label('<&">'))


def test_who_made_it_and_who_answers_for_it_stand_apart_and_inside() -> None:
    importer = LabelParty(
        *("Responsible", "A rather long name of an importing company GmbH & Co. KG", "Imp"),
        address="Am langen Hafen 1234, Gebäude 7, Eingang C, 20457 Hamburg, Deutschland, " * 2,
    )
    root = label(others=[importer])
    said = words(root)
    assert "Responsible: A rather long name of an" in said
    assert " ".join(said).count("20457 Hamburg") == 2
    height = float((root.get("viewBox") or "").split()[-1])
    group = next(root.iter(f"{SVG}g"))
    places = [float(element.get("y") or 0) for element in group.iter(f"{SVG}text")]
    assert max(places) + 6 < height
    assert places == sorted(places)
