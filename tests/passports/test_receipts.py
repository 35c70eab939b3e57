"""The print of a receipt: rows and batteries are counted apart, in words that fit the number."""

from passports.receipts import receipt_pdf, summary
from passports.shipments import ShipmentReceipt, ShipmentVerdict
from tests.worlds import NOW

LINK = "https://id.example.com/01/09520123456788/21/A-1"


def receipt(*rows: ShipmentVerdict) -> ShipmentReceipt:
    """Return a receipt of rows, counted as `verify_shipment` counts them."""
    counts = {"rows": len(rows), "duplicates": 0}
    for row in rows:
        counts[row.verdict] = counts.get(row.verdict, 0) + 1
        counts["duplicates"] += row.duplicate_of_line is not None
    return ShipmentReceipt(rows, counts, NOW, "0" * 64, "1" * 64, b"a.b.c")


def test_a_duplicate_and_an_unreadable_row_are_rows_and_no_batteries() -> None:
    made = receipt(
        ShipmentVerdict(2, LINK, "valid", ""),
        ShipmentVerdict(3, LINK, "valid", "", duplicate_of_line=2),
        ShipmentVerdict(4, "garbage", "unreadable", "no link"),
        ShipmentVerdict(5, LINK + "2", "unknown", "not issued here"),
    )
    text = summary(made)
    assert text.startswith("4 rows, 2 batteries (1 duplicate), checked at ")
    assert "Rows: 2 valid, 1 UNKNOWN, 1 UNREADABLE." in text
    assert "Rows that need a look stand first" in text
    assert receipt_pdf(made).startswith(b"%PDF")


def test_one_battery_is_no_plural() -> None:
    text = summary(receipt(ShipmentVerdict(1, LINK, "valid", "")))
    assert text.startswith("1 row, 1 battery, checked at ")
