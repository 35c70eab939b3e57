"""Fetching evidence from others' servers: bounded in size and time, no redirects, https.

A link on a label may come from anybody, so nothing about it is trusted; what is fetched is only
looked at by the verification. Plain http is for loopback alone (a server on this very machine), and only
for the host and port that the caller names.
"""

import ssl
from collections.abc import Callable, Iterable
from time import monotonic
from typing import Final, Protocol, Self
from urllib.parse import urlsplit

import httpx

from passports.errors import EvidenceUnavailableError, Finding, shorten
from passports.verification.loopback import is_loopback
from signing.errors import FetchRefusedError
from signing.fetch import Fetcher

MAX_BYTES: Final = 256 * 1024
TIMEOUT_SECONDS: Final = 3.0  # to connect, and between two pieces of an answer
DEADLINE_SECONDS: Final = 10.0  # for the whole of it: a server may send a byte every two seconds
# Ours: a passport cites about fifteen documents, its certificates a few more.
MAX_FETCHES: Final = 40
MAX_SECONDS: Final = 15.0


class Fetch(Protocol):
    """Something that gets the bytes behind a URL."""

    def __call__(self, url: str, accept: str = "*/*") -> bytes:
        """Return the body; raise EvidenceUnavailableError with the reason otherwise."""


def refused_fetch(url: str, accept: str = "*/*") -> bytes:
    """Fetch nothing: for verification offline."""
    raise _unavailable(url, f"the network is not used (wanted {accept})", "Bring a bundle.")


def _unavailable(url: str, reason: str, remedy: str) -> EvidenceUnavailableError:
    finding = Finding("url", shorten(url), reason, remedy)
    return EvidenceUnavailableError(f"{shorten(url)} cannot be fetched: {reason}", [finding])


class FetchBudget:
    """How much one verification may fetch of what strangers cite: so often, and so long."""

    def __init__(
        self,
        fetches: int = MAX_FETCHES,
        seconds: float = MAX_SECONDS,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._left = fetches
        self._clock = clock
        self._ends_at = clock() + seconds
        self.ended = (
            f"the budget of this verification ended ({fetches} fetches, {seconds:g} seconds)"
        )

    def spend(self) -> bool:
        """Take one fetch out of the budget; False where it has ended."""
        if self._left <= 0 or self._clock() >= self._ends_at:
            return False
        self._left -= 1
        return True


def _origin(url: str) -> tuple[str | None, int | None] | None:
    """Return host and port of a URL with plain http to loopback, or None for every other."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    return (host, port) if parts.scheme == "http" and is_loopback(host) else None


# One for the process: it remembers for a minute what could not be fetched.
_OTHERS: Final = Fetcher()


class HttpFetch:
    """Fetches from others over https as `signing.fetch` does, and from this machine over http.

    What is fetched is decided by strangers, and they must not reach into this machine: http is spoken
    only with the hosts and ports of `loopback`, URLs that the user or the settings name. A context manager.
    """

    def __init__(self, *, loopback: Iterable[str] = ()) -> None:
        self._loopback = {_origin(url) for url in loopback} - {None}
        # It speaks plain http alone: to read all certificate authorities took longer than most answers.
        trusts_nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._client = httpx.Client(
            timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False, verify=trusts_nobody
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def __call__(self, url: str, accept: str = "*/*") -> bytes:
        """Return the body of a 200 answer.

        Raises:
            EvidenceUnavailableError: not https (or loopback), no answer, another status, too large.
        """
        try:
            if _origin(url) in self._loopback:
                return self._get(url, accept)
            return _OTHERS.get(url, accept=accept)
        except FetchRefusedError as error:
            remedy = "Check the link, or verify offline."
            raise _unavailable(url, error.message, remedy) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = f"no answer ({type(error).__name__})"
            raise _unavailable(url, reason, "Try again later, or verify offline.") from None

    def _get(self, url: str, accept: str) -> bytes:
        # Not compressed: what comes is what is counted, and no answer can unfold to more.
        headers = {"Accept": accept, "Accept-Encoding": "identity"}
        ends_at = monotonic() + DEADLINE_SECONDS
        with self._client.stream("GET", url, headers=headers) as response:
            if response.status_code != httpx.codes.OK:
                reason = f"the server answered {response.status_code}"
                raise _unavailable(url, reason, "Check the link.")
            if response.headers.get("content-encoding", "identity") != "identity":
                raise _unavailable(url, "the answer is compressed", "Serve it as it is.")
            body = b""
            for piece in response.iter_raw():
                body += piece
                if monotonic() > ends_at:
                    reason = f"no whole answer within {DEADLINE_SECONDS:g} seconds"
                    raise _unavailable(url, reason, "Try again later, or verify offline.")
                if len(body) > MAX_BYTES:
                    reason = f"the answer is larger than {MAX_BYTES} bytes"
                    raise _unavailable(url, reason, "This is not a passport's evidence.")
            return body
