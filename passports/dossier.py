"""A factory's dossier: what it claims, kept exactly as claimed, and what the claims rest on.

Emissions are gross by the categories of ISO 14064-1:2018 (Annex B); reductions name their baseline;
instruments and offsets are listed and never subtracted. Each version is kept; a new one changes none.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from passports.documents import (
    CountryCode,
    Day,
    Document,
    Name,
    NonNegativeNumber,
    Number,
    PastDate,
    PositiveNumber,
    RuleError,
    Slug,
    Text,
)
from passports.energy.instrument_claims import LISTED, claim_instruments, claim_key
from passports.errors import (
    Finding,
    InvalidInputError,
    RecordNotFoundError,
)
from passports.factories import Facility, get_facility
from passports.store import (
    FacilityDossierRow,
    Store,
    Transaction,
)

Year = Annotated[int, Field(ge=1990, le=2100)]
Month = Annotated[str, Field(pattern=r"^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$")]


class ReportedFigure(Document):
    """One figure as it was reported: what, value and unit are the source's own.

    `kind` and `topic` tell the checks what it is about; a figure without them is looked up by its
    wording in `data/claim_terms.csv`, and kept whether it is found there or not.
    """

    what: Name
    value: Number
    unit: Name
    bound: Literal["at least", "at most", "about"] | None = None
    year: Year | None = None
    since: Month | None = None
    until: Month | None = None
    kind: Slug | None = None
    topic: Slug | None = None
    source: Text | None = None
    note: Text | None = None


class InventoryCategory(StrEnum):
    """The six categories of ISO 14064-1:2018, Annex B."""

    DIRECT = "1"
    IMPORTED_ENERGY = "2"
    TRANSPORT = "3"
    PRODUCTS_USED = "4"
    USE_OF_PRODUCTS = "5"
    OTHER = "6"


class CategoryEmission(Document):
    """Gross emissions of one category over the inventory's year."""

    category: InventoryCategory
    gross_t_co2e: NonNegativeNumber
    basis: Literal["location", "contract"] | None = None
    note: Text | None = None


class GhgInventory(Document):
    """A greenhouse-gas inventory of the factory or of whom it belongs to; gross, nothing netted off."""

    standard: Name
    year: Year | None = None
    since: Year | None = None
    sites: list[Name] = Field(default_factory=list)
    categories: list[CategoryEmission] = Field(default_factory=list)
    total_gross_t_co2e: NonNegativeNumber | None = None
    verified_by: Name | None = None
    verified_on: PastDate | None = None
    note: Text | None = None


class ReductionMeasure(Document):
    """Something done to emit less; the baseline says compared to what."""

    name: Name
    baseline: Text | None = None
    energy_saved_mwh: NonNegativeNumber | None = None
    reduction_t_co2e: NonNegativeNumber | None = None
    year: Year | None = None
    note: Text | None = None


class InstrumentKind(StrEnum):
    """Contracts and certificates that say where electricity comes from."""

    PPA = "PPA"
    DIRECT_LINE = "direct_line"
    GEC = "GEC"
    GO = "GO"
    I_REC = "I-REC"


CERTIFICATES_OF_ORIGIN: Final = frozenset(
    {InstrumentKind.GEC, InstrumentKind.GO, InstrumentKind.I_REC}
)


class EnergyInstrument(Document):
    """A contract or certificate of origin: what volume, of which year, retired when and for whom."""

    kind: InstrumentKind
    id: Name
    technology: Name | None = None
    volume_mwh: PositiveNumber
    vintage_year: Year
    retired_on: PastDate | None = None
    beneficiary: Name | None = None
    registry: Name | None = None
    note: Text | None = None


class DossierOffset(Document):
    """Carbon credits: listed, never subtracted (Annex II, point 7)."""

    registry: Name | None = None
    serials: Name
    project: Name | None = None
    quantity_t: PositiveNumber
    vintage_year: Year | None = None
    retired_on: PastDate | None = None
    note: Text | None = None

    @property
    def claimed_id(self) -> str:
        """The name under which its use is recorded once for all operators."""
        return f"offset:{self.registry or 'not stated'}:{self.serials}"


class PathwayStage(StrEnum):
    """The way to a claim of neutrality, in the order that ISO 14068-1 asks for."""

    INVENTORY = "inventory"
    VERIFICATION = "verification"
    REDUCTION = "reduction"
    OFFSET = "offset"
    CERTIFICATION = "certification"


class PathwayStep(Document):
    """One step of the way, as it was named, with its day where that is known."""

    stage: PathwayStage
    as_named: Name | None = None
    on: Day | None = None
    by: Name | None = None
    document_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


class DossierSite(Document):
    """A site that the claims speak of."""

    name: Name
    country: CountryCode | None = None


class Target(Document):
    """What the factory means to reach; held against what was metered."""

    what: Name
    year: Year
    value: Number
    unit: Name


class DossierCreate(Document):
    """A dossier as it is handed in."""

    reported_operator: Name | None = None
    sites: list[DossierSite] = Field(default_factory=list)
    figures: list[ReportedFigure] = Field(default_factory=list)
    inventories: list[GhgInventory] = Field(default_factory=list)
    measures: list[ReductionMeasure] = Field(default_factory=list)
    instruments: list[EnergyInstrument] = Field(default_factory=list)
    offsets: list[DossierOffset] = Field(default_factory=list)
    pathway: list[PathwayStep] = Field(default_factory=list)
    targets: list[Target] = Field(default_factory=list)
    source: Text
    note: Text | None = None

    @property
    def claim_keys(self) -> list[str]:
        """Names under which the use of its instruments and offsets is recorded."""
        ids = [row.id for row in self.instruments] + [row.claimed_id for row in self.offsets]
        return [claim_key(name) for name in ids]

    @model_validator(mode="after")
    def _nothing_is_used_twice(self) -> Self:
        doubled = sorted(key for key, count in Counter(self.claim_keys).items() if count > 1)
        if doubled:
            raise RuleError(
                f"used twice: {', '.join(doubled[:3])}", "A certificate or credit counts once."
            )
        return self


class Dossier(DossierCreate):
    """A version of a dossier as it stands in the store."""

    operator_id: str
    facility_id: str
    version: int
    created_at: datetime


def record_dossier(
    store: Store, operator_id: str, facility_id: str, request: DossierCreate, now: datetime
) -> Dossier:
    """Keep a new version of a factory's dossier; what is there stays.

    Raises:
        RecordNotFoundError: there is no such facility.
        InvalidInputError: a site lies in another country than the factory.
        IdentifierConflictError: a certificate of origin or credit is used elsewhere on this server.
    """
    with store.transaction() as transaction:
        transaction.operators.lock(operator_id)  # versions are numbered one after the other
        facility = get_facility(transaction, operator_id, facility_id)
        _check_sites(facility, request.sites)
        claim_instruments(
            transaction,
            (operator_id, facility_id),
            request.claim_keys,
            LISTED,
            now,
        )
        version = len(transaction.dossiers.versions(operator_id, facility_id)) + 1
        dossier = Dossier(
            **request.model_dump(),
            operator_id=operator_id,
            facility_id=facility_id,
            version=version,
            created_at=now,
        )
        transaction.dossiers.add(
            FacilityDossierRow(
                operator_id=operator_id,
                facility_id=facility_id,
                version=version,
                created_at=now,
                document=dossier.model_dump_json().encode(),
            )
        )
    return dossier


def _check_sites(facility: Facility, sites: Sequence[DossierSite]) -> None:
    findings = [
        Finding(
            f"sites[{i}].country",
            str(site.country),
            f"{facility.id} lies in {facility.country}; a factory lies in one country",
            "Register the other site as a factory of its own.",
        )
        for i, site in enumerate(sites)
        if site.country not in {None, facility.country}
    ]
    if findings:
        raise InvalidInputError(findings, "the dossier")


def find_dossier(transaction: Transaction, operator_id: str, facility_id: str) -> Dossier | None:
    """Return the newest version of a factory's dossier, or None."""
    rows = transaction.dossiers.versions(operator_id, facility_id)
    return Dossier.model_validate_json(rows[-1].document) if rows else None


def get_dossier(transaction: Transaction, operator_id: str, facility_id: str) -> Dossier:
    """Return the newest version of a factory's dossier.

    Raises:
        RecordNotFoundError: it has none.
    """
    dossier = find_dossier(transaction, operator_id, facility_id)
    if dossier is None:
        remedy = "Record it: voltpass facility import FILE, or POST /v1/facilities/{id}/dossier."
        raise RecordNotFoundError("dossier", facility_id, remedy)
    return dossier
