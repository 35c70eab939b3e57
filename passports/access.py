"""Who may see what: one decision for every data element, wherever it is shown (Art. 77(2), Annex XIII).

The audiences are not nested: authorities do not see point 4, those with a legitimate interest do not
see point 3. Annex XIII point 2 speaks of persons with a legitimate interest and the Commission,
Art. 77(2)(b) adds notified bodies and market surveillance: the union is taken. What no rule allows is
denied. As whom a role reads stands in the table of roles (`data/roles.csv`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from passports.attributes.table import AccessPoint, Attribute, Granularity
from passports.attributes.versions import Subject
from passports.authority.grants import active_grants
from passports.authority.responsibility import answering_for
from passports.authority.roles import roles
from passports.continuity import continuity_of
from passports.errors import AccessDeniedError, Finding, NotAuthenticatedError
from passports.operators import EconomicOperator
from passports.store import PassportRow, Transaction


class Audience(StrEnum):
    """As whom somebody reads."""

    PUBLIC = "public"
    AUTHORITY = "authority"
    LEGITIMATE_INTEREST = "legitimate_interest"
    RESPONSIBLE = "responsible"


# Art. 77(2): the points of Annex XIII that each audience sees. Who is responsible for data sees what it
# wrote, whatever point that is (`may_read`); beyond it, what the public sees.
POINTS: Final[Mapping[Audience, frozenset[AccessPoint]]] = MappingProxyType(
    {
        Audience.PUBLIC: frozenset({AccessPoint.PUBLIC}),
        Audience.AUTHORITY: frozenset(
            {AccessPoint.PUBLIC, AccessPoint.MODEL_RESTRICTED, AccessPoint.AUTHORITIES_ONLY}
        ),
        Audience.LEGITIMATE_INTEREST: frozenset(
            {AccessPoint.PUBLIC, AccessPoint.MODEL_RESTRICTED, AccessPoint.INDIVIDUAL_BATTERY}
        ),
        Audience.RESPONSIBLE: frozenset({AccessPoint.PUBLIC}),
    }
)


@dataclass(frozen=True)
class Access:
    """As whom a reader stands before one subject's data.

    Attributes:
        reader_id: The operator whose key came along; None for the public.
        audiences: All audiences that the reader belongs to here.
        grants: Identifiers of the grants that say so.
    """

    reader_id: str | None
    audiences: frozenset[Audience]
    grants: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """The audiences as text, sorted."""
        return sorted(audience.value for audience in self.audiences)


PUBLIC_ACCESS: Final = Access(None, frozenset({Audience.PUBLIC}))


def access_to(
    transaction: Transaction,
    reader: EconomicOperator | None,
    subject: Subject,
    model_id: str,
    now: datetime,
    newest: PassportRow | None = None,
) -> Access:
    """Return as whom a reader stands before a subject's data, at an instant.

    `newest` is the newest version of a battery's passport, where it was read already.
    """
    if reader is None:
        return PUBLIC_ACCESS
    continuity = continuity_of(transaction, subject.operator_id)
    if not continuity.opens_restricted:  # kept for an operator that lives: it is the one to ask
        return Access(reader.id, PUBLIC_ACCESS.audiences)
    audiences = {Audience.PUBLIC}
    # More than the public by what it is; a legitimate interest is granted, not had.
    audiences |= {Audience(roles()[role].audience) for role in reader.roles}
    battery = subject.id if subject.level is Granularity.ITEM else None
    # A grant opens a battery's data as long as who gave it answers for the battery.
    answering = _answering_for(transaction, subject, newest)
    grants = [
        grant
        for giver in answering
        for grant in active_grants(transaction, giver, reader.id, model_id, battery, now)
    ]
    if grants:
        audiences.add(Audience.LEGITIMATE_INTEREST)
    # Who issued a passport goes on to see what it wrote, though another answers for it by now.
    answers = reader.id in {subject.operator_id, *answering}
    if answers and not continuity.is_kept:  # a name out of an archive can be somebody else's here
        audiences.add(Audience.RESPONSIBLE)
    return Access(reader.id, frozenset(audiences), tuple(grant.id for grant in grants))


def _answering_for(
    transaction: Transaction, subject: Subject, newest: PassportRow | None
) -> Sequence[str]:
    """Return the operators that answer for a subject's data."""
    is_battery = subject.level is Granularity.ITEM
    row = newest or (transaction.passports.by_id(subject.id) if is_battery else None)
    return [subject.operator_id] if row is None else answering_for(transaction, row)


def may_read(
    access: Access, attribute: Attribute, written_by: str | None, *, is_shown: bool
) -> bool:
    """Decide whether a reader may see one data element. Everything that shows data asks here.

    Args:
        access: As whom the reader stands before the subject.
        attribute: Which data element.
        written_by: The operator that wrote it; None for what stands in the signed, public passport.
        is_shown: Whether the passport's profile shows the element at all.
    """
    if Audience.RESPONSIBLE in access.audiences and written_by == access.reader_id is not None:
        return True
    if not is_shown:
        return False
    return any(attribute.access_point in POINTS[audience] for audience in access.audiences)


def is_restricted(attribute: Attribute) -> bool:
    """Tell whether a read of it belongs in the access log."""
    return attribute.access_point is not AccessPoint.PUBLIC


def refuse(access: Access, what: str) -> None:
    """Refuse a reader without saying whether there is anything to read.

    Raises:
        NotAuthenticatedError: no key came along.
        AccessDeniedError: the key's operator is not of an audience that may.
    """
    remedy = "Ask the operator who issued the passport for a grant, naming your purpose."
    if access.reader_id is None:
        finding = Finding("Authorization", "", "no API key came with the call", remedy)
        raise NotAuthenticatedError(f"{what} is not for the public.", [finding])
    reason = "this operator has no access to it"
    raise AccessDeniedError(
        f"{what} is not for this reader.",
        [Finding("Authorization", access.reader_id, reason, remedy)],
    )
