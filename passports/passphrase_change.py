"""Encrypting all keys under another passphrase, so that a home opens with the old one or the new one, wholly.

Each key is written anew beside its file; a list of them, which appears under its name at once, is what
makes it so: before it nothing has changed, and after it whoever opens the home goes on to the end with
nothing but renaming. So it may be killed anywhere.
"""

import contextlib
import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from passports.begun_passphrase_change import LIST, finish_change, sync
from signing.errors import KeyUnavailableError
from signing.keys import encrypted_file

_FRESH: Final = ".under-new-passphrase"
_OWN: Final = ("trust-root.json", "log-ed25519.json")  # every home has these, and no operator
MADE_UP: Final = "passphrase"  # of a home that was begun without one of its own


def key_files(directory: Path, elsewhere: Sequence[str]) -> list[Path]:
    """Return the files of keys: those in a home's folder, and those that `file:` URIs name elsewhere.

    Raises:
        KeyUnavailableError: one lies among the keys of another home, which would not open any more.
    """
    here = [path for path in directory.resolve().glob("*.json") if not path.name.startswith(".")]
    named = {Path(uri.removeprefix("file:")) for uri in elsewhere if uri.startswith("file:")}
    for path in named:
        if path.parent != directory.resolve() and any((path.parent / n).exists() for n in _OWN):
            remedy = (
                "this home is a copy that uses another's keys: change it there, or restore a backup"
            )
            raise KeyUnavailableError(f"file:{path}", "of_another_home", remedy)
    return sorted({*here, *named})


def change_passphrase(
    directory: Path, files: Sequence[Path], old: bytes, new: bytes, *, made_up: bool
) -> None:
    """Encrypt keys under a new passphrase, each with salt and nonce of its own.

    Args:
        directory: Folder of the home's keys.
        files: All keys, see `key_files`.
        old: What they are encrypted under.
        new: What they are to be encrypted under.
        made_up: Whether the old one lies in the folder; the new one takes its place there.

    Raises:
        KeyUnavailableError: a key does not open with the old one, or somebody else is at it; nothing
            has changed then.
    """
    directory = directory.resolve()
    with _holding(directory, fcntl.LOCK_EX | fcntl.LOCK_NB):
        _remove_left_over(directory, files)
        contents = {path: encrypted_file.resealed(f"file:{path}", old, new) for path in files}
        if made_up:
            contents[directory / MADE_UP] = new
        token = secrets.token_hex(8)
        fresh = {path: path.with_name(f".{path.name}.{token}{_FRESH}") for path in contents}
        for path, content in contents.items():
            _write(fresh[path], content, like=path)
        sync({path.parent for path in contents})
        listed = directory / f"{LIST}.{token}{_FRESH}"
        _write(listed, json.dumps(_named(fresh, directory)).encode(), like=directory)
        listed.replace(directory / LIST)  # from here on it is the new one
        sync({directory})
        finish_change(directory)


@contextlib.contextmanager
def making_a_key(directory: Path, passphrase: bytes) -> Iterator[None]:
    """Hold off changes while a key is made, under the passphrase that the home's others lie under.

    A server that has run since before a change still knows the old passphrase.

    Raises:
        KeyUnavailableError: the home's own keys do not open with it.
    """
    with _holding(directory, fcntl.LOCK_SH):
        for name in _OWN:
            if (directory / name).exists():
                encrypted_file.open_existing(f"file:{directory / name}", passphrase)
                break
        yield


@contextlib.contextmanager
def _holding(directory: Path, how: int) -> Iterator[None]:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, how)  # let go when it closes, also by a process that dies
        yield
    except BlockingIOError:
        remedy = "wait until the key is made or the other change is done, then try again"
        raise KeyUnavailableError(f"file:{directory}", "in_use", remedy) from None
    finally:
        os.close(descriptor)


def _named(fresh: Mapping[Path, Path], directory: Path) -> dict[str, str]:
    """Name files in the folder as they stand in it: the home may be moved meanwhile."""
    return {
        str(new.relative_to(directory) if new.parent == directory else new): str(
            path.relative_to(directory) if path.parent == directory else path
        )
        for path, new in fresh.items()
    }


def _remove_left_over(directory: Path, files: Sequence[Path]) -> None:
    finish_change(directory)
    for folder in {directory, *(path.parent for path in files)}:
        for path in folder.glob(f".*{_FRESH}"):
            path.unlink()


def _write(path: Path, content: bytes, like: Path) -> None:
    """Write a file as a whole to the disk, for whoever owns what it is to replace."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        owner = like.stat()
        if owner.st_uid != os.geteuid():
            os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
