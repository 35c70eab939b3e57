"""README, section 5: status lists."""

import re
import zlib
from datetime import datetime, timedelta
from typing import Any

from tests.signing.written_from_the_text.encodings import (
    KIB,
    RefusedError,
    base64url,
    instant,
    multibase,
    numeric_date,
    whole,
)
from tests.signing.written_from_the_text.examination import Evidence, Examination

LIST_TYPE = "BitstringStatusListCredential"
StatusEntry = tuple[str, int, str]


def entries_of(payload: dict[str, Any]) -> list[StatusEntry]:
    """Purpose, index and URL of each status entry."""
    named, claim = (payload.get(name) for name in ("credentialStatus", "status"))
    if named is not None:
        return [_entry_of(item) for item in (named if isinstance(named, list) else [named])]
    if claim is None:
        return []
    found = claim.get("status_list") if isinstance(claim, dict) else None
    index, url = (found.get("idx"), found.get("uri")) if isinstance(found, dict) else (0, 0)
    if whole(index) < 0 or not isinstance(url, str):
        raise RefusedError("status_entry_incomplete")
    return [("revocation", whole(index), url)]


def _entry_of(item: Any) -> StatusEntry:
    if not isinstance(item, dict) or item.get("type") != "BitstringStatusListEntry":
        raise RefusedError("status_type_unknown")
    names = ("statusPurpose", "statusListIndex", "statusListCredential")
    texts = [text for text in map(item.get, names) if isinstance(text, str)]
    if len(texts) < len(names):
        raise RefusedError("status_entry_incomplete")
    purpose, index, url = texts
    if not re.fullmatch("[0-9]{1,8}", index):
        raise RefusedError("status_index")
    if "statusSize" in item and whole(item["statusSize"]) != 1 and purpose != "message":
        purpose = "unknown"
    return purpose, int(index), url


class StatusList(Examination):
    """A list after all that section 5 asks of it, whichever entry names it."""

    def __init__(self, data: bytes, evidence: Evidence, url: str) -> None:
        super().__init__(data, evidence, is_list=True)
        for outcome, reason in self.first_six().values():
            if outcome == "failed":
                raise RefusedError("status_list_" + reason)
        if self.key is None:
            raise RefusedError("status_list_keys_missing", "not_checked")
        self._is_token = "status_list" in self.parsed.payload
        self.purposes: list[Any] = ["revocation"]
        issued = self._read_token(url) if self._is_token else self._read_bitstring(url)
        if len(self._bits) * 8 < 131_072:
            raise RefusedError("status_list_length")
        if issued is not None and issued > evidence.now + timedelta(minutes=5):
            raise RefusedError("status_list_not_yet_valid")
        if not self.was_in_use(issued):
            raise RefusedError("status_list_key_retired")

    def _read_bitstring(self, url: str) -> datetime | None:
        payload = self.parsed.payload
        if LIST_TYPE not in self.types():
            raise RefusedError("not_a_status_list")
        if payload.get("id") != url:
            raise RefusedError("status_list_substituted")
        subject = self.subjects()[0]
        purposes = subject.get("statusPurpose")
        self.purposes = purposes if isinstance(purposes, list) else [purposes]
        self._bits = _decompressed(multibase(subject.get("encodedList"), "u"), 31)
        dates = [payload.get(name) for name in ("validFrom", "validUntil")]
        issued, self.until = (None if date is None else instant(date) for date in dates)
        return issued

    def _read_token(self, url: str) -> datetime | None:
        payload = self.parsed.payload
        claim = payload["status_list"]
        if payload.get("sub") != url:
            raise RefusedError("status_list_substituted")
        if not isinstance(claim, dict) or whole(claim.get("bits")) != 1:
            raise RefusedError("status_list_bits")
        self._bits = _decompressed(base64url(claim.get("lst")), 15)
        dates = [payload.get(name) for name in ("iat", "exp")]
        issued, self.until = (None if date is None else numeric_date(date) for date in dates)
        return issued

    def is_set(self, index: int) -> bool:
        if index // 8 >= len(self._bits):
            raise RefusedError("status_index")
        mask = 1 << index % 8 if self._is_token else 0x80 >> index % 8
        return bool(self._bits[index // 8] & mask)


def _decompressed(data: bytes, window: int) -> bytes:
    stream, limit = zlib.decompressobj(window), 2 * KIB * KIB
    try:
        content = stream.decompress(data, limit + 1)
    except zlib.error:
        raise RefusedError("not_compressed") from None
    if not stream.eof or stream.unused_data or len(content) > limit:
        raise RefusedError("not_compressed")
    return content
