"""A keyring for tests: real key files, encrypted once a process and copied from then on.

To encrypt a key takes a quarter of a second by design, and hundreds of tests need an operator with one.
"""

import secrets
import shutil
from datetime import datetime
from pathlib import Path

from passports.keyring import Keyring
from passports.store import Transaction
from signing.keys import SigningKey, create_key

# By passphrase.
_made: dict[bytes, list[tuple[Path, SigningKey]]] = {}


class CopyingKeyring(Keyring):
    """Gives each new operator of a database a key that no other of that database has."""

    def create(
        self, transaction: Transaction, operator_id: str, now: datetime, uri: str | None = None
    ) -> SigningKey:
        """See `Keyring.create`; a key in a new file is a copy of one that was made before."""
        if uri is None:
            operators = transaction.operators.all()
            taken = {row.kid for one in operators for row in transaction.signing_keys.of(one.id)}
            path, key = self._spare(taken)
            copy = self.directory.resolve() / f"{operator_id}-{secrets.token_hex(4)}.json"
            shutil.copy(path, copy)
            uri = f"file:{copy}"
            self._opened[uri] = key
        return super().create(transaction, operator_id, now, uri)

    def _made_or_opened(self, uri: str) -> SigningKey:
        return self._opened.get(uri) or super()._made_or_opened(uri)

    def _spare(self, taken: set[str]) -> tuple[Path, SigningKey]:
        made = _made.setdefault(self.passphrase, [])
        for path, key in made:
            if key.kid not in taken:
                return path, key
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.directory.resolve() / f"made-{secrets.token_hex(8)}.json"
        made.append((path, create_key(f"file:{path}", self.passphrase)))
        return made[-1]
