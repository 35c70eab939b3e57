"""What `fsck` checks of signing keys: what they are named, when they followed each other, where they lie."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import orjson

from passports.fsck.faults import Found, Reason, reason_of
from passports.fsck.rows import all_rows, is_kept
from passports.store import OneView, OperatorRow, SigningKeyRow
from signing.keys.verifying_key import from_jwk

_FILE: Final = "file:"


def check_keys(store: OneView, *, is_part: bool) -> Iterator[Found]:
    """Yield for each signing key what is wrong with it, or None."""
    with store.reading() as reading:
        since = {row.id: row.created_at for row in all_rows(reading, OperatorRow)}
        rows = list(all_rows(reading, SigningKeyRow))
        kept = {name for name in since if is_kept(reading, name)}
    files_are_here = any(_path(row).is_file() for row in rows if row.uri.startswith(_FILE))
    for row in rows:
        others = [r for r in rows if r.operator_id == row.operator_id and r.kid != row.kid]
        reason = reason_of(lambda: _key(row) or _life(row, others))  # noqa: B023 # called at once
        if reason is None and not (is_part or row.operator_id in kept) and row.retired_at is None:
            reason = reason_of(lambda: _secret(row, files_are_here=files_are_here))  # noqa: B023 # called at once
        began = [row.created_at, *(other.created_at for other in others)]
        if reason is None and row.operator_id in since and since[row.operator_id] not in began:
            reason = "no key of its operator is as old as the operator"
        yield None if reason is None else ("signing key", f"{row.operator_id}/{row.kid}", reason)


def _key(row: SigningKeyRow) -> Reason:
    if from_jwk(row.public_jwk).thumbprint != row.kid:
        return "it is filed under another name than its thumbprint"
    return None


def _life(row: SigningKeyRow, others: Sequence[SigningKeyRow]) -> Reason:
    """Check that a key was retired when the next was made, and not before it was made."""
    if row.retired_at is not None and row.retired_at not in {r.created_at for r in others}:
        return "no other key was made when it was retired"
    if row.retired_at is None and any(r.retired_at is None for r in others):
        return "its operator has two keys in use"
    said = (row.revoked_at, row.revoked_from_log_index, row.revoked_in_log)
    if any(value is None for value in said) and any(value is not None for value in said):
        return "whether it is revoked is said in part only"
    if row.revoked_at is not None and row.retired_at is None:
        return "it is revoked, and still in use"
    return None


def _path(row: SigningKeyRow) -> Path:
    return Path(row.uri.removeprefix(_FILE))


def _secret(row: SigningKeyRow, *, files_are_here: bool) -> Reason:
    """Hold the public part of the key's file against what is on record; its secret stays closed."""
    scheme = row.uri.partition(":")[0]
    if scheme not in {"file", "pkcs11", "csc"}:
        return "nobody can tell where it lies"
    if scheme != "file" or not files_are_here:  # a database without its keys, for an auditor
        return None
    try:
        said = orjson.loads(_path(row).read_bytes())
    except OSError:
        return "its file is not where it is said to be"
    if (said["kid"], said["publicKeyJwk"]) != (row.kid, row.public_jwk):
        return "its file holds another key"
    return None
