"""Answers of the HTTP API. They have no defaults, so that OpenAPI marks every field as required."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from passports.certification.certificates import FactoryCertificate
from passports.factories import EnergyPeriod, Facility
from passports.models import BatteryModel
from passports.operators import EconomicOperator


def content(*media_types: str, description: str = "As it was asked for") -> dict[int | str, Any]:
    """Return what OpenAPI says of a successful answer that is no plain JSON object."""
    return {200: {"description": description, "content": {name: {} for name in media_types}}}


class PassportRead(BaseModel):
    """A passport: what its credential says, and the signed bytes that say it."""

    id: str
    version: int
    link: str
    credential: dict[str, Any]
    signed: str
    sha256: str
    qr: str


class StudyRead(BaseModel):
    """The public version of a footprint study."""

    id: str
    operator_id: str
    model_id: str
    facility_id: str
    ruleset: str
    computed_at: str
    superseded_by: str | None
    result: dict[str, Any]
    result_sha256: str


class OperatorRead(EconomicOperator):
    """A registered operator with its first API key."""

    api_key: Annotated[str, Field(description="shown this once; only its hash is stored")]


class FacilityRead(Facility):
    """A registered factory."""


class EnergyPeriodRead(EnergyPeriod):
    """A recorded period."""


class CertificateRead(FactoryCertificate):
    """A recorded certificate."""


class ModelRead(BatteryModel):
    """A registered battery model."""


class StudiesRead(BaseModel):
    """Computed studies, in the order of the rulesets asked for."""

    studies: list[StudyRead]


class PassportIssued(BaseModel):
    """One issued passport."""

    id: str
    serial: str
    link: str


class CompletenessRead(BaseModel):
    """How complete passports are by Annex XIII: what the law asks for of their category, and what lacks.

    Before issuing of model and batch, afterwards of a passport of the batch. `missing` and `given` count what
    is mandatory; `comes_later` is what each battery brings.
    """

    given: int
    asked: int
    comes_later: int
    asked_from: Annotated[str, Field(description="the day from which the law asks for it")]
    public_only: Annotated[
        bool, Field(description="restricted attributes are left out: the caller may not read them")
    ]
    missing: Annotated[list[str], Field(description="attributes that lack, by identifier")]


class BatchCompletenessRead(CompletenessRead):
    """The same of a batch of a file."""

    batch: str


class BatchRead(BaseModel):
    """A batch and its passports; `batch` is null after a dry run."""

    batch: dict[str, Any] | None
    created: bool
    passports: list[PassportIssued]
    completeness: CompletenessRead


class FootprintPageRead(BaseModel):
    """A page of the regulator's query."""

    rows: list[dict[str, Any]]
    next_cursor: str | None


class VerificationRead(BaseModel):
    """Verdict and numbered steps of a verification."""

    verdict: str
    checkedAt: str  # noqa: N815 # the report's own spelling
    failedStep: str | None  # noqa: N815 # as above
    steps: list[dict[str, Any]]
    credential: dict[str, Any] | None


class HealthRead(BaseModel):
    """Signs of life."""

    status: str
    version: str
    database: str
