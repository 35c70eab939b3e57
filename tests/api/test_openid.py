"""OpenID Connect bearer tokens: taken from issuers that are configured, and only as they are meant."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.openid import KEYS_SECONDS, RETRY_SECONDS, STALE_SECONDS, OpenIdVerifier, fetch_once
from api.openid_issuers import KEY_TYPES, OpenIdIssuer
from passports.authority.roles import Action
from passports.documents import utc_now
from passports.errors import EvidenceUnavailableError, NotAuthenticatedError
from tests.api.caller import JSON, Caller
from tests.api.openid_issuer import (
    LoopbackIssuer,
    PrivateKey,
    RealIssuer,
    b64,
    is_installed,
    jwk,
    loopback_issuer,
    public_pem,
    real_issuer,
    seconds_from_now,
    token,
)
from tests.worlds import MAKER

AUDIENCE = "https://id.example.com"
EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())


class Clock:
    """Seconds that go forward when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def issuer() -> Iterator[LoopbackIssuer]:
    with loopback_issuer() as running:
        yield running


@pytest.fixture
def published(issuer: LoopbackIssuer) -> LoopbackIssuer:
    issuer.documents.clear()
    issuer.asked.clear()
    issuer.is_down = False
    issuer.publish(jwk(EC_KEY, kid="ec", alg="ES256", use="sig"), jwk(RSA_KEY, kid="rsa"))
    return issuer


def configured(url: str, **changes: Any) -> OpenIdIssuer:
    """Return how an issuer is configured, with changes."""
    fields: dict[str, Any] = {
        "issuer": url,
        "audience": AUDIENCE,
        "operators": {"press-line": MAKER, "ghost": "not-registered"},
    }
    return OpenIdIssuer(**{**fields, **changes})


def claims(url: str, **changes: Any) -> dict[str, Any]:
    """Return the claims of a good token, with changes; None takes one away."""
    good = {
        "iss": url,
        "sub": "press-line",
        "aud": AUDIENCE,
        "iat": seconds_from_now(-5),
        "exp": seconds_from_now(300),
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def signed(url: str, key: PrivateKey = EC_KEY, **changes: Any) -> str:
    """Return a token that is good but for the changes."""
    name, algorithm = ("ec", "ES256") if key is not RSA_KEY else ("rsa", "RS256")
    return token(key, {"alg": algorithm, "kid": name, "typ": "at+jwt"}, claims(url, **changes))


def verifier(issuer: OpenIdIssuer, clock: Callable[[], float] | None = None) -> OpenIdVerifier:
    """Return a verifier that believes one issuer."""
    return OpenIdVerifier([issuer], fetch_once, clock or Clock())


def refusal(checking: OpenIdVerifier, text: str) -> str:
    """Return why a token is refused."""
    with pytest.raises(NotAuthenticatedError) as caught:
        checking.verified(text, utc_now())
    assert len(text) < 40 or text not in str(caught.value.findings)
    return caught.value.findings[0].reason


@pytest.mark.parametrize("key", [EC_KEY, RSA_KEY])
def test_a_token_of_a_configured_issuer_names_its_operator(
    caller: Caller, published: LoopbackIssuer, key: PrivateKey
) -> None:
    checking = verifier(configured(published.url))
    found = checking.authenticate(caller.voltpass.store, signed(published.url, key), utc_now())
    assert (found.id, found.narrowed_to) == (MAKER, None)
    assert found.credential_id == f"{published.url} press-line"
    assert published.asked == ["/.well-known/openid-configuration", "/jwks"]


def test_by_http_a_token_opens_what_a_key_opens(caller: Caller, published: LoopbackIssuer) -> None:
    caller.voltpass.openid = verifier(configured(published.url))
    headers = {**JSON, "authorization": f"Bearer {signed(published.url)}"}
    assert caller.send("POST", "/v1/facilities", headers, b"{}").status == 422  # through
    expired = signed(published.url, exp=seconds_from_now(-3600))
    headers = {**JSON, "authorization": f"Bearer {expired}"}
    answer = caller.send("POST", "/v1/facilities", headers, b"{}")
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert expired.encode() not in answer.body


def test_without_configured_issuers_no_token_is_taken_and_nobody_is_asked(
    caller: Caller, published: LoopbackIssuer
) -> None:
    headers = {**JSON, "authorization": f"Bearer {signed(published.url)}"}
    assert caller.send("POST", "/v1/facilities", headers, b"{}").status == 401
    assert published.asked == []


BAD_CLAIMS: list[tuple[dict[str, Any], str]] = [
    ({"aud": "https://elsewhere.example"}, "aud"),
    ({"aud": None}, "aud"),
    ({"aud": []}, "aud"),
    ({"aud": [AUDIENCE, "https://elsewhere.example"]}, "azp"),
    ({"exp": seconds_from_now(-120)}, "expired"),
    ({"exp": None}, "exp"),
    ({"exp": "tomorrow"}, "exp"),
    ({"exp": True}, "exp"),
    ({"nbf": seconds_from_now(3600)}, "nbf"),
    ({"iat": seconds_from_now(3600)}, "iat"),
    ({"sub": None}, "sub"),
    ({"sub": 7}, "sub"),
    ({"cnf": {"jkt": "x"}}, "bound to a key"),
]


@pytest.mark.parametrize(("changes", "reason"), BAD_CLAIMS)
def test_a_token_with_a_wrong_claim_is_refused_and_the_claim_named(
    published: LoopbackIssuer, changes: dict[str, Any], reason: str
) -> None:
    assert reason in refusal(verifier(configured(published.url)), signed(published.url, **changes))


def test_clocks_may_differ_by_the_leeway_and_not_more(published: LoopbackIssuer) -> None:
    late = signed(published.url, exp=seconds_from_now(-20), nbf=seconds_from_now(20))
    assert verifier(configured(published.url)).verified(late, utc_now())
    strict = verifier(configured(published.url, leeway_seconds=0))
    assert "expired" in refusal(strict, late)


def test_a_client_that_may_not_bring_tokens_is_refused(published: LoopbackIssuer) -> None:
    checking = verifier(configured(published.url, authorised_parties=["pages"]))
    assert checking.verified(signed(published.url, azp="pages"), utc_now())
    assert checking.verified(signed(published.url, client_id="pages"), utc_now())
    for changes in (
        {},
        {"azp": "other"},
        {"azp": "other", "client_id": "pages"},
        {"azp": ["pages"]},
    ):
        assert "azp" in refusal(checking, signed(published.url, **changes))


def test_unsigned_tokens_and_secrets_made_of_public_keys_are_refused(
    published: LoopbackIssuer,
) -> None:
    checking, good = verifier(configured(published.url)), claims(published.url)
    secrets = (public_pem(RSA_KEY), public_pem(EC_KEY), json.dumps(jwk(EC_KEY)).encode())
    for name in ("none", "None", "NONE", "HS256", "HS512", "", None, 7, ["ES256"]):
        for key in (None, *secrets):
            for kid in ("ec", "rsa", None):
                forged = token(key, {"alg": name, "kid": kid}, good)
                assert "algorithm" in refusal(checking, forged)
    assert published.asked == []  # decided before anybody is asked


def test_an_algorithm_that_is_not_on_the_issuers_list_is_refused(published: LoopbackIssuer) -> None:
    checking = verifier(configured(published.url, algorithms=["ES256"]))
    assert "algorithm" in refusal(checking, signed(published.url, RSA_KEY))


def test_an_algorithm_goes_with_its_kind_of_key_only(published: LoopbackIssuer) -> None:
    checking, good = verifier(configured(published.url)), claims(published.url)
    for algorithm, kid, key in (
        ("RS256", "ec", RSA_KEY),
        ("ES256", "rsa", EC_KEY),
        ("PS256", "ec", RSA_KEY),
    ):
        forged = token(key, {"alg": algorithm, "kid": kid}, good)
        assert "none of its issuer's" in refusal(checking, forged)
    # The same RSA key without an `alg` of its own takes both RSA algorithms, each as it is.
    assert checking.verified(token(RSA_KEY, {"alg": "PS256", "kid": "rsa"}, good), utc_now())
    assert set(KEY_TYPES) >= set(OpenIdIssuer.model_fields["algorithms"].default)


def test_a_token_signed_by_somebody_else_or_changed_is_refused(published: LoopbackIssuer) -> None:
    checking = verifier(configured(published.url))
    assert "signature" in refusal(checking, signed(published.url, OTHER_KEY))
    head, _, end = signed(published.url).split(".")
    other = b64(json.dumps(claims(published.url, sub="platform")).encode())
    assert "signature" in refusal(checking, f"{head}.{other}.{end}")


def test_headers_by_which_a_sender_would_choose_the_key_or_the_rules_decide_nothing(
    published: LoopbackIssuer,
) -> None:
    checking, good = verifier(configured(published.url)), claims(published.url)
    brought = jwk(OTHER_KEY, kid="ec")
    for more in ({"jwk": brought}, {"jku": f"{published.url}/evil"}, {"x5u": published.url}):
        forged = token(OTHER_KEY, {"alg": "ES256", "kid": "ec", **more}, good)
        assert "signature" in refusal(checking, forged)
    assert "/evil" not in published.asked
    critical = token(EC_KEY, {"alg": "ES256", "kid": "ec", "crit": ["exp"]}, good)
    assert "type" in refusal(checking, critical)


@pytest.mark.parametrize("typ", ["logout+jwt", "dpop+jwt", "secevent+jwt", 7, "vc+jwt"])
def test_a_token_of_another_type_is_refused(published: LoopbackIssuer, typ: object) -> None:
    header = {"alg": "ES256", "kid": "ec", "typ": typ}
    text = token(EC_KEY, header, claims(published.url))
    assert "type" in refusal(verifier(configured(published.url)), text)


def test_an_issuer_that_is_not_configured_is_never_asked(published: LoopbackIssuer) -> None:
    checking = verifier(configured("https://issuer.example"))
    for name in (published.url, f"{published.url}/", "", None, 7, ["https://issuer.example"]):
        assert "no issuer" in refusal(checking, signed(published.url, iss=name))
    assert published.asked == []


@pytest.mark.parametrize(
    "place",
    [
        "http://localhost:1/jwks",
        "https://evil.example/jwks",
        "file:///etc/passwd",
        "http://[",
        "/jwks",
    ],
)
def test_keys_on_a_host_that_is_not_configured_are_never_fetched(
    published: LoopbackIssuer, place: str
) -> None:
    published.documents["/.well-known/openid-configuration"]["jwks_uri"] = place
    fetched: list[str] = []

    def noting(url: str, accept: str = "*/*") -> bytes:
        fetched.append(url)
        return fetch_once(url, accept)

    checking = OpenIdVerifier([configured(published.url)], noting, Clock())
    assert "cannot be asked" in refusal(checking, signed(published.url))
    assert fetched == [f"{published.url}/.well-known/openid-configuration"]


def test_a_discovery_document_of_another_issuer_is_not_believed(published: LoopbackIssuer) -> None:
    published.documents["/.well-known/openid-configuration"]["issuer"] = "https://another.example"
    assert "cannot be asked" in refusal(verifier(configured(published.url)), signed(published.url))


@pytest.mark.parametrize(
    "document", [b"", b"[]", b"{}", b"null", b"{", b'{"keys": 7}', b"[" * 100000, b"\xff"]
)
def test_an_issuer_that_answers_nonsense_has_no_keys_and_nothing_breaks(
    published: LoopbackIssuer, document: bytes
) -> None:
    for path in ("/jwks", "/.well-known/openid-configuration"):
        published.documents[path] = document
        text = signed(published.url)
        assert "issuer" in refusal(verifier(configured(published.url)), text)


def test_secrets_private_and_small_keys_in_a_published_set_are_passed_over(
    published: LoopbackIssuer,
) -> None:
    small = rsa.generate_private_key(65537, 1024)
    published.publish(
        {"kty": "oct", "k": b64(b"secret"), "kid": "ec"},
        {**jwk(EC_KEY, kid="ec"), "d": "AAAA"},
        jwk(EC_KEY, kid="ec", use="enc"),
        jwk(small, kid="rsa"),
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "ec"},
        {"kty": "new"},
    )
    checking = verifier(configured(published.url))
    assert "none of its" in refusal(checking, signed(published.url))
    forged = token(small, {"alg": "RS256", "kid": "rsa"}, claims(published.url))
    assert "none of its" in refusal(checking, forged)


def test_new_keys_are_fetched_when_they_are_met_and_not_more_often_than_every_half_minute(
    published: LoopbackIssuer,
) -> None:
    clock = Clock()
    checking = verifier(configured(published.url), clock)
    checking.verified(signed(published.url), utc_now())
    published.publish(jwk(OTHER_KEY, kid="new"))
    new = token(OTHER_KEY, {"alg": "ES256", "kid": "new"}, claims(published.url))

    assert "none of its" in refusal(checking, new)  # asked just now
    asked = len(published.asked)
    for _ in range(20):  # nobody makes this server ask at will
        refusal(checking, token(OTHER_KEY, {"alg": "ES256", "kid": "x"}, claims(published.url)))
    assert len(published.asked) == asked
    clock.now += RETRY_SECONDS
    assert checking.verified(new, utc_now())
    assert "none of its" in refusal(checking, signed(published.url))  # the old one is gone


def test_a_key_taken_back_is_refused_after_ten_minutes_and_known_ones_outlive_an_outage(
    published: LoopbackIssuer,
) -> None:
    clock = Clock()
    checking, text = verifier(configured(published.url), clock), signed(published.url)
    checking.verified(text, utc_now())
    published.is_down = True
    clock.now += STALE_SECONDS - 1
    assert checking.verified(text, utc_now())
    clock.now += RETRY_SECONDS
    assert "cannot be asked" in refusal(checking, text)
    published.is_down = False
    published.publish(jwk(OTHER_KEY, kid="new"))
    clock.now += KEYS_SECONDS
    assert "none of its" in refusal(checking, text)


def test_a_subject_that_is_not_mapped_is_nobody(caller: Caller, published: LoopbackIssuer) -> None:
    checking = verifier(configured(published.url))
    for subject in ("platform", MAKER, "ghost", "press-line ", "PRESS-LINE"):
        with pytest.raises(NotAuthenticatedError, match="mapped"):
            checking.authenticate(
                caller.voltpass.store, signed(published.url, sub=subject), utc_now()
            )


def test_another_claim_may_name_the_operator(caller: Caller, published: LoopbackIssuer) -> None:
    setting = configured(
        published.url, operator_claim="organisation", operators={"91510000": MAKER}
    )
    checking, store = verifier(setting), caller.voltpass.store
    good = signed(published.url, organisation="91510000")
    assert checking.authenticate(store, good, utc_now()).id == MAKER
    for wrong in ({}, {"organisation": ["91510000"]}, {"organisation": {"91510000": 1}}):
        with pytest.raises(NotAuthenticatedError, match="mapped"):
            checking.authenticate(store, signed(published.url, **wrong), utc_now())


def test_a_claim_narrows_and_lends_no_role(caller: Caller, published: LoopbackIssuer) -> None:
    setting = configured(
        published.url,
        roles_claim="scope",
        roles={"boss": ["platform", "market_surveillance"]},
        actions={"voltpass.issue": [Action.ISSUE], "voltpass.read": [Action.READ]},
    )
    checking, store = verifier(setting), caller.voltpass.store

    def actions(**changes: Any) -> frozenset[Action]:
        return checking.authenticate(store, signed(published.url, **changes), utc_now()).actions

    assert actions(scope="voltpass.issue openid") == {Action.ISSUE}
    assert actions(scope=["voltpass.issue", "voltpass.read"]) == {Action.ISSUE, Action.READ}
    for nothing in ({}, {"scope": ""}, {"scope": 7}, {"scope": [7]}, {"scope": {"a": 1}}):
        assert actions(**nothing) == frozenset()
    assert not actions(scope="boss") & {Action.OPERATORS, Action.SUPERVISE, Action.COMPARE}


@given(
    text=st.text(max_size=60)
    | st.tuples(st.binary(), st.binary()).map(
        lambda parts: "eyJ" + ".".join([*(b64(p) for p in parts), "x"])
    )
)
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80, deadline=None
)
def test_whatever_is_sent_as_a_token_is_refused_and_nothing_breaks(
    published: LoopbackIssuer, text: str
) -> None:
    refusal(verifier(configured(published.url)), text + ".")


@pytest.fixture(scope="module")
def real() -> Iterator[RealIssuer]:
    if not is_installed():
        pytest.skip("oidc-provider is not installed: make node")
    with real_issuer(AUDIENCE, f"{AUDIENCE}/sign-in/openid/callback") as running:
        yield running


def real_token(issuer: RealIssuer, scope: str = "voltpass.issue", resource: str = AUDIENCE) -> str:
    """Get an access token by client credentials (RFC 6749, section 4.4; RFC 8707)."""
    answer = httpx.post(
        f"{issuer.url}/token",
        auth=("press-line", "for-tests"),
        data={"grant_type": "client_credentials", "scope": scope, "resource": resource},
        trust_env=False,
    )
    assert answer.status_code == 200, answer.text
    access: str = answer.json()["access_token"]
    return access


def test_tokens_of_a_real_issuer_are_taken_through_a_rotation_of_its_keys(
    caller: Caller, real: RealIssuer
) -> None:
    clock = Clock()
    setting = configured(
        real.url,
        roles_claim="scope",
        actions={"voltpass.issue": [Action.ISSUE], "voltpass.read": [Action.READ]},
        authorised_parties=["press-line"],
    )
    checking, store = verifier(setting, clock), caller.voltpass.store
    caller.voltpass.openid = checking
    first = real_token(real)
    found = checking.authenticate(store, first, utc_now())
    assert found.id == MAKER
    assert found.actions == {Action.ISSUE}

    def call(path: str) -> int:
        headers = {**JSON, "authorization": f"Bearer {first}"}
        return caller.send("POST", path, headers, b"{}").status

    assert (call("/v1/batches"), call("/v1/facilities")) == (422, 403)

    real.do("rotate")
    second = real_token(real)
    clock.now += RETRY_SECONDS
    for text in (first, second):
        assert checking.authenticate(store, text, utc_now()).id == MAKER
    real.do("forget")
    clock.now += KEYS_SECONDS + 1
    assert checking.authenticate(store, second, utc_now()).id == MAKER
    assert "none of its issuer's" in refusal(checking, first)


def test_a_real_issuers_token_for_another_audience_or_later_is_refused(
    caller: Caller, real: RealIssuer
) -> None:
    checking = verifier(configured(real.url))
    assert "aud" in refusal(checking, real_token(real, resource="https://another.example"))
    good = real_token(real)
    later = utc_now() + timedelta(days=365)
    with pytest.raises(NotAuthenticatedError, match="expired"):
        checking.verified(good, later)
    head, body, end = good.split(".")
    flipped = end[:-4] + ("AAAA" if end[-4:] != "AAAA" else "BBBB")
    assert "signature" in refusal(checking, f"{head}.{body}.{flipped}")


def test_an_issuer_that_does_not_answer_is_an_outage_of_tokens_only(
    caller: Caller, published: LoopbackIssuer
) -> None:
    published.is_down = True
    with pytest.raises(EvidenceUnavailableError):
        fetch_once(f"{published.url}/jwks")
    caller.voltpass.openid = verifier(configured(published.url))
    headers = {**JSON, "authorization": f"Bearer {signed(published.url)}"}
    assert caller.send("POST", "/v1/facilities", headers, b"{}").status == 401
    assert caller.post("/v1/facilities", {}, by=MAKER).status == 422
