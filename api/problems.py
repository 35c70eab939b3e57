"""Errors as RFC 9457 problem documents: one table from error class to status and problem type.

No HTTP stands in the packages below; no secret, path or stack trace leaves through here. The command
line prints the same documents; how the web sends them stands in api/problem_answers.py.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from api.environment import EnvironmentFaultError
from lca.errors import LcaError
from passports import errors as passport_errors
from passports.errors import Finding, PassportError
from signing.errors import KeyUnavailableError, SigningError

MEDIA_TYPE: Final = "application/problem+json"
TYPE_BASE: Final = "urn:voltpass:problem:"

# Every error class of passports has its line here; a test names the one that was forgotten.
PROBLEMS: Final[Mapping[type[PassportError], tuple[int, str]]] = {
    passport_errors.PassportError: (400, "refused"),
    passport_errors.InvalidInputError: (422, "invalid-input"),
    passport_errors.NotAPassportError: (422, "not-a-passport"),
    passport_errors.PassportCeasedError: (410, "passport-ceased"),
    passport_errors.InvalidBatchError: (422, "invalid-batch"),
    passport_errors.RegistrationRefusedError: (422, "registration-refused"),
    passport_errors.RecordNotFoundError: (404, "not-found"),
    passport_errors.IdentifierConflictError: (409, "identifier-taken"),
    passport_errors.IllegalTransitionError: (409, "illegal-transition"),
    passport_errors.StaleVersionError: (409, "stale-version"),
    passport_errors.OverAllocationError: (409, "over-allocation"),
    passport_errors.AccessDeniedError: (403, "not-allowed"),
    passport_errors.NotAuthenticatedError: (401, "api-key-needed"),
    passport_errors.UnreadableCarrierError: (422, "carrier-unreadable"),
    passport_errors.EvidenceUnavailableError: (422, "evidence-unavailable"),
    passport_errors.StoreIntegrityError: (500, "store-contradicts-itself"),
    passport_errors.StaleCheckpointError: (409, "log-has-grown"),
    passport_errors.StoreUnavailableError: (503, "database-unavailable"),
    passport_errors.RegistryHeldBackError: (409, "registry-held-back"),
    passport_errors.RegistryUnavailableError: (503, "registry-unavailable"),
    passport_errors.OperatorReadOnlyError: (403, "operator-read-only"),
    passport_errors.FormUnavailableError: (406, "form-unavailable"),
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
    """Return the problem document for an error of the packages below; raise any other error."""
    if isinstance(error, LcaError):
        from passports.footprints import translate  # noqa: PLC0415 # the engine only where it is used

        error = translate(error)
    if isinstance(error, PassportError):
        status, kind = PROBLEMS[type(error)]
        return problem_document(status, kind, error.title, error.message, error.findings)
    if isinstance(error, KeyUnavailableError):
        detail = "The operator's signing key cannot be used now; nothing was issued."
        return problem_document(503, "key-unavailable", "The signing key is not available", detail)
    if isinstance(error, EnvironmentFaultError):
        return problem_document(503, "environment", error.title, str(error), error.findings)
    if isinstance(error, SigningError):
        field = getattr(error, "field", None) or "document"
        reason = getattr(error, "message", "it cannot be read")
        findings = [Finding(field, "", reason, "Send what the standard for it describes.")]
        return problem_document(422, "malformed-document", "Not readable", str(error), findings)
    raise error
