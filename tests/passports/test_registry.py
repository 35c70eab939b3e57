"""The outbox of the EU registry against a registry double over real HTTP."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passports.errors import (
    InvalidInputError,
    RecordNotFoundError,
    RegistryHeldBackError,
    RegistryUnavailableError,
)
from passports.identifiers import PublicAddress, parse_digital_link
from passports.keyring import Keyring
from passports.registry.client import HttpRegistry, Outcome, Patience, Registration
from passports.registry.delivery import Sent
from passports.registry.file import RegistryRules, identifier_fault, write_file
from passports.registry.outbox import enrol, list_proofs, outbox_status, send, send_refused_again
from passports.resolve import find_passport
from passports.status_lists import revoke_passport
from passports.store import Store, Transaction
from signing.canonical import canonicalize
from signing.credentials import CredentialSigner, decode
from tests.conftest import SqliteDatabases
from tests.passports.registry_double import RegistryDouble, listening
from tests.passports.restricted_world import give_restricted, telltales
from tests.postgres_databases import PostgresDatabases
from tests.worlds import ADDRESS, GTIN, IMPORTER, MAKER, NOW, World

LINK = "https://id.example.com/01/09520123456788/21/"


class Clock:
    """An instant that tests move."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@contextmanager
def registry_of(store: Store, clock: Clock) -> Iterator[RegistryDouble]:
    """Let a registry listen that reads the passports of a store, as the Commission reads them."""

    def read_sha256(identifier: str) -> str | None:
        credential = find_passport(store, parse_digital_link(identifier)).credential
        return sha256(credential).hexdigest()

    with listening(RegistryDouble(read_sha256, clock)) as double:
        yield double


@pytest.fixture
def world(sqlite_world: World) -> World:
    """A world on SQLite; what depends on the database asks for `everywhere`."""
    return sqlite_world


@pytest.fixture
def everywhere(databases: SqliteDatabases | PostgresDatabases, keyring: Keyring) -> Iterator[World]:
    """A world on SQLite and on PostgreSQL."""
    store = databases.make(populated=True)
    yield World(store, keyring)
    databases.discard(store)


@pytest.fixture
def double(world: World, clock: Clock) -> Iterator[RegistryDouble]:
    with registry_of(world.store, clock) as listening_double:
        yield listening_double


def patience(waited: list[float] | None = None, tries: int = 4) -> Patience:
    """Wait in the mind only."""
    noted = waited if waited is not None else []
    return Patience(tries=tries, sleep=noted.append, share=lambda: 1.0)


def enrolled(world: World, *operators: str) -> World:
    """Record that the registry has verified the maker and the importer."""
    for operator in operators or (MAKER, IMPORTER):
        enrol(world.store, operator, NOW + timedelta(days=365), "EU-REF-1", NOW)
    return world


def sending(
    world: World,
    double: RegistryDouble,
    clock: Clock,
    waited: list[float] | None = None,
    **more: Any,
) -> Sent:
    with HttpRegistry(double.url, "the-token") as registry:
        options: dict[str, Any] = {"batteries_open": True, "patience": patience(waited), **more}
        return send(world.store, registry, MAKER, clock, **options)


def status(world: World, clock: Clock) -> dict[str, Any]:
    return outbox_status(world.store, MAKER, clock())


# --- What is sent ---


def test_each_passport_is_registered_once_in_files_of_a_hundred_and_its_proof_is_kept(
    everywhere: World, clock: Clock
) -> None:
    with registry_of(everywhere.store, clock) as double:
        _register_205(everywhere, double, clock)


def _register_205(world: World, double: RegistryDouble, clock: Clock) -> None:
    enrolled(world).issue(*[f"SN-{n}" for n in range(205)])
    assert status(world, clock)["ready"] == 205
    told: list[tuple[int, int]] = []
    sent = sending(world, double, clock, progress=lambda done, total: told.append((done, total)))
    assert (sent.files, sent.registered, sent.refused) == (3, 205, 0)
    assert [len(file["requests"]) for file in double.files] == [100, 100, 5]
    assert set(double.times_registered.values()) == {1}
    assert told[-1] == (205, 205)
    proofs = list_proofs(world.store, MAKER, clock())
    assert len(proofs) == 205
    for proof in proofs[:10]:
        said = json.loads(proof["proof"])
        link = parse_digital_link(said["uniqueProductIdentifier"])
        stored = find_passport(world.store, link)
        assert proof["passport_sha256"] == stored.sha256 == said["dppVersionHash"]
        assert proof["proof_sha256"] == sha256(proof["proof"].encode()).hexdigest()
        assert proof["downloadable_until"] == "2027-02-20T12:00:00Z"  # 90 days after 22 November
    again = sending(world, double, clock)
    assert (again.files, again.registered) == (0, 0)
    assert len(double.files) == 3
    assert status(world, clock) | {"guide": ""} == {
        "operator": MAKER,
        "guide": "",
        "ready": 0,
        "held_back": 0,
        "held_back_examples": [],
        "on_the_way": 0,
        "registered": 205,
        "without_proof": 0,
        "refused": [],
    }


def test_a_request_says_what_the_standard_names_and_the_token_goes_along(
    world: World, double: RegistryDouble, clock: Clock
) -> None:
    issued = enrolled(world).issue("SN-1").passports[0]
    sending(world, double, clock)
    [file] = double.files
    assert file["fileName"].replace("-", "").replace(".", "").isalnum()
    assert file["productGroup"] == "batteries"
    [request] = file["requests"]
    assert request == {
        "uniqueProductIdentifier": LINK + "SN-1",
        "digitalProductPassportId": f"urn:uuid:{issued.id}",
        "granularity": "item",
        "modelIdentifier": f"https://id.example.com/01/{GTIN}",
        "batchIdentifier": "b-1",
        "uniqueEconomicOperatorIdentifier": "did:web:id.example.com:operators:importer",
        "dppVersion": 1,
        "dppVersionHash": find_passport(world.store, parse_digital_link(LINK + "SN-1")).sha256,
    }
    assert double.tokens == {"Bearer the-token"}


def test_no_restricted_value_is_in_a_file(sqlite_world: World, clock: Clock) -> None:
    world = enrolled(sqlite_world)
    give_restricted(world, world.issue("SN-1").passports[0].id)
    world.issue("SN-2", id="b-2")
    with registry_of(world.store, clock) as double:
        assert sending(world, double, clock).registered == 2
    sent = double.bodies[0].decode()
    assert not [text for text in telltales() if text in sent]


# --- What is held back ---


@pytest.mark.parametrize(
    ("url", "is_open", "named"),
    [
        ("http://127.0.0.1:1", False, ["VOLTPASS_REGISTRY_BATTERIES"]),
        ("", True, ["VOLTPASS_REGISTRY_BATTERIES", "VOLTPASS_REGISTRY_URL"]),
    ],
)
def test_nothing_is_sent_until_batteries_can_be_registered(
    sqlite_world: World, clock: Clock, url: str, is_open: bool, named: list[str]
) -> None:
    enrolled(sqlite_world).issue("SN-1")
    registry = HttpRegistry(url, "") if url else None
    with pytest.raises(RegistryHeldBackError) as refused:
        send(sqlite_world.store, registry, MAKER, clock, batteries_open=is_open)
    assert [finding.field for finding in refused.value.findings] == named
    assert "semantic catalogue" in refused.value.findings[0].reason
    assert status(sqlite_world, clock)["on_the_way"] == 0


def test_an_http_identifier_is_never_sent(sqlite_world: World, clock: Clock) -> None:
    world = replace(enrolled(sqlite_world), address=PublicAddress("http://127.0.0.1:8000"))
    world.issue("SN-1")
    with registry_of(world.store, clock) as double:
        sent = sending(world, double, clock)
    assert (sent.files, double.files) == (0, [])
    found = status(world, clock)
    assert (found["ready"], found["held_back"]) == (0, 1)
    assert "https identifiers only" in found["held_back_examples"][0]["reason"]


def test_who_the_registry_has_not_verified_is_not_registered_nor_registers_for_others(
    world: World, double: RegistryDouble, clock: Clock
) -> None:
    world.issue("SN-1")
    for verified, missing in (((), IMPORTER), ((IMPORTER,), MAKER)):
        if verified:
            enrolled(world, *verified)
        assert sending(world, double, clock).files == 0
        example = status(world, clock)["held_back_examples"][0]
        assert (example["field"], example["value"]) == ("operator", missing)
    enrolled(world, MAKER)
    clock.at = NOW + timedelta(days=366)  # both verifications have ended
    assert sending(world, double, clock).files == 0
    clock.at = NOW
    assert sending(world, double, clock).registered == 1


def test_a_revoked_passport_is_not_registered(
    world: World, double: RegistryDouble, clock: Clock
) -> None:
    issued = enrolled(world).issue("SN-1", "SN-2")
    revoke_passport(world.store, world.keyring, ADDRESS, MAKER, issued.passports[0].id, NOW)
    assert sending(world, double, clock).registered == 1
    assert list(double.registrations) == [LINK + "SN-2"]
    assert status(world, clock)["held_back_examples"][0]["reason"] == "the passport is revoked"


def test_what_is_held_back_does_not_stand_in_the_way_of_the_rest(
    world: World, double: RegistryDouble, clock: Clock
) -> None:
    issued = enrolled(world).issue(*[f"SN-{n}" for n in range(12)])
    for passport in issued.passports[::2]:
        revoke_passport(world.store, world.keyring, ADDRESS, MAKER, passport.id, NOW)
    rules = RegistryRules(entries_a_file=4)
    assert sending(world, double, clock, rules=rules).registered == 6
    assert [len(file["requests"]) for file in double.files] == [4, 2]


@pytest.mark.parametrize(
    ("until", "evidence", "field"),
    [
        (NOW, "x", "until"),
        (NOW + timedelta(days=1100), "x", "until"),
        (NOW + timedelta(days=1), "  ", "evidence"),
    ],
)
def test_an_enrolment_ends_within_three_years_and_shows_something(
    sqlite_world: World, until: datetime, evidence: str, field: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        enrol(sqlite_world.store, MAKER, until, evidence, NOW)
    assert [finding.field for finding in refused.value.findings] == [field]


def test_an_operator_that_is_not_registered_is_named(sqlite_world: World, clock: Clock) -> None:
    for call in (
        lambda: enrol(sqlite_world.store, "nobody", NOW + timedelta(days=1), "x", NOW),
        lambda: outbox_status(sqlite_world.store, "nobody", NOW),
        lambda: list_proofs(sqlite_world.store, "nobody", NOW),
        lambda: send_refused_again(sqlite_world.store, "nobody"),
        lambda: send(
            sqlite_world.store, HttpRegistry("http://x", ""), "nobody", clock, batteries_open=True
        ),
    ):
        with pytest.raises(RecordNotFoundError):
            call()


def test_the_longest_identifier_is_a_rule_that_can_be_set() -> None:
    rules = RegistryRules(identifier_max_length=50)
    assert identifier_fault(LINK + "S", rules) is None
    fault = identifier_fault(LINK + "S" * 20, rules)
    assert fault is not None
    assert "50" in fault.reason


# --- One invalid request rejects the file ---


def test_one_invalid_request_rejects_the_file_is_named_and_the_rest_is_sent_anew(
    world: World, double: RegistryDouble, clock: Clock
) -> None:
    enrolled(world).issue(*[f"SN-{n}" for n in range(7)])
    double.refused_identifiers = {LINK + "SN-3"}
    sent = sending(world, double, clock)
    assert (sent.files, sent.registered, sent.refused) == (2, 6, 1)
    assert [len(file["requests"]) for file in double.files] == [7, 6]
    [refusal] = sent.refusals
    assert refusal["identifier"] == LINK + "SN-3"
    assert "SEMANTIC_CHECK_FAILED" in refusal["reason"]
    assert [r["identifier"] for r in status(world, clock)["refused"]] == [LINK + "SN-3"]
    assert sending(world, double, clock).files == 0  # not again and again
    double.refused_identifiers = set()
    assert send_refused_again(world.store, MAKER) == 1
    assert sending(world, double, clock).registered == 1
    assert set(double.times_registered.values()) == {1}


def test_where_the_registry_names_nobody_the_invalid_one_is_found_by_halves(
    everywhere: World, clock: Clock
) -> None:
    enrolled(everywhere).issue(*[f"SN-{n}" for n in range(9)])
    with registry_of(everywhere.store, clock) as double:
        double.refused_identifiers = {LINK + "SN-2", LINK + "SN-7"}
        double.names_the_invalid = False
        sent = sending(everywhere, double, clock)
    assert (sent.registered, sent.refused) == (7, 2)
    assert {r["identifier"] for r in sent.refusals} == double.refused_identifiers
    assert set(double.times_registered.values()) == {1}
    assert len(status(everywhere, clock)["refused"]) == 2
    assert send_refused_again(everywhere.store, MAKER) == 2


def test_a_passport_whose_bytes_are_not_what_is_served_is_refused_by_the_registry(
    world: World, double: RegistryDouble, clock: Clock
) -> None:
    enrolled(world).issue("SN-1")
    double._read_sha256 = lambda _identifier: "f" * 64
    sent = sending(world, double, clock)
    assert "HASH_MISMATCH" in sent.refusals[0]["reason"]


def test_a_proof_of_other_bytes_is_no_proof(
    world: World, double: RegistryDouble, clock: Clock
) -> None:
    enrolled(world).issue("SN-1")
    double.wrong_hash_in_proofs = True
    sent = sending(world, double, clock)
    assert (sent.registered, sent.refused) == (0, 1)
    assert "of other data" in sent.refusals[0]["reason"]
    assert list_proofs(world.store, MAKER, NOW) == []


# --- Retries ---


def test_answers_that_may_pass_are_tried_again_with_growing_waits(
    world: World, double: RegistryDouble, clock: Clock
) -> None:
    enrolled(world).issue("SN-1")
    double.statuses = [(500, {}), (503, {}), (502, {})]
    waited: list[float] = []
    assert sending(world, double, clock, waited).registered == 1
    assert waited == [0.5, 1.0, 2.0]


def test_a_retry_after_is_honoured_and_one_that_is_too_long_ends_the_run(
    world: World, double: RegistryDouble, clock: Clock
) -> None:
    enrolled(world).issue("SN-1")
    double.statuses = [(429, {"Retry-After": "7"}), (503, {"Retry-After": "86400"})]
    waited: list[float] = []
    with pytest.raises(RegistryUnavailableError):
        sending(world, double, clock, waited)
    assert waited == [7.0]
    assert sending(world, double, clock).registered == 1
    assert set(double.times_registered.values()) == {1}


def test_waiting_is_bounded_and_the_next_run_goes_on(
    world: World, double: RegistryDouble, clock: Clock
) -> None:
    enrolled(world).issue("SN-1")
    double.statuses = [(500, {})] * 4
    waited: list[float] = []
    with pytest.raises(RegistryUnavailableError) as refused:
        sending(world, double, clock, waited)
    assert len(waited) == 3  # four tries
    assert "500" in str(refused.value)
    assert status(world, clock)["on_the_way"] == 1
    assert sending(world, double, clock).registered == 1


def test_a_token_that_is_not_accepted_refuses_no_passport(
    world: World, double: RegistryDouble, clock: Clock
) -> None:
    enrolled(world).issue("SN-1")
    double.statuses = [(401, {})]
    waited: list[float] = []
    with pytest.raises(RegistryUnavailableError) as refused:
        sending(world, double, clock, waited)
    assert ("VOLTPASS_REGISTRY_TOKEN" in str(refused.value), waited) == (True, [])
    assert status(world, clock)["refused"] == []
    assert sending(world, double, clock).registered == 1


def test_a_registry_that_hangs_is_not_waited_for_forever(
    world: World, double: RegistryDouble, clock: Clock
) -> None:
    enrolled(world).issue("SN-1")
    double.statuses = [(0, {"seconds": "0.4"})]
    with HttpRegistry(double.url, "") as registry:
        registry._client.timeout = httpx.Timeout(0.15)
        sent = send(
            world.store, registry, MAKER, clock, batteries_open=True, patience=patience(tries=20)
        )
    assert sent.registered == 1
    assert set(double.times_registered.values()) == {1}


def test_a_file_that_takes_the_registry_long_is_asked_for_again_later(
    world: World, double: RegistryDouble, clock: Clock
) -> None:
    enrolled(world).issue("SN-1")
    double.polls_until_done = 100
    sent = sending(world, double, clock)
    assert (sent.registered, sent.still_processing) == (0, 1)
    double.polls_until_done = 0
    sent = sending(world, double, clock)
    assert (sent.registered, sent.still_processing, len(double.files)) == (1, 0, 1)


@given(attempt=st.integers(1, 30), share=st.floats(0, 1), asked=st.none() | st.floats(0, 500))
def test_a_wait_is_never_longer_than_promised(
    attempt: int, share: float, asked: float | None
) -> None:
    patience = Patience(tries=20, share=lambda: share)
    wait = patience.wait_before(attempt, asked)
    assert (wait is None) == (attempt >= 20 or (asked is not None and asked > 120))
    if wait is not None:
        assert (asked or 0) <= wait <= max(30.0, asked or 0)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'{"correlationId": 7}', b'{"correlationId": ""}', b"\xff", b'{"a": 1}'],
)
def test_an_answer_that_is_none_is_no_fault_of_ours(
    sqlite_world: World, clock: Clock, body: bytes
) -> None:
    enrolled(sqlite_world).issue("SN-1")
    transport = httpx.MockTransport(
        lambda _request: httpx.Response(200, stream=httpx.ByteStream(body))
    )
    registry = HttpRegistry("http://registry.example", "")
    registry._client = httpx.Client(transport=transport, base_url="http://registry.example")
    with pytest.raises(RegistryUnavailableError):
        send(sqlite_world.store, registry, MAKER, clock, batteries_open=True, patience=patience())


# --- Nothing is registered twice ---


def test_an_answer_that_is_lost_leads_to_no_second_registration(
    world: World, double: RegistryDouble, clock: Clock
) -> None:
    enrolled(world).issue("SN-1", "SN-2")
    double.lose_answers_to_submissions = 1
    sent = sending(world, double, clock)
    assert (sent.registered, sent.refused) == (2, 0)
    assert set(double.times_registered.values()) == {1}
    assert len(list_proofs(world.store, MAKER, NOW)) == 2


def test_a_new_version_is_registered_under_the_first_ones_registration(
    world: World, double: RegistryDouble, clock: Clock
) -> None:
    enrolled(world).issue("SN-1")
    sending(world, double, clock)
    _second_version(world)
    assert status(world, clock)["ready"] == 1
    sent = sending(world, double, clock)
    assert (sent.registered, sent.refusals) == (1, [])
    first, second = list_proofs(world.store, MAKER, NOW)
    assert (first["version"], second["version"]) == (1, 2)
    assert first["registration_id"] == second["registration_id"]
    assert first["passport_sha256"] != second["passport_sha256"]
    assert double.files[1]["requests"][0]["previousRegistrationId"] == first["registration_id"]


def _second_version(world: World) -> None:
    """File a second version of the passport, of other bytes (how one is made is tested elsewhere)."""
    with world.store.transaction() as transaction:
        [row] = transaction.passports.page()
        payload: dict[str, Any] = {**decode(row.credential).payload}
        payload["credentialSubject"] = {**payload["credentialSubject"], "passportVersion": 2}
        key = world.keyring.current(transaction, MAKER)
        signer = CredentialSigner(key, "did:web:id.example.com:operators:maker")
        credential = signer.sign(canonicalize(payload))
        digest = sha256(credential).hexdigest()
        values = {**row.model_dump(), "version": 2, "credential": credential, "sha256": digest}
        transaction.passports.add_many([values])


class KilledError(BaseException):
    """The process ends here."""


class KillingRegistry:
    """Passes calls on to the registry and ends the process before or after the nth of them."""

    def __init__(self, inner: HttpRegistry, calls: int, *, before: bool) -> None:
        self._inner, self._left, self._before = inner, calls, before

    def _count(self, call: Callable[[], Any]) -> Any:
        self._left -= 1
        if self._left == 0 and self._before:
            raise KilledError
        answer = call()
        if self._left == 0:
            raise KilledError
        return answer

    def submit(self, name: str, document: bytes) -> str | Outcome:
        answer: str | Outcome = self._count(lambda: self._inner.submit(name, document))
        return answer

    def outcome(self, correlation_id: str) -> Outcome:
        answer: Outcome = self._count(lambda: self._inner.outcome(correlation_id))
        return answer

    def find(self, identifier: str) -> Registration | None:
        answer: Registration | None = self._count(lambda: self._inner.find(identifier))
        return answer

    def proof(self, registration_id: str) -> bytes | None:
        answer: bytes | None = self._count(lambda: self._inner.proof(registration_id))
        return answer


@pytest.mark.parametrize("before", [True, False])
def test_a_crash_at_any_call_leads_to_no_double_registration(
    sqlite_world: World, clock: Clock, before: bool
) -> None:
    world = enrolled(sqlite_world)
    crashes = 0
    for calls in range(1, 40):
        batch, serials = f"b-{calls}", [f"S{calls}-{n}" for n in range(3)]
        world.issue(*serials, id=batch)
        with registry_of(world.store, clock) as double:
            double.refused_identifiers = {LINK + serials[1]}
            with HttpRegistry(double.url, "") as http:
                killing = KillingRegistry(http, calls, before=before)
                options: dict[str, Any] = {"batteries_open": True, "patience": patience()}
                try:
                    send(world.store, killing, MAKER, clock, **options)
                    is_done = True
                except KilledError:
                    is_done = False
                    crashes += 1
                send(world.store, http, MAKER, clock, **options)
            assert double.times_registered == {f"{LINK}{s}#1": 1 for s in serials[::2]}
        if is_done:
            break
    assert crashes > 5
    found = status(world, clock)
    assert (found["on_the_way"], found["ready"]) == (0, 0)
    assert found["registered"] == 2 * (crashes + 1)
    assert len(found["refused"]) == crashes + 1


def test_a_crash_at_any_write_leads_to_no_double_registration(
    sqlite_world: World, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = enrolled(sqlite_world)
    whole, left = Store.transaction, [0]

    @contextmanager
    def dying(self: Store) -> Iterator[Transaction]:
        left[0] -= 1
        with whole(self) as transaction:
            yield transaction
            if left[0] == 0:
                raise KilledError  # nothing of this transaction is written
        if left[0] == -1:
            raise KilledError

    crashes = 0
    for writes in [*range(1, 10), *range(-10, -1)]:
        serials = [f"S{writes}-{n}" for n in range(3)]
        world.issue(*serials, id=f"b{writes + 20}")
        with registry_of(world.store, clock) as double:
            with monkeypatch.context() as patched:
                patched.setattr(Store, "transaction", dying)
                # Positive: dies inside of the nth transaction; negative: after the nth was written.
                left[0] = writes if writes > 0 else -writes - 2
                try:
                    sending(world, double, clock)
                except KilledError:
                    crashes += 1
            sending(world, double, clock)
            assert double.times_registered == {f"{LINK}{s}#1": 1 for s in serials}
    assert crashes > 8
    assert status(world, clock)["on_the_way"] == 0


_SENDER = """
import os, signal, sys
from datetime import UTC, datetime
from passports.registry.outbox import send
from passports.registry.client import HttpRegistry, Patience
from passports.store import Store

class Dying(HttpRegistry):
    def submit(self, name, document):
        super().submit(name, document)
        os.kill(os.getpid(), signal.SIGKILL)

now = lambda: datetime(2026, 11, 22, 12, tzinfo=UTC)
send(Store(sys.argv[1]), Dying(sys.argv[2], ""), "maker", now, batteries_open=True, patience=Patience())
"""


def test_a_process_killed_after_it_sent_a_file_registers_nothing_twice(
    world: World, double: RegistryDouble, clock: Clock
) -> None:
    enrolled(world).issue("SN-1", "SN-2")
    url = world.store.engine.url.render_as_string(hide_password=False)
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", _SENDER, url, double.url], cwd=root, check=False, timeout=60
    )
    assert done.returncode == -signal.SIGKILL
    assert len(double.registrations) == 2
    assert status(world, clock)["on_the_way"] == 2
    sent = sending(world, double, clock)
    assert (sent.registered, sent.refused, len(double.files)) == (2, 0, 1)
    assert set(double.times_registered.values()) == {1}


def test_a_proof_that_was_not_fetched_within_ninety_days_is_said_to_be_missing(
    world: World, double: RegistryDouble, clock: Clock
) -> None:
    enrolled(world).issue("SN-1")
    with HttpRegistry(double.url, "") as http:
        killing = KillingRegistry(http, 4, before=True)  # submit, outcome, find, then the proof
        with pytest.raises(KilledError):
            send(world.store, killing, MAKER, clock, batteries_open=True, patience=patience())
    clock.at = NOW + timedelta(days=91)
    sent = sending(world, double, clock)
    assert (sent.registered, sent.without_proof) == (0, 1)
    assert status(world, clock)["without_proof"] == 1


def test_an_identifier_that_somebody_else_registered_is_refused_and_not_taken_for_ours(
    world: World, double: RegistryDouble, clock: Clock
) -> None:
    enrolled(world).issue("SN-1")
    double.registrations[LINK + "SN-1"] = {
        "uniqueProductIdentifier": LINK + "SN-1",
        "digitalProductPassportId": "urn:uuid:another",
        "dppVersionHash": "0" * 64,
        "registrationId": "EU-X",
        "registeredAt": NOW,
    }
    sent = sending(world, double, clock)
    assert "ALREADY_REGISTERED" in sent.refusals[0]["reason"]
    assert list_proofs(world.store, MAKER, NOW) == []


def test_the_same_entries_make_the_same_file() -> None:
    assert write_file("a", []) == write_file("a", [])
