"""OpenID Connect bearer tokens: whose they are, verified with the issuer's own keys (RFC 7519, RFC 9068).

1. The issuer a token names is looked for among those configured; any other is never asked for anything.
2. Its keys come from where its discovery document says, on its own host (or the one configured).
3. Algorithm and key have to be of one kind, and the algorithm on the issuer's list.
4. Signature, then `iss`, `aud`, `exp`, `nbf`, `iat`, `azp`; a token bound to a key (`cnf`) is no bearer's.
5. The claim of the mapping names the operator; another claim may narrow what it may do.
"""

import base64
import binascii
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import Key, KeySet
from joserfc.jwt import JWTClaimsRegistry

from api.openid_issuers import KEY_TYPES, OpenIdIssuer
from passports.authority.callers import Caller
from passports.authority.roles import Action, actions_of
from passports.errors import (
    EvidenceUnavailableError,
    Finding,
    NotAuthenticatedError,
    RecordNotFoundError,
)
from passports.operators import get_operator
from passports.store import Store
from passports.verification.fetch import Fetch, HttpFetch

MAX_TOKEN: Final = 16 * 1024
KEYS_SECONDS: Final = (
    600.0  # a key that the issuer takes back is refused after so long at the latest
)
STALE_SECONDS: Final = 24 * 3600.0  # an issuer that does not answer is believed for a day more
RETRY_SECONDS: Final = 30.0  # unknown keys make an issuer asked at most so often
_PARTS: Final = 3
_MIN_RSA_BITS: Final = 2048  # RFC 7518, section 3.3
# RFC 9068, section 2.1; issuers older than it say JWT or nothing. Others mean other things (logout+jwt).
_TYPES: Final = frozenset({None, "jwt", "at+jwt", "application/at+jwt"})


def looks_like_a_token(text: str) -> bool:
    """Tell whether a bearer text is a signed JWT rather than an API key."""
    return text.count(".") == _PARTS - 1 and text.startswith("eyJ")


def fetch_once(url: str, accept: str = "application/json") -> bytes:
    """Fetch a document of an issuer; issuers are asked too seldom to keep a connection for them."""
    with HttpFetch(loopback=[url]) as fetch:  # its issuers stand in the settings
        return fetch(url, accept)


@dataclass
class _Keys:
    """What is known of one issuer: its keys, and when it was asked."""

    keys: Sequence[Key] = ()
    fetched_at: float = float("-inf")
    asked_at: float = float("-inf")


class OpenIdVerifier:
    """Verifies tokens of the configured issuers; one object serves many threads."""

    def __init__(
        self,
        issuers: Sequence[OpenIdIssuer],
        fetch: Fetch = fetch_once,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; nothing is fetched before a token comes.

        Args:
            issuers: Who is believed.
            fetch: How their documents are fetched.
            clock: Seconds that only go forward.
        """
        self.issuers = {issuer.issuer: issuer for issuer in issuers}
        self._fetch = fetch
        self._clock = clock
        self._known = {name: _Keys() for name in self.issuers}
        self._locks = {name: Lock() for name in self.issuers}

    def authenticate(self, store: Store, token: str, now: datetime) -> Caller:
        """Return the operator in whose name a token speaks, narrowed to what it says.

        Raises:
            NotAuthenticatedError: it is not a token of a configured issuer, or not good (any more).
        """
        issuer, claims = self.verified(token, now)
        return caller_of(store, issuer, claims)

    def verified(self, token: str, now: datetime) -> tuple[OpenIdIssuer, Mapping[str, Any]]:
        """Return who issued a token and what it says, once all of it was verified.

        Args:
            token: The compact JWS.
            now: The present.

        Raises:
            NotAuthenticatedError: anything about it is not as it should be.
        """
        header, claims = _unverified(token)
        issuer = self.issuers.get(str(claims.get("iss")))
        if issuer is None:
            raise refused("it is of no issuer that is configured here")
        algorithm = header.get("alg")
        if algorithm not in issuer.algorithms:
            raise refused("its algorithm is not accepted")
        if "crit" in header or _type_of(header) not in _TYPES:
            raise refused("it is of another type than an access token")
        key = self._key(issuer, str(algorithm), header.get("kid"))
        try:
            said = jwt.decode(token, key, algorithms=[str(algorithm)]).claims
        except (JoseError, ValueError, TypeError):
            raise refused("its signature does not fit") from None
        _check_claims(issuer, said, int(now.timestamp()))
        return issuer, said

    def _key(self, issuer: OpenIdIssuer, algorithm: str, kid: object) -> Key:
        """Return the issuer's key for a token, asking the issuer anew where it is not known."""
        known = self._known[issuer.issuer]
        age = self._clock() - known.fetched_at
        if age > KEYS_SECONDS:
            self._refresh(issuer)
        if self._clock() - known.fetched_at > STALE_SECONDS:
            raise refused("its issuer cannot be asked for its keys now")
        key = _choose(known.keys, algorithm, kid)
        if key is None:
            self._refresh(issuer)
            key = _choose(known.keys, algorithm, kid)
        if key is None:
            raise refused("its key is none of its issuer's")
        return key

    def _refresh(self, issuer: OpenIdIssuer) -> None:
        """Fetch an issuer's keys, unless that was tried just now; what fails leaves what was known."""
        known = self._known[issuer.issuer]
        with self._locks[issuer.issuer]:
            if self._clock() - known.asked_at < RETRY_SECONDS:
                return
            known.asked_at = self._clock()
            try:
                metadata = json.loads(self._fetch(issuer.discovery_url))
                if metadata["issuer"] != issuer.issuer:
                    return  # Discovery 1.0, section 4.3
                url = str(metadata["jwks_uri"])
                if not issuer.may_be_fetched(url):
                    return
                keys = _read_keys(json.loads(self._fetch(url)))
            except (EvidenceUnavailableError, ValueError, KeyError, TypeError, RecursionError):
                return
            known.keys, known.fetched_at = keys, self._clock()


def refused(reason: str) -> NotAuthenticatedError:
    """Return the refusal of a token."""
    finding = Finding("Authorization", "", reason, "Ask the issuer for a new token.")
    return NotAuthenticatedError(f"The token is not valid: {reason}.", [finding])


def _unverified(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Take a token apart to see whom to ask about it; nothing of it is believed."""
    parts = token.split(".")
    if len(token) > MAX_TOKEN or len(parts) != _PARTS:
        raise refused("it cannot be read")
    try:
        header, claims = (_decoded(part) for part in parts[:2])
    except (ValueError, binascii.Error, RecursionError):
        raise refused("it cannot be read") from None
    return header, claims


def _decoded(part: str) -> Mapping[str, Any]:
    raw = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    document = json.loads(raw)
    if not isinstance(document, dict):
        raise ValueError("no object")  # noqa: TRY004 # one kind of error for whatever is unreadable
    return document


def _type_of(header: Mapping[str, Any]) -> object:
    kind = header.get("typ")
    return kind.lower() if isinstance(kind, str) else kind


def _read_keys(document: Mapping[str, Any]) -> list[Key]:
    """Return the public keys of a key set that can be used here; others are passed over."""
    found: list[Key] = []
    for entry in document["keys"]:
        # A private key or a secret has no business in a published set.
        if not isinstance(entry, dict) or entry.get("kty") == "oct" or "d" in entry:
            continue
        if entry.get("use", "sig") != "sig" or "verify" not in entry.get("key_ops", ["verify"]):
            continue
        if entry.get("kty") == "RSA" and not _is_long_enough(entry):
            continue
        try:
            found += KeySet.import_key_set({"keys": [entry]}).keys
        except (JoseError, ValueError, TypeError, KeyError):
            continue  # a kind of key that is not known here; the token's may be another
    return found


def _choose(keys: Sequence[Key], algorithm: str, kid: object) -> Key | None:
    """Return the one key that a token's header means and that goes with its algorithm, or None."""
    fitting = [key for key in keys if _goes_with(key, algorithm)]
    if kid is not None:
        fitting = [key for key in fitting if key.kid == kid]
    return fitting[0] if len(fitting) == 1 else None


def _goes_with(key: Key, algorithm: str) -> bool:
    key_type, curve = KEY_TYPES[algorithm]
    public = key.as_dict(private=False)
    if key.key_type != key_type or public.get("alg", algorithm) != algorithm:
        return False
    return curve is None or bool(public.get("crv") == curve)


def _is_long_enough(entry: Mapping[str, Any]) -> bool:
    try:
        modulus = base64.urlsafe_b64decode(str(entry.get("n")) + "==")
    except ValueError:
        return False
    return int.from_bytes(modulus, "big").bit_length() >= _MIN_RSA_BITS


def _check_claims(issuer: OpenIdIssuer, claims: Mapping[str, Any], now: int) -> None:
    registry = JWTClaimsRegistry(
        now=now,
        leeway=issuer.leeway_seconds,
        iss={"essential": True, "value": issuer.issuer},
        aud={"essential": True, "value": issuer.audience},
        exp={"essential": True},
        sub={"essential": True},
    )
    try:
        registry.validate(dict(claims))
    except ExpiredTokenError:
        raise refused("it has expired") from None
    except (JoseError, ValueError, TypeError, OverflowError) as error:
        claim = getattr(error, "claim", None) or "a claim"
        raise refused(f"{claim} is missing, or not what it has to be") from None
    if "cnf" in claims:
        raise refused("it is bound to a key, and nobody has shown that key")
    party = claims.get("azp", claims.get("client_id"))
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if issuer.authorised_parties:
        if party not in issuer.authorised_parties:
            raise refused("the client that brings it (azp) may not")
    elif several and "azp" not in claims:
        # OpenID Connect Core 1.0, section 3.1.3.7, points 4 and 5
        raise refused("it is for several audiences and does not say who may bring it (azp)")


def caller_of(store: Store, issuer: OpenIdIssuer, claims: Mapping[str, Any]) -> Caller:
    """Return the operator that verified claims mean, narrowed as the issuer's mapping says.

    Raises:
        NotAuthenticatedError: they name nobody that is registered here.
    """
    named = claims.get(issuer.operator_claim)
    operator_id = issuer.operators.get(named) if isinstance(named, str) else None
    if operator_id is None:
        raise refused(f"its {issuer.operator_claim} is mapped to no operator")
    with store.reading() as reading:
        try:
            operator = get_operator(reading, operator_id)
        except RecordNotFoundError:
            reason = f"its {issuer.operator_claim} is mapped to an operator that is not registered"
            raise refused(reason) from None
    subject = f"{issuer.issuer} {claims['sub']}"
    return Caller.of(operator, subject, narrowed_to(issuer, claims))


def narrowed_to(issuer: OpenIdIssuer, claims: Mapping[str, Any]) -> frozenset[Action] | None:
    """Return the actions that a token speaks of, or None where the mapping does not narrow."""
    if issuer.roles_claim is None:
        return None
    said = claims.get(issuer.roles_claim, [])
    words = said.split() if isinstance(said, str) else said if isinstance(said, list) else []
    names = [word for word in words if isinstance(word, str)]
    roles = [role for name in names for role in issuer.roles.get(name, ())]
    direct = {action for name in names for action in issuer.actions.get(name, ())}
    return actions_of(roles) | frozenset(direct)
