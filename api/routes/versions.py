"""Versions of passports, the life cycle of batteries, and their measured values."""

from typing import Annotated, Any, Final

import orjson
from fastapi import Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse
from pydantic import Field

from api.authentication import CallerDep, JsonCallerDep, ReaderDep, VoltpassDep
from api.negotiation import choose_form
from api.passport_document import passport_document
from api.routes.documents import PassportRead, content
from api.routes.public import passport_html
from api.routes.router import Router
from api.wiring import Voltpass
from passports.authority.callers import Caller
from passports.documents import Document, Printable, Slug, utc_now
from passports.dynamic.data import (
    DynamicDataCreate,
    Recording,
    import_dynamic_data,
    record_dynamic_data,
)
from passports.errors import InvalidInputError
from passports.identifiers import check_gtin, parse_digital_link
from passports.life.after_cessation import is_open_to_all, require_readable
from passports.life.battery_life import life_cycle_of, measured_series
from passports.life.transitions import transitions
from passports.life.versions import (
    PassportChange,
    difference,
    get_version,
    is_writer,
    list_versions,
    new_version,
)
from passports.resolve import log_proof, passport_by_id, version_number
from passports.verification.collection import CREDENTIAL_MEDIA_TYPE

router = Router(prefix="/v1", tags=["versions"])
_BRIEFLY: Final = "public, max-age=60"
_NEVER: Final = {"Cache-Control": "no-store", "Vary": "Authorization"}
_FILES: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            "application/x-ndjson": {"schema": {"type": "string"}},
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {
                "schema": {"type": "string", "format": "binary"}
            },
        },
    }
}


pages = Router(include_in_schema=False, default_response_class=HTMLResponse)


@pages.get("/passports/{passport_id}/versions/{number}")
def get_version_page(voltpass: VoltpassDep, passport_id: str, number: str) -> HTMLResponse:
    """The page of one version of a passport; an old one says that it is.

    Of a passport that has ceased to exist, its tombstone: no earlier version is public any more.
    """
    stored = get_version(voltpass.store, passport_id, version_number(number))
    if not is_open_to_all(voltpass.store, stored):
        stored = passport_by_id(voltpass.store, passport_id)
    identifier = parse_digital_link(str(stored.payload()["credentialSubject"]["id"]))
    page = passport_html(voltpass, identifier, stored)
    return HTMLResponse(page, status_code=410 if stored.has_ceased else 200)


class LifeCycleChange(Document):
    """What a battery becomes, and why."""

    status: Annotated[str, Field(max_length=32), Printable]
    reason: Annotated[str, Field(min_length=1, max_length=500), Printable]
    successor_id: Annotated[str, Field(max_length=64), Printable] | None = None
    responsible_operator_id: Slug | None = None
    expected_version: Annotated[int, Field(ge=1)] | None = None


class ImportOptions(Document):
    """How an export is to be treated; a misspelt option is refused, not passed over."""

    partial: Annotated[bool, Field(description="take good rows, name the others")] = False
    gtin: Annotated[str | None, Field(description="model of rows that give a serial alone")] = None


@router.get("/passports/{passport_id}/versions")
def get_versions(
    voltpass: VoltpassDep, reader: ReaderDep, response: Response, passport_id: str
) -> dict[str, Any]:
    """All versions of a passport, oldest first; who is responsible for it also sees the reasons."""
    versions = list_versions(voltpass.store, passport_id)
    if _knows_reasons(voltpass, reader, passport_id):
        response.headers.update(_NEVER)
        return {"passport": passport_id, "versions": [v.to_private_document() for v in versions]}
    response.headers.update({"Cache-Control": _BRIEFLY, "Vary": "Authorization"})
    return {"passport": passport_id, "versions": [v.to_document() for v in versions]}


def _knows_reasons(voltpass: Voltpass, reader: Caller | None, passport_id: str) -> bool:
    # Authorities do not see Annex XIII, point 4, and a reason can tell of it.
    if reader is None:
        return False
    with voltpass.store.reading() as reading:
        row = reading.passports.by_id(passport_id)
        return row is not None and is_writer(reading, row, reader.id)


@router.get(
    "/passports/{passport_id}/versions/{number}",
    response_class=Response,
    responses={200: {"model": PassportRead, "content": {CREDENTIAL_MEDIA_TYPE: {}}}},
)
def get_passport_version(
    voltpass: VoltpassDep, reader: ReaderDep, passport_id: str, number: str, request: Request
) -> Response:
    """One version: JSON, or the signed credential on `Accept: application/vc+jwt`; it never changes.

    Once the passport has ceased to exist, its earlier versions are for authorities and who is
    responsible for it: 410 for everybody else.
    """
    stored = get_version(voltpass.store, passport_id, version_number(number))
    headers = dict(_NEVER)
    if require_readable(voltpass.store, reader, stored):
        headers = {"Cache-Control": _BRIEFLY, "Vary": "Accept, Authorization"}
    if choose_form(request.headers.get("accept", "")) == "credential":
        return Response(stored.credential, media_type=CREDENTIAL_MEDIA_TYPE, headers=headers)
    body = orjson.dumps(passport_document(voltpass.address, stored))
    return Response(body, media_type="application/json", headers=headers)


@router.get(
    "/passports/{passport_id}/versions/{number}/log-proof",
    response_class=Response,
    responses=content("text/plain"),
)
def get_version_log_proof(voltpass: VoltpassDep, passport_id: str, number: str) -> Response:
    """The proof that a version is in the transparency log (c2sp.org/tlog-proof)."""
    body = log_proof(voltpass.store, passport_id, version_number(number))
    return Response(body, media_type="text/plain")


@router.get("/passports/{passport_id}/versions/{number}/difference")
def get_version_difference(
    voltpass: VoltpassDep,
    reader: ReaderDep,
    response: Response,
    passport_id: str,
    number: str,
    older: Annotated[
        str | None, Query(alias="from", description="a version; the one before by default")
    ] = None,
) -> dict[str, Any]:
    """How a version differs from an earlier one, as a JSON Merge Patch (RFC 7396)."""
    to = version_number(number)
    base = version_number(older) if older is not None else max(1, to - 1)
    old = get_version(voltpass.store, passport_id, base)
    new = get_version(voltpass.store, passport_id, to)
    is_public = all(require_readable(voltpass.store, reader, version) for version in (old, new))
    headers = {"Cache-Control": _BRIEFLY, "Vary": "Authorization"} if is_public else _NEVER
    response.headers.update(headers)
    return {"passport": passport_id, "from": base, "to": to, "patch": difference(old, new)}


def _changed(
    voltpass: Voltpass, caller: Caller, passport_id: str, change: PassportChange
) -> dict[str, Any]:
    stored = new_version(
        voltpass.store,
        voltpass.keyring,
        voltpass.address,
        caller.id,
        passport_id,
        change,
        utc_now(),
        caller.actor_id,
    )
    link = stored.payload()["credentialSubject"]["id"]
    return {"id": stored.id, "version": stored.version, "link": link, "sha256": stored.sha256}


@router.patch("/passports/{passport_id}")
def patch_passport(
    voltpass: VoltpassDep, caller: JsonCallerDep, passport_id: str, request: PassportChange
) -> dict[str, Any]:
    """Change a passport: the next version, signed; what changes nothing makes none.

    For the operator that is responsible for it, and for who issued it in its name. Restricted
    values are signed as SD-JWT VC, and do not stand in the public version.
    """
    return _changed(voltpass, caller, passport_id, request)


@router.get("/life-cycle")
def get_life_cycle_table() -> dict[str, Any]:
    """The life cycle of batteries as a table: which way it goes, who may say so, what follows."""
    return {"transitions": [transition.to_document() for transition in transitions().values()]}


@router.get("/passports/{passport_id}/life-cycle")
def get_life_cycle(
    voltpass: VoltpassDep, reader: ReaderDep, response: Response, passport_id: str
) -> dict[str, Any]:
    """A battery's status and where its life can go; for a legitimate interest (Annex XIII, 4(c))."""
    response.headers.update(_NEVER)
    return life_cycle_of(voltpass.store, reader, passport_id, utc_now())


@router.post("/passports/{passport_id}/life-cycle")
def post_life_cycle(
    voltpass: VoltpassDep, caller: JsonCallerDep, passport_id: str, request: LifeCycleChange
) -> dict[str, Any]:
    """Say what a battery has become; its passport follows: a version, a new passport, or its end."""
    change = PassportChange(
        reason=request.reason,
        life_cycle_status=request.status,
        **request.model_dump(exclude={"reason", "status"}),
    )
    return _changed(voltpass, caller, passport_id, change)


@router.get("/passports/{passport_id}/dynamic-data")
def get_dynamic_data(
    voltpass: VoltpassDep,
    reader: ReaderDep,
    response: Response,
    passport_id: str,
    attribute: Annotated[str | None, Query(description="one attribute; all by default")] = None,
) -> dict[str, Any]:
    """A battery's measured values with their times; for a legitimate interest (Annex XIII, 4)."""
    response.headers.update(_NEVER)
    return measured_series(voltpass.store, reader, passport_id, attribute, utc_now())


@router.post("/passports/{passport_id}/dynamic-data")
def post_dynamic_data(
    voltpass: VoltpassDep, caller: JsonCallerDep, passport_id: str, request: DynamicDataCreate
) -> dict[str, Any]:
    """Send measured values of one battery; the same values again are nothing new."""
    recording = Recording(caller.id, utc_now(), acting_id=caller.actor_id)
    report = record_dynamic_data(
        voltpass.store, voltpass.keyring, voltpass.address, passport_id, request, recording
    )
    return report.to_document()


@router.post("/dynamic-data", openapi_extra=_FILES)
async def post_dynamic_data_file(
    voltpass: VoltpassDep,
    caller: CallerDep,
    request: Request,
    options: Annotated[ImportOptions, Query()],
) -> dict[str, Any]:
    """Send an export of a battery management system as CSV, NDJSON or XLSX; all or nothing by default."""
    wrong = check_gtin(options.gtin) if options.gtin is not None else None
    if wrong is not None:
        raise InvalidInputError([wrong], "the address")
    data = await request.body()
    recording = Recording(caller.id, utc_now(), options.partial, options.gtin, caller.actor_id)
    report = await run_in_threadpool(
        import_dynamic_data, voltpass.store, voltpass.keyring, voltpass.address, data, recording
    )
    return report.to_document()
