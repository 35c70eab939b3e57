"""What goes to the EU registry: one request a passport version, at most so many in a file.

The only place that knows the field names and the limits. The Commission publishes a user guide (1.03,
16 September 2026) and templates behind a login; its interface for machines is announced there, not
published. The names are those of RegisterProductDPP (EN 18222, 5.2) until a published template says
otherwise. Every value is read from the signed, public passport: a restricted one cannot get in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from passports.errors import Finding, shorten
from passports.store import PassportRow
from signing.credentials import decode

PRODUCT_GROUP: Final = "batteries"


@dataclass(frozen=True)
class RegistryRules:
    """What the guide in force asks; limits changed between its versions, so they stand here together.

    Attributes:
        guide: Which version of the user guide these are from.
        entries_a_file: How many requests a file may hold; one invalid request rejects the whole file.
        proof_days: How long a proof can be downloaded (Implementing Regulation (EU) 2026/1778, Art. 9).
        identifier_max_length: Longest identifier; None leaves it to the registry to refuse (guide 1.0
            said 50 characters; a later one forty times as many).
    """

    guide: str = "DPP Registry User Guide for Economic Operators 1.03"
    entries_a_file: int = 100
    proof_days: int = 90
    identifier_max_length: int | None = None


RULES: Final = RegistryRules()


@dataclass(frozen=True)
class RegistryEntry:
    """One version of one passport as the registry is told of it."""

    passport_id: str
    version: int
    identifier: str
    model_identifier: str
    batch_identifier: str
    operator_identifier: str
    operator_id: str
    sha256: str
    previous_registration: str | None = None

    def to_document(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        document = {
            "uniqueProductIdentifier": self.identifier,
            "digitalProductPassportId": f"urn:uuid:{self.passport_id}",
            "granularity": "item",
            "modelIdentifier": self.model_identifier,
            "batchIdentifier": self.batch_identifier,
            "uniqueEconomicOperatorIdentifier": self.operator_identifier,
            "dppVersion": self.version,
            "dppVersionHash": self.sha256,
        }
        if self.previous_registration is not None:
            document["previousRegistrationId"] = self.previous_registration
        return document


def entry_of(row: PassportRow, previous_registration: str | None = None) -> RegistryEntry:
    """Read off a signed passport what the registry is told of it."""
    subject: Mapping[str, Any] = decode(row.credential).payload["credentialSubject"]  # type: ignore[assignment] # we signed it
    link = str(subject["id"])
    responsible: Mapping[str, Any] = subject["responsibleOperator"]
    return RegistryEntry(
        passport_id=row.id,
        version=row.version,
        identifier=link,
        model_identifier=link.partition("/21/")[0],
        batch_identifier=str(subject["batch"]),
        operator_identifier=str(responsible.get("gln") or responsible["did"]),
        operator_id=str(responsible["id"]),
        sha256=row.sha256,
        previous_registration=previous_registration,
    )


def identifier_fault(identifier: str, rules: RegistryRules = RULES) -> Finding | None:
    """Return why the registry would not take an identifier, or None."""
    if urlsplit(identifier).scheme != "https":
        reason = "the registry takes https identifiers only"
        remedy = "It was issued under an http address; issue under VOLTPASS_PUBLIC_URL=https://…"
        return Finding("identifier", shorten(identifier), reason, remedy)
    longest = rules.identifier_max_length
    if longest is not None and len(identifier) > longest:
        reason = f"it has {len(identifier)} characters, the registry takes {longest}"
        return Finding("identifier", shorten(identifier), reason, "Use a shorter host name.")
    return None


def write_file(submission_id: str, entries: Sequence[RegistryEntry]) -> bytes:
    """Write a file of requests; the same entries give the same bytes."""
    document = {
        "fileName": file_name(submission_id),
        "productGroup": PRODUCT_GROUP,
        "requests": [entry.to_document() for entry in entries],
    }
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def file_name(submission_id: str) -> str:
    """Return the file's name: letters, digits, dot, underscore and hyphen only, as the guide asks."""
    return f"voltpass-{submission_id}.json"
