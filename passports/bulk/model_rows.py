"""Rows of a file of battery models as requests to register one; what cannot be read is said."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from passports.bulk.files import SourceRow, SourceTable
from passports.bulk.mapping import ColumnPlan
from passports.bulk.model_fields import LIFE_FIELDS, MODEL_REQUIRED, NUMBERS, SERVICE_LIFE
from passports.bulk.report import RowFinding
from passports.bulk.rows import read_gtin, read_slug, read_text, shown_cell
from passports.bulk.transforms import read_decimal
from passports.documents import RuleError, read_document
from passports.errors import InvalidInputError, shorten
from passports.models import BatteryModelCreate

_TRUTH: Final = {"yes": True, "true": True, "no": False, "false": False}


@dataclass(slots=True)
class ModelRow:
    """One row of the file as it was read; `findings` grow as it is judged.

    `request` is None where the row cannot be read. `is_present` says that exactly this model is
    registered already.
    """

    source: SourceRow
    request: BatteryModelCreate | None = None
    findings: list[RowFinding] = field(default_factory=list)
    is_present: bool = False

    @property
    def line(self) -> int:
        """The line of the file."""
        return self.source.line


class ModelRowReader:
    """Reads rows of one file by one plan."""

    def __init__(self, table: SourceTable, plan: ColumnPlan) -> None:
        self._table = table
        self._plan = plan

    def rows(self) -> Iterator[ModelRow]:
        """Yield every row as it reads, with what is wrong with its cells."""
        names = tuple(self._plan.fields())
        for source in self._table.rows:
            yield self._row(source, names)

    def column(self, name: str) -> str:
        """Return the heading of a field's column, fit to be shown; empty for a constant."""
        headings = self._plan.headings
        whole = SERVICE_LIFE if name in LIFE_FIELDS else ""
        return shorten(headings.get(name, headings.get(whole, "")))

    def _row(self, source: SourceRow, names: tuple[str, ...]) -> ModelRow:
        row = ModelRow(source)
        if source.fault is not None:
            row.findings.append(RowFinding.of(source.fault, source.line, ""))
            return row
        given: dict[str, Any] = {}
        for name in names:
            cell = self._plan.cell(source, name)
            try:
                value = self._value(name, cell)
            except RuleError as error:
                self._refuse(row, name, shown_cell(cell), error)
                continue
            if value is not None:
                given[name] = value
        self._check_complete(row, given)
        if not row.findings:
            self._read_request(row, given)
        return row

    def _check_complete(self, row: ModelRow, given: dict[str, Any]) -> None:
        wrong = {finding.field for finding in row.findings}
        for name in MODEL_REQUIRED:
            if name not in given and name not in wrong:
                self._refuse(row, name, "", RuleError("it is empty", "Fill it in."))
        twice = [n for n in given.get(SERVICE_LIFE, ()) if n in given and n in LIFE_FIELDS]
        for name in twice:
            reason = f"{SERVICE_LIFE} says it too"
            self._refuse(row, name, shown_cell(given[name]), RuleError(reason, "Say it once."))

    def _read_request(self, row: ModelRow, given: dict[str, Any]) -> None:
        life = {name: given.pop(name) for name in LIFE_FIELDS if name in given}
        given[SERVICE_LIFE] = {**given.get(SERVICE_LIFE, {}), **life}
        try:
            row.request = read_document(BatteryModelCreate, given, "the model")
        except InvalidInputError as error:
            for finding in error.findings:
                name = finding.field.rpartition(".")[2]
                row.findings.append(RowFinding.of(finding, row.line, self.column(name)))

    def _refuse(self, row: ModelRow, name: str, value: str, error: RuleError) -> None:
        column = self.column(name)
        row.findings.append(RowFinding(name, value, error.reason, error.remedy, row.line, column))

    def _value(self, name: str, cell: object) -> Any:  # noqa: ANN401 # a field has a type of its own
        if cell is None or cell == "":
            return None
        if isinstance(cell, str):
            cell = self._plan.changed(name, cell.strip())
            if not cell:
                return None
        return _read(name, cell)


def _read(name: str, cell: object) -> Any:  # noqa: ANN401 # as above
    if name == SERVICE_LIFE:
        if isinstance(cell, dict):
            return cell
        raise RuleError("this is no object", f"Give {', '.join(LIFE_FIELDS)} in columns.")
    if name == "stationary":
        return _truth(cell)
    if name in NUMBERS:
        return _number(cell)
    if name == "id":
        return read_slug(name, cell)
    return read_gtin(name, cell) if name == "gtin" else read_text(name, cell)


def _truth(cell: object) -> bool:
    found = cell if isinstance(cell, bool) else _TRUTH.get(str(cell).casefold())
    if found is None:
        raise RuleError("this is neither yes nor no", "Write yes or no.")
    return found


def _number(cell: object) -> float:
    if isinstance(cell, str):
        return float(read_decimal(cell))
    if isinstance(cell, bool) or not isinstance(cell, (int, float)):
        raise RuleError("this is not a number", "Give digits with a decimal point.")
    try:
        return float(cell)
    except OverflowError:
        raise RuleError("this number is out of all range", "Check its digits.") from None
