"""The access log: every read of restricted data, append-only, each entry over the hash of the one before.

One chain an operator whose data were read; reads of a battery's stand in that of everybody who answers for
it: its issuer's and the responsible operator's, after a transfer of responsibility that of who took it.
Names of attributes stand in it, never their values. Public reads leave no trace: nobody is profiled. An
entry is written before the data go out; where it cannot be written, nothing goes out.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson

from passports.access import Access
from passports.attributes.table import Granularity
from passports.attributes.versions import Subject
from passports.authority.responsibility import answering_for
from passports.authority.roles import Action
from passports.continuity import continuity_of
from passports.errors import AccessDeniedError, Finding
from passports.operators import EconomicOperator
from passports.store import AccessEntryRow, Store, Transaction
from signing.instants import format_instant

FIRST: Final = "0" * 64  # what stands before the first entry
PAGE: Final = 500


def record_read(
    store: Store,
    access: Access,
    subject: Subject,
    attribute_ids: Sequence[str],
    form: str,
    now: datetime,
) -> None:
    """Note that restricted attributes are about to be shown to somebody."""
    fields = {
        "reader": access.reader_id,
        "audiences": access.names,
        "grants": list(access.grants),
        "level": subject.level.value,
        "subject": subject.id,
        "attributes": sorted(attribute_ids),
        "form": form,
    }
    with store.transaction() as transaction:
        for keeper in _keepers(transaction, subject):
            append_entry(transaction, keeper, fields, now)


def _keepers(transaction: Transaction, subject: Subject) -> Sequence[str]:
    """Return the operators in whose logs reads of a subject stand: all that answer for it, in order.

    The order is one for everybody: two readers wait for one another, and never for ever.
    """
    row = transaction.passports.by_id(subject.id) if subject.level is Granularity.ITEM else None
    # A name out of an archive can be nobody here, or somebody else.
    if row is None or continuity_of(transaction, subject.operator_id).is_kept:
        return [subject.operator_id]
    return sorted(answering_for(transaction, row))


def append_entry(
    transaction: Transaction, operator_id: str, fields: Mapping[str, Any], now: datetime
) -> None:
    """Append an entry to an operator's chain: a read, or a statement about who may read."""
    transaction.operators.lock(operator_id)  # of two readers one comes first
    last = transaction.access_entries.last(operator_id)
    sequence = last.sequence + 1 if last is not None else 1
    document = orjson.dumps(
        {
            **fields,
            "operator": operator_id,
            "sequence": sequence,
            "read_at": format_instant(now),
            "previous": last.sha256 if last is not None else FIRST,
        },
        option=orjson.OPT_SORT_KEYS,
    )
    transaction.access_entries.add(
        AccessEntryRow(
            operator_id=operator_id,
            sequence=sequence,
            read_at=now,
            document=document,
            sha256=hashlib.sha256(document).hexdigest(),
        )
    )


def inspect_log(
    transaction: Transaction, caller: EconomicOperator, operator_id: str | None, after: int
) -> dict[str, Any]:
    """Return a page of entries about an operator's data, for that operator and for authorities.

    Raises:
        AccessDeniedError: the caller is neither.
    """
    wanted = operator_id or caller.id
    if wanted != caller.id and not caller.may(Action.INSPECT):
        reason = "the access log is for the operator itself and for authorities"
        finding = Finding("operator", wanted, reason, "Leave the operator out to see your own.")
        raise AccessDeniedError("This access log is not yours.", [finding])
    rows = transaction.access_entries.page(wanted, after, PAGE)
    return {
        "operator": wanted,
        "entries": [{**orjson.loads(row.document), "sha256": row.sha256} for row in rows],
        "next_after": rows[-1].sequence if len(rows) == PAGE else None,
    }


def broken_links(transaction: Transaction, operator_id: str) -> Iterator[str | None]:
    """Yield for each entry of an operator's chain what is wrong with it, or None."""
    yield from broken_links_of(_chain(transaction, operator_id))


def _chain(transaction: Transaction, operator_id: str) -> Iterator[AccessEntryRow]:
    sequence = 0
    while rows := transaction.access_entries.page(operator_id, sequence, PAGE):
        yield from rows
        sequence = rows[-1].sequence


def broken_links_of(chain: Iterable[AccessEntryRow]) -> Iterator[str | None]:
    """Yield for each entry of a chain what is wrong with it, or None: hash, order, link, columns."""
    previous, sequence = FIRST, 0
    for row in chain:
        yield _fault(row, previous, sequence + 1)
        previous, sequence = row.sha256, row.sequence


def _fault(row: AccessEntryRow, previous: str, expected: int) -> str | None:
    if hashlib.sha256(row.document).hexdigest() != row.sha256:
        return f"entry {row.sequence} is not what its SHA-256 says"
    if row.sequence != expected:
        return f"entry {expected} is missing before entry {row.sequence}"
    try:
        said = orjson.loads(row.document)
        link = said["previous"]
        filed = (said["operator"], said["sequence"], said["read_at"])
    except (ValueError, KeyError, TypeError):
        return f"entry {row.sequence} cannot be read"
    if link != previous:
        return f"entry {row.sequence} does not follow the entry before it"
    if filed != (row.operator_id, row.sequence, format_instant(row.read_at)):
        return f"the columns of entry {row.sequence} differ from what it says"
    return None
