"""Who answers for a passport, and so may change it (Art. 77(4) and (7))."""

from collections.abc import Mapping, Sequence
from typing import Any

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
    responsible = responsible_of(row)
    if operator_id == responsible:
        return True
    return operator_id == row.operator_id and _acts_for(transaction, row, responsible)


def answering_for(transaction: Transaction, row: PassportRow) -> Sequence[str]:
    """Return the operators that may change a passport, the issuer first if it still may."""
    responsible = responsible_of(row)
    if row.operator_id == responsible or not _acts_for(transaction, row, responsible):
        return [responsible]
    return [row.operator_id, responsible]


def _acts_for(transaction: Transaction, row: PassportRow, responsible: str) -> bool:
    """Tell whether the issuer acts for who is responsible: it named that operator at issue."""
    first = transaction.passport_versions.numbered(row.id, 1)
    return first is not None and responsible_of(first) == responsible
