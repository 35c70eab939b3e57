"""Taking an archive in: checked as a whole first, then brought into the store in one transaction.

The same archive again changes nothing. A newer one adds what is new and replaces what may change (status
lists, the state of keys); a row that is for good and differs is refused, as is an operator that is live
here, an identifier or GS1 prefix of somebody else, and a log that contradicts the one that is kept.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lca.datasets import Dataset
from passports.archive.container import ArchivedOperator, ArchiveReader, Manifest, opened
from passports.archive.contents import KEPT_OF_CERTIFIERS, ArchiveAudience, Kept, kept_in
from passports.archive.examine import Examined, examine_archive
from passports.archive.faults import ArchiveFault, refused
from passports.archive.staging import staged
from passports.errors import (
    EvidenceUnavailableError,
)
from passports.fsck.whole import Progress
from passports.operators import get_operator
from passports.store import (
    CertificateRow,
    ContinuityRow,
    FootprintStudyRow,
    KeptLogRow,
    KeptLogTileRow,
    LogTileRow,
    PassportRow,
    RowExistsError,
    Store,
    Transaction,
    key_of,
)
from passports.verification.passport import read_trust_list
from signing.instants import parse_instant
from signing.trust import TrustList

_PAGE = 500
_SURER = ("first_use", "pinned")


@dataclass(frozen=True)
class ImportRequest:
    """How an archive is taken in.

    Attributes:
        path: The file.
        scratch: A folder on this machine in which it may be laid out to be checked.
        trust_list: A pinned list on which operator, keys and log have to stand; or
        trust_root: a pinned root key that signed the list which travels in the archive; or
        on_first_use: believe the keys in the archive, and say so for ever.
        only_check: Check it and take nothing in.
        reserved: Names that belong to this server itself.
    """

    path: Path
    scratch: Path
    trust_list: TrustList | None = None
    trust_root: dict[str, str] | None = None
    on_first_use: bool = False
    only_check: bool = False
    reserved: frozenset[str] = frozenset()


def import_archive(
    store: Store,
    request: ImportRequest,
    dataset: Dataset,
    own_log: str,
    now: datetime,
    progress: Progress = lambda _kind, _count: None,
) -> dict[str, Any]:
    """Check an archive and take it in; return what came of it as plain JSON data.

    `own_log` is the name of this server's own log: a kept log of that name must not fork it.

    Raises:
        EvidenceUnavailableError: the archive is refused; the first thing that is wrong is named.
        IdentifierConflictError: something in it belongs to somebody else here.
    """
    try:
        with opened(request.path) as reader:
            trust_list = _trust_list(reader, request)
            with staged(reader, request.scratch, now) as laid_out:
                examined = examine_archive(reader, laid_out, trust_list, dataset, now, progress)
                counts: dict[str, int] = {}
                if not request.only_check:
                    counts = _Intake(
                        store, laid_out, reader, examined, request, own_log, now
                    ).take()
                return _report(reader.manifest, examined, counts, request)
    except ArchiveFault as fault:
        raise refused(fault) from None


def _report(
    manifest: Manifest, examined: Examined, counts: dict[str, int], request: ImportRequest
) -> dict[str, Any]:
    return {
        "file": str(request.path),
        "audience": manifest.audience,
        "base_url": manifest.baseUrl,
        "made_at": manifest.madeAt,
        "operators": [o.id for o in manifest.operators if o.role == "kept"],
        "trust": examined.trust,
        "checked": examined.checked,
        "imported": not request.only_check,
        "new_rows": counts,
    }


def _trust_list(reader: ArchiveReader, request: ImportRequest) -> TrustList | None:
    """Return the list to believe, or None where the archive's keys are taken on first use."""
    if request.trust_root is not None:
        member = next((m for m in reader.manifest.members if m.path == "trust-list.jwt"), None)
        if member is None:
            raise ArchiveFault("trust-list.jwt", "the archive brings no trust list")
        try:
            return read_trust_list(reader.read(member), [request.trust_root])
        except EvidenceUnavailableError as error:
            raise ArchiveFault("trust-list.jwt", error.message) from None
    if request.trust_list is not None:
        return request.trust_list
    if request.on_first_use:
        return None
    raise ArchiveFault(
        "trust",
        "nothing says that its keys are the operator's: name the trust list's root key"
        " (--trust-root), or take the keys on first use (--trust-on-first-use)",
    )


class _Intake:
    """One archive on its way into the store."""

    def __init__(
        self,
        store: Store,
        laid_out: Store,
        reader: ArchiveReader,
        examined: Examined,
        request: ImportRequest,
        own_log: str,
        now: datetime,
    ) -> None:
        self._store = store
        self._laid_out = laid_out
        self._manifest = reader.manifest
        self._examined = examined
        self._own_log = own_log
        self._reserved = request.reserved
        self._now = now
        self._made_at = parse_instant(reader.manifest.madeAt, "madeAt")
        with request.path.open("rb") as file:
            self._sha256 = hashlib.file_digest(file, "sha256").hexdigest()

    def take(self) -> dict[str, int]:
        """Bring everything in, or nothing; return how many rows of each table were new."""
        counts: dict[str, int] = {}
        try:
            with self._laid_out.reading() as source, self._store.transaction() as target:
                target.archive.let_keep()
                for operator in self._manifest.operators:
                    self._take_operator(source, target, operator, counts)
                self._take_log(source, target)
        except RowExistsError as error:
            reason = str(error).splitlines()[0]
            raise ArchiveFault("archive", f"somebody else has one of its keys: {reason}") from None
        return {name: count for name, count in counts.items() if count}

    def _take_operator(
        self,
        source: Transaction,
        target: Transaction,
        operator: ArchivedOperator,
        counts: dict[str, int],
    ) -> None:
        before = self._may_keep(target, operator)
        is_newer = before is None or _is_newer(before, self._made_at, self._manifest.audience)
        tables: Sequence[Kept] = kept_in(ArchiveAudience(self._manifest.audience))
        if operator.role == "certifier":
            tables = [kept for kept in tables if kept.name in KEPT_OF_CERTIFIERS]
        else:
            self._check_numbers(source, target, operator.id)
        for kept in tables:
            column = "id" if kept.name == "operator" else "operator_id"
            for rows in source.archive.pages(kept.table, {column: operator.id}, _PAGE):
                values = [row.model_dump() for row in rows]
                new = [row for row in values if not _merged(target, kept, row, replace=is_newer)]
                for row_values in new:
                    _check_owner(target, kept, row_values)
                target.archive.insert_many(kept.table, new)
                counts[kept.name] = counts.get(kept.name, 0) + len(new)
        is_surer = before is not None and before.trust != self._examined.trust  # see _may_keep
        if before is None or is_newer or is_surer:
            self._remember(target, operator, before)

    def _may_keep(self, target: Transaction, operator: ArchivedOperator) -> ContinuityRow | None:
        """Return what is known of an operator that is kept already; refuse one that is not ours to keep."""
        if operator.id in self._reserved:
            raise ArchiveFault(f"operator {operator.id}", "this name is the server's own")
        row = target.operators.get(operator.id)
        before = target.continuity.get(operator.id)
        if row is None:
            return None
        if before is None or before.base_url is None:
            reason = "an operator of this name is live here; its records are not replaced by a copy"
            raise ArchiveFault(f"operator {operator.id}", reason)
        if (before.base_url, row.did) != (self._manifest.baseUrl, operator.did):
            reason = f"an operator of this name is kept here from {before.base_url}"
            raise ArchiveFault(f"operator {operator.id}", reason)
        if before.trust == "pinned" and self._examined.trust != "pinned":
            reason = (
                "it is kept here under a pinned trust list; a copy on first use is not mixed in"
            )
            raise ArchiveFault(f"operator {operator.id}", reason)
        return before

    def _check_numbers(self, source: Transaction, target: Transaction, operator_id: str) -> None:
        """Refuse GTINs and GS1 prefixes that somebody else has here."""
        for model in source.models.all(operator_id):
            held = target.models.by_gtin(model.gtin)
            if held is not None and held.operator_id != operator_id:
                reason = f"GTIN {model.gtin} is {held.operator_id}'s here"
                raise ArchiveFault(f"model {model.id}", reason)
        prefixes = get_operator(source, operator_id).gs1_prefixes
        others = [o for o in target.operators.all() if o.id != operator_id]
        for other in others:
            for held_prefix in get_operator(target, other.id).gs1_prefixes:
                if any(_overlap(prefix, held_prefix) for prefix in prefixes):
                    reason = f"GS1 prefix {held_prefix} is {other.id}'s here"
                    raise ArchiveFault(f"operator {operator_id}", reason)

    def _remember(
        self, target: Transaction, operator: ArchivedOperator, before: ContinuityRow | None
    ) -> None:
        made_at = self._made_at
        if before is not None and before.archive_made_at is not None:
            made_at = max(made_at, before.archive_made_at)
        row = ContinuityRow(
            operator_id=operator.id,
            base_url=self._manifest.baseUrl,
            archive_sha256=self._sha256,
            archive_made_at=made_at,
            imported_at=self._now,
            audience=_wider(before, self._manifest.audience),
            trust=self._examined.trust,
        )
        if before is not None:
            row.ceased_at, row.ceased_by = before.ceased_at, before.ceased_by
            row.ceased_reason = before.ceased_reason
        target.continuity.put(row)

    def _take_log(self, source: Transaction, target: Transaction) -> None:
        log = self._manifest.log
        if log is None:
            return
        own = target.log_state.lock()
        if log.origin == self._own_log and own is not None and own.size:
            raise ArchiveFault("log", f"this server has a log of its own named {log.origin}")
        before = target.kept_logs.get(log.origin)
        for rows in source.archive.pages(LogTileRow, {}, _PAGE):
            for row in rows:
                assert isinstance(row, LogTileRow)
                _take_tile(target, log.origin, row)
        is_surer = before is not None and (before.trust, self._examined.trust) == _SURER
        if before is None or log.size > before.size or (is_surer and log.size == before.size):
            target.kept_logs.put(
                KeptLogRow(
                    origin=log.origin,
                    size=log.size,
                    checkpoint=log.checkpoint.encode(),
                    keys=list(log.keys),
                    trust=self._examined.trust,
                    updated_at=self._now,
                )
            )


def _take_tile(target: Transaction, origin: str, row: LogTileRow) -> None:
    kept = target.kept_log_tiles.get(origin, row.level, row.index)
    if kept is not None:
        shorter, longer = sorted((kept.hashes, row.hashes), key=len)
        if not longer.startswith(shorter):
            where = f"log tile {row.level}/{row.index}"
            raise ArchiveFault(where, f"it contradicts the log {origin} that is kept here")
        if len(kept.hashes) >= len(row.hashes):
            return
    target.kept_log_tiles.put(
        KeptLogTileRow(origin=origin, level=row.level, index=row.index, hashes=row.hashes)
    )


def _merged(target: Transaction, kept: Kept, values: dict[str, Any], *, replace: bool) -> bool:
    """Tell whether a row is there; replace what may change of it where the archive is newer."""
    keys = key_of(kept.table)
    found = target.archive.find(kept.table, tuple(values[name] for name in keys))
    if found is None:
        return False
    there = found.model_dump()
    if (
        kept.name == "status_list"
    ):  # another part of the operator's passports has other places on it
        both = int.from_bytes(values["given_out"]) | int.from_bytes(there["given_out"])
        values["given_out"] = both.to_bytes(len(there["given_out"]))
        replace = replace or values["given_out"] != there["given_out"]
    differing = {name for name in values if values[name] != there[name]}
    if differing - kept.may_change:
        name = "/".join(str(values[key]) for key in keys)
        column = min(differing - kept.may_change)
        raise ArchiveFault(f"{kept.name} {name}", f"its {column} is another than the one kept here")
    if differing and replace:
        target.archive.put(kept.table(**values))
    return True


def _check_owner(target: Transaction, kept: Kept, values: dict[str, Any]) -> None:
    """Refuse a record whose identifier alone stands in a public address, and is somebody else's here."""
    by_id: Mapping[
        str, Callable[[str], PassportRow | FootprintStudyRow | CertificateRow | None]
    ] = {
        "passport": target.passports.by_id,
        "footprint_study": target.studies.by_id,
        "certificate": target.certificates.by_id,
    }
    found = by_id[kept.name](values["id"]) if kept.name in by_id else None
    if found is not None and found.operator_id != values["operator_id"]:
        reason = f"its identifier is {found.operator_id}'s here"
        raise ArchiveFault(f"{kept.name} {values['id']}", reason)


def _is_newer(before: ContinuityRow, made_at: datetime, audience: str) -> bool:
    """Tell whether an archive says more, or later, than what is kept."""
    if before.audience != audience:
        return audience == ArchiveAudience.CONFIDENTIAL.value
    return before.archive_made_at is None or made_at > before.archive_made_at


def _wider(before: ContinuityRow | None, audience: str) -> str:
    kept = before.audience if before is not None else None
    confidential = ArchiveAudience.CONFIDENTIAL.value
    return confidential if confidential in {kept, audience} else audience


def _overlap(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)
