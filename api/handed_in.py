"""What kind of file was handed in to be verified: one of another kind is no passport that fails."""

import re
from typing import Final

from passports.errors import Finding, NotAPassportError, shorten
from passports.plurals import counted
from passports.verification.bundle import is_bundle
from passports.verification.receipt import looks_like_receipt
from signing.seal import PREFIX

# First bytes of PNG, JPEG, GIF, BMP, WebP (RIFF), TIFF; what else Pillow opens is not a photo.
_IMAGE_STARTS: Final = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF", b"II*\0", b"MM\0*")
# RFC 7515, section 7.1: base64url parts joined by full stops; the first is of a JSON object: {" or {\n.
_COMPACT: Final = re.compile(rb"e[yw][A-Za-z0-9_-]{8,}\.")
_LOOKED_AT: Final = 200  # bytes of what is no passport
_SHOWN: Final = 40  # characters
_HAND_IN: Final = "Hand in a signed passport (.jwt), or a picture of its label (PNG or JPEG)."


def is_image(data: bytes) -> bool:
    """Tell whether bytes are a picture that is read."""
    return data.startswith(_IMAGE_STARTS)


def is_link(text: bytes) -> bool:
    """Tell whether bytes are a printed link."""
    return text[:8].lower().startswith((b"http://", b"https://"))


def require_passport(data: bytes) -> None:
    """Let what can be verified pass, however damaged: a credential, a seal, a link, a picture, a receipt.

    Raises:
        NotAPassportError: a bundle, or a file of another kind: nothing can be told of a passport.
    """
    text = data.strip()
    looks_signed = _COMPACT.match(text) or (text.startswith(b"{") and b'"proof"' in text)
    if looks_signed or is_image(data) or is_link(text) or text.startswith(PREFIX.encode()):
        return
    if looks_like_receipt(text):
        return
    reason, remedy = _other_kind(text)
    raise NotAPassportError(Finding("file", _named(data), reason, remedy))


def _named(data: bytes) -> str:
    """Return how what was read begins, its first line at the most, or how long it is if that is no text.

    A line: of a private key that was handed in by mistake that is the one that says what it is.
    """
    first = (data.strip().splitlines() or [b""])[0]
    text = first[:_LOOKED_AT].decode(errors="replace")
    # The last character may be cut through; any other one that is none says that this is no text.
    if not text or "\0" in text or "\N{REPLACEMENT CHARACTER}" in text[:-1]:
        return counted(len(data), "bytes")
    return shorten(text, _SHOWN)


def _other_kind(text: bytes) -> tuple[str, str]:
    if is_bundle(text):
        # Names of members stand in a ZIP archive as they are.
        if b"manifest.json" in text and b"credential/" in text:
            remedy = "Open it in /verify-offline, or run voltpass verify with it."
            return "it is a bundle, which is not checked here", remedy
        return "it is a ZIP archive or a workbook, no passport", _HAND_IN
    if text.startswith(b"<") and b"<svg" in text[:4096]:
        return "it is a drawing (SVG), which is not read", _HAND_IN
    if text.startswith(b"%PDF"):
        return "it is a PDF, which is not read", _HAND_IN
    return "it is no signed passport, no link and no picture", _HAND_IN
