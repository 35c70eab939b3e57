"""Errors as RFC 9457 problem documents: one table from error class to status and problem type.

No HTTP stands in the packages below; no secret, path or stack trace leaves through here.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from lca.errors import LcaError
from passports import errors as passport_errors
from passports.documents import findings_of
from passports.errors import Finding, PassportError
from passports.footprints import translate
from signing.errors import KeyUnavailableError, SigningError

MEDIA_TYPE: Final = "application/problem+json"
TYPE_BASE: Final = "urn:voltpass:problem:"

# Every error class of passports has its line here; a test names the one that was forgotten.
PROBLEMS: Final[Mapping[type[PassportError], tuple[int, str]]] = {
    passport_errors.PassportError: (400, "refused"),
    passport_errors.InvalidInputError: (422, "invalid-input"),
    passport_errors.InvalidBatchError: (422, "invalid-batch"),
    passport_errors.RecordNotFoundError: (404, "not-found"),
    passport_errors.IdentifierConflictError: (409, "identifier-taken"),
    passport_errors.AccessDeniedError: (403, "not-allowed"),
    passport_errors.NotAuthenticatedError: (401, "api-key-needed"),
    passport_errors.UnreadableCarrierError: (422, "carrier-unreadable"),
    passport_errors.EvidenceUnavailableError: (422, "evidence-unavailable"),
    passport_errors.StoreIntegrityError: (500, "store-contradicts-itself"),
}

# OpenAPI: the shape of every error answer.
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "findings"],
    "properties": {
        "type": {"type": "string", "examples": [f"{TYPE_BASE}invalid-input"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "findings": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "value", "reason", "remedy", "line"],
                "properties": {
                    "field": {"type": "string"},
                    "value": {"type": "string"},
                    "reason": {"type": "string"},
                    "remedy": {"type": "string"},
                    "line": {"type": ["integer", "null"]},
                },
            },
        },
    },
}


def problem_document(
    status: int, kind: str, title: str, detail: str, findings: Sequence[Finding] = ()
) -> dict[str, Any]:
    """Return a problem document."""
    return {
        "type": TYPE_BASE + kind,
        "title": title,
        "status": status,
        "detail": detail,
        "findings": [finding.to_document() for finding in findings],
    }


def problem_of(error: Exception) -> dict[str, Any]:
    """Return the problem document for an error of the packages below."""
    if isinstance(error, LcaError):
        error = translate(error)
    if isinstance(error, PassportError):
        status, kind = PROBLEMS[type(error)]
        return problem_document(status, kind, error.title, error.message, error.findings)
    if isinstance(error, KeyUnavailableError):
        detail = "The operator's signing key cannot be used now; nothing was issued."
        return problem_document(503, "key-unavailable", "The signing key is not available", detail)
    if isinstance(error, SigningError):
        return problem_document(422, "malformed-document", "Not readable", str(error))
    raise error


def _answer(document: Mapping[str, Any]) -> JSONResponse:
    headers = {"WWW-Authenticate": "Bearer"} if document["status"] == 401 else None  # noqa: PLR2004
    return JSONResponse(
        document, status_code=document["status"], media_type=MEDIA_TYPE, headers=headers
    )


def wants_html(request: Request) -> bool:
    """Tell whether a person's browser asks: it names HTML, machines do not."""
    return "text/html" in request.headers.get("accept", "")


def _respond(request: Request, document: Mapping[str, Any]) -> Response:
    if not wants_html(request) or request.url.path.startswith("/v1/"):
        return _answer(document)
    from api.pages import render  # noqa: PLC0415 # templates are loaded for people only

    html = render.problem_page(
        title=document["title"],
        detail=document["detail"],
        status=document["status"],
        findings=document["findings"],
    )
    return Response(html, status_code=document["status"], media_type="text/html")


def install(app: FastAPI) -> None:
    """Have the app answer errors as problem documents (or as a page, to a browser)."""

    def on_error(request: Request, error: Exception) -> Response:
        return _respond(request, problem_of(error))

    def on_invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # registered for this class
        findings = findings_of(error.errors())
        detail = str(findings[0]) if findings else "The request is not valid."
        title = "The request is not valid"
        return _respond(request, problem_document(422, "invalid-input", title, detail, findings))

    def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # registered for this class
        title = str(error.detail)
        kind = "-".join(title.lower().split())
        document = problem_document(error.status_code, kind, title, title)
        response = _respond(request, document)
        response.headers.update(error.headers or {})
        return response

    for family in (PassportError, LcaError, SigningError):
        app.add_exception_handler(family, on_error)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
