"""Registering 10,000 rows of a workbook, from its bytes to committed rows, against issuing the units alone.

What is between the two: reading the workbook, telling its columns, judging each row.
"""

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path

from passports.keyring import Keyring
from passports.store import Store
from tests.bench.frame import Benchmark, in_turns
from tests.passports.bulk_files import as_xlsx, battery, register
from tests.worlds import World, populate

ROWS = 10_000
ROUNDS = 2


def run() -> Iterator[Benchmark]:
    """Yield the result for SQLite, the embedded default."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{Path(folder) / 'bench.sqlite3'}")
        store.migrate()
        keyring = Keyring(Path(folder) / "keys", b"for the benchmark")
        populate(store, keyring)
        world = World(store, keyring)
        workbooks = iter(
            [
                as_xlsx([battery(f"X{turn}-{n}", batch_id=f"x-{turn}") for n in range(ROWS)])
                for turn in range(ROUNDS + 1)
            ]
        )
        number = itertools.count()

        def import_workbook() -> None:
            assert register(world, next(workbooks)).report.registered == ROWS

        def issue_alone() -> None:
            turn = next(number)
            world.issue(*[f"I{turn}-{n}" for n in range(ROWS)], id=f"i-{turn}")

        importing_s, issuing_s = in_turns(import_workbook, issue_alone, rounds=ROUNDS)
        store.close()
    value, reference = ROWS / importing_s, ROWS / issuing_s
    yield Benchmark(
        name="register_10000_rows_of_xlsx",
        value=value,
        unit="passports/s",
        reference="issue_batch of as many units, without a file",
        reference_value=reference,
        ratio=value / reference,
        goal=0.7,
        better="higher",
    )
