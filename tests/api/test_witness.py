"""A witness that a regulator runs, and a log that has it cosign its head."""

import asyncio
import fcntl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from api.witness import Witness, create_witness_app
from passports.keyring import Keyring
from passports.log import (
    add_cosignatures,
    append,
    checkpoint,
    log_size,
    prove_inclusion,
    witness_request,
)
from passports.store import Store
from signing.signed_note import ED25519_COSIGNATURE, NoteSigner
from signing.transparency_log import LogProof, verify_log_proof
from tests.worlds import ADDRESS

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def post(witness: Witness, body: bytes) -> httpx.Response:
    async def call() -> httpx.Response:
        transport = httpx.ASGITransport(create_witness_app(witness))
        async with httpx.AsyncClient(transport=transport, base_url="http://witness") as client:
            return await client.post("/add-checkpoint", content=body)

    return asyncio.run(call())


def entries(first: int, count: int) -> list[bytes]:
    return [number.to_bytes(32) for number in range(first, first + count)]


def grow(store: Store, keyring: Keyring, count: int) -> None:
    with store.transaction() as transaction:
        first = log_size(transaction)
        append(transaction, keyring.log_signers(ADDRESS.log_origin), entries(first, count), NOW)


@pytest.fixture
def witness(tmp_path: Path, keyring: Keyring) -> Witness:
    logs = [signer.verifier for signer in keyring.log_signers(ADDRESS.log_origin).signers]
    own = NoteSigner("witness.example", ED25519_COSIGNATURE, keyring.named("witness", "Ed25519"))
    return Witness(tmp_path / "witness", logs, [own])


def test_a_witness_cosigns_a_head_and_the_proof_carries_its_signature(
    store: Store, keyring: Keyring, witness: Witness
) -> None:
    grow(store, keyring, 300)
    with store.reading() as reading:
        request = witness_request(reading, 0)
    answer = post(witness, request)
    assert answer.status_code == 200
    with store.transaction() as transaction:
        add_cosignatures(transaction, request, answer.text, NOW)
    with store.reading() as reading:
        proof = LogProof.parse(prove_inclusion(reading, 299))
    log = keyring.log_signers(ADDRESS.log_origin).signers[0].verifier
    opened = verify_log_proof(entries(299, 1)[0], proof, [log, witness.signers[0].verifier])
    assert opened.witnesses == ("witness.example",)


def test_it_goes_on_from_what_it_remembers_also_after_a_restart(
    store: Store, keyring: Keyring, witness: Witness
) -> None:
    grow(store, keyring, 3)
    with store.reading() as reading:
        assert witness.answer(witness_request(reading, 0)).status == 200
    grow(store, keyring, 700)
    restarted = replace(witness)
    with store.reading() as reading:
        stale = restarted.answer(witness_request(reading, 0))
        assert (stale.status, stale.body) == (409, "3\n")
        assert restarted.answer(witness_request(reading, 3)).status == 200


def test_it_refuses_another_history(
    sqlite_databases: object, store: Store, keyring: Keyring, witness: Witness, tmp_path: Path
) -> None:
    grow(store, keyring, 5)
    with store.reading() as reading:
        assert witness.answer(witness_request(reading, 0)).status == 200
    other = Store(f"sqlite:///{tmp_path / 'other.sqlite3'}")
    other.migrate()
    with other.transaction() as transaction:
        signers = keyring.log_signers(ADDRESS.log_origin)
        append(transaction, signers, entries(1000, 9), NOW)
    with other.reading() as reading:
        assert witness.answer(witness_request(reading, 5)).status == 422
        assert checkpoint(reading)
    other.close()


@pytest.mark.parametrize("body", [b"", b"old x\n\n", b"old 0\n\nnot a note", b"\xff" * 100])
def test_nonsense_is_answered_with_400(witness: Witness, body: bytes) -> None:
    assert post(witness, body).status_code == 400


def test_a_body_without_end_is_cut_off(witness: Witness) -> None:
    assert post(witness, b"x" * 70_000).status_code == 413


def test_two_processes_with_one_memory_cosign_one_history(
    store: Store, keyring: Keyring, witness: Witness
) -> None:
    """Each takes a lock of the folder; a lock of its own would not keep the other out."""
    grow(store, keyring, 3)
    with store.reading() as reading:
        request = witness_request(reading, 0)
    witness.folder.mkdir(parents=True)
    with (witness.folder / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(witness.answer, request)
            with pytest.raises(TimeoutError):
                answer.result(timeout=0.2)
            fcntl.flock(held, fcntl.LOCK_UN)
            assert answer.result(timeout=10).status == 200
