"""Making a version of a passport inside a transaction: credential, log leaf, status bits, change.

Nothing is rebuilt that was not changed: the next credential says what the last one said, and what is
different. All versions of a passport have one revocation bit; each has a refresh bit of its own.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from passports.credential import status_claim
from passports.identifiers import PublicAddress
from passports.keyring import Keyring
from passports.life.version_documents import (
    PUBLIC_KINDS,
    ChangeKind,
    PassportChange,
    change_document,
)
from passports.log import append
from passports.operators import EconomicOperator
from passports.status_lists import allocate_indices, set_status
from passports.store import PassportChangeRow, PassportRow, Transaction
from signing.credentials import CredentialSigner, decode, issuer_of
from signing.instants import format_instant
from signing.transparency_log import log_entry

STATEMENT: Final = "versionStatement"
_OF_VERSION: Final = frozenset({"passportVersion", STATEMENT})


@dataclass(frozen=True)
class Making:
    """What is needed to make versions in one transaction, and who makes them when.

    `acting_id` is who acts for the actor by its written authorisation; not for the public.
    """

    transaction: Transaction
    keyring: Keyring
    address: PublicAddress
    actor: EconomicOperator
    now: datetime
    acting_id: str | None = None


def payload_of(row: PassportRow) -> dict[str, Any]:
    """Return what a version says (it was signed here; nothing is verified)."""
    return dict(decode(row.credential).payload)


def content_of(subject: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a credential's subject says, without what says which version it is."""
    return {name: value for name, value in subject.items() if name not in _OF_VERSION}


def status_places(payload: Mapping[str, Any]) -> dict[str, tuple[str, str, int]]:
    """Return (operator, list, index) of a credential's status bits by purpose.

    The first passports were issued with a single entry, for revocation.
    """
    status = payload["credentialStatus"]
    places = {}
    for entry in status if isinstance(status, list) else [status]:
        _path, operator_id, list_id = entry["statusListCredential"].rsplit("/", 2)
        places[entry["statusPurpose"]] = (operator_id, list_id, int(entry["statusListIndex"]))
    return places


def make_version(
    making: Making,
    row: PassportRow,
    content: Mapping[str, Any],
    change: PassportChange,
    kind: ChangeKind,
    life_cycle_status: str,
) -> PassportRow:
    """Sign and store the version after `row`, and mark `row` as superseded.

    Raises:
        KeyUnavailableError: the issuing operator's key cannot be opened.
    """
    # Versions follow each other in time, whatever the clock says.
    at = max(making.now, row.issued_at)
    document = change_document(making.actor.id, kind, change, making.acting_id)
    digest = hashlib.sha256(document).hexdigest()
    statement = {
        "previousSha256": row.sha256,
        "kind": PUBLIC_KINDS[kind].value,
        "actor": making.actor.id,
        "at": format_instant(at),
        "changeSha256": digest,
    }
    subject = {**content, "passportVersion": row.version + 1, STATEMENT: statement}
    credential = _sign(making, row, subject, at)
    [entry] = [log_entry(credential)]
    log = making.keyring.log_signers(making.address.log_origin)
    log_index = append(making.transaction, log, [entry], at)
    after = _row(row, credential, log_index, at)
    making.transaction.passports.add(after)
    making.transaction.passport_changes.add(
        PassportChangeRow(
            operator_id=row.operator_id,
            passport_id=row.id,
            version=after.version,
            actor_id=making.actor.id,
            kind=kind.value,
            life_cycle_status=life_cycle_status,
            recorded_at=at,
            document=document,
            sha256=digest,
        )
    )
    return after


def _sign(making: Making, row: PassportRow, subject: Mapping[str, Any], at: datetime) -> bytes:
    before = payload_of(row)
    key = making.keyring.current(making.transaction, row.operator_id)
    signer = CredentialSigner(key, str(issuer_of(before)))
    payload = {
        **before,
        "validFrom": format_instant(at),
        "credentialStatus": _status(making, row, before, signer, at),
        "transparencyLog": {
            **before["transparencyLog"],
            "proof": making.address.log_proof(row.id, row.version + 1),
        },
        "credentialSubject": dict(subject),
    }
    return signer.sign(orjson.dumps(payload))


def _status(
    making: Making,
    row: PassportRow,
    before: Mapping[str, Any],
    signer: CredentialSigner,
    at: datetime,
) -> list[dict[str, str]]:
    """Keep the revocation bit, set the old version's refresh bit, and give the new one a bit of its own."""
    transaction, address = making.transaction, making.address
    superseded = status_places(before).get("refresh")
    fresh = allocate_indices(transaction, signer, address, row.operator_id, 1, at, "refresh")
    if superseded is not None:
        set_status(
            transaction, making.keyring, address, row.operator_id, superseded[1:], to=True, now=at
        )
    places = (
        ("revocation", row.status_list_id, row.status_list_index),
        ("refresh", fresh.list_id, fresh.values[0]),
    )
    return [
        status_claim(address.status_list(row.operator_id, list_id), purpose, str(index))
        for purpose, list_id, index in places
    ]


def _row(before: PassportRow, credential: bytes, log_index: int, at: datetime) -> PassportRow:
    return PassportRow(
        operator_id=before.operator_id,
        id=before.id,
        version=before.version + 1,
        gtin=before.gtin,
        serial=before.serial,
        batch_id=before.batch_id,
        status_list_id=before.status_list_id,
        status_list_index=before.status_list_index,
        log_index=log_index,
        issued_at=at,
        credential=credential,
        sha256=hashlib.sha256(credential).hexdigest(),
    )
