"""What `fsck` checks of successions: what is recorded, what both passports say, and what may follow what.

Rules that came later than the first successions are held against those, too: a battery that had a life of
its own is no successor, and a battery becomes others by one thing that was done to it (Art. 77(7)). Of
operators that are kept here from a public archive no changes are there, so that only what the passports
say of one another is checked.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from passports.fsck.rows import all_rows, is_kept
from passports.life.lifecycle import FIRST_STATUS
from passports.life.version_documents import ChangeKind
from passports.life.version_making import payload_of
from passports.store import (
    OneView,
    PassportChangeRow,
    PassportRow,
    PassportSuccessionRow,
    Transaction,
)

Found = tuple[str, str, str] | None
_LINKED = ("succeededBy", "predecessors")


def check_successions(store: OneView) -> Iterator[Found]:
    """Yield for each succession what is wrong with it, or None; then what was recorded nowhere."""
    with store.reading() as reading:
        for link in all_rows(reading, PassportSuccessionRow):
            said = (
                _names(reading, link.predecessor_id, "succeededBy", link.successor_id),
                _names(reading, link.successor_id, "predecessors", link.predecessor_id),
            )
            name = f"{link.predecessor_id} -> {link.successor_id}"
            reason = None if all(said) else "one of the two passports does not say so"
            yield None if reason is None else ("succession", name, reason)
        linked = (
            change.passport_id
            for change in all_rows(reading, PassportChangeRow)
            if change.kind == ChangeKind.SUCCESSION.value
        )
        for passport_id in dict.fromkeys(linked):
            reason = _of_passport(reading, passport_id)
            yield None if reason is None else ("succession", passport_id, reason)


def _names(reading: Transaction, passport_id: str, member: str, other_id: str) -> bool:
    row = reading.passports.by_id(passport_id)
    return row is not None and f"urn:uuid:{other_id}" in _references(row, member)


def _references(row: PassportRow, member: str) -> dict[str, Mapping[str, Any]]:
    """Return what a version says came before or after it, by identifier."""
    references = payload_of(row)["credentialSubject"].get(member, [])
    return {str(reference.get("id")): reference for reference in references}


def _of_passport(reading: Transaction, passport_id: str) -> str | None:
    """Return what is wrong with the successions that a passport's versions tell of, or None."""
    versions = reading.passport_versions.of(passport_id)
    if not versions:
        return None
    changes = {change.version: change for change in reading.passport_changes.of(passport_id)}
    return (
        _unrecorded(reading, versions[-1])
        or _wrong_hash(reading, versions[-1])
        or _circle(reading, passport_id)
        or _out_of_turn(versions, changes)
    )


def _unrecorded(reading: Transaction, row: PassportRow) -> str | None:
    if is_kept(reading, row.operator_id):  # an archive leaves this table out
        return None
    recorded = {
        "succeededBy": {k.successor_id for k in reading.passport_successions.after(row.id)},
        "predecessors": {k.predecessor_id for k in reading.passport_successions.before(row.id)},
    }
    for member in _LINKED:
        for name in _references(row, member):
            if name.removeprefix("urn:uuid:") not in recorded[member]:
                return f"its succession with {name} is recorded nowhere"
    return None


def _wrong_hash(reading: Transaction, row: PassportRow) -> str | None:
    for name, reference in _references(row, "predecessors").items():
        before = reading.passport_versions.of(name.removeprefix("urn:uuid:"))
        if before and reference.get("sha256") not in {version.sha256 for version in before}:
            return f"it cites a version of {name} that is not here"
    return None


def _circle(reading: Transaction, passport_id: str) -> str | None:
    known: set[str] = set()
    waiting = [passport_id]
    while waiting:
        links = reading.passport_successions.before(waiting.pop())
        fresh = {link.predecessor_id for link in links} - known
        if passport_id in fresh:
            return "it comes after itself"
        known |= fresh
        waiting += fresh
    return None


def _out_of_turn(
    versions: Sequence[PassportRow], changes: Mapping[int, PassportChangeRow]
) -> str | None:
    """Return what of today's rules a succession breaks, version by version, or None."""
    status = FIRST_STATUS
    linked: dict[str, set[str]] = {member: set() for member in _LINKED}
    for row in versions:
        change = changes.get(row.version)
        after = change.life_cycle_status if change is not None else status
        now = {member: set(_references(row, member)) for member in _LINKED}
        grown = {member: bool(now[member] - linked[member]) for member in _LINKED}
        if grown["predecessors"]:
            is_first = not linked["predecessors"]
            if status != (FIRST_STATUS if is_first else after):
                return "it took the place of another after its battery had a life of its own"
        if grown["succeededBy"] and linked["succeededBy"] and status != after:
            return "others took its place by more than one thing that was done to its battery"
        status, linked = after, now
    return None
