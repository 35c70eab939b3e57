"""The data carrier: drawn, turned, blurred, and read back by a decoder that is not ours."""

import contextlib
import io
import re
import struct
import zlib
from xml.etree import ElementTree as ET

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter

from passports import data_carrier
from passports.data_carrier import (
    MAX_IMAGE_BYTES,
    QUIET_ZONE_MODULES,
    draw,
    draw_in_terminal,
    draw_many,
    modules,
    read_image,
)
from passports.errors import UnreadableCarrierError
from passports.identifiers import CHARACTER_SET_82, UniqueProductIdentifier
from tests.worlds import ADDRESS, GTIN

LINK = ADDRESS.digital_link(UniqueProductIdentifier(GTIN, "LFP60-00001"))


def picture(link: str = LINK) -> Image.Image:
    """Return a drawn code as a picture."""
    return Image.open(io.BytesIO(draw(link, "png"))).convert("L")


def png(image: Image.Image) -> bytes:
    """Return a picture as PNG."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def from_modules(rows: list[list[bool]], scale: int = 4) -> Image.Image:
    """Return modules as a picture."""
    image = Image.new("L", (len(rows[0]), len(rows)), 255)
    image.putdata([0 if dark else 255 for row in rows for dark in row])
    return image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST)


def test_a_drawn_code_is_read_back() -> None:
    assert read_image(draw(LINK, "png")) == LINK


@settings(max_examples=15, deadline=None)
@given(st.text(st.sampled_from(sorted(CHARACTER_SET_82)), min_size=1, max_size=20))
def test_the_code_of_every_serial_is_read_back(serial: str) -> None:
    link = ADDRESS.digital_link(UniqueProductIdentifier(GTIN, serial))
    assert read_image(draw(link, "png")) == link


@pytest.mark.parametrize("degrees", [7, 45, 90, 180, 270, 315])
def test_a_turned_code_is_read_back(degrees: float) -> None:
    assert read_image(png(picture().rotate(degrees, expand=True, fillcolor=255))) == LINK


@pytest.mark.parametrize("form", ["JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_a_blurred_code_in_any_usual_format_is_read_back(form: str) -> None:
    buffer = io.BytesIO()
    picture().filter(ImageFilter.GaussianBlur(3)).convert("RGB").save(buffer, form)
    assert read_image(buffer.getvalue()) == LINK


def test_a_code_with_a_tenth_of_it_soiled_is_read_back() -> None:
    image = picture()
    side = image.width // 6
    middle = image.width // 2
    ImageDraw.Draw(image).rectangle((middle, middle, middle + side, middle + side), fill=128)
    assert read_image(png(image)) == LINK


def test_dark_modules_on_a_transparent_ground_are_read_back() -> None:
    grey = picture()
    image = Image.new("RGBA", grey.size, (0, 0, 0, 0))
    image.putalpha(grey.point(lambda value: 255 - value))
    assert read_image(png(image)) == LINK


def test_a_photo_with_more_on_it_than_the_code_is_read() -> None:
    photo = Image.new("RGB", (1600, 1200), (180, 170, 160))
    photo.paste(picture().convert("RGB").resize((400, 400)), (700, 500))
    assert read_image(png(photo)) == LINK


def test_the_modules_are_what_the_decoder_sees_with_a_quiet_zone() -> None:
    rows = modules(LINK)
    assert read_image(png(from_modules(rows))) == LINK
    quiet = QUIET_ZONE_MODULES
    edges = [*rows[:quiet], *rows[-quiet:], *[row[:quiet] + row[-quiet:] for row in rows]]
    assert not any(any(edge) for edge in edges)
    assert rows[quiet][quiet]


def test_the_svg_is_drawn_in_the_same_modules() -> None:
    svg = ET.fromstring(draw(LINK, "svg"))
    assert svg.tag == "{http://www.w3.org/2000/svg}svg"
    path = next(element.get("d") or "" for element in svg.iter() if element.tag.endswith("path"))
    corners = {
        (round(float(x)), round(float(y))) for x, y in re.findall(r"M([\d.]+),([\d.]+)H", path)
    }
    dark = {(x, y) for y, row in enumerate(modules(LINK)) for x, on in enumerate(row) if on}
    assert corners == dark


def test_a_code_in_the_terminal_is_light_on_dark_and_has_its_modules() -> None:
    lines = draw_in_terminal(LINK).split("\n")
    rows = modules(LINK)
    assert len(lines) == (len(rows) + 1) // 2
    halves = {"█": (False, False), "▀": (False, True), "▄": (True, False), " ": (True, True)}
    pairs = [[halves[char] for char in line] for line in lines]
    unfolded = [[half[part] for half in pair] for pair in pairs for part in (0, 1)]
    assert unfolded[: len(rows)] == rows
    assert read_image(png(from_modules(unfolded))) == LINK


def test_many_codes_are_drawn_at_once_and_each_is_read_back() -> None:
    links = [ADDRESS.digital_link(UniqueProductIdentifier(GTIN, f"S-{i}")) for i in range(5)]
    for link, svg in zip(links, draw_many(links), strict=True):
        assert read_image(png(rasterised(svg))) == link


def rasterised(svg: str) -> Image.Image:
    """Rasterise an SVG of unit modules as zxing-cpp draws them."""
    root = ET.fromstring(svg)
    side = int(root.get("width") or 0)
    rows = [[False] * side for _ in range(side)]
    path = next(element.get("d") or "" for element in root.iter() if element.tag.endswith("path"))
    for x, y, width, height in re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)h-\d+", path):
        for row in range(int(y), int(y) + int(height)):
            for column in range(int(x), int(x) + int(width)):
                rows[row][column] = True
    return from_modules(rows)


def test_a_picture_without_a_code_is_refused() -> None:
    with pytest.raises(UnreadableCarrierError, match="no readable QR code"):
        read_image(png(Image.new("L", (300, 300), 255)))


def test_a_picture_with_two_codes_is_refused() -> None:
    other = picture("https://id.example.com/01/09520123456788/21/OTHER")
    both = Image.new("L", (picture().width + other.width, picture().height), 255)
    both.paste(picture(), (0, 0))
    both.paste(other, (picture().width, 0))
    with pytest.raises(UnreadableCarrierError, match="several QR codes"):
        read_image(png(both))


def test_the_same_code_twice_in_a_picture_is_one() -> None:
    both = Image.new("L", (picture().width * 2, picture().height), 255)
    both.paste(picture(), (0, 0))
    both.paste(picture(), (picture().width, 0))
    assert read_image(png(both)) == LINK


def test_another_kind_of_code_is_not_read() -> None:
    code = zxingcpp.create_barcode(LINK, zxingcpp.BarcodeFormat.DataMatrix)
    image = Image.fromarray(code.to_image(scale=8, add_quiet_zones=True))
    with pytest.raises(UnreadableCarrierError, match="no readable QR code"):
        read_image(png(image))


def test_a_file_that_is_too_large_is_refused_unread() -> None:
    with pytest.raises(UnreadableCarrierError, match="bytes"):
        read_image(b"\x89PNG" + bytes(MAX_IMAGE_BYTES))


def bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few hundred bytes that says it has this many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    body = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("side", [6400, 10_000, 20_000, 60_000])
def test_a_small_file_that_unfolds_to_a_huge_picture_is_refused(side: int) -> None:
    with pytest.raises(UnreadableCarrierError, match="pixels"):
        read_image(bomb(side, side))


@pytest.mark.parametrize("sides", [(1, 30_000_000), (30_000_000, 1), (20_001, 1), (1, 65_536)])
def test_a_picture_that_is_too_long_for_its_reader_is_refused(sides: tuple[int, int]) -> None:
    with pytest.raises(UnreadableCarrierError, match="on a side"):
        read_image(png(Image.new("1", sides)))


def test_a_picture_that_its_reader_does_not_take_is_unreadable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(data_carrier, "MAX_IMAGE_SIDE", 10**6)
    with pytest.raises(UnreadableCarrierError, match="no readable QR code"):
        read_image(png(Image.new("1", (1, 100_000))))


def test_a_text_that_unfolds_inside_of_a_picture_is_refused() -> None:
    text = b"zTXt" + b"a\0\0" + zlib.compress(bytes(8 * 1024 * 1024), 9)
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    plain = draw(LINK, "png")
    with pytest.raises(UnreadableCarrierError):
        read_image(plain[:33] + chunk + plain[33:])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"GIF89a" + bytes(20),
        b"BM" + bytes(60),
    ],
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableCarrierError) as caught:
        read_image(data)
    assert caught.value.findings[0].field == "image"


STARTS = [
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff\xe0",
    b"GIF89a",
    b"BM",
    b"RIFF\x20\0\0\0WEBP",
    b"II*\0",
]


@given(st.sampled_from(STARTS), st.binary(max_size=200))
def test_nonsense_behind_the_start_of_a_picture_is_refused(start: bytes, rest: bytes) -> None:
    with pytest.raises(UnreadableCarrierError):
        read_image(start + rest)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_picture_with_changed_bytes_is_read_as_it_was_or_refused(data: st.DataObject) -> None:
    broken = bytearray(SMALL)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(broken) - 1))
        broken[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(UnreadableCarrierError):
        assert read_image(bytes(broken)) == LINK


SMALL = png(from_modules(modules(LINK), 3))


def test_only_formats_that_pillow_decodes_by_itself_are_opened() -> None:
    assert set(data_carrier._IMAGE_FORMATS) == {"PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"}
