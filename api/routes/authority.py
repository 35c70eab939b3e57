"""Who may do what: roles, identifiers, API keys, authorisations, acts under them, transfers."""

from typing import Annotated, Any, Final

from fastapi import Query, Request, Response, status
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from api.authentication import AuthorisingDep, CallerDep, JsonCallerDep, VoltpassDep
from api.routes.router import Router
from api.wiring import Voltpass
from passports.authority.api_keys import (
    ApiKeyCreate,
    ApiKeyRotation,
    NewApiKey,
    create_key_as,
    list_api_keys,
    revoke_api_key,
    rotate_key_as,
)
from passports.authority.authorisations import (
    Authorisation,
    AuthorisationCreate,
    give_authorisation,
    list_acts,
    list_authorisations,
    revoke_authorisation,
)
from passports.authority.grants import Revocation
from passports.authority.operator_identifiers import (
    IdentifierVerification,
    OperatorIdentifier,
    OperatorIdentifierCreate,
    add_identifier,
    identifiers_of,
    verify_identifier,
    withdraw_identifier,
)
from passports.authority.roles import Action, roles
from passports.authority.transfers import (
    Signing,
    TransferOfferCreate,
    accept_transfer,
    bring_acceptance,
    bring_offer,
    end_transfer,
    list_transfers,
    offer_transfer,
)
from passports.documents import utc_now
from passports.errors import Finding, InvalidInputError

router = Router(prefix="/v1", tags=["authority"])
CREATED: Final = status.HTTP_201_CREATED
JOSE: Final = "application/jose"
_JOSE: Final[dict[str, Any]] = {
    "requestBody": {"required": True, "content": {JOSE: {"schema": {"type": "string"}}}}
}
After = Annotated[int, Query(ge=0, le=2**53 - 1)]


class ApiKeyRead(BaseModel):
    """A new API key; its text is in this answer and only here."""

    id: str
    operator_id: str
    label: str
    expires_at: str | None
    actions: list[str] | None
    api_key: Annotated[str, Field(description="shown this once; only its hash is stored")]


class IdentifierVerificationRequest(IdentifierVerification, OperatorIdentifierCreate):
    """Which identifier was verified, and how."""


def _private(response: Response) -> None:
    response.headers.update({"Cache-Control": "no-store", "Vary": "Authorization"})


def _new_key(key: NewApiKey) -> ApiKeyRead:
    return ApiKeyRead(
        id=key.id,
        operator_id=key.operator_id,
        label=key.label,
        expires_at=key.expires_at.isoformat() if key.expires_at is not None else None,
        actions=None if key.actions is None else [action.value for action in key.actions],
        api_key=key.token,
    )


@router.get("/roles")
def get_roles() -> dict[str, Any]:
    """The table of roles: what each may do, as which audience it reads, where the law has it."""
    return {
        "roles": [
            {
                "id": role.id,
                "title": role.title,
                "legal_reference": role.legal_reference,
                "actions": sorted(role.actions),
                "audience": role.audience,
                "may_be_responsible": role.may_be_responsible,
                "may_be_responsible_for_waste": role.may_be_responsible_for_waste,
                "note": role.note,
            }
            for role in roles().values()
        ]
    }


@router.get("/keys")
def get_keys(voltpass: VoltpassDep, caller: CallerDep, response: Response) -> dict[str, Any]:
    """The caller's API keys, without their secrets."""
    _private(response)
    with voltpass.store.reading() as reading:
        return {"keys": list(list_api_keys(reading, caller.id))}


@router.post("/keys", status_code=CREATED)
def post_key(
    voltpass: VoltpassDep, caller: JsonCallerDep, response: Response, request: ApiKeyCreate
) -> ApiKeyRead:
    """Make a further key of the caller's, for all or some actions; it never outlasts the key that asks."""
    _private(response)
    return _new_key(create_key_as(voltpass.store, caller, request, utc_now()))


@router.post("/keys/{key_id}/rotation", status_code=CREATED)
def post_key_rotation(
    voltpass: VoltpassDep,
    caller: JsonCallerDep,
    response: Response,
    key_id: str,
    request: ApiKeyRotation,
) -> ApiKeyRead:
    """Make a key in place of another, which stays good for the overlap."""
    _private(response)
    return _new_key(rotate_key_as(voltpass.store, caller, key_id, request, utc_now()))


@router.post("/keys/{key_id}/revocation")
def post_key_revocation(
    voltpass: VoltpassDep, caller: CallerDep, response: Response, key_id: str
) -> dict[str, Any]:
    """Make a key of the caller's useless at once."""
    _private(response)
    with voltpass.store.transaction() as transaction:
        revoke_api_key(transaction, caller.id, key_id, utc_now())
        kept = [key for key in list_api_keys(transaction, caller.id) if key["id"] == key_id]
    return dict(kept[0])


@router.post("/identifiers", status_code=CREATED)
def post_identifier(
    voltpass: VoltpassDep, caller: JsonCallerDep, request: OperatorIdentifierCreate
) -> OperatorIdentifier:
    """Claim an identifier (GLN, LEI, EORI, VAT, DID) for the caller; others verify it."""
    return add_identifier(voltpass.store, caller, request, utc_now())


@router.get("/operators/{operator_id}/identifiers")
def get_identifiers(voltpass: VoltpassDep, operator_id: str) -> dict[str, list[OperatorIdentifier]]:
    """An operator's identifiers: each claimed, or verified by whom, when and how."""
    with voltpass.store.reading() as reading:
        return {"identifiers": identifiers_of(reading, operator_id)}


@router.post("/operators/{operator_id}/identifier-verifications")
def post_identifier_verification(
    voltpass: VoltpassDep,
    caller: JsonCallerDep,
    operator_id: str,
    request: IdentifierVerificationRequest,
) -> OperatorIdentifier:
    """Write down that an identifier was verified; for the platform and authorities, never its operator."""
    said = request.model_dump(include=set(IdentifierVerification.model_fields))
    return verify_identifier(
        voltpass.store,
        caller,
        operator_id,
        request.scheme,
        request.value,
        IdentifierVerification(**said),
        utc_now(),
    )


@router.post("/operators/{operator_id}/identifier-withdrawals")
def post_identifier_withdrawal(
    voltpass: VoltpassDep,
    caller: JsonCallerDep,
    operator_id: str,
    request: OperatorIdentifierCreate,
) -> dict[str, list[OperatorIdentifier]]:
    """Take an identifier back: its operator while nobody verified it, a verifier at any time."""
    withdraw_identifier(voltpass.store, caller, operator_id, request.scheme, request.value)
    with voltpass.store.reading() as reading:
        return {"identifiers": identifiers_of(reading, operator_id)}


@router.post("/authorisations", status_code=CREATED)
def post_authorisation(
    voltpass: VoltpassDep, caller: AuthorisingDep, request: AuthorisationCreate
) -> Authorisation:
    """Authorise another operator to act for the caller (header `Voltpass-Acting-For` in its calls)."""
    return give_authorisation(voltpass.store, caller, request, utc_now())


@router.get("/authorisations")
def get_authorisations(
    voltpass: VoltpassDep, caller: CallerDep, response: Response
) -> dict[str, list[Authorisation]]:
    """The authorisations that the caller gave or got, ended ones too."""
    _private(response)
    with voltpass.store.reading() as reading:
        return {"authorisations": list_authorisations(reading, caller.id)}


@router.post("/authorisations/{authorisation_id}/revocation")
def post_authorisation_revocation(
    voltpass: VoltpassDep, caller: JsonCallerDep, authorisation_id: str, request: Revocation
) -> Authorisation:
    """End an authorisation at once: by who gave it, or by who got it."""
    return revoke_authorisation(voltpass.store, caller, authorisation_id, request, utc_now())


@router.get("/acts")
def get_acts(
    voltpass: VoltpassDep, caller: CallerDep, response: Response, after: After = 0
) -> dict[str, Any]:
    """What others called for the caller under its authorisations, in order."""
    _private(response)
    with voltpass.store.reading() as reading:
        return list_acts(reading, caller.id, after)


def _signing(voltpass: Voltpass) -> Signing:
    return Signing(voltpass.store, voltpass.keyring, voltpass.address)


async def _statement(request: Request) -> str:
    """Return a signed statement as it was sent.

    Raises:
        InvalidInputError: it is of another media type than application/jose (RFC 7515, section 9.2.1).
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JOSE:
        finding = Finding("Content-Type", "", "the body is no JWS", f"Send Content-Type: {JOSE}.")
        raise InvalidInputError([finding], "the request")
    return (await request.body()).decode("ascii", errors="replace").strip()


@router.post("/transfers", status_code=CREATED)
def post_transfer(
    voltpass: VoltpassDep, caller: AuthorisingDep, request: TransferOfferCreate
) -> dict[str, Any]:
    """Offer responsibility for passports to another operator, signed with the caller's key here."""
    return offer_transfer(_signing(voltpass), caller, request, utc_now())


@router.post("/transfers/signed", status_code=CREATED, openapi_extra=_JOSE)
async def post_signed_transfer(
    voltpass: VoltpassDep, caller: CallerDep, request: Request
) -> dict[str, Any]:
    """Bring an offer that the caller has signed itself, as a compact JWS."""
    caller.require(Action.AUTHORISATIONS)
    signed = await _statement(request)
    return await run_in_threadpool(bring_offer, _signing(voltpass), caller, signed, utc_now())


@router.get("/transfers")
def get_transfers(voltpass: VoltpassDep, caller: CallerDep, response: Response) -> dict[str, Any]:
    """The transfers that the caller offered or was offered, with both statements as signed."""
    _private(response)
    with voltpass.store.reading() as reading:
        return {"transfers": list(list_transfers(reading, caller.id, utc_now()))}


@router.post("/transfers/{transfer_id}/acceptance")
def post_transfer_acceptance(
    voltpass: VoltpassDep, caller: CallerDep, transfer_id: str
) -> dict[str, Any]:
    """Accept an offer, signed with the caller's key here; responsibility passes with it."""
    return accept_transfer(_signing(voltpass), caller, transfer_id, utc_now())


@router.post("/transfers/{transfer_id}/signed-acceptance", openapi_extra=_JOSE)
async def post_signed_acceptance(
    voltpass: VoltpassDep, caller: CallerDep, transfer_id: str, request: Request
) -> dict[str, Any]:
    """Accept an offer by a statement that the caller has signed itself; responsibility passes with it."""
    signed, at = await _statement(request), _signing(voltpass)
    return await run_in_threadpool(bring_acceptance, at, caller, transfer_id, signed, utc_now())


@router.post("/transfers/{transfer_id}/end")
def post_transfer_end(
    voltpass: VoltpassDep, caller: JsonCallerDep, transfer_id: str, request: Revocation
) -> dict[str, Any]:
    """Take an offer back, or decline it, before it was accepted."""
    return end_transfer(voltpass.store, caller, transfer_id, request, utc_now())
