"""Running the server: uvicorn with uvloop and httptools.

Plain h11 with two workers adds 44 ms to every small answer (delayed acknowledgement against two
writes), measured; httptools does not.
"""

import asyncio
import contextlib
import errno
import gc
import os
import socket
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, Final

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from api.access_log import AccessLog
from api.daily import Daily
from api.settings import Settings
from api.wiring import Voltpass
from passports.errors import Finding


def listening_fault(host: str, port: int) -> Finding | None:
    """Return what keeps a port from being listened on, or None."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            reason, remedy = "the port is taken", "Choose another with --port."
            return Finding("port", str(port), reason, remedy)
        reason = f"this address cannot be listened on: {error.strerror or error}"
        return Finding("host", f"{host}:{port}", reason, "Choose others with --host and --port.")
    return None


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
    return port


def run_server(
    voltpass: Voltpass, host: str, port: int, workers: int = 1, proxies: Sequence[str] = ()
) -> None:
    """Serve until stopped. With several workers each makes its own wiring from the environment.

    Args:
        voltpass: What is served.
        host: Address to listen on.
        port: Port to listen on.
        workers: Processes.
        proxies: Addresses or networks of proxies whose `X-Forwarded-For` and `-Proto` are believed;
            none named: those of this machine (127.0.0.1).
    """
    options: dict[str, Any] = {
        "host": host,
        "port": port,
        "log_level": "warning",
        "server_header": False,
        "forwarded_allow_ips": list(proxies) or None,
        "timeout_graceful_shutdown": SECONDS_TO_FINISH,
        **_FAST,
    }
    if workers == 1:
        try:
            uvicorn.run(_logged(voltpass), **options)
        finally:
            voltpass.close()  # reached where it did not start at all, see `_beginning_and_ending`
    else:
        voltpass.close()
        settings = voltpass.settings  # as known here: options of the command go before what was set
        os.environ["VOLTPASS_PUBLIC_URL"] = settings.public_url
        os.environ["VOLTPASS_ACCESS_LOG"] = settings.access_log
        os.environ["VOLTPASS_ACCESS_LOG_CLIENTS"] = settings.access_log_clients
        uvicorn.run("api.serving:create_worker", factory=True, workers=workers, **options)


def create_worker() -> ASGIApp:
    """Make the application of one of several processes, its database opened before requests come."""
    from api.cli import GARBAGE_LOOKED_FOR_AFTER  # noqa: PLC0415 # each process begins anew

    gc.set_threshold(GARBAGE_LOOKED_FOR_AFTER)
    voltpass = Voltpass(Settings())
    voltpass.store.ping()
    return _logged(voltpass)


def _logged(voltpass: Voltpass) -> ASGIApp:
    from api.app import create_app  # noqa: PLC0415 # slow to load: where it is served, not before

    app = create_app(voltpass)
    app.router.lifespan_context = _beginning_and_ending
    settings = voltpass.settings
    if settings.access_log == "off":
        return app
    return AccessLog(app, settings.access_log, settings.access_log_clients)


@contextlib.asynccontextmanager
async def _beginning_and_ending(app: FastAPI) -> AsyncIterator[None]:
    """Begin what runs beside the requests; end it, and close the database, when the last was answered.

    After its own end uvicorn ends the process by the signal that it got: nothing behind it is reached.
    Closed, an SQLite database is one file again: its write-ahead log is taken into it.
    """
    voltpass: Voltpass = app.state.voltpass
    daily = Daily(voltpass)
    yield
    await asyncio.to_thread(daily.stop)
    await asyncio.to_thread(voltpass.close)


# What was begun is finished after SIGTERM, for so long; a service manager has to wait longer than this.
SECONDS_TO_FINISH: Final = 30
_FAST: Final = {"loop": "uvloop", "http": "httptools", "lifespan": "on"}


@contextlib.contextmanager
def serving_in_background(voltpass: Voltpass, host: str, port: int) -> Iterator[str]:
    """Serve from a thread for the time of a `with` block; yields the base URL."""
    from api.app import create_app  # noqa: PLC0415 # as above

    config = uvicorn.Config(
        create_app(voltpass),
        host=host,
        port=port,
        log_level="warning",
        loop="asyncio",
        http="httptools",
        lifespan="off",
        server_header=False,
    )
    server = uvicorn.Server(config)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(128)  # from here on a connection waits for the server instead of failing
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()
