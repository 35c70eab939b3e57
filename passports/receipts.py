"""A shipment's receipt as PDF, for the customs file."""

import io
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from passports.shipments import ShipmentReceipt, ShipmentVerdict

# All rows are printed up to this many; of longer lists only those that need a look.
_ALL_ROWS: Final = 500
_WORDS: Final = {
    "valid": "valid",
    "valid_with_warnings": "valid, with reservations",
    "invalid": "INVALID",
    "cannot_tell": "cannot tell",
    "unknown": "UNKNOWN",
    "unreadable": "UNREADABLE",
}


def receipt_pdf(receipt: ShipmentReceipt) -> bytes:
    """Write a receipt as PDF: counts, hashes, and the rows that need a look first."""
    buffer = io.BytesIO()
    document = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        leftMargin=18 * mm,
        rightMargin=18 * mm,
        topMargin=16 * mm,
        bottomMargin=16 * mm,
        title="Receipt of a verified shipment",
        author="voltpass",
    )
    document.build([*_head(receipt), *_rows(receipt)])
    return buffer.getvalue()


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: 1 row, 2 rows."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def _head(receipt: ShipmentReceipt) -> list[Any]:
    styles = getSampleStyleSheet()
    small = ParagraphStyle("small", parent=styles["Normal"], fontSize=7.5, leading=10)
    return [
        Paragraph("Receipt of a verified shipment", styles["Title"]),
        Paragraph(summary(receipt), styles["Normal"]),
        Spacer(1, 4 * mm),
        Paragraph(f"SHA-256 of the list: {receipt.list_sha256}", small),
        Paragraph(f"SHA-256 of the rows (canonical JSON): {receipt.rows_sha256}", small),
        Paragraph(
            "The signed receipt (vc+jwt) in the JSON form holds these hashes and the counts; this "
            "page is its print. A valid passport is not proof of compliance (ESPR, Art. 15).",
            small,
        ),
        Spacer(1, 5 * mm),
    ]


def summary(receipt: ShipmentReceipt) -> str:
    """Say how many rows there are, how many batteries they name, and what was found of the rows."""
    found = [(receipt.counts.get(name, 0), word) for name, word in _WORDS.items()]
    counts = ", ".join(f"{count} {word}" for count, word in found if count)
    rows, duplicates = receipt.counts["rows"], receipt.counts["duplicates"]
    batteries = rows - duplicates - receipt.counts.get("unreadable", 0)
    twice = f" ({counted(duplicates, 'duplicate')})" if duplicates else ""
    named = f"{counted(rows, 'row')}, {counted(batteries, 'battery', 'batteries')}{twice}"
    at = f"{receipt.checked_at:%Y-%m-%d %H:%M:%S} UTC"
    return f"{named}, checked at {at}. Rows: {counts}. Rows that need a look stand first."


def _needs_a_look(row: ShipmentVerdict) -> bool:
    return row.duplicate_of_line is not None or not row.verdict.startswith("valid")


def _rows(receipt: ShipmentReceipt) -> list[Any]:
    doubtful = [row for row in receipt.rows if _needs_a_look(row)]
    rest = [row for row in receipt.rows if not _needs_a_look(row)]
    shown = [*doubtful, *rest] if len(receipt.rows) <= _ALL_ROWS else doubtful
    cell = ParagraphStyle("cell", fontName="Helvetica", fontSize=7, leading=8.5)
    table: list[list[str | Paragraph]] = [["Line", "Verdict", "Battery", "Reason"]]
    table += [
        [
            str(row.line),
            Paragraph(_WORDS.get(row.verdict, escape(row.verdict)), cell),
            Paragraph(escape(row.link), cell),
            Paragraph(escape(row.reason), cell),
        ]
        for row in shown
    ]
    drawn = Table(table, colWidths=[12 * mm, 28 * mm, 62 * mm, 72 * mm], repeatRows=1)
    drawn.setStyle(
        TableStyle(
            [
                ("FONTSIZE", (0, 0), (-1, -1), 7),
                ("FONTNAME", (0, 0), (-1, 0), "Helvetica-Bold"),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.grey),
            ]
        )
    )
    left_out = len(receipt.rows) - len(shown)
    note = Paragraph(f"{left_out} rows without objection are in the JSON form.", cell)
    return [drawn, *([Spacer(1, 3 * mm), note] if left_out else [])]
