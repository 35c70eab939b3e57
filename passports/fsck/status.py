"""What `fsck` checks of status lists: signatures, purposes, bits in both forms, and which are given out."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from passports.fsck.faults import Found, Reason, reason_of
from passports.fsck.known import SIGNATURE_STEPS, Known
from passports.fsck.rows import all_rows, is_kept, keys_of
from passports.fsck.standings import (
    PassportBits,
    Place,
    StoredList,
    as_bits,
    is_newest,
    told_by_tokens,
)
from passports.fsck.withdrawals import check_withdrawals
from passports.life.version_making import status_places
from passports.store import (
    CertificateRow,
    OneView,
    PassportRow,
    RestrictedCredentialRow,
    StatusListRow,
    Transaction,
)
from signing.credentials import decode, issuer_of
from signing.errors import SigningError
from signing.instants import parse_instant
from signing.jws import split_compact
from signing.keys.verifying_key import from_jwk
from signing.status_list import STATUS_LIST_JWT, StatusList


def check_status_lists(store: OneView, known: Known) -> Iterator[Found]:
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
        keys = [from_jwk(key.public_jwk) for key in keys_of(reading, row.operator_id)]
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
    if int.from_bytes(row.bits) & ~int.from_bytes(bits.to_bytes()) and is_newest(row):
        return "its token says other bits"
    return None


def check_bits(store: OneView, *, is_part: bool) -> Iterator[Found]:
    """Yield for each status list whether its bits are given out to what is here, then superseded versions.

    Of a part of a store (an archive) some of what bits were given out to is not here.
    """
    with store.reading() as reading:
        used, versions = _used(reading)
        lists: dict[Place, StoredList] = {}
        tokens: list[StatusListRow] = []
        for row in all_rows(reading, StatusListRow):
            place = (row.operator_id, row.id)
            lists[place] = StoredList(row.bits, row.updated_at)
            exactly = not is_part and not is_kept(reading, row.operator_id)
            reason = reason_of(
                lambda: _given_out(row, used.get(place, set()), exactly=exactly)  # noqa: B023 # called at once
            )
            yield None if reason is None else ("status list", "/".join(place), reason)
            if exactly:
                tokens.append(row)
    yield from told_by_tokens(tokens, versions, lists)
    yield from _refreshed(versions, lists)
    yield from check_withdrawals(store, versions, lists, is_part=is_part)


def _given_out(row: StatusListRow, used: set[int], *, exactly: bool) -> Reason:
    given_out = int.from_bytes(row.given_out)
    if len(row.given_out) != len(row.bits):
        return "it has not as many bits given out as bits"
    expected = as_bits(used, len(row.given_out))
    if exactly and expected & ~given_out:
        return "a bit is in use that was not given out"
    if exactly and given_out & ~expected:
        return "a bit is given out to nothing that is here"
    if exactly and int.from_bytes(row.bits) & ~given_out:
        return "a bit is set that was not given out"
    return None


def _used(reading: Transaction) -> tuple[Mapping[Place, set[int]], list[PassportBits]]:
    used: dict[Place, set[int]] = {}
    versions = []
    for row in all_rows(reading, PassportRow):
        payload, places = _add(used, row.credential)
        versions.append(_bits_of(row, payload, places))
    for certificate in all_rows(reading, CertificateRow):
        if certificate.log_index is not None:
            _add(used, certificate.document)
    for restricted in all_rows(reading, RestrictedCredentialRow):
        if restricted.status_list_id is not None and restricted.status_list_index is not None:
            where = (restricted.operator_id, restricted.status_list_id)
            used.setdefault(where, set()).add(restricted.status_list_index)
    return used, versions


def _add(
    used: dict[Place, set[int]], credential: bytes
) -> tuple[Mapping[str, Any], Mapping[str, tuple[str, str, int]]]:
    """Note the places of a credential's bits; return what it says, and them by purpose."""
    try:
        payload = orjson.loads(decode(credential).payload_bytes)
        places = status_places(payload)
    except (SigningError, ValueError, KeyError, TypeError, AttributeError):
        return {}, {}  # its own walk says what is wrong with it
    for operator_id, list_id, index in places.values():
        used.setdefault((operator_id, list_id), set()).add(index)
    return payload, places


def _bits_of(
    row: PassportRow, payload: Mapping[str, Any], places: Mapping[str, tuple[str, str, int]]
) -> PassportBits:
    subject = payload.get("credentialSubject")
    has_ceased = isinstance(subject, Mapping) and "ceased" in subject
    key = (row.operator_id, row.id)
    return PassportBits(key, row.version, row.issued_at, has_ceased, places)


def _refreshed(
    versions: Sequence[PassportBits], lists: Mapping[Place, StoredList]
) -> Iterator[Found]:
    """Hold the refresh bit of each version against whether a newer one is here."""
    newest: dict[tuple[str, str], int] = {}
    for one in versions:
        newest[one.passport] = max(one.version, newest.get(one.passport, 0))
    for one in versions:
        if one.is_set("refresh", lists) is (one.version == newest[one.passport]):
            reason = "whether a newer version is here differs from its refresh bit"
            yield ("version", f"{one.passport[1]}/{one.version}", reason)
