"""Step 11 and part of step 10: what the status lists that a credential names say about it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from signing.canonical import JsonValue
from signing.content import MESSAGE, StatusEntry
from signing.credentials import subjects_of, types_of
from signing.errors import MalformedDocumentError
from signing.evidence import Evidence
from signing.examination import Examination
from signing.instants import format_instant, numeric_date, parse_instant
from signing.report import Finding
from signing.status_list import STATUS_LIST_TYPE, StatusList, VerifiedStatusList

# What a set bit means for the credential, in the order in which it is reported.
_WITHDRAWN: Final = {"revocation": "revoked", "suspension": "suspended"}
REFRESH: Final = "refresh"
# Bitstring Status List section 2.1: of the known purposes, these two withdraw nothing.
_SAYING_NOTHING: Final = frozenset({REFRESH, MESSAGE})
# Clocks differ, as for the credentials themselves.
_CLOCK_SKEW: Final = timedelta(minutes=5)


def check_status(
    entries: tuple[StatusEntry, ...], issuer: str, evidence: Evidence, at: datetime
) -> Finding:
    """Step 11: whether the credential is revoked or suspended, and how old that knowledge is."""
    findings = [
        _check_entry(entry, issuer, evidence, at)
        for entry in entries
        if entry.purpose not in _SAYING_NOTHING
    ]
    if len(findings) == 1:
        return findings[0]
    return min(findings, key=lambda finding: _SEVERITY[finding.outcome], default=_NO_ENTRY)


_NO_ENTRY: Final = Finding("not_checked", "no_status_entry", "the credential names no status list")
_UNKNOWN: Final = Finding("not_checked", "status_purpose", "a list for a purpose that is not known")
_NO_VERSION: Final = Finding(
    "not_checked", "no_version_evidence", "nothing says which version is current"
)
_SEVERITY: Final = {"failed": 0, "not_checked": 1, "warning": 2, "passed": 3}


def _check_entry(entry: StatusEntry, issuer: str, evidence: Evidence, at: datetime) -> Finding:
    if entry.purpose not in _WITHDRAWN:
        return _UNKNOWN
    found = _reading(entry, issuer, evidence, at)
    return found if isinstance(found, Finding) else found.of(entry.place)


class _Reading(NamedTuple):
    """A list that was found good for one issuer and purpose, with what it says of any entry."""

    bits: StatusList
    when_set: Finding
    when_not: Finding

    def of(self, place: int) -> Finding:
        try:
            return self.when_set if self.bits.get(place) else self.when_not
        except MalformedDocumentError as error:
            return Finding("failed", error.reason, f"the list has no entry {place}")


def _reading(
    entry: StatusEntry, issuer: str, evidence: Evidence, at: datetime
) -> "_Reading | Finding":
    key = (entry.url, entry.purpose, issuer, at)
    known = evidence.readings.get(key)
    if isinstance(known, _Reading):
        return known
    found = _list_of(entry, issuer, evidence, at)
    if isinstance(found, Finding):
        return found
    words = _refresh_findings if entry.purpose == REFRESH else _withdrawal_findings
    evidence.readings[key] = reading = _Reading(found.bits, *words(found, entry.purpose, at))
    return reading


def _withdrawal_findings(
    found: VerifiedStatusList, purpose: str, at: datetime
) -> tuple[Finding, Finding]:
    age, word = _age(found.valid_from, at), _WITHDRAWN[purpose]
    meant = "revoked or suspended" if found.is_token else word  # its bit says INVALID, and no more
    withdrawn = Finding("failed", word, f"{meant} by its issuer ({age})")
    standing = Finding("passed", "not_withdrawn", f"neither revoked nor suspended ({age})")
    return withdrawn, _stale(found, age, at) or standing


def _refresh_findings(
    found: VerifiedStatusList, purpose: str, at: datetime
) -> tuple[Finding, Finding]:
    del purpose
    age = _age(found.valid_from, at)
    superseded = Finding("warning", "superseded", f"a newer version exists ({age})")
    current = Finding("passed", "version_current", f"no newer version ({age})")
    return superseded, _stale(found, age, at) or current


def _stale(found: VerifiedStatusList, age: str, at: datetime) -> Finding | None:
    """What a list that should have been replaced says of an entry that is not set."""
    if found.valid_until is None or found.valid_until >= at:
        return None
    until = format_instant(found.valid_until)
    return Finding("warning", "status_list_stale", f"the list was good until {until} ({age})")


def check_refresh(
    entries: tuple[StatusEntry, ...], issuer: str, evidence: Evidence, at: datetime
) -> Finding:
    """Part of step 10: whether the issuer says that a newer version exists."""
    entry = next((entry for entry in entries if entry.purpose == REFRESH), None)
    if entry is None:
        return _NO_VERSION
    found = _reading(entry, issuer, evidence, at)
    if isinstance(found, Finding):
        return Finding("not_checked", found.reason_code, found.message)
    return found.of(entry.place)


def _list_of(
    entry: StatusEntry, issuer: str, evidence: Evidence, at: datetime
) -> VerifiedStatusList | Finding:
    """The verified list that an entry names, if it is at hand, the right issuer's and purpose."""
    if entry.url not in evidence.status_lists:
        return Finding("not_checked", "status_list_missing", f"{entry.url} is not at hand")
    if entry.url not in evidence.verified_lists:
        evidence.verified_lists[entry.url] = _verified(entry.url, evidence, at)
    found = evidence.verified_lists[entry.url]
    if isinstance(found, Finding):
        return found
    if found.issuer != issuer and not _is_delegated(found.issuer, evidence):
        return Finding("failed", "status_list_of_another", f"the list is {found.issuer}'s")
    if entry.purpose not in found.purposes:
        return Finding("failed", "status_purpose", f"the list is not for {entry.purpose}")
    return found


def _is_delegated(list_issuer: str, evidence: Evidence) -> bool:
    """Whether the trust list lets this issuer keep status lists: the type must be named."""
    entry = evidence.entry_for(list_issuer, evidence.role)
    return entry is not None and STATUS_LIST_TYPE in entry.scope


def _verified(url: str, evidence: Evidence, at: datetime) -> VerifiedStatusList | Finding:
    examination = Examination(evidence.status_lists[url], evidence, at, in_scope=False)
    examination.open()
    examination.check_signature()
    for finding in examination.findings:
        if finding.outcome == "failed":
            message = f"status list: {finding.message}"
            return Finding("failed", f"status_list_{finding.reason_code}", message)
    if examination.signing_key is None:
        message = f"no keys of {examination.issuer}, which issued the status list"
        return Finding("not_checked", "status_list_keys_missing", message)
    try:
        found = _read(examination.payload, examination.issuer, url)
    except MalformedDocumentError as error:
        return Finding("failed", error.reason, f"status list: {error}")
    if found.valid_from is not None and found.valid_from - at > _CLOCK_SKEW:
        begins = format_instant(found.valid_from)
        return Finding("failed", "status_list_not_yet_valid", f"status list: valid from {begins}")
    if not examination.key_was_in_use(found.valid_from):
        return Finding("failed", "status_list_key_retired", "status list: signed by a retired key")
    return found


def _read(payload: Mapping[str, JsonValue], issuer: str, url: str) -> VerifiedStatusList:
    if "status_list" in payload:
        return _read_token_list(payload, issuer, url)
    if STATUS_LIST_TYPE not in types_of(payload):
        raise MalformedDocumentError("not_a_status_list", f"not a {STATUS_LIST_TYPE}")
    if payload.get("id") != url:
        raise MalformedDocumentError("status_list_substituted", f"it is not the list at {url}")
    subject = subjects_of(payload)[0]
    purposes = subject.get("statusPurpose")
    valid_from, valid_until = payload.get("validFrom"), payload.get("validUntil")
    return VerifiedStatusList(
        issuer,
        tuple(str(item) for item in (purposes if isinstance(purposes, list) else [purposes])),
        StatusList.decode(subject.get("encodedList")),
        None if valid_from is None else parse_instant(valid_from, "validFrom"),
        None if valid_until is None else parse_instant(valid_until, "validUntil"),
    )


def _read_token_list(payload: Mapping[str, JsonValue], issuer: str, url: str) -> VerifiedStatusList:
    if payload.get("sub") != url:
        raise MalformedDocumentError("status_list_substituted", f"it is not the list at {url}")
    bits = StatusList.decode_token(payload["status_list"])
    issued, until = numeric_date(payload, "iat"), numeric_date(payload, "exp")
    return VerifiedStatusList(issuer, ("revocation",), bits, issued, until, is_token=True)


def _age(valid_from: datetime | None, at: datetime) -> str:
    if valid_from is None:
        return "a list without a date"
    hours = (at - valid_from).total_seconds() / 3600
    return f"list of {format_instant(valid_from)}, {max(hours, 0.0):.1f} hours old"
