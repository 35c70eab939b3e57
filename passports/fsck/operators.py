"""What `fsck` checks of versions of operators' data: their order, author, content, and which is in force."""

from collections.abc import Iterator, Sequence
from typing import Final

from passports.fsck.faults import Found, Reason, reason_of
from passports.fsck.rows import readable_rows
from passports.operators import EconomicOperator
from passports.store import OneView, OperatorRow, OperatorVersionRow

# What is not corrected (`authority/operator_changes.py`): others have looked into it, or rest on it.
_FOR_GOOD: Final = ("id", "did", "roles", "gln", "created_at")


def check_operator_versions(store: OneView) -> Iterator[Found]:
    """Yield for each operator whose data were corrected what is wrong with its versions, or None."""
    with store.reading() as reading:
        operators = {row.id: row for row in readable_rows(reading, OperatorRow)}
        versions: dict[str, list[OperatorVersionRow]] = {}
        for row in readable_rows(reading, OperatorVersionRow):  # in the order of their key
            versions.setdefault(row.operator_id, []).append(row)
    for operator_id, rows in versions.items():
        operator = operators.get(operator_id)
        if operator is None:
            continue  # `records` names it
        reason = reason_of(lambda: _fault(operator, rows, set(operators)))  # noqa: B023 # called at once
        yield None if reason is None else ("operator", operator_id, reason)


def _fault(operator: OperatorRow, rows: Sequence[OperatorVersionRow], known: set[str]) -> Reason:
    if len(rows) == 1:
        return "its data have one version, and what was before or after it is missing"
    before: OperatorVersionRow | None = None
    for number, row in enumerate(rows, start=1):
        reason = _order(row, number, before) or _author(row, known) or _content(row, before)
        if reason is not None:
            return f"version {number} of its data: {reason}"
        before = row
    now = EconomicOperator.model_validate_json(operator.document)
    newest = EconomicOperator.model_validate_json(rows[-1].document)
    # Homes from when a prefix that came later made no version: those behind the others may lack one.
    if _without_prefixes(newest) != _without_prefixes(now) or not _grown(newest, now):
        return "its data are not what their newest version says"
    return None


def _order(row: OperatorVersionRow, number: int, before: OperatorVersionRow | None) -> Reason:
    if row.version != number:
        return "it is missing"
    if before is not None and row.recorded_at < before.recorded_at:
        return "it is older than the one before it"
    registered_at = EconomicOperator.model_validate_json(row.document).created_at
    if before is None and row.recorded_at != registered_at:
        return "it was recorded at another time than the operator"
    return None


def _author(row: OperatorVersionRow, known: set[str]) -> Reason:
    said = (row.actor_id, row.reason)
    if row.version == 1:  # nobody was asked why
        return None if said == (None, None) else "the first one has an actor or a reason"
    if row.actor_id not in known:
        return "who made it is not here"
    return None if row.reason else "nobody wrote down why"


def _content(row: OperatorVersionRow, before: OperatorVersionRow | None) -> Reason:
    said = EconomicOperator.model_validate_json(row.document)
    if said.id != row.operator_id:
        return "it is of another operator"
    if before is None:
        return None
    last = EconomicOperator.model_validate_json(before.document)
    changed = [name for name in _FOR_GOOD if getattr(said, name) != getattr(last, name)]
    if changed or not _grown(last, said):
        return f"it has other {(*changed, 'gs1_prefixes')[0]} than the one before it"
    return "it says the same as the one before it" if said == last else None


def _without_prefixes(operator: EconomicOperator) -> EconomicOperator:
    return operator.model_copy(update={"gs1_prefixes": []})


def _grown(before: EconomicOperator, after: EconomicOperator) -> bool:
    """Tell whether no GS1 prefix is gone; each is added behind the others."""
    return after.gs1_prefixes[: len(before.gs1_prefixes)] == before.gs1_prefixes
