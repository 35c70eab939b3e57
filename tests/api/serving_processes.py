"""`voltpass serve` as processes of their own, as a service manager runs them."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from api.serving import free_port
from tests.api.command_line import VOLTPASS, environment


@dataclass
class Served:
    """A server that runs.

    Attributes:
        url: Where it listens.
        process: It.
        log: The file that its stderr goes to.
    """

    url: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def lines(self) -> list[dict[str, Any]]:
        """Return the lines of its access log."""
        text = self.log.read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def stop(self, by: signal.Signals = signal.SIGTERM) -> int:
        """Stop it and wait for its end."""
        self.process.send_signal(by)
        return self.process.wait(40)


@contextmanager
def served(home: Path, log: Path, *options: str, **changes: str) -> Iterator[Served]:
    """Run a server for the time of a `with` block; it answers when the block begins."""
    port = free_port()
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [VOLTPASS, "serve", "--port", str(port), *options],
            env=environment(home, **changes),
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        )
    server = Served(f"http://127.0.0.1:{port}", process, log)
    try:
        answered(server)
        yield server
    finally:
        if process.poll() is None:
            server.stop()


def answered(server: Served, status: int = 200, seconds: float = 180) -> httpx.Response:
    """Wait until a server answers /healthz with a status."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            answer = httpx.get(f"{server.url}/healthz", timeout=20)
        except httpx.TransportError:
            answer = None
        if answer is not None and answer.status_code == status:
            return answer
        assert server.process.poll() is None, server.log.read_text(encoding="utf-8")
        assert time.monotonic() < deadline, answer
        time.sleep(0.03)
