"""Stating that an operator has ceased, see `continuity` for what follows."""

from datetime import datetime

from passports.access_log import append_entry
from passports.continuity import Continuity
from passports.errors import Finding, InvalidInputError, shorten
from passports.operators import get_operator
from passports.store import ContinuityRow, Store


def state_ceased(
    store: Store, operator_id: str, stated_by: str, reason: str, now: datetime
) -> Continuity:
    """State that an operator has ceased: general access opens, and nothing is written for it any more.

    Stated once: the first statement stays. It stands in the operator's access log.

    Raises:
        RecordNotFoundError: there is no such operator.
        InvalidInputError: it is said without a reason.
    """
    if not reason.strip() or not reason.isprintable():
        remedy = "Say how it is known, for example the insolvency court's reference."
        finding = Finding("reason", shorten(reason), "nothing printable says why", remedy)
        raise InvalidInputError([finding], "the statement")
    with store.transaction() as transaction:
        get_operator(transaction, operator_id)
        transaction.operators.lock(operator_id)
        row = transaction.continuity.get(operator_id)
        if row is not None and row.ceased_at is not None:
            return Continuity(operator_id, row)
        row = ContinuityRow(**row.model_dump()) if row else ContinuityRow(operator_id=operator_id)
        row.ceased_at, row.ceased_by, row.ceased_reason = now, stated_by, reason.strip()
        transaction.continuity.put(row)
        event = {"event": "operator_ceased", "stated_by": stated_by, "reason": reason.strip()}
        append_entry(transaction, operator_id, event, now)
    return Continuity(operator_id, row)
