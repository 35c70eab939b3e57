"""A shipment's receipt as PDF, for the customs file.

The signed receipt travels inside as an attachment, so that the print and the signature stay together.
Rows have a fixed height and are drawn as they are: typesetting ten thousand of them takes minutes.
"""

import hashlib
import io
from collections.abc import Iterator, Sequence
from typing import Final

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfdoc import PDFArray, PDFDictionary, PDFName, PDFStream, PDFString
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from passports.errors import shorten
from passports.plurals import counted
from passports.shipment_verdicts import ShipmentVerdict
from passports.shipments import ShipmentReceipt

# So many rows are printed, those that need a look first; all stand in the JSON form.
MAX_PRINTED: Final = 500
ATTACHMENT: Final = "receipt.jwt"
_WORDS: Final = {
    "valid": "valid",
    "valid_with_warnings": "valid, with reservations",
    "invalid": "INVALID",
    "cannot_tell": "cannot tell",
    "unknown": "UNKNOWN",
    "unreadable": "UNREADABLE",
}
_MARGIN: Final = 18 * mm
_WIDTH: Final = A4[0] - 2 * _MARGIN
_TOP: Final = A4[1] - 18 * mm
_BOTTOM: Final = 20 * mm
_ROW: Final = 8.4 * mm
_SIZE: Final = 7.5
_COLUMNS: Final = {
    "Line": 0.0,
    "Verdict": 14 * mm,
    "Link as it stood in the list, and why": 48 * mm,
}


def summary(receipt: ShipmentReceipt) -> list[str]:
    """Say of the rows how many batteries they name, of those how many are known here, and the verdicts."""
    counts = receipt.counts
    repeats, unreadable = counts["duplicates"], counts.get("unreadable", 0)
    named = counted(counts["distinct_links"], "distinct links")
    parts = [named, f"{repeats} that repeat one", f"{unreadable} unreadable"]
    found = [(counts.get(name, 0), word) for name, word in _WORDS.items()]
    verdicts = ", ".join(f"{count} {word}" for count, word in found if count)
    return [
        f"{counted(counts['rows'], 'rows')}: {', '.join(parts)}.",
        f"Of the {named}: {counts['known_here']} known here, {counts['not_known_here']} unknown.",
        f"Rows by verdict: {verdicts}.",
    ]


def receipt_pdf(receipt: ShipmentReceipt) -> bytes:
    """Write a receipt as PDF: counts, hashes, rows that need a look first, and the signed receipt inside."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4)
    canvas.setTitle("Receipt of a verified shipment")
    canvas.setAuthor("voltpass")
    canvas.setSubject(receipt.id)
    shown, doubtful = _shown(receipt)
    top = _head(canvas, receipt, _note(receipt, shown, doubtful))
    chunks = list(_pages(shown, top))
    for number, (start, rows) in enumerate(chunks, start=1):
        _table(canvas, rows, start)
        foot = f"{receipt.id}   page {number} of {len(chunks)}"
        canvas.setFont("Helvetica", _SIZE)
        canvas.drawRightString(A4[0] - _MARGIN, 12 * mm, foot)
        canvas.showPage()
    _attach(canvas, receipt.signed)
    canvas.save()
    return buffer.getvalue()


def _shown(receipt: ShipmentReceipt) -> tuple[list[ShipmentVerdict], int]:
    """The rows that are printed, and how many of all rows need a look."""
    doubtful = [row for row in receipt.rows if _needs_a_look(row)]
    rest = [row for row in receipt.rows if not _needs_a_look(row)]
    shown = [*doubtful, *rest] if len(receipt.rows) <= MAX_PRINTED else doubtful
    return shown[:MAX_PRINTED], len(doubtful)


def _needs_a_look(row: ShipmentVerdict) -> bool:
    own = {"repeated", "link_of_another_host"}
    return not own.isdisjoint(row.reason_codes) or not row.verdict.startswith("valid")


def _note(receipt: ShipmentReceipt, shown: Sequence[ShipmentVerdict], doubtful: int) -> str:
    left_out = len(receipt.rows) - len(shown)
    if not left_out:
        return "All rows follow; those that need a look stand first."
    of_these = max(0, doubtful - len(shown))
    return (
        f"{counted(len(shown), 'rows')} of {doubtful} that need a look follow. Not printed: {left_out}, "
        f"{of_these} of them need a look. All stand in the JSON form."
    )


def _head(canvas: Canvas, receipt: ShipmentReceipt, note: str) -> float:
    """Write what stands above the rows; return where the rows begin."""
    y = _TOP
    canvas.setFont("Helvetica-Bold", 16)
    canvas.drawString(_MARGIN, y - 12, "Receipt of a verified shipment")
    y -= 30
    facts = {
        "Reference": receipt.reference or "none given",
        "Checked at": f"{receipt.checked_at:%Y-%m-%d %H:%M:%S} UTC",
        "Server": receipt.server,
        "Issued by": receipt.issuer,
        "Receipt": receipt.id,
        "SHA-256 of the list": receipt.list_sha256,
        "SHA-256 of the rows": f"{receipt.rows_sha256} (canonical JSON)",
        "SHA-256 of the signed receipt": hashlib.sha256(receipt.signed).hexdigest(),
    }
    for name, value in facts.items():
        canvas.setFont("Helvetica-Bold", 8)
        canvas.drawString(_MARGIN, y, name)
        _text(canvas, 44 * mm, y, value, size=8)
        y -= 11
    y -= 5
    for size, line in (
        *((9.5, line) for line in summary(receipt)),
        (
            8,
            f"The signed receipt (vc+jwt) is attached to this file as {ATTACHMENT}: it holds the counts,",
        ),
        (
            8,
            "the reference and the hashes. Check it: voltpass verify receipt.pdf",
        ),
        (
            8,
            "What is cut stands whole in the JSON form. A valid passport is no proof of compliance",
        ),
        (8, "(Regulation (EU) 2024/1781, Art. 15)."),
        (8, note),
    ):
        _text(canvas, 0, y, line, size=size)
        y -= size + 4
    return y - 4


def _pages(
    rows: Sequence[ShipmentVerdict], top: float
) -> Iterator[tuple[float, Sequence[ShipmentVerdict]]]:
    """Share the rows out: on the first page below the head, then whole pages."""
    while True:
        room = int((top - _BOTTOM) // _ROW) - 1
        yield top, rows[:room]
        rows, top = rows[room:], _TOP
        if not rows:
            return


def _table(canvas: Canvas, rows: Sequence[ShipmentVerdict], top: float) -> None:
    canvas.setStrokeColor(colors.grey)
    canvas.setLineWidth(0.25)
    y = top - 9
    canvas.setFont("Helvetica-Bold", _SIZE)
    for name, x in _COLUMNS.items():
        canvas.drawString(_MARGIN + x, y, name)
    _, verdict, link = _COLUMNS.values()
    for row in rows:
        canvas.line(_MARGIN, y - 4, _MARGIN + _WIDTH, y - 4)
        _text(canvas, 0, y - 12, str(row.line))
        _text(canvas, verdict, y - 12, _WORDS.get(row.verdict, row.verdict))
        _text(canvas, link, y - 12, row.link)
        _text(canvas, link, y - 20.5, row.reason)
        y -= _ROW


def _text(canvas: Canvas, x: float, y: float, text: str, size: float = _SIZE) -> None:
    """Write one line, cut where the page ends. What the font does not have is written as its escape."""
    short = shorten(text, 300).encode("cp1252", "backslashreplace").decode("cp1252")
    room, wide = _WIDTH - x, stringWidth(short, "Helvetica", size)
    if wide > room:
        short = short[
            : int(len(short) * room / wide)
        ]  # about right, where letters are of mixed width
        while stringWidth(short + "…", "Helvetica", size) > room:
            short = short[:-1]
        short += "…"
    canvas.setFont("Helvetica", size)
    canvas.drawString(_MARGIN + x, y, short)


def _attach(canvas: Canvas, signed: bytes) -> None:
    """Embed the signed receipt (ISO 32000-1, 7.11.4), as it is: a reader needs to unpack nothing."""
    document = vars(canvas)["_doc"]  # the library has no other way to its catalogue
    kinds = {"Type": PDFName("EmbeddedFile"), "Subtype": PDFName("application#2Fvc+jwt")}
    stream = document.Reference(PDFStream(PDFDictionary(kinds), signed.decode("ascii"), []))
    name = PDFString(ATTACHMENT)
    file = {"Type": PDFName("Filespec"), "F": name, "UF": name}
    file |= {"EF": PDFDictionary({"F": stream})}
    specification = document.Reference(PDFDictionary(file))
    names = PDFDictionary({"Names": PDFArray([name, specification])})
    document.Catalog.Names = PDFDictionary({"EmbeddedFiles": names})
