"""Behind nginx as the guide sets it up: links, https, who asked, limits of bodies; and slow clients."""

import asyncio
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from api.serving import SECONDS_TO_FINISH, free_port
from tests.api.command_line import Demonstration
from tests.api.serving_processes import Served, served
from tests.api.test_operating_guide import blocks

NGINX = shutil.which("nginx")
HOST = "id.example.com"


@dataclass
class Front:
    """An nginx that runs.

    Attributes:
        tls: Its port for https.
        plain: Its port for http.
        context: What trusts its certificate.
    """

    tls: int
    plain: int
    context: ssl.SSLContext

    def client(self) -> httpx.Client:
        """Return a client that asks it as the public host, wherever that resolves to."""
        return httpx.Client(
            base_url=f"https://127.0.0.1:{self.tls}",
            headers={"host": HOST},
            verify=self.context,
            timeout=60,
        )


def certificate(folder: Path) -> ssl.SSLContext:
    """Make a certificate in a folder; return what trusts it."""
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "2", "-subj", f"/CN={HOST}", "-out", "cert.pem"]
    command += ["-keyout", "key.pem", "-addext", f"subjectAltName=DNS:{HOST},IP:127.0.0.1"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return ssl.create_default_context(cafile=str(folder / "cert.pem"))


@contextmanager
def nginx(folder: Path, server: Served) -> Iterator[Front]:
    """Run nginx with the configuration of the guide in front of a server."""
    assert NGINX is not None
    front = Front(free_port(), free_port(), certificate(folder))
    [told] = blocks("nginx", "Behind a proxy")
    here = re.sub(r"^ *listen \[::\].*\n", "", told, flags=re.MULTILINE)
    for word, instead in {
        "listen 80;": f"listen 127.0.0.1:{front.plain};",
        "listen 443 ssl;": f"listen 127.0.0.1:{front.tls} ssl;",
        "/etc/ssl/certs/id.example.com.pem": str(folder / "cert.pem"),
        "/etc/ssl/private/id.example.com.key": str(folder / "key.pem"),
        "http://127.0.0.1:8000": server.url,
    }.items():
        assert word in here
        here = here.replace(word, instead)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = " ".join(f"{kind}_temp_path {folder / kind};" for kind in kinds)
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder / 'pid'};"
        f" events {{}} http {{ access_log off; {paths}\n{here}}}\n",
        encoding="utf-8",
    )
    command = [NGINX, "-p", str(folder), "-c", "nginx.conf", "-e", "stderr"]
    with (folder / "nginx.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", front.tls)) == 0:
                    break
            assert process.poll() is None, (folder / "nginx.log").read_text(encoding="utf-8")
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield front
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.skipif(NGINX is None, reason="nginx is not here")
def test_nginx_as_the_guide_sets_it_up(demonstration: Demonstration, tmp_path: Path) -> None:
    link = str(demonstration.printed["passport_url"])
    path = link[link.index("/01/") :]
    logged = ("--access-log", "paths", "--access-log-clients", "network")
    with (
        served(demonstration.home, tmp_path / "log", *logged) as server,
        nginx(tmp_path, server) as front,
        front.client() as client,
    ):
        plain = httpx.get(
            f"http://127.0.0.1:{front.plain}{path}?a=%2F", headers={"host": HOST}, timeout=60
        )
        found = client.get(path, headers={"x-forwarded-for": "203.0.113.77"})
        encoded = client.get("/01/09520123456788/21/A%2FB%25")
        slashed = client.get("/verify/")
        too_long = client.post(
            "/v1/verify", content=b"x" * 3_000_000, headers={"content-type": "application/json"}
        )
        beyond = client.post("/v1/verify", content=b"x" * (34 << 20))
        again = client.get(path, headers={"if-none-match": found.headers["etag"]})
        lines = server.lines()
    assert (plain.status_code, plain.headers["location"]) == (301, f"https://{HOST}{path}?a=%2F")
    assert (found.status_code, again.status_code) == (200, 304)
    assert slashed.headers["location"] == f"https://{HOST}/verify"
    assert (too_long.status_code, too_long.headers["content-type"]) == (
        413,
        "application/problem+json",
    )
    assert (beyond.status_code, beyond.headers["content-type"]) == (413, "text/html")
    # The serial arrived as it was written: it is named decoded once, in a problem of voltpass.
    assert encoded.status_code == 404
    assert encoded.headers["content-type"].startswith(("application/problem+json", "text/html"))
    assert [line["path"] for line in lines if "A" in line["path"]] == ["/01/09520123456788/21/A/B%"]
    assert {line["client"] for line in lines} == {"127.0.0.0/24"}
    assert "203.0.113" not in (tmp_path / "log").read_text(encoding="utf-8")


HEAD = b"POST /v1/verify HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


async def _hold(server: Served, count: int, rounds: int) -> tuple[list[float], int, float]:
    """Hold connections that send a byte now and then, while others ask, and while the server ends.

    Returns:
        How long others waited, how many were still held then, and how long the server took to end.
    """
    port = int(server.url.rpartition(":")[2])
    begun = [HEAD, HEAD + b"Content-Length: 1000\r\n\r\n"]  # slow in the head, slow in the body
    held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]
    for number, (_reader, writer) in enumerate(held):
        writer.write(begun[number % 2])
    waited: list[float] = []
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
        for _ in range(rounds):
            for _reader, writer in held:
                writer.write(b"x")
            at = time.monotonic()
            assert (await client.get("/healthz")).status_code == 200
            waited.append(time.monotonic() - at)
            await asyncio.sleep(0.5)
    still_held = sum(not reader.at_eof() for reader, _writer in held)
    for _reader, writer in held[1::2]:
        writer.close()  # what is in the middle of a body is waited for, as any request that was begun
    at = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    await asyncio.to_thread(server.process.wait, 60)
    took = time.monotonic() - at
    for _reader, writer in held[::2]:
        writer.close()
    return waited, still_held, took


@pytest.mark.soak
def test_200_slow_clients_keep_nobody_else_waiting_nor_the_server_from_its_end(
    tmp_path: Path,
) -> None:
    with served(tmp_path / "home", tmp_path / "log") as server:
        waited, still_held, took = asyncio.run(_hold(server, 200, 4))
    assert still_held == 200
    assert min(waited) < 1, waited  # the machine may be busy with other things
    assert took < SECONDS_TO_FINISH
    assert server.process.returncode == -signal.SIGTERM
