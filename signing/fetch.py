"""Fetching documents of others (did:web, status lists) without doing them a favour.

https only, no redirects, no proxies; the name is resolved once and the connection made to exactly that
address, which must be a public one; the certificate must be for the name. At most 64 KiB as they come
over the wire (a compressed answer is refused), within 3 seconds in all. What failed is not tried again
for a minute.
"""

import socket
import ssl
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from ipaddress import ip_address
from threading import Lock
from typing import Any, Final, TypeAlias
from urllib.parse import SplitResult, urlsplit

import httpcore
import httpx

from signing.addresses import Address, is_global_unicast
from signing.errors import FetchRefusedError

MAX_BYTES: Final = 64 * 1024
SECONDS: Final = 3.0
REMEMBER_FAILURE_SECONDS: Final = 60.0
_REMEMBERED: Final = 4096
_HTTPS_PORT: Final = 443
_OK: Final = 200
_REDIRECTS: Final = range(300, 400)

Resolver: TypeAlias = Callable[[str, int], list[Address]]


def resolve(host: str, port: int) -> list[Address]:
    """The addresses of a host, from the operating system.

    Raises:
        OSError: It has none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    # A scope (fe80::1%eth0) never belongs to a public address.
    return [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


class Fetcher:
    """Fetches over https; one object serves many threads and remembers what failed."""

    def __init__(
        self,
        *,
        is_allowed: Callable[[Address], bool] = is_global_unicast,
        resolver: Resolver = resolve,
        tls: ssl.SSLContext | None = None,
        ports: frozenset[int] = frozenset({_HTTPS_PORT}),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare.

        Args:
            is_allowed: Which addresses may be connected to; another one only for tests.
            resolver: How names become addresses.
            tls: Whose certificates are believed; by default the system's authorities.
            ports: Which ports may be connected to.
            clock: Seconds that only go forward.
        """
        self._is_allowed = is_allowed
        self._resolver = resolver
        self._tls = tls or httpx.create_ssl_context(trust_env=False)
        self._ports = ports
        self._clock = clock
        self._failures: OrderedDict[str, tuple[float, FetchRefusedError]] = OrderedDict()
        self._lock = Lock()

    def get(self, url: str, *, accept: str = "application/json") -> bytes:
        """The document behind a URL.

        Raises:
            FetchRefusedError: With ``reason`` one of ``url_malformed``, ``not_https``,
                ``port_not_allowed``, ``not_resolved``, ``address_not_allowed``, ``not_connected``,
                ``timed_out``, ``redirected``, ``status_not_200``, ``compressed``, ``too_large``.
        """
        self._raise_remembered(url)
        try:
            return self._get(url, accept)
        except FetchRefusedError as error:
            with self._lock:
                self._failures[url] = (self._clock() + REMEMBER_FAILURE_SECONDS, error)
                while len(self._failures) > _REMEMBERED:
                    self._failures.popitem(last=False)
            raise

    def _raise_remembered(self, url: str) -> None:
        with self._lock:
            until, error = self._failures.get(url, (0.0, None))
            if error is None:
                return
            if until <= self._clock():
                del self._failures[url]
                return
        raise FetchRefusedError(url, error.reason, f"{error.message} (not tried again)")

    def _get(self, url: str, accept: str) -> bytes:
        host, port = self._target(url)
        deadline = self._clock() + SECONDS
        address = self._address(url, host, port)
        backend = _OneAddress(str(address), deadline, self._clock)
        try:
            with httpcore.ConnectionPool(
                ssl_context=self._tls, max_connections=1, network_backend=backend
            ) as pool:
                return self._read(pool, url, accept, deadline)
        except httpcore.TimeoutException:
            raise FetchRefusedError(url, "timed_out", f"no answer within {SECONDS} s") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError, OSError) as error:
            reason = f"no answer over https ({type(error).__name__})"
            raise FetchRefusedError(url, "not_connected", reason) from None

    def _target(self, url: str) -> tuple[str, int]:
        parts = _split(url)
        if parts is None or not parts.hostname or not url.isascii() or not url.isprintable():
            raise FetchRefusedError(url, "url_malformed", "not a URL with a host")
        if parts.scheme != "https" or parts.username is not None:
            raise FetchRefusedError(url, "not_https", "only https, without a user's name")
        port = parts.port or _HTTPS_PORT
        if port not in self._ports:
            raise FetchRefusedError(url, "port_not_allowed", f"port {port} is not allowed")
        return parts.hostname, port

    def _address(self, url: str, host: str, port: int) -> Address:
        """The one address to connect to; a name that also has a private one is refused."""
        worker = ThreadPoolExecutor(1)
        try:
            addresses = worker.submit(self._resolver, host, port).result(timeout=SECONDS)
        except (OSError, UnicodeError, FutureTimeoutError):
            addresses = []
        finally:
            worker.shutdown(wait=False, cancel_futures=True)
        if not addresses:
            raise FetchRefusedError(url, "not_resolved", f"{host} has no address")
        if not all(map(self._is_allowed, addresses)):
            raise FetchRefusedError(url, "address_not_allowed", f"{host} is not a public address")
        return addresses[0]

    def _read(self, pool: httpcore.ConnectionPool, url: str, accept: str, deadline: float) -> bytes:
        headers = [
            ("Host", url.split("/", 3)[2]),
            ("Accept", accept),
            ("Accept-Encoding", "identity"),
            ("User-Agent", "voltpass"),
        ]
        timeout = dict.fromkeys(("connect", "read", "write", "pool"), SECONDS)
        with pool.stream("GET", url, headers=headers, extensions={"timeout": timeout}) as answer:
            if answer.status in _REDIRECTS:
                raise FetchRefusedError(url, "redirected", "redirects are not followed")
            if answer.status != _OK:
                raise FetchRefusedError(url, "status_not_200", f"status {answer.status}")
            encodings = [
                v.strip().lower() for k, v in answer.headers if k.lower() == b"content-encoding"
            ]
            if any(encoding not in {b"", b"identity"} for encoding in encodings):
                raise FetchRefusedError(url, "compressed", "the answer is compressed")
            content = bytearray()
            for part in answer.iter_stream():
                content += part
                if len(content) > MAX_BYTES:
                    raise FetchRefusedError(url, "too_large", f"more than {MAX_BYTES} bytes")
            if self._clock() > deadline:
                raise FetchRefusedError(url, "timed_out", f"no answer within {SECONDS} s")
            return bytes(content)


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where it is not a port
    except ValueError:
        return None
    return parts


class _OneAddress(httpcore.NetworkBackend):
    """Connects to the address that was checked, whatever name is asked for, and until a deadline."""

    def __init__(self, address: str, deadline: float, clock: Callable[[], float]) -> None:
        self._address = address
        self._deadline = deadline
        self._clock = clock
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,  # noqa: ARG002 - the name was resolved already, once
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the deadline counts
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(self._deadline, self._clock)
        stream = self._backend.connect_tcp(self._address, port, left, local_address, socket_options)
        return _Stream(stream, self._deadline, self._clock)


class _Stream(httpcore.NetworkStream):
    """A stream on which all reads and writes together have until a deadline."""

    def __init__(
        self, stream: httpcore.NetworkStream, deadline: float, clock: Callable[[], float]
    ) -> None:
        self._stream = stream
        self._deadline = deadline
        self._clock = clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - the deadline counts
        return self._stream.read(max_bytes, _left(self._deadline, self._clock))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - the deadline counts
        self._stream.write(buffer, _left(self._deadline, self._clock))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - the deadline counts
    ) -> httpcore.NetworkStream:
        try:
            left = _left(self._deadline, self._clock)
        except httpcore.ReadTimeout:
            self.close()
            raise
        secured = self._stream.start_tls(ssl_context, server_hostname, left)
        return _Stream(secured, self._deadline, self._clock)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - httpcore's signature
        return self._stream.get_extra_info(info)


def _left(deadline: float, clock: Callable[[], float]) -> float:
    left = deadline - clock()
    if left <= 0:
        raise httpcore.ReadTimeout
    return left
