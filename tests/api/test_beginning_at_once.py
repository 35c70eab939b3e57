"""Two who begin one empty home at the same moment begin one: one database, one passphrase, one keyring."""

import subprocess
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from api.serving import free_port
from api.settings import Settings
from passports.store import Store
from tests.api.command_line import VOLTPASS, environment, run
from tests.api.serving_processes import Served, answered
from tests.passports.test_store import at_once


@pytest.mark.soak
def test_two_servers_on_one_empty_home_both_serve_and_share_its_keys(tmp_path: Path) -> None:
    home, servers = tmp_path / "home", list[Served]()
    given = environment(home, VOLTPASS_PUBLIC_URL="http://127.0.0.1:8000")
    with ExitStack() as open_files:
        for number in range(2):
            port, log = free_port(), tmp_path / f"log-{number}"
            process = subprocess.Popen(
                [VOLTPASS, "serve", "--port", str(port)],
                env=given,
                stdout=subprocess.DEVNULL,
                stderr=open_files.enter_context(log.open("wb")),
            )
            servers.append(Served(f"http://127.0.0.1:{port}", process, log))
        try:
            for server in servers:
                answered(server)
            said = [
                httpx.get(f"{server.url}/operators/platform/did.json", timeout=60)
                for server in servers
            ]
        finally:
            for server in servers:
                server.stop()
    assert [answer.status_code for answer in said] == [200, 200]
    assert said[0].json() == said[1].json()
    names = sorted(path.name.partition("-2")[0] for path in (home / "keys").iterdir())
    assert names == [
        "log-ed25519.json",
        "log-ml-dsa-44.json",
        "passphrase",
        "platform",
        "trust-root.json",
    ]
    assert run("keys", "trust-list", home=home).returncode == 0  # all of them open
    assert run("fsck", home=home).returncode == 0


def test_stores_that_begin_one_file_at_once_wait_for_each_other(tmp_path: Path) -> None:
    for number in range(5):
        url = f"sqlite:///{tmp_path / f'{number}.sqlite3'}"
        stores = [Store(url) for _ in range(4)]
        assert at_once(*(store.migrate for store in stores)) == [None] * 4
        assert all(store.is_laid_out() for store in stores)
        for store in stores:
            store.close()
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".sqlite3"] * 5


def test_a_passphrase_that_several_make_up_at_once_is_one(tmp_path: Path) -> None:
    for number in range(20):
        homes = [Settings(home=tmp_path / str(number)) for _ in range(6)]
        made = at_once(*(home.passphrase for home in homes))
        assert len(set(made)) == 1, made
        assert len(str(made[0])) > 40
        assert [path.name for path in homes[0].keys_directory.iterdir()] == ["passphrase"]
        assert (homes[0].keys_directory / "passphrase").stat().st_mode & 0o777 == 0o600
