"""Sheets of labels as PDF: real millimetres, as many to an A4 page as fit, drawn as vectors.

Each label says what `labels.draw_label` says; the lines come from the same place. Print at 100 %:
a printer that fits pages to its margins changes the size of the code's modules.
"""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from lca.pdf_fonts import BOLD, PLAIN, font_runs
from passports import data_carrier
from passports.labels import MODULE_MM, WIDTH_MM, LabelContent, label_height_mm, label_lines

_MARGIN_MM: Final = 5.0
_COLUMNS: Final = 2
_PAGE_MM: Final = (A4[0] / mm, A4[1] / mm)
# The crossed-out wheeled bin (Annex VI, Part B) as strokes within 8.6 mm, as in `templates/label.svg`.
_BIN: Final = (
    *((1.6, 2.2, 6.8, 2.2), (2.0, 2.2, 2.5, 7.6), (2.5, 7.6, 5.9, 7.6), (5.9, 7.6, 6.4, 2.2)),
    *((3.4, 2.2, 3.4, 1.4), (3.4, 1.4, 5.0, 1.4), (5.0, 1.4, 5.0, 2.2)),
    *((0.8, 1.0, 7.6, 8.6), (7.6, 1.0, 0.8, 8.6)),
)
_WHEEL: Final = (5.6, 8.3, 0.6)
_BIN_MM: Final = (11.0, 12.0)  # from the right and from below
Progress = Callable[[int, int], None]


def label_sheet(
    labels: Sequence[LabelContent], progress: Progress = lambda _done, _all: None
) -> bytes:
    """Draw labels in two columns on pages of A4, in their order, and return the PDF."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4, pageCompression=1)
    canvas.setTitle("Battery labels")
    canvas.setAuthor("voltpass")
    for done, (placed, begins) in enumerate(_places(labels), start=1):
        if begins and done > 1:
            canvas.showPage()
        _draw(canvas, placed)
        progress(done, len(labels))
    canvas.save()
    return buffer.getvalue()


@dataclass(frozen=True)
class _Placed:
    """A label, its code, and its left and lower edge on the page."""

    label: LabelContent
    code: Sequence[Sequence[bool]]
    height_mm: float
    left_mm: float
    bottom_mm: float


def _places(labels: Iterable[LabelContent]) -> Iterator[tuple[_Placed, bool]]:
    """Yield each label in its place, and whether a page begins with it."""
    top, column, tallest, begins = _MARGIN_MM, 0, 0.0, True
    for label in labels:
        code = data_carrier.label_modules(label.link)
        height = label_height_mm(label, len(code))
        if column == _COLUMNS:
            top, column, tallest = top + tallest, 0, 0.0
        if top + height > _PAGE_MM[1] - _MARGIN_MM:
            top, column, tallest, begins = _MARGIN_MM, 0, 0.0, True
        left = _MARGIN_MM + column * WIDTH_MM
        yield _Placed(label, code, height, left, _PAGE_MM[1] - top - height), begins
        column, tallest, begins = column + 1, max(tallest, height), False


def _draw(canvas: Canvas, placed: _Placed) -> None:
    canvas.saveState()
    # From here on in millimetres, from the label's lower left corner.
    canvas.translate(placed.left_mm * mm, placed.bottom_mm * mm)
    canvas.scale(mm, mm)
    _draw_code(canvas, placed)
    x = len(placed.code) * MODULE_MM + 5
    for text, font_size, place, is_bold in label_lines(placed.label):
        y = placed.height_mm - 6 - place
        _draw_text(canvas, text, (x, y), font_size, WIDTH_MM - x - 2, is_bold=is_bold)
    _draw_bin(canvas)
    canvas.restoreState()


def _draw_code(canvas: Canvas, placed: _Placed) -> None:
    """Draw the code 2 mm from the upper left corner, each run of dark modules as one bar."""
    path = canvas.beginPath()
    for y, row in enumerate(placed.code):
        bottom = placed.height_mm - 2 - (y + 1) * MODULE_MM
        start = None
        for x, is_dark in enumerate([*row, False]):
            if is_dark and start is None:
                start = x
            elif not is_dark and start is not None:
                path.rect(2 + start * MODULE_MM, bottom, (x - start) * MODULE_MM, MODULE_MM)
                start = None
    canvas.drawPath(path, stroke=0, fill=1)


def _draw_text(
    canvas: Canvas,
    text: str,
    place: tuple[float, float],
    size: float,
    width: float,
    *,
    is_bold: bool,
) -> None:
    """Draw a line, smaller where it would not fit: nothing of it is cut off."""
    runs = list(font_runs(text, BOLD if is_bold else PLAIN))
    needed = sum(stringWidth(part, font, size) for font, part in runs)
    size = min(size, size * width / needed) if needed else size
    x, y = place
    for font, part in runs:
        canvas.setFont(font, size)
        canvas.drawString(x, y, part)
        x += stringWidth(part, font, size)


def _draw_bin(canvas: Canvas) -> None:
    left, up = WIDTH_MM - _BIN_MM[0], _BIN_MM[1]
    canvas.setLineWidth(0.5)
    canvas.setLineCap(1)
    canvas.lines([(left + a, up - b, left + c, up - d) for a, b, c, d in _BIN])
    x, y, radius = _WHEEL
    canvas.circle(left + x, up - y, radius, stroke=1, fill=0)
