"""Settings, read in one place: environment variables `VOLTPASS_…`.

One thing comes from elsewhere: a demonstration whose port was taken printed links with another one, and
its home remembers which, so that what was printed still resolves, verifies and checks.

Production refuses what a demonstration may do: a passphrase made up on the spot, plain http links.
"""

import contextlib
import json
import os
import re
import secrets
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from api.openid_issuers import OpenIdIssuer
from passports.begun_passphrase_change import finish_change
from passports.documents import RuleError
from passports.verification.loopback import is_loopback

DEMONSTRATION_MARKER: Final = "demo.json"
DATABASE_FILE: Final = "voltpass.sqlite3"
RESTORING: Final = ".restoring"  # a folder in the home while a backup is being restored
_PUBLIC_URL: Final = "VOLTPASS_PUBLIC_URL"
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?/?")


class SettingError(RuleError):
    """A setting that cannot be, named by its variable; reason and remedy repeat no secret."""

    def __init__(self, field: str, reason: str, remedy: str) -> None:
        super().__init__(reason, remedy)
        self.args = (f"{field}: {reason}",)
        self.field = field


def _address_of_demonstration(home: Path) -> str | None:
    try:
        address = json.loads((home / DEMONSTRATION_MARKER).read_bytes())["public_url"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    of_this_machine = re.compile(r"http://127\.0\.0\.1:[0-9]{1,5}")
    return address if of_this_machine.fullmatch(str(address)) else None


class Settings(BaseSettings):
    """All settings.

    Attributes:
        home: Folder for state: database, keys, trust list.
        database_url: SQLAlchemy URL; empty means SQLite in `home`.
        public_url: Scheme and host under which printed links resolve; part of every identifier.
        key_passphrase: What signing keys are encrypted under; made up and kept in `home` if empty.
        key_pin: What opens keys elsewhere: a token's PIN, or an access token of a seal's provider.
        environment: `production` refuses made-up passphrases and http.
        openid_issuers: Whose OpenID Connect tokens are accepted, as a JSON list; see `OpenIdIssuer`.
        registry_url: Address of the EU registry of passports; empty where nothing is registered.
        registry_token: What the registry knows this server by; never printed.
        registry_batteries: Whether the registry takes batteries. It does not yet (guide 1.03), so off.
        access_log: What `voltpass serve` logs of each answer: nothing, its route, or its path.
        access_log_clients: Whether that log names the network that a client is in.
    """

    model_config = SettingsConfigDict(env_prefix="VOLTPASS_", extra="ignore")

    home: Path = Path(".voltpass")
    database_url: str = ""
    public_url: Annotated[str, Field(pattern=r"^https?://[^/?#\s]+$")] = "http://127.0.0.1:8000"
    key_passphrase: SecretStr = SecretStr("")
    key_pin: SecretStr = SecretStr("")
    environment: Literal["development", "production"] = "development"
    openid_issuers: list[OpenIdIssuer] = Field(default_factory=list)
    registry_url: str = ""
    registry_token: SecretStr = SecretStr("")
    registry_batteries: bool = False
    access_log: Literal["off", "routes", "paths"] = "off"
    access_log_clients: Literal["none", "network"] = "none"

    @field_validator("public_url", mode="before")
    @classmethod
    def _has_a_scheme(cls, value: Any) -> Any:  # noqa: ANN401 # judged by what follows
        if isinstance(value, str) and _HOST.fullmatch(value):
            remedy = f"Write it as https://{value.rstrip('/')}."
            raise SettingError(_PUBLIC_URL, "it says a host and no scheme", remedy)
        return value

    @field_validator("database_url")
    @classmethod
    def _names_its_driver(cls, value: str) -> str:
        scheme = value.partition("://")[0]
        if scheme == "postgres" or (scheme == "postgresql" and find_spec("psycopg2") is None):
            remedy = "Write it as postgresql+psycopg://USER:PASSWORD@HOST/DATABASE."
            reason = f"{scheme}:// names no driver that is here"
            raise SettingError("VOLTPASS_DATABASE_URL", reason, remedy)
        return value

    @model_validator(mode="after")
    def _a_demonstration_keeps_its_address(self) -> Self:
        if "public_url" not in self.model_fields_set:
            remembered = _address_of_demonstration(self.home)
            if remembered is not None:
                self.public_url = remembered
        return self

    @model_validator(mode="after")
    def _issuers_are_told_apart(self) -> Self:
        names = [issuer.issuer for issuer in self.openid_issuers]
        if len(set(names)) != len(names):
            remedy = "Leave one of the two out."
            raise SettingError("VOLTPASS_OPENID_ISSUERS", "it names an issuer twice", remedy)
        return self

    @model_validator(mode="after")
    def _production_is_strict(self) -> Self:
        try:
            _ = urlsplit(self.public_url).port
        except ValueError:
            reason, remedy = (
                "it names no valid host and port",
                "Write it as https://id.example.com.",
            )
            raise SettingError(_PUBLIC_URL, reason, remedy) from None
        if self.environment == "production":
            if not self.key_passphrase.get_secret_value():
                reason, remedy = "it must be set in production", "Set what signing keys lie under."
                raise SettingError("VOLTPASS_KEY_PASSPHRASE", reason, remedy)
            if not self.public_url.startswith("https://"):
                reason, remedy = "it must be https in production", "Write it as https://…."
                raise SettingError(_PUBLIC_URL, reason, remedy)
            if any(issuer.is_on_loopback for issuer in self.openid_issuers):
                reason, remedy = "it must be https in production", "Name issuers by https://…."
                raise SettingError("VOLTPASS_OPENID_ISSUERS", reason, remedy)
        elif self.public_url.startswith("http://"):
            host = self.public_url.removeprefix("http://").rsplit(":", 1)[0]
            if not is_loopback(host.strip("[]")):
                reason, remedy = "it must be https, or http on loopback", "Write it as https://…."
                raise SettingError(_PUBLIC_URL, reason, remedy)
        return self

    @model_validator(mode="after")
    def _the_registry_is_reached_safely(self) -> Self:
        parts = urlsplit(self.registry_url)
        is_here = parts.scheme == "http" and is_loopback(parts.hostname)
        if self.registry_url and parts.scheme != "https" and not is_here:
            reason, remedy = "it must be https, or http on loopback", "Write it as https://…."
            raise SettingError("VOLTPASS_REGISTRY_URL", reason, remedy)
        return self

    @property
    def own_addresses(self) -> list[str]:
        """The public URL where somebody set it or this home has records; a mere default is nobody's."""
        has_records = bool(self.database_url) or (self.home / DATABASE_FILE).exists()
        return [self.public_url] if "public_url" in self.model_fields_set or has_records else []

    @property
    def database_path(self) -> Path:
        """Where the embedded database lies, if no other one is set."""
        return self.home.resolve() / DATABASE_FILE

    @property
    def effective_database_url(self) -> str:
        """The database: as set, or SQLite in `home`."""
        return self.database_url or f"sqlite:///{self.database_path}"

    @property
    def keys_directory(self) -> Path:
        """Where encrypted signing keys lie."""
        return self.home / "keys"

    @property
    def trust_list_path(self) -> Path:
        """The signed trust list that verifications here believe in."""
        return self.home / "trust-list.jwt"

    @property
    def trust_root_path(self) -> Path:
        """The public root key (JWK) that may sign the trust list."""
        return self.home / "trust-root.jwk.json"

    def passphrase(self) -> bytes:
        """Return the passphrase; outside of production one is made up once and kept in `home`.

        Whoever opens keys asks for it first: so a change of it that was killed is carried to its end here.
        """
        finish_change(self.keys_directory)
        given = self.key_passphrase.get_secret_value()
        if given:
            return given.encode()
        path = self.keys_directory / "passphrase"
        if not path.exists():
            self.keys_directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            _write_where_none_is(path, secrets.token_urlsafe(32))
        return path.read_bytes().strip()


def _write_where_none_is(path: Path, text: str) -> None:
    """Write a file as a whole; of several that do so at once the first one's stays."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)  # fails where the name is taken; renaming would replace it
    finally:
        fresh.unlink()
