"""Who answers for a passport, and so may change it (Art. 77(4) and (7))."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from passports.authority.roles import roles
from passports.store import PassportRow, Transaction
from signing.credentials import decode


def responsible_of(row: PassportRow) -> str:
    """Return the operator that is responsible for a passport as one of its versions says."""
    subject: Any = decode(row.credential).payload["credentialSubject"]
    responsible: Mapping[str, Any] = subject["responsibleOperator"]
    return str(responsible["id"])


def is_writer(transaction: Transaction, row: PassportRow, operator_id: str) -> bool:
    """Tell whether an operator may change a passport: it is responsible, or issued it for who is.

    Who issued a passport acts for the operator named as responsible at issue (Art. 77(4)); when
    responsibility has passed to another since, this ends.
    """
    return not foreign_to(transaction, [row], operator_id)


def foreign_to(
    transaction: Transaction, rows: Sequence[PassportRow], operator_id: str
) -> list[PassportRow]:
    """Return those of these passports that an operator may not change; see `is_writer`."""
    others = {row.id: responsible_of(row) for row in rows}
    others = {name: who for name, who in others.items() if who != operator_id}
    own = [row for row in rows if row.id in others and row.operator_id == operator_id]
    later = [row.id for row in own if row.version != 1]
    firsts = [row for row in own if row.version == 1]
    firsts += transaction.passport_versions.first_of(later)
    named = {row.id: responsible_of(row) for row in firsts}
    return [row for row in rows if row.id in others and named.get(row.id) != others[row.id]]


def answering_for(transaction: Transaction, row: PassportRow) -> Sequence[str]:
    """Return the operators that may change a passport, the issuer first if it still may."""
    responsible = responsible_of(row)
    if row.operator_id == responsible or not _acts_for(transaction, row, responsible):
        return [responsible]
    return [row.operator_id, responsible]


def _acts_for(transaction: Transaction, row: PassportRow, responsible: str) -> bool:
    """Tell whether the issuer acts for who is responsible: it named that operator at issue."""
    first = row if row.version == 1 else transaction.passport_versions.numbered(row.id, 1)
    return first is not None and responsible_of(first) == responsible


def may_answer_for(role_ids: Iterable[str], *, is_waste: bool) -> bool:
    """Tell whether an operator with these roles can be responsible for a battery's passport.

    For a battery on the market: who places it there (Art. 77(4)). For one that is waste: the producer,
    its organisation, or a waste management operator (Art. 77(7), second subparagraph).
    """
    found = [roles()[name] for name in role_ids]
    if is_waste:
        return any(role.may_be_responsible_for_waste for role in found)
    return any(role.may_be_responsible for role in found)


def may_answer_for_any(role_ids: Iterable[str]) -> bool:
    """Tell whether an operator with these roles can be responsible for a passport at all."""
    names = list(role_ids)
    return any(may_answer_for(names, is_waste=waste) for waste in (False, True))
