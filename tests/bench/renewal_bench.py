"""Renewing 1,000 passports after data of their model were written, against issuing as many.

A renewal reads each newest version, compares, signs the next, and writes leaves, bits and rows.
"""

import itertools
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from passports.attributes.data import AttributeChange, find_subject, write_attributes
from passports.attributes.table import Granularity
from passports.keyring import Keyring
from passports.life.renewal import renew_passports
from passports.store import Store
from tests.bench.frame import Benchmark, in_turns
from tests.worlds import ADDRESS, MAKER, MODEL, NOW, World, populate

PASSPORTS = 1000
ROUNDS = 3


def run() -> Iterator[Benchmark]:
    """Yield the result for SQLite, the embedded default."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{Path(folder) / 'bench.sqlite3'}")
        store.migrate()
        keyring = Keyring(Path(folder) / "keys", b"for the benchmark")
        populate(store, keyring)
        world = World(store, keyring)
        world.issue(*[f"R-{unit}" for unit in range(PASSPORTS)], id="renewed")
        number = itertools.count(1)
        _write(world, 0)

        def renew() -> None:
            turn = next(number)
            at = NOW + timedelta(hours=turn)
            done = renew_passports(store, keyring, ADDRESS, MAKER, ["renewed"], "bench", at)
            assert done.renewed == PASSPORTS
            _write(world, turn)

        def issue() -> None:
            turn = next(number)
            world.issue(*[f"I{turn}-{unit}" for unit in range(PASSPORTS)], id=f"i-{turn}")

        renewing_s, issuing_s = in_turns(renew, issue, rounds=ROUNDS)
        store.close()
    value, reference = PASSPORTS / renewing_s, PASSPORTS / issuing_s
    yield Benchmark(
        name="renew_1000_passports",
        value=value,
        unit="passports/s",
        reference="issue_batch of as many units",
        reference_value=reference,
        ratio=value / reference,
        goal=0.25,
        better="higher",
    )


def _write(world: World, turn: int) -> None:
    """Write other data of the model, so that each passport has something to take up."""
    with world.store.reading() as reading:
        subject = find_subject(reading, MAKER, Granularity.MODEL, MODEL)
    change = AttributeChange(values={"extinguishing_agents": [f"agent {turn}"]}, reason="bench")
    at = NOW + timedelta(hours=turn, minutes=1)
    write_attributes(world.store, world.keyring, ADDRESS, subject, change, at, replace=False)
