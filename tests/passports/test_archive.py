"""Archives: written from one store, checked and kept by another."""

import json
import stat
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from passports.archive import container, examine, take_in, write
from passports.archive.contents import KEPT, LEFT_OUT, ArchiveAudience, kept_in
from passports.authority.cessation import state_ceased
from passports.certification.certify import CertificateIssue, issue_certificate
from passports.continuity import Standing, continuity_of
from passports.errors import (
    RecordNotFoundError,
)
from passports.identifiers import UniqueProductIdentifier
from passports.key_changes import rotate_key
from passports.life.versions import PassportChange, get_version, list_versions, new_version
from passports.models import BatteryModelCreate, register_model
from passports.operators import (
    EconomicOperatorCreate,
    get_operator,
    register_operator,
)
from passports.resolve import evidence_from_store, find_passport
from passports.status_lists import publish_status_list
from passports.store import all_tables
from passports.trust import build_trust_list, sign_trust_list
from passports.verification.checks import BatteryEvidence
from passports.verification.passport import verify_passport
from signing.keys import SigningKey
from tests.passports.archive_world import (
    BACKUP,
    LATER,
    Second,
    maker_key,
    members_of,
    rebuilt,
    refusal,
    rows_of,
    written,
)
from tests.passports.restricted_world import telltales
from tests.revoking import revoke_passport
from tests.worlds import (
    ADDRESS,
    FACILITY,
    GTIN,
    MAKER,
    NOW,
    World,
    demo_input,
)

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
    refused = refusal(lambda: spare.take(path, trust_list=None, on_first_use=True))
    assert "on first use is not mixed in" in refused


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


def test_a_pinned_list_without_keys_vouches_for_none_that_an_archive_brings(
    spare: Second, first: World, tmp_path: Path
) -> None:
    listed = first.trust_list()
    entries = tuple(
        replace(entry, keys=()) if entry.role != "log" else entry for entry in listed.entries
    )
    spare.trust_list = replace(listed, entries=entries)
    path = written(first, tmp_path / "a.zip")
    assert "the trust list does not have it" in refusal(lambda: spare.take(path))


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
