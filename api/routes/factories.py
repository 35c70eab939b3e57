"""Factories in depth: meter readings, dossier, claim checks, energy ledger, signed certificates."""

from typing import Any

from fastapi import Depends, status
from pydantic import BaseModel

from api.authentication import CallerDep, ManufacturerDep, VoltpassDep, require_json
from api.bodies import LargeBodyRoute
from api.routes.documents import CertificateRead
from api.routes.router import Router
from passports.certification.certify import (
    CertificateChangeCreate,
    CertificateIssue,
    change_certificate,
    issue_certificate,
)
from passports.claim_checks import check_facility
from passports.documents import utc_now
from passports.dossier import Dossier, DossierCreate, get_dossier, record_dossier
from passports.energy.energy_ledger import (
    AllocationCreate,
    CertifiedLotCreate,
    add_certified_lot,
    allocate,
    open_lots,
)
from passports.energy.ledger_balance import balance
from passports.energy.meter_readings import MeterDelivery, deliver_readings
from passports.facility_documents import DocumentCreate, FacilityDocument, add_document

router = Router(prefix="/v1", tags=["factories"], route_class=LargeBodyRoute)
CREATED = status.HTTP_201_CREATED


class DossierRead(Dossier):
    """A recorded version of a dossier."""


class FacilityDocumentRead(FacilityDocument):
    """A recorded document, without its bytes."""


class DeliveryRead(BaseModel):
    """What became of a delivery of meter readings; findings name meter, time, reason and remedy."""

    id: str
    accepted: int
    repeated: int
    noted: int
    questioned: list[dict[str, Any]]
    refused: list[dict[str, Any]]
    gaps: list[dict[str, Any]]
    late: list[dict[str, Any]]


class ClaimsRead(BaseModel):
    """A factory's claims as reported, and what each check found."""

    facility_id: str
    dossier: dict[str, Any]
    checks: list[dict[str, Any]]


class BookingRead(BaseModel):
    """A booking of the energy ledger."""

    id: str
    kind: str
    lot_id: str
    target: dict[str, Any]
    kwh: float
    study_id: str | None
    created_at: str


class LotRead(BaseModel):
    """A lot of the energy ledger, amounts in kWh."""

    id: str
    kind: str
    carrier: str
    source: str
    period: dict[str, Any]
    kwh: float
    allocated_kwh: float
    unallocated_kwh: float
    backed_by_certificates_kwh: float
    backs_lot_id: str | None


class LedgerRead(BaseModel):
    """The balance of a factory's energy ledger, amounts in kWh."""

    closes: bool
    faults: list[str]
    totals: dict[str, Any]
    lots: list[dict[str, Any]]
    accounts_kwh: dict[str, float]
    bookings: list[dict[str, Any]]


class CertificateStandingRead(BaseModel):
    """Where a certificate stands after a change, and the batches that cite it."""

    id: str
    scheme: str
    status: str
    explanation: str
    on: str
    cited_by: list[dict[str, Any]]


@router.post("/facilities/{facility_id}/meter-readings", status_code=CREATED)
def post_meter_readings(
    voltpass: VoltpassDep, caller: ManufacturerDep, facility_id: str, request: MeterDelivery
) -> DeliveryRead:
    """Deliver meter readings of any resolution: what is right counts, all of it is kept.

    Gaps and overlaps are reported; negative readings and meters that run backwards are refused with
    their reason; a jump by a thousand is asked about and counts once it is confirmed.
    """
    report = deliver_readings(voltpass.store, caller.id, facility_id, request, utc_now())
    return DeliveryRead(**report.to_document())


@router.post("/facilities/{facility_id}/dossier", status_code=CREATED)
def post_dossier(
    voltpass: VoltpassDep, caller: ManufacturerDep, facility_id: str, request: DossierCreate
) -> DossierRead:
    """Record a version of a factory's dossier: figures as reported, inventory, measures, instruments."""
    dossier = record_dossier(voltpass.store, caller.id, facility_id, request, utc_now())
    return DossierRead(**dossier.model_dump())


@router.post("/facilities/{facility_id}/documents", status_code=CREATED)
def post_document(
    voltpass: VoltpassDep, caller: ManufacturerDep, facility_id: str, request: DocumentCreate
) -> FacilityDocumentRead:
    """Keep a document about a factory under its SHA-256."""
    document = add_document(voltpass.store, caller.id, facility_id, request, utc_now())
    return FacilityDocumentRead(**document.model_dump())


@router.get("/facilities/{operator_id}/{facility_id}/claims")
def get_claims(voltpass: VoltpassDep, operator_id: str, facility_id: str) -> ClaimsRead:
    """A factory's claims as reported, each with its check: inputs, result, and why in plain words."""
    with voltpass.store.reading() as reading:
        dossier = get_dossier(reading, operator_id, facility_id)
        checks = check_facility(
            reading, voltpass.dataset, operator_id, facility_id, utc_now().date()
        )
    return ClaimsRead(
        facility_id=facility_id,
        dossier=dossier.model_dump(mode="json"),
        checks=[check.to_document() for check in checks],
    )


@router.get("/facilities/{facility_id}/ledger")
def get_ledger(voltpass: VoltpassDep, caller: CallerDep, facility_id: str) -> LedgerRead:
    """The balance of the caller's factory: energy in, given to production by line and batch, left."""
    with voltpass.store.reading() as reading:
        return LedgerRead(**balance(reading, caller.id, facility_id).to_document())


@router.post("/facilities/{facility_id}/allocations", status_code=CREATED)
def post_allocation(
    voltpass: VoltpassDep, caller: ManufacturerDep, facility_id: str, request: AllocationCreate
) -> BookingRead:
    """Give energy of a lot to a period, a line or a batch; more than is left is refused."""
    now = utc_now()
    open_lots(voltpass.store, caller.id, facility_id, now)
    return BookingRead(**allocate(voltpass.store, caller.id, facility_id, request, now))


@router.post("/facilities/{facility_id}/certified-energy", status_code=CREATED)
def post_certified_energy(
    voltpass: VoltpassDep, caller: ManufacturerDep, facility_id: str, request: CertifiedLotCreate
) -> LotRead:
    """Book a retired certificate of origin against the metered energy that it backs, once."""
    now = utc_now()
    open_lots(voltpass.store, caller.id, facility_id, now)
    lot = add_certified_lot(voltpass.store, caller.id, facility_id, request, now)
    return LotRead(**lot.to_document())


@router.post("/certificates/issue", status_code=CREATED, dependencies=[Depends(require_json)])
def post_signed_certificate(
    voltpass: VoltpassDep, caller: CallerDep, request: CertificateIssue
) -> CertificateRead:
    """Sign a factory certificate as its certifier (UNTP Digital Conformity Credential, vc+jwt)."""
    certificate = issue_certificate(
        voltpass.store, voltpass.keyring, voltpass.address, caller.id, request, utc_now()
    )
    return CertificateRead(**certificate.model_dump())


@router.post("/certificates/{certificate_id}/status", dependencies=[Depends(require_json)])
def post_certificate_status(
    voltpass: VoltpassDep,
    caller: CallerDep,
    certificate_id: str,
    request: CertificateChangeCreate,
) -> CertificateStandingRead:
    """Suspend, reinstate or withdraw a certificate; every passport that cites it is warned."""
    changed = change_certificate(
        voltpass.store,
        voltpass.keyring,
        voltpass.address,
        caller.id,
        certificate_id,
        request,
        utc_now(),
    )
    return CertificateStandingRead(**changed.to_document())
