"""Attributes: the table, its schemas, and a model's, a batch's and a battery's data for each audience."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

import orjson
from fastapi import Query, Response

from api.authentication import CallerDep, ManufacturerDep, ReaderDep, VoltpassDep
from api.routes.documents import content
from api.routes.router import Router
from api.wiring import Voltpass
from passports.attributes.completeness import model_report, passport_report, require_owner
from passports.attributes.data import AttributeChange, Writer, find_subject, write_attributes
from passports.attributes.history import version_history
from passports.attributes.schemas import attribute_schema, attribute_table
from passports.attributes.table import DEFAULT_PROFILE, Granularity
from passports.attributes.view import (
    Sheet,
    batch_sheet,
    model_sheet,
    passport_sheet,
    restricted_presentation,
    view,
)
from passports.authority.callers import Caller
from passports.documents import Day, utc_now
from passports.errors import Finding, InvalidInputError
from passports.operators import EconomicOperator
from passports.restricted import MEDIA_TYPE
from passports.store import Transaction

router = Router(prefix="/v1", tags=["attributes"])
Owner = Annotated[str | None, Query(description="whose it is; the caller's by default")]
OnDay = Annotated[Day | None, Query(alias="date", description="the day; today by default")]
SCHEMA_MEDIA_TYPE = "application/schema+json"


@router.get("/attributes")
def get_attribute_table() -> dict[str, Any]:
    """The table of all attributes: legal reference, unit, type, granularity, who may see it."""
    return {"attributes": attribute_table()}


@router.get(
    "/schemas/{profile}/{category}",
    response_class=Response,
    responses=content(SCHEMA_MEDIA_TYPE),
)
def get_attribute_schema(voltpass: VoltpassDep, profile: str, category: str) -> Response:
    """The JSON Schema (draft 2020-12) of a passport's attributes, by profile and category."""
    body = orjson.dumps(attribute_schema(voltpass.address, profile, category))
    return Response(body, media_type=SCHEMA_MEDIA_TYPE)


def _write(
    voltpass: Voltpass,
    caller: Caller,
    subject_of: tuple[Granularity, str],
    request: AttributeChange,
    *,
    replace: bool,
) -> dict[str, Any]:
    with voltpass.store.reading() as reading:
        subject = find_subject(reading, caller.id, *subject_of)
    store, keyring, address = voltpass.store, voltpass.keyring, voltpass.address
    version = write_attributes(
        store,
        keyring,
        address,
        subject,
        request,
        utc_now(),
        replace=replace,
        writer=Writer(caller.id, caller.acting_id),
    )
    return version.written_by(caller.id).to_document()


@router.put("/battery-models/{model_id}/attributes")
def put_model_attributes(
    voltpass: VoltpassDep, caller: ManufacturerDep, model_id: str, request: AttributeChange
) -> dict[str, Any]:
    """Write a model's attributes: these, and no others. Restricted ones are signed as SD-JWT VC."""
    return _write(voltpass, caller, (Granularity.MODEL, model_id), request, replace=True)


@router.patch("/battery-models/{model_id}/attributes")
def patch_model_attributes(
    voltpass: VoltpassDep, caller: ManufacturerDep, model_id: str, request: AttributeChange
) -> dict[str, Any]:
    """Change some of a model's attributes; null takes one away."""
    return _write(voltpass, caller, (Granularity.MODEL, model_id), request, replace=False)


@router.put("/batches/{batch_id}/attributes")
def put_batch_attributes(
    voltpass: VoltpassDep, caller: ManufacturerDep, batch_id: str, request: AttributeChange
) -> dict[str, Any]:
    """Write a batch's attributes; before it is issued, so that its passports carry them."""
    return _write(voltpass, caller, (Granularity.BATCH, batch_id), request, replace=True)


@router.patch("/batches/{batch_id}/attributes")
def patch_batch_attributes(
    voltpass: VoltpassDep, caller: ManufacturerDep, batch_id: str, request: AttributeChange
) -> dict[str, Any]:
    """Change some of a batch's attributes; null takes one away."""
    return _write(voltpass, caller, (Granularity.BATCH, batch_id), request, replace=False)


@router.put("/passports/{passport_id}/attributes")
def put_passport_attributes(
    voltpass: VoltpassDep, caller: ManufacturerDep, passport_id: str, request: AttributeChange
) -> dict[str, Any]:
    """Write a battery's own attributes (Annex XIII point 4). They are signed as SD-JWT VC."""
    return _write(voltpass, caller, (Granularity.ITEM, passport_id), request, replace=True)


@router.patch("/passports/{passport_id}/attributes")
def patch_passport_attributes(
    voltpass: VoltpassDep, caller: ManufacturerDep, passport_id: str, request: AttributeChange
) -> dict[str, Any]:
    """Change some of a battery's own attributes; null takes one away."""
    return _write(voltpass, caller, (Granularity.ITEM, passport_id), request, replace=False)


def _owner(reader: EconomicOperator | None, operator: str | None) -> str:
    if operator is not None:
        return operator
    if reader is not None:
        return reader.id
    finding = Finding("operator", "", "it is not said whose record is meant", "Add ?operator=….")
    raise InvalidInputError([finding], "the address")


def _private(response: Response) -> None:
    # The answer depends on who asks: no cache may give it to another.
    response.headers.update({"Cache-Control": "no-store", "Vary": "Authorization"})


def _view(
    voltpass: Voltpass,
    reader: EconomicOperator | None,
    build: Callable[[Transaction], Sheet],
    response: Response,
) -> dict[str, Any]:
    _private(response)
    return view(voltpass.store, reader, build, utc_now())


def _presentation(
    voltpass: Voltpass,
    reader: EconomicOperator | None,
    build: Callable[[Transaction], Sheet],
    level: Granularity,
) -> Response:
    body = restricted_presentation(voltpass.store, reader, build, level, utc_now())
    response = Response(body, media_type=MEDIA_TYPE)
    _private(response)
    return response


@router.get("/battery-models/{model_id}/attributes")
def get_model_attributes(
    voltpass: VoltpassDep,
    reader: ReaderDep,
    response: Response,
    model_id: str,
    operator: Owner = None,
) -> dict[str, Any]:
    """A model's attributes, as far as the caller may see them."""
    owner = _owner(reader, operator)
    return _view(voltpass, reader, lambda t: model_sheet(t, owner, model_id), response)


@router.get("/batches/{batch_id}/attributes")
def get_batch_attributes(
    voltpass: VoltpassDep,
    reader: ReaderDep,
    response: Response,
    batch_id: str,
    operator: Owner = None,
) -> dict[str, Any]:
    """An issued batch's attributes."""
    owner = _owner(reader, operator)
    return _view(voltpass, reader, lambda t: batch_sheet(t, owner, batch_id), response)


@router.get("/passports/{passport_id}/attributes")
def get_passport_attributes(
    voltpass: VoltpassDep, reader: ReaderDep, response: Response, passport_id: str
) -> dict[str, Any]:
    """A battery's attributes merged with its batch's and model's, as far as the caller may see them."""
    return _view(voltpass, reader, lambda t: passport_sheet(t, passport_id), response)


@router.get(
    "/battery-models/{model_id}/restricted",
    response_class=Response,
    responses=content(MEDIA_TYPE),
)
def get_model_restricted(
    voltpass: VoltpassDep, reader: ReaderDep, model_id: str, operator: Owner = None
) -> Response:
    """A model's restricted attributes as SD-JWT VC, with the caller's disclosures only."""
    owner = _owner(reader, operator)
    return _presentation(
        voltpass, reader, lambda t: model_sheet(t, owner, model_id), Granularity.MODEL
    )


@router.get(
    "/passports/{passport_id}/restricted/{level}",
    response_class=Response,
    responses=content(MEDIA_TYPE),
)
def get_passport_restricted(
    voltpass: VoltpassDep, reader: ReaderDep, passport_id: str, level: Literal["model", "item"]
) -> Response:
    """A battery's or its model's restricted attributes as SD-JWT VC, with the caller's disclosures only."""
    return _presentation(
        voltpass, reader, lambda t: passport_sheet(t, passport_id), Granularity(level)
    )


def _versions(
    voltpass: Voltpass, caller: EconomicOperator, level: Granularity, subject_id: str
) -> Sequence[dict[str, Any]]:
    return version_history(voltpass.store, caller, level, subject_id, utc_now())


@router.get("/battery-models/{model_id}/attributes/versions")
def get_model_attribute_versions(
    voltpass: VoltpassDep, caller: CallerDep, response: Response, model_id: str
) -> dict[str, Any]:
    """Every version of an own model's attributes with actor, reason and time, newest first."""
    _private(response)
    return {"versions": _versions(voltpass, caller, Granularity.MODEL, model_id)}


@router.get("/passports/{passport_id}/attributes/versions")
def get_passport_attribute_versions(
    voltpass: VoltpassDep, caller: CallerDep, response: Response, passport_id: str
) -> dict[str, Any]:
    """Every version of a battery's attributes with actor, reason and time, for who is responsible.

    Newest first. Who issued the passport sees the versions that it wrote, also when another is
    responsible by now.
    """
    _private(response)
    return {"versions": _versions(voltpass, caller, Granularity.ITEM, passport_id)}


@router.get("/battery-models/{model_id}/completeness")
def get_model_completeness(
    voltpass: VoltpassDep,
    caller: CallerDep,
    response: Response,
    model_id: str,
    profile: str = DEFAULT_PROFILE,
    batch: str | None = None,
    on: OnDay = None,
) -> dict[str, Any]:
    """What an own model still lacks, before or after issuing; with a batch also what that lacks."""
    _private(response)
    with voltpass.store.reading() as reading:
        day = on or utc_now().date()
        return model_report(reading, caller.id, model_id, profile, day, batch).to_document()


@router.get("/passports/{passport_id}/completeness")
def get_passport_completeness(
    voltpass: VoltpassDep,
    caller: CallerDep,
    response: Response,
    passport_id: str,
    profile: str | None = None,
    on: OnDay = None,
) -> dict[str, Any]:
    """What an own battery still lacks."""
    _private(response)
    with voltpass.store.reading() as reading:
        report = passport_report(reading, passport_id, profile, on or utc_now().date())
        require_owner(caller, report)
        return report.to_document()
