"""The plots on a factory's page: energy by month, columns and footprints over time, intensity, waterfall."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, Final

from api.pages import words
from api.pages.bar_plots import bar_plot, column_plot, span_plot
from api.pages.figures import day, figure, in_signs
from api.pages.languages import full_stop, gettext, message
from api.pages.plots import Plot
from api.pages.trend_plots import Series, Step, line_plot, waterfall_plot
from passports.certification.certificate_life import (
    CertificateEvent,
    CertificateStatus,
    standing_on,
)
from passports.certification.certificates import FactoryCertificate
from passports.dossier import Dossier, GhgInventory, ReductionMeasure
from passports.energy.meter_sums import MonthlyEnergy
from passports.energy.production import Production
from passports.energy.year_sums import YearSum, year_sums
from passports.factories import REFERENCE_UNIT, EnergyCarrier, EnergyPeriod
from passports.footprints import FootprintStudy, produced_in

COLUMNS: Final = ("cfb", "location_based", "contract_based")
_MONTHS: Final = 36
Studies = Sequence[tuple[str, FootprintStudy]]


def energy_plots(months: Sequence[MonthlyEnergy], periods: Sequence[EnergyPeriod]) -> list[Plot]:
    """Return energy by carrier: by month where meters were read, else by recorded period."""
    plots = []
    for carrier in EnergyCarrier:
        name, unit = words.CARRIERS[carrier.value], REFERENCE_UNIT[carrier]
        found = {row.month: row.quantity for row in months if row.carrier == carrier.value}
        if found:
            rows = [(month, found.get(month)) for month in _months(min(found), max(found))]
            note = gettext(
                "Months in UTC, by the beginning of each reading; sub-meters count in their mains."
            )
            if len(rows) > _MONTHS:
                last = gettext(
                    "The last %(shown)s of %(all)s months.", shown=_MONTHS, all=len(rows)
                )
                note = f"{last} {note}"
            title = gettext("%(carrier)s by month", carrier=name)
            anchor = f"months-{carrier.value}"
            plots.append(column_plot(anchor, title, unit, rows[-_MONTHS:], note))
            continue
        sums = [(_until(p.period_from, p.period_to), p.total(carrier)) for p in periods]
        if any(value for _, value in sums):
            title = gettext("%(carrier)s by recorded period", carrier=name)
            anchor = f"periods-{carrier.value}"
            plots.append(bar_plot(anchor, title, unit, sums))
    return plots


def _until(start: object, end: object) -> str:
    return gettext("%(start)s to %(end)s", start=start, end=end)


def _months(first: str, last: str) -> Iterator[str]:
    year, month = int(first[:4]), int(first[5:7])
    while (name := f"{year:04}-{month:02}") <= last:
        yield name
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)  # noqa: PLR2004 # December


def _times(studies: Studies) -> dict[tuple[date, date], str]:
    """Return the periods of studies, oldest first, each with a short name."""
    found = sorted({produced_in(study.inventory) for _, study in studies})
    return {span: _span_name(*span) for span in found}


def _span_name(first: date, last: date) -> str:
    if (first.month, first.day, last.month, last.day) == (1, 1, 12, 31):
        return str(first.year) if first.year == last.year else _until(first.year, last.year)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first:%Y-%m}"
    until = f"{last:%m}" if first.year == last.year else f"{last:%Y-%m}"
    return _until(f"{first:%Y-%m}", until)


def _newest(studies: Studies) -> dict[tuple[str, str, tuple[date, date]], FootprintStudy]:
    """Return the newest study of each model, ruleset and period."""
    found: dict[tuple[str, str, tuple[date, date]], FootprintStudy] = {}
    for model, study in sorted(studies, key=lambda row: row[1].computed_at):
        found[model, study.ruleset, produced_in(study.inventory)] = study
    return found


def column_plots(studies: Studies) -> list[Plot]:
    """Return each of the three electricity columns over time; they are never drawn on one scale."""
    times, newest = _times(studies), _newest(studies)
    plots = []
    for column in COLUMNS:
        series = _column_series(newest, list(times), column)
        if series:
            title, subtitle = words.column_words(column)
            plots.append(
                line_plot(
                    f"column-{column}",
                    gettext("Electricity over time: %(column)s", column=words.within(title)),
                    gettext("kg per kWh of capacity"),
                    list(times.values()),
                    series,
                    words.capitalised(subtitle)
                    + full_stop()
                    + " "
                    + gettext("Cannot be added to or compared with the others."),
                )
            )
    return plots


def _column_series(
    newest: Mapping[tuple[str, str, tuple[date, date]], FootprintStudy],
    times: Sequence[tuple[date, date]],
    column: str,
) -> list[Series]:
    """Return a line a model; rulesets that value the electricity alike share one."""
    alike: dict[tuple[str, tuple[float | None, ...]], list[str]] = {}
    for model, ruleset in sorted({(model, ruleset) for model, ruleset, _ in newest}):
        values = tuple(_column(newest.get((model, ruleset, span)), column) for span in times)
        if any(value is not None for value in values):
            alike.setdefault((model, values), []).append(ruleset)
    also = gettext(" and ")
    return [Series(f"{model}, {also.join(by)}", v) for (model, v), by in alike.items()]


def _column(study: FootprintStudy | None, column: str) -> float | None:
    found: Mapping[str, Any] = (
        study.result["electricity_columns"].get(column) or {} if study else {}
    )
    value = found.get("kg_co2e_per_kwh_capacity")
    return None if value is None else float(value)


def trend_plots(studies: Studies) -> list[Plot]:
    """Return the footprint per kWh over time, a line a model, a plot a ruleset."""
    times, newest = _times(studies), _newest(studies)
    plots = []
    for ruleset in sorted({ruleset for _, ruleset, _ in newest}):
        series = []
        for model in sorted({model for model, by, _ in newest if by == ruleset}):
            of = [newest.get((model, ruleset, span)) for span in times]
            values = tuple(float(s.result["kg_co2e_per_kwh"]) if s else None for s in of)
            series.append(Series(model, values))
        said = words.ruleset_words(ruleset)
        plots.append(
            line_plot(
                f"trend-{ruleset}",
                gettext("Footprint by model over time, %(ruleset)s", ruleset=ruleset),
                words.co2e_per(said.per),
                list(times.values()),
                series,
                said.title
                + full_stop()
                + " "
                + gettext(
                    "The newest study of each period; figures of other rulesets cannot be compared."
                ),
            )
        )
    return plots


def intensity_plots(
    periods: Sequence[EnergyPeriod], production: Sequence[Production]
) -> list[Plot]:
    """Return the energy per kWh of batteries made, year on year, a plot a carrier."""
    years = year_sums(periods, (), production)
    plots = []
    for carrier in EnergyCarrier:
        rows = [(year, year.intensity(carrier.value)) for year in years]
        if all(value is None for _, value in rows):
            continue
        unit = gettext("%(unit)s per kWh of batteries", unit=REFERENCE_UNIT[carrier])
        title = gettext(
            "%(carrier)s per unit made, year on year", carrier=words.CARRIERS[carrier.value]
        )
        plots.append(
            column_plot(
                f"intensity-{carrier.value}",
                title,
                unit,
                [(str(year.year), value) for year, value in rows],
                _changes(rows),
                head=gettext("Year"),
            )
        )
    return plots


def _changes(rows: Sequence[tuple[YearSum, float | None]]) -> str:
    said = []
    for (before, old), (after, new) in pairwise(rows):
        if old and new is not None:
            change = in_signs(f"{100 * (new / old - 1):+.1f} %")
            against = gettext("%(change)s against %(year)s", change=change, year=before.year)
            said.append(f"{after.year}: {against}")
    covered = "; ".join(_covers(year) for year, _ in rows)
    end = full_stop()
    return f"{'; '.join(said)}{end} {covered}{end}" if said else f"{covered}{end}"


def _covers(year: YearSum) -> str:
    start, _, end = year.covers.partition(" to ")
    return gettext("%(year)s is %(span)s", year=year.year, span=_until(start, end))


def waterfall(dossier: Dossier | None) -> list[Plot]:
    """Return the way from the gross baseline over each reduction to gross now; offsets are no step.

    It takes inventories of two years; what no measure explains is a step of its own.
    """
    ends = _ends(dossier)
    if dossier is None or ends is None:
        return []
    (first, was), (last, now) = ends
    taken = [m for m in dossier.measures if _between(m, first, last)]
    steps = [Step(gettext("Gross emissions %(year)s (baseline)", year=first), was, is_level=True)]
    steps += [Step(_measure_name(m), -(m.reduction_t_co2e or 0.0)) for m in taken]
    rest = now - was + sum(m.reduction_t_co2e or 0.0 for m in taken)
    if abs(rest) > abs(was) * 1e-9:
        steps.append(Step(gettext("All else: what no measure here explains"), rest))
    steps.append(Step(gettext("Gross emissions %(year)s", year=last), now, is_level=True))
    offsets = sum(offset.quantity_t for offset in dossier.offsets)
    beside = gettext("Offsets of %(amount)s t stand beside it.", amount=figure(offsets))
    other = len([m for m in dossier.measures if m.reduction_t_co2e]) - len(taken)
    left = gettext("Not drawn, for want of a year in between: %(number)s more.", number=other)
    gross = gettext("Gross; offsets are no reduction and are not subtracted.")
    note = " ".join([gross, *([beside] if offsets else []), *([left] if other else [])])
    title = gettext("From the baseline to now")
    return [waterfall_plot("waterfall", title, "t CO₂e", steps, note)]


def _ends(dossier: Dossier | None) -> tuple[tuple[int, float], tuple[int, float]] | None:
    totals = {
        inventory.year: total
        for inventory in (dossier.inventories if dossier else [])
        if inventory.year is not None and (total := gross_total(inventory)) is not None
    }
    if len(totals) < 2:  # noqa: PLR2004 # a way has two ends
        return None
    first, last = min(totals), max(totals)
    return (first, totals[first]), (last, totals[last])


def gross_total(inventory: GhgInventory) -> float | None:
    """Return an inventory's gross total: as stated, else of its categories, by location where both are."""
    if inventory.total_gross_t_co2e is not None:
        return inventory.total_gross_t_co2e
    if not inventory.categories:
        return None
    doubled = {row.category for row in inventory.categories if row.basis == "location"}
    return sum(
        row.gross_t_co2e
        for row in inventory.categories
        if not (row.basis == "contract" and row.category in doubled)
    )


def _between(measure: ReductionMeasure, first: int, last: int) -> bool:
    return (
        bool(measure.reduction_t_co2e) and measure.year is not None and first < measure.year <= last
    )


def _measure_name(measure: ReductionMeasure) -> str:
    against = gettext("against %(baseline)s", baseline=measure.baseline)
    baseline = f", {against}" if measure.baseline else ""
    return f"{measure.name}, {measure.year}{baseline}"


def claimed_plots(dossier: Dossier | None) -> list[Plot]:
    """Return the tonnes that are claimed as reduced or offset, side by side."""
    if dossier is None:
        return []
    rows = [
        (figure_.what, figure_.value)
        for figure_ in dossier.figures
        if figure_.unit.startswith("tCO2e") and figure_.value > 0
    ]
    rows += [(m.name, m.reduction_t_co2e) for m in dossier.measures if m.reduction_t_co2e]
    rows += [
        (gettext("Offset %(serials)s", serials=o.serials), o.quantity_t) for o in dossier.offsets
    ]
    if not rows:
        return []
    note = gettext("As claimed, gross; nothing of it is subtracted from any footprint.")
    title = gettext("Tonnes claimed: reductions, offsets")
    return [bar_plot("reductions", title, "t CO₂e", rows, note)]


_STANDINGS: Final[Mapping[CertificateStatus, str]] = {
    CertificateStatus.PLANNED: message("planned"),
    CertificateStatus.VALID: message("valid"),
    CertificateStatus.EXPIRING: message("expiring"),
    CertificateStatus.EXPIRED: message("expired"),
    CertificateStatus.SUSPENDED: message("suspended"),
    CertificateStatus.WITHDRAWN: message("withdrawn"),
    CertificateStatus.NOT_STATED: message("granted, no period stated"),
}


def timeline(
    certificates: Sequence[FactoryCertificate],
    events: Mapping[str, Sequence[CertificateEvent]],
    today: date,
) -> list[Plot]:
    """Return the certificates over time, each with where it stands today."""
    rows = []
    for certificate in certificates:
        start, end = certificate.valid_from, certificate.valid_to
        standing = standing_on(
            today,
            certified=certificate.certified,
            period=(start, end),
            events=events.get(certificate.id, ()),
        )
        said = gettext(_STANDINGS[standing.status])
        if start and end:
            said += f", {_until(day(start), day(end))}"
        issuer = certificate.issuer or gettext("issuer not stated")
        label = f"{certificate.scheme}, {issuer}"
        rows.append((label, start, end, said))
    return [span_plot("timeline", gettext("Certificates over time"), rows, today)] if rows else []
