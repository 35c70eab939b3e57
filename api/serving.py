"""Running the server: uvicorn with uvloop and httptools.

Plain h11 with two workers adds 44 ms to every small answer (delayed acknowledgement against two
writes), measured; httptools does not.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator

import uvicorn

from api.app import create_app
from api.wiring import Voltpass


def port_is_free(host: str, port: int) -> bool:
    """Tell whether a port can be listened on."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
    return port


def run_server(voltpass: Voltpass, host: str, port: int, workers: int = 1) -> None:
    """Serve until stopped. With several workers each makes its own wiring from the environment."""
    options = {"host": host, "port": port, "log_level": "warning", "server_header": False}
    if workers == 1:
        uvicorn.run(create_app(voltpass), **_FAST, **options)  # type: ignore[arg-type] # mixed values
    else:
        voltpass.close()
        uvicorn.run("api.app:create_app", factory=True, workers=workers, **_FAST, **options)  # type: ignore[arg-type] # as above


_FAST = {"loop": "uvloop", "http": "httptools", "lifespan": "off"}


@contextlib.contextmanager
def serving_in_background(voltpass: Voltpass, host: str, port: int) -> Iterator[str]:
    """Serve from a thread for the time of a `with` block; yields the base URL."""
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
