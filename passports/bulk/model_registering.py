"""Registering a file of battery models: judged, and where nothing is refused, written; one transaction.

A dry run and registering judge by one function, and it asks the gate of registering a single model.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final

from passports.bulk.column_names import model_columns
from passports.bulk.files import SourceTable
from passports.bulk.mapping import ColumnPlan, plan_columns
from passports.bulk.model_rows import ModelRow, ModelRowReader
from passports.bulk.recipes import MappingRecipeCreate
from passports.bulk.report import MAX_FINDINGS, ModelsReport, RowFinding
from passports.errors import (
    Finding,
    PassportError,
    RegistrationRefusedError,
    shorten,
)
from passports.models import BatteryModel, BatteryModelCreate, add_model, check_model, new_model
from passports.operators import get_operator
from passports.store import Store, Transaction
from passports.store.read_only import read_only_error

_ONE_ROW: Final = "One row a model; identifiers and GTINs are unique."


@dataclass(frozen=True)
class ModelRegistration:
    """What came of a file: the report, and the rows that are refused."""

    report: ModelsReport
    refused: Sequence[ModelRow]


def register_models(
    store: Store,
    operator_id: str,
    table: SourceTable,
    recipe: MappingRecipeCreate,
    now: datetime,
    *,
    dry_run: bool = False,
    partial: bool = False,
) -> ModelRegistration:
    """Register each battery model of a file: all of them or none, or with `partial` those that pass.

    A dry run judges exactly as registering does and writes nothing. The same file again registers
    nothing: what stands in the store with the same content is passed over.

    Raises:
        InvalidInputError: the columns cannot be told (see `mapping.plan_columns`).
        RecordNotFoundError: there is no such operator.
        OperatorReadOnlyError: its records are kept here for it, or it has ceased.
        RegistrationRefusedError: a row is refused, and neither `dry_run` nor `partial` was asked for.
    """
    plan = plan_columns(table, recipe, model_columns())
    reader = ModelRowReader(table, plan)

    def judged(transaction: Transaction) -> tuple[ModelsReport, list[ModelRow]]:
        get_operator(transaction, operator_id)
        kept = transaction.continuity.get(operator_id)
        if kept is not None:
            raise read_only_error(operator_id, kept)
        rows = list(reader.rows())
        _Judge(transaction, operator_id, reader, now).judge(rows)
        return _report(rows, plan, is_dry_run=dry_run, is_partial=partial), rows

    if dry_run:
        with store.reading() as reading:
            report, rows = judged(reading)
    else:
        with store.transaction() as transaction:
            transaction.operators.lock(operator_id)
            transaction.gs1_prefixes.lock()  # as in registering one
            report, rows = judged(transaction)
            if not report.is_carried_out:
                raise RegistrationRefusedError(report.findings, report)
            for row in rows:
                if _is_new(row) and row.request is not None:
                    add_model(transaction, new_model(operator_id, row.request, now))
    return ModelRegistration(report, [row for row in rows if row.findings])


def _is_new(row: ModelRow) -> bool:
    return not row.findings and not row.is_present


class _Judge:
    """Judges the rows of one file in one transaction."""

    def __init__(
        self, transaction: Transaction, operator_id: str, reader: ModelRowReader, now: datetime
    ) -> None:
        self._transaction = transaction
        self._operator_id = operator_id
        self._reader = reader
        self._now = now

    def judge(self, rows: Sequence[ModelRow]) -> None:
        """Hold every row against the others and against the gate of registering."""
        self._check_unique(rows, "id")
        self._check_unique(rows, "gtin")
        for row in rows:
            if row.request is not None and not row.findings:
                self._check(row, row.request)

    def _refuse(self, row: ModelRow, finding: Finding) -> None:
        column = self._reader.column(finding.field.rpartition(".")[2])
        row.findings.append(RowFinding.of(finding, row.line, column))

    def _check_unique(self, rows: Sequence[ModelRow], name: str) -> None:
        """Refuse what the file has twice: the later row, or all where they say different things."""
        places: dict[str, list[ModelRow]] = defaultdict(list)
        for row in rows:
            if row.request is not None and not row.findings:
                places[getattr(row.request, name)].append(row)
        for value, same in places.items():
            alike = all(row.request == same[0].request for row in same)
            for row in same[1:]:
                reason = f"line {same[0].line} has the same {name}"
                reason += "" if alike else ", with other content"
                self._refuse(row, Finding(name, value, reason, _ONE_ROW))
            if not alike:
                reason = f"line {same[1].line} has the same {name}, with other content"
                self._refuse(same[0], Finding(name, value, reason, _ONE_ROW))

    def _check(self, row: ModelRow, request: BatteryModelCreate) -> None:
        stored = self._transaction.models.get(self._operator_id, request.id)
        if stored is not None:
            known = BatteryModel.model_validate_json(stored.document)
            wrong = _difference(known, request)
            row.is_present = wrong is None
            if wrong is not None:
                self._refuse(row, wrong)
            return
        try:
            check_model(self._transaction, new_model(self._operator_id, request, self._now))
        except PassportError as error:
            if not error.findings:
                raise
            for finding in error.findings:
                self._refuse(row, finding)


def _difference(known: BatteryModel, request: BatteryModelCreate) -> Finding | None:
    """Return what a row says otherwise than the model that is registered, or None."""
    there = known.model_dump(include=set(BatteryModelCreate.model_fields))
    said = request.model_dump()
    for name, value in said.items():
        if there[name] != value:
            reason = f"model {known.id} is registered with another value"
            remedy = "A model stays as it is: give the other one an identifier of its own."
            inner = name if not isinstance(value, Mapping) else _inner(name, there[name], value)
            return Finding(inner, shorten(_shown(inner, said)), reason, remedy)
    return None


def _inner(name: str, there: Mapping[str, Any], said: Mapping[str, Any]) -> str:
    return f"{name}.{next(key for key in said if said[key] != there[key])}"


def _shown(path: str, said: Mapping[str, Any]) -> str:
    outer, _, inner = path.partition(".")
    value = said[outer][inner] if inner else said[outer]
    return "" if value is None else str(value)


def _report(
    rows: Sequence[ModelRow], plan: ColumnPlan, *, is_dry_run: bool, is_partial: bool
) -> ModelsReport:
    findings = [finding for row in rows for finding in row.findings]
    return ModelsReport(
        is_dry_run=is_dry_run,
        is_partial=is_partial,
        rows=len(rows),
        passed=sum(map(_is_new, rows)),
        present=sum(row.is_present for row in rows),
        refused=sum(bool(row.findings) for row in rows),
        columns={shorten(heading): name for name, heading in plan.headings.items()},
        ignored=[shorten(name) for name in plan.ignored],
        findings=list(islice(findings, MAX_FINDINGS)),
        findings_total=len(findings),
        models=[
            {
                "line": row.line,
                "id": row.request.id,
                "gtin": row.request.gtin,
                "new": not row.is_present,
            }
            for row in rows
            if row.request is not None and not row.findings
        ],
    )
