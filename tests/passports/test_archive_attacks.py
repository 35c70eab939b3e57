"""Archives that are wrong, forged, hostile, or somebody else's: the first thing that is wrong is named."""

import json
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from passports.archive.take_in import ImportRequest, import_archive
from passports.errors import (
    OperatorReadOnlyError,
)
from passports.log import append
from passports.operators import (
    EconomicOperatorCreate,
    register_operator,
)
from passports.store.records import CertificateRecords, PassportRecords
from passports.store.study_records import FootprintStudyRecords
from tests.passports.archive_world import (
    BACKUP,
    DATASET,
    LATER,
    Second,
    edited,
    maker_key,
    members_of,
    rebuilt,
    refusal,
    rows_of,
    written,
)
from tests.worlds import (
    ADDRESS,
    MAKER,
    NOW,
    RIVAL,
    World,
    operators,
)

# --- Tampering ---


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
    "log index": ("passport", {"log_index": 3}, "log's entry"),
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
