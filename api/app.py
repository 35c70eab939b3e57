"""The web application: routes, errors, limits."""

from typing import Any
from urllib.parse import unquote_plus

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import dpp_results, problem_answers
from api.bodies import BoundBodies
from api.examples import name_examples
from api.page_language import SpeakLanguages
from api.problems import MEDIA_TYPE, SCHEMA, problem_document
from api.routes import (
    acceptances,
    access,
    account,
    attributes,
    authority,
    continuity,
    dpps,
    energy,
    evidence,
    examples,
    factories,
    footprints,
    importers,
    labels,
    manufacturers,
    offline,
    operations,
    operator_changes,
    pages,
    passport_status,
    public,
    registrations,
    regulators,
    restricted,
    versions,
)
from api.settings import Settings
from api.version import VERSION
from api.wiring import Voltpass
from passports.errors import Finding, shorten


class RefuseControlCharacters:
    """Refuses addresses with control characters: no record has one, and no database takes a NUL."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 400 to such an address; pass any other on."""
        if scope["type"] == "http":
            text = scope["path"] + unquote_plus(scope["query_string"].decode("latin-1"))
            if any(ord(c) < 0x20 or ord(c) == 0x7F for c in text):  # noqa: PLR2004 # ASCII
                reason, remedy = "it holds a control character", "Take it out of the address."
                findings = [Finding("path", shorten(repr(scope["path"])), reason, remedy)]
                title = "The address is not valid"
                document = problem_document(400, "invalid-input", title, reason, findings)
                await problem_answers.answer(document, scope["path"])(scope, receive, send)
                return
        await self._app(scope, receive, send)


class SecurityHeaders:
    """Sets the headers that keep pages from loading or running anything foreign."""

    _POLICY = (
        b"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:;"
        b" form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    _HEADERS = (
        (b"content-security-policy", _POLICY),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
    )

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers to every answer that does not bring its own."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                added = [(n, v) for n, v in self._HEADERS if n not in present]
                message["headers"] = [*message["headers"], *added]
            await send(message)

        await self._app(scope, receive, with_headers)


def create_app(voltpass: Voltpass | None = None) -> FastAPI:
    """Make the application for a wired voltpass (from the environment by default)."""
    app = FastAPI(
        title="voltpass",
        version=VERSION,
        summary="Battery passports, from the factory's meters to a label anybody can check",
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    app.state.voltpass = voltpass or Voltpass(Settings())
    app.router.routes.append(public.LINK_ROUTE)
    for module in (
        manufacturers,
        factories,
        energy,
        footprints,
        importers,
        registrations,
        labels,
        regulators,
        continuity,
        public,
        evidence,
        attributes,
        restricted,
        versions,
        passport_status,
        dpps,
        access,
        authority,
        operator_changes,
        acceptances,
        operations,
        examples,
        account,
        pages,
        offline,
    ):
        app.router.routes.extend(module.router.routes)
    app.router.routes.extend([*versions.pages.routes, *energy.pages.routes])
    pages.mount_static(app)
    problem_answers.install(app)
    # The last one added is the outermost: it sees every answer of those within.
    for middleware in (RefuseControlCharacters, BoundBodies, problem_answers.AnswerFaults):
        app.add_middleware(middleware)
    app.add_middleware(SpeakLanguages)
    app.add_middleware(SecurityHeaders)
    app.openapi = lambda: openapi_document(app)  # type: ignore[method-assign] # FastAPI's own way
    return app


def openapi_document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document: the routes' own, the printed link, and the problem documents."""
    if app.openapi_schema:
        return app.openapi_schema
    document = get_openapi(
        title=app.title, version=app.version, summary=app.summary, routes=app.routes
    )
    document["components"]["schemas"]["Problem"] = SCHEMA
    document["components"]["schemas"]["Result"] = dpp_results.SCHEMA
    problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
    refusal = {"description": "A problem document (RFC 9457)", "content": {MEDIA_TYPE: problem}}
    for name, path in document["paths"].items():
        for operation in path.values():
            operation["responses"].pop("422", None)
            refused = dpp_results.REFUSAL if dpp_results.speaks_en18222(name) else refusal
            operation["responses"]["default"] = refused
    name_examples(document)
    document["paths"]["/01/{gtin}/21/{serial}"] = _LINK_PATH
    for unused in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(unused, None)
    app.openapi_schema = document
    return document


def _path_parameter(name: str, description: str) -> dict[str, Any]:
    schema = {"type": "string"}
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": schema,
    }


_LINK_PATH: dict[str, Any] = {
    "get": {
        "tags": ["public"],
        "summary": "The printed link (GS1 Digital Link)",
        "operationId": "get_by_link",
        "parameters": [
            _path_parameter("gtin", "GTIN-14 of the model"),
            _path_parameter("serial", "serial number, 1 to 20 characters, percent-encoded"),
        ],
        "responses": {
            "200": {
                "description": "The newest version of the battery's passport",
                "content": {
                    "text/html": {},
                    "application/vc+jwt": {"schema": {"type": "string"}},
                    "application/json": {"schema": {"type": "object"}},
                },
            },
            "304": {"description": "Not modified (ETag)"},
            "default": {
                "description": "A problem document (RFC 9457)",
                "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            },
        },
    }
}
