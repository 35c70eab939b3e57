"""A registry over real HTTP that behaves as the published guide says, and can be told to behave badly.

At most 100 requests a file; https identifiers; one invalid request rejects the file; a correlation
identifier at once, the outcome later; an identifier is registered once; the registry reads the passport
behind the identifier and compares hashes; a proof can be downloaded for 90 days.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from signing.instants import format_instant

ReadPassport = Callable[[str], str | None]


class RegistryDouble:
    """The registry's memory and manners."""

    def __init__(self, read_sha256: ReadPassport, now: Callable[[], datetime]) -> None:
        self._read_sha256 = read_sha256
        self.now = now
        self.lock = threading.Lock()
        self.url = ""
        self.files: list[dict[str, Any]] = []
        self.bodies: list[bytes] = []
        self.submissions: dict[str, dict[str, Any]] = {}
        self.registrations: dict[str, dict[str, Any]] = {}
        self.times_registered: dict[str, int] = {}
        self.tokens: set[str | None] = set()
        # How it misbehaves: answers before the right one, names withheld, processing that takes polls.
        self.statuses: list[tuple[int, dict[str, str]]] = []
        self.names_the_invalid = True
        self.polls_until_done = 0
        self.refused_identifiers: set[str] = set()
        self.lose_answers_to_submissions = 0
        self.wrong_hash_in_proofs = False

    def submit(self, body: bytes) -> tuple[int, dict[str, Any]]:
        """Take a file."""
        self.bodies.append(body)
        document = json.loads(body)
        self.files.append(document)
        correlation = f"corr-{len(self.files)}"
        errors = list(self._errors(document["requests"]))
        if not errors:
            for request in document["requests"]:
                self._register(request)
        elif not self.names_the_invalid:
            errors = [{"code": "INVALID", "message": "a request of the file is invalid"}]
        self.submissions[correlation] = {"errors": errors, "polls": 0}
        return 202, {"correlationId": correlation}

    def _errors(self, requests: list[dict[str, Any]]) -> Iterator[dict[str, str]]:
        if len(requests) > 100:
            yield {"code": "TOO_MANY", "message": "more than 100 requests in a file"}
        seen: set[str] = set()
        for request in requests:
            identifier = request["uniqueProductIdentifier"]
            code = self._fault(request, identifier)
            if code is None and identifier in seen:
                code = "DUPLICATE_IN_FILE"
            seen.add(identifier)
            if code is not None:
                name = {"uniqueProductIdentifier": identifier}
                yield {**name, "code": code, "message": f"{code} for {identifier}"}

    def _fault(self, request: dict[str, Any], identifier: str) -> str | None:
        if not identifier.startswith("https://"):
            return "NOT_HTTPS"
        if identifier in self.refused_identifiers:
            return "SEMANTIC_CHECK_FAILED"
        known = self.registrations.get(identifier)
        if known and request.get("previousRegistrationId") != known["registrationId"]:
            return "ALREADY_REGISTERED"
        if self._read_sha256(identifier) != request["dppVersionHash"]:
            return "HASH_MISMATCH"  # the registry reads the passport itself (2026/1778, Art. 8(7))
        return None

    def _register(self, request: dict[str, Any]) -> None:
        identifier = request["uniqueProductIdentifier"]
        key = f"{identifier}#{request['dppVersion']}"
        self.times_registered[key] = self.times_registered.get(key, 0) + 1
        number = len(self.registrations) + 1
        known = self.registrations.get(identifier, {"registrationId": f"EU-{number:06d}"})
        self.registrations[identifier] = {
            **request,
            "registrationId": known["registrationId"],
            "registeredAt": self.now(),
        }

    def outcome(self, correlation: str) -> tuple[int, dict[str, Any]]:
        """Tell what became of a file."""
        found = self.submissions.get(correlation)
        if found is None:
            return 404, {"errors": [{"code": "UNKNOWN", "message": "no such submission"}]}
        found["polls"] += 1
        if found["polls"] <= self.polls_until_done:
            return 200, {"status": "PROCESSING"}
        if found["errors"]:
            return 200, {"status": "REJECTED", "errors": found["errors"]}
        return 200, {"status": "ACCEPTED"}

    def find(self, identifier: str) -> tuple[int, dict[str, Any]]:
        """Look an identifier up."""
        found = self.registrations.get(identifier)
        if found is None:
            return 404, {}
        return 200, {k: v for k, v in found.items() if k != "registeredAt"}

    def proof(self, registration_id: str) -> tuple[int, dict[str, Any]]:
        """Hand out a proof of registration, for 90 days."""
        for identifier, found in self.registrations.items():
            if found["registrationId"] != registration_id:
                continue
            if self.now() > found["registeredAt"] + timedelta(days=90):
                return 410, {}
            sha256 = "0" * 64 if self.wrong_hash_in_proofs else found["dppVersionHash"]
            return 200, {
                "uniqueProductIdentifier": identifier,
                "registrationId": registration_id,
                "uniqueEconomicOperatorIdentifier": found["uniqueEconomicOperatorIdentifier"],
                "dppVersionHash": sha256,
                "registeredAt": format_instant(found["registeredAt"]),
                "seal": "a qualified electronic seal of the Commission",
            }
        return 404, {}


class _Handler(BaseHTTPRequestHandler):
    """Takes requests apart for the double that its server carries."""

    protocol_version = "HTTP/1.1"
    wbufsize = 65536  # an answer in one piece; else each waits for an acknowledgement

    @property
    def _double(self) -> RegistryDouble:
        server = self.server
        assert isinstance(server, _QuietServer)
        return server.double

    def log_message(self, *_: object) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        double = self._double
        parts = urlsplit(self.path)
        segments = parts.path.strip("/").split("/")
        with double.lock:
            if self._misbehaves():
                return
            match segments:
                case ["submissions", correlation]:
                    self._answer(*double.outcome(correlation))
                case ["registrations"]:
                    wanted = parse_qs(parts.query)["uniqueProductIdentifier"][0]
                    self._answer(*double.find(wanted))
                case ["registrations", registration_id, "proof"]:
                    self._answer(*double.proof(registration_id))
                case _:
                    self._answer(404, {})

    def do_POST(self) -> None:
        double = self._double
        body = self.rfile.read(int(self.headers["content-length"]))
        with double.lock:
            double.tokens.add(self.headers.get("authorization"))
            if self._misbehaves():
                return
            status, document = double.submit(body)
            if double.lose_answers_to_submissions:
                double.lose_answers_to_submissions -= 1
                self.close_connection = True
                self.connection.close()
                return
        self._answer(status, document)

    def _misbehaves(self) -> bool:
        double = self._double
        if not double.statuses:
            return False
        status, headers = double.statuses.pop(0)
        if status == 0:
            time.sleep(float(headers["seconds"]))
            self.close_connection = True
            self.connection.close()
        else:
            self._answer(status, {}, headers)
        return True

    def _answer(
        self, status: int, document: dict[str, Any], headers: dict[str, str] | None = None
    ) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, double: RegistryDouble) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.double = double

    def handle_error(self, *_: object) -> None:
        """Connections are closed on purpose."""


@contextmanager
def listening(double: RegistryDouble) -> Iterator[RegistryDouble]:
    """Let the double answer on a port of this machine."""
    server = _QuietServer(double)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    double.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield double
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
