"""Rows held against the gates of issuing: the same judgement for a dry run and for the real thing.

What passes stands in parts, one for each batch. A battery that has exactly this passport already is
neither new nor refused, so the same file can be sent again. A row of a batch that was issued before joins
it, if it says the same of model, factory, responsible operator and profile: the batch is the maker's lot,
and what is mended later belongs to the same lot.
"""

import difflib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from passports.attributes.table import DEFAULT_PROFILE, Granularity
from passports.attributes.versions import read_version
from passports.authority.gs1_prefixes import foreign_gtin
from passports.batches import MAX_UNITS, Batch, BatchCreate, BatteryUnit
from passports.bulk.report import BatteryRow, RowFinding
from passports.bulk.rows import RowReader
from passports.errors import Finding, PassportError, shorten
from passports.issue import pass_gates
from passports.models import BatteryModel
from passports.operators import EconomicOperator
from passports.store import BatteryModelRow, PassportRow, Transaction
from signing.credentials import decode

Progress = Callable[[str, int, int], None]
CHECKING: Final = "checking"
_REPORTED_EACH: Final = 1000  # rows between two reports of progress
_LIKELY: Final = 0.6  # of difflib's ratio: a remedy may be bolder than a mapping
_BATCH_FACTS: Final = ("model_id", "facility_id", "responsible_operator_id", "profile")


@dataclass(frozen=True)
class JudgedPart:
    """Rows of one batch that pass every gate.

    Attributes:
        before: The batch as it stands in the store, where these rows join one.
    """

    batch_id: str
    operator: EconomicOperator
    model: BatteryModel
    rows: Sequence[BatteryRow]
    before: Batch | None

    def request(self) -> BatchCreate:
        """Return them as a request for issuing; made when it is needed, for it is large."""
        return _request(self.batch_id, self.rows)


@dataclass(frozen=True)
class Judgement:
    """All rows with what is wrong with each, what can be issued, and which batches were there before."""

    rows: Sequence[BatteryRow]
    parts: Sequence[JudgedPart]
    stored_batches: frozenset[str]


class _Judge:
    """Judges the rows of one file in one transaction."""

    def __init__(
        self, transaction: Transaction, operator_id: str, reader: RowReader, now: datetime
    ) -> None:
        self._transaction = transaction
        self._operator_id = operator_id
        self._reader = reader
        self._now = now
        self._models: dict[tuple[str, str], tuple[BatteryModelRow | None, Finding | None]] = {}
        self._known: dict[tuple[str, str], Finding | None] = {}
        self.stored_batches: set[str] = set()

    def refuse(self, row: BatteryRow, finding: Finding) -> None:
        """Write down what is wrong with a row, at its line and column."""
        column = self._reader.column(finding.field)
        row.findings.append(RowFinding.of(finding, row.line, column))

    # One row: does it name records that are there?

    def look_up(self, row: BatteryRow) -> None:
        """Resolve model, factory and responsible operator of a row."""
        if row.model_id or row.gtin:
            model, wrong = self._model(row.model_id, row.gtin)
            if wrong is not None:
                self.refuse(row, wrong)
            elif model is not None:
                row.model_id, row.gtin = model.id, model.gtin
        for name, kind in (("facility_id", "facility"), ("responsible_operator_id", "operator")):
            value = getattr(row, name)
            wrong = self._unknown(name, kind, value) if value else None
            if wrong is not None:
                self.refuse(row, wrong)
        row.profile = row.profile or DEFAULT_PROFILE

    def _model(self, model_id: str, gtin: str) -> tuple[BatteryModelRow | None, Finding | None]:
        key = (model_id, gtin)
        if key not in self._models:
            self._models[key] = self._find_model(model_id, gtin)
        return self._models[key]

    def _find_model(
        self, model_id: str, gtin: str
    ) -> tuple[BatteryModelRow | None, Finding | None]:
        models = self._transaction.models
        named = models.get(self._operator_id, model_id) if model_id else None
        if model_id and named is None:
            known = [row.id for row in models.all(self._operator_id)]
            reason = "there is no model with this identifier"
            return None, Finding("model_id", model_id, reason, _meant(model_id, known))
        if not gtin or (named is not None and named.gtin == gtin):
            return named, None
        numbered = models.by_gtin(gtin)
        foreign = foreign_gtin(self._transaction, self._operator_id, gtin, "gtin")
        if foreign is not None:
            return None, foreign
        if numbered is None or numbered.operator_id != self._operator_id:
            known = [row.gtin for row in models.all(self._operator_id)]
            reason = "no model of yours has this GTIN"
            return None, Finding("gtin", gtin, reason, _meant(gtin, known))
        if named is not None:
            reason = f"it numbers model {numbered.id}, and the row says {named.id}"
            return None, Finding("gtin", gtin, reason, f"The GTIN of {named.id} is {named.gtin}.")
        return numbered, None

    def _unknown(self, name: str, kind: str, value: str) -> Finding | None:
        key = (kind, value)
        if key not in self._known:
            self._known[key] = self._find(name, kind, value)
        return self._known[key]

    def _find(self, name: str, kind: str, value: str) -> Finding | None:
        if kind == "facility":
            facilities = self._transaction.facilities
            if facilities.get(self._operator_id, value) is not None:
                return None
            known = [row.id for row in facilities.all(self._operator_id)]
            return Finding(
                name, value, "there is no facility with this identifier", _meant(value, known)
            )
        if self._transaction.operators.get(value) is not None:
            return None
        remedy = "It has to be registered first, or check the identifier."
        return Finding(name, value, "there is no operator with this identifier", remedy)

    # The whole file: is each battery there once?

    def check_duplicates(self, rows: Sequence[BatteryRow]) -> None:
        """Refuse batteries that the file has twice: the later one, or all where they say different things."""
        places: dict[tuple[str, str], list[BatteryRow]] = defaultdict(list)
        for row in rows:
            if row.serial and row.gtin:
                places[row.gtin, row.serial].append(row)
        for same in places.values():
            if len(same) == 1:
                continue
            first = same[0]
            alike = all(_content(row) == _content(first) for row in same)
            for row in same[1:]:
                reason = f"the same battery stands on line {first.line}"
                self._refuse_serial(row, reason if alike else f"{reason}, with other content")
            if not alike:
                self._refuse_serial(
                    first, f"line {same[1].line} says something else of this battery"
                )

    def _refuse_serial(self, row: BatteryRow, reason: str) -> None:
        remedy = "One row a battery; serials are unique within a model."
        self.refuse(row, Finding("serial", row.serial, reason, remedy))

    # One batch: do its rows agree, are they there already, do they pass the gates?

    def judge_batch(self, batch_id: str, rows: Sequence[BatteryRow]) -> JudgedPart | None:
        """Return the rows of a batch that can be issued, or None."""
        stored = self._transaction.batches.get(self._operator_id, batch_id)
        before = None
        if stored is not None:
            self.stored_batches.add(batch_id)
            before = Batch.model_validate_json(stored.document)
        self._check_agreement(rows, before)
        self._find_present(rows)
        good = [row for row in rows if not row.findings and not row.is_present]
        if len(good) > MAX_UNITS:
            reason = f"the batch has {len(good)} rows, at most {MAX_UNITS} are issued at once"
            for row in good:
                self.refuse(row, Finding("batch_id", batch_id, reason, "Split the file."))
            return None
        while good:
            request = _request(batch_id, good)
            try:
                operator, model = pass_gates(
                    self._transaction, self._operator_id, request, self._now
                )
            except PassportError as error:
                good = self._refused_by_gates(good, error)
                continue
            return JudgedPart(batch_id, operator, model, good, before)
        return None

    def _refused_by_gates(
        self, rows: Sequence[BatteryRow], error: PassportError
    ) -> list[BatteryRow]:
        """Give each finding of the gates to its row, or to all; return the rows that are left."""
        for finding in error.findings or [
            Finding("batch_id", "", error.message, "Mend the cause.")
        ]:
            concerned = [rows[finding.line]] if finding.line is not None else rows
            for row in concerned:
                self.refuse(row, finding)
        return [row for row in rows if not row.findings]

    def _check_agreement(self, rows: Sequence[BatteryRow], before: Batch | None) -> None:
        """Hold what rows say of their batch against the stored one, or against one another."""
        disagreed = False
        for name in _BATCH_FACTS:
            unread = {name, "gtin"} if name == "model_id" else {name}
            told = [row for row in rows if not any(f.field in unread for f in row.findings)]
            for row in told:
                there = getattr(told[0] if before is None else before, name) or ""
                said = getattr(row, name)
                if said != there:
                    disagreed = True
                    where = f"line {told[0].line}" if before is None else "the batch as issued"
                    reason = f"{where} says {there or 'none'} for the same batch"
                    remedy = "A batch has one; give the other batteries a batch of their own."
                    self.refuse(row, Finding(name, said, reason, remedy))
        if disagreed and before is None:
            # Which of the rows is right, nobody here can tell; passports are for good.
            for row in rows:
                if not row.findings:
                    reason = "other rows contradict this one about the batch"
                    remedy = "Mend the rows of this batch that say otherwise."
                    self.refuse(row, Finding("batch_id", row.batch_id, reason, remedy))

    def _find_present(self, rows: Sequence[BatteryRow]) -> None:
        """Tell batteries that have this very passport from those whose passport says something else."""
        by_serial = {row.serial: row for row in rows if not row.findings}
        if not by_serial:
            return
        gtin = next(iter(by_serial.values())).gtin
        for stored in self._transaction.passports.newest_of(gtin, list(by_serial)):
            row = by_serial[stored.serial]
            wrong = self._difference(row, stored)
            if wrong is None:
                row.is_present = True
            else:
                self.refuse(row, wrong)

    def _difference(self, row: BatteryRow, stored: PassportRow) -> Finding | None:
        remedy = "Take this battery out of the file, or number it anew."
        if stored.operator_id != self._operator_id or stored.batch_id != row.batch_id:
            mine = stored.operator_id == self._operator_id
            where = f" in batch {stored.batch_id}" if mine else ""
            reason = f"a passport with this serial exists{where}; identifiers are never reassigned"
            return Finding("serial", row.serial, reason, remedy)
        subject = decode(stored.credential).payload["credentialSubject"]
        made_on = subject.get("manufacturedOn") if isinstance(subject, Mapping) else None
        if made_on != str(row.manufactured_on):
            reason = f"a passport with this serial says {made_on}; identifiers are never reassigned"
            return Finding("manufactured_on", str(row.manufactured_on), reason, remedy)
        return self._other_attributes(row, stored)

    def _other_attributes(self, row: BatteryRow, stored: PassportRow) -> Finding | None:
        if not row.attributes:
            return None
        level = Granularity.ITEM.value
        first = self._transaction.attribute_versions.get(stored.operator_id, level, stored.id, 1)
        given = read_version(first).values if first is not None else {}
        for name, value in row.attributes.items():
            if name not in given or given[name].value != value:
                reason = "this battery was registered with another value, or none"
                remedy = f"Change it by `voltpass passport set item {stored.id}`."
                return Finding(name, shorten(value), reason, remedy)
        return None


def judge_rows(
    transaction: Transaction,
    operator_id: str,
    reader: RowReader,
    now: datetime,
    progress: Progress,
    total: int,
) -> Judgement:
    """Hold every row of a file against the gates of issuing; nothing is written."""
    judge = _Judge(transaction, operator_id, reader, now)
    rows: list[BatteryRow] = []
    batches: dict[str, list[BatteryRow]] = defaultdict(list)
    for row in reader.rows():
        judge.look_up(row)
        rows.append(row)
        if row.batch_id:
            batches[row.batch_id].append(row)
        if len(rows) % _REPORTED_EACH == 0:
            progress(CHECKING, len(rows), total)
    judge.check_duplicates(rows)
    parts = [judge.judge_batch(batch_id, of_batch) for batch_id, of_batch in batches.items()]
    progress(CHECKING, len(rows), total)
    issuable = [part for part in parts if part is not None]
    return Judgement(rows, issuable, frozenset(judge.stored_batches))


def all_findings(rows: Sequence[BatteryRow]) -> Iterator[RowFinding]:
    """Yield what is wrong, in the order of the file."""
    for row in rows:
        yield from row.findings


def _content(row: BatteryRow) -> tuple[object, ...]:
    return (
        row.batch_id,
        row.manufactured_on,
        *(getattr(row, name) for name in _BATCH_FACTS),
        tuple(sorted(row.attributes.items())),
    )


def _request(batch_id: str, rows: Sequence[BatteryRow]) -> BatchCreate:
    """Return rows of one batch as a request; a unit's line is its place among them."""
    first = rows[0]
    days = [row.manufactured_on for row in rows if row.manufactured_on is not None]
    units = [
        BatteryUnit.on_line(place, row.serial, row.manufactured_on)
        for place, row in enumerate(rows)
    ]
    return BatchCreate(
        id=batch_id,
        model_id=first.model_id,
        facility_id=first.facility_id,
        responsible_operator_id=first.responsible_operator_id or None,
        manufactured_on=min(days, default=date.min),
        profile=first.profile,
        units=units,
    )


def _meant(value: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(value, known, 1, _LIKELY)
    if close:
        return f"Did you mean {close[0]}?"
    return f"Register it first; yours: {', '.join(known[:10])}." if known else "Register it first."
