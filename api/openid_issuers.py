"""Which OpenID Connect issuers are believed, as settings: each with audience, algorithms and mapping.

Nothing here has a default that would let somebody in: an issuer that is not configured is not asked,
a subject that is not mapped is nobody, and the algorithms are signatures with public keys only.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

from passports.authority.roles import Action, RoleId
from passports.documents import Slug
from passports.verification.loopback import is_loopback

Algorithm = Literal["ES256", "ES384", "PS256", "RS256", "EdDSA", "Ed25519"]
# RFC 7518, section 3.1, and RFC 8037: the one type (and curve) of key that each algorithm goes with. A
# secret (oct) goes with none, so no public key can be taken for one.
KEY_TYPES: Final[Mapping[str, tuple[str, str | None]]] = MappingProxyType(
    {
        "ES256": ("EC", "P-256"),
        "ES384": ("EC", "P-384"),
        "PS256": ("RSA", None),
        "RS256": ("RSA", None),
        "EdDSA": ("OKP", "Ed25519"),
        "Ed25519": ("OKP", "Ed25519"),
    }
)


class OpenIdIssuer(BaseModel):
    """One issuer whose tokens are accepted.

    Attributes:
        issuer: Its name, exactly as in its discovery document and in the claim `iss`.
        audience: What the claim `aud` has to hold: this server as the issuer knows it.
        algorithms: What tokens may be signed with.
        operator_claim: The claim that says on whose behalf the caller comes.
        operators: From a value of that claim to an operator registered here.
        roles_claim: A claim (text or list) that narrows what the caller may do, if any.
        roles: From a value of that claim to roles; a token lends no role that its operator lacks.
        actions: From a value of that claim to actions, likewise.
        authorised_parties: The clients (`azp`, else `client_id`) that may bring tokens; empty: any.
        keys_host: Host of the issuer's keys where it is another one than the issuer's.
        leeway_seconds: How far clocks may differ.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: str
    audience: Annotated[str, Field(min_length=1)]
    algorithms: Annotated[list[Algorithm], Field(min_length=1)] = ["ES256", "PS256", "RS256"]
    operator_claim: Annotated[str, Field(min_length=1)] = "sub"
    operators: Annotated[dict[str, Slug], Field(min_length=1)]
    roles_claim: str | None = None
    roles: dict[str, list[RoleId]] = Field(default_factory=dict)
    actions: dict[str, list[Action]] = Field(default_factory=dict)
    authorised_parties: list[str] = Field(default_factory=list)
    keys_host: str | None = None
    leeway_seconds: Annotated[int, Field(ge=0, le=300)] = 60

    @model_validator(mode="after")
    def _is_asked_over_https(self) -> Self:
        try:
            parts = urlsplit(self.issuer)
            _ = parts.port
        except ValueError:
            raise ValueError(f"{self.issuer!r} is no URL") from None
        is_here = parts.scheme == "http" and is_loopback(parts.hostname)
        if not parts.hostname or parts.query or parts.fragment or parts.username is not None:
            raise ValueError(f"{self.issuer!r} is no issuer: https, host and path only")
        if parts.scheme != "https" and not is_here:
            raise ValueError(f"issuer {self.issuer} must be https, or http on loopback")
        return self

    @model_validator(mode="after")
    def _what_narrows_has_its_claim(self) -> Self:
        if bool(self.roles or self.actions) != (self.roles_claim is not None):
            raise ValueError("roles or actions need a roles_claim, and the other way round")
        return self

    @property
    def is_on_loopback(self) -> bool:
        """Whether it runs on this machine over plain http: for trying out, never in production."""
        return self.issuer.startswith("http://")

    @property
    def discovery_url(self) -> str:
        """Where it describes itself (OpenID Connect Discovery 1.0, section 4)."""
        return self.issuer.rstrip("/") + "/.well-known/openid-configuration"

    def may_be_fetched(self, url: str) -> bool:
        """Tell whether a URL that the issuer names is on a host that was configured."""
        own = urlsplit(self.issuer)
        try:
            parts = urlsplit(url)
            _ = parts.port
        except ValueError:
            return False
        if (parts.scheme, parts.netloc) == (own.scheme, own.netloc):
            return True
        return self.keys_host is not None and (parts.scheme, parts.netloc) == (
            "https",
            self.keys_host,
        )
