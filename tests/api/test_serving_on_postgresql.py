"""Two servers on one PostgreSQL: both issue, the log stays one; the database goes away and comes back."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from lca.datasets import load_shipped_dataset
from passports.authority.api_keys import create_api_key
from passports.documents import utc_now
from passports.fsck.whole import check_store
from passports.keyring import Keyring
from passports.store import Store
from passports.store.copying import DatabaseFacts, facts_of
from tests.api.caller import PROBLEM, batch
from tests.api.serving_processes import Served, answered, served
from tests.own_postgres import OwnPostgres, own_postgres
from tests.worlds import ADDRESS, GTIN, MAKER, populate

BATCHES, UNITS = 12, 5
WORD = "for these servers"


@pytest.fixture(scope="module")
def postgres() -> Iterator[OwnPostgres]:
    """A PostgreSQL that may be stopped."""
    with own_postgres() as server:
        yield server


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of both servers, which they begin."""
    return tmp_path_factory.mktemp("two-servers") / "home"


@pytest.fixture(scope="module")
def servers(
    postgres: OwnPostgres, home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Served]]:
    """Two servers that begin an empty home and an empty database at once; then a maker registers."""
    logs = tmp_path_factory.mktemp("logs")
    settings = {"VOLTPASS_DATABASE_URL": postgres.create("voltpass")}
    settings |= {"VOLTPASS_KEY_PASSPHRASE": WORD, "VOLTPASS_PUBLIC_URL": ADDRESS.base_url}
    begin = [served(home, logs / f"{number}.log", **settings) for number in (1, 2)]
    with ThreadPoolExecutor(2) as pool, ExitStack() as stack:
        both = list(pool.map(lambda one: one.__enter__(), begin))
        for server in both:
            stack.callback(server.stop)
        store = Store(postgres.url("voltpass"))
        populate(store, Keyring(home / "keys", WORD.encode()))
        store.close()
        yield both
    assert all("Traceback" not in server.log.read_text("utf-8") for server in both)


@pytest.fixture
def key(postgres: OwnPostgres) -> dict[str, str]:
    """Headers with an API key of the maker."""
    store = Store(postgres.url("voltpass"))
    with store.transaction() as transaction:
        token = create_api_key(transaction, MAKER, "t", utc_now()).token
    store.close()
    return {"authorization": f"Bearer {token}"}


def facts_now(postgres: OwnPostgres) -> DatabaseFacts:
    """What the database holds; tests of this file may come in any order."""
    with closing(Store(postgres.url("voltpass"))) as store:
        return facts_of(store)


def test_two_servers_that_issue_at_once_write_one_log_and_draw_no_bit_twice(
    postgres: OwnPostgres, home: Path, servers: list[Served], key: dict[str, str]
) -> None:
    before = facts_now(postgres).passports

    def issue(number: int) -> httpx.Response:
        request = batch(*[f"T-{number}-{unit}" for unit in range(UNITS)], id=f"two-{number}")
        url = servers[number % 2].url
        return httpx.post(f"{url}/v1/batches", json=request, headers=key, timeout=120)

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(issue, range(BATCHES)))
    assert [answer.status_code for answer in answers] == [201] * BATCHES, answers[0].text

    facts = facts_now(postgres)
    assert facts.passports == facts.log_size == before + BATCHES * UNITS
    verifiers = Keyring(home / "keys", WORD.encode()).log_verifiers(ADDRESS.log_origin)
    with closing(Store(postgres.url("voltpass"))) as store:
        report = check_store(store, load_shipped_dataset(), utc_now(), log_verifiers=verifiers)
    assert len(verifiers) == 2
    assert report.faults == ()  # every leaf is a passport's, every bit one battery's

    heads = {httpx.get(f"{s.url}/log/checkpoint", timeout=60).content for s in servers}
    assert len(heads) == 1
    assert b"\n%d\n" % facts.log_size in heads.pop()


def test_one_batch_sent_to_both_servers_is_issued_once(
    postgres: OwnPostgres, servers: list[Served], key: dict[str, str]
) -> None:
    request = batch("ONCE-1", "ONCE-2", id="once")

    def issue(server: Served) -> httpx.Response:
        return httpx.post(f"{server.url}/v1/batches", json=request, headers=key, timeout=120)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(issue, servers * 2))
    statuses = sorted(answer.status_code for answer in answers)
    assert 201 in statuses
    assert set(statuses) <= {200, 201, 409}, [answer.text for answer in answers]
    store = Store(postgres.url("voltpass"))
    with store.reading() as reading:
        issued = [row for row in reading.passports.page(limit=1000) if row.batch_id == "once"]
    store.close()
    assert len(issued) == 2


def test_while_the_database_is_away_each_answer_is_a_503_and_then_all_is_well(
    postgres: OwnPostgres, servers: list[Served], key: dict[str, str]
) -> None:
    server = servers[0]
    httpx.post(f"{server.url}/v1/batches", json=batch("GONE-1", id="gone"), headers=key, timeout=60)
    calls: list[tuple[str, str, Any]] = [
        ("GET", f"/01/{GTIN}/21/GONE-1", None),
        ("GET", "/log/checkpoint", None),
        ("GET", "/v1/regulator/footprints", None),
        ("POST", "/v1/batches", batch("AWAY-1", id="away")),
        ("POST", "/v1/verify", {"link": f"{ADDRESS.base_url}/01/{GTIN}/21/GONE-1"}),
    ]

    def ask() -> list[httpx.Response]:
        return [
            httpx.request(method, server.url + path, json=body, headers=key, timeout=60)
            for method, path, body in calls
        ]

    before = [answer.status_code for answer in ask()[:3]]
    postgres.stop()
    try:
        away = [*ask(), answered(server, status=503)]
    finally:
        postgres.start()
    for answer in away:
        assert answer.status_code == 503, (answer.request.url, answer.text)
        assert answer.headers["content-type"] == PROBLEM
        assert "psycopg" not in answer.text
        assert "socket" not in answer.text
    for one in servers:
        answered(one)
    assert [answer.status_code for answer in ask()[:3]] == before
    again = httpx.post(
        f"{server.url}/v1/batches", json=batch("BACK-1", id="back"), headers=key, timeout=60
    )
    assert again.status_code == 201, again.text
