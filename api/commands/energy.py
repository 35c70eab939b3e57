"""`voltpass facility production | target | view` and `facility energy close | reopen | periods | …`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.console import (
    AsJson,
    Operator,
    emit,
    open_voltpass,
    out,
    read_file,
    reported,
)
from api.commands.factories import energy, facility
from passports.energy.terms import PV_SHARE, TargetMetric
from passports.errors import Finding, InvalidInputError
from passports.plurals import counted

if TYPE_CHECKING:
    from passports.energy.energy_view import EnergyView
    from passports.energy.period_documents import ClosedPeriod


__all__ = ["energy", "facility"]
PeriodFile = Annotated[
    Path,
    typer.Argument(
        help="JSON: period_from, period_to; also timezone, supplies (by meter: technology, factor, "
        "contract), gaps_stated, reason, offsets, assumptions."
    ),
]
Reason = Annotated[str, typer.Option(help="Why; it is kept.")]


@facility.command("production")
def facility_production(
    facility_id: str,
    operator: Operator,
    file: Annotated[
        Path | None,
        typer.Argument(
            help="JSON: period_from, period_to, kwh, source; also model_id, line, pieces."
        ),
    ] = None,
    withdraw: Annotated[str, typer.Option(help="Identifier of an amount to withdraw.")] = "",
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Register what was made, by model and line; without a file list it; or withdraw an amount."""
    from passports.documents import read_document, utc_now
    from passports.energy.production import (
        ProductionCreate,
        ProductionWithdrawal,
        all_production,
        register_production,
        withdraw_production,
    )

    with reported(as_json=as_json):
        store, now = open_voltpass().store, utc_now()
        if withdraw:
            said = read_document(ProductionWithdrawal, {"reason": reason}, "the withdrawal")
            rows = [withdraw_production(store, operator, facility_id, withdraw, said.reason)]
        elif file is not None:
            data = read_file(file, "the production")
            request = read_document(ProductionCreate, data, "the production")
            rows = [register_production(store, operator, facility_id, request, now)]
        else:
            with store.reading() as reading:
                rows = list(all_production(reading, operator, facility_id))

        def text() -> None:
            for row in rows:
                gone = f" (withdrawn: {row.withdrawn_reason})" if row.withdrawn_reason else ""
                what = ", ".join(filter(None, (row.model_id, row.line))) or "all that was made"
                days = f"{row.period_from} to {row.period_to}"
                out.print(f"{row.id}  {days}  {row.kwh:,.0f} kWh, {what}{gone}", markup=False)

        emit([row.model_dump(mode="json") for row in rows], as_json=as_json, text=text)


@energy.command("close")
def energy_close(
    facility_id: str, file: PeriodFile, operator: Operator, as_json: AsJson = False
) -> None:
    """Close a period from its readings; with a reason, correct a closed one by a new version."""
    from passports.documents import read_document, utc_now
    from passports.energy.close import close_period
    from passports.energy.period_documents import PeriodClose

    with reported(as_json=as_json):
        request = read_document(PeriodClose, read_file(file, "the period"), "the period")
        closed = close_period(open_voltpass().store, operator, facility_id, request, utc_now())
        emit(closed.model_dump(mode="json"), as_json=as_json, text=lambda: _print_period(closed))


def _print_period(closed: "ClosedPeriod") -> None:
    days = f"{closed.period_from} to {closed.period_to}"
    made = f"{closed.period.production_kwh:,.0f} kWh made"
    out.print(
        f"{days}, version {closed.version}: {made}, {counted(closed.deliveries, 'deliveries')}"
    )
    for reading in closed.period.readings:
        how = f" {reading.arrangement.value}" if reading.arrangement else ""
        amount = f"{reading.quantity:,.3f} {reading.unit}"
        out.print(f"  {reading.carrier.value}{how}: {amount}, {reading.evidence}", markup=False)
    for line in (*closed.gaps, *closed.notes):
        out.print(f"  {line}", markup=False)
    if closed.studies_of_earlier_version:
        studies = ", ".join(closed.studies_of_earlier_version)
        out.print(f"  computed from an earlier version, compute anew: {studies}", markup=False)


@energy.command("reopen")
def energy_reopen(
    facility_id: str,
    period_from: Annotated[str, typer.Argument(help="Its first day, YYYY-MM-DD.")],
    operator: Operator,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Open a closed period again, so that deliveries it rests on can be withdrawn."""
    from passports.documents import RuleError, read_day, read_document, utc_now
    from passports.energy.closed_periods import reopen_period
    from passports.energy.period_documents import PeriodReopening

    with reported(as_json=as_json):
        said = read_document(PeriodReopening, {"reason": reason}, "the reopening")
        try:
            first = read_day(period_from)
        except RuleError as error:
            finding = Finding("period_from", period_from, error.reason, error.remedy)
            raise InvalidInputError([finding], "the period") from None
        store = open_voltpass().store
        opened = reopen_period(store, operator, facility_id, first, said.reason, utc_now())
        emit(
            opened.model_dump(mode="json"),
            as_json=as_json,
            text=lambda: out.print(f"{first}, version {opened.version}, is open: {said.reason}"),
        )


@energy.command("periods")
def energy_periods_command(facility_id: str, operator: Operator, as_json: AsJson = False) -> None:
    """List closed periods with all versions; each is summed anew from the deliveries it rests on."""
    from passports.energy.closed_periods import closed_periods, recompute_period

    with reported(as_json=as_json):
        with open_voltpass().store.reading() as reading:
            found = closed_periods(reading, operator, facility_id)
            differs = [
                recompute_period(reading, operator, facility_id, row.period_from, row.version)
                for row in found
            ]
        result = [
            {**row.model_dump(mode="json"), "sums_anew_differ": dict(difference)}
            for row, difference in zip(found, differs, strict=True)
        ]

        def text() -> None:
            for row, difference in zip(found, differs, strict=True):
                _print_period(row)
                out.print(
                    "  summed anew: " + (f"differs, {difference}" if difference else "agrees")
                )

        emit(result, as_json=as_json, text=text)


@energy.command("deliveries")
def energy_deliveries(facility_id: str, operator: Operator, as_json: AsJson = False) -> None:
    """List the newest deliveries of readings, and which closed periods rest on each."""
    from passports.energy.meter_imports import meter_imports

    with reported(as_json=as_json):
        with open_voltpass().store.reading() as reading:
            found = meter_imports(reading, operator, facility_id)

        def text() -> None:
            for row in found:
                state = f"withdrawn: {row.withdrawn_reason}" if row.withdrawn_reason else "stands"
                used = f", closed in {', '.join(row.used_by)}" if row.used_by else ""
                out.print(
                    f"{row.id}  {row.source}: {counted(row.standing, 'readings')}, {state}{used}"
                )

        emit([row.model_dump(mode="json") for row in found], as_json=as_json, text=text)


@energy.command("withdraw")
def energy_withdraw(
    facility_id: str,
    delivery_id: str,
    operator: Operator,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Withdraw a delivery, unless a closed period rests on it; nothing of it is lost."""
    from passports.documents import read_document, utc_now
    from passports.energy.meter_imports import ImportWithdrawal, withdraw_import

    with reported(as_json=as_json):
        said = read_document(ImportWithdrawal, {"reason": reason}, "the withdrawal")
        store = open_voltpass().store
        count = withdraw_import(store, operator, facility_id, delivery_id, said.reason, utc_now())
        emit(
            {"id": delivery_id, "readings_set_aside": count},
            as_json=as_json,
            text=lambda: out.print(f"{counted(count, 'readings')} set aside"),
        )


@facility.command("target")
def facility_target(
    facility_id: str,
    metric: TargetMetric,
    year: int,
    value: float,
    operator: Operator,
    note: Annotated[str | None, typer.Option(help="Who decided it, and where.")] = None,
    as_json: AsJson = False,
) -> None:
    """Register what the factory means to reach in a year."""
    from passports.documents import read_document, utc_now
    from passports.energy.targets import TargetCreate, register_target

    with reported(as_json=as_json):
        document = {"metric": metric, "year": year, "value": value, "note": note}
        request = read_document(TargetCreate, document, "the target")
        target = register_target(open_voltpass().store, operator, facility_id, request, utc_now())
        said = f"{target.metric.value} {target.year}: {target.value:g} {target.unit}"
        emit(target.model_dump(mode="json"), as_json=as_json, text=lambda: out.print(said))


@facility.command("view")
def facility_view(
    facility_id: str,
    operator: Operator,
    pv_share: Annotated[
        float, typer.Option(min=0, max=1, help="Of what is bought, for the PV scenario.")
    ] = PV_SHARE,
    html: Annotated[Path | None, typer.Option(help="Write the page to this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show energy by line and meter, targets, largest consumers, and what another supply would change."""
    from passports.documents import utc_now
    from passports.energy.energy_view import energy_view

    with reported(as_json=as_json):
        voltpass = open_voltpass()
        with voltpass.store.reading() as reading:
            view = energy_view(
                reading, voltpass.dataset, operator, facility_id, utc_now(), pv_share
            )
        if html is not None:
            from api.pages.render import energy_page  # templates only where asked

            html.write_text(energy_page(view), encoding="utf-8")
        emit(view.to_document(), as_json=as_json, text=lambda: _print_view(view))


def _print_view(view: "EnergyView") -> None:
    from api.pages.figures import figure

    for row in view.targets:
        unit = "" if row.unit == "1" else f" {row.unit}"
        actual = "" if row.actual is None else f", {figure(row.actual)}{unit}"
        out.print(f"{row.title} {row.year}: aim {figure(row.target)}{actual}: {row.outcome}")
    for consumer in view.consumers:
        line = f" ({consumer.line})" if consumer.line else ""
        said = f"{consumer.kwh:,.0f} kWh, {100 * consumer.share:.1f} %"
        out.print(f"{consumer.name}{line}, {consumer.carrier}: {said}", markup=False)
    for scenario in view.scenarios:
        out.print(scenario.title, style="bold", markup=False)
        for column in scenario.columns:
            said = column.reason or f"{column.before_t:,.1f} t, then {column.after_t:,.1f} t"
            out.print(f"  {column.column}: {said}", markup=False)
        for factor in scenario.factors:
            out.print(
                f"  {factor.id} = {factor.kg_co2e_per_kwh} kg/kWh: {factor.source}", markup=False
            )
    if view.scenarios_missing:
        out.print(view.scenarios_missing, markup=False)
