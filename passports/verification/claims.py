"""What a battery passport's credential must say, as types; step 8 of every verification.

The domain's checks all need the same reading of a payload: `read_claims` makes it.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from passports.documents import findings_of
from signing.canonical import JsonValue
from signing.numbers import whole_number
from signing.report import Finding

NonEmpty = Annotated[str, Field(min_length=1)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _day(value: object) -> date:
    """A day as ISO 8601 writes it, and in no other spelling."""
    if isinstance(value, str) and _DAY.fullmatch(value):
        return date.fromisoformat(value)
    raise ValueError("not a day such as 2027-02-18")


def _whole(value: object) -> object:
    """Let 1.0 be 1: JSON has one kind of number."""
    return value if (number := whole_number(value)) is None else number


Day = Annotated[date, BeforeValidator(_day)]
WholeCount = Annotated[int, BeforeValidator(_whole), Field(ge=0)]


class _Claims(BaseModel):
    """Claims may say more than this; what is named must be there and be of its kind.

    Nothing is converted: two verifiers must find the same, so the text "420" is no mass for either.
    """

    model_config = ConfigDict(extra="allow", allow_inf_nan=False, strict=True)


class _ModelClaims(_Claims):
    id: NonEmpty
    gtin: NonEmpty
    name: NonEmpty
    category: Literal["ev", "lmt", "industrial"]
    chemistry: NonEmpty
    massKg: Annotated[float, Field(gt=0)]  # noqa: N815 # the credential's own spelling
    capacityKwh: Annotated[float, Field(gt=0)]  # noqa: N815 # as above


class StudyClaims(_Claims):
    """A footprint study that is cited, with the figures taken from it."""

    ruleset: NonEmpty
    kgCo2ePerKwh: float  # noqa: N815 # the credential's own spelling
    kgCo2ePerBattery: float  # noqa: N815 # as above
    partial: bool
    study: NonEmpty
    studySha256: Sha256  # noqa: N815 # as above


class CertificateClaims(_Claims):
    """A factory certificate that is cited, and whether it covers this battery."""

    scheme: NonEmpty
    facility: NonEmpty
    validFrom: Day | None  # noqa: N815 # the credential's own spelling
    validTo: Day | None  # noqa: N815 # as above
    coverage: Literal["covered", "not_covered", "cannot_tell"]
    document: NonEmpty
    documentSha256: Sha256  # noqa: N815 # as above
    status: NonEmpty | None = None


class _OperatorClaims(_Claims):
    id: NonEmpty
    name: NonEmpty


class _Ceased(_Claims):
    at: NonEmpty


class _Reference(_Claims):
    id: NonEmpty
    link: NonEmpty


class SubjectClaims(_Claims):
    """What a passport says of its battery."""

    id: NonEmpty
    granularity: Literal["item"]
    passportVersion: Annotated[int, BeforeValidator(_whole), Field(ge=1)]  # noqa: N815 # the credential's own spelling
    serialNumber: NonEmpty  # noqa: N815 # as above
    manufacturedOn: Day  # noqa: N815 # as above
    batch: NonEmpty
    model: _ModelClaims
    manufacturer: _OperatorClaims
    responsibleOperator: _OperatorClaims  # noqa: N815 # as above
    manufacturingFacility: _OperatorClaims  # noqa: N815 # as above
    carbonFootprint: list[StudyClaims]  # noqa: N815 # as above
    factoryCertificates: list[CertificateClaims]  # noqa: N815 # as above
    ceased: _Ceased | None = None
    succeededBy: list[_Reference] = []  # noqa: N815 # as above


class PassportClaims(_Claims):
    """The credential as a whole."""

    type: list[str]
    credentialSubject: SubjectClaims  # noqa: N815 # the credential's own spelling


_SHOWN_FINDINGS: Final = 3


def read_claims(payload: Mapping[str, JsonValue]) -> PassportClaims | Finding:
    """Return what a passport says, or the finding that something is missing or of another kind."""
    try:
        return PassportClaims.model_validate(payload)
    except ValidationError as error:
        found = findings_of(error.errors(include_url=False))
        text = "; ".join(f"{f.field}: {f.reason}" for f in found[:_SHOWN_FINDINGS])
        return Finding("failed", "schema_violated", text)
