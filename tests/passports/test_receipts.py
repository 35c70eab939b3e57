"""The print of a receipt: counts that add up, rows that need a look first, and the signature inside."""

import time
from typing import Any

from passports.receipts import MAX_PRINTED, receipt_pdf, summary
from passports.shipment_verdicts import ShipmentVerdict
from passports.shipments import ShipmentReceipt
from tests.worlds import NOW

LINK = "https://id.example.com/01/09520123456788/21/A-1"


def receipt(*rows: ShipmentVerdict, **changes: Any) -> ShipmentReceipt:
    """Return a receipt of rows, counted as `verify_shipment` counts them."""
    distinct = len({row.link for row in rows if row.verdict != "unreadable"})
    unknown = len({row.link for row in rows if row.verdict == "unknown"})
    counts = {
        "rows": len(rows),
        "distinct_links": distinct,
        "duplicates": sum(row.duplicate_of_line is not None for row in rows),
        "known_here": distinct - unknown,
        "not_known_here": unknown,
    }
    for row in rows:
        counts[row.verdict] = counts.get(row.verdict, 0) + 1
    fields: dict[str, Any] = {
        "id": "urn:uuid:00000000-0000-4000-8000-000000000001",
        "issuer": "did:web:id.example.com:operators:platform",
        "server": "https://id.example.com",
        "reference": None,
        "rows": rows,
        "counts": counts,
        "checked_at": NOW,
        "list_sha256": "0" * 64,
        "rows_sha256": "1" * 64,
        "signed": b"eyJhbGciOiJFUzI1NiJ9.e30.c2ln",
    }
    return ShipmentReceipt(**{**fields, **changes})


def test_the_counts_add_up() -> None:
    made = receipt(
        ShipmentVerdict(2, LINK, "valid", ""),
        ShipmentVerdict(3, LINK, "valid", "", duplicate_of_line=2),
        ShipmentVerdict(4, "garbage", "unreadable", "no link"),
        ShipmentVerdict(5, LINK + "2", "unknown", "not issued here"),
    )
    assert summary(made) == [
        "4 rows: 2 distinct links, 1 that repeat one, 1 unreadable.",
        "Of the 2 distinct links: 1 known here, 1 unknown.",
        "Rows by verdict: 2 valid, 1 UNKNOWN, 1 UNREADABLE.",
    ]
    assert receipt_pdf(made).startswith(b"%PDF")


def test_one_battery_is_no_plural() -> None:
    text = summary(receipt(ShipmentVerdict(1, LINK, "valid", "")))
    assert text[0].startswith("1 row: 1 distinct link, ")


def test_the_signed_receipt_is_inside() -> None:
    made = receipt(ShipmentVerdict(1, LINK, "valid", ""), reference="MRN 24DE\u4e2d")
    assert made.signed in receipt_pdf(made)


def test_ten_thousand_doubtful_rows_are_printed_quickly_and_in_part() -> None:
    reason = "no passport was issued here under this identifier; " * 4
    rows = [ShipmentVerdict(n, f"{LINK}{n}" * 40, "unknown", reason) for n in range(10_000)]
    made = receipt(*rows)
    receipt_pdf(receipt(rows[0]))  # fonts are read once
    began = time.process_time()
    pdf = receipt_pdf(made)
    assert time.process_time() - began < 3
    assert pdf.count(b"/Type /Page\n") <= MAX_PRINTED / 25
