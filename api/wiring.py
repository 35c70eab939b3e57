"""Wiring: settings in, the parts of a running voltpass out."""

import json
import logging
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from api.settings import Settings
from lca.datasets import Dataset, load_shipped_dataset
from passports.identifiers import PublicAddress
from passports.keyring import Keyring
from passports.store import Store
from passports.trust import sign_trust_list
from passports.verification import read_trust_list
from signing.keys import SigningKey, create_key, open_key
from signing.trust import TrustList


@dataclass
class Voltpass:
    """A voltpass at work: its store, keys, address and dataset."""

    settings: Settings

    @cached_property
    def store(self) -> Store:
        """The store, brought to the newest schema."""
        self.settings.home.mkdir(parents=True, exist_ok=True)
        logging.getLogger("alembic").setLevel(logging.WARNING)
        store = Store(self.settings.effective_database_url)
        store.migrate()
        return store

    @cached_property
    def keyring(self) -> Keyring:
        """The operators' signing keys."""
        return Keyring(self.settings.keys_directory, self.settings.passphrase())

    @cached_property
    def address(self) -> PublicAddress:
        """Where records are published."""
        return PublicAddress(self.settings.public_url)

    @cached_property
    def dataset(self) -> Dataset:
        """The shipped emission factors."""
        return load_shipped_dataset()

    @cached_property
    def root_key(self) -> SigningKey:
        """The root key of this server's own trust list; made at first use."""
        path = self.settings.keys_directory.resolve() / "trust-root.json"
        uri = f"file:{path}"
        passphrase = self.settings.passphrase()
        if path.exists():
            return open_key(uri, passphrase)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return create_key(uri, passphrase)

    def write_trust_list(self, now: datetime) -> Path:
        """Sign the trust list of this server's manufacturers and pin its root key in `home`."""
        signed = sign_trust_list(self.store, self.root_key, now)
        public = json.dumps(dict(self.root_key.public_jwk), indent=2)
        self.settings.trust_root_path.write_text(public + "\n", encoding="utf-8")
        self.settings.trust_list_path.write_bytes(signed + b"\n")
        return self.settings.trust_list_path

    def trust_list(self, path: Path | None = None) -> TrustList | None:
        """Return the pinned trust list, or one from a file under the pinned root; None without any.

        Raises:
            EvidenceUnavailableError: it is malformed or signed by another key.
        """
        chosen = path or self.settings.trust_list_path
        if not chosen.exists() or not self.settings.trust_root_path.exists():
            return None
        root = json.loads(self.settings.trust_root_path.read_text(encoding="utf-8"))
        return read_trust_list(chosen.read_bytes(), [root])

    def close(self) -> None:
        """Close the database."""
        if "store" in self.__dict__:
            self.store.close()
