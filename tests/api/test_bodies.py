"""Bodies: limits of each call, keys before bodies, and a server that answers others meanwhile."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from pydantic import BaseModel, field_validator

from api.bodies import DEFAULT, LIMITS, BodyLimit, LargeBodyRoute
from api.route_actions import ACTIONS
from api.serving import free_port, serving_in_background
from passports.batches import MAX_UNITS
from passports.energy.meters import MAX_READINGS
from tests.api.caller import JSON, Caller, batch
from tests.worlds import MAKER

FORM = {"content-type": "application/x-www-form-urlencoded"}
# Before bodies were bounded, one of these kept a server from answering anybody for eight seconds.
HOSTILE = b"[" + b"[]," * 9_999_999 + b"[]]"
BOUND_SECONDS = 2.0


@pytest.fixture(scope="module")
def server(issued: Caller) -> Iterator[str]:
    """A server at a port of this machine."""
    with serving_in_background(issued.voltpass, "127.0.0.1", free_port()) as url:
        yield url


def _attack(url: str, path: str, media_type: str, body: bytes) -> None:
    at = urlsplit(url)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {at.netloc}\r\nContent-Type: {media_type}\r\n"
        f"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n{len(body):x}\r\n"
    )
    with socket.create_connection((at.hostname or "", at.port or 0), timeout=60) as connection:
        try:
            connection.sendall(head.encode() + body + b"\r\n0\r\n\r\n")
            while connection.recv(65536):
                pass
        except OSError:  # the server has hung up: it wants no more of this
            return


@pytest.mark.parametrize(
    ("path", "media_type", "body"),
    [
        ("/v1/batches", "application/json", HOSTILE),
        ("/v1/verify", "application/json", HOSTILE),
        ("/v1/dppsByProductIds", "application/json", HOSTILE),
        ("/verify", FORM["content-type"], b"&" * 30_000_000),
    ],
)
def test_a_server_under_a_hostile_body_answers_others(
    server: str, path: str, media_type: str, body: bytes
) -> None:
    attack = threading.Thread(target=_attack, args=(server, path, media_type, body))
    attack.start()
    worst = 0.0
    while True:
        began = time.monotonic()
        with urlopen(f"{server}/healthz", timeout=60) as answer:  # this machine
            assert answer.status == 200
        worst = max(worst, time.monotonic() - began)
        if not attack.is_alive():
            break
    attack.join()
    assert worst < BOUND_SECONDS


def _told(url: str, head: bytes, *pieces: bytes) -> bytes:
    """Send a request in pieces, without looking at what comes back before the last; return the answer."""
    at = urlsplit(url)
    with socket.create_connection((at.hostname or "", at.port or 0), timeout=60) as connection:
        connection.sendall(b"POST /v1/verify HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + head)
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(0.001)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize("number", range(5))
def test_who_is_refused_while_still_sending_reads_the_reason(server: str, number: int) -> None:
    head = b"Content-Type: application/json\r\nContent-Length: 6400000\r\n\r\n"
    answer = _told(server, head, *[b"x" * 64_000] * 100)
    assert answer.startswith(b"HTTP/1.1 413 "), number
    assert b"application/problem+json" in answer


def test_who_announces_much_and_sends_no_more_is_let_go(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.bodies._DISCARDING_SECONDS", 0.3)
    began = time.monotonic()
    answer = _told(server, b"Content-Length: 6400000\r\n\r\n", b"x")
    assert answer.startswith(b"HTTP/1.1 4")
    assert 0.25 < time.monotonic() - began < 4


def test_who_asks_whether_to_go_on_is_answered_at_once(server: str) -> None:
    began = time.monotonic()
    answer = _told(server, b"Expect: 100-continue\r\nContent-Length: 6400000\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 4")
    assert b"100 Continue" not in answer
    assert time.monotonic() - began < 4


@pytest.mark.parametrize("announce", [True, False])
@pytest.mark.parametrize("key", [None, "vp.maker.0.x"])
def test_no_body_is_read_without_a_good_key(
    issued: Caller, key: str | None, *, announce: bool
) -> None:
    headers = dict(JSON) if key is None else {**JSON, "authorization": f"Bearer {key}"}
    chunks = [b"x" * 1_000_000] * 40  # read, it would be refused as too large, or as no JSON
    for target in ("/v1/batches", "/v1/registrations", "/v1/transfers/signed", "/v1/keys"):
        answer = issued.send("POST", target, headers, *chunks, announce=announce)
        assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert answer.json()["type"] == "urn:voltpass:problem:api-key-needed"


@pytest.mark.parametrize("announce", [True, False])
def test_a_call_that_takes_no_file_takes_a_mebibyte(issued: Caller, *, announce: bool) -> None:
    headers = {**JSON, "authorization": f"Bearer {issued.key(MAKER)}"}
    for size, status in ((DEFAULT.size_bytes, 422), (DEFAULT.size_bytes + 1, 413)):
        chunks = [b" " * (size - 2), b"{}"]
        answer = issued.send("POST", "/v1/facilities", headers, *chunks, announce=announce)
        assert answer.status == status
        assert answer.findings()


def test_the_calls_of_the_standard_refuse_in_its_own_words(issued: Caller) -> None:
    headers = {**JSON, "authorization": f"Bearer {issued.key(MAKER)}"}
    answer = issued.send("POST", "/v1/dpps", headers, b" " * (DEFAULT.size_bytes + 1))
    assert (answer.status, answer.json()["statusCode"]) == (400, "ClientErrorBadRequest")
    answer = issued.send("POST", "/v1/dpps", JSON, b" " * (DEFAULT.size_bytes + 1))
    assert (answer.status, answer.json()["statusCode"]) == (401, "ClientNotAuthorized")


def test_small_bodies_of_very_many_values_are_refused_before_they_are_parsed(
    issued: Caller,
) -> None:
    for values, status in ((99_999, 422), (100_000, 413)):
        body = b"[" + b"," * values + b"]"
        assert issued.send("POST", "/v1/verify", JSON, body).status == status
    assert issued.send("POST", "/sign-in", FORM, b"&" * 1001).status == 413


def test_the_table_names_calls_that_there_are(issued: Caller) -> None:
    paths = issued.get("/openapi.json").json()["paths"]
    names = {operation["operationId"] for path in paths.values() for operation in path.values()}
    assert set(LIMITS) - {"post_verify_form"} <= names  # a page, not a call
    assert {"post_batch", "post_meter_readings"} <= set(ACTIONS)


def fits(document: object, limit: BodyLimit) -> bool:
    """Tell whether a document is within a limit."""
    body = json.dumps(document).encode()
    values = sum(body.count(mark) for mark in b",[{")
    return len(body) <= limit.size_bytes and values <= (limit.values or 0)


def test_the_longest_lists_there_may_be_are_let_in() -> None:
    unit = {"serial": "SERIAL-NUMBER-OF-020", "manufactured_on": "2024-12-02"}
    assert fits(batch() | {"units": [unit] * MAX_UNITS}, LIMITS["post_batch"])
    reading = {
        "meter": "m" * 64,
        "starts_at": "2024-12-02T00:00:00.000+01:00",
        "ends_at": "2024-12-02T00:15:00.000+01:00",
        "quantity": 123456.789,
        "line": MAX_READINGS,
    }
    assert fits({"readings": [reading] * MAX_READINGS}, LIMITS["post_meter_readings"])
    measured = {"measured_at": reading["ends_at"], "values": {f"v{i:030}": 0.1 for i in range(100)}}
    assert fits({"readings": [measured] * 1000}, LIMITS["post_dynamic_data"])
    assert fits({"productIds": ["x" * 500] * 10_000}, LIMITS["post_dpps_by_product_ids"])


@pytest.mark.parametrize(("size", "in_the_loop"), [(1000, True), (300_000, False)])
def test_a_large_document_is_validated_once_and_in_another_thread(
    size: int, *, in_the_loop: bool
) -> None:
    validated_in = []

    class Measured(BaseModel):
        text: str

        @field_validator("text")
        @classmethod
        def _note(cls, text: str) -> str:
            validated_in.append(threading.get_ident())
            return text

    async def post(document: Measured) -> tuple[int, int]:  # runs in the loop
        return len(document.text), threading.get_ident()

    app = FastAPI()
    app.router.route_class = LargeBodyRoute
    app.post("/")(post)

    async def send() -> tuple[int, int]:
        async with AsyncClient(transport=ASGITransport(app), base_url="http://here") as client:
            length, loop = (await client.post("/", json={"text": "x" * size})).json()
            return length, loop

    length, loop = asyncio.run(send())
    assert length == size
    assert len(validated_in) == 1
    assert (validated_in[0] == loop) is in_the_loop


def test_a_large_batch_is_refused_as_a_small_one_is(issued: Caller) -> None:
    units = [{"serial": f"LARGE-{number:06}"} for number in range(20_000)]
    units[0]["manufactured_on"] = "no day"
    large = issued.post("/v1/batches", batch() | {"units": units}, by=MAKER)
    small = issued.post("/v1/batches", batch() | {"units": units[:2]}, by=MAKER)
    assert (small.status, large.status) == (422, 422)
    assert small.findings() == large.findings()
