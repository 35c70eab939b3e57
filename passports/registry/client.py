"""Speaking to the registry over HTTP: what it answers, what may pass by itself, and how long to wait.

What is asked for is what the guide describes: a file is handed in and gets a correlation identifier;
its outcome is asked for; a registration is looked up by identifier; its proof is fetched.
"""

import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, Self, TypeVar
from urllib.parse import quote

import httpx
import orjson

from passports.errors import Finding, RegistryUnavailableError, shorten

TIMEOUT_SECONDS: Final = 20.0
MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024
# RFC 9110: these may pass by themselves; 408 and 425 as well as too many requests.
_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Refusal:
    """What the registry has against one request of a file, or against the file (no identifier)."""

    identifier: str | None
    code: str
    message: str


@dataclass(frozen=True)
class Outcome:
    """What became of a file: `processing`, `accepted` or `rejected` with refusals."""

    state: str
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True)
class Registration:
    """What the registry has under an identifier."""

    registration_id: str
    passport_id: str
    sha256: str


class Registry(Protocol):
    """A registry of passports. Each call raises RegistryUnavailableError where it may pass by itself."""

    def submit(self, name: str, document: bytes) -> str | Outcome:
        """Hand in a file; return its correlation identifier, or the outcome where it is refused."""

    def outcome(self, correlation_id: str) -> Outcome:
        """Return what became of a file."""

    def find(self, identifier: str) -> Registration | None:
        """Return the registration of an identifier, or None."""

    def proof(self, registration_id: str) -> bytes | None:
        """Return the proof of a registration as it comes; None where it is past its time."""


@dataclass(frozen=True)
class Patience:
    """How often and how long a call is tried again.

    Waiting doubles from `first_seconds` to `longest_seconds`; of that a random part is waited, so that
    many clients do not come back at once. A Retry-After goes before, up to `longest_asked_seconds`.
    """

    tries: int = 5
    first_seconds: float = 0.5
    longest_seconds: float = 30.0
    longest_asked_seconds: float = 120.0
    sleep: Callable[[float], None] = time.sleep
    share: Callable[[], float] = field(default_factory=lambda: random.SystemRandom().random)

    def wait_before(self, attempt: int, asked: float | None) -> float | None:
        """Return the seconds to wait before a further try, or None for no further one."""
        if attempt >= self.tries or (asked is not None and asked > self.longest_asked_seconds):
            return None
        longest: float = min(self.longest_seconds, self.first_seconds * 2 ** (attempt - 1))
        return max(asked or 0.0, longest * (0.5 + self.share() / 2))

    def call(self, ask: Callable[[], Answer]) -> Answer:
        """Ask until there is an answer.

        Raises:
            RegistryUnavailableError: there is none after the last try.
        """
        attempt = 0
        while True:
            attempt += 1
            try:
                return ask()
            except RegistryUnavailableError as error:
                wait = self.wait_before(attempt, error.retry_after_seconds)
                if wait is None:
                    raise
                self.sleep(wait)


class HttpRegistry:
    """The registry at a URL. A context manager."""

    def __init__(self, base_url: str, token: str) -> None:
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._client = httpx.Client(
            base_url=base_url,
            headers=headers,
            timeout=TIMEOUT_SECONDS,
            follow_redirects=False,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def submit(self, name: str, document: bytes) -> str | Outcome:
        """See `Registry`; the name goes along, so that the same file can be recognised."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": name}
        status, body = self._ask("POST", "/submissions", content=document, headers=headers)
        if status in {httpx.codes.OK, httpx.codes.CREATED, httpx.codes.ACCEPTED}:
            return _text(_object(body), "correlationId")
        return Outcome("rejected", _refusals(body, status))

    def outcome(self, correlation_id: str) -> Outcome:
        """See `Registry`."""
        path = f"/submissions/{quote(correlation_id, safe='')}"
        status, body = self._ask("GET", path)
        if status != httpx.codes.OK:
            return Outcome("rejected", _refusals(body, status))
        answer = _object(body)
        state = _text(answer, "status").lower()
        if state not in {"processing", "accepted", "rejected"}:
            raise _unavailable(f"it answers with a status that the guide does not have: {state}")
        return Outcome(state, _refusals(body, status) if state == "rejected" else ())

    def find(self, identifier: str) -> Registration | None:
        """See `Registry`."""
        params = {"uniqueProductIdentifier": identifier}
        status, body = self._ask("GET", "/registrations", params=params)
        if status == httpx.codes.NOT_FOUND:
            return None
        if status != httpx.codes.OK:
            raise _unavailable(f"it answers {status} when asked for a registration")
        found = _object(body)
        return Registration(
            _text(found, "registrationId"),
            _text(found, "digitalProductPassportId").removeprefix("urn:uuid:"),
            _text(found, "dppVersionHash"),
        )

    def proof(self, registration_id: str) -> bytes | None:
        """See `Registry`."""
        path = f"/registrations/{quote(registration_id, safe='')}/proof"
        status, body = self._ask("GET", path)
        if status in {httpx.codes.GONE, httpx.codes.NOT_FOUND}:
            return None
        if status != httpx.codes.OK:
            raise _unavailable(f"it answers {status} when asked for a proof")
        return body

    def _ask(self, method: str, path: str, **options: Any) -> tuple[int, bytes]:  # noqa: ANN401 # httpx's own
        try:
            with self._client.stream(method, path, **options) as response:
                body = b""
                for piece in response.iter_raw():
                    body += piece
                    if len(body) > MAX_ANSWER_BYTES:
                        raise _unavailable(f"its answer is larger than {MAX_ANSWER_BYTES} bytes")
        except httpx.HTTPError as error:
            raise _unavailable(f"no answer ({type(error).__name__})") from None
        if response.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
            raise _unavailable("it does not accept VOLTPASS_REGISTRY_TOKEN", math.inf)
        if response.status_code in _PASSING:
            asked = _seconds(response.headers.get("retry-after"))
            raise _unavailable(f"it answers {response.status_code}", asked)
        return response.status_code, body


def _seconds(retry_after: str | None) -> float | None:
    """Read the seconds of a Retry-After (RFC 9110, 10.2.3); a date is passed over."""
    value = (retry_after or "").strip()
    return float(value) if value.isascii() and value.isdigit() else None


def _unavailable(reason: str, retry_after_seconds: float | None = None) -> RegistryUnavailableError:
    finding = Finding("registry", "", reason, "Try again later: voltpass registry send.")
    error = RegistryUnavailableError(f"The registry: {reason}.", [finding])
    error.retry_after_seconds = retry_after_seconds
    return error


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict):
        raise _unavailable("its answer is not a JSON object")
    return document


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 200:  # noqa: PLR2004 # as stored
        raise _unavailable(f"its answer has no usable {name}")
    return value


def _refusals(body: bytes, status: int) -> tuple[Refusal, ...]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = {}
    errors = document.get("errors") if isinstance(document, dict) else None
    found: Sequence[Any] = errors if isinstance(errors, list) else []
    refusals = tuple(
        Refusal(
            identifier=str(e["uniqueProductIdentifier"])
            if "uniqueProductIdentifier" in e
            else None,
            code=shorten(str(e.get("code", ""))),
            message=shorten(str(e.get("message", "")), 300),
        )
        for e in found
        if isinstance(e, dict)
    )
    return refusals or (Refusal(None, str(status), f"it answers {status} without saying why"),)
