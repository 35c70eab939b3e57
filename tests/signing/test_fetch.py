"""The fetcher against a real TLS server on this machine that does what hostile servers do."""

import gzip
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from signing import fetch
from signing.addresses import is_global_unicast
from signing.errors import FetchRefusedError
from signing.fetch import Fetcher

HOST = "maker.example"
LOOPBACK = ip_address("127.0.0.1")


def answer(body: bytes, status: str = "200 OK", headers: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}Connection: close\r\n\r\n"
    return head.encode() + body


Pieces = list[bytes | float]
DRIP: Pieces = [0.1, b"x"] * 8

ANSWERS: dict[str, Pieces] = {
    "/good": [
        answer(b'{"id":"did:web:maker.example"}', headers="Content-Type: application/json\r\n")
    ],
    "/identity": [answer(b"{}", headers="Content-Encoding: identity\r\n")],
    "/limit": [answer(b"x" * fetch.MAX_BYTES)],
    "/large": [answer(b"x" * (fetch.MAX_BYTES + 1))],
    "/endless": [b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", *[b"x" * 10_000] * 50],
    "/redirect": [answer(b"", "302 Found", "Location: https://169.254.169.254/\r\n")],
    "/missing": [answer(b"no", "404 Not Found")],
    "/bomb": [answer(gzip.compress(bytes(10_000_000)), headers="Content-Encoding: gzip\r\n")],
    "/not-http": [b"SSH-2.0-OpenSSH_9.2\r\n"],
    "/cut-off": [b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"],
    "/silent": [1.0],
    "/dripping-header": [b"HTTP/1.1 200 OK\r\n", *DRIP],
    "/dripping-body": [b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", *DRIP],
}


class Server:
    """Answers each connection with what ANSWERS has for its path, in pieces and with pauses."""

    def __init__(self, folder: Path) -> None:
        certificate, key = folder / "cert.pem", folder / "key.pem"
        make_certificate(certificate, key)
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificate, key)
        self.client_tls = ssl.create_default_context(cafile=str(certificate))
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.hosts: list[str] = []
        self.connections = 0
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(connection,))
            thread.start()
            self._threads.append(thread)

    def _serve(self, connection: socket.socket) -> None:
        try:
            with self._tls.wrap_socket(connection, server_side=True) as secured:
                request = secured.recv(4096).decode()
                self.hosts.append(request.partition("Host: ")[2].partition("\r\n")[0])
                for piece in ANSWERS[request.split()[1]] if request else []:
                    if isinstance(piece, float):
                        time.sleep(piece)
                    else:
                        secured.sendall(piece)
        except OSError:
            connection.close()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in [self._accepting, *self._threads]:
            thread.join()


def make_certificate(certificate: Path, key_file: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key_file.write_bytes(pem)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("tls"))
    yield made
    made.close()


def fetcher(server: Server, **changes: Any) -> Fetcher:
    options: dict[str, Any] = {
        "is_allowed": lambda address: address.is_loopback,
        "resolver": lambda host, port: [LOOPBACK],
        "tls": server.client_tls,
        "ports": frozenset({443, server.port}),
        **changes,
    }
    return Fetcher(**options)


def get(server: Server, path: str, host: str = HOST, **changes: Any) -> bytes:
    return fetcher(server, **changes).get(f"https://{host}:{server.port}{path}")


def reason(server: Server, path: str, host: str = HOST, **changes: Any) -> str:
    with pytest.raises(FetchRefusedError) as refused:
        get(server, path, host, **changes)
    return refused.value.reason


def test_a_document_is_fetched_under_its_name_from_the_checked_address(server: Server) -> None:
    assert get(server, "/good") == b'{"id":"did:web:maker.example"}'
    assert server.hosts[-1] == f"{HOST}:{server.port}"
    assert get(server, "/identity") == b"{}"
    assert len(get(server, "/limit")) == fetch.MAX_BYTES


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/large", "too_large"),
        ("/endless", "too_large"),
        ("/redirect", "redirected"),
        ("/missing", "status_not_200"),
        ("/bomb", "compressed"),
        ("/not-http", "not_connected"),
        ("/cut-off", "not_connected"),
    ],
)
def test_what_a_hostile_server_does_is_refused(server: Server, path: str, expected: str) -> None:
    assert reason(server, path) == expected


@pytest.mark.parametrize("path", ["/silent", "/dripping-header", "/dripping-body"])
def test_the_deadline_is_for_everything_together(
    server: Server, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "SECONDS", 0.3)
    begin = time.monotonic()
    assert reason(server, path) == "timed_out"
    assert time.monotonic() - begin < 0.9


def test_time_that_ran_out_before_or_at_the_end_counts_too(server: Server) -> None:
    for calls in range(1, 12):  # wherever in the exchange the clock jumps
        ticks = iter([0.0] * calls)
        expected = "timed_out"
        try:
            get(server, "/good", clock=lambda ticks=ticks: next(ticks, 9.0))
        except FetchRefusedError as error:
            assert error.reason == expected  # noqa: PT017 - the last ones are in time
        else:
            assert calls > 6


def test_a_certificate_for_another_name_is_refused(server: Server) -> None:
    assert reason(server, "/good", host="other.example") == "not_connected"
    assert reason(server, "/good", tls=ssl.create_default_context()) == "not_connected"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://maker.example/", "not_https"),
        ("ftp://maker.example/", "not_https"),
        ("https://user@maker.example/", "not_https"),
        ("https:///x", "url_malformed"),
        ("https://[::1", "url_malformed"),
        ("https://maker.example:x/", "url_malformed"),
        ("https://maker.example:99999/", "url_malformed"),
        ("https://mäker.example/", "url_malformed"),
        ("https://maker.example/\r\nX: y", "url_malformed"),
        ("", "url_malformed"),
        ("https://maker.example:22/", "port_not_allowed"),
        ("https://maker.example:8443/", "port_not_allowed"),
    ],
)
def test_only_plain_https_urls_are_fetched(url: str, expected: str) -> None:
    with pytest.raises(FetchRefusedError) as refused:
        Fetcher(resolver=lambda host, port: [LOOPBACK]).get(url)
    assert refused.value.reason == expected
    assert refused.value.url == url


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "192.88.99.1",
        "::",
        "::1",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::7f00:1",
        "64:ff9b::a00:1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:db8::1",
        "3fff::1",
        "5f00::1",
        "100::1",
    ],
)
def test_addresses_that_are_not_public_are_refused_in_every_disguise(address: str) -> None:
    assert not is_global_unicast(ip_address(address))
    with pytest.raises(FetchRefusedError) as refused:
        Fetcher(resolver=lambda host, port: [ip_address(address)]).get("https://maker.example/")
    assert refused.value.reason == "address_not_allowed"


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "8.8.8.8",
        "2606:4700:4700::1111",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
        "2002:808:808::1",
    ],
)
def test_public_addresses_are_allowed(address: str) -> None:
    assert is_global_unicast(ip_address(address))


def test_a_name_with_one_private_address_among_public_ones_is_refused() -> None:
    addresses = [ip_address("1.1.1.1"), LOOPBACK]
    with pytest.raises(FetchRefusedError) as refused:
        Fetcher(resolver=lambda host, port: addresses).get("https://maker.example/")
    assert refused.value.reason == "address_not_allowed"


def test_a_name_is_resolved_exactly_once(server: Server) -> None:
    asked: list[str] = []

    def rebinding(host: str, port: int) -> Any:
        asked.append(host)
        return [LOOPBACK if len(asked) == 1 else ip_address("10.0.0.1")]

    assert get(server, "/good", resolver=rebinding)
    assert asked == [HOST]


def test_a_name_without_address_or_that_takes_too_long_is_not_resolved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown(host: str, port: int) -> Any:
        raise socket.gaierror(host)

    def slow(host: str, port: int) -> Any:
        time.sleep(0.3)
        return [LOOPBACK]

    monkeypatch.setattr(fetch, "SECONDS", 0.05)
    resolvers: list[fetch.Resolver] = [unknown, slow, lambda host, port: []]
    for resolver in resolvers:
        with pytest.raises(FetchRefusedError) as refused:
            Fetcher(resolver=resolver).get("https://maker.example/")
        assert refused.value.reason == "not_resolved"


def test_the_system_resolves_literal_addresses() -> None:
    assert fetch.resolve("127.0.0.1", 443) == [LOOPBACK]
    with pytest.raises(FetchRefusedError) as refused:
        Fetcher().get("https://127.0.0.1/")
    assert refused.value.reason == "address_not_allowed"


def test_a_failure_is_remembered_for_a_minute_and_no_longer(server: Server) -> None:
    now = [1000.0]
    one = fetcher(server, clock=lambda: now[0])
    url = f"https://{HOST}:{server.port}/missing"
    for message in ("status 404", "not tried again"):
        with pytest.raises(FetchRefusedError, match=message):
            one.get(url)
    before = server.connections
    now[0] += fetch.REMEMBER_FAILURE_SECONDS + 1
    with pytest.raises(FetchRefusedError, match="status 404"):
        one.get(url)
    assert server.connections == before + 1
    assert one.get(f"https://{HOST}:{server.port}/good")


def test_only_so_many_failures_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "_REMEMBERED", 3)
    one = Fetcher()
    for place in range(6):
        with pytest.raises(FetchRefusedError):
            one.get(f"http://maker.example/{place}")
    assert len(one._failures) == 3
