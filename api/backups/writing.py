"""Writing a backup of a home while the server runs.

The database is copied first, then the files: a key's file is there before its row, so that every key
that the copy names has its file. The backup appears under its name when it is whole and on the disk.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from api.backups.manifest import (
    FORMAT,
    MANIFEST,
    OF_HOME,
    PASSPHRASE,
    POSTGRESQL_COPY,
    SQLITE_COPY,
    Manifest,
    Part,
)
from api.environment import EnvironmentFaultError
from api.settings import Settings
from api.settings_view import settings_in_words
from api.version import VERSION
from api.wiring import Voltpass
from passports.begun_passphrase_change import finish_change
from passports.documents import utc_now
from passports.errors import Finding
from passports.store.copying import DatabaseCopyError, DatabaseFacts, copy_database
from signing.instants import format_instant

Progress = Callable[[int, int], None]
_CHUNK: Final = 1024 * 1024
_FAST: Final = 1  # zlib's; 6 takes five times as long and saves a tenth
_FIXED_TIME: Final = (1980, 1, 1, 0, 0, 0)
_OWNER_ONLY: Final = 0o600 << 16
# Files that a backup leaves out without a word: other processes' locks and what is being written.
_PASSING: Final = ("voltpass.sqlite3", "imports", "lock")


@dataclass(frozen=True)
class BackupRequest:
    """What to write.

    Attributes:
        path: The file to come.
        with_passphrase: Whether a passphrase that lies in the home goes with the keys.
        replaces: Whether a file of this name may be replaced.
    """

    path: Path
    with_passphrase: bool = False
    replaces: bool = False


def write_backup(settings: Settings, request: BackupRequest, progress: Progress) -> dict[str, Any]:
    """Write a backup, for its owner only to read; nobody needs to stop for it.

    Returns:
        The manifest with file, size and SHA-256 of the whole, as plain JSON data.

    Raises:
        EnvironmentFaultError: there is no voltpass, the name is taken, or the database cannot be copied.
    """
    path = request.path
    if path.exists() and not (request.replaces and path.is_file()):
        remedy = "Choose another name, or say --replace."
        raise EnvironmentFaultError(Finding("file", str(path), "it is there already", remedy))
    finish_change(settings.keys_directory)
    with _scratch(path) as folder:
        copy, fresh = folder / "database", folder / "backup"
        made_at = format_instant(utc_now())
        facts, is_sqlite = _copied(settings, copy, progress)
        writing = _Writing(zipfile.ZipFile(fresh, "w", allowZip64=True))
        with writing.archive:
            fresh.chmod(0o600)
            writing.add(SQLITE_COPY if is_sqlite else POSTGRESQL_COPY, copy, packs=is_sqlite)
            copy.unlink()
            names = sorted(_of_home(settings.home))
            for name in names:
                if name != PASSPHRASE or request.with_passphrase:
                    writing.add(name, settings.home / name)
            manifest = Manifest(
                format=FORMAT,
                made_at=made_at,
                voltpass=VERSION,
                schema_revision=facts.revision,
                database="sqlite" if is_sqlite else "postgresql",
                public_url=settings.public_url,
                log_size=facts.log_size,
                passports=facts.passports,
                settings=settings_in_words(settings),
                not_included=list(_left_out(settings, request, facts, names)),
                parts=writing.parts,
            )
            text = manifest.model_dump_json(indent=1).encode() + b"\n"
            writing.archive.writestr(_member(MANIFEST), text)
        sync(fresh)
        document = {
            **manifest.model_dump(),
            "bytes": fresh.stat().st_size,
            "sha256": _sha256(fresh),
        }
        fresh.replace(path)
        sync(path.parent)
    return {"file": str(path), **document}


def sync(path: Path) -> None:
    """Wait until a file, or a folder's list of names, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fault_of_copy(error: DatabaseCopyError, settings: Settings) -> EnvironmentFaultError:
    """Return a fault of copying as one of the environment; the URL holds a password and is not repeated."""
    named = bool(settings.database_url)
    field, value = ("VOLTPASS_DATABASE_URL", "") if named else ("VOLTPASS_HOME", str(settings.home))
    return EnvironmentFaultError(Finding(field, value, error.reason, error.remedy))


def _copied(settings: Settings, target: Path, progress: Progress) -> tuple[DatabaseFacts, bool]:
    # As it is: a backup before an upgrade holds what was there before it.
    store = Voltpass(settings, creates=False).store_as_it_is()
    try:
        return copy_database(store, target, progress), store.is_sqlite
    except DatabaseCopyError as error:
        raise fault_of_copy(error, settings) from None
    finally:
        store.close()


@dataclass
class _Writing:
    """One backup being written."""

    archive: zipfile.ZipFile
    parts: list[Part] = field(default_factory=list)

    def add(self, name: str, source: Path, *, packs: bool = True) -> None:
        """Add a file as a part."""
        digest, size = hashlib.sha256(), 0
        member = _member(name, packs=packs)
        with source.open("rb") as file, self.archive.open(member, "w", force_zip64=True) as target:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
                target.write(chunk)
        self.parts.append(Part(path=name, sha256=digest.hexdigest(), bytes=size))


def _member(name: str, *, packs: bool = True) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, _FIXED_TIME)
    member.external_attr = _OWNER_ONLY
    member.compress_type = zipfile.ZIP_DEFLATED if packs else zipfile.ZIP_STORED
    member._compresslevel = _FAST  # type: ignore[attr-defined] # noqa: SLF001 # public from 3.13 on
    return member


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _scratch(path: Path) -> Iterator[Path]:
    """A folder beside the file to come, for its owner only, thrown away at the end.

    What a backup of the same name that was killed left behind is thrown away, too; one that still
    writes holds a lock on its folder.
    """
    prefix = f".{path.name}.partial-"
    for left_behind in path.parent.iterdir():
        if left_behind.name.startswith(prefix):
            with _locked(left_behind) as is_free:
                if is_free:
                    shutil.rmtree(left_behind, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=path.parent))
    try:
        with _locked(folder):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def _of_home(home: Path) -> Iterator[str]:
    """Yield the files of a home that a backup holds, the passphrase among them."""
    for path in [*home.glob("*"), *home.glob("keys/*"), *home.glob("witness/*")]:
        name = path.relative_to(home).as_posix()
        if path.is_file() and OF_HOME.fullmatch(name) and path.name not in _PASSING:
            yield name


def _left_out(
    settings: Settings, request: BackupRequest, facts: DatabaseFacts, names: Sequence[str]
) -> Iterator[str]:
    """Say what is missing, one line each; somebody has to keep it elsewhere."""
    if PASSPHRASE in names and not request.with_passphrase:
        yield "the passphrase, which was made up here and lies in keys/passphrase"
    if settings.key_passphrase.get_secret_value():
        yield "the passphrase, as VOLTPASS_KEY_PASSPHRASE says it"
    for uri in facts.key_uris:
        scheme, _, place = uri.partition(":")
        if scheme != "file":
            yield f"a signing key that lies elsewhere ({scheme})"
        elif f"keys/{place.rpartition('/')[2]}" not in names:
            yield f"a signing key that lies elsewhere: {place}"
    for path in sorted(settings.home.glob("*")):
        is_known = path.name in {n.partition("/")[0] for n in names}
        passing = path.name.startswith((".", *_PASSING))
        if not is_known and not passing and path.name not in {"keys", "witness"}:
            yield f"{path.name} in the home"
    yield "secrets in settings (database password, PIN, tokens), and the settings themselves"
