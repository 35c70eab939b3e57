"""Attribute data: a model's once, a batch's once, a battery's own; every change is a new version.

A version holds all values that are given for its subject, each with who wrote it, when and in which
version. What a record already says (mass, category, place of manufacture ...) is not given again: two
statements of one fact could differ.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import Field

from passports.attributes.table import Attribute, Granularity, attributes, unknown_attribute
from passports.attributes.versions import (
    AttributeVersion,
    GivenValue,
    Subject,
    add_version,
    newest_version,
)
from passports.authority.responsibility import is_writer
from passports.documents import Document, Printable
from passports.errors import AccessDeniedError, Finding, InvalidInputError, RecordNotFoundError
from passports.identifiers import PublicAddress, check_slug
from passports.keyring import Keyring
from passports.life.lifecycle import held_to_status
from passports.models import get_model
from passports.restricted import sign_restricted
from passports.store import Store, Transaction
from signing.instants import format_instant

MAX_VALUES: Final = 500


class AttributeChange(Document):
    """Values by attribute identifier, and why they are written.

    In a change of part of them (PATCH) null takes a value away.
    """

    values: Annotated[dict[str, Any], Field(max_length=MAX_VALUES)]
    reason: Annotated[str, Field(min_length=1, max_length=500), Printable]


def find_subject(
    transaction: Transaction, operator_id: str, level: Granularity, subject_id: str
) -> Subject:
    """Return the subject that an operator may write to; its operator is the one that issued it.

    A batch need not be issued yet: what is written before, its passports carry.

    Raises:
        RecordNotFoundError: there is no such model or passport.
        AccessDeniedError: another operator is responsible for the passport.
    """
    if level is Granularity.MODEL:
        get_model(transaction, operator_id, subject_id)
    if level is Granularity.ITEM:
        row = transaction.passports.by_id(subject_id)
        if row is None:
            raise RecordNotFoundError("passport", subject_id)
        if not is_writer(transaction, row, operator_id):
            reason = "this operator is not responsible for the passport"
            remedy = "Use the key of the operator that is."
            finding = Finding("Authorization", operator_id, reason, remedy)
            raise AccessDeniedError("Only who is responsible writes to a passport.", [finding])
        return Subject(level, row.operator_id, subject_id)
    if level is Granularity.BATCH:
        _check_batch_id(subject_id)
    return Subject(level, operator_id, subject_id)


def _check_batch_id(batch_id: str) -> None:
    wrong = check_slug(batch_id, "batch")
    if wrong is not None:
        raise InvalidInputError([wrong], "the batch")


@dataclass(frozen=True)
class Writer:
    """Which operator writes, and who acts for it by its written authorisation, if another does."""

    operator_id: str
    acting_id: str | None = None


def write_attributes(
    store: Store,
    keyring: Keyring,
    address: PublicAddress,
    subject: Subject,
    request: AttributeChange,
    now: datetime,
    *,
    replace: bool,
    writer: Writer | None = None,
) -> AttributeVersion:
    """Write attribute values as a new version, and sign what of it is restricted.

    `replace` makes the given values all there are; otherwise they are merged, and null removes one.
    Values that the actor has given already make no new version. Without a `writer` the subject's
    operator writes. The version names as actor who acts for the writer, the values are the writer's.

    Raises:
        AccessDeniedError: another operator is responsible for the passport.
        InvalidInputError: an attribute is unknown, belongs elsewhere, or a value is not of its type.
        IllegalTransitionError: a battery's status is not the one of its life cycle, or its passport ended.
        KeyUnavailableError: the operator's signing key cannot be opened; nothing is written.
    """
    values = checked_values(request.values, subject.level, may_remove=not replace)
    writer = writer or Writer(subject.operator_id)
    with store.transaction() as transaction:
        transaction.operators.lock(subject.operator_id)
        if subject.level is Granularity.ITEM:
            # Still, under the lock: responsibility may have passed since the subject was found.
            find_subject(transaction, writer.operator_id, subject.level, subject.id)
            values = held_to_status(
                transaction, subject.operator_id, subject.id, values, replace=replace
            )
        writing = Writing(writer.operator_id, request.reason, now, writer.acting_id)
        before = newest_version(transaction, subject)
        version = write_version(
            transaction, keyring, address, subject, values, writing, replace=replace
        )
        if version is not None:
            return version
        if before is not None:
            return before
        # The first, and empty: it says that nothing is given.
        version = _add(transaction, subject, 1, {}, writing)
        sign_restricted(transaction, keyring, address, version)
        return version


@dataclass(frozen=True)
class Writing:
    """Who writes attribute data, why and when; `acting_id` is who does it for the actor, if another does."""

    actor_id: str
    reason: str
    at: datetime
    acting_id: str | None = None


def write_version(
    transaction: Transaction,
    keyring: Keyring,
    address: PublicAddress,
    subject: Subject,
    values: Mapping[str, Any],
    writing: Writing,
    *,
    replace: bool,
) -> AttributeVersion | None:
    """Write values that were checked as a new version in this transaction, or nothing where none differs.

    Raises:
        InvalidInputError: what is restricted is too large for a credential that verifiers take.
        KeyUnavailableError: the operator's signing key cannot be opened.
    """
    version = write_unsigned(transaction, subject, values, writing, replace=replace)
    if version is not None:
        sign_restricted(transaction, keyring, address, version)
    return version


def write_unsigned(
    transaction: Transaction,
    subject: Subject,
    values: Mapping[str, Any],
    writing: Writing,
    *,
    replace: bool,
) -> AttributeVersion | None:
    """Write checked values as a new version; the caller signs it in the same transaction, with others."""
    before = newest_version(transaction, subject)
    old = before.values if before is not None else {}
    number = before.version + 1 if before is not None else 1
    after = _applied(old, values, writing, number, replace=replace)
    if after == old:
        return None
    return _add(transaction, subject, number, after, writing)


def _add(
    transaction: Transaction,
    subject: Subject,
    number: int,
    values: Mapping[str, GivenValue],
    writing: Writing,
) -> AttributeVersion:
    actor = writing.acting_id or writing.actor_id
    version = AttributeVersion(subject, number, actor, writing.reason, writing.at, values)
    add_version(transaction, version)
    return version


def _applied(
    old: Mapping[str, GivenValue],
    new: Mapping[str, Any],
    writing: Writing,
    number: int,
    *,
    replace: bool,
) -> dict[str, GivenValue]:
    """Return the values after a change, in the table's order.

    What the actor has given already stays as it is. Another's value is given anew though it be the
    same: that nothing changes would tell what it is.
    """
    stamp = format_instant(writing.at)
    after = {} if replace else dict(old)
    for name, value in new.items():
        known = old.get(name)
        if known is None or (known.value, known.by) != (value, writing.actor_id):
            known = GivenValue(value, writing.actor_id, stamp, number)
        after[name] = known
    return {n: after[n] for n in attributes() if n in after and after[n].value is not None}


def checked_values(
    values: Mapping[str, Any], level: Granularity, *, may_remove: bool
) -> dict[str, Any]:
    """Hold values against the table: known, given by hand, of this level, of their type.

    Raises:
        InvalidInputError: with a finding for everything that is wrong.
    """
    findings: list[Finding] = []
    read: dict[str, Any] = {}
    for name, value in values.items():
        attribute = attributes().get(name)
        field = f"values.{name}"
        if attribute is None:
            findings.append(unknown_attribute(name, "values"))
            continue
        misplaced = _misplaced(attribute, level, field)
        if misplaced is not None:
            findings.append(misplaced)
        elif value is None and may_remove:
            read[name] = None
        else:
            read[name], wrong = attribute.value_type.read(value, field)
            findings += wrong
    if findings:
        raise InvalidInputError(findings, "the attribute data")
    return read


_WRITTEN_AT: Final = {
    Granularity.MODEL: "voltpass passport set model, or PUT /v1/battery-models/{id}/attributes",
    Granularity.BATCH: "voltpass passport set batch, or PUT /v1/batches/{id}/attributes",
    Granularity.ITEM: "voltpass passport set item, or PUT /v1/passports/{id}/attributes",
}


def _misplaced(attribute: Attribute, level: Granularity, field: str) -> Finding | None:
    if not attribute.is_given:
        reason = "it is read from the records, and not given a second time"
        return Finding(field, "", reason, "Register the right record instead.")
    if attribute.granularity is not level:
        reason = (
            f"it is an attribute of the {attribute.granularity.value}, not of the {level.value}"
        )
        remedy = f"Give it by {_WRITTEN_AT[attribute.granularity]}."
        return Finding(field, "", reason, remedy)
    return None
