"""What `fsck` checks of status lists: signatures, purposes, bits in both forms, and which are given out."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import orjson

from passports.archive.continuity import continuity_of
from passports.fsck.faults import Found, Reason, reason_of
from passports.fsck.known import SIGNATURE_STEPS, Known
from passports.fsck.rows import all_rows, readable_rows
from passports.life.version_making import status_places
from passports.store import (
    CertificateRow,
    PassportRow,
    PassportStatusChangeRow,
    RestrictedCredentialRow,
    StatusListRow,
    Store,
    Transaction,
)
from signing.credentials import decode, issuer_of
from signing.errors import SigningError
from signing.instants import parse_instant
from signing.jws import split_compact
from signing.keys.verifying_key import from_jwk
from signing.status_list import STATUS_LIST_JWT, StatusList

Place = tuple[str, str]  # operator, list


def check_status_lists(store: Store, known: Known) -> Iterator[Found]:
    """Yield for each status list what is wrong with it, or None."""
    with store.reading() as reading:
        for row in all_rows(reading, StatusListRow):
            name = f"{row.operator_id}/{row.id}"
            reason = reason_of(
                lambda: _signed(row, known) or _token(reading, row)  # noqa: B023 # called at once
            )
            yield None if reason is None else ("status list", name, reason)


def _signed(row: StatusListRow, known: Known) -> Reason:
    step = known.failed_step(row.credential, SIGNATURE_STEPS)
    if step is not None:
        return f"step {step.number} ({step.step}): {step.message}"
    payload = orjson.loads(decode(row.credential).payload_bytes)
    if not str(payload.get("id")).endswith(f"/{row.operator_id}/{row.id}"):
        return "what was signed is another list"
    return _said(row, payload, known)


def _said(row: StatusListRow, payload: Mapping[str, Any], known: Known) -> Reason:
    try:
        subject = payload["credentialSubject"]
        signed = StatusList.decode(subject["encodedList"])
        purpose = subject["statusPurpose"]
    except (SigningError, KeyError, TypeError) as error:
        return f"what was signed is no status list: {error}"
    if issuer_of(payload) != known.dids.get(row.operator_id):
        return "it was signed by another operator than it is filed under"
    if purpose != row.purpose:
        return f"it is signed for {purpose}, and filed for something else"
    if signed.to_bytes() != row.bits:
        return "its bits differ from what was signed"
    if parse_instant(payload.get("validFrom"), "validFrom") != row.updated_at:
        return "it was signed at another time than is on record"
    return None


def _token(reading: Transaction, row: StatusListRow) -> Reason:
    """Check the same bits as a Token Status List; an older one is made anew when somebody asks for it."""
    if row.token is None:
        return None
    try:
        keys = [from_jwk(key.public_jwk) for key in reading.signing_keys.of(row.operator_id)]
        jws = split_compact(row.token)
        named = str(jws.header.get("kid")).rpartition("#")[2]
        key = next((key for key in keys if key.thumbprint == named), None)
        if key is None or jws.header.get("typ") != STATUS_LIST_JWT:
            return "its token is signed by no key of its operator"
        key.verify(jws.signature, jws.signing_input)
        claims = orjson.loads(jws.payload_bytes)
        bits = StatusList.decode_token(claims["status_list"])
    except (SigningError, ValueError, KeyError, TypeError) as error:
        return f"its token does not verify: {error}"
    if not str(claims.get("sub")).endswith(f"/{row.operator_id}/{row.id}/token"):
        return "its token is of another list"
    is_newest = row.token_of == hashlib.sha256(row.credential).hexdigest()
    if is_newest and bits.to_bytes() != row.bits:
        return "its token says other bits"
    return None


def check_bits(store: Store, *, is_part: bool) -> Iterator[Found]:
    """Yield for each status list whether its bits are given out to what is here, then superseded versions.

    Of a part of a store (an archive) some of what bits were given out to is not here.
    """
    with store.reading() as reading:
        used, versions = _used(reading)
        lists = {}
        for row in all_rows(reading, StatusListRow):
            place = (row.operator_id, row.id)
            lists[place] = row.bits
            exactly = not is_part and not continuity_of(reading, row.operator_id).is_kept
            reason = reason_of(
                lambda: _given_out(row, used.get(place, set()), exactly=exactly)  # noqa: B023 # called at once
            )
            yield None if reason is None else ("status list", "/".join(place), reason)
        changes = list(readable_rows(reading, PassportStatusChangeRow))
    yield from _refreshed(versions, lists)
    yield from _withdrawn(versions, lists, changes)


def _given_out(row: StatusListRow, used: set[int], *, exactly: bool) -> Reason:
    given_out = int.from_bytes(row.given_out)
    if len(row.given_out) != len(row.bits):
        return "it has not as many bits given out as bits"
    expected = _as_bits(used, len(row.given_out))
    if exactly and expected & ~given_out:
        return "a bit is in use that was not given out"
    if exactly and given_out & ~expected:
        return "a bit is given out to nothing that is here"
    if exactly and int.from_bytes(row.bits) & ~given_out:
        return "a bit is set that was not given out"
    return None


def _as_bits(indices: set[int], length: int) -> int:
    bits = StatusList.from_bytes(bytes(length))
    for index in indices:
        if 0 <= index < len(bits):
            bits.set(index)
    return int.from_bytes(bits.to_bytes())


@dataclass(frozen=True)
class _Version:
    """Where the bits of a version of a passport stand, by purpose."""

    passport: tuple[str, str]
    version: int
    places: Mapping[str, tuple[str, str, int]]

    def is_set(self, purpose: str, lists: Mapping[Place, bytes]) -> bool | None:
        """Tell whether a bit is set; None where the version has none, or its list is not here."""
        place = self.places.get(purpose)
        if place is None or place[:2] not in lists:
            return None
        byte, bit = divmod(place[2], 8)
        bits = lists[place[:2]]
        return byte < len(bits) and bool(bits[byte] >> (7 - bit) & 1)


def _used(reading: Transaction) -> tuple[Mapping[Place, set[int]], list[_Version]]:
    used: dict[Place, set[int]] = {}
    versions = []
    for row in all_rows(reading, PassportRow):
        places = _add(used, row.credential)
        versions.append(_Version((row.operator_id, row.id), row.version, places))
    for certificate in all_rows(reading, CertificateRow):
        if certificate.log_index is not None:
            _add(used, certificate.document)
    for restricted in all_rows(reading, RestrictedCredentialRow):
        if restricted.status_list_id is not None and restricted.status_list_index is not None:
            where = (restricted.operator_id, restricted.status_list_id)
            used.setdefault(where, set()).add(restricted.status_list_index)
    return used, versions


def _add(used: dict[Place, set[int]], credential: bytes) -> Mapping[str, tuple[str, str, int]]:
    """Note the places of a credential's bits, and return them by purpose."""
    try:
        places = status_places(orjson.loads(decode(credential).payload_bytes))
    except (SigningError, ValueError, KeyError, TypeError, AttributeError):
        return {}  # its own walk says what is wrong with it
    for operator_id, list_id, index in places.values():
        used.setdefault((operator_id, list_id), set()).add(index)
    return places


def _refreshed(versions: Sequence[_Version], lists: Mapping[Place, bytes]) -> Iterator[Found]:
    """Hold the refresh bit of each version against whether a newer one is here."""
    newest: dict[tuple[str, str], int] = {}
    for one in versions:
        newest[one.passport] = max(one.version, newest.get(one.passport, 0))
    for one in versions:
        if one.is_set("refresh", lists) is (one.version == newest[one.passport]):
            reason = "whether a newer version is here differs from its refresh bit"
            yield ("version", f"{one.passport[1]}/{one.version}", reason)


# Which bits the last change of a passport's status leaves set (True) or clear.
_LEAVES: Final[Mapping[str, Mapping[str, bool]]] = MappingProxyType(
    {
        "suspended": {"suspension": True},
        "reinstated": {"suspension": False},
        "revoked": {"revocation": True},
    }
)


def _withdrawn(
    versions: Sequence[_Version],
    lists: Mapping[Place, bytes],
    changes: Sequence[PassportStatusChangeRow],
) -> Iterator[Found]:
    """Hold the bits of each passport against what was written down when somebody set them."""
    last: dict[tuple[str, str], str] = {}
    numbers: dict[tuple[str, str], int] = {}
    for change in changes:  # in the order of their key
        key = (change.operator_id, change.passport_id)
        numbers[key] = numbers.get(key, 0) + 1
        last[key] = change.state
        if change.sequence != numbers[key] or change.state not in _LEAVES:
            reason = "a change of its status is missing, or cannot be read"
            yield ("passport", change.passport_id, reason)
    known = {one.passport for one in versions}
    for key in last.keys() - known:
        yield ("passport", key[1], "changes of its status are here, and it is not")
    for one in versions:
        expected = _LEAVES.get(last.get(one.passport, ""), {})
        for purpose, wanted in expected.items():
            if one.is_set(purpose, lists) is (not wanted):
                reason = f"its bit of {purpose} is not what was written down last"
                yield ("passport", one.passport[1], reason)
        if one.passport not in last and one.is_set("suspension", lists):
            yield ("passport", one.passport[1], "it is suspended, and nobody wrote down why")
