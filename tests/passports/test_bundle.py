"""Bundles: all evidence in one file, held against its hashes, verified and recomputed offline."""

import hashlib
import io
import json
import struct
import zipfile
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lca.datasets import load_shipped_dataset
from lca.footprint import compute_footprint
from lca.inventory import parse_inventory
from lca.rulesets import load_ruleset
from lca.sharing import shared_document
from passports.errors import EvidenceUnavailableError
from passports.verification.bundle import (
    MAX_MEMBER_BYTES,
    Bundle,
    is_bundle,
    read_bundle,
    write_bundle,
)
from passports.verification.checks import BatteryEvidence
from passports.verification.passport import verify_passport
from passports.verification.recomputation import recompute_bundle
from signing.canonical import canonicalize
from tests.worlds import NOW, World

LATER = NOW.replace(hour=13)


def bundled(world: World) -> Bundle:
    """Issue two passports and return a bundle of them."""
    world.issue()
    bundle = world.bundle()
    bundle.trust_list = b"a trust list"
    return bundle


def verify_offline(world: World, bundle: Bundle) -> list[Any]:
    """Verify all passports of a bundle, each study recomputed."""
    battery = BatteryEvidence(recomputed=recompute_bundle(bundle))
    return [
        verify_passport(credential, bundle.evidence, world.trust_list(), battery, LATER)
        for credential in bundle.credentials
    ]


def test_a_bundle_is_read_back_as_it_was_written(world: World) -> None:
    bundle = bundled(world)
    data = write_bundle(bundle, NOW)
    assert is_bundle(data)
    read = read_bundle(data)
    assert read.made_at == NOW.isoformat()
    assert read == Bundle(
        read.made_at, bundle.credentials, bundle.evidence, bundle.inventories, bundle.trust_list
    )


def test_the_same_content_makes_the_same_bytes(sqlite_world: World) -> None:
    bundle = bundled(sqlite_world)
    assert write_bundle(bundle, NOW) == write_bundle(bundle, NOW)


def test_an_empty_bundle_is_one() -> None:
    assert read_bundle(write_bundle(Bundle(), NOW)).credentials == []


def test_a_bundle_is_verified_offline_and_its_studies_recompute(world: World) -> None:
    bundle = read_bundle(write_bundle(bundled(world), NOW))
    assert set(recompute_bundle(bundle).values()) == {True}
    assert len(recompute_bundle(bundle)) == 2
    for report in verify_offline(world, bundle):
        assert report.verdict == "valid_with_warnings"
        study = report.step("footprint_study")
        assert study.outcome == "passed"
        assert "recomputed with the same result" in study.message


def test_a_bundle_without_inventories_says_that_nothing_was_recomputed(sqlite_world: World) -> None:
    bundle = bundled(sqlite_world)
    bundle.inventories.clear()
    assert recompute_bundle(bundle) == {}
    report = verify_offline(sqlite_world, bundle)[0]
    assert "not recomputed here" in report.step("footprint_study").message


def first(items: dict[str, bytes]) -> str:
    """Return the first key."""
    return next(iter(items))


def test_a_tampered_study_is_found_at_its_step(sqlite_world: World) -> None:
    bundle = bundled(sqlite_world)
    url = first(bundle.evidence.studies)
    result = orjson.loads(bundle.evidence.studies[url])
    result["kg_co2e_per_kwh"] /= 2
    bundle.evidence.studies[url] = canonicalize(result)
    assert recompute_bundle(bundle)[url] is False
    step = verify_offline(sqlite_world, bundle)[0].failed_step
    assert (step.step, step.reason_code) == ("footprint_study", "study_hash_mismatch")


def test_a_tampered_inventory_is_found_at_its_step(sqlite_world: World) -> None:
    bundle = bundled(sqlite_world)
    url = first(bundle.inventories)
    inventory = orjson.loads(bundle.inventories[url])
    inventory["activities"][0]["exchanges"][1]["amount"] *= 2
    bundle.inventories[url] = canonicalize(inventory)
    step = verify_offline(sqlite_world, bundle)[0].failed_step
    assert (step.step, step.reason_code) == ("footprint_study", "study_does_not_recompute")


def test_a_tampered_certificate_is_found_at_its_step(sqlite_world: World) -> None:
    bundle = bundled(sqlite_world)
    bundle.evidence.documents[first(bundle.evidence.documents)] += b" "
    step = verify_offline(sqlite_world, bundle)[0].failed_step
    assert (step.step, step.reason_code) == ("factory_certificate", "certificate_hash_mismatch")


def test_a_tampered_status_list_does_not_count(sqlite_world: World) -> None:
    bundle = bundled(sqlite_world)
    url = first(bundle.evidence.status_lists)
    data = bytearray(bundle.evidence.status_lists[url])
    data[len(data) // 2] ^= 1
    bundle.evidence.status_lists[url] = bytes(data)
    report = verify_offline(sqlite_world, bundle)[0]
    assert report.step("status").outcome != "passed"
    assert report.verdict in {"invalid", "cannot_tell"}


@pytest.mark.parametrize("missing", ["studies", "documents", "status_lists", "log_proofs"])
def test_missing_evidence_is_not_checked(sqlite_world: World, missing: str) -> None:
    bundle = bundled(sqlite_world)
    getattr(bundle.evidence, missing).clear()
    step = {
        "studies": "footprint_study",
        "documents": "factory_certificate",
        "status_lists": "status",
        "log_proofs": "log_inclusion",
    }[missing]
    found = verify_offline(sqlite_world, bundle)[0].step(step)
    assert found.outcome == "not_checked"
    assert found.message


@pytest.mark.parametrize(
    "inventory", [b"", b"{}", b"[]", b"\xff", b'{"format": "voltpass-inventory/1"}', b"[" * 5000]
)
def test_an_inventory_that_is_none_does_not_recompute(
    sqlite_world: World, inventory: bytes
) -> None:
    bundle = bundled(sqlite_world)
    url = first(bundle.inventories)
    bundle.inventories[url] = inventory
    assert recompute_bundle(bundle)[url] is False


@pytest.mark.parametrize(
    "change",
    [
        {"kg_co2e_per_kwh": float(10**300)},
        {"kg_co2e_per_kwh": "0.1"},
        {"kg_co2e_per_kwh": None},
        {"ruleset": {"id": "da-2099"}},
        {"ruleset": "da-2024"},
        {"dataset": None},
        {"stages": 5},
    ],
)
def test_a_result_that_is_none_does_not_recompute(
    sqlite_world: World, change: dict[str, Any]
) -> None:
    bundle = bundled(sqlite_world)
    url = first(bundle.inventories)
    result = {**orjson.loads(bundle.evidence.studies[url]), **change}
    bundle.evidence.studies[url] = orjson.dumps(result)
    assert recompute_bundle(bundle)[url] is False


def test_a_result_beyond_every_float_does_not_recompute(sqlite_world: World) -> None:
    bundle = bundled(sqlite_world)
    url = first(bundle.inventories)
    text = bundle.evidence.studies[url]
    value = orjson.dumps(orjson.loads(text)["kg_co2e_per_kwh"])
    member = b'"kg_co2e_per_kwh":'
    huge = text.replace(member + value, member + b"1e400")
    assert huge != text
    bundle.evidence.studies[url] = huge
    assert recompute_bundle(bundle)[url] is False


def test_nothing_is_said_of_a_study_by_another_dataset_or_one_that_is_not_there(
    sqlite_world: World,
) -> None:
    bundle = bundled(sqlite_world)
    one, other = bundle.inventories
    result = orjson.loads(bundle.evidence.studies[one])
    result["dataset"]["fingerprint"] = "0" * 64
    bundle.evidence.studies[one] = orjson.dumps(result)
    del bundle.evidence.studies[other]
    assert recompute_bundle(bundle) == {}


def contents(data: bytes) -> dict[str, bytes]:
    """Return the members of an archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def archived(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return an archive of these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_each_changed_member_is_refused_and_named(sqlite_world: World) -> None:
    members = contents(write_bundle(bundled(sqlite_world), NOW))
    rows = {row["path"]: row for row in orjson.loads(members["manifest.json"])["members"]}
    assert {row["kind"] for row in rows.values()} == {
        "credential",
        "did_document",
        "status_list",
        "document",
        "study",
        "inventory",
        "log_proof",
        "trust_list",
    }
    for path, row in rows.items():
        with pytest.raises(EvidenceUnavailableError) as caught:
            read_bundle(archived({**members, path: members[path] + b"x"}))
        assert row["kind"] in caught.value.message
        assert row["name"][:60] in caught.value.message
        without = {name: content for name, content in members.items() if name != path}
        with pytest.raises(EvidenceUnavailableError):
            read_bundle(archived(without))


def manifest(**changes: Any) -> bytes:
    """Return the manifest of one member, with changes."""
    row = {
        "path": "study/00001",
        "kind": "study",
        "name": "https://x.example/1",
        "sha256": hashlib.sha256(b"a study").hexdigest(),
    }
    document = {"format": "voltpass-bundle/1", "madeAt": "now", "members": [row]}
    return orjson.dumps({**document, **changes})


ROW = orjson.loads(manifest())["members"][0]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{",
        b"[" * 100_000,
        manifest(format="voltpass-bundle/2"),
        manifest(madeAt=5),
        manifest(members=5),
        manifest(members=["a"]),
        manifest(members=[{}]),
        manifest(members=[{**ROW, "path": 5}]),
        manifest(members=[{**ROW, "name": []}]),
        manifest(members=[{**ROW, "path": "../../etc/passwd"}]),
        manifest(members=[{**ROW, "sha256": "0"}]),
        manifest(members=[ROW, ROW]),
        manifest(members=[ROW, {**ROW, "name": "https://x.example/2"}]),
        manifest(members=[ROW, {**ROW, "path": "study/00002"}]),
        manifest(members=[ROW] * 60_000),
    ],
)
def test_a_manifest_that_is_none_or_names_a_member_twice_is_refused(text: bytes) -> None:
    with pytest.raises(EvidenceUnavailableError) as caught:
        read_bundle(archived({"manifest.json": text, "study/00001": b"a study"}))
    assert caught.value.findings[0].field == "bundle"


def test_a_manifest_that_says_more_than_we_know_is_read_and_unknown_kinds_passed_over() -> None:
    row = {**ROW, "kind": "hologram", "path": "hologram/1", "note": "later"}
    text = manifest(members=[ROW, row], more=1)
    read = read_bundle(
        archived({"manifest.json": text, "study/00001": b"a study", "hologram/1": b"a study"})
    )
    assert read.evidence.studies == {"https://x.example/1": b"a study"}


def test_a_member_that_unfolds_beyond_measure_is_refused() -> None:
    bomb = archived({"manifest.json": manifest(), "study/00001": bytes(MAX_MEMBER_BYTES + 1)})
    assert len(bomb) < 200_000
    with pytest.raises(EvidenceUnavailableError, match="larger than"):
        read_bundle(bomb)


def test_an_archive_that_says_it_unfolds_beyond_measure_is_refused() -> None:
    data = bytearray(archived({"manifest.json": manifest(), "a": b"a", "b": b"b"}))
    place = -1
    while (place := data.find(b"PK\x01\x02", place + 1)) >= 0:
        data[place + 24 : place + 28] = struct.pack("<I", 0xFFFF_FF00)
    with pytest.raises(EvidenceUnavailableError, match="larger than any bundle"):
        read_bundle(bytes(data))


def test_an_archive_of_too_many_members_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("passports.verification.bundle.MAX_MEMBERS", 100)
    members = {str(number): b"" for number in range(101)}
    with pytest.raises(EvidenceUnavailableError, match="larger than any bundle"):
        read_bundle(archived(members, zipfile.ZIP_STORED))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_a_truncated_bundle_is_refused(share: float) -> None:
    data = archived({"manifest.json": manifest(), "study/00001": b"a study"})
    with pytest.raises(EvidenceUnavailableError):
        read_bundle(data[: int(len(data) * share)])


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_an_archive_with_changed_bytes_is_read_or_refused_and_nothing_else(
    method: int, data: st.DataObject
) -> None:
    broken = bytearray(archived({"manifest.json": manifest(), "study/00001": b"a study"}, method))
    for _ in range(data.draw(st.integers(1, 6))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    try:
        read = read_bundle(bytes(broken))
    except EvidenceUnavailableError:
        return
    assert all(study == b"a study" for study in read.evidence.studies.values())


@given(st.binary() | st.binary().map(lambda data: b"PK\x03\x04" + data))
def test_any_bytes_are_no_bundle_and_nothing_else_is_raised(data: bytes) -> None:
    with pytest.raises(EvidenceUnavailableError):
        read_bundle(data)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None
)
@given(data=st.data())
def test_no_changed_byte_of_a_bundle_passes_as_another_passport(
    sqlite_world: World, data: st.DataObject
) -> None:
    with sqlite_world.store.reading() as reading:
        if not reading.batches.all():
            sqlite_world.issue()
    bundle = sqlite_world.bundle()
    broken = bytearray(write_bundle(bundle, NOW))
    place = data.draw(st.integers(0, len(broken) - 1))
    broken[place] ^= data.draw(st.integers(1, 255))
    try:
        read = read_bundle(bytes(broken))
    except EvidenceUnavailableError:
        return
    assert set(read.credentials) <= set(bundle.credentials)


def test_a_workbook_or_another_archive_is_told_from_a_damaged_bundle() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("xl/workbook.xml", b"<workbook/>")
    with pytest.raises(EvidenceUnavailableError, match=r"ZIP without manifest\.json: no bundle"):
        read_bundle(buffer.getvalue())


def test_a_study_with_confidential_inputs_recomputes_to_what_of_it_is_public(
    sqlite_world: World,
) -> None:
    bundle = bundled(sqlite_world)
    (url, inventory), *_others = bundle.inventories.items()
    document = json.loads(inventory)
    for activity in document["activities"]:
        for exchange in activity["exchanges"]:
            exchange["confidential"] = True
    confidential = json.dumps(document).encode()
    ruleset = load_ruleset(json.loads(bundle.evidence.studies[url])["ruleset"]["id"])
    footprint = compute_footprint(parse_inventory(confidential), ruleset, load_shipped_dataset())
    public = shared_document(footprint, public=True)
    bundle.inventories = {url: confidential}
    bundle.evidence.studies[url] = json.dumps(public).encode()
    assert recompute_bundle(bundle) == {url: True}
    wrong = {**public, "kg_co2e_per_kwh": footprint.kg_co2e_per_kwh * 1.01}
    bundle.evidence.studies[url] = json.dumps(wrong).encode()
    assert recompute_bundle(bundle) == {url: False}
