"""What `fsck` checks of suspensions, reinstatements and revocations that were written down.

Each is held against four things: the ones before it (nothing follows a revocation, and no passport is
suspended twice), who may say it (the issuer alone), its entry in the issuer's access log, which is a chain
of hashes under an anchor, and the bits. Bits have no history: what was said last has to stand in them.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

import orjson

from passports.fsck.faults import Found, Reason
from passports.fsck.rows import is_kept, readable_rows
from passports.fsck.standings import PassportBits, PassportKey, Place, StoredList
from passports.life.withdrawal import reason_class_of
from passports.store import (
    AccessEntryRow,
    AuthorisationRow,
    OneView,
    OperatorRow,
    PassportStatusChangeRow,
    Transaction,
)

# What may be said next, by what was said last.
_FOLLOWS: Final[Mapping[str | None, frozenset[str]]] = MappingProxyType(
    {
        None: frozenset({"suspended", "revoked"}),
        "suspended": frozenset({"reinstated", "revoked"}),
        "reinstated": frozenset({"suspended", "revoked"}),
        "revoked": frozenset(),
    }
)
_LISTS: Final = {"suspended": "suspension", "reinstated": "suspension", "revoked": "revocation"}
# Servers of one store have clocks of their own; the same as for credentials and lists.
_CLOCK_SKEW: Final = timedelta(minutes=5)
_EVENT: Final = "passport_"

Changes = Sequence[PassportStatusChangeRow]
Said = tuple[str, str, str, str | None, datetime]  # state, by whom, why, of which class, when


def check_withdrawals(
    store: OneView,
    versions: Sequence[PassportBits],
    lists: Mapping[Place, StoredList],
    *,
    is_part: bool,
) -> Iterator[Found]:
    """Yield what is wrong with the changes of each passport's status, one fault a passport."""
    with store.reading() as reading:
        changes: dict[PassportKey, list[PassportStatusChangeRow]] = {}
        for row in readable_rows(reading, PassportStatusChangeRow):  # in the order of their key
            changes.setdefault((row.operator_id, row.passport_id), []).append(row)
        whole = set() if is_part else _whole(reading)
        logged = _logged(reading, whole)
        agents = {
            (row.operator_id, row.agent_id) for row in readable_rows(reading, AuthorisationRow)
        }
    of_passport: dict[PassportKey, list[PassportBits]] = {}
    for version in versions:
        of_passport.setdefault(version.passport, []).append(version)
    for key in dict.fromkeys((*of_passport, *changes, *logged)):
        said = changes.get(key, [])
        reason = _order(said)
        if reason is None and key[0] in whole:
            reason = _authors(said, agents) or _told(said, logged.get(key, []))
        if reason is None and key in of_passport:
            reason = _bits(said, of_passport[key], lists)
        elif reason is None:
            reason = "changes of its status are here, and it is not"
        if reason is not None:
            yield ("passport", key[1], reason)


def _whole(reading: Transaction) -> set[str]:
    """Return the operators that are live here: their logs and authorisations are here, too."""
    names = [row.id for row in readable_rows(reading, OperatorRow)]
    return {name for name in names if not is_kept(reading, name)}


def _logged(reading: Transaction, operators: set[str]) -> dict[PassportKey, list[Said]]:
    """Return what the access logs of issuers say of their passports' status."""
    found: dict[PassportKey, list[Said]] = {}
    for row in readable_rows(reading, AccessEntryRow):
        if row.operator_id not in operators or _EVENT.encode() not in row.document:
            continue
        try:
            entry = orjson.loads(row.document)
            kind, state = str(entry.get("event", ""))[: len(_EVENT)], str(entry.get("event"))
            if kind == _EVENT and entry["by"] == row.operator_id:
                why = (entry["reason"], entry.get("reason_class"))
                said = (state.removeprefix(_EVENT), entry["by"], *why, row.read_at)
                found.setdefault((row.operator_id, str(entry["subject"])), []).append(said)
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # the log's own walk says what is wrong with it
    return found


def _order(changes: Changes) -> Reason:
    before: PassportStatusChangeRow | None = None
    for number, change in enumerate(changes, start=1):
        last = before.state if before is not None else None
        if change.sequence != number or change.state not in _LISTS:
            return "a change of its status is missing, or cannot be read"
        if change.state not in _FOLLOWS[last]:
            was = last or "in force"
            return f"change {number} of its status cannot follow: it was {was}"
        if change.reason_class is not None and (
            change.state == "reinstated" or reason_class_of(change) is None
        ):
            return f"change {number} of its status has a class of reason that it cannot have"
        if before is not None and change.recorded_at < before.recorded_at:
            return f"change {number} of its status is older than the one before it"
        before = change
    return None


def _authors(changes: Changes, agents: set[tuple[str, str]]) -> Reason:
    for change in changes:
        if change.actor_id != change.operator_id:
            return f"change {change.sequence} of its status is not said by who issued it"
        acting = change.acting_id
        if acting is not None and (change.operator_id, acting) not in agents:
            return f"change {change.sequence} of its status is by an agent without authorisation"
    return None


def _told(changes: Changes, logged: Sequence[Said]) -> Reason:
    said = [
        (row.state, row.actor_id, row.reason, row.reason_class, row.recorded_at) for row in changes
    ]
    if said != list(logged):
        return "the changes of its status differ from its issuer's access log"
    return None


def _bits(
    changes: Changes, versions: Sequence[PassportBits], lists: Mapping[Place, StoredList]
) -> Reason:
    """Hold the bits against what was said last of each purpose, and times against that of issuing."""
    last: dict[str, PassportStatusChangeRow] = {_LISTS[row.state]: row for row in changes}
    has_ceased = any(version.has_ceased for version in versions)
    for version in versions:
        if not changes and version.is_set("suspension", lists):
            return "it is suspended, and nobody wrote down why"
        for purpose in ("revocation", "suspension") if changes else ():
            change = last.get(purpose)
            wanted = change is not None and change.state != "reinstated"
            if purpose == "revocation" and has_ceased:
                wanted = True  # a passport that ceased is revoked by that (Art. 77(8))
            if version.is_set(purpose, lists) is (not wanted):
                return f"its bit of {purpose} is not what was written down last"
    first = min(version.issued_at for version in versions) - _CLOCK_SKEW
    if any(change.recorded_at < first for change in changes):
        return "a change of its status is from before it was issued"
    return None
