"""Nothing is registered twice: an answer is lost, the process is killed, another registered it."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from passports.registry.client import HttpRegistry, Outcome, Registration
from passports.registry.file import write_file
from passports.registry.outbox import list_proofs, send
from passports.store import Store, Transaction
from signing.canonical import canonicalize
from signing.credentials import CredentialSigner, decode
from tests.passports.registry_double import RegistryDouble
from tests.passports.registry_world import (
    LINK,
    Clock,
    enrolled,
    patience,
    registry_of,
    sending,
    status,
)
from tests.worlds import MAKER, NOW, World


@pytest.fixture
def world(sqlite_world: World) -> World:
    """A world on SQLite."""
    return sqlite_world


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


@pytest.mark.parametrize(
    ("before", "steps"),
    [
        pytest.param(True, range(1, 40, 3), id="before every third"),
        pytest.param(False, range(2, 40, 3), id="after every third"),
        pytest.param(True, range(1, 40), id="before each", marks=pytest.mark.soak),
        pytest.param(False, range(1, 40), id="after each", marks=pytest.mark.soak),
    ],
)
def test_a_crash_at_any_call_leads_to_no_double_registration(
    sqlite_world: World, clock: Clock, before: bool, steps: range
) -> None:
    world = enrolled(sqlite_world)
    crashes = 0
    for calls in steps:
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
    assert crashes > 5 // steps.step
    found = status(world, clock)
    assert (found["on_the_way"], found["ready"]) == (0, 0)
    assert found["registered"] == 2 * (crashes + 1)
    assert len(found["refused"]) == crashes + 1


# Positive: dies inside of the nth transaction; negative: after the nth was written.
WRITES = [*range(1, 10), *range(-10, -1)]


@pytest.mark.parametrize(
    "all_writes",
    [
        pytest.param(WRITES[::3], id="every third"),
        pytest.param(WRITES, id="each", marks=pytest.mark.soak),
    ],
)
def test_a_crash_at_any_write_leads_to_no_double_registration(
    sqlite_world: World, clock: Clock, monkeypatch: pytest.MonkeyPatch, all_writes: list[int]
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
    for writes in all_writes:
        serials = [f"S{writes}-{n}" for n in range(3)]
        world.issue(*serials, id=f"b{writes + 20}")
        with registry_of(world.store, clock) as double:
            with monkeypatch.context() as patched:
                patched.setattr(Store, "transaction", dying)
                left[0] = writes if writes > 0 else -writes - 2
                try:
                    sending(world, double, clock)
                except KilledError:
                    crashes += 1
            sending(world, double, clock)
            assert double.times_registered == {f"{LINK}{s}#1": 1 for s in serials}
    assert crashes > 8 * len(all_writes) // len(WRITES)
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
