"""What `fsck` checks of attribute data: versions, restricted credentials, and the access log's chains."""

import hashlib
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from itertools import groupby
from operator import attrgetter
from typing import Any

from passports.access_anchors import broken_anchor
from passports.access_log import broken_links_of
from passports.attributes.versions import AttributeVersion, read_version
from passports.fsck.faults import reason_of
from passports.fsck.known import SIGNATURE_STEPS, Known
from passports.fsck.rows import Entries, all_rows, is_kept, readable_rows
from passports.restricted import CLAIM, TYPES, restricted_values
from passports.store import (
    AccessAnchorRow,
    AccessEntryRow,
    AttributeVersionRow,
    AuthorisationRow,
    OneView,
    OperatorRow,
    RestrictedCredentialRow,
    StatusListRow,
    Transaction,
)
from signing.errors import SigningError
from signing.instants import format_instant
from signing.selective_disclosure import decode_presentation
from signing.status_list import StatusList
from signing.transparency_log import log_entry

Found = tuple[str, str, str] | None


def check_versions(store: OneView, known: Known, *, is_part: bool) -> Iterator[Found]:
    """Yield for each version of attribute data what is wrong with it and its credential, or None."""
    expected: dict[tuple[str, str, str], int] = {}
    with store.reading() as reading:
        authorised: dict[str, set[str]] = {}
        for one in readable_rows(reading, AuthorisationRow):
            authorised.setdefault(one.agent_id, set()).add(one.operator_id)
        names = {r.id for r in readable_rows(reading, OperatorRow)}
        for row in all_rows(reading, AttributeVersionRow):
            key = (row.operator_id, row.level, row.subject_id)
            number = expected.get(key, 0) + 1
            expected[key] = row.version
            name = f"{row.operator_id}/{row.level}/{row.subject_id}/{row.version}"
            acting_for = authorised.get(row.actor, set())
            if is_part or is_kept(reading, row.operator_id):
                acting_for = names | {row.operator_id}  # an archive leaves authorisations out
            reason = reason_of(
                lambda: _version(reading, row, number, known) or _given(row, acting_for)  # noqa: B023 # called at once
            )
            yield None if reason is None else ("attribute data", name, reason)


def _version(
    reading: Transaction,
    row: AttributeVersionRow,
    number: int,
    known: Known,
) -> str | None:
    if hashlib.sha256(row.document).hexdigest() != row.sha256:
        return "its values are not what their SHA-256 says"
    if row.version != number:
        return f"version {number} is missing before it"
    try:
        version = read_version(row)
        asked = row.level in {level.value for level in TYPES}
    except (ValueError, KeyError, TypeError):
        return "its values cannot be read"
    if not asked:
        return None
    credential = reading.restricted_credentials.get(
        row.operator_id, row.level, row.subject_id, row.version
    )
    if credential is None:
        return "its restricted credential is missing"
    return _credential(reading, credential, version, known)


def _given(row: AttributeVersionRow, acting_for: AbstractSet[str]) -> str | None:
    """Hold a version's own values against who wrote it, in its own name or that of who authorised it."""
    own = [given for given in read_version(row).values.values() if given.version == row.version]
    who, at = {row.actor} | acting_for, format_instant(row.recorded_at)
    if any(given.by not in who or given.at != at for given in own):
        return "its values were given by somebody else, or at another time"
    return None


def _credential(
    reading: Transaction,
    row: RestrictedCredentialRow,
    version: AttributeVersion,
    known: Known,
) -> str | None:
    if hashlib.sha256(row.credential).hexdigest() != row.sha256:
        return "its restricted credential is not what its SHA-256 says"
    proofs: Mapping[int, bytes] = {}
    if row.log_index is not None:
        proofs = known.proofs(reading, row.operator_id, [row.log_index])
    step = known.failed_step(row.credential, SIGNATURE_STEPS, proofs.get(row.log_index or 0))
    if step is not None:
        return f"its restricted credential fails step {step.number} ({step.step})"
    try:
        payload = decode_presentation(row.credential).payload
    except SigningError:
        return "its restricted credential cannot be read"
    if row.signed_at != version.recorded_at or payload.get("iat") != int(row.signed_at.timestamp()):
        return "its restricted credential is from another time"
    said = (payload.get(CLAIM), payload.get("version"))
    if said != (restricted_values(version), row.version):
        return "its restricted credential says something else than its values"
    return _published(reading, row, payload)


def _published(
    reading: Transaction, row: RestrictedCredentialRow, payload: Mapping[str, Any]
) -> str | None:
    """What is wrong with a credential's leaf or status; the oldest ones have neither."""
    if row.log_index is None:
        logged = "transparencyLog" in payload
        return "its restricted credential names a log, in which it has no place" if logged else None
    if Entries(reading).of(row.operator_id, row.log_index) != log_entry(row.credential):
        return f"the log's entry {row.log_index} is not of its restricted credential"
    if payload.get("jti") != f"urn:uuid:{row.credential_id}":
        return "its restricted credential is filed under another identifier"
    said = payload["status"]["status_list"]
    tail = f"/{row.operator_id}/{row.status_list_id}/token"
    if not said["uri"].endswith(tail) or said["idx"] != row.status_list_index:
        return "the status of its restricted credential is not the one that was given out"
    kept = reading.integrity.at(StatusListRow, row.operator_id, row.status_list_id)
    given_out = kept is not None and StatusList.from_bytes(kept.given_out).get(said["idx"])
    return None if given_out else "the status of its restricted credential was never given out"


def check_access_log(store: OneView) -> Iterator[Found]:
    """Yield for each entry of each operator's chain what is wrong with it, or None."""
    with store.reading() as reading:
        rows = all_rows(reading, AccessEntryRow)
        for operator_id, chain in groupby(rows, key=attrgetter("operator_id")):
            for reason in broken_links_of(chain):
                yield None if reason is None else ("access log", operator_id, reason)


def check_anchors(store: OneView) -> Iterator[Found]:
    """Yield for each anchor of an access log whether the log still holds what it had then."""
    with store.reading() as reading:
        for row in all_rows(reading, AccessAnchorRow):
            reason = broken_anchor(reading, row)
            yield None if reason is None else ("access log", row.operator_id, reason)
