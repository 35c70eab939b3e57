"""A battery's status, as the versions of its passport say it; what may follow is in `transitions`.

The statuses are those of Annex XIII, 4(c), which is for persons with a legitimate interest: no public
answer says them. That a passport ceased (Art. 77(8)) or that another stands in its place (Art. 77(7)) is
for everybody. `recycled` is no status of Annex XIII; it is what ends a passport.
"""

from collections.abc import Mapping
from typing import Any, Final

from passports.errors import AccessDeniedError, Finding, IllegalTransitionError
from passports.life.transitions import Transition, transitions
from passports.operators import EconomicOperator
from passports.store import PassportRow, Transaction
from signing.credentials import decode

STATUS_ATTRIBUTE: Final = (
    "battery_status"  # where Annex XIII, 4(c) stands in the table of attributes
)
FIRST_STATUS: Final = "original"
WASTE: Final = "waste"


def current_status(transaction: Transaction, operator_id: str, passport_id: str) -> str:
    """Return a battery's status as its passport's versions say; restricted (Annex XIII, 4(c))."""
    last = transaction.passport_changes.last(operator_id, passport_id)
    return last.life_cycle_status if last is not None else FIRST_STATUS


def refuse_ended(row: PassportRow, *, may_be_succeeded: bool = False) -> None:
    """Let a passport pass that goes on: it has not ceased, and none stands in its place.

    Raises:
        IllegalTransitionError: it has ended.
    """
    subject = decode(row.credential).payload["credentialSubject"]
    said = subject if isinstance(subject, Mapping) else {}
    if "ceased" in said:
        reason, remedy = "this passport has ceased to exist", "Its battery was recycled."
        raise IllegalTransitionError("passport", row.id, reason, remedy)
    if "succeededBy" in said and not may_be_succeeded:
        reason, remedy = "another passport stands in its place", "Change that one."
        raise IllegalTransitionError("passport", row.id, reason, remedy)


def held_to_status(
    transaction: Transaction,
    operator_id: str,
    passport_id: str,
    values: Mapping[str, Any],
    *,
    replace: bool,
) -> dict[str, Any]:
    """Return a battery's values that are about to be written, with the status that it has.

    Raises:
        IllegalTransitionError: they say another status, or take it away, or the passport has ended.
    """
    row = transaction.passports.by_id(passport_id)
    if row is not None:
        refuse_ended(row)
    status = current_status(transaction, operator_id, passport_id)
    is_first = status == FIRST_STATUS
    given = values.get(STATUS_ATTRIBUTE, status)
    if given != status and not (given is None and is_first):
        reason, remedy = (
            "a battery's status follows its life cycle",
            "Give it as life_cycle_status.",
        )
        raise IllegalTransitionError(f"values.{STATUS_ATTRIBUTE}", str(given), reason, remedy)
    kept = {STATUS_ATTRIBUTE: status} if replace and not is_first else {}
    return {**kept, **values}


def find_transition(before: str, after: str, actor: EconomicOperator) -> Transition:
    """Return the transition from one status to another, for an operator that may make it.

    Raises:
        IllegalTransitionError: a battery's life does not go this way.
        AccessDeniedError: the operator has none of the roles that may say so.
    """
    transition = transitions().get((before, after))
    if transition is None:
        ways = [to for of, to in transitions() if of == before]
        raise IllegalTransitionError(
            "life_cycle_status",
            after,
            f"from {before} a battery does not become this",
            f"From {before} it can become {', '.join(ways)}." if ways else "Nothing follows.",
        )
    if transition.roles and not transition.roles & set(actor.roles):
        wanted = " or ".join(sorted(transition.roles))
        reason = f"{after} is said by the role {wanted}"
        raise AccessDeniedError(
            f"{actor.name} may not say that a battery is {after}.",
            [Finding("Authorization", actor.id, reason, "Use the key of such an operator.")],
        )
    return transition
