"""Resolving: from a public URL of this server to the bytes that stand behind it.

Routes and verification read published records through here, so that what a page checks is what a
stranger would be sent. Everything that is signed is returned as it was stored.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from passports.certification.certificates import get_certificate
from passports.certification.certify import certificate_log_proof, status_document
from passports.continuity import published_here
from passports.errors import (
    EvidenceUnavailableError,
    Finding,
    PassportError,
    RecordNotFoundError,
    StoreUnavailableError,
    shorten,
)
from passports.identifiers import PublicAddress, UniqueProductIdentifier, parse_digital_link
from passports.kept_logs import proof_of
from passports.keyring import Keyring, public_key_entries
from passports.operators import get_operator
from passports.restricted import restricted_log_proof
from passports.status_lists import publish_status_list
from passports.store import PassportRow, Store
from passports.token_status import publish_token_status_list
from passports.verification.collection import CollectedEvidence, collect_evidence
from signing.credentials import decode
from signing.did_web import build_document, build_jwks
from signing.errors import SigningError

MAX_VERSION_DIGITS: Final = 9


@dataclass(frozen=True)
class StoredPassport:
    """One version of a passport, as stored."""

    id: str
    version: int
    credential: bytes
    sha256: str

    def payload(self) -> Mapping[str, Any]:
        """Return what the credential says (its signature was made here; nothing is verified)."""
        return decode(self.credential).payload

    @property
    def has_ceased(self) -> bool:
        """Whether this is the tombstone of a passport that ceased to exist (Art. 77(8))."""
        subject = self.payload()["credentialSubject"]
        return isinstance(subject, Mapping) and "ceased" in subject


def find_passport(store: Store, identifier: UniqueProductIdentifier) -> StoredPassport:
    """Return the newest passport of a battery.

    Raises:
        RecordNotFoundError: there is none under this identifier.
    """
    found = store.read_credential(identifier.gtin, identifier.serial)
    if found is None:
        remedy = "Check the link; a battery without a passport here was not issued here."
        raise RecordNotFoundError("passport", f"{identifier.gtin}/{identifier.serial}", remedy)
    return StoredPassport(*found)


def passport_by_id(store: Store, passport_id: str) -> StoredPassport:
    """Return the newest version of a passport by its identifier.

    Raises:
        RecordNotFoundError: there is none.
    """
    with store.reading() as reading:
        row = reading.passports.by_id(passport_id)
    if row is None:
        raise RecordNotFoundError("passport", passport_id)
    return _stored(row)


def version_number(text: str) -> int:
    """Read the number of a version out of an address.

    Raises:
        RecordNotFoundError: there can be no version of this number.
    """
    # So many digits as a column of the database holds.
    if not (text.isascii() and text.isdigit()) or len(text) > MAX_VERSION_DIGITS:
        raise RecordNotFoundError("version of a passport", text)
    return int(text)


def printed_link(
    store: Store,
    address: PublicAddress,
    identifier: UniqueProductIdentifier,
    stored: StoredPassport,
) -> str:
    """Return the link on a battery's label: below this server's address, or the one it is kept from."""
    signed = str(stored.payload()["credentialSubject"]["id"])
    own = address.digital_link(identifier)
    return signed if signed != own and published_here(store, signed) else own


def _stored(row: PassportRow) -> StoredPassport:
    return StoredPassport(row.id, row.version, row.credential, row.sha256)


def did_document(store: Store, operator_id: str) -> dict[str, Any]:
    """Return an operator's DID document with all its keys, retired ones too.

    Raises:
        RecordNotFoundError: there is no such operator.
    """
    with store.reading() as reading:
        operator = get_operator(reading, operator_id)
        document: dict[str, Any] = build_document(
            operator.did, public_key_entries(reading, operator_id)
        )
    return document


def key_set(store: Store, operator_id: str) -> dict[str, Any]:
    """Return an operator's keys that are not compromised as a JSON Web Key Set (RFC 7517).

    Raises:
        RecordNotFoundError: there is no such operator.
    """
    with store.reading() as reading:
        get_operator(reading, operator_id)
        keys: dict[str, Any] = build_jwks(public_key_entries(reading, operator_id))
    return keys


def log_proof(store: Store, passport_id: str, version: int = 1) -> bytes:
    """Return the proof that a version of a passport is in the log.

    Raises:
        RecordNotFoundError: there is no such passport, or no such version of it.
    """
    with store.reading() as reading:
        row = reading.passport_versions.numbered(passport_id, version)
        if row is None:
            raise RecordNotFoundError("version of a passport", f"{passport_id}/{version}")
        return proof_of(reading, row.operator_id, row.log_index)


def study_result(store: Store, study_id: str) -> bytes:
    """Return the exact bytes of a study's result, whose hash passports cite.

    Raises:
        RecordNotFoundError: there is no such study.
    """
    with store.reading() as reading:
        row = reading.studies.by_id(study_id)
    if row is None:
        raise RecordNotFoundError("footprint study", study_id)
    return row.result


def study_inventory(store: Store, study_id: str) -> bytes:
    """Return the exact bytes of a study's inventory; confidential, for its owner and authorities.

    Raises:
        RecordNotFoundError: there is no such study.
    """
    with store.reading() as reading:
        row = reading.studies.by_id(study_id)
    if row is None:
        raise RecordNotFoundError("footprint study", study_id)
    return row.inventory


@dataclass(frozen=True)
class OwnRecords:
    """A `Fetch` that answers for this server's own URLs from the store, without any network."""

    store: Store
    keyring: Keyring
    address: PublicAddress
    now: Callable[[], datetime]

    def __call__(self, url: str, accept: str = "*/*") -> bytes:
        """Return what this server publishes under `url`.

        Raises:
            EvidenceUnavailableError: it is not one of ours, or there is nothing there.
            StoreUnavailableError: nobody can tell now.
        """
        is_own = url.startswith(self.address.base_url + "/")
        if not is_own and not published_here(self.store, url):
            raise _not_ours(url, f"it is not a URL of this server (wanted {accept})")
        try:
            return self._read(url)
        except StoreUnavailableError:
            raise
        except PassportError as error:
            raise _not_ours(url, error.message) from None
        except SigningError as error:  # a list is due to be signed anew, and its key does not open
            raise _not_ours(url, str(error)) from None

    def _read(self, url: str) -> bytes:
        parts = urlsplit(url).path.strip("/").split("/")
        match parts:
            case ["01", *_]:
                return find_passport(self.store, parse_digital_link(url)).credential
            case ["operators", operator_id, "did.json"]:
                return orjson.dumps(did_document(self.store, operator_id))
            case ["v1", "status-lists", operator_id, list_id, *form] if form in ([], ["token"]):
                publish = publish_token_status_list if form else publish_status_list
                return publish(
                    self.store, self.keyring, self.address, operator_id, list_id, self.now()
                )
            case ["v1", kind, of, *version, "log-proof"]:
                return self._log_proof(url, kind, of, version)
            case ["v1", "footprints", study_id]:
                return study_result(self.store, study_id)
            case ["v1", "certificates", certificate_id, ("status" | "document") as part]:
                return self._certificate(certificate_id, part)
        raise _not_ours(url, "nothing is published there")

    def _log_proof(self, url: str, kind: str, of: str, version: list[str]) -> bytes:
        match kind, version:
            case "passports", _:
                return log_proof(self.store, of, _version_of_proof(url, version))
            case "restricted", []:
                return restricted_log_proof(self.store, of)
            case "certificates", []:
                return certificate_log_proof(self.store, of)
        raise _not_ours(url, "nothing is published there")

    def _certificate(self, certificate_id: str, part: str) -> bytes:
        if part == "status":
            return orjson.dumps(status_document(self.store, certificate_id, self.now()))
        with self.store.reading() as reading:
            return get_certificate(reading, certificate_id)[1]


def _version_of_proof(url: str, parts: list[str]) -> int:
    match parts:
        case []:
            return 1
        case ["versions", number]:
            return version_number(number)
    raise _not_ours(url, "nothing is published there")


def _not_ours(url: str, reason: str) -> EvidenceUnavailableError:
    finding = Finding("url", shorten(url), reason, "Check the link.")
    return EvidenceUnavailableError(f"{shorten(url)} cannot be read here: {reason}", [finding])


def evidence_from_store(records: OwnRecords, credentials: list[bytes]) -> CollectedEvidence:
    """Collect all evidence that this server publishes about credentials of its own."""
    evidence = CollectedEvidence()
    for credential in credentials:
        collect_evidence(credential, records, evidence)
    return evidence
