"""Renewal: new versions of all passports of a batch or model whose public data were written after issuing.

One passport, one transaction: what is done is done, and the same renewal again goes on where it stopped.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from passports.errors import IllegalTransitionError, RecordNotFoundError
from passports.identifiers import PublicAddress
from passports.keyring import Keyring
from passports.life.versions import PassportChange, new_version
from passports.store import PassportRow, Store

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Renewal:
    """What became of the passports of a batch or model.

    Attributes:
        renewed: Passports with a new version.
        unchanged: Passports that say already what is known.
        ended: Passports that take no change any more: ceased, succeeded or revoked.
    """

    renewed: int
    unchanged: int
    ended: int

    def to_document(self) -> dict[str, int]:
        """Return it as plain JSON data."""
        return {"renewed": self.renewed, "unchanged": self.unchanged, "ended": self.ended}


def renew_passports(
    store: Store,
    keyring: Keyring,
    address: PublicAddress,
    operator_id: str,
    batch_ids: Sequence[str],
    reason: str,
    now: datetime,
    progress: Progress = lambda _done, _all: None,
) -> Renewal:
    """Bring what was written since for model and batch into the passports of batches of an operator.

    Raises:
        RecordNotFoundError: one of the batches is not there; nothing is written.
        AccessDeniedError: responsibility for a passport has passed to another operator.
        KeyUnavailableError: the operator's signing key cannot be opened.
    """
    newest: dict[str, PassportRow] = {}
    with store.reading() as reading:
        for batch_id in batch_ids:
            if reading.batches.get(operator_id, batch_id) is None:
                raise RecordNotFoundError("batch", batch_id)
            for row in reading.passports.of_batch(operator_id, batch_id):
                newest[row.id] = row  # by version, so the last one is the newest
    counts = {"renewed": 0, "unchanged": 0, "ended": 0}
    change = PassportChange(reason=reason)
    for done, row in enumerate(newest.values(), start=1):
        try:
            stored = new_version(store, keyring, address, operator_id, row.id, change, now)
            counts["unchanged" if stored.version == row.version else "renewed"] += 1
        except IllegalTransitionError:
            counts["ended"] += 1
        progress(done, len(newest))
    return Renewal(**counts)


def batches_of_model(store: Store, operator_id: str, model_id: str) -> list[str]:
    """Return the batches of an operator's model, oldest first."""
    with store.reading() as reading:
        rows = [row for row in reading.batches.all(operator_id) if row.model_id == model_id]
    return [row.id for row in reversed(rows)]
