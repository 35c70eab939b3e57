"""Wiring: settings in, the parts of a running voltpass out."""

import json
import logging
import secrets
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from api.environment import EnvironmentFaultError
from api.examiners import Examiners
from api.settings import RESTORING, Settings
from lca.datasets import Dataset, load_shipped_dataset
from passports.errors import Finding
from passports.identifiers import PublicAddress
from passports.keyring import Keyring, opened_or_made
from passports.store import Store
from signing.keys import SigningKey
from signing.trust import TrustList

if TYPE_CHECKING:
    from api.openid import OpenIdVerifier


@dataclass
class Voltpass:
    """A voltpass at work: its store, keys, address and dataset.

    Attributes:
        settings: What was set in the environment.
        creates: Whether a home and a database that are not there yet are made; else that is an error.
    """

    settings: Settings
    creates: bool = True

    @cached_property
    def store(self) -> Store:
        """The store, brought to the newest schema.

        Raises:
            EnvironmentFaultError: the database cannot be opened, or is not there and not to be made.
        """
        return self._opened(migrates=True)

    def store_as_it_is(self) -> Store:
        """Open the store a second time with the schema that it has, to copy it; the caller closes it.

        Raises:
            EnvironmentFaultError: the database cannot be opened, or is not there.
        """
        return self._opened(migrates=False)

    def _opened(self, *, migrates: bool) -> Store:
        makes = self.creates and migrates
        if (self.settings.home / RESTORING).exists():
            raise _half_restored(self.settings)
        if makes:
            self.settings.home.mkdir(parents=True, exist_ok=True)
        elif not self.settings.database_url and not self.settings.database_path.is_file():
            raise _not_there(self.settings)
        logging.getLogger("alembic").setLevel(logging.WARNING)
        try:
            store = Store(self.settings.effective_database_url)
            is_there = makes or store.is_laid_out()
            if is_there and migrates:
                store.migrate()
        except Exception as error:  # noqa: BLE001 # raised anew, as what it is
            # Each driver has errors of its own, and their texts can hold the URL with its password.
            raise _unopened(self.settings, error) from None
        if not is_there:
            raise _not_there(self.settings)
        return store

    @cached_property
    def keyring(self) -> Keyring:
        """The operators' signing keys."""
        pin = self.settings.key_pin.get_secret_value().encode()
        return Keyring(self.settings.keys_directory, self.settings.passphrase(), pin)

    @cached_property
    def address(self) -> PublicAddress:
        """Where records are published."""
        return PublicAddress(self.settings.public_url)

    @cached_property
    def dataset(self) -> Dataset:
        """The shipped emission factors."""
        return load_shipped_dataset()

    @cached_property
    def examiners(self) -> Examiners:
        """Processes for large shipments."""
        return Examiners()

    @cached_property
    def openid(self) -> "OpenIdVerifier":
        """The verifier of tokens of the configured issuers."""
        from api.openid import OpenIdVerifier  # noqa: PLC0415 # the web asks for it, no command does

        return OpenIdVerifier(self.settings.openid_issuers)

    @cached_property
    def root_key(self) -> SigningKey:
        """The root key of this server's own trust list; made at first use."""
        path = self.settings.keys_directory.resolve() / "trust-root.json"
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return opened_or_made(path, self.settings.passphrase())

    def prepare_trust_list(self) -> None:
        """Open what signing the trust list needs, so that nothing is missing once it has to be signed.

        Raises:
            KeyUnavailableError: the root key cannot be made or opened.
        """
        _ = self.root_key

    def write_trust_list(self, now: datetime) -> Path:
        """Sign the trust list of this server's manufacturers and pin its root key in `home`."""
        from passports.trust import sign_trust_list  # noqa: PLC0415 # where operators change

        signed = sign_trust_list(self.store, self.keyring, self.address, self.root_key, now)
        public = json.dumps(dict(self.root_key.public_jwk), indent=2)
        _replace(self.settings.trust_root_path, public.encode() + b"\n")
        _replace(self.settings.trust_list_path, signed + b"\n")
        return self.settings.trust_list_path

    def trust_list(self, path: Path | None = None) -> TrustList | None:
        """Return the pinned trust list, or one from a file under the pinned root; None without any.

        Raises:
            EvidenceUnavailableError: it is malformed or signed by another key.
            EnvironmentFaultError: the file that was named, or the pinned root key, cannot be read.
        """
        from api.pinned_trust import pinned_trust_list  # noqa: PLC0415 # where verified

        return pinned_trust_list(self.settings, path)

    def close(self) -> None:
        """Close the database, and end the processes for shipments."""
        if "examiners" in self.__dict__:
            self.examiners.close()
        if "store" in self.__dict__:
            self.store.close()


def _not_there(settings: Settings) -> EnvironmentFaultError:
    reason = "there is no voltpass: nothing was registered there yet"
    remedy = "Check the variable; voltpass serve, demo, keys register and archive import begin one."
    if settings.database_url:  # it can hold a password
        return EnvironmentFaultError(Finding("VOLTPASS_DATABASE_URL", "", reason, remedy))
    return EnvironmentFaultError(Finding("VOLTPASS_HOME", str(settings.home), reason, remedy))


def _half_restored(settings: Settings) -> EnvironmentFaultError:
    reason = "a backup is being restored here, or was and did not come to its end"
    remedy = "Wait for it; else empty the folder (and the database) and restore again."
    return EnvironmentFaultError(Finding("VOLTPASS_HOME", str(settings.home), reason, remedy))


def _unopened(settings: Settings, error: Exception) -> EnvironmentFaultError:
    lines = str(getattr(error, "orig", error)).splitlines() or [type(error).__name__]
    reason = f"the database does not open: {lines[0]}"
    if not settings.database_url:
        remedy = "Check that the folder can be written to; restore voltpass.sqlite3 if damaged."
        return EnvironmentFaultError(Finding("VOLTPASS_HOME", str(settings.home), reason, remedy))
    # The URL holds the password: it is not repeated, nor is a text in which it may stand.
    if settings.database_url in reason or "@" in lines[0]:
        reason = f"the database does not open: {type(error).__name__}"
    remedy = "Check scheme, host, port, name, user and password in it, and that the server runs."
    return EnvironmentFaultError(Finding("VOLTPASS_DATABASE_URL", "", reason, remedy))


def _replace(path: Path, data: bytes) -> None:
    """Write a file as a whole: who reads meanwhile reads the old one or the new one."""
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    fresh.write_bytes(data)
    fresh.replace(path)
