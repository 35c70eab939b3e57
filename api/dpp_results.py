"""The result object of EN 18222 (Tables 12 to 15), in which its calls answer what they refuse.

The same problem documents as elsewhere, said in the standard's words: one message for each finding, with
the finding's parts beside the text. Its table has fewer statuses than HTTP: what it does not know is told
as the nearest that it knows.
"""

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final
from uuid import uuid4

from fastapi.responses import JSONResponse

from passports.documents import utc_now
from passports.errors import Finding
from signing.instants import format_instant

PREFIXES: Final = ("/v1/dpps", "/v1/dppsBy")
_BAD_REQUEST: Final = 400
_BAD_GATEWAY: Final = 502
# Table 15: status name by HTTP status.
STATUS_CODES: Final[Mapping[int, str]] = MappingProxyType(
    {
        400: "ClientErrorBadRequest",
        401: "ClientNotAuthorized",
        403: "ClientForbidden",
        404: "ClientErrorResourceNotFound",
        405: "ClientMethodNotAllowed",
        409: "ClientResourceConflict",
        500: "ServerInternalError",
        502: "ServerErrorBadGateway",
    }
)
# What the table does not have: too large, wrong media type, wrong value; database or key not there now.
_NEAREST: Final[Mapping[int, int]] = MappingProxyType(
    {406: _BAD_REQUEST, 413: _BAD_REQUEST, 415: _BAD_REQUEST, 422: _BAD_REQUEST, 503: _BAD_GATEWAY}
)
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "description": "EN 18222, Table 12",
    "required": ["statusCode", "message"],
    "properties": {
        "statusCode": {"type": "string", "enum": sorted(STATUS_CODES.values())},
        "message": {
            "type": "array",
            "items": {
                "type": "object",
                "description": "EN 18222, Table 13; field, value, reason and remedy are additions",
                "required": ["messageType", "text", "code", "correlationId", "timestamp"],
                "properties": {
                    "messageType": {
                        "type": "string",
                        "enum": ["Info", "Warning", "Error", "Exception"],
                    },
                    "text": {"type": "string"},
                    "code": {"type": "string"},
                    "correlationId": {"type": "string"},
                    "timestamp": {"type": "string", "format": "date-time"},
                    **{name: {"type": "string"} for name in ("field", "value", "reason", "remedy")},
                },
            },
        },
    },
}

# OpenAPI: how these calls refuse.
REFUSAL: Final[dict[str, Any]] = {
    "description": "A result object (EN 18222, Table 12)",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Result"}}},
}


class ResultResponse(JSONResponse):
    """A result object; text that has no UTF-8 (half a character) is sent as a question mark."""

    def render(self, content: object) -> bytes:
        """Return the object as JSON."""
        return json.dumps(content, ensure_ascii=False).encode("utf-8", errors="replace")


def speaks_en18222(path: str) -> bool:
    """Tell whether a path is one of those calls."""
    return path in PREFIXES or path.startswith(("/v1/dpps/", *PREFIXES[1:]))


def answer_result(problem: Mapping[str, Any]) -> ResultResponse:
    """Answer a problem document in the standard's words."""
    status = _NEAREST.get(problem["status"], problem["status"])
    if status not in STATUS_CODES:
        status = _BAD_REQUEST if status < 500 else 500  # noqa: PLR2004 # HTTP's own border
    headers = {"Cache-Control": "no-store"}
    if status == 401:  # noqa: PLR2004 # unauthorised
        headers["WWW-Authenticate"] = "Bearer"
    return ResultResponse(result_document(status, problem), status_code=status, headers=headers)


def result_document(status: int, problem: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result object of a problem document."""
    common = {
        "messageType": "Error" if status < 500 else "Exception",  # noqa: PLR2004 # HTTP's own border
        "code": str(problem["type"]).rpartition(":")[2],
        "correlationId": str(uuid4()),
        "timestamp": format_instant(utc_now()),
    }
    findings: Sequence[Mapping[str, Any]] = problem["findings"]
    messages = [
        {
            **common,
            "text": str(Finding(**finding)),
            **{name: finding[name] for name in ("field", "value", "reason", "remedy")},
        }
        for finding in findings
    ]
    whole = {**common, "text": problem["detail"]}
    return {"statusCode": STATUS_CODES[status], "message": messages or [whole]}
