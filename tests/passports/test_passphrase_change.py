"""Keys under another passphrase: all of them or none, wherever the change is killed."""

import hashlib
import json
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from passports.begun_passphrase_change import finish_change
from passports.keyring import Keyring, opened_or_made
from passports.passphrase_change import change_passphrase, key_files
from passports.store import Store
from signing.errors import KeyUnavailableError
from signing.keys import encrypted_file, open_key

OLD, NEW = b"the old passphrase", b"the new passphrase"
NAMES = ("log-ed25519.json", "maker.json", "trust-root.json")
KILLED = 9
DEVICES = (os.devnull, "/dev/random", "/dev/urandom")  # nothing is kept there


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Derive keys without the quarter of a second that each takes by design: it is done 800 times here."""
    monkeypatch.setattr(
        encrypted_file, "_derive", lambda word, salt: hashlib.sha256(word + salt).digest()
    )


def made(folder: Path) -> list[Path]:
    """Make keys in a home's folder and one elsewhere; return their files."""
    keys, elsewhere = folder / "keys", folder / "elsewhere"
    for path in (keys, elsewhere):
        path.mkdir(parents=True)
    for path in (*(keys / name for name in NAMES), elsewhere / "rotated.key"):
        opened_or_made(path.resolve(), OLD)
    (keys / "passphrase").write_bytes(OLD)
    return key_files(keys, [f"file:{elsewhere.resolve() / 'rotated.key'}", "pkcs11:token=x"])


def opened(files: list[Path], passphrase: bytes) -> list[str]:
    """Open all keys; return their names, or raise."""
    return [open_key(f"file:{path}", passphrase).kid for path in files]


def changed(folder: Path, files: list[Path]) -> None:
    """Change the passphrase, which lies in the home."""
    change_passphrase(folder / "keys", files, OLD, NEW, made_up=True)


def killed_before(step: int, work: Callable[[], None]) -> bool:
    """Do something in a process that dies before its n-th touch of a file; tell whether it died."""
    child = os.fork()
    if child == 0:
        left = step

        def count(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal left
            touches = {"open", "os.rename", "os.remove", "os.listdir", "os.scandir", "os.chown"}
            if event in touches and arguments[0] not in DEVICES:
                left -= 1
                if left < 0:
                    os._exit(KILLED)

        sys.addaudithook(count)
        try:
            work()
        except BaseException:  # noqa: BLE001 # the parent asserts that there is none
            os._exit(1)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in {0, KILLED}
    return status == KILLED


@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.soak)])
def test_killed_at_any_step_a_home_opens_with_one_of_the_two_wholly(
    tmp_path: Path, quickly: None, every: int
) -> None:
    kids, seen, step = list[str](), list[bytes](), 0
    while True:
        folder = tmp_path / str(step)
        files = made(folder)
        kids = opened(files, OLD)
        died = killed_before(step, lambda: changed(folder, files))  # noqa: B023 # called at once
        # As the next command does it; it may be killed as well, anywhere.
        again = 0
        while killed_before(again, lambda: finish_change(folder / "keys")):  # noqa: B023
            again += every
        word = (folder / "keys" / "passphrase").read_bytes()
        assert opened(files, word) == kids
        other = NEW if word == OLD else OLD
        for path in files:
            with pytest.raises(KeyUnavailableError):
                open_key(f"file:{path}", other)
        seen.append(word)
        if not died:
            break
        if word == OLD:  # begun again, it comes to its end
            changed(folder, files)
            assert opened(files, NEW) == kids
        assert [p.name for p in folder.rglob("*.under-new-passphrase")] == []
        step += every
    assert step > 15
    assert seen == sorted(seen, key=(OLD, NEW).index)  # once it is the new one it stays so
    assert (seen[0], seen[-1], seen.count(NEW) > 3 // every) == (OLD, NEW, True)
    assert not (folder / "keys" / ".passphrase-change.json").exists()


def test_each_key_has_a_salt_and_a_nonce_of_its_own_and_all_else_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encrypted_file, "secrets", secrets)  # tests share one salt elsewhere
    files = made(tmp_path)
    before = [json.loads(path.read_bytes()) for path in files]
    changed(tmp_path, files)
    after = [json.loads(path.read_bytes()) for path in files]
    for name in ("salt", "nonce", "ciphertext"):
        assert len({one[name] for one in before + after}) == 2 * len(files)
    for one, other in zip(before, after, strict=True):
        assert {k: one[k] for k in ("format", "algorithm", "kid", "publicKeyJwk")} == {
            k: other[k] for k in ("format", "algorithm", "kid", "publicKeyJwk")
        }
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert opened(files, NEW)


@pytest.mark.parametrize("fault", ["another's", "damaged", "none", "in use"])
def test_nothing_changes_where_one_key_does_not_open(tmp_path: Path, fault: str) -> None:
    files = made(tmp_path)
    keys, new = tmp_path / "keys", NEW
    if fault == "another's":
        (keys / "maker.json").unlink()
        opened_or_made(keys / "other.json", OLD)
        (keys / "other.json").write_bytes(
            encrypted_file.resealed(f"file:{keys / 'other.json'}", OLD, b"a third")
        )
        files = key_files(keys, [])
    elif fault == "damaged":
        (keys / "maker.json").write_bytes(b"{}")
    elif fault == "none":
        new = b""
    before = {path: path.read_bytes() for path in keys.iterdir()}
    descriptor = os.open(keys, os.O_RDONLY)
    try:
        if fault == "in use":
            import fcntl  # noqa: PLC0415 # only here

            fcntl.flock(descriptor, fcntl.LOCK_SH)
        with pytest.raises(KeyUnavailableError) as refused:
            change_passphrase(keys, files, OLD, new, made_up=True)
    finally:
        os.close(descriptor)
    assert refused.value.remedy
    assert {path: path.read_bytes() for path in keys.iterdir()} == before


def test_a_copy_of_a_home_does_not_change_the_keys_of_the_one_it_was_copied_from(
    tmp_path: Path,
) -> None:
    made(tmp_path / "first")
    (tmp_path / "copy").mkdir()
    uris = [f"file:{tmp_path / 'first' / 'keys' / 'maker.json'}"]
    with pytest.raises(KeyUnavailableError, match="another"):
        key_files(tmp_path / "copy", uris)
    assert len(key_files(tmp_path / "first" / "keys", uris)) == len(NAMES)


def test_a_home_that_was_moved_in_the_middle_is_carried_to_its_end(
    tmp_path: Path, quickly: None
) -> None:
    files = made(tmp_path / "a")
    keys = tmp_path / "a" / "keys"
    inside = key_files(keys, [])
    step = 0
    # Until the list is there and nothing else.
    while not (keys / ".passphrase-change.json").exists():
        assert killed_before(step, lambda: change_passphrase(keys, inside, OLD, NEW, made_up=False))
        step += 1
    (tmp_path / "a").rename(tmp_path / "b")
    moved = tmp_path / "b" / "keys"
    finish_change(moved)
    assert len(opened(key_files(moved, []), NEW)) == len(files) - 1


def test_a_server_that_still_knows_the_old_passphrase_makes_no_key(
    store: Store, tmp_path: Path
) -> None:
    from tests.worlds import ADDRESS, NOW  # noqa: PLC0415 # only here

    keyring = Keyring(tmp_path / "keys", OLD)
    keyring.log_signers(ADDRESS.log_origin)
    change_passphrase(tmp_path / "keys", key_files(tmp_path / "keys", []), OLD, NEW, made_up=False)
    with store.transaction() as transaction, pytest.raises(KeyUnavailableError) as refused:
        keyring.create(transaction, "maker", NOW)
    assert refused.value.reason == "wrong_passphrase_or_damaged"
    with pytest.raises(KeyUnavailableError):
        keyring.named("another", "Ed25519")
    assert len(opened(key_files(tmp_path / "keys", []), NEW)) == 2
