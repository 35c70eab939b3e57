"""Who may answer for a battery's passport: the operator that places it on the Union market (Art. 77(4)).

A factory outside the Union is manufacturer and facility; somebody established in the Union places its
batteries on the market and is responsible (Art. 38, 40, 41). This is asked of every batch, whatever its
profile: a passport whose responsible operator nobody in the Union can reach is none. Whoever is named by
another has to have accepted that beforehand (`acceptances`).
"""

from datetime import datetime

from passports.authority.acceptances import missing_acceptance
from passports.authority.responsibility import may_answer_for
from passports.authority.roles import is_in_the_union, roles
from passports.errors import Finding
from passports.operators import EconomicOperator, get_operator
from passports.store import Transaction

FIELD = "responsible_operator_id"


def check_responsible(
    transaction: Transaction,
    maker: EconomicOperator,
    responsible_id: str | None,
    model_id: str,
    now: datetime,
) -> list[Finding]:
    """Return what is wrong with who is to be responsible for a maker's batteries.

    Args:
        transaction: Where operators are looked up.
        maker: Who issues.
        responsible_id: Whom the batch names; None: the maker itself.
        model_id: The batteries' model.
        now: The present.

    Raises:
        RecordNotFoundError: nobody is registered under that identifier.
    """
    responsible = maker
    if responsible_id is not None and responsible_id != maker.id:
        responsible = get_operator(transaction, responsible_id)
    if not may_answer_for(responsible.roles, is_waste=False):
        reason = f"{responsible.name} places no batteries on the market by its roles"
        return [Finding(FIELD, responsible.id, reason, _remedy())]
    if is_in_the_union(responsible.country):
        return _not_accepted(transaction, responsible, maker, model_id, now)
    who = "the maker" if responsible is maker else responsible.name
    reason = (
        f"{who} is established in {responsible.country}, outside the Union; who places the batteries"
        " on the Union market is responsible for their passports (Art. 77(4))"
    )
    return [Finding(FIELD, responsible_id or "", reason, _remedy())]


def _not_accepted(
    transaction: Transaction,
    responsible: EconomicOperator,
    maker: EconomicOperator,
    model_id: str,
    now: datetime,
) -> list[Finding]:
    if responsible.id == maker.id:
        return []
    reason = missing_acceptance(transaction, responsible, maker, model_id, now)
    if reason is None:
        return []
    remedy = (
        f"Have it accept: voltpass operator accept-responsibility {maker.id} --operator"
        f" {responsible.id}, or POST /v1/responsibility-acceptances with its key."
    )
    return [Finding(FIELD, responsible.id, reason, remedy)]


def _remedy() -> str:
    can = [role.title.lower() for role in roles().values() if role.may_be_responsible]
    return (
        f"Name a registered operator in the Union that is {', '.join(can[:-1])} or {can[-1]}:"
        f" --responsible ID, or {FIELD} in the request or as a column."
    )
