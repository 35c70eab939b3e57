"""How complete the passports of a batch are, as the answers of issuing say it."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from api.routes.documents import CompletenessRead
from api.wiring import Voltpass
from passports.attributes.completeness import model_report, passport_report
from passports.attributes.table import DEFAULT_PROFILE
from passports.authority.callers import Caller
from passports.authority.roles import Action
from passports.batches import BatchCreate
from passports.bulk.report import BatchCount
from passports.documents import utc_now
from passports.errors import RecordNotFoundError
from passports.store import Transaction

MOST_BATCHES: Final = 100  # of a file that are reported on; each takes some milliseconds


def completeness_of(
    voltpass: Voltpass, caller: Caller, request: BatchCreate, passport_id: str | None
) -> CompletenessRead:
    """Return what the law asks for and what lacks: of an issued passport, or of model and batch before.

    That a restricted attribute is missing can be restricted itself (`passports/attributes/completeness.py`).
    So whose key is for issuing alone, or who acts for the maker without leave to read, is told of the public
    ones.
    """
    on = utc_now().date()
    with voltpass.store.reading() as reading:
        if passport_id is None:
            wanted = (caller.id, request.model_id, request.profile, on, request.id)
            report = model_report(reading, *wanted)
        else:
            report = passport_report(reading, passport_id, None, on)
    return CompletenessRead(**report.lacks(public_only=not caller.may(Action.READ)))


def completeness_of_batches(
    voltpass: Voltpass, caller: Caller, batches: Sequence[BatchCount]
) -> list[dict[str, Any]]:
    """Return the same of the first batches of a file, as far as model and batch say it."""
    with voltpass.store.reading() as reading:
        return list(_of_batches(reading, caller, batches[:MOST_BATCHES]))


def _of_batches(
    reading: Transaction, caller: Caller, batches: Sequence[BatchCount]
) -> Iterator[dict[str, Any]]:
    on, public_only = utc_now().date(), not caller.may(Action.READ)
    for count in batches:
        if not count.passed and not count.present:
            continue  # all its rows are refused; what it would be of may not be there
        profile = count.profile or DEFAULT_PROFILE
        try:
            report = model_report(reading, caller.id, count.model_id, profile, on, count.id)
        except RecordNotFoundError:
            continue  # some of its rows name another model, and are refused
        yield {"batch": count.id, **report.lacks(public_only=public_only)}
