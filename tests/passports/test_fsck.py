"""fsck: each single defect in the stored bytes is found and named; nothing derived is believed."""

import hashlib
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from lca.datasets import load_shipped_dataset
from passports.fsck.whole import FsckReport, check_store
from signing.canonical import canonicalize
from signing.credentials import CredentialSigner
from tests.revoking import revoke_passport
from tests.worlds import ADDRESS, IMPORTER, MAKER, NOW, World

DATASET = load_shipped_dataset()
Defect = Callable[[World], None]


def sql(world: World, statement: str, **values: Any) -> None:
    """Change the database behind the store's back."""
    with world.store.engine.begin() as connection:
        assert connection.execute(text(statement), values).rowcount


def value(world: World, query: str) -> Any:
    """Return the first value of a query."""
    with world.store.engine.connect() as connection:
        found = connection.execute(text(query)).scalar_one()
    return bytes(found) if isinstance(found, memoryview) else found


def check(world: World) -> FsckReport:
    """Check the world's store."""
    signers = world.keyring.log_signers(ADDRESS.log_origin).signers
    verifiers = [signer.verifier for signer in signers]
    return check_store(world.store, DATASET, NOW, log_verifiers=verifiers)


def test_a_store_as_it_was_written_is_sound(world: World) -> None:
    issued = world.issue()
    world.issue("T-1", id="b-2")
    revoke_passport(world.store, world.keyring, ADDRESS, MAKER, issued.passports[0].id, NOW)
    report = check(world)
    document = report.to_document()
    assert (document["sound"], document["first_fault"], document["faults"]) == (True, None, [])
    expected = {"certificates": 1, "studies": 2, "status_lists": 3, "passports": 3, "log_heads": 1}
    assert document["checked"].items() >= expected.items()


def test_an_empty_store_is_sound_and_says_that_nothing_was_checked(world: World) -> None:
    report = check(world)
    assert not report.faults
    assert (report.checked["passports"], report.checked["log_heads"]) == (0, 0)


def test_progress_is_told_record_by_record(sqlite_world: World) -> None:
    sqlite_world.issue()
    seen: list[tuple[str, int]] = []
    check_store(sqlite_world.store, DATASET, NOW, lambda kind, count: seen.append((kind, count)))
    assert ("passports", 2) in seen
    assert ("studies", 1) in seen


def flipped(data: bytes, place: int = -10) -> bytes:
    """Return bytes with one bit changed."""
    changed = bytearray(data)
    changed[place] ^= 1
    return bytes(changed)


def another_letter(data: bytes) -> bytes:
    """Return text with one of its letters changed to another: still base64url."""
    return data[:-10] + (b"A" if data[-10:-9] != b"A" else b"B") + data[-9:]


def put(table: str, column: str, change: Callable[[bytes], bytes]) -> Defect:
    """Return a defect: the bytes of the first row of a table changed."""

    def make(world: World) -> None:
        key = "serial" if table == "passport" else "id"
        first = f"(SELECT min({key}) FROM {table})"
        data = value(world, f"SELECT {column} FROM {table} WHERE {key} = {first}")
        statement = f"UPDATE {table} SET {column} = :data WHERE {key} = {first}"
        sql(world, statement, data=change(data))

    return make


def run(statement: str, **values: Any) -> Defect:
    """Return a defect: one statement of SQL."""
    return lambda world: sql(world, statement, **values)


def result_digit(world: World) -> None:
    """Change one digit of a stage in a result, and the hash with it."""
    data = orjson.loads(value(world, "SELECT result FROM footprint_study ORDER BY id LIMIT 1"))
    data["stages"][0]["kg_co2e_per_kwh"] *= 0.9
    new = canonicalize(data)
    sql(
        world,
        "UPDATE footprint_study SET result = :data, result_sha256 = :sha"
        " WHERE id = (SELECT min(id) FROM footprint_study)",
        data=new,
        sha=hashlib.sha256(new).hexdigest(),
    )


def inventory_amount(data: bytes) -> bytes:
    """Change an amount of an inventory."""
    return data.replace(b"419.87", b"419.88")


def credential_and_hash(change: Callable[[bytes], bytes]) -> Defect:
    """Return a defect: a credential changed, and its hash with it."""

    def make(world: World) -> None:
        data = change(value(world, "SELECT credential FROM passport WHERE serial = 'SN-1'"))
        sql(
            world,
            "UPDATE passport SET credential = :data, sha256 = :sha WHERE serial = 'SN-1'",
            data=data,
            sha=hashlib.sha256(data).hexdigest(),
        )

    return make


def swapped(world: World) -> None:
    """Swap the credentials of two passports, hashes and all."""
    pairs = []
    for serial in ("SN-1", "SN-2"):
        where = f"FROM passport WHERE serial = '{serial}'"
        pairs.append(
            (value(world, f"SELECT credential {where}"), value(world, f"SELECT sha256 {where}"))
        )
    for serial, (data, sha) in zip(("SN-2", "SN-1"), pairs, strict=True):
        statement = "UPDATE passport SET credential = :data, sha256 = :sha WHERE serial = :serial"
        sql(world, statement, data=data, sha=sha, serial=serial)


def certificate_and_hashes(world: World) -> None:
    """Exchange a certificate's document with everything that the store says of it."""
    new = b"%PDF-1.7 another"
    sha = hashlib.sha256(new).hexdigest()
    old = value(world, "SELECT sha256 FROM certificate")
    claims = value(world, "SELECT claims FROM certificate").replace(old.encode(), sha.encode())
    statement = "UPDATE certificate SET document = :new, sha256 = :sha, claims = :claims"
    sql(world, statement, new=new, sha=sha, claims=claims)


def someone_elses_key(world: World) -> None:
    """Give the maker the importer's public key."""
    with world.store.transaction() as transaction:
        (other,) = transaction.signing_keys.of(IMPORTER)
        (row,) = transaction.signing_keys.of(MAKER)
        row.public_jwk = dict(other.public_jwk)
        transaction.signing_keys.add(row)


def a_list_that_is_none(world: World) -> None:
    """Sign something else in the place of a status list."""
    url = ADDRESS.status_list(MAKER, "revocation-1")
    did = "did:web:id.example.com:operators:maker"
    with world.store.reading() as reading:
        signer = CredentialSigner(world.keyring.current(reading, MAKER), did)
    statement: dict[str, Any] = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential"],
        "id": url,
        "issuer": did,
        "credentialSubject": {},
    }
    data = signer.sign(canonicalize(statement))
    sql(world, "UPDATE status_list SET credential = :data", data=data)


DEFECTS: dict[str, tuple[Defect, str, str]] = {
    "a byte of a certificate's document": (
        put("certificate", "document", flipped),
        "certificate",
        "not what its SHA-256 says",
    ),
    "a certificate's hash": (
        run("UPDATE certificate SET sha256 = 'x'"),
        "certificate",
        "not what its SHA-256 says",
    ),
    "a certificate's claims": (
        put("certificate", "claims", lambda _: b"{"),
        "certificate",
        "cannot be read",
    ),
    "a certificate's column": (
        run("UPDATE certificate SET scheme = 'ISO14068-1'"),
        "certificate",
        "its columns differ",
    ),
    "a certificate, its hash and its claims": (
        certificate_and_hashes,
        "passport",
        "is not here as cited",
    ),
    "a digit of a study's result": (
        put("footprint_study", "result", lambda data: data.replace(b"0", b"1", 1)),
        "study",
        "not what its hash says",
    ),
    "a digit of a study's result and its hash": (
        result_digit,
        "study",
        "stages[0].kg_co2e_per_kwh",
    ),
    "an amount of a study's inventory": (
        put("footprint_study", "inventory", inventory_amount),
        "study",
        "does not recompute",
    ),
    "the last byte of a study's inventory": (
        put("footprint_study", "inventory", lambda data: data[:-1]),
        "study",
        "is not JSON",
    ),
    "a study's inventory": (
        put("footprint_study", "inventory", lambda _: b"{}"),
        "study",
        "is not valid",
    ),
    "a study's searched column": (
        run("UPDATE footprint_study SET kg_co2e_per_battery = 1"),
        "study",
        "searched columns differ",
    ),
    "a study's completeness": (
        run("UPDATE footprint_study SET partial = false"),
        "study",
        "searched columns differ",
    ),
    "a bit of a passport's signature": (
        put("passport", "credential", another_letter),
        "passport",
        "not what its SHA-256 says",
    ),
    "a passport's hash": (
        run("UPDATE passport SET sha256 = 'x' WHERE serial = 'SN-1'"),
        "passport",
        "not what its SHA-256 says",
    ),
    "a bit of a passport's signature and its hash": (
        credential_and_hash(another_letter),
        "passport",
        "step 6 (signature)",
    ),
    "a passport that is cut off and its hash": (
        credential_and_hash(lambda data: data[:100]),
        "passport",
        "step 1 (parse)",
    ),
    "two credentials swapped": (swapped, "passport", "columns differ from what was signed"),
    "a passport's serial": (
        run("UPDATE passport SET serial = 'SN-9' WHERE serial = 'SN-1'"),
        "passport",
        "columns differ from what was signed",
    ),
    "a passport's status index": (
        run("UPDATE passport SET status_list_index = 5 WHERE serial = 'SN-1'"),
        "passport",
        "columns differ from what was signed",
    ),
    "a passport's version": (
        run("UPDATE passport SET version = 2 WHERE serial = 'SN-1'"),
        "passport",
        "columns differ from what was signed",
    ),
    "a passport's batch": (
        run("UPDATE passport SET batch_id = 'b-2' WHERE serial = 'SN-1'"),
        "passport",
        "columns differ from what was signed",
    ),
    "a passport's status list": (
        run("UPDATE passport SET status_list_id = 'revocation-9' WHERE serial = 'SN-1'"),
        "passport",
        "columns differ from what was signed",
    ),
    "a passport's place in the log": (
        run("UPDATE passport SET log_index = 2 WHERE serial = 'SN-1'"),
        "passport",
        "the log's entry 2",
    ),
    "a maker's public key": (someone_elses_key, "status list", "step"),
    "the status indices given out": (
        put("status_list", "given_out", lambda data: bytes(len(data))),
        "passport",
        "its status index is not given out",
    ),
    "the length of the status indices given out": (
        put("status_list", "given_out", lambda _: b""),
        "passport",
        "its status index is not given out",
    ),
    "a bit of a status list": (
        put("status_list", "bits", flipped),
        "status list",
        "its bits differ from what was signed",
    ),
    "a byte of a signed status list": (
        put("status_list", "credential", another_letter),
        "status list",
        "step 6 (signature)",
    ),
    "a signed status list that is a passport": (
        lambda world: sql(
            world,
            "UPDATE status_list SET credential = :data",
            data=value(world, "SELECT credential FROM passport WHERE serial = 'SN-1'"),
        ),
        "status list",
        "another list",
    ),
    "a signed status list that is none": (a_list_that_is_none, "status list", "no status list"),
    "an entry of the log": (
        run("UPDATE log_tile SET hashes = :data WHERE level = -1", data=bytes(96)),
        "passport",
        "the log's entry",
    ),
    "the head of the log": (
        put("log_state", "checkpoint", lambda data: data.replace(b"\n3\n", b"\n4\n")),
        "log head",
        "",
    ),
    "the whole of the log's head": (put("log_state", "checkpoint", lambda _: b"x"), "log head", ""),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_one_defect_is_found_and_named(sqlite_world: World, name: str) -> None:
    defect, kind, reason = DEFECTS[name]
    sqlite_world.issue()
    sqlite_world.issue("T-1", id="b-2")
    defect(sqlite_world)
    report = check(sqlite_world)
    found = [fault for fault in report.faults if fault.kind == kind and reason in fault.reason]
    assert found, report.faults
    assert found[0].id
    assert report.to_document()["sound"] is False
    assert report.to_document()["first_fault"] == report.faults[0].to_document()


def test_defects_are_found_on_both_databases_and_all_are_told(world: World) -> None:
    world.issue()
    world.issue("T-1", id="b-2")
    credential_and_hash(another_letter)(world)
    put("certificate", "document", flipped)(world)
    assert [fault.kind for fault in check(world).faults] == ["certificate", "passport"]


def test_without_the_logs_keys_its_head_is_still_held_against_its_entries(
    sqlite_world: World,
) -> None:
    sqlite_world.issue()
    assert not check_store(sqlite_world.store, DATASET, NOW).faults
    sql(sqlite_world, "UPDATE log_tile SET hashes = :data WHERE level = -1", data=bytes(64))
    faults = check_store(sqlite_world.store, DATASET, NOW).faults
    assert any(
        fault.kind == "log head" and "root over 2 leaves" in fault.reason for fault in faults
    )


def test_more_passports_than_a_page_are_all_checked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("passports.fsck.rows._PAGE", 5)
    monkeypatch.setattr("passports.store.integrity_records.FEW", 5)
    world.issue(*[f"S-{number}" for number in range(16)])
    report = check(world)
    assert report.checked["passports"] == 16
    assert not report.faults
