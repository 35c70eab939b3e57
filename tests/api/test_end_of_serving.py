"""How a server ends: at SIGTERM the database is closed, and an SQLite one is one file again."""

import shutil
import signal
import sqlite3
from pathlib import Path

import httpx
import pytest

from tests.api.command_line import Demonstration, run
from tests.api.serving_processes import served

WRITE_AHEAD = ("voltpass.sqlite3-wal", "voltpass.sqlite3-shm")


@pytest.mark.soak
@pytest.mark.parametrize(
    ("by", "workers"),
    [(signal.SIGTERM, 1), (signal.SIGTERM, 2), (signal.SIGINT, 1)],
)
def test_a_server_that_is_stopped_closes_its_database_and_leaves_one_file(
    tmp_path: Path, by: signal.Signals, workers: int
) -> None:
    home = tmp_path / "home"
    with served(home, tmp_path / "log", "--workers", str(workers)) as server:
        assert httpx.get(f"{server.url}/compare", timeout=60).status_code == 200
        assert (home / WRITE_AHEAD[0]).exists()  # else this test sees nothing
        server.stop(by)
    assert [name for name in WRITE_AHEAD if (home / name).exists()] == []
    assert "Traceback" not in server.log.read_text(encoding="utf-8")
    # So whoever copies that one file has all of it.
    shutil.copy(home / "voltpass.sqlite3", tmp_path / "copy")
    with sqlite3.connect(tmp_path / "copy") as copied:
        [(operators,)] = copied.execute("SELECT count(*) FROM operator").fetchall()
    copied.close()
    assert operators == 1


def test_a_request_that_was_begun_finds_the_database_open_and_the_server_ends_by_its_signal(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    home = demonstration.home
    link = str(demonstration.printed["passport_url"])
    path = link[link.index("/01/") :]
    with served(home, tmp_path / "log") as server, httpx.Client(base_url=server.url) as client:
        assert client.get(path, timeout=60).status_code == 200
        assert server.stop() == -signal.SIGTERM  # as a service manager takes for an end in order
    assert not (home / WRITE_AHEAD[0]).exists()
    checked = run("fsck", home=home)
    assert checked.returncode == 0, checked.stdout + checked.stderr
