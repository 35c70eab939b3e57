"""Settings of OpenID Connect issuers: none that would let somebody in by mistake."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from api.openid_issuers import OpenIdIssuer
from api.settings import Settings

AUDIENCE = "https://id.example.com"


def configured(url: str, **changes: Any) -> OpenIdIssuer:
    """Return how an issuer is configured, with changes."""
    fields: dict[str, Any] = {
        "issuer": url,
        "audience": AUDIENCE,
        "operators": {"press-line": "maker"},
    }
    return OpenIdIssuer(**{**fields, **changes})


def test_an_issuer_is_told_by_where_it_is_asked() -> None:
    issuer = configured("https://login.example/realms/a/", keys_host="keys.example:8443")
    assert issuer.discovery_url == (
        "https://login.example/realms/a/.well-known/openid-configuration"
    )
    for url in ("https://login.example/keys", "https://keys.example:8443/keys"):
        assert issuer.may_be_fetched(url)
    for url in (
        "http://login.example/keys",
        "https://login.example:444/keys",
        "https://login.example@evil.example/keys",
        "https://keys.example/keys",
        "https://evil.example/login.example",
        "https://[",
    ):
        assert not issuer.may_be_fetched(url)


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "http://issuer.example"},
        {"issuer": "https://issuer.example/?a=b"},
        {"issuer": "https://user@issuer.example"},
        {"issuer": "nonsense"},
        {"issuer": "https://["},
        {"algorithms": ["HS256"]},
        {"algorithms": ["none"]},
        {"algorithms": []},
        {"operators": {}},
        {"operators": {"x": "Not A Slug"}},
        {"roles_claim": "scope"},
        {"roles": {"x": ["importer"]}},
        {"roles": {"x": ["king"]}, "roles_claim": "scope"},
        {"leeway_seconds": 9999},
        {"audience": ""},
        {"unheard_of": 1},
    ],
)
def test_an_issuer_that_would_let_somebody_in_by_mistake_is_no_setting(
    changes: dict[str, Any],
) -> None:
    rest = dict(changes)
    url = rest.pop("issuer", "https://issuer.example")
    with pytest.raises(ValidationError):
        configured(url, **rest)


def test_settings_read_issuers_and_production_refuses_those_on_loopback(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    one = {"issuer": "http://127.0.0.1:9", "audience": AUDIENCE, "operators": {"a": "maker"}}
    monkeypatch.setenv("VOLTPASS_OPENID_ISSUERS", json.dumps([one]))
    assert Settings(home=tmp_path).openid_issuers[0].audience == AUDIENCE
    with pytest.raises(ValidationError, match="OPENID_ISSUERS"):
        Settings(
            home=tmp_path,
            environment="production",
            public_url="https://id.example.com",
            key_passphrase="long enough",  # type: ignore[arg-type] # pydantic reads it
        )
    monkeypatch.setenv("VOLTPASS_OPENID_ISSUERS", json.dumps([one, one]))
    with pytest.raises(ValidationError, match="twice"):
        Settings(home=tmp_path)
