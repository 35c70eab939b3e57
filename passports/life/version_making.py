"""Making versions of passports inside a transaction: credential, log leaf, status bits, change.

Nothing is rebuilt that was not changed: the next credential says what the last one said, and what is
different. All versions of a passport share the bits for revocation and suspension; each has a refresh bit.
"""

import hashlib
from collections.abc import Mapping, Sequence
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
from passports.status_lists import allocate_indices, set_statuses
from passports.store import PassportRow, Transaction
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


@dataclass(frozen=True)
class VersionDraft:
    """What the version after a passport's newest one is to say.

    Attributes:
        row: The newest version.
        before: What that one says, as `payload_of` gives it.
        content: The subject of the next one, without what says which version it is.
        life_cycle_status: The battery's status from then on.
    """

    row: PassportRow
    before: Mapping[str, Any]
    content: Mapping[str, Any]
    change: PassportChange
    kind: ChangeKind
    life_cycle_status: str


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
    draft = VersionDraft(row, payload_of(row), content, change, kind, life_cycle_status)
    [after] = make_versions(making, [draft])
    return after


def make_versions(making: Making, drafts: Sequence[VersionDraft]) -> list[PassportRow]:
    """Sign and store the versions after those of some passports of one operator, and mark these superseded.

    Together: their leaves go into the log in a row, their bits into lists that are signed once.

    Raises:
        KeyUnavailableError: the issuing operator's key cannot be opened.
    """
    if not drafts:
        return []
    # Versions follow each other in time, whatever the clock says.
    instants = [max(making.now, draft.row.issued_at) for draft in drafts]
    documents = [
        change_document(making.actor.id, draft.kind, draft.change, making.acting_id)
        for draft in drafts
    ]
    credentials = _sign(making, drafts, documents, instants)
    entries = [log_entry(credential) for credential in credentials]
    log = making.keyring.log_signers(making.address.log_origin)
    first = append(making.transaction, log, entries, max(instants))
    rows = [
        _row(draft.row, credential, first + place, at)
        for place, (draft, credential, at) in enumerate(
            zip(drafts, credentials, instants, strict=True)
        )
    ]
    making.transaction.passports.add_many([row.model_dump() for row in rows])
    making.transaction.passport_changes.add_many(
        [
            _change(making, draft, row, document)
            for draft, row, document in zip(drafts, rows, documents, strict=True)
        ]
    )
    return rows


def _change(
    making: Making, draft: VersionDraft, after: PassportRow, document: bytes
) -> dict[str, object]:
    return {
        "operator_id": after.operator_id,
        "passport_id": after.id,
        "version": after.version,
        "actor_id": making.actor.id,
        "kind": draft.kind.value,
        "life_cycle_status": draft.life_cycle_status,
        "recorded_at": after.issued_at,
        "document": document,
        "sha256": hashlib.sha256(document).hexdigest(),
    }


def _sign(
    making: Making,
    drafts: Sequence[VersionDraft],
    documents: Sequence[bytes],
    instants: Sequence[datetime],
) -> list[bytes]:
    [operator_id] = {draft.row.operator_id for draft in drafts}
    key = making.keyring.current(making.transaction, operator_id)
    issuers = [str(issuer_of(draft.before)) for draft in drafts]
    signers = {issuer: CredentialSigner(key, issuer) for issuer in issuers}
    statuses = _statuses(making, drafts, signers[issuers[0]], max(instants))
    credentials = []
    for place, (draft, at) in enumerate(zip(drafts, instants, strict=True)):
        row, before = draft.row, draft.before
        statement = {
            "previousSha256": row.sha256,
            "kind": PUBLIC_KINDS[draft.kind].value,
            "actor": making.actor.id,
            "at": format_instant(at),
            "changeSha256": hashlib.sha256(documents[place]).hexdigest(),
        }
        payload = {
            **before,
            "issuer": {**before["issuer"], "name": draft.content["manufacturer"]["name"]},
            "validFrom": format_instant(at),
            "credentialStatus": statuses[place],
            "transparencyLog": {
                **before["transparencyLog"],
                "proof": making.address.log_proof(row.id, row.version + 1),
            },
            "credentialSubject": {
                **draft.content,
                "passportVersion": row.version + 1,
                STATEMENT: statement,
            },
        }
        credentials.append(signers[issuers[place]].sign(orjson.dumps(payload)))
    return credentials


def _statuses(
    making: Making, drafts: Sequence[VersionDraft], signer: CredentialSigner, at: datetime
) -> list[list[dict[str, str]]]:
    """Keep revocation and suspension bits, set the old versions' refresh bits, and give out new ones.

    Passports that were signed before there was an entry for suspension get one with their next version.
    """
    transaction, address = making.transaction, making.address
    operator_id = drafts[0].row.operator_id
    fresh = allocate_indices(transaction, signer, address, operator_id, len(drafts), at, "refresh")
    superseded = [status_places(draft.before).get("refresh") for draft in drafts]
    old = [place[1:] for place in superseded if place is not None]
    set_statuses(transaction, making.keyring, address, operator_id, old, to=True, now=at)
    suspensions = _suspensions(making, drafts, signer, at)
    lists: dict[str, str] = {}

    def claim(list_id: str, purpose: str, index: int) -> dict[str, str]:
        if list_id not in lists:
            lists[list_id] = address.status_list(operator_id, list_id)
        return status_claim(lists[list_id], purpose, str(index))

    return [
        [
            claim(draft.row.status_list_id, "revocation", draft.row.status_list_index),
            claim(fresh.list_id, "refresh", index),
            claim(suspension[0], "suspension", suspension[1]),
        ]
        for draft, index, suspension in zip(drafts, fresh.values, suspensions, strict=True)
    ]


def _suspensions(
    making: Making, drafts: Sequence[VersionDraft], signer: CredentialSigner, at: datetime
) -> list[tuple[str, int]]:
    """Return where (list, index) the suspension of each passport stands."""
    known = [status_places(draft.before).get("suspension") for draft in drafts]
    missing, operator_id = known.count(None), drafts[0].row.operator_id
    places = [place[1:] for place in known if place is not None]
    if not missing:
        return places
    fresh = allocate_indices(
        making.transaction, signer, making.address, operator_id, missing, at, "suspension"
    )
    free = iter(fresh.values)
    return [(fresh.list_id, next(free)) if place is None else place[1:] for place in known]


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
