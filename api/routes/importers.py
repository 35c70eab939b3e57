"""What importers and anybody else call to verify a passport. No key is needed."""

from typing import Annotated

from fastapi import APIRouter, Body, Depends, File, UploadFile

from api.authentication import VoltpassDep, require_json
from api.routes.documents import VerificationRead
from api.verifying import verify_input
from passports.documents import Document
from passports.errors import Finding, InvalidInputError
from signing.report import VerificationReport

router = APIRouter(prefix="/v1", tags=["importers"])
MAX_BODY_BYTES = 20 * 1024 * 1024


class VerificationRequest(Document):
    """What is to be verified: the printed link, or the signed passport itself, or both."""

    link: str | None = None
    credential: str | None = None


@router.post("/verify", dependencies=[Depends(require_json)])
def post_verify(
    voltpass: VoltpassDep,
    request: Annotated[VerificationRequest, Body()],
) -> VerificationRead:
    """Verify a passport by its link or its signed bytes: verdict and numbered steps.

    The answer is 200 whatever the verdict; `verdict` is valid, valid_with_warnings, invalid or
    cannot_tell. With both, the passport is held against the scanned link.
    """
    data = request.credential.encode() if request.credential is not None else None
    return _read(verify_input(voltpass, data, request.link))


@router.post("/verify/image")
def post_verify_image(
    voltpass: VoltpassDep, image: Annotated[UploadFile, File(description="picture of a label")]
) -> VerificationRead:
    """Verify the passport behind the QR code in a picture (PNG or JPEG)."""
    data = image.file.read(MAX_BODY_BYTES + 1)
    if len(data) > MAX_BODY_BYTES:
        reason = f"the picture is larger than {MAX_BODY_BYTES} bytes"
        raise InvalidInputError([Finding("image", "", reason, "Send a smaller one.")])
    return _read(verify_input(voltpass, data, None))


def _read(report: VerificationReport) -> VerificationRead:
    credential = dict(report.credential) if report.credential is not None else None
    return VerificationRead.model_validate({**report.to_document(), "credential": credential})
