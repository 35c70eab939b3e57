"""Registering 10,000 rows of a workbook, from its bytes to committed rows, against issuing the units alone.

What is between the two: reading the workbook, telling its columns, judging each row.
"""

import itertools
from collections.abc import Iterator

from tests.bench.frame import Benchmark, in_turns
from tests.bench.sqlite_world import sqlite_world
from tests.passports.bulk_files import as_xlsx, battery, register

ROWS = 10_000
ROUNDS = 2


def run() -> Iterator[Benchmark]:
    """Yield the result for SQLite, the embedded default."""
    with sqlite_world() as world:
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

        times_s = in_turns(import_workbook, issue_alone, rounds=ROUNDS)
    yield Benchmark.of_rates(
        "register_10000_rows_of_xlsx",
        ROWS,
        times_s,
        reference="issue_batch of as many units, without a file",
        goal=0.7,
    )
