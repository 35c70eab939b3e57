"""Sheets of labels: every code on the print reads as its battery's link, in real millimetres."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from passports.identifiers import UniqueProductIdentifier
from passports.label_sheet import label_sheet
from passports.labels import MODULE_MM, LabelContent, LabelParty
from tests.passports.test_labels import MODEL
from tests.worlds import ADDRESS, GTIN

DPI = 200
_A_PAGE = 10
QUIET = 4  # modules
_QR_CODES = zxingcpp.barcode_formats_from_str("QRCode")


def contents(count: int, **party: str) -> list[LabelContent]:
    """Return labels of so many batteries."""
    parties = [
        LabelParty("Made by", "四川 Cells (Σ)", address="1 Road, Chengdu"),
        LabelParty("Responsible", "Importer", address=party.get("address", "2 Dock, Hamburg")),
    ]
    return [
        LabelContent(
            link=ADDRESS.digital_link(UniqueProductIdentifier(GTIN, f"SN/{number}")),
            model=MODEL,
            serial=f"SN/{number}",
            parties=parties,
            place="Xinjin, Chengdu",
            manufactured_on=date(2026, 11, 2),
        )
        for number in range(count)
    ]


def printed(data: bytes, folder: Path) -> list[Image.Image]:
    """Return the pages as a printer would put them on paper."""
    if shutil.which("pdftoppm") is None:
        pytest.skip("pdftoppm is not installed")
    file = folder / "labels.pdf"
    file.write_bytes(data)
    subprocess.run(
        ["pdftoppm", "-r", str(DPI), "-gray", str(file), str(folder / "page")], check=True
    )
    return [Image.open(page) for page in sorted(folder.glob("page*.pgm"))]


def codes_of(page: Image.Image) -> Sequence[zxingcpp.Barcode]:
    """Return the codes of a page."""
    return zxingcpp.read_barcodes(page, formats=_QR_CODES)


def test_each_code_reads_as_its_link_and_has_its_size(tmp_path: Path) -> None:
    labels = contents(_A_PAGE + 1)
    pages = printed(label_sheet(labels), tmp_path)
    assert [len(codes_of(page)) for page in pages] == [_A_PAGE, 1]
    found = [code for page in pages for code in codes_of(page)]
    assert sorted(code.text for code in found) == sorted(label.link for label in labels)
    for page in pages:
        assert [round(side / DPI * 25.4) for side in page.size] == [210, 297]
    for code in found:
        width = (code.position.top_right.x - code.position.top_left.x) / DPI * 25.4
        assert width == pytest.approx((41 - 2 * QUIET) * MODULE_MM, abs=0.3)


def test_long_addresses_make_taller_labels_and_none_stands_over_another(tmp_path: Path) -> None:
    labels = contents(12, address="Am langen Hafen 1234, Gebäude 7, 20457 Hamburg, " * 6)
    pages = printed(label_sheet(labels), tmp_path)
    assert len(pages) == 2
    found = [code.text for page in pages for code in codes_of(page)]
    assert sorted(found) == sorted(label.link for label in labels)


def test_it_is_drawn_as_vectors_and_reports_its_progress() -> None:
    seen: list[tuple[int, int]] = []
    data = label_sheet(contents(3), lambda done, total: seen.append((done, total)))
    assert data.startswith(b"%PDF-")
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert b"/Subtype /Image" not in data
    assert b"/MediaBox [ 0 0 595.2756 841.8898 ]" in data
    assert len(re.findall(rb"/Type /Page\b", data)) == 1


def test_no_labels_are_no_fault() -> None:
    assert label_sheet([]).startswith(b"%PDF-")
