"""A factory's energy over time: production, deliveries, periods closed from readings, targets, the view.

By line and meter is the operator's own: each call here needs a key of the operator whose factory it
is; the page opens for a session as well.
"""

from datetime import date
from typing import Annotated, Any

from fastapi import Query, Request, status
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel

from api.authentication import CallerDep, ManufacturerDep, ReaderDep, VoltpassDep
from api.pages import render
from api.routes.router import Router
from api.sessions import NO_STORE, session_of
from passports.authority.roles import Action
from passports.documents import utc_now
from passports.energy.close import close_period
from passports.energy.closed_periods import closed_periods, reopen_period
from passports.energy.energy_view import energy_view
from passports.energy.meter_imports import (
    ImportWithdrawal,
    MeterImport,
    meter_imports,
    withdraw_import,
)
from passports.energy.period_documents import ClosedPeriod, PeriodClose, PeriodReopening
from passports.energy.production import (
    Production,
    ProductionCreate,
    ProductionWithdrawal,
    all_production,
    register_production,
    withdraw_production,
)
from passports.energy.targets import Target, TargetCreate, register_target
from passports.energy.terms import PV_SHARE
from passports.errors import RecordNotFoundError
from passports.factories import get_facility

router = Router(prefix="/v1", tags=["factories"])
pages = Router(include_in_schema=False, default_response_class=HTMLResponse)
CREATED = status.HTTP_201_CREATED
PvShare = Annotated[float, Query(ge=0, le=1, description="of what is bought, for the PV scenario")]


class ClosedPeriodRead(ClosedPeriod):
    """A version of a closed period."""


class ClosedPeriodsRead(BaseModel):
    """All versions of a factory's closed periods, oldest first."""

    periods: list[ClosedPeriod]


class ProductionRead(Production):
    """Registered production."""


class ProductionsRead(BaseModel):
    """All registered production of a factory, withdrawn amounts too."""

    production: list[Production]


class MeterImportsRead(BaseModel):
    """The newest deliveries of readings of a factory."""

    deliveries: list[MeterImport]


class WithdrawnRead(BaseModel):
    """What a withdrawal did."""

    id: str
    readings_set_aside: int


class TargetRead(Target):
    """A registered target."""


class EnergyViewRead(BaseModel):
    """The operator's view of a factory's energy; by line and meter it is confidential."""

    facility_id: str
    confidential: str
    months: list[str]
    meters: list[dict[str, Any]]
    lines: list[dict[str, Any]]
    largest_consumers: list[dict[str, Any]]
    years: list[dict[str, Any]]
    targets: list[dict[str, Any]]
    scenarios: list[dict[str, Any]]
    scenarios_missing: str | None
    study_id: str | None


@router.post("/facilities/{facility_id}/production", status_code=CREATED)
def post_production(
    voltpass: VoltpassDep, caller: ManufacturerDep, facility_id: str, request: ProductionCreate
) -> ProductionRead:
    """Register what was made from one day to another, by model and line."""
    made = register_production(voltpass.store, caller.id, facility_id, request, utc_now())
    return ProductionRead(**made.model_dump())


@router.get("/facilities/{facility_id}/production")
def get_production(voltpass: VoltpassDep, caller: CallerDep, facility_id: str) -> ProductionsRead:
    """All that is registered as made in the caller's factory."""
    with voltpass.store.reading() as reading:
        get_facility(reading, caller.id, facility_id)
        return ProductionsRead(production=list(all_production(reading, caller.id, facility_id)))


@router.post("/facilities/{facility_id}/production/{production_id}/withdrawal")
def post_production_withdrawal(
    voltpass: VoltpassDep,
    caller: ManufacturerDep,
    facility_id: str,
    production_id: str,
    request: ProductionWithdrawal,
) -> ProductionRead:
    """Withdraw a registered amount with its reason, unless a closed period counts it."""
    found = withdraw_production(
        voltpass.store, caller.id, facility_id, production_id, request.reason
    )
    return ProductionRead(**found.model_dump())


@router.get("/facilities/{facility_id}/meter-readings")
def get_deliveries(voltpass: VoltpassDep, caller: CallerDep, facility_id: str) -> MeterImportsRead:
    """The newest deliveries of readings: what became of each, and which closed period rests on it."""
    with voltpass.store.reading() as reading:
        return MeterImportsRead(deliveries=list(meter_imports(reading, caller.id, facility_id)))


@router.post("/facilities/{facility_id}/meter-readings/{import_id}/withdrawal")
def post_delivery_withdrawal(
    voltpass: VoltpassDep,
    caller: ManufacturerDep,
    facility_id: str,
    import_id: str,
    request: ImportWithdrawal,
) -> WithdrawnRead:
    """Withdraw a delivery with its reason, unless a closed period rests on it; nothing is lost."""
    count = withdraw_import(
        voltpass.store, caller.id, facility_id, import_id, request.reason, utc_now()
    )
    return WithdrawnRead(id=import_id, readings_set_aside=count)


@router.post("/facilities/{facility_id}/closed-periods", status_code=CREATED)
def post_closed_period(
    voltpass: VoltpassDep, caller: ManufacturerDep, facility_id: str, request: PeriodClose
) -> ClosedPeriodRead:
    """Close a period from its readings; with a reason, correct one that is closed by a new version.

    Footprints and the ledger use what comes out. Gaps forbid to close until they are stated.
    """
    closed = close_period(voltpass.store, caller.id, facility_id, request, utc_now())
    return ClosedPeriodRead(**closed.model_dump())


@router.get("/facilities/{facility_id}/closed-periods")
def get_closed_periods(
    voltpass: VoltpassDep, caller: CallerDep, facility_id: str
) -> ClosedPeriodsRead:
    """All versions of the closed periods of the caller's factory."""
    with voltpass.store.reading() as reading:
        return ClosedPeriodsRead(periods=closed_periods(reading, caller.id, facility_id))


@router.post("/facilities/{facility_id}/closed-periods/{period_from}/reopening")
def post_reopening(
    voltpass: VoltpassDep,
    caller: ManufacturerDep,
    facility_id: str,
    period_from: date,
    request: PeriodReopening,
) -> ClosedPeriodRead:
    """Open a closed period again with its reason; it stays in force until the next version is closed."""
    opened = reopen_period(
        voltpass.store, caller.id, facility_id, period_from, request.reason, utc_now()
    )
    return ClosedPeriodRead(**opened.model_dump())


@router.post("/facilities/{facility_id}/targets", status_code=CREATED)
def post_target(
    voltpass: VoltpassDep, caller: ManufacturerDep, facility_id: str, request: TargetCreate
) -> TargetRead:
    """Register what the factory means to reach in a year."""
    target = register_target(voltpass.store, caller.id, facility_id, request, utc_now())
    return TargetRead(**target.model_dump())


@router.get("/facilities/{facility_id}/energy-view")
def get_energy_view(
    voltpass: VoltpassDep, caller: CallerDep, facility_id: str, pv_share: PvShare = PV_SHARE
) -> EnergyViewRead:
    """By line and meter and month, targets, largest consumers, and what another supply would change."""
    with voltpass.store.reading() as reading:
        view = energy_view(reading, voltpass.dataset, caller.id, facility_id, utc_now(), pv_share)
    return EnergyViewRead(**view.to_document())


@pages.get("/facilities/{operator_id}/{facility_id}/energy")
def get_energy_page(
    voltpass: VoltpassDep,
    request: Request,
    reader: ReaderDep,
    operator_id: str,
    facility_id: str,
    pv_share: PvShare = PV_SHARE,
) -> Response:
    """The operator's view as a page, for its key or its session; nobody else is told that it exists."""
    caller, csrf = reader, None
    if caller is None:
        session = session_of(voltpass, request)
        if session is None:
            return RedirectResponse("/sign-in", status_code=303, headers=NO_STORE)
        caller, csrf = session.caller, session.csrf
        caller.require(Action.READ)
    if caller.id != operator_id:
        raise RecordNotFoundError("facility", facility_id)
    with voltpass.store.reading() as reading:
        view = energy_view(reading, voltpass.dataset, operator_id, facility_id, utc_now(), pv_share)
    return HTMLResponse(render.energy_page(view, csrf=csrf), headers=NO_STORE)
