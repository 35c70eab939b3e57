"""`voltpass serve` as it is run: its access log, behind a proxy, several workers, and its end."""

import json
import signal
import socket
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.access_log import AccessLog, network_of
from api.serving import run_server
from api.settings import Settings
from api.wiring import Voltpass
from tests.api.command_line import Demonstration
from tests.api.serving_processes import Served, served

LINE = {"at", "method", "status", "bytes", "ms"}
SECRET = "word-5"


def asked(server: Served, link: str) -> list[dict[str, Any]]:
    """Ask for several things with secrets in header and query; return the lines of the log."""
    path = link.partition("/01/")[1] + link.partition("/01/")[2]
    headers = {"authorization": f"Bearer {SECRET}", "cookie": f"voltpass-session={SECRET}"}
    headers |= {"x-forwarded-for": "203.0.113.77, 2001:db8:1:2::3", "user-agent": "probe/1"}
    with httpx.Client(base_url=server.url, headers=headers, timeout=60) as client:
        assert client.get(path).status_code == 200
        client.get("/v1/passports", params={"token": SECRET})
        client.get(f"/nowhere/{SECRET}")
        client.get("/static/voltpass.css")
    # A line is written when the last byte was sent; who reads it is not waited for.
    deadline = time.monotonic() + 10
    while len(lines_of(server)) != 4 and time.monotonic() < deadline and server.log.stat().st_size:
        time.sleep(0.05)
    text = server.log.read_text(encoding="utf-8")
    assert SECRET not in text.replace(f'"/nowhere/{SECRET}"', "")
    assert "probe" not in text
    return lines_of(server)


def lines_of(server: Served) -> list[dict[str, Any]]:
    """Return the lines of a log without those of the probe that waits for the server."""
    return [line for line in server.lines() if "healthz" not in json.dumps(line)]


def test_a_server_logs_routes_and_nobody_and_finishes_what_was_begun_after_sigterm(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    link = str(demonstration.printed["passport_url"])
    with served(demonstration.home, tmp_path / "log", "--access-log", "routes") as server:
        lines = asked(server, link)
        forwarded = {"host": "id.example.com", "x-forwarded-proto": "https"}
        redirect = httpx.get(f"{server.url}/verify/", headers=forwarded, timeout=60)
        finish_after_sigterm(server)
    assert [set(line) for line in lines] == [LINE | {"route"}] * 4
    assert lines[0]["route"] == "/01/{gtin}/21/{serial:path}"
    assert (lines[0]["status"], lines[2]["status"], lines[2]["route"]) == (200, 404, None)
    assert lines[0]["bytes"] > 1000
    text = (tmp_path / "log").read_text(encoding="utf-8")
    assert link.rpartition("/")[2] not in text
    assert "127.0.0.1" not in text
    assert redirect.headers["location"] == "https://id.example.com/verify"


def finish_after_sigterm(server: Served) -> None:
    """Begin a request, end the server, and have the request answered before it goes."""
    body = b'{"link": "nothing"}'
    port = int(server.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as begun:
        head = b"POST /v1/verify HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        begun.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body[:5])
        time.sleep(0.5)
        server.process.send_signal(signal.SIGTERM)
        assert refused_before(port, time.monotonic() + 20)
        assert server.process.poll() is None
        begun.sendall(body[5:])
        answer = begun.recv(65536)
    assert answer.startswith(b"HTTP/1.1 4")  # a problem document: this is no link
    assert b"application/problem+json" in answer
    assert server.process.wait(30) == -signal.SIGTERM


def test_two_workers_log_paths_and_networks_on_demand_in_whole_lines(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    link = str(demonstration.printed["passport_url"])
    options = ("--workers", "2", "--access-log", "paths", "--access-log-clients", "network")
    with served(demonstration.home, tmp_path / "log", *options) as server:
        lines = asked(server, link)

        def look() -> None:
            for _ in range(10):  # a connection each, so that both workers answer
                httpx.get(f"{server.url}/.well-known/did.json", timeout=60)

        threads = [threading.Thread(target=look) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        server.stop()
    assert lines[0]["path"] == link[link.index("/01/") :]
    assert lines[1]["path"] == "/v1/passports"  # without its query
    assert {line["client"] for line in lines} == {"2001:db8:1::/48"}  # as the proxy here said
    assert "203.0.113.77" not in (tmp_path / "log").read_text(encoding="utf-8")
    many = [line for line in server.lines() if line["path"] == "/.well-known/did.json"]
    assert [line["status"] for line in many] == [200] * 40


def test_without_the_option_nothing_is_logged_and_proxies_are_those_that_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run: list[tuple[object, dict[str, Any]]] = []
    monkeypatch.setattr("uvicorn.run", lambda app, **options: run.append((app, options)))
    for proxies in ((), ("192.0.2.9", "198.51.100.0/24")):
        run_server(Voltpass(Settings(home=tmp_path)), "127.0.0.1", 8000, proxies=proxies)
    (app, first), (_, second) = run
    assert not isinstance(app, AccessLog)
    assert first["forwarded_allow_ips"] is None  # uvicorn's: 127.0.0.1
    assert second["forwarded_allow_ips"] == ["192.0.2.9", "198.51.100.0/24"]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("", ""),
        ("unix", ""),
    ],
)
def test_of_an_address_the_network_is_left(address: str, network: str) -> None:
    assert network_of(address) == network


def refused_before(port: int, deadline: float) -> bool:
    """Wait until nobody listens on a port."""
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return True
        time.sleep(0.05)
    return False
