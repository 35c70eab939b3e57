"""Answers of the HTTP API. They have no defaults, so that OpenAPI marks every field as required."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from passports.certificates import FactoryCertificate
from passports.factories import EnergyPeriod, Facility
from passports.models import BatteryModel
from passports.operators import EconomicOperator


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

    studies: list[dict[str, Any]]


class PassportIssued(BaseModel):
    """One issued passport."""

    id: str
    serial: str
    link: str


class BatchRead(BaseModel):
    """A batch and its passports; `batch` is null after a dry run."""

    batch: dict[str, Any] | None
    created: bool
    passports: list[PassportIssued]


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
