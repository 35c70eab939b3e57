"""Evidence beside passports that everybody may read: Token Status Lists and proofs of the log."""

from typing import Final

from fastapi import Response

from api.authentication import VoltpassDep
from api.routes.documents import content
from api.routes.router import Router
from passports.certification.certify import certificate_log_proof
from passports.documents import utc_now
from passports.restricted import restricted_log_proof
from passports.token_status import publish_token_status_list
from passports.verification.collection import STATUS_JWT_MEDIA_TYPE

router = Router(prefix="/v1", tags=["public"])
# As long as the other form of the same list: a revocation shows within five minutes.
_CACHE: Final = "public, max-age=300"


@router.get(
    "/status-lists/{operator_id}/{list_id}/token",
    response_class=Response,
    responses=content(STATUS_JWT_MEDIA_TYPE),
)
def get_token_status_list(voltpass: VoltpassDep, operator_id: str, list_id: str) -> Response:
    """A revocation list as a signed Token Status List, for holders of SD-JWT."""
    body = publish_token_status_list(
        voltpass.store, voltpass.keyring, voltpass.address, operator_id, list_id, utc_now()
    )
    return Response(body, media_type=STATUS_JWT_MEDIA_TYPE, headers={"Cache-Control": _CACHE})


@router.get(
    "/restricted/{credential_id}/log-proof",
    response_class=Response,
    responses=content("text/plain"),
)
def get_restricted_log_proof(voltpass: VoltpassDep, credential_id: str) -> Response:
    """The proof that a restricted credential is in the log; it tells nothing of what that says."""
    return Response(restricted_log_proof(voltpass.store, credential_id), media_type="text/plain")


@router.get(
    "/certificates/{certificate_id}/log-proof",
    response_class=Response,
    responses=content("text/plain"),
)
def get_certificate_log_proof(voltpass: VoltpassDep, certificate_id: str) -> Response:
    """The proof that a certificate which was signed here is in the log."""
    return Response(certificate_log_proof(voltpass.store, certificate_id), media_type="text/plain")
