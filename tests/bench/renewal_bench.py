"""Renewing 1,000 passports after data of their model were written, against issuing as many.

A renewal reads each newest version, compares, signs the next, and writes leaves, bits and rows.
"""

import itertools
from collections.abc import Iterator
from datetime import timedelta

from passports.attributes.data import AttributeChange, find_subject, write_attributes
from passports.attributes.table import Granularity
from passports.life.renewal import renew_passports
from tests.bench.frame import Benchmark, in_turns
from tests.bench.sqlite_world import sqlite_world
from tests.worlds import ADDRESS, MAKER, MODEL, NOW, World

PASSPORTS = 1000
ROUNDS = 3


def run() -> Iterator[Benchmark]:
    """Yield the result for SQLite, the embedded default."""
    with sqlite_world() as world:
        world.issue(*[f"R-{unit}" for unit in range(PASSPORTS)], id="renewed")
        number = itertools.count(1)
        _write(world, 0)

        def renew() -> None:
            turn = next(number)
            at = NOW + timedelta(hours=turn)
            done = renew_passports(
                world.store, world.keyring, ADDRESS, MAKER, ["renewed"], "bench", at
            )
            assert done.renewed == PASSPORTS
            _write(world, turn)

        def issue() -> None:
            turn = next(number)
            world.issue(*[f"I{turn}-{unit}" for unit in range(PASSPORTS)], id=f"i-{turn}")

        times_s = in_turns(renew, issue, rounds=ROUNDS)
    yield Benchmark.of_rates(
        "renew_1000_passports",
        PASSPORTS,
        times_s,
        reference="issue_batch of as many units",
        goal=0.25,
    )


def _write(world: World, turn: int) -> None:
    """Write other data of the model, so that each passport has something to take up."""
    with world.store.reading() as reading:
        subject = find_subject(reading, MAKER, Granularity.MODEL, MODEL)
    change = AttributeChange(values={"extinguishing_agents": [f"agent {turn}"]}, reason="bench")
    at = NOW + timedelta(hours=turn, minutes=1)
    write_attributes(world.store, world.keyring, ADDRESS, subject, change, at, replace=False)
