"""Verifying a shipment's receipt: alone, in the JSON form with all rows, or inside its print (PDF).

What is signed is the summary: counts, reference, and the hashes of the list and of the rows. The rows of
the JSON form are held against their hash; of a print only the attached summary is checked, not what is
printed.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from passports.credential_type import RECEIPT_TYPE
from passports.documents import findings_of
from passports.errors import EvidenceUnavailableError, shorten
from passports.errors import Finding as Fault
from passports.verification.claims import NonEmpty, Sha256, WholeCount
from passports.verification.collection import CollectedEvidence
from signing.canonical import JsonValue, canonicalize
from signing.credentials import types_of
from signing.errors import SigningError
from signing.evidence import Evidence
from signing.report import Finding, VerificationReport
from signing.trust import TrustList
from signing.verify import DomainCheck, examine

FORMAT: Final = "voltpass-shipment/1"
# As `receipts.receipt_pdf` embeds it; base64url and full stops alone (RFC 7515, section 7.1).
_EMBEDDED: Final = re.compile(
    rb"/EmbeddedFile[^>]{0,200}>>\s{0,2}stream\r?\n(e[A-Za-z0-9_.-]{20,65536})\s?endstream"
)
_MAX_DEPTH: Final = 32  # as for whatever is verified
_TYPES: Final = frozenset({"VerifiableCredential", RECEIPT_TYPE})
_NOT_OF_A_RECEIPT: Final = Finding("not_checked", "no_check", "a receipt has no such thing")
# Whoever changes the words on the pages leaves what is attached to them as it was.
_PRINT: Final = Finding(
    "warning",
    "print_not_compared",
    "the signed part alone was checked, not what is printed: compare",
)
# What the JSON form repeats of the signed subject.
_REPEATED: Final[Mapping[str, str]] = {
    "server": "server",
    "reference": "reference",
    "checked_at": "checkedAt",
    "list_sha256": "listSha256",
    "rows_sha256": "rowsSha256",
    "counts": "counts",
}


@dataclass(frozen=True)
class HandedInReceipt:
    """A receipt as it was handed in: the signed part, and the JSON form or print if that is what it was."""

    credential: bytes
    document: Mapping[str, JsonValue] | None = None
    is_print: bool = False


def is_receipt(payload: Mapping[str, JsonValue]) -> bool:
    """Tell whether a credential says that it is a receipt, and nothing else beside."""
    return set(types_of(payload)) == _TYPES


def looks_like_receipt(data: bytes) -> bool:
    """Tell whether a file is a receipt's JSON form or print, from its bytes."""
    return (data.startswith(b"{") and f'"{FORMAT}"'.encode() in data) or (
        data.startswith(b"%PDF") and _EMBEDDED.search(data) is not None
    )


def read_receipt(data: bytes) -> HandedInReceipt:
    """Take the signed part out of a receipt's JSON form or print.

    Raises:
        EvidenceUnavailableError: there is none in it.
    """
    if data.startswith(b"%PDF"):
        found = _EMBEDDED.search(data)
        if found is not None:
            return HandedInReceipt(found[1], is_print=True)
        raise _unreadable("no signed receipt is attached to this PDF")
    try:
        # One kind of number, as for every other reader of JSON; what is signed has none beyond a double.
        document = json.loads(
            data.decode(),
            object_pairs_hook=_members,
            parse_constant=_refuse_constant,
            parse_int=float,
        )
        _refuse_depth(document)
    except (ValueError, RecursionError) as error:
        raise _unreadable(f"it is no JSON document ({error})") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise _unreadable(f"its format is not {FORMAT}")
    signed = document.get("receipt")
    if not isinstance(signed, str):
        raise _unreadable("it has no member receipt with the signed part")
    return HandedInReceipt(_scalars(signed).encode().strip(), document)


def _scalars(text: str) -> str:
    """Replace half surrogate pairs, which an escape can write, as encoders in browsers do."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _refuse_depth(document: JsonValue) -> None:
    level, depth = _containers([document]), 0
    while level:
        depth += 1
        if depth > _MAX_DEPTH:
            raise ValueError(f"more than {_MAX_DEPTH} arrays and objects within each other")
        level = _containers(
            item
            for value in level
            for item in (value.values() if isinstance(value, dict) else value)
        )


def _containers(values: Iterable[JsonValue]) -> list[dict[str, JsonValue] | list[JsonValue]]:
    return [value for value in values if isinstance(value, dict | list)]


# A receipt of 10,000 rows has 5 MB, which is beyond what `signing.canonical.parse_strict` reads. The same
# name twice is refused: another reader would see the other value.
def _members(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a name stands twice in an object")
    return members


def _refuse_constant(name: str) -> JsonValue:
    raise ValueError(f"{name} is no number")


def _unreadable(reason: str) -> EvidenceUnavailableError:
    finding = Fault("receipt", "", shorten(reason), "Take the file as the server gave it.")
    return EvidenceUnavailableError(f"the receipt: {reason}", [finding])


def verify_receipt(
    handed_in: HandedInReceipt,
    evidence: CollectedEvidence,
    trust_list: TrustList | None,
    at: datetime,
) -> VerificationReport:
    """Make the numbered steps over a receipt, in the role `platform`; never raises."""
    checks: dict[str, DomainCheck] = {
        "schema": check_schema,
        "factory_certificate": lambda _: _NOT_OF_A_RECEIPT,
        "footprint_study": lambda _: _NOT_OF_A_RECEIPT,
    }
    document = handed_in.document
    if document is not None:
        checks["identifier"] = lambda payload: check_rows(payload, document)
    elif handed_in.is_print:
        checks["identifier"] = lambda _: _PRINT
    return examine(
        handed_in.credential,
        Evidence(
            did_documents=evidence.did_documents,
            trust_list=trust_list,
            status_lists=evidence.status_lists,
            role="platform",
        ),
        at=at,
        domain_checks=checks,
    )


class _Subject(BaseModel):
    """What a receipt says; a later one may say more."""

    model_config = ConfigDict(strict=True)

    listSha256: Sha256  # noqa: N815 # the credential's own spelling
    rowsSha256: Sha256  # noqa: N815 # as above
    server: NonEmpty
    checkedAt: NonEmpty  # noqa: N815 # as above
    reference: Annotated[str, Field(max_length=100)] | None
    counts: Mapping[str, WholeCount]


def check_schema(payload: Mapping[str, JsonValue]) -> Finding:
    """Step 8: it is a receipt, with hashes and with counts that add up."""
    try:
        subject = _Subject.model_validate(payload.get("credentialSubject"))
    except ValidationError as error:
        first = findings_of(error.errors())[0]
        return Finding("failed", "schema_violated", f"{first.field}: {first.reason}")
    counts = subject.counts
    parts = ("distinct_links", "duplicates", "unreadable")
    if counts.get("rows", -1) != sum(counts.get(name, 0) for name in parts):
        return Finding("failed", "schema_violated", "counts: they do not add up to the rows")
    if not is_receipt(payload):
        return Finding("failed", "not_a_receipt", f"its type is not {RECEIPT_TYPE}")
    return Finding("passed", "schema_fits", f"the receipt of a list of {counts['rows']} rows")


def check_rows(payload: Mapping[str, JsonValue], document: Mapping[str, JsonValue]) -> Finding:
    """Step 9: the rows, and what the JSON form repeats, are those that were signed."""
    subject = payload.get("credentialSubject")
    if not isinstance(subject, dict):
        return Finding("not_checked", "schema_violated", "the receipt cannot be read, see step 8")
    try:
        digest = hashlib.sha256(canonicalize(document.get("rows"))).hexdigest()
    except SigningError as error:
        return Finding("failed", "rows_differ", str(error))
    if digest != subject.get("rowsSha256"):
        return Finding("failed", "rows_differ", "the rows are not those that were signed (SHA-256)")
    altered = [
        name
        for name, member in _REPEATED.items()
        if not _same(document.get(name), subject.get(member))
    ]
    altered += [
        name for name in ("id", "issuer") if not _same(document.get(name), payload.get(name))
    ]
    if altered:
        message = f"{', '.join(altered)}: not what was signed"
        return Finding("failed", "summary_differs", message)
    return Finding("passed", "rows_match", "rows and summary are those that were signed")


def _same(repeated: JsonValue, signed: JsonValue) -> bool:
    """Whether two values are written alike; for Python alone, true equals 1."""
    try:
        return canonicalize(repeated) == canonicalize(signed)
    except SigningError:
        return False
