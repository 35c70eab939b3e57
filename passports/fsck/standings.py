"""Where the bits of a passport stand, as `fsck` holds them against everything that was said of its status."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

import orjson

from passports.fsck.faults import Found, Reason, reason_of
from passports.store import StatusListRow
from passports.token_status import token_basis
from signing.errors import SigningError
from signing.jws import split_compact
from signing.status_list import StatusList

Place = tuple[str, str]  # operator, list
PassportKey = tuple[str, str]  # operator, passport


@dataclass(frozen=True)
class StoredList:
    """What is in force of a status list: its bits, and when it was signed last."""

    bits: bytes
    updated_at: datetime


@dataclass(frozen=True)
class PassportBits:
    """Where the bits of a version of a passport stand, by purpose (operator, list, index)."""

    passport: PassportKey
    version: int
    issued_at: datetime
    has_ceased: bool
    places: Mapping[str, tuple[str, str, int]]

    def is_set(self, purpose: str, lists: Mapping[Place, StoredList]) -> bool | None:
        """Tell whether a bit is set; None where the version has none, or its list is not here."""
        place = self.places.get(purpose)
        if place is None or place[:2] not in lists:
            return None
        byte, bit = divmod(place[2], 8)
        bits = lists[place[:2]].bits
        return byte < len(bits) and bool(bits[byte] >> (7 - bit) & 1)


def as_bits(indices: AbstractSet[int], length: int) -> int:
    """Return a list of some bytes in which these bits are set, as a number."""
    bits = StatusList.from_bytes(bytes(length))
    for index in indices:
        if 0 <= index < len(bits):
            bits.set(index)
    return int.from_bytes(bits.to_bytes())


def is_newest(row: StatusListRow) -> bool:
    """Tell whether a list's token was made of the list as it is; an older one is made anew when asked for."""
    return row.token is not None and row.token_of == token_basis(row.credential)


def told_by_tokens(
    rows: Sequence[StatusListRow],
    versions: Sequence[PassportBits],
    lists: Mapping[Place, StoredList],
) -> Iterator[Found]:
    """Yield the lists whose newest token says other bits: who is revoked, and who is suspended now."""
    suspended: dict[Place, set[int]] = {}
    for version in versions:
        place = version.places.get("revocation")
        if place is not None and version.is_set("suspension", lists):
            suspended.setdefault(place[:2], set()).add(place[2])
    for row in rows:
        known = suspended.get((row.operator_id, row.id), set())
        reason = reason_of(lambda: _told(row, known))  # noqa: B023 # called at once
        if reason is not None:
            yield ("status list", f"{row.operator_id}/{row.id}", reason)


def _told(row: StatusListRow, suspended: AbstractSet[int]) -> Reason:
    if row.token is None or not is_newest(row):
        return None
    try:
        claims = orjson.loads(split_compact(row.token).payload_bytes)
        told = int.from_bytes(StatusList.decode_token(claims["status_list"]).to_bytes())
    except (SigningError, ValueError, KeyError, TypeError):
        return None  # the list's own walk says what is wrong with it
    if told != int.from_bytes(row.bits) | as_bits(suspended, len(row.bits)):
        return "its token says other bits"
    return None
