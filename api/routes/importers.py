"""What importers and anybody else call to verify a passport. No key is needed."""

from functools import cache, partial
from typing import Annotated

import orjson
from anyio import CapacityLimiter, to_thread
from fastapi import Body, Depends, File, Query, Request, Response, UploadFile
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile as StarletteUploadFile

from api.authentication import VoltpassDep, require_json
from api.handed_in import require_passport
from api.routes.documents import VerificationRead
from api.routes.router import Router
from api.verifying import verify_input, verify_list
from api.wiring import Voltpass
from passports.documents import Document
from passports.errors import Finding, InvalidInputError
from passports.shipments import MAX_REFERENCE
from signing.report import VerificationReport

router = Router(prefix="/v1", tags=["importers"])
MAX_BODY_BYTES = 20 * 1024 * 1024
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class VerificationRequest(Document):
    """What is to be verified: the printed link, or the signed passport itself, or both."""

    link: str | None = None
    credential: str | None = None


@router.post("/verify", dependencies=[Depends(require_json)])
async def post_verify(
    voltpass: VoltpassDep,
    request: Annotated[VerificationRequest, Body()],
) -> VerificationRead:
    """Verify a passport by its link or its signed bytes: verdict and numbered steps.

    The answer is 200 whatever the verdict; `verdict` is valid, valid_with_warnings, invalid or
    cannot_tell. With both, the passport is held against the scanned link.
    """
    data = request.credential.encode() if request.credential is not None else None
    return await _verified(voltpass, data, request.link)


@router.post("/verify/image")
async def post_verify_image(
    voltpass: VoltpassDep, image: Annotated[UploadFile, File(description="picture of a label")]
) -> VerificationRead:
    """Verify the passport behind the QR code in a picture (PNG or JPEG)."""
    data = await image.read(MAX_BODY_BYTES + 1)
    if len(data) > MAX_BODY_BYTES:
        reason = f"the picture is larger than {MAX_BODY_BYTES} bytes"
        raise InvalidInputError([Finding("image", "", reason, "Send a smaller one.")])
    require_passport(data)
    return await _verified(voltpass, data, None)


async def _verified(voltpass: Voltpass, data: bytes | None, link: str | None) -> VerificationRead:
    check = partial(verify_input, voltpass, data, link)
    return _read(await to_thread.run_sync(check, limiter=_strangers()))


# Whoever hands something in makes this server wait for others'. So many threads may wait; all others serve.
@cache
def _strangers() -> CapacityLimiter:
    return CapacityLimiter(8)


@router.post(
    "/shipments",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "text/csv": {"schema": {"type": "string"}},
                "text/plain": {"schema": {"type": "string"}},
                _XLSX: {"schema": {"type": "string", "format": "binary"}},
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "required": ["file"],
                        "properties": {
                            "file": {"type": "string", "format": "binary"},
                            "reference": {"type": "string", "maxLength": MAX_REFERENCE},
                        },
                    }
                },
            },
        }
    },
    responses={200: {"content": {"application/pdf": {}}}},
)
async def post_shipment(
    voltpass: VoltpassDep, request: Request, reference: Annotated[str, Query()] = ""
) -> Response:
    """Verify a whole container: CSV (link, or gtin and serial), XLSX, or one link a line.

    Up to 10,000 rows, each with its verdict; links that repeat, that lead to another host, and unknown
    batteries are named. `reference` (at most 100 characters, also as part of a form) is your own name
    for the shipment. The receipt is signed; on `Accept: application/pdf` it comes as PDF for the customs
    file. `voltpass verify` checks either.
    """
    data, of_form = await _shipment_list(request)
    receipt = await run_in_threadpool(verify_list, voltpass, data, reference or of_form)
    if "application/pdf" in request.headers.get("accept", ""):
        from passports.receipts import receipt_pdf  # noqa: PLC0415 # the PDF library only where needed

        pdf = await run_in_threadpool(receipt_pdf, receipt)
        return Response(pdf, media_type="application/pdf")
    return Response(orjson.dumps(receipt.to_document()), media_type="application/json")


async def _shipment_list(request: Request) -> tuple[bytes, str]:
    """Return the list that was sent (the body, or the `file` part of a form), and a form's reference."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "multipart/form-data":
        return await request.body(), ""
    async with request.form(max_files=1) as form:
        part = form.get("file")
        if isinstance(part, StarletteUploadFile):
            reference = form.get("reference", "")
            return await part.read(), reference if isinstance(reference, str) else ""
    finding = Finding(
        "file", "", "the form has no file of this name", "Send the list as the part file."
    )
    raise InvalidInputError([finding], "the form")


def _read(report: VerificationReport) -> VerificationRead:
    credential = dict(report.credential) if report.credential is not None else None
    return VerificationRead.model_validate({**report.to_document(), "credential": credential})
