"""The access log of `voltpass serve`: one JSON object a line on stderr, and as little in it as will do.

Never in it: headers (so no bearer token and no cookie), query strings, bodies, who called. By default the
route stands for the path, since a path names a battery, and which battery was looked at from where is
personal data (Regulation (EU) 2016/679, Articles 5(1)(c) and 25); of the client nothing, or its network.
"""

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any, Final, Literal

from starlette.types import ASGIApp, Message, Receive, Scope, Send

AccessLogForm = Literal["off", "routes", "paths"]
AccessLogClients = Literal["none", "network"]
_LONGEST_PATH: Final = 300
# What is cut off an address so that it is no household's: of IPv6, a subscriber gets a /48 to a /64.
_NETWORK_BITS: Final = {4: 24, 6: 48}


class AccessLog:
    """Writes a line for each answer, when its last byte was sent."""

    def __init__(
        self,
        app: ASGIApp,
        form: AccessLogForm,
        clients: AccessLogClients,
        write: Callable[[str], object] | None = None,
    ) -> None:
        """Wrap an application.

        Args:
            app: Whose answers are logged.
            form: Whether lines name routes or paths.
            clients: Whether lines name the client's network.
            write: Takes each line; by default it goes to stderr at one go, so that lines of several
                processes do not mix.
        """
        self._app = app
        self._form = form
        self._clients = clients
        self._write = write or _to_stderr

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and log its answer."""
        if scope["type"] != "http" or self._form == "off":
            await self._app(scope, receive, send)
            return
        status, count, began = 0, 0, time.perf_counter()

        async def counted(message: Message) -> None:
            nonlocal status, count
            if message["type"] == "http.response.start":
                status = message["status"]
            count += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, counted)
        finally:
            line: dict[str, Any] = {
                "at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "method": scope["method"],
                **self._place(scope),
                "status": status,
                "bytes": count,
                "ms": round((time.perf_counter() - began) * 1000, 1),
            }
            if self._clients == "network":
                line["client"] = network_of((scope.get("client") or ("",))[0])
            self._write(json.dumps(line) + "\n")

    def _place(self, scope: Scope) -> dict[str, str | None]:
        if self._form == "paths":
            return {"path": str(scope["path"])[:_LONGEST_PATH]}
        return {"route": route_of(scope)}


def route_of(scope: Scope) -> str | None:
    """Return the template of the path that answered (`/01/{gtin}/21/{serial}`), or None."""
    found = getattr(scope.get("route"), "path", None)
    if isinstance(found, str):
        return found
    for route in getattr(getattr(scope.get("app"), "router", None), "routes", []):
        endpoint = getattr(route, "endpoint", None) or getattr(route, "app", None)
        if endpoint is not None and endpoint is scope.get("endpoint"):
            path: str | None = getattr(route, "path", None)
            return path
    return None


def network_of(address: str) -> str:
    """Return the network that an address is in: /24, or /48 of IPv6; empty for what is no address."""
    try:
        found = ip_address(address)
    except ValueError:
        return ""
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return str(ip_network(f"{found}/{_NETWORK_BITS[found.version]}", strict=False))


def _to_stderr(line: str) -> None:
    sys.stderr.write(line)
    sys.stderr.flush()
