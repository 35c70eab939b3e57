"""Continuity: operators that are kept here for others, operators that ceased, and what follows from it.

An operator's records come here in an archive while it lives: its public passports are served at once
(everybody may read them anyway), and nothing of it is written here. That it has **ceased** is a statement
of its own, by whom runs this server or supervises the market. General access opens with it: from then on
each audience sees here what `access.POINTS` gives it, as it did at the operator's; restricted data never
become public. (Regulation (EU) 2023/1542, Art. 78(e); Regulation (EU) 2024/1781, Art. 10(4), 11(e).)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from passports.store import ContinuityRow, KeptLogRow, Store, Transaction
from signing.instants import format_instant


class Standing(StrEnum):
    """How an operator stands on this server."""

    LIVE = "live"
    KEPT = "kept"
    CEASED = "ceased"


@dataclass(frozen=True)
class Continuity:
    """How an operator stands here, and since when."""

    operator_id: str
    row: ContinuityRow | None

    @property
    def standing(self) -> Standing:
        """Live, kept from an archive, or ceased."""
        if self.row is None:
            return Standing.LIVE
        return Standing.CEASED if self.row.ceased_at is not None else Standing.KEPT

    @property
    def is_kept(self) -> bool:
        """Whether its records came here in an archive; names in them are names at another server."""
        return self.row is not None and self.row.base_url is not None

    @property
    def opens_restricted(self) -> bool:
        """Whether audiences get here what is theirs beyond the public part."""
        return self.standing is not Standing.KEPT

    def to_document(self) -> dict[str, Any]:
        """Return it as plain JSON data, for everybody."""
        row = self.row
        document: dict[str, Any] = {"operator": self.operator_id, "standing": self.standing.value}
        if row is not None and row.base_url is not None:
            document |= {
                "kept_from": row.base_url,
                "archive_made_at": _instant(row.archive_made_at),
                "archive_sha256": row.archive_sha256,
                "imported_at": _instant(row.imported_at),
                "archive_audience": row.audience,
                "trust": row.trust,
            }
        if row is not None and row.ceased_at is not None:
            document |= {
                "ceased_at": _instant(row.ceased_at),
                "stated_by": row.ceased_by,
                "reason": row.ceased_reason,
            }
        return document


def _instant(value: datetime | None) -> str | None:
    return None if value is None else format_instant(value)


def continuity_of(transaction: Transaction, operator_id: str) -> Continuity:
    """Return how an operator stands here."""
    return Continuity(operator_id, transaction.continuity.get(operator_id))


def list_continuity(transaction: Transaction) -> Sequence[Continuity]:
    """Return all operators that are not simply live."""
    return [Continuity(row.operator_id, row) for row in transaction.continuity.all()]


def kept_base_urls(transaction: Transaction) -> Mapping[str, str]:
    """Return the base URL under which each kept operator's records were published."""
    rows = transaction.continuity.all()
    return {row.operator_id: row.base_url for row in rows if row.base_url is not None}


def published_here(store: Store, url: str) -> bool:
    """Tell whether a URL is one of those that are kept here."""
    with store.reading() as reading:
        return any(url.startswith(base + "/") for base in kept_base_urls(reading).values())


def kept_log_of(transaction: Transaction, operator_id: str) -> KeptLogRow | None:
    """Return the kept log in which an operator's passports stand; None means this server's own."""
    row = transaction.continuity.get(operator_id)
    if row is None or row.base_url is None:
        return None
    return transaction.kept_logs.get(log_origin(row.base_url))


def log_origin(base_url: str) -> str:
    """Return the name of the log of the server at a base URL, see `PublicAddress.log_origin`."""
    return base_url.partition("://")[2] + "/log"
