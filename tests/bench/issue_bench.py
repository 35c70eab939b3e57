"""Issuing 200 passports, from validated request to committed rows, against bare signing.

The reference signs 200 payloads of the same size with the same key type and nothing else.
"""

import itertools
from collections.abc import Iterator

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from passports.identifiers import UniqueProductIdentifier
from passports.resolve import find_passport
from tests.bench import bulk_bench, renewal_bench
from tests.bench.frame import Benchmark, in_turns
from tests.bench.sqlite_world import sqlite_world
from tests.worlds import GTIN

PASSPORTS = 200


def run() -> Iterator[Benchmark]:
    """Yield the result for SQLite, the embedded default."""
    with sqlite_world() as world:
        number = itertools.count()

        def issue() -> None:
            batch = next(number)
            serials = [f"B{batch}-{unit}" for unit in range(PASSPORTS)]
            world.issue(*serials, id=f"bench-{batch}")

        issue()
        first = find_passport(world.store, UniqueProductIdentifier(GTIN, "B0-0"))
        payload = first.credential.rpartition(b".")[0]
        key = ec.generate_private_key(ec.SECP256R1())

        def sign() -> None:
            for _ in range(PASSPORTS):
                key.sign(payload, ec.ECDSA(hashes.SHA256()))

        times_s = in_turns(issue, sign, rounds=9)
    yield Benchmark.of_rates(
        "issue_200_passports",
        PASSPORTS,
        times_s,
        reference="bare P-256 sign of cryptography, same bytes",
        goal=0.1,
    )
    yield from bulk_bench.run()
    yield from renewal_bench.run()
