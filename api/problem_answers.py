"""How the web answers errors: problem documents to machines, a page to a person's browser.

What an error says stands in api/problems.py. Whatever else goes wrong is answered without a word
about its cause, which goes to the log.
"""

import json
import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import FastAPI, Request, status
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.bodies import InvalidBodyError, UnknownSenderError
from api.dpp_results import answer_result, speaks_en18222
from api.environment import EnvironmentFaultError
from api.negotiation import names_html
from api.problems import MEDIA_TYPE, problem_document, problem_of
from lca.errors import LcaError
from passports.documents import findings_of
from passports.errors import Finding, PassportError, RecordNotFoundError, shorten
from signing.errors import SigningError

_LOG: Final = logging.getLogger("voltpass")
_MACHINES: Final = ("/v1/", "/.well-known/", "/healthz", "/openapi.json")

# The link of a battery that breaks off after its GTIN (GS1 Digital Link).
_WITHOUT_SERIAL: Final = re.compile(r"/01/\d{1,14}/?")
_LINK_SHAPE: Final = "The link of a battery reads like /01/09520123456788/21/BP-0001."

# Where in a request a field stands (FastAPI's first part of a location); rules do not know.
_PLACES: Final = frozenset({"body", "query", "path", "header"})
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

# What is said of the statuses that routing and reading a request end with: field, reason, remedy.
_OF_STATUS: Final[Mapping[int, tuple[str, str, str]]] = {
    400: ("body", "the body cannot be read", "Send well-formed JSON, or a form, in UTF-8."),
    404: ("path", "there is nothing at this address", "The calls are listed at /openapi.json."),
    405: ("method", "this address does not answer the method", "The Allow header names who does."),
    413: ("body", "it is too large", "Split it into several requests."),
    415: ("Content-Type", "the body is not JSON", "Send Content-Type: application/json."),
}


class ProblemResponse(JSONResponse):
    """A problem document; text that has no UTF-8 (half a character) is sent as a question mark."""

    media_type = MEDIA_TYPE

    def render(self, content: object) -> bytes:
        """Return the document as JSON."""
        return json.dumps(content, ensure_ascii=False).encode("utf-8", errors="replace")


def answer(document: Mapping[str, Any], path: str = "") -> JSONResponse:
    """Answer a machine; in the words of EN 18222 where it called in them."""
    if speaks_en18222(path):
        return answer_result(document)
    headers = {"Cache-Control": "no-store"}
    if document["status"] == 401:  # noqa: PLR2004 # unauthorised
        headers["WWW-Authenticate"] = "Bearer"
    return ProblemResponse(document, status_code=document["status"], headers=headers)


def _respond(request: Request, document: Mapping[str, Any]) -> Response:
    by_machine = request.url.path.startswith(_MACHINES)
    if by_machine or not names_html(request.headers.get("accept", "")):
        response: Response = answer(document, request.url.path)
    else:
        from api.pages import render  # noqa: PLC0415 # templates are loaded for people only

        html = render.problem_page(
            title=document["title"],
            detail=document["detail"],
            status=document["status"],
            findings=document["findings"],
        )
        content = html.encode("utf-8", errors="replace")
        response = Response(content, status_code=document["status"], media_type="text/html")
        response.headers["Cache-Control"] = "no-store"
    if not by_machine:
        response.headers["Vary"] = "Accept"
    return response


def _readable(errors: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Name fields as the rules below do, wherever in a request they stand, and say where JSON breaks off."""
    found = []
    for error in errors:
        if error.get("type") != "json_invalid":
            place, *within = error["loc"] or ("",)
            found.append({**error, "loc": within if place in _PLACES else error["loc"]})
            continue
        place = error["loc"][-1]
        reason = f"not well-formed JSON at character {place}: {error['ctx']['error']}"
        found.append({"type": "json_invalid", "loc": ("JSON",), "msg": reason, "input": ""})
    return found


def on_error(request: Request, error: Exception) -> Response:
    """Answer an error of the packages below."""
    return _respond(request, problem_of(error))


def on_invalid(request: Request, error: Exception) -> Response:
    """Answer a request whose shape is wrong."""
    assert isinstance(error, RequestValidationError)  # registered for this class
    findings = findings_of(_readable(error.errors()))
    detail = str(findings[0]) if findings else "The request is not valid."
    title = "The request is not valid"
    return _respond(request, problem_document(422, "invalid-input", title, detail, findings))


def on_body(request: Request, error: Exception) -> Response:
    """Answer what is refused while a body is read as what it is."""
    if isinstance(error, InvalidBodyError):
        return on_invalid(request, error.invalid)
    assert isinstance(error, UnknownSenderError)  # registered for these two
    return on_error(request, error.refusal)


def on_http(request: Request, error: Exception) -> Response:
    """Answer what routing and reading a request refuse."""
    assert isinstance(error, HTTPException)  # registered for this class
    is_missing = error.status_code == status.HTTP_404_NOT_FOUND
    title = RecordNotFoundError.title if is_missing else str(error.detail)
    kind = "-".join(title.lower().split())
    findings = []
    if error.status_code in _OF_STATUS:
        field, reason, remedy = _OF_STATUS[error.status_code]
        value = {
            "path": request.url.path,
            "method": request.method,
            "Content-Type": request.headers.get("content-type", ""),
        }
        if is_missing:
            reason, remedy = _nothing_here(request, reason, remedy)
        findings = [Finding(field, shorten(value.get(field, "")), reason, remedy)]
    detail = str(findings[0]) if findings else title
    response = _respond(request, problem_document(error.status_code, kind, title, detail, findings))
    response.headers.update(error.headers or {})
    if error.status_code == status.HTTP_405_METHOD_NOT_ALLOWED:
        response.headers["Allow"] = ", ".join(_methods_here(request))
    return response


def _nothing_here(request: Request, reason: str, remedy: str) -> tuple[str, str]:
    """Say what helps at an address without anything: a program asks for calls, a person for a battery."""
    if _WITHOUT_SERIAL.fullmatch(request.url.path):
        return "the serial is missing (/21/…)", _LINK_SHAPE
    if _is_read_by_a_person(request):
        return reason, f"Check the address. {_LINK_SHAPE}"
    return reason, remedy


def _is_read_by_a_person(request: Request) -> bool:
    by_machine = request.url.path.startswith(_MACHINES)
    return not by_machine and names_html(request.headers.get("accept", ""))


def _methods_here(request: Request) -> Sequence[str]:
    """Return all methods that an address answers; routing names those of one route only."""
    routes = request.app.router.routes
    return [
        method
        for method in _METHODS
        if any(r.matches({**request.scope, "method": method})[0] is Match.FULL for r in routes)
    ]


class AnswerFaults:
    """Answers what nobody foresaw with 500 and nothing of its cause; the log has the rest."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; answer where nothing was answered yet."""
        started = False

        async def noted(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except RecursionError:
            if started:
                raise
            finding = Finding("body", "", "it is nested too deeply", "Nest it less deeply.")
            title = "The request is not valid"
            document = problem_document(422, "invalid-input", title, str(finding), [finding])
            await answer(document, scope["path"])(scope, receive, send)
        except Exception:
            if started or scope["type"] != "http":
                raise
            _LOG.exception("a request failed: %s %s", scope["method"], scope["path"])
            detail = "The fault is on this side; its cause stands in the log."
            document = problem_document(500, "fault", "A fault", detail)
            await answer(document, scope["path"])(scope, receive, send)


def install(app: FastAPI) -> None:
    """Have the app answer errors as problem documents (or as a page, to a browser)."""
    for family in (PassportError, LcaError, SigningError, EnvironmentFaultError):
        app.add_exception_handler(family, on_error)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    for refused in (UnknownSenderError, InvalidBodyError):
        app.add_exception_handler(refused, on_body)
