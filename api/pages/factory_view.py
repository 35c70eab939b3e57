"""What the page of a factory shows beyond its meters: claims and verdicts, charts, ledger, timeline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from api.pages import words
from api.pages.bar_chart import BarChart, bar_chart, span_chart
from api.pages.figures import day, plain
from passports.certificate_life import CertificateEvent, standing_on
from passports.certificates import FactoryCertificate
from passports.claim_checks import ClaimCheck, ClaimResult
from passports.dossier import Dossier
from passports.factories import EnergyCarrier, EnergyPeriod
from passports.footprints import FootprintStudy
from passports.ledger_balance import LedgerBalance
from passports.meter_sums import MonthlyEnergy

# How a result of a claim check is signed, and its word.
RESULTS: Final[Mapping[ClaimResult, tuple[str, str]]] = {
    ClaimResult.CONSISTENT: ("passed", "consistent"),
    ClaimResult.INCONSISTENT: ("failed", "inconsistent"),
    ClaimResult.IMPLAUSIBLE: ("failed", "implausible"),
    ClaimResult.CANNOT_TELL: ("cannot_tell", "cannot tell"),
    ClaimResult.CERTIFIES_NOTHING: ("warning", "certifies nothing"),
    ClaimResult.RESTRICTED: ("warning", "restricted"),
}
_COLUMNS: Final = ("cfb", "location_based", "contract_based")


@dataclass(frozen=True)
class ClaimView:
    """One check of a claim."""

    title: str
    about: str
    outcome: str
    outcome_word: str
    explanation: str
    inputs: str


@dataclass(frozen=True)
class FigureView:
    """One figure as it was reported."""

    what: str
    value: str
    when: str | None
    note: str | None


@dataclass(frozen=True)
class LedgerView:
    """The balance of the energy ledger, in kWh."""

    closes: bool
    rows: tuple[tuple[str, str, str, str], ...]


@dataclass(frozen=True)
class FactoryRecords:
    """What is recorded of a factory beyond its meters' periods, as read in one transaction."""

    dossier: Dossier | None = None
    checks: Sequence[ClaimCheck] = ()
    ledger: LedgerBalance | None = None
    months: Sequence[MonthlyEnergy] = ()
    events: Mapping[str, Sequence[CertificateEvent]] = field(default_factory=dict)


@dataclass(frozen=True)
class FactoryView:
    """The part of the page that this module fills."""

    reported_operator: str | None
    figures: tuple[FigureView, ...]
    claims: tuple[ClaimView, ...]
    tally: str
    charts: tuple[BarChart, ...]
    ledger: LedgerView | None


def view_factory(
    records: FactoryRecords,
    periods: Sequence[EnergyPeriod],
    studies: Sequence[tuple[str, FootprintStudy]],
    certificates: Sequence[FactoryCertificate],
    today: date,
) -> FactoryView:
    """Return claims with verdicts, charts and ledger of a factory."""
    dossier = records.dossier
    charts = [
        *_energy(records.months, periods),
        *_columns(studies),
        *_intensity(periods),
        *_reductions(dossier),
        *_timeline(certificates, records.events, today),
    ]
    return FactoryView(
        reported_operator=dossier.reported_operator if dossier else None,
        figures=_figures(dossier),
        claims=tuple(_claim(check) for check in records.checks),
        tally=_tally(records.checks),
        charts=tuple(charts),
        ledger=_ledger(records.ledger),
    )


def _figures(dossier: Dossier | None) -> tuple[FigureView, ...]:
    found = []
    for row in dossier.figures if dossier else []:
        bound = f"{row.bound} " if row.bound else ""
        when = str(row.year) if row.year else None
        if row.since or row.until:
            when = f"{row.since or '…'} to {row.until or '…'}"
        unit = "" if row.unit == "1" else f" {row.unit}"
        found.append(FigureView(row.what, f"{bound}{plain(row.value)}{unit}", when, row.note))
    return tuple(found)


def _claim(check: ClaimCheck) -> ClaimView:
    tone, word = RESULTS[check.result]
    inputs = "; ".join(
        f"{row.name}: {plain(row.value) if isinstance(row.value, float) else row.value}"
        f"{' ' + row.unit if row.unit not in {'', '1'} else ''}"
        for row in check.inputs
    )
    title = words.capitalised(words.readable(check.id))
    said = words.capitalised(check.explanation)
    return ClaimView(title, check.about, tone, word, said, inputs)


def _tally(checks: Sequence[ClaimCheck]) -> str:
    counts = {result: sum(c.result is result for c in checks) for result in ClaimResult}
    return ", ".join(f"{count} {RESULTS[result][1]}" for result, count in counts.items() if count)


def _energy(months: Sequence[MonthlyEnergy], periods: Sequence[EnergyPeriod]) -> list[BarChart]:
    charts = []
    for carrier in EnergyCarrier:
        name = words.CARRIERS[carrier.value]
        rows = [(row.month, row.quantity) for row in months if row.carrier == carrier.value]
        unit = next((row.unit for row in months if row.carrier == carrier.value), "")
        if rows:
            title = f"{name} by month"
            charts.append(bar_chart(f"months-{carrier.value}", title, unit, rows))
            continue
        sums = [(f"{p.period_from} to {p.period_to}", p.total(carrier)) for p in periods]
        if any(value for _, value in sums):
            unit = "kWh" if carrier is EnergyCarrier.ELECTRICITY else "MJ"
            title = f"{name} by recorded period"
            charts.append(bar_chart(f"periods-{carrier.value}", title, unit, sums))
    return charts


def _columns(studies: Sequence[tuple[str, FootprintStudy]]) -> list[BarChart]:
    charts = []
    for column in _COLUMNS:
        rows = []
        for model, study in studies:
            found = study.result["electricity_columns"].get(column)
            if found is not None and found["kg_co2e_per_kwh_capacity"] is not None:
                until = study.inventory["plant"]["period"]["to"]
                # The drawing has room for 34 characters; the ruleset tells the rows apart.
                label = f"{study.ruleset}, {until[:4]}, {model}"
                rows.append((label[:34], float(found["kg_co2e_per_kwh_capacity"])))
        if rows:
            title, subtitle = words.COLUMNS[column]
            charts.append(
                bar_chart(
                    f"column-{column}",
                    f"Electricity: {title.lower()}",
                    "kg per kWh of capacity",
                    rows,
                    f"{words.capitalised(subtitle)}. Cannot be added to or compared with the others.",
                )
            )
    return charts


def _intensity(periods: Sequence[EnergyPeriod]) -> list[BarChart]:
    rows = [
        (
            f"{p.period_from} to {p.period_to}",
            p.total(EnergyCarrier.ELECTRICITY) / p.production_kwh,
        )
        for p in periods
    ]
    if not rows:
        return []
    title, unit = "Electricity per unit made", "kWh per kWh of batteries"
    return [bar_chart("intensity", title, unit, rows)]


def _reductions(dossier: Dossier | None) -> list[BarChart]:
    if dossier is None:
        return []
    rows = [
        (figure.what[:44], figure.value)
        for figure in dossier.figures
        if figure.unit.startswith("tCO2e") and figure.value > 0
    ]
    rows += [
        (measure.name[:44], measure.reduction_t_co2e)
        for measure in dossier.measures
        if measure.reduction_t_co2e
    ]
    if not rows:
        return []
    note = "As claimed, gross; nothing of it is subtracted from any footprint."
    return [bar_chart("reductions", "Reductions and offsets claimed", "t CO₂e", rows, note)]


def _timeline(
    certificates: Sequence[FactoryCertificate],
    events: Mapping[str, Sequence[CertificateEvent]],
    today: date,
) -> list[BarChart]:
    rows = []
    for certificate in certificates:
        start, end = certificate.valid_from, certificate.valid_to
        standing = standing_on(
            today,
            certified=certificate.certified,
            period=(start, end),
            events=events.get(certificate.id, ()),
        )
        said = words.readable(standing.status.value)
        said = "granted, no period stated" if said == "not stated" else said
        if start and end:
            said += f", {day(start)} to {day(end)}"
        label = f"{certificate.scheme}, {certificate.issuer or 'issuer not stated'}"
        ordinals = (start.toordinal() if start else None, end.toordinal() if end else None)
        rows.append((label[:44], *ordinals, said))
    return [span_chart("timeline", "Certificates over time", rows)] if rows else []


def _ledger(balance: LedgerBalance | None) -> LedgerView | None:
    if balance is None or not balance.lots:
        return None
    rows = []
    for kind in ("metered", "certified"):
        taken, given, left = (plain(wh / 1000) for wh in balance.totals_wh(kind))
        rows.append((words.capitalised(kind), taken, given, left))
    return LedgerView(balance.closes, tuple(rows))
