"""What manufacturers call: register operators, factories, energy, certificates, models; issue batches."""

from typing import Annotated

from fastapi import Body, Query, Response, status
from pydantic import Field

from api.authentication import (
    ManufacturerDep,
    PlatformDep,
    VoltpassDep,
)
from api.batch_completeness import completeness_of
from api.bodies import LargeBodyRoute
from api.routes.documents import (
    BatchRead,
    CertificateRead,
    EnergyPeriodRead,
    FacilityRead,
    ModelRead,
    OperatorRead,
    PassportIssued,
)
from api.routes.router import Router
from passports.authority.registration import register_with_key
from passports.batches import BatchCreate
from passports.certification.certificates import FactoryCertificateCreate, register_certificate
from passports.documents import Document, utc_now
from passports.factories import (
    EnergyPeriodCreate,
    FacilityCreate,
    record_energy,
    register_facility,
)
from passports.issue import check_only, issue_batch
from passports.models import BatteryModelCreate, register_model
from passports.operators import EconomicOperatorCreate

router = Router(prefix="/v1", tags=["manufacturers"], route_class=LargeBodyRoute)
CREATED = status.HTTP_201_CREATED


class BatchOptions(Document):
    """How a batch is to be treated; a misspelt option is refused, not passed over."""

    dry_run: Annotated[bool, Field(description="only run the gates of issuing")] = False


@router.post("/operators", status_code=CREATED)
def post_operator(
    voltpass: VoltpassDep, _caller: PlatformDep, request: EconomicOperatorCreate
) -> OperatorRead:
    """Register an economic operator; its first API key is in the answer, and only there.

    Needs a key of the platform (`voltpass keys create --operator platform`).
    """
    now = utc_now()
    voltpass.prepare_trust_list()  # a key that does not open is noticed before anything is written
    operator, key = register_with_key(
        voltpass.store, voltpass.keyring, voltpass.address, request, now
    )
    voltpass.write_trust_list(now)
    return OperatorRead(**operator.model_dump(), api_key=key.token)


@router.post("/facilities", status_code=CREATED)
def post_facility(
    voltpass: VoltpassDep, caller: ManufacturerDep, request: FacilityCreate
) -> FacilityRead:
    """Register a factory of the caller."""
    facility = register_facility(voltpass.store, caller.id, request, utc_now())
    return FacilityRead(**facility.model_dump())


@router.post("/facilities/{facility_id}/energy", status_code=CREATED)
def post_energy(
    voltpass: VoltpassDep, caller: ManufacturerDep, facility_id: str, request: EnergyPeriodCreate
) -> EnergyPeriodRead:
    """Record a factory's metered energy and production over a period."""
    period = record_energy(voltpass.store, caller.id, facility_id, request, utc_now())
    return EnergyPeriodRead(**period.model_dump())


@router.post("/certificates", status_code=CREATED)
def post_certificate(
    voltpass: VoltpassDep, caller: ManufacturerDep, request: FactoryCertificateCreate
) -> CertificateRead:
    """Record a certificate of a factory, with the hash of its document, as unsigned evidence."""
    certificate = register_certificate(voltpass.store, caller.id, request, utc_now())
    return CertificateRead(**certificate.model_dump())


@router.post("/battery-models", status_code=CREATED)
def post_model(
    voltpass: VoltpassDep, caller: ManufacturerDep, request: BatteryModelCreate
) -> ModelRead:
    """Register a battery model."""
    model = register_model(voltpass.store, caller.id, request, utc_now())
    return ModelRead(**model.model_dump())


@router.post("/batches", status_code=CREATED)
def post_batch(
    voltpass: VoltpassDep,
    caller: ManufacturerDep,
    request: Annotated[BatchCreate, Body()],
    response: Response,
    options: Annotated[BatchOptions, Query()],
) -> BatchRead:
    """Issue one signed passport for each battery of a batch, all or none.

    The same batch again is answered with 200 and creates nothing.
    """
    now = utc_now()
    if options.dry_run:
        check_only(voltpass.store, caller.id, request, now)
        response.status_code = status.HTTP_200_OK
        lacks = completeness_of(voltpass, caller, request, None)
        return BatchRead(batch=None, created=False, passports=[], completeness=lacks)
    issued = issue_batch(
        voltpass.store,
        voltpass.keyring,
        voltpass.address,
        caller.id,
        request,
        now,
        acting_id=caller.acting_id,
    )
    response.status_code = CREATED if issued.created else status.HTTP_200_OK
    passports = [PassportIssued(**p.to_document()) for p in issued.passports]
    return BatchRead(
        batch=issued.batch.model_dump(mode="json"),
        created=issued.created,
        passports=passports,
        completeness=completeness_of(voltpass, caller, request, issued.passports[0].id),
    )
