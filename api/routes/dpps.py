"""The calls of EN 18222: digital product passports by identifier, product, date and element.

Refusals are the standard's result object (api/dpp_results.py). Identifiers and paths in an address are
percent-encoded; see api/raw_paths.py.
"""

from typing import Annotated, Any, Final
from urllib.parse import quote

import orjson
from fastapi import Body, Depends, Path, Query, Request, Response, status
from pydantic import BaseModel, ConfigDict, Field

from api.authentication import (
    CallerDep,
    ManufacturerDep,
    ReaderDep,
    VoltpassDep,
    require_json,
)
from api.raw_paths import RawPathRoute
from api.routes.router import Router
from passports.documents import Printable, utc_now
from passports.dpp.change import Editing
from passports.dpp.creation import Creating
from passports.dpp.discovery import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    ProductIdQuery,
    find_dpp_ids,
)
from passports.dpp.document import DppStatus, Representation
from passports.dpp.instants import read_instant
from passports.dpp.read import Reading

router = Router(prefix="/v1", tags=["EN 18222"], route_class=RawPathRoute)
_BY_ID: Final = "/dpps/{dppId}"
_BY_DATE: Final = "/dppsByIdAndDate/{dppId}"
_ELEMENT: Final = "/dpps/{dppId}/elements/{elementIdPath:path}"

DppIdPath = Annotated[
    str,
    Path(
        alias="dppId",
        description="urn:uuid:…, or the battery's GS1 Digital Link; percent-encoded",
    ),
]
ElementPathPath = Annotated[
    str,
    Path(
        alias="elementIdPath",
        description="RFC 9535 JSONPath of one element, such as $.rated_energy_kwh; percent-encoded",
    ),
]
Form = Annotated[Representation, Query(description="the form of the payload (EN 18222, 8.1)")]
Reason = Annotated[
    Annotated[str, Field(min_length=1, max_length=500), Printable] | None,
    Query(description="why, for the archive of changes; an addition to the standard"),
]


class DigitalProductPassportRead(BaseModel):
    """A passport: header (EN 18223, Table 1), and its elements by name, or as `elements`."""

    model_config = ConfigDict(extra="allow")

    digitalProductPassportId: str  # noqa: N815 # the standard's own names
    uniqueProductIdentifier: str  # noqa: N815
    granularity: str
    dppSchemaVersion: str  # noqa: N815
    dppStatus: DppStatus  # noqa: N815
    lastUpdate: str  # noqa: N815
    lastUpdated: str  # noqa: N815
    economicOperatorId: str  # noqa: N815
    facilityId: str  # noqa: N815
    contentSpecificationIds: list[str]  # noqa: N815


class DataElementRead(BaseModel):
    """A data element (EN 18223, 4.1.2.3)."""

    model_config = ConfigDict(extra="allow")

    elementId: str  # noqa: N815 # the standard's own name


class DppIdPageRead(BaseModel):
    """Identifiers of passports; `nextCursor` where more follow."""

    dppIds: list[str]  # noqa: N815 # the standard's own names
    nextCursor: str = ""  # noqa: N815


class CreateDppResultRead(BaseModel):
    """The identifier of a passport that was created."""

    digitalProductPassportId: str  # noqa: N815 # the standard's own name


_PASSPORT: Final[dict[int | str, dict[str, Any]]] = {200: {"model": DigitalProductPassportRead}}
_ONE_ELEMENT: Final[dict[int | str, dict[str, Any]]] = {200: {"model": DataElementRead}}
_MERGE_PATCH: Final[dict[str, Any]] = {
    "requestBody": {
        "content": {
            "application/merge-patch+json": {"schema": {"type": "object", "title": "Patch"}}
        }
    }
}


def _answer(document: dict[str, Any], status_code: int = 200) -> Response:
    # The answer depends on who asks: no cache may give it to another.
    headers = {"Cache-Control": "no-store", "Vary": "Authorization"}
    body = orjson.dumps(document)
    return Response(body, status_code, headers, media_type="application/json")


async def _reading(
    voltpass: VoltpassDep, reader: ReaderDep, representation: Form = Representation.COMPRESSED
) -> Reading:
    return Reading(voltpass.store, voltpass.address, reader, representation, utc_now())


async def _editing(
    voltpass: VoltpassDep,
    caller: CallerDep,
    request: Request,
    representation: Form = Representation.COMPRESSED,
    reason: Reason = None,
) -> Editing:
    why = reason or f"EN 18222: {request.scope['route'].name.replace('_', ' ')}"
    store, keyring, address = voltpass.store, voltpass.keyring, voltpass.address
    acting_id = caller.acting_id
    return Editing(store, keyring, address, caller, representation, why, utc_now(), acting_id)


ReadingDep = Annotated[Reading, Depends(_reading)]
EditingDep = Annotated[Editing, Depends(_editing)]
JsonEditing = [Depends(require_json)]


@router.get(_ELEMENT, response_class=Response, responses=_ONE_ELEMENT)
def get_dpp_element(
    reading: ReadingDep, dpp_id: DppIdPath, element_id_path: ElementPathPath
) -> Response:
    """ReadDataElement (6.2): one element of a passport, as far as the caller may see it."""
    return _answer(reading.element(dpp_id, element_id_path))


@router.patch(_ELEMENT, response_class=Response, responses=_ONE_ELEMENT, dependencies=JsonEditing)
def patch_dpp_element(
    editing: EditingDep,
    dpp_id: DppIdPath,
    element_id_path: ElementPathPath,
    element: Annotated[dict[str, Any], Body()],
) -> Response:
    """UpdateDataElement (6.3): merge into one element; a value of null takes it away."""
    return _answer(editing.update_element(dpp_id, element_id_path, element, in_place=False))


@router.put(_ELEMENT, response_class=Response, responses=_ONE_ELEMENT, dependencies=JsonEditing)
def put_dpp_element(
    editing: EditingDep,
    dpp_id: DppIdPath,
    element_id_path: ElementPathPath,
    element: Annotated[dict[str, Any], Body()],
) -> Response:
    """UpdateDataElement (6.3), as other bindings of the standard have it: put an element in place."""
    return _answer(editing.update_element(dpp_id, element_id_path, element, in_place=True))


@router.get(_BY_ID, response_class=Response, responses=_PASSPORT)
def get_dpp(reading: ReadingDep, dpp_id: DppIdPath) -> Response:
    """ReadDPPById (4.2): a passport, as far as the caller may see it."""
    return _answer(reading.by_id(dpp_id))


@router.patch(
    _BY_ID,
    response_class=Response,
    responses=_PASSPORT,
    dependencies=JsonEditing,
    openapi_extra=_MERGE_PATCH,
)
def patch_dpp(
    editing: EditingDep, dpp_id: DppIdPath, patch: Annotated[dict[str, Any], Body()]
) -> Response:
    """UpdateDPPById (4.7): change parts of a passport (JSON Merge Patch), all of them or none."""
    return _answer(editing.update(dpp_id, patch))


@router.delete(_BY_ID, response_class=Response, status_code=status.HTTP_204_NO_CONTENT)
def delete_dpp(editing: EditingDep, dpp_id: DppIdPath) -> Response:
    """DeleteDPPById (4.8): the battery was recycled; its passport ceases, and a tombstone remains."""
    editing.delete(dpp_id)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.get("/dppsByProductId/{productId:path}", response_class=Response, responses=_PASSPORT)
def get_dpp_by_product_id(
    reading: ReadingDep,
    product_id: Annotated[
        str,
        Path(alias="productId", description="GS1 Digital Link of the battery, percent-encoded"),
    ],
) -> Response:
    """ReadDPPByProductId (4.3): the newest version of a battery's passport."""
    return _answer(reading.by_product(product_id))


@router.get(_BY_DATE, response_class=Response, responses=_PASSPORT)
def get_dpp_by_id_and_date(
    reading: ReadingDep,
    dpp_id: DppIdPath,
    date: Annotated[str, Query(description="a time in UTC, such as 2027-02-18T12:00:00Z")],
) -> Response:
    """ReadDPPVersionByIdAndDate (4.4): the version that was the newest at a time."""
    return _answer(reading.by_date(dpp_id, read_instant(date, "date")))


@router.post(
    "/dppsByProductIds",
    response_class=Response,
    responses={200: {"model": DppIdPageRead}},
    dependencies=JsonEditing,
)
def post_dpps_by_product_ids(
    voltpass: VoltpassDep,
    query: ProductIdQuery,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
) -> Response:
    """ReadDPPIdsByProductIds (4.5): which passports there are for a list of batteries, in pages."""
    return _answer(find_dpp_ids(voltpass.store, query, limit, cursor))


@router.post(
    "/dpps",
    response_class=Response,
    responses={201: {"model": CreateDppResultRead}},
    status_code=status.HTTP_201_CREATED,
)
def post_dpp(
    voltpass: VoltpassDep,
    caller: ManufacturerDep,
    document: Annotated[dict[str, Any], Body()],
    representation: Form = Representation.COMPRESSED,
    reason: Reason = None,
) -> Response:
    """CreateDPP (4.6): issue the passport of one battery of an own model, from an own factory."""
    why = reason or "EN 18222: post dpp"
    store, keyring, address = voltpass.store, voltpass.keyring, voltpass.address
    acting_id, now = caller.acting_id, utc_now()
    creating = Creating(store, keyring, address, caller, representation, why, now, acting_id)
    dpp_id = creating.create(document)
    response = _answer({"digitalProductPassportId": dpp_id}, status.HTTP_201_CREATED)
    response.headers["Location"] = f"{address.base_url}/v1/dpps/{quote(dpp_id, safe='')}"
    return response
