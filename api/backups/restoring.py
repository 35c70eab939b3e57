"""Restoring a backup into an empty home and an empty database: all of it is checked before any of it counts.

Parts are laid out in a folder `.restoring` of the home and moved into place at the end. While that
folder is there the home is no voltpass (`Voltpass.store` says so), whenever the restoring was killed.
"""

import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from api.backups.manifest import PASSPHRASE, SQLITE_COPY, Manifest, read_manifest, refused
from api.backups.reading import BackupReader, Progress
from api.backups.writing import fault_of_copy, sync
from api.environment import EnvironmentFaultError, FileFaultError
from api.settings import DATABASE_FILE, DEMONSTRATION_MARKER, RESTORING, Settings
from api.settings_view import settings_in_words
from passports.errors import Finding
from passports.store import Store
from passports.store.copying import (
    DatabaseCopyError,
    check_copy,
    fill_database,
    is_empty,
    known_revisions,
    rehouse_keys,
)
from signing.keys import open_key

# What a new, empty file system has at its root.
_OF_FILE_SYSTEMS: Final = frozenset({"lost+found"})


@dataclass(frozen=True)
class RestoreRequest:
    """What to restore.

    Attributes:
        path: The backup.
        only_check: Whether nothing is to be restored.
        keys_stay_closed: Whether to go on without having opened any key.
    """

    path: Path
    only_check: bool = False
    keys_stay_closed: bool = False


def restore_backup(
    settings: Settings, request: RestoreRequest, progress: Progress
) -> dict[str, Any]:
    """Check a backup as a whole and restore it, or only check it.

    Returns:
        What was restored, as plain JSON data.

    Raises:
        InvalidInputError: the backup is refused: no backup, changed, or of a newer schema.
        EnvironmentFaultError: home or database are not empty, a setting or the passphrase does not fit, a
            program is missing, or there is no room.
    """
    with _opened(request.path) as archive:
        manifest = read_manifest(request.path, archive)
        _refuse_newer(request.path, manifest)
        if not request.only_check:
            _refuse_other_settings(settings, manifest)
            _refuse_full(settings)
        reader = BackupReader(request.path, archive, manifest, progress)
        act = _checked if request.only_check else _restored
        opened = act(settings, request, reader)
    return {
        "restored": not request.only_check,
        "home": str(settings.home),
        **manifest.model_dump(exclude={"parts", "settings"}),
        "keys": {"files": len(reader.key_names), "opened": opened},
        "settings_that_differ": _differing(settings, manifest),
    }


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    if not path.is_file():
        finding = Finding("file", str(path), "there is no such file", "Check the path.")
        raise FileFaultError(finding)
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except zipfile.BadZipFile:
        reason = "it is no backup of voltpass, or it breaks off"
        raise refused(path, reason, "Take another one, as voltpass backup writes it.") from None


def _refuse_newer(path: Path, manifest: Manifest) -> None:
    known = known_revisions()
    if manifest.schema_revision not in known:
        reason = (
            f"its schema {manifest.schema_revision} is not known here (newest: {known[-1]}):"
            f" voltpass {manifest.voltpass} wrote it"
        )
        raise refused(path, reason, "Install that voltpass, or a newer one, and restore with it.")


def _refuse_other_settings(settings: Settings, manifest: Manifest) -> None:
    """Refuse a kind of database that the copy is not of, and another address: identifiers hold it."""
    if (manifest.database == "sqlite") == bool(settings.database_url):
        reason = f"the backup is of {manifest.database}, which is not what is set here"
        remedy = (
            "Leave the variable out: the database comes to lie in VOLTPASS_HOME."
            if manifest.database == "sqlite"
            else "Name an empty database: postgresql+psycopg://USER:PASSWORD@HOST/DATABASE."
        )
        raise EnvironmentFaultError(Finding("VOLTPASS_DATABASE_URL", "", reason, remedy))
    of_demonstration = any(part.path == DEMONSTRATION_MARKER for part in manifest.parts)
    is_chosen = "public_url" in settings.model_fields_set
    if settings.public_url != manifest.public_url and (is_chosen or not of_demonstration):
        reason = f"everything in the backup was issued under {manifest.public_url}"
        remedy = f"Set VOLTPASS_PUBLIC_URL={manifest.public_url}"
        finding = Finding("VOLTPASS_PUBLIC_URL", settings.public_url, reason, remedy)
        raise EnvironmentFaultError(finding)


def _refuse_full(settings: Settings) -> None:
    home = settings.home
    found = sorted(p.name for p in home.iterdir()) if home.exists() else []
    if RESTORING in found:
        reason = "a restoring was interrupted here"
        remedy = "Empty the folder, and the database where it is PostgreSQL; then restore again."
        raise EnvironmentFaultError(Finding("VOLTPASS_HOME", str(home), reason, remedy))
    if set(found) - _OF_FILE_SYSTEMS:
        remedy = "Name a folder that is empty or not there; nothing is ever restored over records."
        reason = "it is not empty"
        raise EnvironmentFaultError(Finding("VOLTPASS_HOME", str(home), reason, remedy))
    store = Store(settings.effective_database_url)
    try:
        empty = is_empty(store)
    except Exception as error:  # noqa: BLE001 # drivers' errors differ, and repeat the URL
        reason = f"the database does not open ({type(error).__name__})"
        remedy = "Check scheme, host, port, name, user and password in it, and that it runs."
        raise EnvironmentFaultError(Finding("VOLTPASS_DATABASE_URL", "", reason, remedy)) from None
    finally:
        store.close()
    if not empty:
        remedy = "Make an empty one (createdb) and name it."
        reason = "there are tables in this database"
        raise EnvironmentFaultError(Finding("VOLTPASS_DATABASE_URL", "", reason, remedy))


def _checked(settings: Settings, request: RestoreRequest, reader: BackupReader) -> int:
    """Hold every part against its hash, and open the keys in a folder that is thrown away."""
    parts = reader.manifest.parts
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        reader.lay_out(folder, [part for part in parts if part.path.startswith("keys/")])
        opened = _open_keys(settings, request, reader, folder)
    reader.check([part for part in parts if not part.path.startswith("keys/")])
    return opened


def _open_keys(
    settings: Settings, request: RestoreRequest, reader: BackupReader, folder: Path
) -> int:
    """Open every key, so that a wrong passphrase is told now; return how many were opened."""
    if request.keys_stay_closed or not reader.key_names:
        return 0
    passphrase = settings.key_passphrase.get_secret_value().encode()
    if not passphrase and reader.manifest.has_passphrase:
        passphrase = (folder / PASSPHRASE).read_bytes().strip()
    if not passphrase:
        reason = "the backup holds keys, and not what they are encrypted under"
        remedy = "Set it as it was on the server, or say --keys-closed: nothing can be signed then."
        raise EnvironmentFaultError(Finding("VOLTPASS_KEY_PASSPHRASE", "", reason, remedy))
    for name in reader.key_names:
        open_key(f"file:{folder.resolve() / name}", passphrase)
    return len(reader.key_names)


def _restored(settings: Settings, request: RestoreRequest, reader: BackupReader) -> int:
    home, manifest = settings.home, reader.manifest
    is_new = not home.exists()
    home.mkdir(parents=True, exist_ok=True)
    folder = home / RESTORING
    folder.mkdir(mode=0o700)
    try:
        reader.lay_out(folder, manifest.parts)
        opened = _open_keys(settings, request, reader, folder)
        copy = folder / manifest.database_part
        if manifest.database == "sqlite":
            _made_ready(f"sqlite:///{copy}", settings, manifest)
        else:
            _filled(settings, copy)
    except BaseException:
        shutil.rmtree(folder)
        if is_new:
            home.rmdir()
        raise
    # From here on nothing can be refused; what is killed is told by the folder that is left.
    if manifest.database == "postgresql":
        _made_ready(settings.database_url, settings, manifest)
    _move_into_place(folder, home)
    return opened


def _made_ready(url: str, settings: Settings, manifest: Manifest) -> None:
    """Let the database name keys by the folder that they are in now."""
    store = Store(url)
    try:
        if store.is_sqlite:
            check_copy(Path(url.removeprefix("sqlite:///")))
        names = {part.path.removeprefix("keys/") for part in manifest.parts}
        rehouse_keys(store, str(settings.keys_directory.resolve()), names)
    except DatabaseCopyError as error:
        raise fault_of_copy(error, settings) from None
    finally:
        store.close()


def _filled(settings: Settings, copy: Path) -> None:
    store = Store(settings.database_url)
    try:
        fill_database(store, copy)
    except DatabaseCopyError as error:
        raise fault_of_copy(error, settings) from None
    finally:
        store.close()


def _move_into_place(folder: Path, home: Path) -> None:
    """Move what was laid out to where it is looked for; the folder goes last."""
    sqlite_copy = folder / SQLITE_COPY
    if sqlite_copy.exists():
        sqlite_copy.replace(home / DATABASE_FILE)
    shutil.rmtree(folder / "database")
    for path in folder.iterdir():
        if path.is_dir():
            sync(path)
        path.replace(home / path.name)
    sync(home)
    folder.rmdir()
    sync(home)


def _differing(settings: Settings, manifest: Manifest) -> list[dict[str, str]]:
    """Return settings that were others then; a home and a database may lie elsewhere now."""
    now = settings_in_words(settings)
    elsewhere = {"VOLTPASS_HOME", "VOLTPASS_DATABASE_URL"}
    return [
        {"name": name, "then": then, "now": now.get(name, "")}
        for name, then in manifest.settings.items()
        if name not in elsewhere and now.get(name, "") != then
    ]
