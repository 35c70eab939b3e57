"""Settings to be looked at: each with its value and where it comes from; of a secret only that it is set."""

import os
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
from pydantic import BaseModel, SecretStr

from api.settings import Settings
from api.settings_faults import PREFIX

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
