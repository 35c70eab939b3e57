"""Pictures that are made to keep their reader busy: it gives up in time, and says so."""

import io
from collections.abc import Callable
from threading import BoundedSemaphore
from typing import Final

import pytest
from PIL import Image

from passports.data_carrier import Codes, draw
from passports.errors import UnreadableCarrierError
from passports.verification import picture
from passports.verification.picture import read_picture

LINK: Final = "https://id.example.com/01/09520123456788/21/SN-1"


def scanned_a_thousand_times() -> bytes:
    """A progressive JPEG (ITU-T T.81) of nine megapixels whose last scan comes again and again."""
    buffer = io.BytesIO()
    Image.new("RGB", (3000, 3000)).save(buffer, "JPEG", quality=5, progressive=True)
    plain = buffer.getvalue()
    scan = plain[plain.rfind(b"\xff\xda") : -2]  # from "start of scan" to before "end of image"
    return plain[:-2] + 1000 * scan + plain[-2:]


def full_of_corners() -> bytes:
    """A drawing in which every nine pixels stands what QR codes have in three of their corners."""
    corner = Image.new("L", (7, 7), 0)
    corner.paste(255, (1, 1, 6, 6))
    corner.paste(0, (2, 2, 5, 5))
    drawing = Image.new("L", (4005, 4005), 255)
    for top in range(0, 4000, 9):
        drawing.paste(corner, (0, top))
    row = drawing.crop((0, 0, 9, 4005))
    for left in range(0, 4000, 9):
        drawing.paste(row, (left, 0))
    buffer = io.BytesIO()
    drawing.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("make", [scanned_a_thousand_times, full_of_corners])
def test_a_picture_that_takes_too_long_is_given_up(
    make: Callable[[], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture, "MAX_SECONDS", 1)
    with pytest.raises(UnreadableCarrierError, match="cannot be read in 1 seconds") as caught:
        read_picture(make())
    assert [finding.field for finding in caught.value.findings] == ["image"]


def test_a_picture_that_takes_too_long_on_a_busy_machine_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(picture, "_MAX_WAIT_SECONDS", 0.001)
    with pytest.raises(UnreadableCarrierError, match="cannot be read"):
        read_picture(draw(LINK, "png"))


def test_a_picture_is_read_apart_as_it_is_read_here() -> None:
    assert read_picture(draw(LINK, "png")) == Codes(LINK, None)
    with pytest.raises(UnreadableCarrierError) as caught:
        read_picture(b"\x89PNG")
    finding = caught.value.findings[0]
    assert (finding.field, finding.reason) == ("image", "this is not an image that can be opened")
    assert finding.remedy == "Send a PNG or JPEG of the label."


def test_nobody_waits_for_a_turn_for_long_and_turns_are_given_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(picture, "_AT_ONCE", BoundedSemaphore(1))
    monkeypatch.setattr(picture, "_MAX_TURN_SECONDS", 0.01)
    with picture._AT_ONCE, pytest.raises(UnreadableCarrierError, match="other pictures"):
        read_picture(draw(LINK, "png"))
    with pytest.raises(UnreadableCarrierError, match="this is not an image"):
        read_picture(b"\x89PNG")
    assert read_picture(draw(LINK, "png")) == Codes(LINK, None)
