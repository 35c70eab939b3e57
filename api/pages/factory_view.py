"""What the page of a factory shows beyond its meters: claims and verdicts, charts, ledger, timeline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from api.pages import words
from api.pages.claim_words import claim_check_title
from api.pages.factory_plots import (
    Studies,
    claimed_plots,
    column_plots,
    energy_plots,
    intensity_plots,
    timeline,
    trend_plots,
    waterfall,
)
from api.pages.figures import plain
from api.pages.languages import comma, gettext, message, pgettext
from api.pages.plots import Plot
from passports.certification.certificate_life import CertificateEvent
from passports.certification.certificates import FactoryCertificate
from passports.claim_checks import ClaimCheck, ClaimResult
from passports.dossier import Dossier
from passports.energy.ledger_balance import LedgerBalance
from passports.energy.meter_sums import MonthlyEnergy
from passports.energy.production import Production
from passports.factories import EnergyPeriod

# How a result of a claim check is signed, and its word.
RESULTS: Final[Mapping[ClaimResult, tuple[str, str]]] = {
    ClaimResult.CONSISTENT: ("passed", message("consistent")),
    ClaimResult.INCONSISTENT: ("failed", message("inconsistent")),
    ClaimResult.IMPLAUSIBLE: ("failed", message("implausible")),
    ClaimResult.CANNOT_TELL: ("cannot_tell", message("cannot tell")),
    ClaimResult.CERTIFIES_NOTHING: ("warning", message("certifies nothing")),
    ClaimResult.RESTRICTED: ("warning", message("restricted")),
}


_NO_WATERFALL: Final = message(
    "No way from a gross baseline to gross now is drawn: it takes inventories of two years."
)


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
    production: Sequence[Production] = ()
    history: Studies = ()


@dataclass(frozen=True)
class FactoryView:
    """The part of the page that this module fills."""

    reported_operator: str | None
    figures: tuple[FigureView, ...]
    claims: tuple[ClaimView, ...]
    tally: str
    plots: tuple[Plot, ...]
    no_waterfall: str | None
    offsets: tuple[tuple[str, str], ...]
    ledger: LedgerView | None


def view_factory(
    records: FactoryRecords,
    periods: Sequence[EnergyPeriod],
    certificates: Sequence[FactoryCertificate],
    today: date,
) -> FactoryView:
    """Return claims with verdicts, plots and ledger of a factory."""
    dossier = records.dossier
    falls = waterfall(dossier)
    no_registry = gettext("registry not stated")
    plots = [
        *energy_plots(records.months, periods),
        *column_plots(records.history),
        *trend_plots(records.history),
        *intensity_plots(periods, records.production),
        *falls,
        *claimed_plots(dossier),
        *timeline(certificates, records.events, today),
    ]
    return FactoryView(
        reported_operator=dossier.reported_operator if dossier else None,
        figures=_figures(dossier),
        claims=tuple(_claim(check) for check in records.checks),
        tally=_tally(records.checks),
        plots=tuple(plots),
        no_waterfall=None if falls or dossier is None else gettext(_NO_WATERFALL),
        offsets=tuple(
            (
                f"{row.registry or no_registry}: {row.serials}",
                f"{plain(row.quantity_t)} t",
            )
            for row in (dossier.offsets if dossier else [])
        ),
        ledger=_ledger(records.ledger),
    )


def _figures(dossier: Dossier | None) -> tuple[FigureView, ...]:
    found = []
    for row in dossier.figures if dossier else []:
        bound = f"{row.bound} " if row.bound else ""
        when = str(row.year) if row.year else None
        if row.since or row.until:
            when = gettext("%(start)s to %(end)s", start=row.since or "…", end=row.until or "…")
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
    title = claim_check_title(check.id)
    said = words.capitalised(check.explanation)
    return ClaimView(title, check.about, tone, gettext(word), said, inputs)


def _tally(checks: Sequence[ClaimCheck]) -> str:
    counts = {result: sum(c.result is result for c in checks) for result in ClaimResult}
    return comma().join(
        f"{count} {gettext(RESULTS[result][1])}" for result, count in counts.items() if count
    )


def _ledger(balance: LedgerBalance | None) -> LedgerView | None:
    if balance is None or not balance.lots:
        return None
    rows = []
    for kind, name in (
        ("metered", pgettext("energy", "Metered")),
        ("certified", pgettext("energy", "Certified")),
    ):
        taken, given, left = (plain(wh / 1000) for wh in balance.totals_wh(kind))
        rows.append((name, taken, given, left))
    return LedgerView(balance.closes, tuple(rows))
