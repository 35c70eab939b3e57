"""Issuing 200 passports, from validated request to committed rows, against bare signing.

The reference signs 200 payloads of the same size with the same key type and nothing else.
"""

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from passports.identifiers import UniqueProductIdentifier
from passports.keyring import Keyring
from passports.resolve import find_passport
from passports.store import Store
from tests.bench import bulk_bench, renewal_bench
from tests.bench.frame import Benchmark, in_turns
from tests.worlds import GTIN, World, populate

PASSPORTS = 200


def run() -> Iterator[Benchmark]:
    """Yield the result for SQLite, the embedded default."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{Path(folder) / 'bench.sqlite3'}")
        store.migrate()
        keyring = Keyring(Path(folder) / "keys", b"for the benchmark")
        populate(store, keyring)
        world = World(store, keyring)
        number = itertools.count()

        def issue() -> None:
            batch = next(number)
            serials = [f"B{batch}-{unit}" for unit in range(PASSPORTS)]
            world.issue(*serials, id=f"bench-{batch}")

        issue()
        first = find_passport(store, UniqueProductIdentifier(GTIN, "B0-0"))
        payload = first.credential.rpartition(b".")[0]
        key = ec.generate_private_key(ec.SECP256R1())

        def sign() -> None:
            for _ in range(PASSPORTS):
                key.sign(payload, ec.ECDSA(hashes.SHA256()))

        issuing_s, signing_s = in_turns(issue, sign, rounds=9)
        store.close()
    value, reference = PASSPORTS / issuing_s, PASSPORTS / signing_s
    yield Benchmark(
        name="issue_200_passports",
        value=value,
        unit="passports/s",
        reference="bare P-256 sign of cryptography, same bytes",
        reference_value=reference,
        ratio=value / reference,
        goal=0.1,
        better="higher",
    )
    yield from bulk_bench.run()
    yield from renewal_bench.run()
