"""What `fsck` holds records against that are not signed themselves: what signed passports say.

Of operators each version of their data counts: a passport says what its maker was called at that time.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from passports.batches import Batch
from passports.credential import model_claims, operator_claims
from passports.factories import get_facility
from passports.fsck.faults import Found, Reason, reason_of
from passports.fsck.rows import all_rows, is_kept
from passports.life.version_making import payload_of
from passports.models import get_model
from passports.operators import EconomicOperator
from passports.plurals import are, counted
from passports.store import (
    BatchRow,
    OneView,
    OperatorRow,
    OperatorVersionRow,
    PassportRow,
    Transaction,
)

Claims = Mapping[str, Any]


@dataclass
class _Said:
    """What the signed passports of a batch say of it: distinct claims, and the days and times."""

    subjects: dict[str, list[Claims]] = field(default_factory=dict)
    days: set[str] = field(default_factory=set)
    instants: set[datetime] = field(default_factory=set)
    count: int = 0

    def add(self, row: PassportRow, subject: Claims) -> None:
        """Note what a version says; only first versions count for size and time."""
        for member in ("model", "manufacturer", "manufacturingFacility", "responsibleOperator"):
            claims = subject.get(member)
            if isinstance(claims, Mapping) and claims not in self.subjects.setdefault(member, []):
                self.subjects[member].append(claims)
        if row.version == 1:
            self.count += 1
            self.days.add(str(subject.get("manufacturedOn")))
            self.instants.add(row.issued_at)


def check_said(store: OneView, *, is_part: bool) -> Iterator[Found]:
    """Yield for each batch whether model, factory, operators and batch are what its passports say."""
    with store.reading() as reading:
        said: dict[tuple[str, str], _Said] = {}
        for row in all_rows(reading, PassportRow):
            try:
                subject = payload_of(row)["credentialSubject"]
                said.setdefault((row.operator_id, row.batch_id), _Said()).add(row, subject)
            except Exception:  # noqa: BLE001, S112 # its own walk says what is wrong with it
                continue
        operators = _operators(reading)
        for batch in all_rows(reading, BatchRow):
            passports = said.get((batch.operator_id, batch.id), _Said())
            # In what is kept for another, others' names are names at its server, and some may be left out.
            is_foreign = is_kept(reading, batch.operator_id)
            named = operators
            if is_foreign:
                named = {batch.operator_id: operators.get(batch.operator_id, [])}
            reason = reason_of(
                lambda: _batch(reading, batch, passports, named, is_part=is_part or is_foreign)  # noqa: B023 # called at once
            )
            name = f"{batch.operator_id}/{batch.id}"
            yield None if reason is None else ("batch", name, reason)


def _operators(reading: Transaction) -> Mapping[str, Sequence[Claims]]:
    """Return what could be said of each operator: its data now, and all earlier versions of them."""
    found: dict[str, list[Claims]] = {}
    documents = [(row.id, row.document) for row in all_rows(reading, OperatorRow)]
    documents += [(row.operator_id, row.document) for row in all_rows(reading, OperatorVersionRow)]
    for operator_id, document in documents:
        try:
            claims = operator_claims(EconomicOperator.model_validate_json(document))
        except ValueError:
            continue  # `columns` names it
        found.setdefault(operator_id, []).append(claims)
    return found


def _batch(
    reading: Transaction,
    row: BatchRow,
    said: _Said,
    operators: Mapping[str, Sequence[Claims]],
    *,
    is_part: bool,
) -> Reason:
    batch = Batch.model_validate_json(row.document)
    if not said.count:
        return None if is_part else "there is no passport of it"
    if not is_part and said.count != batch.size:
        return (
            f"{counted(said.count, 'passports')} {are(said.count)} of it, and it says {batch.size}"
        )
    days = {str(batch.manufactured_from), str(batch.manufactured_to)}
    if not is_part and (min(said.days), max(said.days)) != (min(days), max(days)):
        return "its days are not those of its passports"
    if not is_part and batch.issued_at not in said.instants:
        return "none of its passports is from the time it was issued at"
    return (
        _operator(said, "manufacturer", operators)
        or _operator(said, "responsibleOperator", operators)
        or _model(reading, batch, said)
        or _facility(reading, batch, said)
    )


def _operator(said: _Said, member: str, operators: Mapping[str, Sequence[Claims]]) -> Reason:
    for claims in said.subjects.get(member, []):
        known = operators.get(str(claims.get("id")))
        if known is not None and claims not in known:
            return f"what its passports say of {claims.get('id')} is not on record"
    return None


def _model(reading: Transaction, batch: Batch, said: _Said) -> Reason:
    model = model_claims(get_model(reading, batch.operator_id, batch.model_id))
    for claims in said.subjects.get("model", []):
        differs = [name for name, value in claims.items() if model.get(name) != value]
        if differs:
            return f"its model's {differs[0]} is not what its passports say"
    return None


def _facility(reading: Transaction, batch: Batch, said: _Said) -> Reason:
    facility = get_facility(reading, batch.operator_id, batch.facility_id).model_dump()
    for claims in said.subjects.get("manufacturingFacility", []):
        for name in ("id", "name", "place", "country"):
            if claims.get(name) != facility[name]:
                return f"its factory's {name} is not what its passports say"
    return None
