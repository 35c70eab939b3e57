"""Calls the application as a server does, byte for byte, without a network.

A client library tidies requests up; here a path, a header or a body arrives as it was written.
"""

import asyncio
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from fastapi import FastAPI
from starlette.routing import BaseRoute
from starlette.types import Message, Receive, Scope, Send

from api.app import create_app
from api.settings import Settings
from api.wiring import Voltpass
from passports.authority.api_keys import create_api_key
from passports.documents import utc_now
from tests.worlds import ADDRESS, FACILITY, IMPORTER, MODEL, World

PROBLEM = "application/problem+json"
JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Read the body as JSON."""
        return json.loads(self.body)

    @property
    def media_type(self) -> str:
        """The media type, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0]

    def findings(self) -> list[dict[str, Any]]:
        """Return the findings of a problem document."""
        assert self.media_type == PROBLEM, (self.status, self.headers, self.body[:300])
        found: list[dict[str, Any]] = self.json()["findings"]
        return found


@cache
def _built() -> FastAPI:
    return create_app(Voltpass(Settings()))


class Application:
    """The application at work for one voltpass.

    All of a process are one, built once: its first call makes all of its routes, which takes longer
    than most tests do, and the voltpass it works for is all that it holds.
    """

    def __init__(self, voltpass: Voltpass) -> None:
        self._voltpass = voltpass

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for this voltpass."""
        _built().state.voltpass = self._voltpass
        await _built()(scope, receive, send)

    @property
    def routes(self) -> list[BaseRoute]:
        """All routes."""
        return _built().routes


class Caller:
    """An application and the keys to call it with."""

    def __init__(self, voltpass: Voltpass, runner: asyncio.Runner) -> None:
        self.voltpass = voltpass
        self.app = Application(voltpass)
        self._runner = runner
        self._keys: dict[str, str] = {}

    def key(self, operator: str) -> str:
        """Return an API key of an operator, made at the first call."""
        if operator not in self._keys:
            with self.voltpass.store.transaction() as transaction:
                self._keys[operator] = create_api_key(transaction, operator, "t", utc_now()).token
        return self._keys[operator]

    def get(self, target: str, *, by: str | None = None, accept: str = "*/*") -> Answer:
        """Read something, in public or with an operator's key."""
        headers = {"accept": accept}
        if by is not None:
            headers["authorization"] = f"Bearer {self.key(by)}"
        return self.send("GET", target, headers)

    def post(self, target: str, document: Any, *, by: str | None = None) -> Answer:
        """Send a document as JSON, with an operator's key."""
        headers = dict(JSON)
        if by is not None:
            headers["authorization"] = f"Bearer {self.key(by)}"
        return self.send("POST", target, headers, json.dumps(document).encode())

    def send(
        self,
        method: str,
        target: str | bytes,
        headers: dict[str, str] | None = None,
        *chunks: bytes,
        announce: bool = True,
    ) -> Answer:
        """Send a request; `announce` says whether the length of its body is told beforehand."""
        raw = target.encode() if isinstance(target, str) else target
        path, _, query = raw.partition(b"?")
        sent = {"host": "id.example.com", **(headers or {})}
        if chunks and announce:
            sent["content-length"] = str(sum(map(len, chunks)))
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": method,
            "scheme": "https",
            "path": unquote(path.decode("latin-1")),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": [(k.lower().encode(), v.encode("latin-1")) for k, v in sent.items()],
            "client": ("192.0.2.1", 1234),
            "server": ("id.example.com", 443),
            "state": {},
        }
        return self._runner.run(self._exchange(scope, list(chunks) or [b""]))

    async def _exchange(self, scope: dict[str, Any], chunks: list[bytes]) -> Answer:
        waiting = [
            {"type": "http.request", "body": chunk, "more_body": number < len(chunks)}
            for number, chunk in enumerate(chunks, start=1)
        ]
        answered: list[Message] = []

        async def receive() -> Message:
            await asyncio.sleep(0)
            return waiting.pop(0) if waiting else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            await asyncio.sleep(0)
            answered.append(message)

        await self.app(scope, receive, send)
        start = answered[0]
        headers = {k.decode().lower(): v.decode("latin-1") for k, v in start["headers"]}
        return Answer(start["status"], headers, b"".join(m.get("body", b"") for m in answered[1:]))


def batch(*serials: str, **changes: Any) -> dict[str, Any]:
    """Return the document of a batch."""
    fields: dict[str, Any] = {
        "id": "b-1",
        "model_id": MODEL,
        "facility_id": FACILITY,
        "responsible_operator_id": IMPORTER,
        "manufactured_on": "2024-12-02",
        "units": [{"serial": serial} for serial in serials or ("SN-1", "SN-2")],
    }
    return {**fields, **changes}


def voltpass_on(world: World, home: Path) -> Voltpass:
    """Wire a voltpass on a world's store and keys."""
    settings = Settings(home=home, database_url=world.store.url, public_url=ADDRESS.base_url)
    voltpass = Voltpass(settings)
    voltpass.store, voltpass.keyring = world.store, world.keyring
    return voltpass
