"""Issuing: validated units -> credential bytes -> signature -> status index -> store.

One batch, one transaction: either every battery of it has its passport, or none. What differs from
battery to battery is filled into bytes that were written once for the batch; the bytes that are signed
are the bytes that are stored, and nothing rebuilds them.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import uuid4

import orjson

from passports.attributes.table import DEFAULT_PROFILE
from passports.batches import Batch, BatchCreate, BatteryUnit, get_batch, newest_passports
from passports.certification.citations import record_citations
from passports.credential import MARKS, credential_with_marks, mark
from passports.errors import IdentifierConflictError
from passports.factories import get_facility
from passports.identifiers import PublicAddress, UniqueProductIdentifier
from passports.keyring import Keyring
from passports.log import LogSigners, append
from passports.models import BatteryModel, get_model
from passports.operators import EconomicOperator, get_operator
from passports.status_lists import allocate_indices
from passports.store import BatchRow, Store, Transaction
from passports.validate import check_batch
from signing.credentials import CredentialSigner
from signing.transparency_log import log_entry

CHUNK: Final = 1000  # rows in one insert statement
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class IssuedPassport:
    """What the manufacturer gets back for one battery."""

    id: str
    serial: str
    link: str

    def to_document(self) -> dict[str, str]:
        """Return it as plain JSON data."""
        return {"id": self.id, "serial": self.serial, "link": self.link}


@dataclass(frozen=True)
class IssuedBatch:
    """A batch and its passports; `created` is False where the same batch had been issued before."""

    batch: Batch
    passports: Sequence[IssuedPassport]
    created: bool


class CredentialTemplate:
    """The JSON of a credential with gaps, cut into pieces between which values are filled in."""

    def __init__(self, credential: Mapping[str, Any]) -> None:
        text = orjson.dumps(credential)
        pieces: list[bytes] = []
        names: list[str] = []
        while True:
            found = [(text.find(_mark_json(name)), name) for name in MARKS]
            position, name = min(((p, n) for p, n in found if p >= 0), default=(-1, ""))
            if position < 0:
                break
            pieces.append(text[:position])
            names.append(name)
            text = text[position + len(_mark_json(name)) :]
        self._pieces = pieces
        self._names = names
        self._tail = text

    def fill(self, values: Mapping[str, str]) -> bytes:
        """Return the JSON with the values in their places, escaped as JSON asks."""
        escaped = {name: orjson.dumps(value)[1:-1] for name, value in values.items()}
        parts = [
            part
            for piece, name in zip(self._pieces, self._names, strict=True)
            for part in (piece, escaped[name])
        ]
        return b"".join([*parts, self._tail])


def _mark_json(name: str) -> bytes:
    return orjson.dumps(mark(name))[1:-1]


def check_only(store: Store, operator_id: str, request: BatchCreate, now: datetime) -> None:
    """Run the gates of issuing and issue nothing.

    Raises:
        InvalidBatchError: exactly as `issue_batch` would.
        IdentifierConflictError: exactly as `issue_batch` would.
        RecordNotFoundError: exactly as `issue_batch` would.
    """
    with store.reading() as reading:
        if not _was_issued(reading, operator_id, request):
            pass_gates(reading, operator_id, request, now)


def pass_gates(
    transaction: Transaction, operator_id: str, request: BatchCreate, now: datetime
) -> tuple[EconomicOperator, BatteryModel]:
    """Let new units through, for a dry run and for issuing alike.

    Raises:
        InvalidBatchError: a gate of issuing refuses them.
        RecordNotFoundError: model, facility or responsible operator is not registered.
    """
    operator = get_operator(transaction, operator_id)
    model = get_model(transaction, operator_id, request.model_id)
    get_facility(transaction, operator_id, request.facility_id)
    if request.responsible_operator_id is not None:
        get_operator(transaction, request.responsible_operator_id)
    check_batch(transaction, operator, model, request, now)
    return operator, model


def issue_batch(
    store: Store,
    keyring: Keyring,
    address: PublicAddress,
    operator_id: str,
    request: BatchCreate,
    now: datetime,
    progress: Progress = lambda _done, _all: None,
    acting_id: str | None = None,
) -> IssuedBatch:
    """Issue one signed passport for each battery of a batch, all or none.

    The same request again returns the passports that are there and creates nothing. `acting_id` is
    who acts for the operator by its written authorisation.

    Raises:
        InvalidBatchError: a gate of issuing refuses the batch.
        IdentifierConflictError: another batch has this identifier.
        RecordNotFoundError: model, facility or responsible operator is not registered.
        KeyUnavailableError: the operator's signing key cannot be opened.
    """
    with store.transaction() as transaction:
        # One batch of an operator at a time: of two with the same serials, the second sees the first.
        transaction.operators.lock(operator_id)
        if _was_issued(transaction, operator_id, request):
            return _issued_before(transaction, address, operator_id, request.id)
        operator, model = pass_gates(transaction, operator_id, request, now)
        batch = record_batch(transaction, operator_id, request, now, acting_id)
        record_citations(transaction, batch, now)
        part = BatchPart(operator, model, batch, request.manufactured_on, request.units)
        passports = issue_part(transaction, keyring, address, part, progress)
    return IssuedBatch(batch, passports, created=True)


@dataclass(frozen=True)
class BatchPart:
    """Units of a batch that passed the gates together, and what they have in common.

    `batch` says what their credentials say of it: its days are those of these units.
    """

    operator: EconomicOperator
    model: BatteryModel
    batch: Batch
    default_day: date
    units: Sequence[BatteryUnit]


def issue_part(
    transaction: Transaction,
    keyring: Keyring,
    address: PublicAddress,
    part: BatchPart,
    progress: Progress = lambda _done, _all: None,
) -> list[IssuedPassport]:
    """Sign and store the passports of units that passed the gates in this transaction.

    Raises:
        KeyUnavailableError: the operator's signing key cannot be opened.
    """
    batch = part.batch
    key = keyring.current(transaction, batch.operator_id)
    signer = CredentialSigner(key, part.operator.did)
    of_operator, count, now = batch.operator_id, len(part.units), batch.issued_at
    indices = allocate_indices(transaction, signer, address, of_operator, count, now)
    refresh = allocate_indices(transaction, signer, address, of_operator, count, now, "refresh")
    suspension = allocate_indices(
        transaction, signer, address, of_operator, count, now, "suspension"
    )
    template = CredentialTemplate(
        credential_with_marks(
            transaction,
            address,
            part.operator,
            part.model,
            batch,
            (indices.list_id, refresh.list_id, suspension.list_id),
        )
    )
    printing = _Printing(
        signer,
        template,
        address,
        part.model,
        batch,
        part.default_day,
        indices.list_id,
        keyring.log_signers(address.log_origin),
    )
    places = list(zip(indices.values, refresh.values, suspension.values, strict=True))
    return _sign_and_store(transaction, printing, part.units, places, progress)


def _digest(request: BatchCreate) -> str:
    # Without what was not said: a request from before there were profiles stays the same request.
    unsaid = {"profile"} if request.profile == DEFAULT_PROFILE else None
    return hashlib.sha256(request.model_dump_json(exclude=unsaid).encode()).hexdigest()


def _was_issued(transaction: Transaction, operator_id: str, request: BatchCreate) -> bool:
    row = transaction.batches.get(operator_id, request.id)
    if row is not None and row.request_sha256 != _digest(request):
        remedy = "The batch was issued with other content; give the new one its own identifier."
        raise IdentifierConflictError("id", request.id, remedy)
    return row is not None


def _issued_before(
    transaction: Transaction, address: PublicAddress, operator_id: str, batch_id: str
) -> IssuedBatch:
    batch = get_batch(transaction, operator_id, batch_id)
    rows = newest_passports(transaction, operator_id, batch_id)
    passports = [
        IssuedPassport(
            r.id, r.serial, address.digital_link(UniqueProductIdentifier(r.gtin, r.serial))
        )
        for r in rows
    ]
    return IssuedBatch(batch, passports, created=False)


def record_batch(
    transaction: Transaction,
    operator_id: str,
    request: BatchCreate,
    now: datetime,
    acting_id: str | None = None,
) -> Batch:
    """Write down a new batch, as its passports are issued."""
    days = [unit.manufactured_on or request.manufactured_on for unit in request.units]
    batch = Batch(
        id=request.id,
        operator_id=operator_id,
        model_id=request.model_id,
        facility_id=request.facility_id,
        responsible_operator_id=request.responsible_operator_id,
        manufactured_from=min(days),
        manufactured_to=max(days),
        size=len(request.units),
        issued_at=now,
        profile=request.profile,
        acting_id=acting_id,
    )
    transaction.batches.add(
        BatchRow(
            operator_id=operator_id,
            id=batch.id,
            model_id=batch.model_id,
            facility_id=batch.facility_id,
            size=batch.size,
            request_sha256=_digest(request),
            issued_at=now,
            document=batch.model_dump_json().encode(),
        )
    )
    return batch


@dataclass(frozen=True)
class _Printing:
    """All that the units of one batch have in common while their credentials are made."""

    signer: CredentialSigner
    template: CredentialTemplate
    address: PublicAddress
    model: BatteryModel
    batch: Batch
    default_day: date
    status_list_id: str
    log: LogSigners

    def make(self, unit: BatteryUnit, places: tuple[int, int, int]) -> tuple[IssuedPassport, bytes]:
        """Fill in and sign the credential of one unit, with its places in the three status lists."""
        identifier = UniqueProductIdentifier(self.model.gtin, unit.serial)
        link = self.address.digital_link(identifier)
        passport = IssuedPassport(str(uuid4()), unit.serial, link)
        payload = self.template.fill(
            {
                "passport_id": passport.id,
                "link": passport.link,
                "serial": passport.serial,
                "manufactured_on": str(unit.manufactured_on or self.default_day),
                "status_index": str(places[0]),
                "refresh_index": str(places[1]),
                "suspension_index": str(places[2]),
            }
        )
        return passport, self.signer.sign(payload)

    def row(
        self, passport: IssuedPassport, status_index: int, credential: bytes, log_index: int
    ) -> dict[str, object]:
        """Return what the store keeps of it."""
        return {
            "operator_id": self.batch.operator_id,
            "id": passport.id,
            "version": 1,
            "gtin": self.model.gtin,
            "serial": passport.serial,
            "batch_id": self.batch.id,
            "status_list_id": self.status_list_id,
            "status_list_index": status_index,
            "log_index": log_index,
            "issued_at": self.batch.issued_at,
            "credential": credential,
            "sha256": hashlib.sha256(credential).hexdigest(),
        }


def _sign_and_store(
    transaction: Transaction,
    printing: _Printing,
    units: Sequence[BatteryUnit],
    status_places: Sequence[tuple[int, int, int]],
    progress: Progress,
) -> list[IssuedPassport]:
    issued: list[IssuedPassport] = []
    pairs = list(zip(units, status_places, strict=True))
    for start in range(0, len(pairs), CHUNK):
        made = [
            (*printing.make(unit, places), places[0])
            for unit, places in pairs[start : start + CHUNK]
        ]
        entries = [log_entry(credential) for _passport, credential, _index in made]
        first = append(transaction, printing.log, entries, printing.batch.issued_at)
        rows = [
            printing.row(passport, status_index, credential, log_index)
            for log_index, (passport, credential, status_index) in enumerate(made, start=first)
        ]
        transaction.passports.add_many(rows)
        issued += [passport for passport, _credential, _index in made]
        progress(len(issued), len(units))
    return issued
