"""What operations calls: signs of life, and this server's own DID and trust list."""

import orjson
from fastapi import Response

from api.authentication import VoltpassDep
from api.environment import EnvironmentFaultError
from api.routes.documents import HealthRead, content
from api.routes.router import Router
from api.version import VERSION
from passports.documents import utc_now
from passports.errors import Finding, RecordNotFoundError
from signing.did_web import PublicKeyEntry, build_document, did_from_url

router = Router(tags=["operations"])


@router.get("/healthz")
def get_health(voltpass: VoltpassDep) -> HealthRead:
    """Answer 200 where the database answers too, and 503 where it does not."""
    try:
        voltpass.store.ping()
    except Exception as error:
        reason = f"the database does not answer ({type(error).__name__})"
        finding = Finding("database", "", reason, "Try again later.")
        raise EnvironmentFaultError(finding) from error
    database = "sqlite" if voltpass.store.is_sqlite else "postgresql"
    return HealthRead(status="ok", version=VERSION, database=database)


@router.get(
    "/.well-known/did.json", response_class=Response, responses=content("application/did+json")
)
def get_server_did(voltpass: VoltpassDep) -> Response:
    """This server's own DID document: the root key that signs its trust list."""
    entry = PublicKeyEntry(jwk=dict(voltpass.root_key.public_jwk))
    document = build_document(did_from_url(voltpass.address.base_url), [entry])
    return Response(orjson.dumps(document), media_type="application/did+json")


@router.get(
    "/.well-known/voltpass-trust-list",
    response_class=Response,
    responses=content("application/jwt"),
)
def get_trust_list(voltpass: VoltpassDep) -> Response:
    """The signed trust list of this server's manufacturers.

    Believe it only under a root key that you have from somewhere else.
    """
    path = voltpass.settings.trust_list_path
    if not path.exists():
        with voltpass.store.reading() as reading:
            if not reading.operators.all():
                raise RecordNotFoundError("trust list", "of this server", "Register operators.")
        voltpass.write_trust_list(utc_now())
    headers = {"Cache-Control": "public, max-age=300"}
    return Response(path.read_bytes().strip(), media_type="application/jwt", headers=headers)
