"""What everybody may read: passports by link and identifier, their evidence, keys and QR codes.

The printed link is a plain ASGI route: stored bytes, an ETag, no object-relational mapper and no
re-serialisation, so that a cache in front of it can carry the load.
"""

from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import Query
from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.authentication import ReaderDep, VoltpassDep, running
from api.labelling import label_of
from api.negotiation import choose_another, choose_form, is_current
from api.page_facts import facts_beside
from api.passport_document import passport_document
from api.routes.documents import PassportRead, content
from api.routes.router import Router
from api.verifying import own_records
from api.wiring import Voltpass
from passports import data_carrier
from passports.certification.certificates import get_certificate
from passports.certification.certify import status_document
from passports.continuity import Standing, continuity_of
from passports.documents import Instant, utc_now
from passports.embedded_proof import SECURED_MEDIA_TYPE, with_embedded_proof
from passports.errors import Finding, FormUnavailableError, OperatorReadOnlyError
from passports.identifiers import UniqueProductIdentifier, parse_digital_link
from passports.kept_logs import kept_tile
from passports.life.after_cessation import require_readable
from passports.life.versions import list_versions, version_at
from passports.life.withdrawal import standing_of
from passports.log import checkpoint, parse_tile_path, read_tile
from passports.resolve import (
    StoredPassport,
    did_document,
    evidence_from_store,
    find_passport,
    key_set,
    log_proof,
    passport_by_id,
    printed_link,
)
from passports.status_lists import publish_status_list
from passports.verification.checks import BatteryEvidence
from passports.verification.collection import CREDENTIAL_MEDIA_TYPE, CollectedEvidence
from passports.verification.passport import verify_passport

router = Router(tags=["public"])
# A newer version or a revocation shows within a minute; the ETag spares the bytes.
_CACHE: Final = "public, max-age=60"
_IMMUTABLE: Final = "public, max-age=31536000, immutable"


async def get_by_link(request: Request) -> Response:
    """The printed link: a page for a person, the signed credential or JSON by Accept."""
    voltpass = running(request)
    # The path as sent, so that an encoded slash in a serial stays part of the serial.
    raw_path: bytes = request.scope.get("raw_path", request.url.path.encode())
    path = raw_path.partition(b"?")[0].decode("ascii", errors="replace")
    identifier = parse_digital_link(f"https://here{path}")
    if voltpass.store.is_sqlite:
        stored = find_passport(voltpass.store, identifier)  # in-loop: faster than a thread's hop
    else:
        stored = await run_in_threadpool(find_passport, voltpass.store, identifier)
    accept = request.headers.get("accept", "")
    form, secured = choose_form(accept), b""
    if form == "secured":
        try:
            secured = await run_in_threadpool(
                with_embedded_proof, voltpass.store, voltpass.keyring, stored, utc_now()
            )
        except OperatorReadOnlyError as error:  # nobody signs anew for an operator that is gone
            other = choose_another(accept, form)
            if other is None:
                raise _no_embedded_proof(error) from None
            form = other
    etag = f'"{stored.sha256[:32]}-{form}"'
    headers = {"ETag": etag, "Cache-Control": _CACHE, "Vary": "Accept"}
    if form == "html":
        page = await run_in_threadpool(passport_html, voltpass, identifier, stored)
        headers = {"Cache-Control": "no-cache", "Vary": "Accept"}
        status = 410 if stored.has_ceased else 200
        return Response(page, status, media_type="text/html", headers=headers)
    if is_current(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    if form == "credential":
        return Response(stored.credential, media_type=CREDENTIAL_MEDIA_TYPE, headers=headers)
    if form == "secured":
        return Response(secured, media_type=SECURED_MEDIA_TYPE, headers={"Vary": "Accept"})
    body = orjson.dumps(passport_document(voltpass.address, stored))
    # The tombstone: gone, and this is what is left (RFC 9110, section 15.5.11).
    status = 410 if stored.has_ceased else 200
    return Response(body, status, media_type="application/json", headers=headers)


def _no_embedded_proof(error: OperatorReadOnlyError) -> FormUnavailableError:
    """Say why there is no proof, and which forms there are (RFC 9110, section 15.5.7)."""
    there = f"{CREDENTIAL_MEDIA_TYPE}, application/json, text/html"
    why = error.findings[0].reason if error.findings else error.message
    reason = f"this proof is made when it is asked for, and nobody signs for this operator: {why}"
    finding = Finding("Accept", SECURED_MEDIA_TYPE, reason, f"Ask for one of {there}.")
    message = f"The passport is here as {there}, not with an embedded proof."
    return FormUnavailableError(message, [finding])


LINK_ROUTE: Final = Route("/01/{gtin}/21/{serial:path}", get_by_link, methods=["GET", "HEAD"])


def passport_html(
    voltpass: Voltpass, identifier: UniqueProductIdentifier, stored: StoredPassport
) -> str:
    """Return the page of a version of a passport, checked as anybody would check it."""
    from api.pages import render  # noqa: PLC0415 # templates are loaded for people only

    link = printed_link(voltpass.store, voltpass.address, identifier, stored)
    evidence: CollectedEvidence = evidence_from_store(own_records(voltpass), [stored.credential])
    versions = list_versions(voltpass.store, stored.id)
    battery = BatteryEvidence(scanned_link=link, newest_version=versions[-1].version)
    report = verify_passport(stored.credential, evidence, voltpass.trust_list(), battery, utc_now())
    with voltpass.store.reading() as reading:
        row = reading.passports.by_id(stored.id)
        continuity = continuity_of(reading, row.operator_id) if row is not None else None
        standing = standing_of(reading, row) if row is not None else None
        beside = facts_beside(reading, stored, evidence, standing)
    is_live = continuity is None or continuity.standing is Standing.LIVE
    return render.passport_page(
        stored.payload(),
        report,
        qr_svg=data_carrier.draw(link, "svg").decode(),
        link=link,
        checked_online=True,
        versions=versions,
        continuity=None if is_live else continuity,
        beside=beside,
    )


@router.get(
    "/v1/passports/{passport_id}",
    response_class=Response,
    responses={200: {"model": PassportRead, "content": {CREDENTIAL_MEDIA_TYPE: {}}}},
)
def get_passport(
    voltpass: VoltpassDep,
    reader: ReaderDep,
    passport_id: str,
    request: Request,
    at: Annotated[
        Instant | None, Query(description="an instant; the newest version by default")
    ] = None,
) -> Response:
    """A passport by its identifier: JSON, or the signed credential on `Accept: application/vc+jwt`."""
    headers = {"Cache-Control": _CACHE, "Vary": "Accept"}
    if at is None:
        stored = passport_by_id(voltpass.store, passport_id)
    else:
        stored = version_at(voltpass.store, passport_id, at)
        headers["Vary"] = "Accept, Authorization"
        if not require_readable(voltpass.store, reader, stored):
            headers["Cache-Control"] = "no-store"
    if choose_form(request.headers.get("accept", "")) == "credential":
        return Response(stored.credential, media_type=CREDENTIAL_MEDIA_TYPE, headers=headers)
    body = orjson.dumps(passport_document(voltpass.address, stored))
    return Response(body, media_type="application/json", headers=headers)


@router.get(
    "/v1/passports/{passport_id}/qr.{form}",
    response_class=Response,
    responses=content("image/svg+xml", "image/png"),
)
def get_qr(voltpass: VoltpassDep, passport_id: str, form: Literal["svg", "png"]) -> Response:
    """The QR code of a passport's link, as SVG or PNG."""
    link = passport_by_id(voltpass.store, passport_id).payload()["credentialSubject"]["id"]
    media_type = "image/svg+xml" if form == "svg" else "image/png"
    body = data_carrier.draw(link, form)
    return Response(body, media_type=media_type, headers={"Cache-Control": _IMMUTABLE})


@router.get(
    "/v1/passports/{passport_id}/label.svg",
    response_class=Response,
    responses=content("image/svg+xml"),
)
def get_label(voltpass: VoltpassDep, passport_id: str, *, seal: bool = False) -> Response:
    """The printable label of a battery as SVG in millimetres; `seal=true` adds an offline seal."""
    svg = label_of(voltpass, passport_id, sealed=seal)
    return Response(svg, media_type="image/svg+xml")


@router.get(
    "/v1/passports/{passport_id}/log-proof",
    response_class=Response,
    responses=content("text/plain"),
)
def get_log_proof(voltpass: VoltpassDep, passport_id: str) -> Response:
    """The proof that a passport's first version is in the transparency log (c2sp.org/tlog-proof)."""
    return Response(log_proof(voltpass.store, passport_id), media_type="text/plain")


def _log_asked_for(request: Request) -> str:
    """Return the name of the log that is meant: logs of other servers are kept under their own host."""
    return f"{request.headers.get('host', '')}/log"


@router.get("/log/checkpoint", response_class=Response, responses=content("text/plain"))
def get_checkpoint(voltpass: VoltpassDep, request: Request) -> Response:
    """The signed head of the transparency log (c2sp.org/tlog-checkpoint)."""
    with voltpass.store.reading() as reading:
        kept = reading.kept_logs.get(_log_asked_for(request))
        body = checkpoint(reading) if kept is None else kept.checkpoint
    return Response(body, media_type="text/plain", headers={"Cache-Control": "no-cache"})


@router.get(
    "/log/{tile:path}", response_class=Response, responses=content("application/octet-stream")
)
def get_tile(voltpass: VoltpassDep, tile: str, request: Request) -> Response:
    """A tile of the transparency log, or a bundle of its entries (c2sp.org/tlog-tiles)."""
    place = parse_tile_path(tile)
    with voltpass.store.reading() as reading:
        kept = reading.kept_logs.get(_log_asked_for(request))
        body = (
            read_tile(reading, *place) if kept is None else kept_tile(reading, kept.origin, *place)
        )
    headers = {"Cache-Control": _IMMUTABLE}
    return Response(body, media_type="application/octet-stream", headers=headers)


@router.get("/v1/certificates/{certificate_id}")
def get_certificate_claims(voltpass: VoltpassDep, certificate_id: str) -> dict[str, Any]:
    """What was read off a factory certificate."""
    with voltpass.store.reading() as reading:
        return get_certificate(reading, certificate_id)[0].model_dump(mode="json")


@router.get("/v1/certificates/{certificate_id}/status")
def get_certificate_status(voltpass: VoltpassDep, certificate_id: str) -> dict[str, Any]:
    """Where a certificate stands: planned, valid, expiring, expired, suspended or withdrawn, and why."""
    return status_document(voltpass.store, certificate_id, utc_now())


@router.get(
    "/v1/certificates/{certificate_id}/document",
    response_class=Response,
    responses=content("application/octet-stream"),
)
def get_certificate_document(voltpass: VoltpassDep, certificate_id: str) -> Response:
    """The exact bytes of a certificate's document."""
    with voltpass.store.reading() as reading:
        document = get_certificate(reading, certificate_id)[1]
    # Somebody else's file: it is handed over, never rendered under this server's name.
    headers = {
        "Content-Disposition": f'attachment; filename="{certificate_id}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": _IMMUTABLE,
    }
    return Response(document, media_type="application/octet-stream", headers=headers)


@router.get(
    "/v1/status-lists/{operator_id}/{list_id}",
    response_class=Response,
    responses=content(CREDENTIAL_MEDIA_TYPE),
)
def get_status_list(voltpass: VoltpassDep, operator_id: str, list_id: str) -> Response:
    """A signed Bitstring Status List of an operator's passports."""
    body = publish_status_list(
        voltpass.store, voltpass.keyring, voltpass.address, operator_id, list_id, utc_now()
    )
    headers = {"Cache-Control": "public, max-age=300"}
    return Response(body, media_type=CREDENTIAL_MEDIA_TYPE, headers=headers)


@router.get(
    "/operators/{operator_id}/jwks.json",
    response_class=Response,
    responses=content("application/jwk-set+json"),
)
def get_operator_jwks(voltpass: VoltpassDep, operator_id: str) -> Response:
    """An operator's keys that are not compromised, as a JSON Web Key Set (RFC 7517)."""
    body = orjson.dumps(key_set(voltpass.store, operator_id))
    headers = {"Cache-Control": _CACHE}
    return Response(body, media_type="application/jwk-set+json", headers=headers)


@router.get(
    "/operators/{operator_id}/did.json",
    response_class=Response,
    responses=content("application/did+json"),
)
def get_operator_did(voltpass: VoltpassDep, operator_id: str) -> Response:
    """An operator's DID document (did:web) with the keys under which it signs."""
    body = orjson.dumps(did_document(voltpass.store, operator_id))
    return Response(body, media_type="application/did+json", headers={"Cache-Control": _CACHE})
