"""What the registry refuses, and what it does not answer: sent anew, or tried again later."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passports.errors import (
    RegistryUnavailableError,
)
from passports.registry.client import HttpRegistry, Patience
from passports.registry.outbox import list_proofs, send, send_refused_again
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
