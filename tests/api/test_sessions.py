"""Sessions of operators at the pages: begun with a key, HttpOnly, against forged forms, ended for good."""

import hashlib
import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest

from passports.authority.api_keys import create_api_key, revoke_api_key
from passports.authority.callers import Caller as Operator
from passports.authority.roles import Action
from passports.authority.sessions import LASTS, begin_session, end_session, find_session
from passports.documents import utc_now
from passports.operators import get_operator
from tests.api.caller import Answer, Caller, batch
from tests.worlds import FACILITY, GTIN, MAKER, MODEL, NOW, RIVAL, World

COOKIE = "__Host-voltpass-session"
FORM = "__Host-voltpass-form"
HTML = "text/html"


class Browser:
    """Keeps cookies and sends forms, as a browser does."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.cookies: dict[str, str] = {}
        self.set_cookies: list[str] = []

    def get(self, target: str, **headers: str) -> Answer:
        return self._keep(self.caller.send("GET", target, self._headers(headers)))

    def post(self, target: str, fields: dict[str, str], **headers: str) -> Answer:
        kind = {"content-type": "application/x-www-form-urlencoded"}
        body = urlencode(fields).encode()
        return self._keep(
            self.caller.send("POST", target, {**self._headers(headers), **kind}, body)
        )

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        jar = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        given = {name.replace("_", "-"): value for name, value in more.items()}
        return {"accept": HTML, **({"cookie": jar} if jar else {}), **given}

    def _keep(self, answer: Answer) -> Answer:
        given = answer.headers.get("set-cookie")
        if given is not None:
            self.set_cookies.append(given)
            name, value = given.partition(";")[0].split("=", 1)
            self.cookies[name] = value.strip('"')
        return answer

    def sign_in(self, key: str) -> Answer:
        page = self.get("/sign-in").body.decode()
        form = re.search(r'name="form" value="([^"]+)"', page)
        assert form is not None
        return self.post("/sign-in", {"api_key": key, "form": form[1]})

    def csrf(self) -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', self.get("/account").body.decode())
        assert found is not None
        return found[1]


@pytest.fixture
def browser(caller: Caller) -> Browser:
    """A browser that nobody has signed in with."""
    return Browser(caller)


@pytest.fixture
def signed_in(browser: Browser) -> Browser:
    """The maker's browser."""
    assert browser.caller.post("/v1/batches", batch(), by=MAKER).status == 201
    assert browser.sign_in(browser.caller.key(MAKER)).status == 303
    return browser


def test_signing_in_leads_to_the_own_page_and_its_cookie_is_kept_from_scripts_and_other_sites(
    signed_in: Browser,
) -> None:
    cookie = signed_in.set_cookies[-1]
    attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "secure", "samesite=strict", "path=/"} <= attributes
    assert cookie.startswith(f"{COOKIE}={MAKER}.")
    page = signed_in.get("/account")
    assert (page.status, page.headers["cache-control"]) == (200, "no-store")
    text = page.body.decode()
    assert all(shown in text for shown in ("The maker", MODEL, GTIN, "b-1", "Sign out"))
    assert signed_in.cookies[COOKIE] not in text
    assert signed_in.caller.key(MAKER) not in text


def test_the_store_knows_a_session_by_its_hash_only(signed_in: Browser) -> None:
    secret = signed_in.cookies[COOKIE].partition(".")[2]
    url = signed_in.caller.voltpass.store.url.removeprefix("sqlite:///")
    signed_in.caller.voltpass.store.close()
    written = b"".join(f.read_bytes() for f in Path(url).parent.glob(f"{Path(url).name}*"))
    assert secret.encode() not in written


def test_without_a_session_the_own_page_leads_to_the_form(browser: Browser) -> None:
    for cookie in ("", "x", f"{MAKER}.{'A' * 43}", "é", "../..", f"{MAKER}.", "a" * 5000):
        browser.cookies[COOKIE] = cookie
        answer = browser.get("/account")
        assert (answer.status, answer.headers["location"]) == (303, "/sign-in")


@pytest.mark.parametrize("key", ["", "vp.maker.0.x", "<script>", "vp." + "a" * 300])
def test_a_key_that_is_not_valid_signs_nobody_in_and_is_not_repeated(
    browser: Browser, key: str
) -> None:
    answer = browser.sign_in(key)
    assert (answer.status, COOKIE in browser.cookies) == (401, False)
    assert "You are not signed in" in answer.body.decode()
    assert not key or key not in answer.body.decode()


def test_a_form_that_this_servers_page_did_not_give_is_refused(browser: Browser) -> None:
    key = browser.caller.key(MAKER)
    assert browser.post("/sign-in", {"api_key": key, "form": ""}).status == 403
    browser.get("/sign-in")
    assert browser.post("/sign-in", {"api_key": key, "form": "guessed"}).status == 403
    own = browser.cookies[FORM]
    fields = {"api_key": key, "form": own}
    assert browser.post("/sign-in", fields, sec_fetch_site="cross-site").status == 403
    assert browser.post("/sign-in", fields, sec_fetch_site="same-site").status == 403
    assert browser.post("/sign-in", fields, origin="https://evil.example").status == 403
    assert COOKIE not in browser.cookies
    for headers in ({"origin": "null"}, {"sec_fetch_site": "same-origin"}):
        assert browser.post("/sign-in", fields, **headers).status == 303


def test_a_form_of_a_session_needs_its_token(signed_in: Browser) -> None:
    with signed_in.caller.voltpass.store.reading() as reading:
        key_id = reading.api_keys.of(MAKER)[0].id
    target = f"/account/keys/{key_id}/revoke"
    other = Browser(signed_in.caller)
    other.sign_in(signed_in.caller.key(RIVAL))
    for fields in ({}, {"csrf": ""}, {"csrf": "x"}, {"csrf": other.csrf()}, {"csrf": "é"}):
        for path in (target, "/sign-out"):
            assert signed_in.post(path, fields).status == 403
    own = {"csrf": signed_in.csrf()}
    assert signed_in.post(target, own, sec_fetch_site="cross-site").status == 403
    assert signed_in.get("/account").status == 200
    # Another operator's key is out of reach, with a good form of one's own.
    assert other.post(target, {"csrf": other.csrf()}).status == 404


def test_revoking_the_key_of_a_session_ends_it(signed_in: Browser) -> None:
    with signed_in.caller.voltpass.store.reading() as reading:
        key_id = reading.api_keys.of(MAKER)[0].id
    answer = signed_in.post(f"/account/keys/{key_id}/revoke", {"csrf": signed_in.csrf()})
    assert answer.status == 303
    assert signed_in.get("/account").headers["location"] == "/sign-in"


def test_signing_out_ends_the_session_wherever_its_cookie_is_kept(signed_in: Browser) -> None:
    kept = dict(signed_in.cookies)
    answer = signed_in.post("/sign-out", {"csrf": signed_in.csrf()})
    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert "max-age=0" in signed_in.set_cookies[-1].lower()
    signed_in.cookies = kept
    assert signed_in.get("/account").headers["location"] == "/sign-in"


def test_every_sign_in_is_another_session_and_ends_the_one_before(signed_in: Browser) -> None:
    first = signed_in.cookies[COOKIE]
    page = signed_in.get("/sign-in")
    assert (page.status, page.headers["location"]) == (303, "/account")
    form = signed_in.cookies[FORM]
    fields = {"api_key": signed_in.caller.key(MAKER), "form": form}
    assert signed_in.post("/sign-in", fields).status == 303
    second = signed_in.cookies[COOKIE]
    assert first != second
    store = signed_in.caller.voltpass.store
    assert find_session(store, first, utc_now()) is None
    assert find_session(store, second, utc_now()) is not None


def test_a_narrowed_key_opens_a_narrowed_page(browser: Browser) -> None:
    with browser.caller.voltpass.store.transaction() as transaction:
        key = create_api_key(transaction, MAKER, "n", utc_now(), None, [Action.READ])
    browser.sign_in(key.token)
    page = browser.get("/account").body.decode()
    assert MODEL in page
    assert "API keys" not in page
    answer = browser.post(f"/account/keys/{key.id}/revoke", {"csrf": browser.csrf()})
    assert answer.status == 403


def test_a_session_opens_no_call_of_the_http_api(signed_in: Browser) -> None:
    for target in ("/v1/keys", "/v1/grants", "/v1/access-log", "/v1/acts"):
        assert signed_in.get(target).status == 401
    assert signed_in.post("/v1/facilities", {}).status == 401


def test_public_pages_are_the_same_bytes_with_and_without_a_session(signed_in: Browser) -> None:
    nobody = Browser(signed_in.caller)
    for target in (
        "/",
        "/verify",
        "/compare",
        "/api",
        f"/facilities/{MAKER}/{FACILITY}",
        f"/01/{GTIN}/21/SN-1",
    ):
        with_session, without = signed_in.get(target), nobody.get(target)
        assert with_session.status == 200
        times = r"\d{2}:\d{2}(:\d{2})?"  # a page says when its checks were made
        same = [re.sub(times, "", a.body.decode()) for a in (with_session, without)]
        assert same[0] == same[1], target
        assert "set-cookie" not in with_session.headers
        assert with_session.headers.get("cache-control") == without.headers.get("cache-control")


def operator(world: World, key_id: str) -> Operator:
    """Return the maker as it calls with a key."""
    with world.store.reading() as reading:
        return Operator.of(get_operator(reading, MAKER), key_id)


def test_a_session_lasts_a_working_day_on_every_database(world: World) -> None:
    with world.store.transaction() as transaction:
        key = create_api_key(transaction, MAKER, "k", NOW)
    session = begin_session(world.store, operator(world, key.id), NOW)
    last = NOW + LASTS
    found = find_session(world.store, session.token, last - timedelta(seconds=1))
    assert found is not None
    assert (found.caller.id, found.csrf) == (MAKER, session.csrf)
    assert find_session(world.store, session.token, last) is None
    end_session(world.store, session, NOW)
    assert find_session(world.store, session.token, NOW) is None
    begin_session(world.store, operator(world, key.id), NOW + timedelta(days=60))
    with world.store.reading() as reading:  # what ended long ago is deleted
        secret = session.token.partition(".")[2]
        assert reading.sessions.get(MAKER, hashlib.sha256(secret.encode()).hexdigest()) is None


def test_a_session_is_over_with_its_key(world: World) -> None:
    with world.store.transaction() as transaction:
        key = create_api_key(transaction, MAKER, "k", NOW, 1)
    long = begin_session(world.store, operator(world, key.id), NOW + timedelta(hours=20))
    assert find_session(world.store, long.token, NOW + timedelta(hours=23)) is not None
    assert find_session(world.store, long.token, NOW + timedelta(hours=24)) is None
    with world.store.transaction() as transaction:
        revoke_api_key(transaction, MAKER, key.id, NOW)
    assert find_session(world.store, long.token, NOW + timedelta(hours=21)) is None
