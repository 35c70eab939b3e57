"""The data carrier: a QR code (ISO/IEC 18004) that holds the printed link, and reading it back.

Error correction Q: it survived 10 % damage in 32 of 40 trials where M survived none, at 37 modules for
a 58-character link. Single codes are drawn by qrcode, many at a time by zxing-cpp, which also reads.
"""

import io
import warnings
from dataclasses import dataclass
from typing import Any, Final, Literal

import qrcode
import qrcode.constants
import zxingcpp
from PIL import Image
from qrcode.image.svg import SvgPathFillImage

from passports.errors import Finding, UnreadableCarrierError
from signing.seal import PREFIX

QUIET_ZONE_MODULES: Final = 4  # ISO/IEC 18004, 6.3.8: four modules on each side
MAX_IMAGE_PIXELS: Final = 40_000_000
MAX_IMAGE_SIDE: Final = 20_000  # ours; zxing-cpp takes 65,535 at most
MAX_IMAGE_BYTES: Final = 20 * 1024 * 1024
_PIXELS_A_MODULE: Final = 10
# What cameras, scanners and designers send. Pillow opens more, some of it by running other programs.
_IMAGE_FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
_QR_CODES: Final = zxingcpp.barcode_formats_from_str("QRCode")


def _code(
    link: str, error_correction: int = qrcode.constants.ERROR_CORRECT_Q
) -> "qrcode.QRCode[Any]":
    code = qrcode.QRCode(
        error_correction=error_correction,
        box_size=_PIXELS_A_MODULE,
        border=QUIET_ZONE_MODULES,
    )
    code.add_data(link)
    code.make(fit=True)
    return code


def draw(link: str, form: Literal["svg", "png"]) -> bytes:
    """Draw a link as QR code, with its quiet zone, as SVG or PNG."""
    buffer = io.BytesIO()
    if form == "svg":
        _code(link).make_image(image_factory=SvgPathFillImage).save(buffer)
    else:
        _code(link).make_image().save(buffer, "PNG")
    return buffer.getvalue()


def modules(link: str) -> list[list[bool]]:
    """Return the symbol as rows of modules, True for dark, with its quiet zone."""
    return [[bool(module) for module in row] for row in _code(link).get_matrix()]


def label_modules(link: str) -> list[list[bool]]:
    """Return the symbol as `modules` does, for labels by the thousand: fifteen times as fast.

    The two may differ in their mask; either is read back as the link.
    """
    code = zxingcpp.create_barcode(link, zxingcpp.BarcodeFormat.QRCode, ec_level="Q")
    picture: Any = code.to_image(scale=1, add_quiet_zones=True)
    shades: Any = memoryview(picture).tolist()  # rows of bytes; its stub does not say so
    return [[shade == 0 for shade in row] for row in shades]


def seal_modules(seal: str) -> list[list[bool]]:
    """Return the symbol of an offline seal; error correction M, for the link beside it is the way back."""
    code = _code(seal, qrcode.constants.ERROR_CORRECT_M)
    return [[bool(module) for module in row] for row in code.get_matrix()]


def draw_in_terminal(link: str) -> str:
    """Draw a link for a terminal: two modules a character, light on dark turned to be read."""
    rows = modules(link)
    if len(rows) % 2:
        rows.append([False] * len(rows[0]))
    halves = {(False, False): "█", (False, True): "▀", (True, False): "▄", (True, True): " "}
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return "\n".join(
        "".join(halves[top, bottom] for top, bottom in zip(upper, lower, strict=True))
        for upper, lower in pairs
    )


def draw_many(links: list[str]) -> list[str]:
    """Draw many links as SVG (about fifteen times as fast as one by one with `draw`)."""
    return [
        zxingcpp.create_barcode(link, zxingcpp.BarcodeFormat.QRCode, ec_level="Q").to_svg(
            add_quiet_zones=True
        )
        for link in links
    ]


@dataclass(frozen=True)
class Codes:
    """What the codes of one label say: the link, and the offline seal where there is one."""

    link: str | None
    seal: str | None


def read_image(data: bytes) -> str:
    """Read the text of the QR code in an image; of a link and a seal beside it, the link.

    Raises:
        UnreadableCarrierError: as `read_codes`.
    """
    codes = read_codes(data)
    return codes.link or codes.seal or ""


def read_codes(data: bytes) -> Codes:
    """Read the QR codes of one label in an image (PNG, JPEG, WebP, GIF, BMP or TIFF).

    Raises:
        UnreadableCarrierError: no image, too large, no QR code, or codes of several labels.
    """
    image = _open_image(data)
    try:
        found = zxingcpp.read_barcodes(image, formats=_QR_CODES)
    except ValueError:  # a picture of a size or form that it does not take
        found = []
    texts = sorted({result.text for result in found if result.valid})
    seals = [text for text in texts if text.startswith(PREFIX)]
    links = [text for text in texts if text not in seals]
    if texts and len(links) <= 1 and len(seals) <= 1:
        return Codes(next(iter(links), None), next(iter(seals), None))
    reason = "there is no readable QR code in it" if not texts else "it holds several QR codes"
    remedy = "Take the picture closer, straight and in good light; one code a picture."
    raise UnreadableCarrierError(f"the image: {reason}", [Finding("image", "", reason, remedy)])


def _open_image(data: bytes) -> Image.Image:
    reason = ""
    if len(data) > MAX_IMAGE_BYTES:
        reason = f"the file has {len(data)} bytes, at most {MAX_IMAGE_BYTES} are read"
    else:
        try:
            image = _decode(data)
            if image is not None:
                return image
            reason = f"it has more than {MAX_IMAGE_PIXELS} pixels, or {MAX_IMAGE_SIDE} on a side"
        except Exception:  # noqa: BLE001 # Pillow's decoders raise whatever broken bytes lead to
            reason = "this is not an image that can be opened"
    remedy = "Send a PNG or JPEG of the label."
    raise UnreadableCarrierError(f"the image: {reason}", [Finding("image", "", reason, remedy)])


def _decode(data: bytes) -> Image.Image | None:
    """Return the picture in grey, or None where it is too large to be decoded."""
    with warnings.catch_warnings():
        # Broken metadata and Pillow's own limit of pixels are warnings; ours is lower and an answer.
        warnings.simplefilter("ignore")
        try:
            image: Image.Image = Image.open(io.BytesIO(data), formats=_IMAGE_FORMATS)
        except Image.DecompressionBombError:
            return None
        if image.width * image.height > MAX_IMAGE_PIXELS or max(image.size) > MAX_IMAGE_SIDE:
            return None
        if image.has_transparency_data:  # dark modules on nothing: lay them on paper
            image = image.convert("RGBA")
            paper = Image.new("RGBA", image.size, "white")
            image = Image.alpha_composite(paper, image)
        return image.convert("L")
