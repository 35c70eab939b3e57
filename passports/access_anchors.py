"""Anchors: the head of each operator's access log as a leaf of the transparency log.

A chain of hashes shows what was changed in it, and not that its end was cut off. So its length and its
newest hash are written down from time to time, and the hash of that note becomes a leaf. The leaf tells
nobody anything, for a head cannot be guessed; the note names operator, length and hash, and no reader.
What `fsck` then finds: entries that are missing or others than were anchored, and, as every leaf of the log
has to belong to something here, a note that was taken away. Entries newer than the last anchor are not
covered: the server makes anchors each day, `voltpass access anchor` whenever it is called.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import orjson

from passports.identifiers import PublicAddress
from passports.keyring import Keyring
from passports.log import append, entry_at
from passports.plurals import counted
from passports.store import AccessAnchorRow, RowExistsError, Store, Transaction
from signing.canonical import canonicalize
from signing.instants import format_instant
from signing.transparency_log import log_entry

TYPE: Final = "access-log-head"


def anchor_access_logs(
    store: Store, keyring: Keyring, address: PublicAddress, now: datetime
) -> Sequence[dict[str, Any]]:
    """Write the heads of all access logs that have grown since their last anchor; return the notes.

    Whoever comes second of two at the same time finds nothing to do.

    Raises:
        OperatorReadOnlyError: a log of this server's name is kept here from an archive; it would fork.
    """
    try:
        with store.transaction() as transaction:
            notes = list(_grown(transaction, address, now))
            if not notes:
                return []
            documents = [canonicalize(note) for note in notes]
            log = keyring.log_signers(address.log_origin)
            first = append(transaction, log, [log_entry(document) for document in documents], now)
            for index, (note, document) in enumerate(zip(notes, documents, strict=True), first):
                row = AccessAnchorRow(
                    operator_id=note["operator"],
                    sequence=note["entries"],
                    log_index=index,
                    anchored_at=now,
                    document=document,
                )
                transaction.access_anchors.add(row)
    except RowExistsError:
        return []
    return notes


def _grown(
    transaction: Transaction, address: PublicAddress, now: datetime
) -> Iterator[dict[str, Any]]:
    for operator in transaction.operators.all():
        last = transaction.access_entries.last(operator.id)
        anchored = transaction.access_anchors.last(operator.id)
        if last is None or (anchored is not None and anchored.sequence >= last.sequence):
            continue
        yield {
            "type": TYPE,
            "origin": address.log_origin,
            "operator": operator.id,
            "entries": last.sequence,
            "head": last.sha256,
            "anchored_at": format_instant(now),
        }


def broken_anchor(transaction: Transaction, row: AccessAnchorRow) -> str | None:
    """Return what is wrong with an anchor of an access log, or with that log, or None."""
    if entry_at(transaction, row.log_index) != log_entry(row.document):
        return f"the log's entry {row.log_index} is not of the anchor over {row.sequence} entries"
    try:
        note = orjson.loads(row.document)
        filed = (note["type"], note["operator"], note["entries"], note["anchored_at"])
        head = note["head"]
    except (ValueError, KeyError, TypeError):
        return f"the anchor over {counted(row.sequence, 'entries')} cannot be read"
    if filed != (TYPE, row.operator_id, row.sequence, format_instant(row.anchored_at)):
        return f"the columns of the anchor over {counted(row.sequence, 'entries')} differ from what it says"
    entry = next(iter(transaction.access_entries.page(row.operator_id, row.sequence - 1, 1)), None)
    if entry is None or entry.sequence != row.sequence:
        return f"entry {row.sequence} is missing, which was there on {row.anchored_at.date()}"
    if entry.sha256 != head:
        return f"entry {row.sequence} is another than on {row.anchored_at.date()}"
    return None
