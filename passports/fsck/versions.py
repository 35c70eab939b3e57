"""What `fsck` checks of versions: no gaps, each citing the one before it, each with its change."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from passports.fsck.rows import all_rows, kept_in_public
from passports.life.lifecycle import FIRST_STATUS
from passports.life.transitions import Effect, transitions
from passports.life.version_documents import PUBLIC_KINDS, ChangeKind
from passports.life.version_making import STATEMENT, payload_of
from passports.store import OneView, PassportChangeRow, PassportRow

Found = tuple[str, str, str] | None


def check_chains(store: OneView) -> Iterator[Found]:
    """Yield for each version of each passport what is wrong with its place in the chain, or None."""
    before: PassportRow | None = None
    status = FIRST_STATUS
    with store.reading() as reading:
        public_only = kept_in_public(reading)
        for row in all_rows(reading, PassportRow):
            if before is None or (before.operator_id, before.id) != (row.operator_id, row.id):
                before, status = None, FIRST_STATUS
            key = (row.operator_id, row.id, row.version)
            change = reading.integrity.at(PassportChangeRow, *key)
            if row.operator_id in public_only:  # a public archive leaves changes out
                reason = _place(row, before)
            else:
                reason = _link(row, before, change, status)
            yield None if reason is None else ("version", f"{row.id}/{row.version}", reason)
            before = row
            status = change.life_cycle_status if change is not None else status


def _link(
    row: PassportRow, before: PassportRow | None, change: PassportChangeRow | None, status: str
) -> str | None:
    out_of_place = _place(row, before)
    if out_of_place is not None:
        return out_of_place
    if before is None:
        return None if change is None else "the first version has a change, and nothing before it"
    if change is None:
        return "why it was made is missing"
    return _statement(row, change) or _life_cycle(row, change, status)


def _place(row: PassportRow, before: PassportRow | None) -> str | None:
    """Return what is wrong between a version and the one before it, or None."""
    number = 1 if before is None else before.version + 1
    if row.version != number:
        return f"version {number} is missing before it"
    if before is None:
        return None
    if row.issued_at < before.issued_at:
        return "it is older than the version before it"
    if (row.gtin, row.serial, row.batch_id) != (before.gtin, before.serial, before.batch_id):
        return "it is about another battery than the version before it"
    said: Mapping[str, Any] = payload_of(row)["credentialSubject"].get(STATEMENT, {})
    if said.get("previousSha256") != before.sha256:
        return "it does not cite the version before it"
    return None


def _statement(row: PassportRow, change: PassportChangeRow) -> str | None:
    if hashlib.sha256(change.document).hexdigest() != change.sha256:
        return "its change is not what its SHA-256 says"
    said: Mapping[str, Any] = payload_of(row)["credentialSubject"].get(STATEMENT, {})
    if said.get("changeSha256") != change.sha256:
        return "it does not cite its change"
    if change.recorded_at != row.issued_at:
        return "its change was recorded at another time"
    kept = orjson.loads(change.document)
    if (kept.get("actor"), kept.get("kind")) != (change.actor_id, change.kind):
        return "the columns of its change differ from what was kept"
    if (said.get("actor"), said.get("kind")) != (
        change.actor_id,
        PUBLIC_KINDS[ChangeKind(change.kind)].value,
    ):
        return "its change has another actor or kind than was signed"
    return None


def _life_cycle(row: PassportRow, change: PassportChangeRow, status: str) -> str | None:
    if change.life_cycle_status == status:
        return None
    transition = transitions().get((status, change.life_cycle_status))
    starts_anew = change.kind == ChangeKind.SUCCESSION.value and status == FIRST_STATUS
    if transition is None and not starts_anew:
        return f"a battery does not go from {status} to {change.life_cycle_status}"
    has_ceased = "ceased" in payload_of(row)["credentialSubject"]
    if (transition is not None and transition.effect is Effect.CEASES) != has_ceased:
        return "whether the passport ceased differs from its life cycle"
    return None
