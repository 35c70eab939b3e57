"""The gates of issuing. A dry run and the real thing pass through exactly these."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Final

from passports.authority.gs1_prefixes import foreign_gtin
from passports.authority.responsible_operator import check_responsible
from passports.batches import BatchCreate, BatteryUnit
from passports.errors import Finding, InvalidBatchError
from passports.identifiers import check_serial, gtin_belongs_to
from passports.models import BatteryModel
from passports.operators import EconomicOperator, get_operator
from passports.store import Transaction

# Line 1 of a CSV file is its header; units of a JSON document are counted the same way.
_FIRST_LINE = 2


def _by_line(units: Sequence[BatteryUnit]) -> Iterator[tuple[int, BatteryUnit]]:
    """Yield each unit with its line; a file's own count stands, for it may hold empty lines."""
    for count, unit in enumerate(units, start=_FIRST_LINE):
        yield (count if unit.line is None else unit.line), unit


def check_batch(
    transaction: Transaction,
    operator: EconomicOperator,
    model: BatteryModel,
    request: BatchCreate,
    now: datetime,
) -> None:
    """Let a batch through, or refuse it whole.

    Raises:
        InvalidBatchError: naming line, field, value, reason and remedy of everything that is wrong.
    """
    today, responsible_id = now.astimezone(UTC).date(), request.responsible_operator_id
    findings = [
        *_check_ownership(transaction, operator, model),
        *check_responsible(transaction, operator, responsible_id, model.id, now),
        *_check_addresses(transaction, operator, responsible_id),
        *_check_serials(request.units),
        *_check_dates(request.units, request.manufactured_on, today),
        *_check_not_issued(transaction, model, request.units),
    ]
    if findings:
        raise InvalidBatchError(sorted(findings, key=lambda f: f.line or 0), "the batch")


def _check_ownership(
    transaction: Transaction, operator: EconomicOperator, model: BatteryModel
) -> list[Finding]:
    foreign = foreign_gtin(transaction, operator.id, model.gtin, "model_id")
    if foreign is not None:
        return [foreign]
    if gtin_belongs_to(model.gtin, operator.gs1_prefixes):
        return []
    reason = f"the GTIN stands under no GS1 prefix of {operator.name}"
    return [Finding("model_id", model.gtin, reason, "Have the prefix registered first.")]


def _check_addresses(
    transaction: Transaction, operator: EconomicOperator, responsible_id: str | None
) -> list[Finding]:
    """Ask for the postal addresses that label and passport state: the maker's, and whose battery it is.

    Annex VI, Part A (1) and Art. 38(7) for the manufacturer, Art. 41(3) for an importer.
    """
    parties = {operator.id: operator}
    if responsible_id is not None:
        parties[responsible_id] = get_operator(transaction, responsible_id)
    reason = (
        "it has no postal address, and label and passport state one (Annex VI, Part A; Art. 38(7))"
    )
    return [
        Finding("postal_address", party.id, reason, _add_address(party.id))
        for party in parties.values()
        if not (party.postal_address or "").strip()
    ]


def _add_address(operator_id: str) -> str:
    return (
        f"Add it: voltpass operator change {operator_id} FILE --reason WHY, or PATCH"
        f" /v1/operators/{operator_id}."
    )


def _check_serials(units: Sequence[BatteryUnit]) -> list[Finding]:
    findings = []
    first_seen: dict[str, int] = {}
    for line, unit in _by_line(units):
        wrong = check_serial(unit.serial, "serial", line)
        if wrong is not None:
            findings.append(wrong)
        elif unit.serial in first_seen:
            reason = f"the same serial stands on line {first_seen[unit.serial]}"
            remedy = "One line a battery; serials are unique within a model."
            findings.append(Finding("serial", unit.serial, reason, remedy, line))
        first_seen.setdefault(unit.serial, line)
    return findings


def _check_dates(units: Sequence[BatteryUnit], default: date, today: date) -> list[Finding]:
    findings: list[Finding] = []
    for line, unit in _by_line(units):
        wrong = check_made_on(unit.manufactured_on or default, today, line)
        findings += [wrong] if wrong is not None else []
    return findings


# Ours: what is older was mistyped (0024 for 2024); passports are for what is on the market from 2027 on.
_EARLIEST: Final = date(1970, 1, 1)


def check_made_on(made_on: date, today: date, line: int | None = None) -> Finding | None:
    """Return what is wrong with a battery's day of manufacture, or None."""
    if _EARLIEST <= made_on <= today:
        return None
    remedy = "Passports are issued for batteries that exist."
    reason = "the date lies in the future"
    if made_on < _EARLIEST:
        reason, remedy = (
            f"the date lies before {_EARLIEST.year}",
            "Write the year with four digits.",
        )
    return Finding("manufactured_on", str(made_on), reason, remedy, line)


def _check_not_issued(
    transaction: Transaction, model: BatteryModel, units: Sequence[BatteryUnit]
) -> list[Finding]:
    # Only serials that could have been issued are looked up; the others are refused already.
    lines = {u.serial: line for line, u in _by_line(units) if check_serial(u.serial) is None}
    taken = transaction.passports.taken_serials(model.operator_id, model.gtin, list(lines))
    reason = "a passport with this serial exists; identifiers are never reassigned"
    remedy = "Take this battery out of the file, or number it anew."
    return [Finding("serial", serial, reason, remedy, lines[serial]) for serial in sorted(taken)]
