"""A world on SQLite, the embedded default, for benchmarks of registering, issuing and renewing."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from passports.keyring import Keyring
from passports.store import Store
from tests.worlds import World, populate


@contextmanager
def sqlite_world() -> Iterator[World]:
    """Yield a world with a maker, a factory and a model, in a database and with keys of its own."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{Path(folder) / 'bench.sqlite3'}")
        store.migrate()
        keyring = Keyring(Path(folder) / "keys", b"for the benchmark")
        populate(store, keyring)
        yield World(store, keyring)
        store.close()
