"""The study as PDF: the page's words, names in other scripts, nothing confidential."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lca.datasets import Dataset
from lca.footprint import Footprint, compute_footprint
from lca.inventory import parse_inventory
from lca.pdf_fonts import BOLD, PLAIN, font_runs
from lca.rulesets import load_ruleset
from lca.study import study_html
from lca.study_content import Bullets, Heading, Paragraph, Table, study_blocks
from lca.study_pdf import study_pdf

Document = dict[str, Any]


def compute(document: Document, dataset: Dataset) -> Footprint:
    return compute_footprint(parse_inventory(document), load_ruleset("da-2024"), dataset)


def words_of(pdf: bytes) -> str:
    """Return the text of a PDF as another program reads it, all blanks taken out."""
    reader = shutil.which("pdftotext")
    if reader is None:
        pytest.skip("pdftotext is not at hand")
    command = [reader, "-layout", "-", "-"]
    done = subprocess.run(command, input=pdf, capture_output=True, check=True)
    return "".join(done.stdout.decode().split())


@pytest.mark.parametrize("public", [True, False])
def test_page_and_pdf_say_the_same(pack: Document, dataset: Dataset, public: bool) -> None:
    footprint = compute(pack, dataset)
    words = words_of(study_pdf(footprint, public=public))
    page = study_html(footprint, public=public)
    for block in study_blocks(footprint, public=public):
        texts: tuple[str, ...] = ()
        if isinstance(block, Heading | Paragraph):
            texts = (block.text,)
        elif isinstance(block, Bullets):
            texts = block.texts
        elif isinstance(block, Table):  # cells are broken into lines: by their first word
            texts = tuple(cell.split()[0][:12] for row in block.rows for cell in row if cell)
        for text in texts:
            assert text.replace("&", "&amp;").replace("'", "&#x27;") in page
            assert "".join(text.split())[:60] in words


def test_the_public_pdf_has_no_word_of_what_is_confidential(
    pack: Document, dataset: Dataset
) -> None:
    exchange = pack["activities"][0]["exchanges"][1]
    exchange.update(
        name="secretive",
        confidential=True,
        origin="company_specific",
        evidence="ledger9",
    )
    footprint = compute(pack, dataset)
    private = words_of(study_pdf(footprint, public=False))
    public = words_of(study_pdf(footprint, public=True))
    for secret in ("secretive", "ledger9", "mat.greet24"):
        assert secret in private
        assert secret not in public
    assert "confidentialorlicensed" in public


def test_names_in_other_scripts_are_read_by_another_program(
    pack: Document, dataset: Dataset
) -> None:
    pack["title"] = "宁德时代 Батарея 日本語 배터리 Zoë Łódź ไฟ & <b>x</b>"
    words = words_of(study_pdf(compute(pack, dataset), public=True))
    for name in ("宁德时代", "Батарея", "日本語", "배터리", "Zoë", "[U+0E44]", "&<b>x</b>"):
        assert name in words


OPERATORS = [
    "Zażółć gęślą jaźń Ogniwa Sp. z o.o.",
    "Příliš žluťoučký kůň, Baterie a.s.",
    "Árvíztűrő tükörfúrógép Akkumulátor Kft.",
    "Știință și Țesături Baterii S.R.L.",
    "Ķīmiķu Ģērbēji SIA, Žąsų Lėlių UAB",
    "İğdır Şişli Çağlayan Pil A.Ş.",  # noqa: RUF001 - as its people write
    "Đặng Thị Pin Việt Nam",
    "Συσσωρευτές Ελλάδος Α.Ε.",  # noqa: RUF001 - as its people write
    "ТОВ «Їжак і Ґанок» Акумулятори, Ђорђе Љубљенић",  # noqa: RUF001 - as its people write
    "宁德时代新能源科技股份有限公司",
]


@pytest.mark.parametrize("name", OPERATORS)
def test_every_operator_finds_its_name_in_the_pdf(
    pack: Document, dataset: Dataset, name: str
) -> None:
    pack["title"] = name
    words = words_of(study_pdf(compute(pack, dataset), public=True))
    assert "".join(name.split()) in words
    assert "[U+" not in words
    if ord(name[0]) < 0x2000:  # European letters are embedded, in bold too
        assert list(font_runs(name, BOLD)) == [(BOLD, name)]


def test_each_script_has_a_font_and_what_has_none_is_named() -> None:
    assert list(font_runs("Zoë 锂", BOLD)) == [(BOLD, "Zoë "), ("STSong-Light", "锂")]
    assert list(font_runs("\ud83d🔋\x01\n")) == [(PLAIN, "[U+D83D][U+1F50B][U+0001] ")]


@given(st.text(st.characters(), max_size=40))
def test_no_letter_is_dropped_on_the_way_to_the_page(text: str) -> None:
    shown = "".join(run for _, run in font_runs(text))
    for char in text:
        assert char in shown or f"[U+{ord(char):04X}]" in shown or char in "\t\r\n"


def test_the_same_footprint_gives_the_same_bytes(pack: Document, dataset: Dataset) -> None:
    footprint = compute(pack, dataset)
    assert study_pdf(footprint, public=True) == study_pdf(footprint, public=True)


def test_texts_longer_than_a_page_are_printed_whole(pack: Document, dataset: Dataset) -> None:
    pack["activities"][0]["exchanges"][2]["evidence"] = "word " * 1500 + "finis"
    pack["assumptions"].append("a" * 4000 + "omega")
    words = words_of(study_pdf(compute(pack, dataset), public=False))
    assert "finis" in words
    assert "omega" in words
