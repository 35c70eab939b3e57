"""Creating a passport by EN 18222, 4.6: one battery of a registered model, from a registered factory.

The document is mapped onto a batch of one battery, and passes the gates of issuing. What cannot be mapped
is refused, never dropped: what the records say already may come along and has to be equal to it. All in one
transaction: where the signed passport would say anything else than the document, there is no passport.
"""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from passports.access import is_restricted
from passports.attributes.data import Writing, checked_values, write_version
from passports.attributes.sources import SOURCES
from passports.attributes.table import Attribute, Granularity, attributes
from passports.attributes.versions import Subject, newest_version
from passports.batches import BatchCreate
from passports.certification.citations import record_citations
from passports.credential import category_of
from passports.documents import RuleError, read_day, read_document
from passports.dpp.authoring import Authoring
from passports.dpp.document import LINKS
from passports.dpp.header import ReadHeader, read_header
from passports.dpp.identifiers import dpp_id
from passports.dpp.parts import Parts, read_parts
from passports.errors import (
    Finding,
    IdentifierConflictError,
    InvalidBatchError,
    InvalidInputError,
    shorten,
)
from passports.issue import BatchPart, IssuedPassport, issue_part, pass_gates, record_batch
from passports.life.version_making import payload_of
from passports.models import BatteryModel
from passports.operators import EconomicOperator
from passports.store import Transaction

_DAY: Final = "manufacturing_date"
_BATCH: Final = "batch_id"
_DIGEST_LENGTH: Final = 24


class Creating(Authoring):
    """Issuing passports by their documents, in the name of an author."""

    def create(self, document: Mapping[str, Any]) -> str:
        """CreateDPP (EN 18222, 4.6): issue one battery's passport; returns its identifier.

        Raises:
            InvalidInputError: a part is missing, unknown, not of its type, or the records say otherwise.
            InvalidBatchError: a gate of issuing refuses the battery.
            IdentifierConflictError: the battery has a passport, or the batch was issued.
            KeyUnavailableError: the operator's signing key cannot be opened; nothing is issued.
        """
        parts = read_parts(document, self.representation)
        _check_unlinked(parts)
        with self.store.transaction() as transaction:
            transaction.operators.lock(self.actor.id)
            header = read_header(transaction, self.address, self.actor, parts.header)
            _check_free(transaction, header)
            request = _batch(header, parts)
            given = _given_values(parts)
            passport = self._issue(transaction, request, given)
            _check_said(transaction, passport, header, parts)
        return dpp_id(passport.id)

    def _issue(
        self,
        transaction: Transaction,
        request: BatchCreate,
        given: Mapping[Granularity, Mapping[str, Any]],
    ) -> IssuedPassport:
        operator, model = _through_gates(transaction, self.actor.id, request, self.now)
        self._write(transaction, Subject(Granularity.BATCH, operator.id, request.id), given)
        batch = record_batch(transaction, operator.id, request, self.now, self.acting_id)
        record_citations(transaction, batch, self.now)
        part = BatchPart(operator, model, batch, request.manufactured_on, request.units)
        [passport] = issue_part(transaction, self.keyring, self.address, part)
        self._write(transaction, Subject(Granularity.ITEM, operator.id, passport.id), given)
        return passport

    def _write(
        self,
        transaction: Transaction,
        subject: Subject,
        given: Mapping[Granularity, Mapping[str, Any]],
    ) -> None:
        values = given[subject.level]
        writing = Writing(self.actor.id, self.reason, self.now, self.acting_id)
        keyring, address = self.keyring, self.address
        if values:
            write_version(transaction, keyring, address, subject, values, writing, replace=False)


def _check_unlinked(parts: Parts) -> None:
    reason = "a passport is linked to the one before when that one is told of it"
    remedy = "Create it, then name it with POST /v1/passports/{id}/life-cycle of the one before."
    findings = [Finding(name, "", reason, remedy) for name in LINKS if name in parts.elements]
    if findings:
        raise InvalidInputError(findings, "the passport")


def _check_free(transaction: Transaction, header: ReadHeader) -> None:
    if transaction.passports.newest(header.product.gtin, header.product.serial) is not None:
        remedy = "The battery has a passport; read it, or number the battery anew."
        raise IdentifierConflictError("uniqueProductIdentifier", header.link, remedy)


def _batch(header: ReadHeader, parts: Parts) -> BatchCreate:
    """Return the batch of one battery that the document describes.

    Without a batch of its own the battery is one; its identifier follows from the product's.
    """
    digest = hashlib.sha256(header.link.encode()).hexdigest()[:_DIGEST_LENGTH]
    document = {
        "id": parts.elements.get(_BATCH, f"dpp-{digest}"),
        "model_id": header.model.id,
        "facility_id": header.facility_id,
        "responsible_operator_id": header.responsible_id,
        "manufactured_on": _day(parts.elements.get(_DAY)),
        "units": [{"serial": header.product.serial}],
        **({"profile": header.profile} if header.profile is not None else {}),
    }
    try:
        return read_document(BatchCreate, document, "the passport")
    except InvalidInputError as error:
        raise InvalidInputError(list(_renamed(error)), "the passport") from None


def _day(value: object) -> str:
    try:
        return read_day(value).isoformat()
    except RuleError:
        reason = "the day of manufacture is signed, so that the month alone does not do"
        finding = Finding(_DAY, shorten(value or ""), reason, "Write it as YYYY-MM-DD.")
        raise InvalidInputError([finding], "the passport") from None


# What a batch calls its parts, and what the document called them.
_NAMES: Final[Mapping[str, str]] = {
    "id": _BATCH,
    "model_id": "uniqueProductIdentifier",
    "facility_id": "facilityId",
    "responsible_operator_id": "economicOperatorId",
    "manufactured_on": _DAY,
    "serial": "uniqueProductIdentifier",
    "profile": "contentSpecificationIds",
}


def _renamed(error: InvalidInputError) -> Iterator[Finding]:
    for finding in error.findings:
        name = finding.field.rpartition(".")[2]
        yield Finding(
            _NAMES.get(name, finding.field), finding.value, finding.reason, finding.remedy
        )


def _through_gates(
    transaction: Transaction, operator_id: str, request: BatchCreate, now: datetime
) -> tuple[EconomicOperator, BatteryModel]:
    if transaction.batches.get(operator_id, request.id) is not None:
        remedy = "A batch is issued whole; give this battery a batch_id of its own, or none."
        raise IdentifierConflictError(_BATCH, request.id, remedy)
    try:
        return pass_gates(transaction, operator_id, request, now)
    except InvalidBatchError as error:
        raise InvalidBatchError(list(_renamed(error)), "the passport") from None


def _given_values(parts: Parts) -> dict[Granularity, dict[str, Any]]:
    """Return the values that the document gives for the batch and the battery, checked, by level.

    Raises:
        InvalidInputError: with a finding for each that is not of its type.
    """
    found: dict[Granularity, dict[str, Any]] = {}
    findings: list[Finding] = []
    for level in (Granularity.BATCH, Granularity.ITEM):
        values = {
            name: value
            for name, value in parts.elements.items()
            if attributes()[name].is_given and attributes()[name].granularity is level
        }
        try:
            found[level] = checked_values(values, level, may_remove=False)
        except InvalidInputError as error:
            for f in error.findings:
                name = f.field.removeprefix("values.")
                findings.append(Finding(name, f.value, f.reason, f.remedy))
    if findings:
        raise InvalidInputError(findings, "the passport")
    return found


def _check_said(
    transaction: Transaction, passport: IssuedPassport, header: ReadHeader, parts: Parts
) -> None:
    """Hold what the document says of model and records against what was signed.

    Raises:
        InvalidInputError: with a finding for each difference; nothing is issued then.
    """
    row = transaction.passports.by_id(passport.id)
    payload = payload_of(row) if row is not None else {}
    facts = {**payload["credentialSubject"], "passportId": payload["id"]}
    subject = Subject(Granularity.MODEL, header.model.operator_id, header.model.id)
    version = newest_version(transaction, subject)
    of_model = {n: g.value for n, g in version.values.items()} if version is not None else {}
    findings = []
    for name, value in parts.elements.items():
        attribute = attributes()[name]
        if name == _DAY or (attribute.is_given and attribute.granularity is not Granularity.MODEL):
            continue
        known = of_model.get(name) if attribute.is_given else SOURCES[attribute.record](facts)
        if value != known:
            findings.append(_differs(attribute, value, known))
    if header.category not in {None, category_of(header.model)}:
        reason = f"the model's category is {category_of(header.model)}"
        remedy = "Name the specification of that category."
        findings.append(Finding("contentSpecificationIds", str(header.category), reason, remedy))
    if findings:
        raise InvalidInputError(findings, "the passport")


def _differs(attribute: Attribute, value: object, known: object) -> Finding:
    if attribute.is_given:
        remedy = "Write it with PATCH /v1/battery-models/{model}/attributes first, or leave it out."
    else:
        remedy = "Register the right record first, or leave it out."
    if known is None:
        reason = "no record says so"
    else:  # what is restricted stands in no error
        reason = (
            f"the records here say {'otherwise' if is_restricted(attribute) else shorten(known)}"
        )
    return Finding(attribute.id, shorten(value), reason, remedy)
