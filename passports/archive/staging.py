"""An archive laid out in a store of its own, in a folder that is thrown away: to be checked as a whole."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from passports.archive.container import ArchiveReader, Member
from passports.archive.contents import KEPT_OF_CERTIFIERS, ArchiveAudience, Kept, kept_in
from passports.archive.faults import ArchiveFault
from passports.store import (
    AnyRow,
    ContinuityRow,
    LogStateRow,
    LogTileRow,
    RowExistsError,
    RowLineError,
    Store,
    Transaction,
    read_row,
)
from passports.store.scratch import scratch_store

PREFIX: Final = "archive-import-"


@contextmanager
def staged(reader: ArchiveReader, folder: Path, now: datetime) -> Iterator[Store]:
    """Lay an archive out in a store below `folder`, and throw that away at the end.

    What an import that was killed left behind there is thrown away, too.

    Raises:
        ArchiveFault: a member is not as listed, or its rows do not fit the tables or each other.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for left_behind in folder.glob(f"{PREFIX}*"):
        shutil.rmtree(left_behind, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder))  # for its owner only
    try:
        with scratch_store(scratch / "staged.sqlite3") as store:
            _fill(reader, store, now)
            yield store
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _fill(reader: ArchiveReader, store: Store, now: datetime) -> None:
    manifest = reader.manifest
    members = _by_place(manifest.members)
    audience = ArchiveAudience(manifest.audience)
    for number, operator in enumerate(manifest.operators):
        tables = kept_in(audience)
        if operator.role == "certifier":
            tables = tuple(kept for kept in tables if kept.name in KEPT_OF_CERTIFIERS)
        for kept in tables:
            for member in members.pop((number, kept.name), []):
                _add(store, kept, operator.id, member, reader)
    with store.transaction() as transaction:  # so that fsck knows what a public archive leaves out
        for operator in manifest.operators:
            if transaction.operators.get(operator.id) is None:
                reason = "the manifest names it, and it is not here"
                raise ArchiveFault(f"operator {operator.id}", reason)
            row = ContinuityRow(operator_id=operator.id, audience=manifest.audience)
            transaction.continuity.put(row)
    tiles = members.pop((-1, "log"), [])
    if members:
        path = next(iter(members.values()))[0].path
        raise ArchiveFault(path, f"a {audience} archive holds no such rows")
    for member in tiles:
        rows = _rows(LogTileRow, member, reader)
        with _insertion(store, member.path) as transaction:
            transaction.archive.insert_many(LogTileRow, rows)
    if manifest.log is not None:
        with _insertion(store, "log") as transaction:
            transaction.log_state.add(
                LogStateRow(
                    id=1,
                    size=manifest.log.size,
                    checkpoint=manifest.log.checkpoint.encode(),
                    updated_at=now,
                )
            )


def _by_place(members: Sequence[Member]) -> dict[tuple[int, str], list[Member]]:
    """Sort members by operator and table; the log is nobody's, the trust list no rows."""
    found: dict[tuple[int, str], list[Member]] = {}
    for member in members:
        if member.path == "trust-list.jwt":
            continue
        parts = member.path.split("/")
        place = (int(parts[1]), parts[2]) if parts[0] == "rows" else (-1, "log")
        found.setdefault(place, []).append(member)
    return found


def _add(store: Store, kept: Kept, operator_id: str, member: Member, reader: ArchiveReader) -> None:
    rows = _rows(kept.table, member, reader)
    owner = "id" if kept.name == "operator" else "operator_id"
    if any(row[owner] != operator_id for row in rows):
        raise ArchiveFault(member.path, f"a row is not of operator {operator_id}")
    with _insertion(store, member.path) as transaction:
        transaction.archive.insert_many(kept.table, rows)


def _rows(table: type[AnyRow], member: Member, reader: ArchiveReader) -> list[dict[str, Any]]:
    try:
        return [read_row(table, line) for line in reader.lines(member)]
    except RowLineError as error:
        raise ArchiveFault(member.path, str(error)) from None


@contextmanager
def _insertion(store: Store, where: str) -> Iterator[Transaction]:
    try:
        with store.transaction() as transaction:
            yield transaction
    except RowExistsError as error:
        reason = f"a row is there twice, or rests on one that is missing ({_short(error)})"
        raise ArchiveFault(where, reason) from None
    except RowLineError as error:
        raise ArchiveFault(where, str(error)) from None


def _short(error: Any) -> str:  # noqa: ANN401 # any error at all
    return str(error).splitlines()[0][:120]
