"""Processes for large shipments: they share the work, and one that dies is replaced."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.examiners import Examiners
from passports.resolve import OwnRecords
from passports.shipment_verdicts import ShipmentVerdict
from passports.shipments import verify_shipment
from signing.credentials import CredentialSigner
from signing.keys.software_key import P256Key
from tests.worlds import ADDRESS, GTIN, NOW, World


@pytest.fixture
def examiners() -> Iterator[Examiners]:
    """One process beside this one."""
    beside = Examiners(1)
    yield beside
    beside.close()


def test_a_container_is_judged_by_two_processes_as_by_one(
    sqlite_world: World, examiners: Examiners
) -> None:
    serials = [f"C-{number}" for number in range(1_000)]
    sqlite_world.issue(*serials, id="container")
    links = [f"{ADDRESS.base_url}/01/{GTIN}/21/{serial}" for serial in [*serials, "C-7", "none"]]
    records = OwnRecords(sqlite_world.store, sqlite_world.keyring, ADDRESS, lambda: NOW)
    signer = CredentialSigner(P256Key.from_secret(bytes([7]) * 32), "did:web:port.example")

    def rows(beside: Examiners) -> tuple[list[ShipmentVerdict], int]:
        data = "\n".join(links).encode()
        receipt = verify_shipment(
            data, records, lambda: None, signer, signer.issuer_did, NOW, examiners=beside.pool
        )
        return list(receipt.rows), receipt.counts["valid_with_warnings"]

    alone, valid = rows(Examiners(0))
    assert valid == len(serials) + 1
    assert [row.verdict for row in alone[-2:]] == ["valid_with_warnings", "unknown"]
    assert alone[-2].duplicate_of_line == 8
    assert rows(examiners) == (alone, valid)


def test_one_that_dies_is_replaced(examiners: Examiners) -> None:
    pool = examiners.pool()
    assert pool is not None
    first = pool.submit(os.getpid).result()
    assert first != os.getpid()
    assert examiners.pool() is pool
    ending = pool.submit(os.kill, first, signal.SIGKILL)
    assert ending.exception() is not None
    renewed = examiners.pool()
    assert renewed is not None
    assert renewed.submit(os.getpid).result() not in {first, os.getpid()}


SERVER = """
import os, time
from api.examiners import Examiners

if __name__ == "__main__":
    pool = Examiners(1).pool()
    print(pool.submit(os.getpid).result(), flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGKILL])
def test_they_end_with_their_server_however_it_ends(tmp_path: Path, by: signal.Signals) -> None:
    script = tmp_path / "server.py"
    script.write_text(SERVER, encoding="utf-8")
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        examiner = int(server.stdout.readline())
        assert is_running(examiner)
        server.send_signal(by)
        assert server.wait(20) == -by
    deadline = time.monotonic() + 20
    while is_running(examiner):
        assert time.monotonic() < deadline, "it waits for a server that is gone"
        time.sleep(0.05)


def is_running(process_id: int) -> bool:
    try:
        state = Path(f"/proc/{process_id}/stat").read_text(encoding="ascii").rsplit(")", 1)[1]
    except FileNotFoundError:
        return False
    return state.split()[0] != "Z"  # dead, and only waiting for somebody to ask how it ended


def test_with_one_core_there_are_none() -> None:
    alone = Examiners(0)
    assert alone.pool() is None
    alone.close()
