"""Fetching from a small server on this machine: bounded in size and time, no redirects, https."""

import gzip
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from passports.errors import EvidenceUnavailableError
from passports.verification import fetch
from passports.verification.fetch import (
    MAX_BYTES,
    FetchBudget,
    HttpFetch,
    refused_fetch,
)
from passports.verification.loopback import is_loopback


class Answers(BaseHTTPRequestHandler):
    """Answers by path."""

    seen: list[str]

    def do_GET(self) -> None:  # the base class's name
        """Answer."""
        self.seen.append(f"{self.path} {self.headers['Accept']} {self.headers['Accept-Encoding']}")
        name = self.path.strip("/")
        getattr(self, f"_{name}", self._missing)()

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for header, value in headers.items():
            self.send_header(header.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _missing(self) -> None:
        self._send(404, b"no")

    def _good(self) -> None:
        self._send(200, b"a passport")

    def _redirect(self) -> None:
        self._send(302, b"", Location="/good")

    def _full(self) -> None:
        self._send(200, bytes(MAX_BYTES))

    def _large(self) -> None:
        self._send(200, bytes(MAX_BYTES + 1))

    def _packed(self) -> None:
        self._send(200, gzip.compress(bytes(100)), Content_Encoding="gzip")

    def _cut(self) -> None:
        self._send(200, b"half", Content_Length="100")

    def _silent(self) -> None:
        time.sleep(0.6)

    def _slow(self) -> None:
        self._send(200, b"")
        for _ in range(20):
            time.sleep(0.1)
            try:
                self.wfile.write(b"x")
            except OSError:
                return

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # the base class's name
        """Say nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a server on this machine."""
    Answers.seen = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join()


def reason(url: str) -> str:
    """Return why a URL is not fetched, though whoever asks has named it."""
    with HttpFetch(loopback=[url]) as http, pytest.raises(EvidenceUnavailableError) as caught:
        http(url)
    (finding,) = caught.value.findings
    assert finding.field == "url"
    assert finding.remedy
    assert str(caught.value).encode()
    return finding.reason


def test_the_body_of_a_good_answer_is_returned_and_the_wish_is_told(server: str) -> None:
    with HttpFetch(loopback=[server]) as http:
        assert http(f"{server}/good", "application/vc+jwt") == b"a passport"
    assert Answers.seen[-1] == "/good application/vc+jwt identity"


def test_an_answer_of_the_largest_size_is_returned(server: str) -> None:
    with HttpFetch(loopback=[server]) as http:
        assert len(http(f"{server}/full")) == MAX_BYTES


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("missing", "the server answered 404"),
        ("redirect", "the server answered 302"),
        ("large", f"the answer is larger than {MAX_BYTES} bytes"),
        ("packed", "the answer is compressed"),
        ("cut", "no answer (RemoteProtocolError)"),
    ],
)
def test_other_answers_are_refused_with_their_reason(server: str, path: str, why: str) -> None:
    assert reason(f"{server}/{path}") == why


def test_a_redirect_is_not_followed(server: str) -> None:
    Answers.seen.clear()
    reason(f"{server}/redirect")
    assert len(Answers.seen) == 1


def test_a_server_that_says_nothing_is_given_up(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "TIMEOUT_SECONDS", 0.2)
    assert reason(f"{server}/silent") == "no answer (ReadTimeout)"


def test_a_server_that_sends_a_byte_now_and_then_is_given_up(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "DEADLINE_SECONDS", 0.3)
    assert reason(f"{server}/slow") == "no whole answer within 0.3 seconds"


def test_nobody_there_is_no_answer() -> None:
    assert reason("http://127.0.0.1:9/").startswith("no answer")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "good",
        "//127.0.0.1/good",
        "http://example.com/",
        "http://127.0.0.1.example.com/",
        "http://10.0.0.1/",
        "http://localhost.example/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "data:text/plain,x",
        "http://[half",
        "http://example.com@127.0.0.2.example/",
    ],
)
def test_only_https_is_fetched_and_http_from_this_machine(url: str) -> None:
    assert reason(url).startswith(("only https", "not a URL"))


def test_who_fetches_for_strangers_does_not_reach_into_this_machine(server: str) -> None:
    Answers.seen.clear()
    with HttpFetch() as http, pytest.raises(EvidenceUnavailableError):
        http(f"{server}/good")
    assert Answers.seen == []


def test_of_this_machine_only_the_named_host_and_port_are_asked(server: str) -> None:
    Answers.seen.clear()
    port = urlsplit(server).port
    for named in (
        f"http://localhost:{port}",
        "http://127.0.0.1:9",
        "https://x.example",
        "http://[",
    ):
        with HttpFetch(loopback=[named]) as http, pytest.raises(EvidenceUnavailableError):
            http(f"{server}/good")
    assert Answers.seen == []
    with HttpFetch(loopback=["https://x.example", f"{server}/01/1/21/A?b"]) as http:
        assert http(f"{server}/good") == b"a passport"


def test_a_budget_ends_by_fetches_or_by_time() -> None:
    now = [0.0]
    budget = FetchBudget(fetches=3, seconds=10, clock=lambda: now[0])
    assert [budget.spend() for _ in range(5)] == [True, True, True, False, False]
    late = FetchBudget(fetches=3, seconds=10, clock=lambda: now[0])
    now[0] = 10.0
    assert not late.spend()
    assert late.ended == "the budget of this verification ended (3 fetches, 10 seconds)"


@pytest.mark.parametrize(
    "url", ["https://", "https://x.example:99999/", "https://\x00/", "http://127.0.0.1:x/"]
)
def test_urls_that_nobody_can_ask_are_refused(url: str) -> None:
    assert reason(url)


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("0.0.0.0", False),  # not bound, asked about
        ("example.com", False),
        ("", False),
        (None, False),
    ],
)
def test_loopback_is_this_machine_alone(host: str | None, here: bool) -> None:  # a table
    assert is_loopback(host) is here


def test_offline_nothing_is_fetched() -> None:
    with pytest.raises(EvidenceUnavailableError, match="the network is not used"):
        refused_fetch("https://x.example/", "text/plain")
