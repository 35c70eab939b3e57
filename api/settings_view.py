"""Settings to be looked at: each with its value and where it comes from; of a secret only that it is set."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_settings import SettingsError

from api.environment import EnvironmentFaultError
from api.settings import RESTORING, Settings
from api.settings_faults import PREFIX, faults_of, unknown_variables, unreadable
from api.wiring import Voltpass
from passports.errors import Finding
from passports.store.copying import facts_of, known_revisions
from signing.errors import KeyUnavailableError
from signing.keys import open_key

SET: Final = "set"
# A URL can hold a password, and what stands after a question mark can be one.
_URLS: Final = frozenset({"database_url", "registry_url"})


def settings_in_words(settings: Settings) -> dict[str, str]:
    """Return all settings by variable, without secrets; one that is empty is an empty text."""
    return {PREFIX + name.upper(): in_words(name, getattr(settings, name)) for name in _names()}


def in_words(name: str, value: Any) -> str:  # noqa: ANN401 # of any setting
    """Return a setting's value as text; of a secret only that it is set."""
    if isinstance(value, SecretStr) or _is_secret(name):
        plain = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        return SET if plain else ""
    if name in _URLS:
        return without_secrets(str(value))
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        rows = [row.model_dump() if isinstance(row, BaseModel) else row for row in value]
        return orjson.dumps(rows).decode() if rows else ""
    return str(value)


def without_secrets(url: str) -> str:
    """Return a URL without password and query; one that cannot be taken apart is only said to be set."""
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        place = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return SET
    if not parts.scheme:
        return SET
    user = f"{parts.username}@" if parts.username else ""
    host = f"[{place}]" if ":" in place else place
    return f"{parts.scheme}://{user}{host}{port}{parts.path}{'?…' if parts.query else ''}"


def from_environment() -> Mapping[str, str]:
    """Return what the environment says of settings, by the name of the setting; case does not matter."""
    known = {PREFIX.lower() + name: name for name in _names()}
    return {
        known[variable.lower()]: value
        for variable, value in os.environ.items()
        if variable.lower() in known
    }


def _names() -> list[str]:
    return list(Settings.model_fields)


def _is_secret(name: str) -> bool:
    return Settings.model_fields[name].annotation is SecretStr


@dataclass(frozen=True)
class SettingRead:
    """One setting to be looked at.

    Attributes:
        name: Of its environment variable.
        value: As text; of a secret `set`, or nothing.
        origin: `environment`, `default`, or what else it comes from.
        is_secret: Whether it is never shown.
    """

    name: str
    value: str
    origin: str
    is_secret: bool

    def to_document(self) -> dict[str, str | bool]:
        """Return it as plain JSON data."""
        said = {"name": self.name, "value": self.value, "from": self.origin}
        return {**said, "secret": self.is_secret}


def read_settings() -> tuple[Sequence[SettingRead], Sequence[Finding], Sequence[str]]:
    """Return all settings, what a server would not start with, and what is worth knowing besides."""
    given = from_environment()
    notes = list(unknown_variables(os.environ))
    try:
        settings = Settings()
    except ValidationError as error:
        return [_unjudged(name, given) for name in _names()], faults_of(error), notes
    except SettingsError as error:
        return [_unjudged(name, given) for name in _names()], [unreadable(error)], notes
    rows = [_judged(settings, name, given) for name in _names()]
    faults, state = _faults_of_start(settings)
    return rows, faults, [*notes, *state]


def _unjudged(name: str, given: Mapping[str, str]) -> SettingRead:
    """A setting among others that are not valid: what was said, or what holds where nothing was."""
    default = Settings.model_fields[name].get_default(call_default_factory=True)
    value = in_words(name, given.get(name, default))
    origin = "environment" if name in given else "default"
    return SettingRead(PREFIX + name.upper(), value, origin, _is_secret(name))


def _judged(settings: Settings, name: str, given: Mapping[str, str]) -> SettingRead:
    value, origin = in_words(name, getattr(settings, name)), "environment"
    if name not in given:
        origin = "default"
        if name == "public_url" and value != Settings.model_fields[name].default:
            origin = "the demonstration in the home"
        if name == "database_url":
            value, origin = f"sqlite:///{settings.database_path}", "default: in the home"
        if name == "key_passphrase" and (settings.keys_directory / "passphrase").exists():
            value, origin = SET, "made up here: keys/passphrase in the home"
    return SettingRead(PREFIX + name.upper(), value, origin, _is_secret(name))


def _faults_of_start(settings: Settings) -> tuple[Sequence[Finding], Sequence[str]]:
    """Look at home, database and keys as a server does that starts; nothing is made or changed."""
    begun = bool(settings.database_url) or settings.database_path.is_file()
    if not begun and not (settings.home / RESTORING).exists():
        return list(_unwritable(settings)), [
            f"no voltpass yet in {settings.home}; serve begins one"
        ]
    try:
        store = Voltpass(settings, creates=False).store_as_it_is()
    except EnvironmentFaultError as error:
        # An empty database is begun by a server; of all else it says the same.
        if any("nothing was registered" in finding.reason for finding in error.findings):
            return [], ["no voltpass yet in this database; serve begins one"]
        return error.findings, []
    found = facts_of(store)
    store.close()
    known = known_revisions()
    state = f"schema {found.revision}, {found.passports} passports"
    if found.revision not in known:
        reason = f"its schema {found.revision} is newer than this voltpass ({known[-1]})"
        remedy = "Install the voltpass that it belongs to, or restore a backup from before."
        return [Finding("database", "", reason, remedy)], [state]
    later = "" if found.revision == known[-1] else f"; serve brings it to {known[-1]}"
    return list(_closed_keys(settings)), [state + later]


def _unwritable(settings: Settings) -> Iterator[Finding]:
    there = next(
        p for p in [settings.home.resolve(), *settings.home.resolve().parents] if p.exists()
    )
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        reason, remedy = f"{there} cannot be written to", "Check path and permissions."
        yield Finding(PREFIX + "HOME", str(settings.home), reason, remedy)


def _closed_keys(settings: Settings) -> Iterator[Finding]:
    """Open the root key of the trust list, which a server needs first."""
    path = settings.keys_directory.resolve() / "trust-root.json"
    passphrase = settings.key_passphrase.get_secret_value().encode()
    made_up = settings.keys_directory / "passphrase"
    if not passphrase and made_up.exists():
        passphrase = made_up.read_bytes().strip()
    if not path.exists():
        return
    try:
        open_key(f"file:{path}", passphrase)
    except KeyUnavailableError as error:
        reason = error.reason.replace("_", " ")
        yield Finding(PREFIX + "KEY_PASSPHRASE", "", f"keys: {reason}", f"{error.remedy}.")
