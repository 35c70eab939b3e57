"""`voltpass backup | restore`: a home goes into one file and comes out of it, or nothing does."""

import json
import shutil
import signal
import sqlite3
import struct
import subprocess
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.backups.manifest import MANIFEST, PASSPHRASE, SQLITE_COPY
from api.backups.restoring import RestoreRequest, restore_backup
from api.settings import DATABASE_FILE, RESTORING, Settings
from passports.errors import InvalidInputError
from passports.store import Store
from passports.store.migrations import configuration
from tests.api.command_line import VOLTPASS, Demonstration, environment, invoke, one_document

OPERATOR = {"id": "mine", "name": "Mine", "roles": ["manufacturer"], "country": "DE"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small home: one operator, its key, trust list and log keys."""
    folder = tmp_path_factory.mktemp("small")
    file = folder / "operator.json"
    file.write_text(json.dumps(OPERATOR), encoding="utf-8")
    assert invoke("keys", "register", file, home=folder / "home").returncode == 0
    return folder / "home"


@pytest.fixture(scope="module")
def backup(home: Path) -> Path:
    """Its backup."""
    path = home.parent / "backup.zip"
    done = invoke("backup", path, "--json", home=home)
    assert done.returncode == 0, done.stdout
    return path


def passphrase(home: Path) -> str:
    """Return what was made up in a home."""
    return (home / PASSPHRASE).read_text("ascii")


def rewritten(
    backup: Path, target: Path, change: Callable[[str, bytes], tuple[str, bytes] | None]
) -> Path:
    """Write a backup anew with each member changed or left out."""
    with zipfile.ZipFile(backup) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            kept = change(name, old.read(name))
            if kept is not None:
                new.writestr(*kept)
    return target


def with_manifest(backup: Path, target: Path, **changes: Any) -> Path:
    """Write a backup anew with other words in its manifest."""

    def change(name: str, data: bytes) -> tuple[str, bytes]:
        if name != MANIFEST:
            return name, data
        return name, json.dumps({**json.loads(data), **changes}).encode()

    return rewritten(backup, target, change)


def test_a_demonstration_comes_back_elsewhere_sound_and_able_to_sign(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    file, again = tmp_path / "b.zip", tmp_path / "again"
    word = passphrase(demonstration.home)
    made = one_document(invoke("backup", file, "--json", home=demonstration.home))
    assert (made["passports"], made["database"], made["schema_revision"] > "0010") == (
        200,
        "sqlite",
        True,
    )
    shutil.rmtree(demonstration.home)  # so that nothing is found where it was

    done = invoke("restore", file, "--json", home=again, VOLTPASS_KEY_PASSPHRASE=word)
    document = one_document(done)
    assert done.returncode == 0, document
    assert (document["restored"], document["log_size"]) == (True, made["log_size"])
    assert (document["fsck"]["sound"], document["fsck"]["checked"]["passports"]) == (True, 200)
    assert document["keys"]["opened"] == document["keys"]["files"] == 7
    assert not (again / RESTORING).exists()
    with sqlite3.connect(again / DATABASE_FILE) as database:
        uris = {row[0] for row in database.execute("SELECT uri FROM signing_key")}
    assert all(uri.startswith(f"file:{again.resolve()}/keys/") for uri in uris)
    listed = invoke("keys", "trust-list", home=again, VOLTPASS_KEY_PASSPHRASE=word)
    assert listed.returncode == 0, listed.stderr


def test_what_is_in_and_what_is_not_is_said_and_the_passphrase_never_goes_unasked(
    home: Path, backup: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(backup) as archive:
        names = archive.namelist()
        everything = b"".join(archive.read(name) for name in names)
    manifest = json.loads(everything[everything.rindex(b'{\n "format"') :])
    assert names[-1] == MANIFEST
    assert passphrase(home).encode() not in everything
    assert any("passphrase" in line for line in manifest["not_included"])
    assert manifest["settings"]["VOLTPASS_KEY_PASSPHRASE"] == ""
    assert {"keys/trust-root.json", "trust-list.jwt", SQLITE_COPY} <= set(names)
    assert backup.stat().st_mode & 0o077 == 0
    told = invoke("backup", tmp_path / "told.zip", home=home).stdout
    assert "not in it, to be kept elsewhere:\n  the passphrase" in told

    file = tmp_path / "with.zip"
    assert invoke("backup", file, "--with-passphrase", home=home).returncode == 0
    restored = invoke("restore", file, "--skip-fsck", home=tmp_path / "again")
    assert (restored.returncode, "run voltpass fsck" in restored.stdout) == (0, True)
    assert passphrase(tmp_path / "again") == passphrase(home)


def test_settings_are_in_the_manifest_without_their_secrets(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "b.zip"
    given = {"VOLTPASS_REGISTRY_URL": "https://u:word-6@example.com/x?key=word-7"}
    given |= {"VOLTPASS_REGISTRY_TOKEN": "word-8", "VOLTPASS_KEY_PASSPHRASE": passphrase(home)}
    document = one_document(invoke("backup", file, "--json", home=home, **given))
    with zipfile.ZipFile(file) as archive:
        text = archive.read(MANIFEST).decode()
    for secret in ("word-6", "word-7", "word-8", passphrase(home)):
        assert secret not in text
    assert document["settings"]["VOLTPASS_REGISTRY_URL"] == "https://u@example.com/x?…"
    assert document["settings"]["VOLTPASS_REGISTRY_TOKEN"] == "set"

    checked = one_document(
        invoke("restore", file, "--check", "--keys-closed", "--json", home=tmp_path / "no")
    )
    differing = {row["name"] for row in checked["settings_that_differ"]}
    assert {"VOLTPASS_REGISTRY_URL", "VOLTPASS_REGISTRY_TOKEN"} <= differing


def refusal(done: "subprocess.CompletedProcess[str]", code: int) -> dict[str, Any]:
    """Return the one finding that a command ended with."""
    assert done.returncode == code, (done.stdout, done.stderr)
    [finding] = one_document(done)["findings"]
    found: dict[str, Any] = finding
    return found


def test_nothing_is_restored_over_something(home: Path, backup: Path, tmp_path: Path) -> None:
    (tmp_path / "note").write_text("mine", encoding="utf-8")
    finding = refusal(invoke("restore", backup, "--json", home=tmp_path), 3)
    assert (finding["field"], finding["reason"]) == ("VOLTPASS_HOME", "it is not empty")
    assert [path.name for path in tmp_path.iterdir()] == ["note"]


def test_a_home_that_was_half_restored_is_no_voltpass(backup: Path, tmp_path: Path) -> None:
    (tmp_path / "home" / RESTORING).mkdir(parents=True)
    for command in (("fsck",), ("keys", "list"), ("backup", tmp_path / "b.zip")):
        finding = refusal(invoke(*command, "--json", home=tmp_path / "home"), 3)
        assert "restored" in finding["reason"]
    finding = refusal(invoke("restore", backup, "--json", home=tmp_path / "home"), 3)
    assert "interrupted" in finding["reason"]


@pytest.mark.parametrize("name", [SQLITE_COPY, "keys/trust-root.json", "trust-list.jwt"])
def test_a_changed_part_is_refused_by_its_hash_and_leaves_nothing(
    home: Path, backup: Path, tmp_path: Path, name: str
) -> None:
    def change(member: str, data: bytes) -> tuple[str, bytes]:
        return member, (data[:-1] + bytes([data[-1] ^ 1]) if member == name else data)

    changed = rewritten(backup, tmp_path / "changed.zip", change)
    for extra in ((), ("--check",)):
        done = invoke(
            *("restore", changed, "--json", *extra),
            home=tmp_path / "again",
            VOLTPASS_KEY_PASSPHRASE=passphrase(home),
        )
        assert refusal(done, 1)["reason"] == f"{name} in it is not as it was written (SHA-256)"
        assert not (tmp_path / "again").exists()


def test_a_newer_schema_is_refused_and_says_which_voltpass_wrote_it(
    backup: Path, tmp_path: Path
) -> None:
    newer = with_manifest(backup, tmp_path / "n.zip", schema_revision="9999", voltpass="8.1.0")
    finding = refusal(invoke("restore", newer, "--json", home=tmp_path / "again"), 1)
    assert "schema 9999 is not known here" in finding["reason"]
    assert "voltpass 8.1.0" in finding["reason"]
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "voltpass-backup/2"},
        {"parts": []},
        {"parts": [{"path": "keys/../../evil", "sha256": "0" * 64, "bytes": 1}]},
        {"parts": [{"path": "/etc/evil", "sha256": "0" * 64, "bytes": 1}]},
        {"log_size": -1},
        {"unforeseen": 1},
    ],
    ids=str,
)
def test_a_manifest_that_says_something_else_is_refused(
    backup: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    changed = with_manifest(backup, tmp_path / "c.zip", **changes)
    refusal(invoke("restore", changed, "--json", home=tmp_path / "again"), 1)
    assert not (tmp_path / "again").exists()


def test_a_member_too_many_or_too_few_is_refused(backup: Path, tmp_path: Path) -> None:
    fewer = rewritten(
        backup, tmp_path / "fewer.zip", lambda n, d: None if n == "trust-list.jwt" else (n, d)
    )
    more = tmp_path / "more.zip"
    shutil.copy(backup, more)
    with zipfile.ZipFile(more, "a") as archive:
        archive.writestr("keys/another.json", b"{}")
    for file in (fewer, more):
        finding = refusal(invoke("restore", file, "--json", home=tmp_path / "again"), 1)
        assert "members are not those" in finding["reason"]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_file_that_breaks_off_is_no_backup(backup: Path, tmp_path: Path, share: float) -> None:
    data = backup.read_bytes()
    (tmp_path / "part.zip").write_bytes(data[: int(len(data) * share)])
    finding = refusal(invoke("restore", tmp_path / "part.zip", "--json", home=tmp_path / "x"), 1)
    assert "breaks off" in finding["reason"]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_whatever_byte_is_changed_the_parts_are_as_written_or_refused(
    backup: Path, tmp_path: Path, place: float, flip: int
) -> None:
    data = bytearray(backup.read_bytes())
    data[int(len(data) * place)] ^= flip
    file = tmp_path / "flipped.zip"
    file.write_bytes(data)
    request = RestoreRequest(path=file, only_check=True, keys_stay_closed=True)
    try:
        restore_backup(Settings(home=tmp_path / "none"), request, lambda _done, _all: None)
    except InvalidInputError:
        return  # else every part had its hash


def test_a_manifest_that_does_not_unpack_is_refused(backup: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(backup) as archive:
        manifest, said = archive.getinfo(MANIFEST), archive.read(MANIFEST)
    refused, written = 0, backup.read_bytes()
    # APPNOTE.TXT 4.3.7: a local header is 30 bytes, its last two fields the lengths of what follows.
    of_name, of_extra = struct.unpack_from("<HH", written, manifest.header_offset + 26)
    begin = manifest.header_offset + 30 + of_name + of_extra
    request = RestoreRequest(path=tmp_path / "x.zip", only_check=True, keys_stay_closed=True)
    for place in range(begin, begin + manifest.compress_size, 3):
        data = bytearray(written)
        data[place] ^= 5
        request.path.write_bytes(data)
        try:
            with zipfile.ZipFile(request.path) as archive:
                same = archive.read(MANIFEST) == said
        except (zipfile.BadZipFile, EOFError, RuntimeError, zlib.error):
            same = False
        if same:  # bits that pad the last byte, and codes that nothing uses, say nothing
            continue
        refused += 1
        with pytest.raises(InvalidInputError):
            restore_backup(Settings(home=tmp_path / "none"), request, lambda _done, _all: None)
    assert refused > manifest.compress_size // 4


def test_another_address_another_database_and_a_wrong_passphrase_are_told_before_anything(
    home: Path, backup: Path, tmp_path: Path
) -> None:
    word, again = passphrase(home), tmp_path / "again"
    cases = (
        ("VOLTPASS_PUBLIC_URL", {"VOLTPASS_PUBLIC_URL": "https://id.example.com"}),
        ("VOLTPASS_DATABASE_URL", {"VOLTPASS_DATABASE_URL": f"sqlite:///{tmp_path / 'x.db'}"}),
        ("VOLTPASS_KEY_PASSPHRASE", {"VOLTPASS_KEY_PASSPHRASE": "another"}),
        ("VOLTPASS_KEY_PASSPHRASE", {"VOLTPASS_KEY_PASSPHRASE": ""}),
    )
    for field, changes in cases:
        given = {"VOLTPASS_KEY_PASSPHRASE": word, **changes}
        finding = refusal(invoke("restore", backup, "--json", home=again, **given), 3)
        assert finding["field"] == field
        assert not again.exists()
    closed = ("restore", backup, "--keys-closed", "--json")
    document = one_document(invoke(*closed, home=again))
    assert (document["keys"]["opened"], "fsck" in document) == (0, False)


def test_a_name_that_is_taken_is_kept_unless_it_is_to_be_replaced(
    home: Path, tmp_path: Path
) -> None:
    file = tmp_path / "b.zip"
    file.write_bytes(b"yesterday")
    finding = refusal(invoke("backup", file, "--json", home=home), 3)
    assert "--replace" in finding["remedy"]
    assert file.read_bytes() == b"yesterday"
    assert invoke("backup", file, "--replace", "--json", home=home).returncode == 0
    assert zipfile.is_zipfile(file)
    assert [path.name for path in tmp_path.iterdir()] == ["b.zip"]


def test_a_damaged_database_gives_no_backup(home: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "home"
    shutil.copytree(home, damaged)
    with sqlite3.connect(damaged / DATABASE_FILE) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.execute("PRAGMA journal_mode=DELETE")
    data = bytearray((damaged / DATABASE_FILE).read_bytes())
    data[-4096:-4000] = b"\xff" * 96  # the last page: it opens, and all seems well
    (damaged / DATABASE_FILE).write_bytes(data)
    finding = refusal(invoke("backup", tmp_path / "b.zip", "--json", home=damaged), 3)
    assert "damaged" in finding["reason"]
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_a_backup_before_an_upgrade_holds_what_was_there_before_it(
    home: Path, tmp_path: Path
) -> None:
    from alembic import command  # noqa: PLC0415 # only here

    old = tmp_path / "old"
    shutil.copytree(home, old)
    store = Store(f"sqlite:///{old / DATABASE_FILE}")
    command.downgrade(configuration(store.engine), "0010")
    store.close()
    file = tmp_path / "before.zip"
    assert one_document(invoke("backup", file, "--json", home=old))["schema_revision"] == "0010"
    with sqlite3.connect(old / DATABASE_FILE) as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchone() == ("0010",)
    again = tmp_path / "again"
    done = invoke("restore", file, "--json", home=again, VOLTPASS_KEY_PASSPHRASE=passphrase(home))
    assert one_document(done)["fsck"]["sound"], done.stdout  # its check has brought it up to date


def killed(arguments: list[str | Path], home: Path, appears: Path, after: float, **env: str) -> int:
    """Start a command and kill it so many seconds after a folder like this has appeared."""
    process = subprocess.Popen(
        [VOLTPASS, *map(str, arguments)],
        env=environment(home, **env),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while process.poll() is None and not list(appears.parent.glob(appears.name)):
        time.sleep(0.001)
    time.sleep(after)
    process.kill()
    return process.wait(30)


@pytest.mark.parametrize("after", [0.0, pytest.param(0.02, marks=pytest.mark.soak)])
def test_a_backup_that_is_killed_leaves_no_file_of_its_name(
    told: Demonstration, tmp_path: Path, after: float
) -> None:
    file = tmp_path / "b.zip"
    code = killed(["backup", file], told.home, tmp_path / ".b.zip.partial-*", after)
    if file.exists():  # it was quicker: then it is whole
        assert code in {0, -signal.SIGKILL}
        assert invoke("restore", file, "--check", "--keys-closed", home=tmp_path).returncode == 0
    else:
        assert code == -signal.SIGKILL
        assert len(list(tmp_path.iterdir())) == 1  # what the next one removes
    assert invoke("backup", file, "--replace", home=told.home).returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["b.zip"]


@pytest.mark.parametrize("after", [0.0, pytest.param(0.02, marks=pytest.mark.soak)])
def test_a_restoring_that_is_killed_leaves_no_home_that_looks_whole(
    home: Path, backup: Path, tmp_path: Path, after: float
) -> None:
    again = tmp_path / "again"
    env = {"VOLTPASS_KEY_PASSPHRASE": passphrase(home)}
    killed(["restore", backup, "--skip-fsck"], again, again / RESTORING, after, **env)
    assert (again / RESTORING).exists()
    assert invoke("serve", home=again, **env).returncode == 3
    finding = refusal(invoke("fsck", "--json", home=again, **env), 3)
    assert "did not come to its end" in finding["reason"]
    shutil.rmtree(again)
    assert invoke("restore", backup, "--skip-fsck", home=again, **env).returncode == 0
