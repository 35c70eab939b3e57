"""Registering a file of batteries: judged, and where nothing is refused, issued; one transaction for all.

Whoever is killed in the middle leaves nothing behind, and the same file again registers what is missing:
that is nothing, or everything. With `partial` the rows that pass are issued in one transaction, too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from passports.attributes.table import Granularity, attributes
from passports.attributes.versions import AttributeVersion, GivenValue, Subject, add_version
from passports.batches import Batch, BatchCreate
from passports.bulk.files import SourceTable
from passports.bulk.judging import (
    JudgedPart,
    Judgement,
    Progress,
    all_findings,
    judge_rows,
)
from passports.bulk.mapping import plan_columns
from passports.bulk.recipes import MappingRecipeCreate
from passports.bulk.report import MAX_FINDINGS, BatchCount, BatteryRow, RegistrationReport
from passports.bulk.rows import RowReader
from passports.certification.citations import record_citations
from passports.errors import RegistrationRefusedError, shorten
from passports.identifiers import PublicAddress
from passports.issue import CHUNK, BatchPart, IssuedPassport, issue_part, record_batch
from passports.keyring import Keyring
from passports.restricted import sign_all_restricted
from passports.store import Store, Transaction
from signing.instants import format_instant

ISSUING: Final = "issuing"
WRITING: Final = "writing values"
REASON_OF_VALUES: Final = "registered in bulk"


@dataclass(frozen=True)
class Registration:
    """What came of a file: the report, the rows that are refused, and the passports that are new."""

    report: RegistrationReport
    refused: Sequence[BatteryRow]
    passports: Sequence[tuple[BatteryRow, IssuedPassport]]


@dataclass(frozen=True)
class Registry:
    """Where batteries are registered, and with which keys."""

    store: Store
    keyring: Keyring
    address: PublicAddress
    operator_id: str


def _silent(_stage: str, _done: int, _all: int) -> None:
    """Tell nobody."""


def register_batteries(
    registry: Registry,
    table: SourceTable,
    recipe: MappingRecipeCreate,
    now: datetime,
    *,
    dry_run: bool = False,
    partial: bool = False,
    progress: Progress = _silent,
) -> Registration:
    """Register each battery of a file: all of them or none, or with `partial` those that pass.

    A dry run judges exactly as issuing does and writes nothing; it returns its report whatever it finds.

    Raises:
        InvalidInputError: the columns cannot be told (see `mapping.plan_columns`).
        RegistrationRefusedError: a row is refused, and neither `dry_run` nor `partial` was asked for.
        KeyUnavailableError: the operator's signing key cannot be opened; nothing was issued.
    """
    plan = plan_columns(table, recipe)
    reader = RowReader(table, plan, now.astimezone(UTC).date())
    columns = {shorten(heading): name for name, heading in plan.headings.items()}
    ignored = [shorten(name) for name in plan.ignored]

    def judged(transaction: Transaction) -> Judgement:
        total = len(table.rows)
        return judge_rows(transaction, registry.operator_id, reader, now, progress, total)

    def reported(judgement: Judgement) -> RegistrationReport:
        return _report(judgement, columns, ignored, is_dry_run=dry_run, is_partial=partial)

    if dry_run:
        with registry.store.reading() as reading:
            judgement = judged(reading)
        return Registration(reported(judgement), _refused(judgement), [])
    with registry.store.transaction() as transaction:
        transaction.operators.lock(registry.operator_id)
        judgement = judged(transaction)
        report = reported(judgement)
        if not report.is_carried_out:
            raise RegistrationRefusedError(report.findings, report)
        passports = _issue(transaction, registry, judgement.parts, now, progress)
    return Registration(report, _refused(judgement), passports)


def _refused(judgement: Judgement) -> list[BatteryRow]:
    return [row for row in judgement.rows if row.findings]


def _report(
    judgement: Judgement,
    columns: Mapping[str, str],
    ignored: Sequence[str],
    *,
    is_dry_run: bool,
    is_partial: bool,
) -> RegistrationReport:
    rows = judgement.rows
    counts: dict[str, BatchCount] = {}
    for row in rows:
        is_new = row.batch_id not in judgement.stored_batches
        fresh = BatchCount(row.batch_id, row.model_id, row.facility_id, is_new, row.profile)
        count = counts.setdefault(row.batch_id, fresh)
        count.present += row.is_present
        count.refused += bool(row.findings)
        count.passed += not row.is_present and not row.findings
    return RegistrationReport(
        is_dry_run=is_dry_run,
        is_partial=is_partial,
        rows=len(rows),
        passed=sum(count.passed for count in counts.values()),
        present=sum(count.present for count in counts.values()),
        refused=sum(count.refused for count in counts.values()),
        columns=columns,
        ignored=ignored,
        batches=[count for batch_id, count in counts.items() if batch_id],
        findings=list(islice(all_findings(rows), MAX_FINDINGS)),
        findings_total=sum(len(row.findings) for row in rows),
    )


def _issue(
    transaction: Transaction,
    registry: Registry,
    parts: Sequence[JudgedPart],
    now: datetime,
    progress: Progress,
) -> list[tuple[BatteryRow, IssuedPassport]]:
    total = sum(len(part.rows) for part in parts)
    issued: list[tuple[BatteryRow, IssuedPassport]] = []
    for part in parts:
        before = len(issued)

        def told(done: int, _all: int, before: int = before) -> None:
            progress(ISSUING, before + done, total)

        request = part.request()
        batch = _recorded(transaction, registry.operator_id, part, request, now)
        units = BatchPart(part.operator, part.model, batch, request.manufactured_on, request.units)
        made = issue_part(transaction, registry.keyring, registry.address, units, told)
        issued += list(zip(part.rows, made, strict=True))
    given = [(passport.id, row.attributes) for row, passport in issued if row.attributes]
    for start in range(0, len(given), CHUNK):
        _write_values(transaction, registry, given[start : start + CHUNK], now)
        progress(WRITING, min(start + CHUNK, len(given)), len(given))
    return issued


def _recorded(
    transaction: Transaction,
    operator_id: str,
    part: JudgedPart,
    request: BatchCreate,
    now: datetime,
) -> Batch:
    """Write down a new batch, or that units join one; return what the credentials of these units say."""
    if part.before is None:
        batch = record_batch(transaction, operator_id, request, now)
        record_citations(transaction, batch, now)
        return batch
    days = [row.manufactured_on for row in part.rows if row.manufactured_on is not None]
    joining = {"manufactured_from": min(days), "manufactured_to": max(days), "issued_at": now}
    batch = part.before.model_copy(update={**joining, "size": len(part.rows)})
    whole = part.before.model_copy(
        update={
            "manufactured_from": min(part.before.manufactured_from, *days),
            "manufactured_to": max(part.before.manufactured_to, *days),
            "size": part.before.size + len(part.rows),
        }
    )
    row = transaction.batches.get(operator_id, part.before.id)
    assert row is not None  # `before` was read from it in this transaction
    row.size, row.document = whole.size, whole.model_dump_json().encode()
    transaction.batches.add(row)
    record_citations(transaction, batch, now)
    return batch


def _write_values(
    transaction: Transaction,
    registry: Registry,
    given: Sequence[tuple[str, Mapping[str, Any]]],
    now: datetime,
) -> None:
    """Write the first version of batteries' attribute values, and sign what of them is restricted."""
    by, stamp = registry.operator_id, format_instant(now)
    versions = []
    for passport_id, values in given:
        ordered = [name for name in attributes() if name in values]
        kept = {name: GivenValue(values[name], by, stamp, 1) for name in ordered}
        subject = Subject(Granularity.ITEM, by, passport_id)
        versions.append(AttributeVersion(subject, 1, by, REASON_OF_VALUES, now, kept))
        add_version(transaction, versions[-1])
    sign_all_restricted(transaction, registry.keyring, registry.address, versions)
