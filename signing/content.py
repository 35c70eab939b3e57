"""What the later steps need to know of a credential's content: what it is about, and its status entries."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from signing.canonical import JsonValue
from signing.credentials import subjects_of
from signing.errors import MalformedDocumentError
from signing.numbers import whole_number
from signing.report import Finding
from signing.status_list import ENTRY_TYPE, MAX_LENGTH

MESSAGE: Final = "message"
_INDEX_DIGITS: Final = len(str(MAX_LENGTH))


class StatusEntry(NamedTuple):
    """One ``credentialStatus`` object (Bitstring Status List section 3.1)."""

    purpose: str
    place: int
    url: str


class Content(NamedTuple):
    """The few facts of a payload on which steps 9 to 11 depend.

    Attributes:
        identifier: The credential's own.
        subjects: Those of its subjects; of an SD-JWT VC its `sub`.
        entries: Its status entries.
        status: Why step 11 fails on them, if it does.
    """

    identifier: JsonValue
    subjects: tuple[JsonValue, ...]
    entries: tuple[StatusEntry, ...]
    status: Finding | None


def content_of(payload: Mapping[str, JsonValue]) -> Content:
    """Read them; what cannot be read is said where it matters."""
    entries: tuple[StatusEntry, ...] = ()
    status = None
    try:
        entries = status_entries(payload)
    except MalformedDocumentError as error:
        status = Finding("failed", error.reason, str(error))
    subjects = tuple([subject.get("id") for subject in subjects_of(payload)])
    if "sub" in payload and not subjects:  # SD-JWT VC section 2.2.2.2
        subjects = (payload["sub"],)
    return Content(payload.get("id"), subjects, entries, status)


def status_entries(payload: Mapping[str, JsonValue]) -> tuple[StatusEntry, ...]:
    """The status entries of a credential.

    Raises:
        MalformedDocumentError: One of them is of an unknown type, or incomplete.
    """
    status = payload.get("credentialStatus")
    if status is None:
        return _token_entries(payload)
    return tuple([_entry(item) for item in (status if isinstance(status, list) else [status])])


def _token_entries(payload: Mapping[str, JsonValue]) -> tuple[StatusEntry, ...]:
    """The ``status`` claim of an SD-JWT; a Token Status List of one bit says INVALID or not."""
    status = payload.get("status")
    if status is None:
        return ()
    claim = status.get("status_list") if isinstance(status, dict) else None
    stated, url = (claim.get("idx"), claim.get("uri")) if isinstance(claim, dict) else (None, None)
    index = whole_number(stated)
    if index is None or index < 0 or not isinstance(url, str):
        raise MalformedDocumentError("status_entry_incomplete", "no list or index", field="status")
    return (StatusEntry("revocation", index, url),)


def _entry(item: JsonValue) -> StatusEntry:
    if not isinstance(item, dict) or item.get("type") != ENTRY_TYPE:
        raise MalformedDocumentError(
            "status_type_unknown", f"not a {ENTRY_TYPE}", field="credentialStatus"
        )
    purpose, index = item.get("statusPurpose"), item.get("statusListIndex")
    url = item.get("statusListCredential")
    if not isinstance(purpose, str) or not isinstance(url, str) or not isinstance(index, str):
        raise MalformedDocumentError(
            "status_entry_incomplete", "purpose, index or list is missing", field="credentialStatus"
        )
    if not index.isdecimal() or not index.isascii() or len(index) > _INDEX_DIGITS:
        raise MalformedDocumentError("status_index", "not an index", field="statusListIndex")
    # Bitstring Status List section 2.1: entries of several bits say what their issuer's messages mean.
    if "statusSize" in item and whole_number(item["statusSize"]) != 1 and purpose != MESSAGE:
        purpose += " in several bits"
    return StatusEntry(purpose, int(index), url)
