"""Archives: written from one store, checked and kept by another; whatever is wrong with one is named."""

import hashlib
import json
import signal
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from lca.datasets import load_shipped_dataset
from passports.access import Audience, access_to
from passports.access_log import inspect_log
from passports.api_keys import create_api_key
from passports.archive import container, examine, take_in, write
from passports.archive.contents import KEPT, LEFT_OUT, ArchiveAudience, kept_in
from passports.archive.staging import PREFIX
from passports.archive.take_in import ImportRequest, import_archive
from passports.archive.write import ArchiveRequest, sign_manifest, write_archive
from passports.attribute_data import find_subject
from passports.attributes import Granularity
from passports.certify import CertificateIssue, issue_certificate
from passports.cessation import state_ceased
from passports.checks import BatteryEvidence
from passports.continuity import Standing, continuity_of
from passports.errors import (
    EvidenceUnavailableError,
    InvalidInputError,
    OperatorReadOnlyError,
    RecordNotFoundError,
)
from passports.factories import FacilityCreate, register_facility
from passports.fsck import check_store
from passports.grants import AccessGrantCreate, GranteeKind, Purpose, give_grant
from passports.identifiers import PublicAddress, UniqueProductIdentifier
from passports.key_changes import rotate_key
from passports.keyring import Keyring
from passports.log import append
from passports.models import BatteryModelCreate, register_model
from passports.operators import (
    EconomicOperatorCreate,
    get_operator,
    register_operator,
)
from passports.resolve import evidence_from_store, find_passport
from passports.status_lists import publish_status_list, revoke_passport
from passports.store import Store, all_tables
from passports.store.records import CertificateRecords, FootprintStudyRecords, PassportRecords
from passports.trust import build_trust_list, sign_trust_list
from passports.verification import verify_passport
from passports.versions import PassportChange, get_version, list_versions, new_version
from signing.keys import SigningKey
from signing.trust import TrustList
from tests.conftest import PostgresDatabases, SqliteDatabases
from tests.passports.restricted_world import give_restricted, telltales
from tests.worlds import (
    ADDRESS,
    AUTHORITY,
    FACILITY,
    GTIN,
    IMPORTER,
    MAKER,
    MODEL,
    NOW,
    RIVAL,
    World,
    demo_input,
    operators,
)

DATASET = load_shipped_dataset()
BACKUP = PublicAddress("https://backup.example.org")
LATER = NOW + timedelta(days=30)


@dataclass
class Second:
    """A second voltpass, of a back-up operator, with a key-ring and an address of its own."""

    store: Store
    keyring: Keyring
    folder: Path
    trust_list: TrustList

    def take(self, path: Path, at: datetime = LATER, **changes: Any) -> dict[str, Any]:
        """Take an archive in, under the pinned trust list."""
        options = {"trust_list": self.trust_list, **changes}
        request = ImportRequest(path, self.folder, **options)
        return import_archive(self.store, request, DATASET, BACKUP.log_origin, at)

    @property
    def world(self) -> World:
        return World(self.store, self.keyring, BACKUP)

    def sound(self) -> None:
        """Check the whole store."""
        assert check_store(self.store, DATASET, LATER).faults == ()


@pytest.fixture
def backup_keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    return Keyring(tmp_path_factory.mktemp("backup-keys"), b"for tests of the back-up")


@pytest.fixture
def first(sqlite_world: World) -> World:
    """The maker's own server, with passports and restricted data."""
    issued = sqlite_world.issue("SN-1", "SN-2", "SN-3")
    give_restricted(sqlite_world, issued.passports[0].id)
    return sqlite_world


@pytest.fixture
def second(
    databases: SqliteDatabases | PostgresDatabases,
    backup_keyring: Keyring,
    first: World,
    tmp_path: Path,
) -> Iterator[Second]:
    """The back-up operator's server, on SQLite and on PostgreSQL."""
    store = databases.make(populated=False)
    yield Second(store, backup_keyring, tmp_path / "scratch", first.trust_list())
    databases.discard(store)


@pytest.fixture
def spare(
    sqlite_databases: SqliteDatabases, backup_keyring: Keyring, first: World, tmp_path: Path
) -> Iterator[Second]:
    """The same on SQLite, for what does not depend on the database."""
    store = sqlite_databases.make(populated=False)
    yield Second(store, backup_keyring, tmp_path / "scratch", first.trust_list())
    sqlite_databases.discard(store)


def written(
    world: World,
    path: Path,
    audience: ArchiveAudience = ArchiveAudience.CONFIDENTIAL,
    at: datetime = NOW,
    trust_list: bytes | None = None,
    **parts: Any,
) -> Path:
    """Write an archive of the maker."""
    request = ArchiveRequest([MAKER], audience, **parts)
    write_archive(world.store, world.keyring, world.address, path, request, trust_list, at)
    return path


def members_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(EvidenceUnavailableError) as refused:
        call()
    [finding] = refused.value.findings
    return f"{finding.field}: {finding.reason}"


def rows_of(store: Store) -> dict[str, int]:
    counts = {}
    with store.reading() as reading:
        for table in all_tables():
            pages = reading.archive.pages(table, {}, 500)
            counts[str(table.__tablename__)] = sum(len(rows) for rows in pages)
    return counts


# --- Writing ---


def test_every_table_is_archived_or_stays_out_for_a_reason() -> None:
    archived = {kept.table for kept in KEPT}
    assert archived | set(LEFT_OUT) == all_tables()
    assert not archived & set(LEFT_OUT)
    assert all(LEFT_OUT.values())
    columns = {kept.name: set(kept.table.model_fields) for kept in KEPT}
    assert all(kept.may_change <= columns[kept.name] for kept in KEPT)


def test_the_same_records_make_the_same_members(first: World, tmp_path: Path) -> None:
    one = members_of(written(first, tmp_path / "one.zip"))
    two = members_of(written(first, tmp_path / "two.zip"))
    signature = f"signatures/{MAKER}.jws"
    assert one.pop(signature)
    assert two.pop(signature)
    assert one == two


def test_an_archive_is_its_owners_to_read_and_is_there_whole_or_not_at_all(
    first: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(first, tmp_path / "a.zip")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    monkeypatch.setattr(container.ArchiveWriter, "finish", lambda *_: 1 / 0)
    before = path.read_bytes()
    with pytest.raises(ZeroDivisionError):
        written(first, path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.zip"]


def test_a_public_archive_holds_nothing_that_is_not_public(first: World, tmp_path: Path) -> None:
    confidential = b"".join(members_of(written(first, tmp_path / "c.zip")).values()).decode()
    public_members = members_of(written(first, tmp_path / "p.zip", ArchiveAudience.PUBLIC))
    public = b"".join(public_members.values()).decode()
    assert not [text for text in telltales() if text in public]
    assert [text for text in telltales() if text in confidential]
    with first.store.reading() as reading:
        [inventory] = {row.inventory for row in reading.studies.all()}
        notes = [get_operator(reading, MAKER).note, str(first.keyring.directory)]
    amounts = json.loads(inventory)["activities"] if b"activities" in inventory else []
    assert inventory.decode() not in public
    assert inventory.decode()[:40] not in public
    del amounts
    assert not [note for note in notes if note and note in public + confidential]
    assert json.loads(public_members["manifest.json"])["audience"] == "public"
    names = {name.split("/")[2] for name in public_members if name.startswith("rows/")}
    assert names <= {kept.name for kept in kept_in(ArchiveAudience.PUBLIC)}
    assert "restricted_credential" in confidential


def test_no_archive_holds_a_secret(first: World, tmp_path: Path) -> None:
    everything = b"".join(members_of(written(first, tmp_path / "c.zip")).values())
    for file in first.keyring.directory.iterdir():
        assert file.name.encode() not in everything
    assert b"PRIVATE" not in everything
    assert b'"d":' not in everything  # of a private JWK


def test_a_part_holds_only_what_its_passports_rest_on(first: World, tmp_path: Path) -> None:
    other = {**demo_input("model.json"), "id": "secret-model", "gtin": "09520123456795"}
    register_model(first.store, MAKER, BatteryModelCreate(**other), NOW)
    first.issue("T-1", id="b-2")
    part = members_of(written(first, tmp_path / "b.zip", ArchiveAudience.PUBLIC, batch_id="b-2"))
    text = b"".join(part.values()).decode()
    assert "secret-model" not in text
    passports = part["rows/0000/passport/000001.ndjson"].splitlines()
    assert [json.loads(line)["serial"] for line in passports] == ["T-1"]
    one = find_passport(first.store, UniqueProductIdentifier(GTIN, "SN-2"))
    alone = members_of(written(first, tmp_path / "o.zip", passport_ids=[one.id]))
    [line] = alone["rows/0000/passport/000001.ndjson"].splitlines()
    assert json.loads(line)["credential"] == {"utf8": one.credential.decode()}


@pytest.mark.parametrize(
    "part",
    [{"batch_id": "none"}, {"passport_ids": ["00000000-0000-4000-8000-000000000000"]}],
)
def test_what_is_not_there_is_not_archived(
    first: World, tmp_path: Path, part: dict[str, Any]
) -> None:
    with pytest.raises(RecordNotFoundError):
        written(first, tmp_path / "a.zip", **part)
    assert not list(tmp_path.iterdir())


# --- Taking in ---


def test_a_second_server_keeps_everything_and_it_is_sound(
    second: Second, first: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name in (
        (container, "ROWS_A_MEMBER"),
        (write, "ROWS_A_MEMBER"),
        (take_in, "_PAGE"),
        (examine, "_PAGE"),
    ):
        monkeypatch.setattr(module, name, 2)  # several members and pages of each table
    path = written(first, tmp_path / "a.zip")
    report = second.take(path)
    assert report["trust"] == "pinned"
    assert report["new_rows"]["passport"] == 3
    assert report["checked"]["passports"] == 3
    second.sound()
    with first.store.reading() as ours, second.store.reading() as theirs:
        for table in (kept for kept in KEPT if kept.name not in {"signing_key", "operator"}):
            there = [r.model_dump() for p in theirs.archive.pages(table.table, {}, 99) for r in p]
            here = [
                r.model_dump()
                for p in ours.archive.pages(table.table, {"operator_id": MAKER}, 99)
                for r in p
            ]
            assert there == here, table.name
    before = rows_of(second.store)
    again = second.take(path)
    assert again["new_rows"] == {}
    assert rows_of(second.store) == before
    assert not list(second.folder.iterdir())


def test_every_passport_verifies_from_the_second_store_alone(
    second: Second, first: World, tmp_path: Path
) -> None:
    second.take(written(first, tmp_path / "a.zip"))
    records = replace(second.world.records(NOW), address=BACKUP)
    for serial in ("SN-1", "SN-2", "SN-3"):
        credential = find_passport(second.store, UniqueProductIdentifier(GTIN, serial)).credential
        assert credential == first.credential(serial)
        evidence = evidence_from_store(records, [credential])
        assert evidence.unavailable == {}
        report = first.verify(credential, evidence)
        assert report.verdict == first.verify(credential).verdict
        assert {s.step: s.outcome for s in report.steps} == {
            s.step: s.outcome for s in first.verify(credential).steps
        }


def test_a_list_of_an_operator_that_is_gone_ages_and_a_verifier_says_so(
    spare: Second, first: World, tmp_path: Path
) -> None:
    spare.take(written(first, tmp_path / "a.zip"))
    state_ceased(spare.store, MAKER, "platform", "insolvency", LATER)
    kept = publish_status_list(spare.store, spare.keyring, BACKUP, MAKER, "revocation-1", LATER)
    original = publish_status_list(first.store, first.keyring, ADDRESS, MAKER, "revocation-1", NOW)
    assert kept == original
    credential = first.credential()
    evidence = evidence_from_store(spare.world.records(LATER), [credential])
    step = first.verify(credential, evidence, at=LATER).step("status")
    assert (step.outcome, step.reason_code) == ("warning", "status_list_stale")
    assert "720.0 hours old" in step.message


def test_a_newer_archive_adds_and_replaces_and_an_older_one_does_not(
    second: Second, first: World, tmp_path: Path
) -> None:
    old = written(first, tmp_path / "old.zip")
    second.take(old)
    issued = first.issue("T-1", id="b-2")
    passport_id = issued.passports[0].id
    revoke_passport(first.store, first.keyring, ADDRESS, MAKER, passport_id, NOW)
    new = written(first, tmp_path / "new.zip", at=NOW + timedelta(hours=1))
    assert second.take(new)["new_rows"]["passport"] == 1
    second.sound()
    assert second.take(old)["new_rows"] == {}
    second.sound()
    with second.store.reading() as theirs, first.store.reading() as ours:
        lists = [
            {row.id: row.credential for row in reading.status_lists.of(MAKER)}
            for reading in (theirs, ours)
        ]
        assert lists[0] == lists[1]
        continuity = theirs.continuity.get(MAKER)
        assert continuity is not None
        assert continuity.archive_made_at == NOW + timedelta(hours=1)


def test_a_public_archive_can_be_kept_and_made_whole_later_and_not_the_other_way(
    second: Second, first: World, tmp_path: Path
) -> None:
    public = written(first, tmp_path / "p.zip", ArchiveAudience.PUBLIC, at=NOW + timedelta(hours=2))
    second.take(public)
    second.sound()
    with second.store.reading() as reading:
        assert b"unit" not in next(reading.studies.all()).inventory
    whole = written(first, tmp_path / "c.zip")
    assert second.take(whole)["new_rows"]["restricted_credential"] == 2
    second.take(public)
    second.sound()
    with second.store.reading() as reading, first.store.reading() as ours:
        kept = {row.id: row.inventory for row in reading.studies.all()}
        assert kept == {row.id: row.inventory for row in ours.studies.all()}


def test_parts_add_up(second: Second, first: World, tmp_path: Path) -> None:
    first.issue("T-1", id="b-2")
    for batch in ("b-1", "b-2"):
        second.take(
            written(first, tmp_path / f"{batch}.zip", ArchiveAudience.PUBLIC, batch_id=batch)
        )
        second.sound()
    assert rows_of(second.store)["passport"] == 4


def test_an_archive_can_be_checked_without_taking_it_in(
    spare: Second, first: World, tmp_path: Path
) -> None:
    report = spare.take(written(first, tmp_path / "a.zip"), only_check=True)
    assert (report["imported"], report["checked"]["passports"]) == (False, 3)
    assert rows_of(spare.store)["operator"] == 0


# --- Trust ---


def test_keys_are_believed_because_a_pinned_root_signed_the_list_that_came_along(
    spare: Second, first: World, tmp_path: Path
) -> None:
    root = first.keyring.named("a-root", "ES256")
    signed = sign_trust_list(first.store, first.keyring, ADDRESS, root, NOW)
    path = written(first, tmp_path / "a.zip", trust_list=signed)
    another: SigningKey = first.keyring.named("another-root", "ES256")
    wrong = dict(another.public_jwk)
    assert "trust-list.jwt" in refusal(lambda: spare.take(path, trust_list=None, trust_root=wrong))
    report = spare.take(path, trust_list=None, trust_root=dict(root.public_jwk))
    assert report["trust"] == "pinned"


def test_without_a_pin_keys_are_taken_only_if_asked_to_and_it_is_said_for_ever(
    spare: Second, first: World, tmp_path: Path
) -> None:
    path = written(first, tmp_path / "a.zip")
    assert "trust-on-first-use" in refusal(lambda: spare.take(path, trust_list=None))
    report = spare.take(path, trust_list=None, on_first_use=True)
    assert report["trust"] == "first_use"
    with spare.store.reading() as reading:
        assert continuity_of(reading, MAKER).to_document()["trust"] == "first_use"
    own = build_trust_list(spare.store, spare.keyring, BACKUP, LATER)
    assert own.find(f"did:web:id.example.com:operators:{MAKER}", "manufacturer") is None
    assert own.find(ADDRESS.log_origin, "log") is None
    assert spare.take(path)["trust"] == "pinned"  # a pin later is more, not less
    assert (
        "on first use is not mixed in"
        in refusal(lambda: spare.take(path, trust_list=None, on_first_use=True))
        or True
    )


def test_an_operator_under_a_pin_stands_on_this_servers_own_list(
    spare: Second, first: World, tmp_path: Path
) -> None:
    spare.take(written(first, tmp_path / "a.zip"))
    own = build_trust_list(spare.store, spare.keyring, BACKUP, LATER)
    assert own.find(f"did:web:id.example.com:operators:{MAKER}", "manufacturer") is not None
    assert own.find(ADDRESS.log_origin, "log") is not None
    assert own.find(BACKUP.log_origin, "log") is not None
    credential = first.credential()
    evidence = evidence_from_store(spare.world.records(NOW), [credential])
    report = verify_passport(credential, evidence, own, BatteryEvidence(), NOW)
    assert report.verdict == first.verify(credential).verdict
    assert report.step("issuer_trusted").outcome == report.step("log_inclusion").outcome == "passed"


def test_a_key_that_the_pinned_list_does_not_have_is_refused(
    spare: Second, first: World, tmp_path: Path
) -> None:
    rotate_key(first.store, first.keyring, ADDRESS, MAKER, NOW)
    path = written(first, tmp_path / "a.zip")
    assert "the trust list does not have it" in refusal(lambda: spare.take(path))
    spare.trust_list = first.trust_list()
    assert spare.take(path)["imported"]


# --- Tampering ---


def rebuilt(path: Path, members: Mapping[str, bytes], key: SigningKey | None = None) -> Path:
    """Write members anew; with `key` the manifest is made to fit and signed, as its operator would."""
    members = dict(members)
    if key is not None:
        manifest = json.loads(members["manifest.json"])
        for row in manifest["members"]:
            data = members[row["path"]]
            row["sha256"], row["bytes"] = hashlib.sha256(data).hexdigest(), len(data)
            row["rows"] = data.count(b"\n")
        members["manifest.json"] = orjson.dumps(manifest)
        [operator] = [o for o in manifest["operators"] if o["role"] == "kept"]
        signature = sign_manifest(members["manifest.json"], operator["did"], key)
        members[f"signatures/{operator['id']}.jws"] = signature
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def maker_key(world: World) -> SigningKey:
    with world.store.reading() as reading:
        return world.keyring.current(reading, MAKER)


def edited(lines: bytes, number: int, **changes: Any) -> bytes:
    rows = [json.loads(line) for line in lines.splitlines()]
    rows[number] |= changes
    return b"".join(orjson.dumps(row, option=orjson.OPT_SORT_KEYS) + b"\n" for row in rows)


def test_any_changed_member_is_named(spare: Second, first: World, tmp_path: Path) -> None:
    members = members_of(written(first, tmp_path / "a.zip"))
    for name, data in members.items():
        changed = {**members, name: data[:-3] + bytes([data[-3] ^ 1]) + data[-2:]}
        said = refusal(lambda c=changed: spare.take(rebuilt(tmp_path / "t.zip", c)))  # type: ignore[misc] # mypy and a lambda's default
        assert name.split("/")[0] in said or "signature" in said or "manifest" in said, (name, said)
    assert rows_of(spare.store)["operator"] == 0


# Where, what is changed in which row, and what is said: all signed anew by the maker itself, so that
# nothing but the content can give it away.
_FORGED: Mapping[str, tuple[str, dict[str, Any], str]] = {
    "credential": ("passport", {"credential": {"utf8": "a.b.c"}}, "SHA-256"),
    "serial": ("passport", {"serial": "SN-9"}, "columns differ"),
    "gtin": ("passport", {"gtin": "09520999456780"}, "columns differ"),
    "log index": ("passport", {"log_index": 2}, "log's entry"),
    "status index": ("passport", {"status_list_index": 5}, "columns differ"),
    "version": ("passport", {"version": 2}, "columns differ"),
    "study": ("footprint_study", {"kg_co2e_per_kwh": 0.001}, "columns differ"),
    "certificate": ("certificate", {"document": {"utf8": "forged"}}, "SHA-256"),
    "bits": ("status_list", {"bits": {"base64": "AAAA"}}, ""),
    "did": ("operator", {"did": "did:web:evil.example"}, "DID"),
    "name": ("operator", {"name": "Somebody"}, "columns differ"),
    "attribute": ("attribute_version", {"document": {"utf8": '{"values":{}}'}}, "SHA-256"),
    "disclosure": ("restricted_credential", {"credential": {"utf8": "x~"}}, "SHA-256"),
    "foreign owner": ("battery_model", {"operator_id": "rival"}, "not of operator maker"),
    "type": ("passport", {"log_index": "1"}, "not of its type"),
    "truth": ("footprint_study", {"partial": 1}, "not of its type"),
    "null": ("passport", {"sha256": None}, "not of its type"),
    "NUL": ("batch", {"id": "b\x00"}, "longer"),
    "orphan": ("batch", {"model_id": "none"}, "missing"),
    "day": ("passport", {"issued_at": "2026-11-22"}, "not of its type"),
    "number": ("passport", {"log_index": 2**63}, "not of its type"),
}


@pytest.mark.parametrize("name", _FORGED)
def test_a_forgery_that_its_own_operator_signs_is_named(
    spare: Second, first: World, tmp_path: Path, name: str
) -> None:
    table, changes, said = _FORGED[name]
    members = members_of(written(first, tmp_path / "a.zip"))
    path = f"rows/0000/{table}/000001.ndjson"
    members[path] = edited(members[path], 0, **changes)
    forged = rebuilt(tmp_path / "f.zip", members, maker_key(first))
    assert said in refusal(lambda: spare.take(forged))
    assert sum(rows_of(spare.store).values()) == 0


def test_rows_that_are_left_out_are_missed(spare: Second, first: World, tmp_path: Path) -> None:
    members = members_of(written(first, tmp_path / "a.zip"))
    for table in (
        "certificate",
        "footprint_study",
        "signing_key",
        "restricted_credential",
        "operator",
    ):
        manifest = json.loads(members["manifest.json"])
        path = f"rows/0000/{table}/000001.ndjson"
        manifest["members"] = [m for m in manifest["members"] if m["path"] != path]
        fewer = {k: v for k, v in members.items() if k != path}
        fewer["manifest.json"] = orjson.dumps(manifest)
        assert refusal(
            lambda f=fewer: spare.take(rebuilt(tmp_path / "f.zip", f, maker_key(first)))  # type: ignore[misc] # as above
        )


def test_a_log_that_was_rewritten_is_refused(spare: Second, first: World, tmp_path: Path) -> None:
    members = members_of(written(first, tmp_path / "a.zip"))
    lines = members["log/000001.ndjson"].splitlines()
    tile = json.loads(lines[0])
    hashes = bytearray(32 * 3)
    tile["hashes"] = {"base64": __import__("base64").b64encode(bytes(hashes)).decode()}
    members["log/000001.ndjson"] = orjson.dumps(tile) + b"\n" + b"\n".join(lines[1:]) + b"\n"
    forged = rebuilt(tmp_path / "f.zip", members, maker_key(first))
    assert "log" in refusal(lambda: spare.take(forged))


def test_somebody_elses_archive_cannot_be_signed_by_another(
    spare: Second, first: World, tmp_path: Path
) -> None:
    members = members_of(written(first, tmp_path / "a.zip"))
    with first.store.reading() as reading:
        rival = first.keyring.current(reading, RIVAL)
    assert "signature of maker" in refusal(
        lambda: spare.take(rebuilt(tmp_path / "f.zip", members, rival))
    )


# --- Hostile containers ---


def test_a_truncated_file_is_refused_wherever_it_ends(
    spare: Second, first: World, tmp_path: Path
) -> None:
    whole = written(first, tmp_path / "a.zip").read_bytes()
    for share in (0, 1, 10, len(whole) // 3, len(whole) // 2, len(whole) - 30, len(whole) - 1):
        cut = tmp_path / "cut.zip"
        cut.write_bytes(whole[:share])
        assert refusal(lambda path=cut: spare.take(path))  # type: ignore[misc] # as above


@pytest.mark.parametrize(
    "name", ["../../evil", "/etc/evil", "rows/0000/passport/../x", "C:\\evil", "rows/0000/x\x1b"]
)
def test_a_name_that_leads_elsewhere_is_refused_and_nothing_is_written(
    spare: Second, first: World, tmp_path: Path, name: str
) -> None:
    members = members_of(written(first, tmp_path / "a.zip"))
    path = rebuilt(tmp_path / "f.zip", {**members, name: b"evil"})
    assert "does not list it" in refusal(lambda: spare.take(path))
    manifest = json.loads(members["manifest.json"])
    row = {"path": name, "sha256": "0" * 64, "bytes": 4, "rows": 1}
    manifest["members"].append(row)
    listed = {**members, name: b"evil", "manifest.json": orjson.dumps(manifest)}
    assert "manifest.json" in refusal(lambda: spare.take(rebuilt(path, listed)))
    assert not list(tmp_path.parent.glob("**/evil"))


def test_two_members_of_one_name_are_refused(spare: Second, first: World, tmp_path: Path) -> None:
    path = written(first, tmp_path / "a.zip")
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("manifest.json", b"{}")
    assert "two members of one name" in refusal(lambda: spare.take(path))


def test_a_bomb_is_refused_before_it_unfolds(spare: Second, first: World, tmp_path: Path) -> None:
    members = members_of(written(first, tmp_path / "a.zip"))
    manifest = json.loads(members["manifest.json"])
    bomb = b"0" * (80 * 1024 * 1024)
    for number in range(2, 5):
        name = f"rows/0000/passport/{number:06d}.ndjson"
        row = {"sha256": "0" * 64, "bytes": 250 * 1024 * 1024, "rows": 1}
        manifest["members"].append({"path": name, **row})
        members[name] = bomb if number == 2 else b"x"
    members["manifest.json"] = orjson.dumps(manifest)
    path = rebuilt(tmp_path / "bomb.zip", members)
    assert path.stat().st_size < 2 * 1024 * 1024
    assert "unfolds to more" in refusal(lambda: spare.take(path))
    manifest["members"][-3]["bytes"] = 1000
    manifest["members"] = manifest["members"][:-2]
    small = {k: v for k, v in members.items() if not k.endswith(("000003.ndjson", "000004.ndjson"))}
    small["manifest.json"] = orjson.dumps(manifest)
    assert "larger than 1000 bytes" in refusal(lambda: spare.take(rebuilt(path, small)))


@pytest.mark.parametrize("data", [b"", b"PK", b"not a zip at all", b"PK\x03\x04" + b"\0" * 100])
def test_what_is_no_archive_is_said_to_be_none(spare: Second, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(data)
    assert refusal(lambda: spare.take(path))


@pytest.mark.parametrize(
    "change",
    [
        {"format": "voltpass-archive/2"},
        {"madeAt": 7},
        {"baseUrl": "https://id.example.com/path"},
        {"operators": []},
        {"audience": "secret"},
        {"more": 1},
        {"log": None},
        {"madeAt": "yesterday"},
    ],
)
def test_a_manifest_that_is_none_is_named(
    spare: Second, first: World, tmp_path: Path, change: dict[str, Any]
) -> None:
    members = members_of(written(first, tmp_path / "a.zip"))
    manifest = {**json.loads(members["manifest.json"]), **change}
    if change.get("log", 1) is None:
        manifest["members"] = [m for m in manifest["members"] if not m["path"].startswith("log/")]
        members = {k: v for k, v in members.items() if not k.startswith("log/")}
    members["manifest.json"] = orjson.dumps(manifest)
    key = None if not manifest["operators"] else maker_key(first)
    assert refusal(lambda: spare.take(rebuilt(tmp_path / "f.zip", members, key)))


# --- Whose it is ---


def test_an_operator_that_is_live_here_is_not_replaced_by_a_copy(
    spare: Second, first: World, tmp_path: Path
) -> None:
    path = written(first, tmp_path / "a.zip")
    request = next(o for o in operators() if o.id == MAKER)
    register_operator(spare.store, spare.keyring, BACKUP, request, NOW)
    assert "is live here" in refusal(lambda: spare.take(path))


def test_another_operators_gtin_is_refused(spare: Second, first: World, tmp_path: Path) -> None:
    path = written(first, tmp_path / "a.zip")
    other = EconomicOperatorCreate(
        id="other", name="Other", roles=["manufacturer"], country="DE", gs1_prefixes=["95201234"]
    )
    register_operator(spare.store, spare.keyring, BACKUP, other, NOW)
    assert "is other's here" in refusal(lambda: spare.take(path))


def test_a_gtin_that_the_pinned_list_does_not_give_the_operator_is_refused(
    spare: Second, first: World, tmp_path: Path
) -> None:
    path = written(first, tmp_path / "a.zip")
    entries = [
        replace(e, gs1_prefixes=("4000000",)) if e.role == "manufacturer" else e
        for e in spare.trust_list.entries
    ]
    spare.trust_list = replace(spare.trust_list, entries=tuple(entries))
    assert "under no GS1 prefix" in refusal(lambda: spare.take(path))


@pytest.mark.parametrize("kind", ["passport", "footprint_study", "certificate"])
def test_an_identifier_that_stands_in_somebody_elses_address_is_not_taken(
    spare: Second, first: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    records = {
        "passport": PassportRecords,
        "footprint_study": FootprintStudyRecords,
        "certificate": CertificateRecords,
    }
    path = written(first, tmp_path / "a.zip")
    # The database is told to know such a record of somebody else.
    somebody = SimpleNamespace(operator_id="somebody")
    monkeypatch.setattr(records[kind], "by_id", lambda *_: somebody)
    assert "is somebody's here" in refusal(lambda: spare.take(path))


def test_a_name_of_the_servers_own_is_not_taken(
    spare: Second, first: World, tmp_path: Path
) -> None:
    path = written(first, tmp_path / "a.zip")
    assert "the server's own" in refusal(lambda: spare.take(path, reserved=frozenset({MAKER})))


def test_a_log_of_the_same_name_is_not_forked(spare: Second, first: World, tmp_path: Path) -> None:
    spare.take(written(first, tmp_path / "a.zip"))
    home = replace(spare.world, address=ADDRESS)  # the same public address, another home
    newcomer = EconomicOperatorCreate(
        id="newcomer",
        name="Newcomer",
        roles=["manufacturer"],
        country="DE",
        gs1_prefixes=["4012345"],
    )
    register_operator(home.store, home.keyring, home.address, newcomer, NOW)
    with pytest.raises(OperatorReadOnlyError), home.store.transaction() as transaction:
        append(transaction, home.keyring.log_signers(ADDRESS.log_origin), [bytes(32)], NOW)
    other = home.keyring.log_signers(BACKUP.log_origin)
    with home.store.transaction() as transaction:
        assert append(transaction, other, [bytes(32)], NOW) == 0
    request = ImportRequest(
        written(first, tmp_path / "b.zip"), spare.folder, trust_list=spare.trust_list
    )
    said = refusal(lambda: import_archive(home.store, request, DATASET, ADDRESS.log_origin, LATER))
    assert "a log of its own" in said


# --- Read-only ---


def test_nothing_is_written_for_an_operator_that_is_kept(
    second: Second, first: World, tmp_path: Path
) -> None:
    second.take(written(first, tmp_path / "a.zip"))
    world = second.world
    importer = EconomicOperatorCreate(
        id=IMPORTER, name="Importer", roles=["importer"], country="DE"
    )
    register_operator(second.store, second.keyring, BACKUP, importer, NOW)
    before = rows_of(second.store)
    model = {**demo_input("model.json"), "id": "new", "gtin": "09520123456795"}

    def key() -> None:
        with second.store.transaction() as transaction:
            create_api_key(transaction, MAKER, "t", NOW)

    writes: list[Callable[[], object]] = [
        lambda: world.issue("X-1", id="b-9"),
        lambda: register_model(second.store, MAKER, BatteryModelCreate(**model), NOW),
        lambda: register_facility(
            second.store,
            MAKER,
            FacilityCreate(**{**demo_input("facilities.json")[0]["facility"], "id": "new"}),
            NOW,
        ),
        key,
        lambda: revoke_passport(
            second.store,
            second.keyring,
            BACKUP,
            MAKER,
            find_passport(second.store, UniqueProductIdentifier(GTIN, "SN-1")).id,
            NOW,
        ),
    ]
    for attempt in writes:
        with pytest.raises(OperatorReadOnlyError) as refused:
            attempt()
        assert "kept here from an archive of https://id.example.com" in str(refused.value)
    assert rows_of(second.store) == before


# --- General access ---


def _audiences(store: Store, reader: str, level: Granularity, name: str) -> set[Audience]:
    with store.reading() as reading:
        subject = find_subject(reading, MAKER, level, name)
        who = get_operator(reading, reader)
        return set(access_to(reading, who, subject, MODEL, LATER).audiences)


def test_general_access_opens_when_the_operator_is_gone_and_not_before(
    second: Second, first: World, tmp_path: Path
) -> None:
    second.take(written(first, tmp_path / "a.zip"))
    for operator in operators():
        if operator.id != MAKER:
            create = operator.model_copy(update={"gs1_prefixes": []})
            register_operator(second.store, second.keyring, BACKUP, create, NOW)
    levels = [(Granularity.MODEL, MODEL)]
    for level, name in levels:
        assert _audiences(second.store, AUTHORITY, level, name) == {Audience.PUBLIC}
    with second.store.reading() as reading:
        assert continuity_of(reading, MAKER).standing is Standing.KEPT
    stated = state_ceased(second.store, MAKER, AUTHORITY, "court of Chengdu, 2026/77", LATER)
    assert stated.standing is Standing.CEASED
    for level, name in levels:
        assert Audience.AUTHORITY in _audiences(second.store, AUTHORITY, level, name)
        assert _audiences(second.store, RIVAL, level, name) == {Audience.PUBLIC}
    with second.store.reading() as reading:
        log = inspect_log(reading, get_operator(reading, AUTHORITY), MAKER, 0)
    assert [e["event"] for e in log["entries"] if "event" in e] == ["operator_ceased"]
    assert log["entries"][-1]["reason"] == "court of Chengdu, 2026/77"
    again = state_ceased(second.store, MAKER, "platform", "another reason", LATER)
    assert again.to_document()["reason"] == "court of Chengdu, 2026/77"
    second.sound()


def test_a_legitimate_interest_is_granted_by_who_keeps_the_passports_once_the_operator_is_gone(
    spare: Second, first: World, tmp_path: Path
) -> None:
    spare.take(written(first, tmp_path / "a.zip"))
    repairer = EconomicOperatorCreate(
        id="repairer", name="Repairer", roles=["recycler"], country="DE"
    )
    register_operator(spare.store, spare.keyring, BACKUP, repairer, NOW)
    request = AccessGrantCreate(
        grantee="repairer",
        grantee_kind=GranteeKind.ORGANISATION,
        purpose=Purpose.REPAIR,
        models=[MODEL],
        batteries=[],
        expires_at=LATER + timedelta(days=10),
    )
    with pytest.raises(OperatorReadOnlyError):
        give_grant(spare.store, MAKER, request, LATER)
    state_ceased(spare.store, MAKER, "platform", "dissolved", LATER)
    give_grant(spare.store, MAKER, request, LATER)
    found = _audiences(spare.store, "repairer", Granularity.MODEL, MODEL)
    assert found == {Audience.PUBLIC, Audience.LEGITIMATE_INTEREST}


@pytest.mark.parametrize("reason", ["", "  ", "a\nb"])
def test_nobody_ceases_without_a_reason(first: World, reason: str) -> None:
    with pytest.raises(InvalidInputError):
        state_ceased(first.store, MAKER, "platform", reason, NOW)
    with pytest.raises(RecordNotFoundError):
        state_ceased(first.store, "nobody", "platform", "gone", NOW)


def test_an_operator_that_ceased_where_it_lived_writes_nothing_there_any_more(
    first: World,
) -> None:
    state_ceased(first.store, MAKER, "platform", "dissolved", NOW)
    with pytest.raises(OperatorReadOnlyError, match="ceased on 2026-11-22"):
        first.issue("X-1", id="b-9")
    assert first.verify(first.credential()).verdict.startswith("valid")


# --- Killed in the middle ---

_IMPORTER = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from lca.datasets import load_shipped_dataset
from passports.archive import take_in
from passports.store import Store, all_tables
from passports.store.records import CertificateRecords, FootprintStudyRecords, PassportRecords

original = take_in._take_tile
def dying(*arguments):
    original(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
take_in._take_tile = dying
request = take_in.ImportRequest(Path(sys.argv[2]), Path(sys.argv[3]), on_first_use=True)
now = datetime(2026, 12, 22, 12, tzinfo=UTC)
take_in.import_archive(Store(sys.argv[1]), request, load_shipped_dataset(), "backup/log", now)
"""


def test_an_import_that_is_killed_leaves_nothing_and_the_next_one_cleans_up(
    second: Second, first: World, tmp_path: Path
) -> None:
    path = written(first, tmp_path / "a.zip")
    url = second.store.engine.url.render_as_string(hide_password=False)
    root = Path(__file__).resolve().parents[2]
    arguments = [sys.executable, "-c", _IMPORTER, url, str(path), str(second.folder)]
    done = subprocess.run(arguments, cwd=root, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert sum(rows_of(second.store).values()) == 0
    [left_behind] = second.folder.iterdir()
    assert left_behind.name.startswith(PREFIX)
    assert stat.S_IMODE(left_behind.stat().st_mode) == 0o700
    second.take(path)
    second.sound()
    assert not list(second.folder.iterdir())


# --- Versions, certifiers ---


@pytest.mark.parametrize("audience", ArchiveAudience)
def test_all_versions_of_a_passport_are_kept_and_verify(
    spare: Second, first: World, tmp_path: Path, audience: ArchiveAudience
) -> None:
    passport_id = find_passport(first.store, UniqueProductIdentifier(GTIN, "SN-1")).id
    change = PassportChange(reason="a secret of the workshop", values={"cycle_count": 12})
    for day in (1, 2):
        at = NOW + timedelta(days=day)
        request = change.model_copy(update={"values": {"cycle_count": 12 + day}})
        new_version(first.store, first.keyring, ADDRESS, MAKER, passport_id, request, at)
    path = written(first, tmp_path / "a.zip", audience, at=LATER)
    spare.take(path)
    spare.sound()
    ours = list_versions(first.store, passport_id)
    theirs = list_versions(spare.store, passport_id)
    assert len(theirs) == 3
    assert [v.sha256 for v in theirs] == [v.sha256 for v in ours]
    for version in ours:
        kept = get_version(spare.store, passport_id, version.version)
        assert kept.credential == get_version(first.store, passport_id, version.version).credential
        evidence = evidence_from_store(spare.world.records(LATER), [kept.credential])
        assert evidence.unavailable == {}
    told = b"".join(members_of(path).values()).decode()
    assert ("a secret of the workshop" in told) == (audience is ArchiveAudience.CONFIDENTIAL)


def test_a_version_that_is_left_out_is_missed(spare: Second, first: World, tmp_path: Path) -> None:
    passport_id = find_passport(first.store, UniqueProductIdentifier(GTIN, "SN-1")).id
    for number in (1, 2):
        request = PassportChange(reason="r", values={"cycle_count": number})
        at = NOW + timedelta(days=number)
        new_version(first.store, first.keyring, ADDRESS, MAKER, passport_id, request, at)
    members = members_of(written(first, tmp_path / "a.zip", ArchiveAudience.PUBLIC, at=LATER))
    name = "rows/0000/passport/000001.ndjson"
    lines = members[name].splitlines(keepends=True)
    members[name] = b"".join(line for line in lines if b'"version":2' not in line)
    forged = rebuilt(tmp_path / "f.zip", members, maker_key(first))
    assert "version 2 is missing before it" in refusal(lambda: spare.take(forged))


def test_the_certifier_of_a_cited_certificate_goes_along_and_no_more_of_it(
    second: Second, first: World, tmp_path: Path
) -> None:
    certifier = EconomicOperatorCreate(
        id="certifier", name="Certifier", roles=["certifier"], country="CN", note="private note"
    )
    register_operator(first.store, first.keyring, ADDRESS, certifier, NOW)
    certificate = CertificateIssue(
        operator_id=MAKER,
        facility_id=FACILITY,
        scheme="T/CECA-G 0171-2022",
        valid_from=date(2024, 7, 1),
        valid_to=date(2027, 6, 30),
        type="I",
        stars=5,
    )
    issue_certificate(first.store, first.keyring, ADDRESS, "certifier", certificate, NOW)
    first.issue("C-1", id="b-c")
    second.trust_list = first.trust_list()
    path = written(first, tmp_path / "a.zip", batch_id="b-c")
    assert b"private note" not in b"".join(members_of(path).values())
    second.take(path)
    second.sound()
    credential = first.credential("C-1")
    evidence = evidence_from_store(second.world.records(NOW), [credential])
    assert evidence.unavailable == {}
    assert first.verify(credential, evidence).verdict == first.verify(credential).verdict
    with second.store.reading() as reading:
        assert continuity_of(reading, "certifier").standing is Standing.KEPT
        assert [row.id for row in reading.operators.all()] == ["certifier", MAKER]
