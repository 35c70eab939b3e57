"""The energy ledger's balance: does it close, lot by lot and account by account?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from passports.energy.energy_ledger import EnergyLot, lots_of
from passports.energy.ledger_bookings import WH_PER_KWH, booking_document
from passports.factories import get_facility
from passports.store import Transaction


@dataclass(frozen=True)
class LedgerBalance:
    """All lots of a factory, the sums of its accounts, and whatever does not agree."""

    lots: Sequence[EnergyLot]
    accounts: Mapping[str, int]
    bookings: Sequence[Mapping[str, Any]]
    faults: Sequence[str]

    @property
    def closes(self) -> bool:
        """Tell whether energy in is energy given out plus what was not, to the watt-hour."""
        return not self.faults

    def totals_wh(self, kind: str) -> tuple[int, int, int]:
        """Return what came in, was given out and is left of metered or certified lots."""
        lots = [lot for lot in self.lots if lot.kind == kind]
        taken = sum(lot.quantity_wh for lot in lots)
        given = sum(lot.allocated_wh for lot in lots)
        return taken, given, taken - given

    def to_document(self) -> dict[str, Any]:
        """Return the balance as plain JSON data, amounts in kWh."""
        totals = {}
        for kind in ("metered", "certified"):
            taken, given, left = (wh / WH_PER_KWH for wh in self.totals_wh(kind))
            totals[kind] = {"in_kwh": taken, "allocated_kwh": given, "unallocated_kwh": left}
        return {
            "closes": self.closes,
            "faults": list(self.faults),
            "totals": totals,
            "lots": [lot.to_document() for lot in self.lots],
            "accounts_kwh": {name: wh / WH_PER_KWH for name, wh in sorted(self.accounts.items())},
            "bookings": [dict(booking) for booking in self.bookings],
        }


def balance(transaction: Transaction, operator_id: str, facility_id: str) -> LedgerBalance:
    """Return a factory's balance, worked out of the bookings and held against the lots.

    Raises:
        RecordNotFoundError: there is no such facility.
    """
    get_facility(transaction, operator_id, facility_id)
    lots = lots_of(transaction, operator_id, facility_id)
    accounts = transaction.energy_transfers.balances(operator_id, facility_id)
    rows = transaction.energy_transfers.of(operator_id, facility_id)
    faults = _faults(lots, accounts)
    return LedgerBalance(lots, accounts, [booking_document(row) for row in rows], faults)


def _faults(lots: Sequence[EnergyLot], accounts: Mapping[str, int]) -> list[str]:
    faults = []
    if sum(accounts.values()) != 0:
        faults.append(f"the accounts sum to {sum(accounts.values())} Wh, not to zero")
    for lot in lots:
        booked = accounts.get(f"unallocated:{lot.id}", 0)
        if booked != lot.unallocated_wh:
            faults.append(f"{lot.id}: {booked} Wh are booked as left, {lot.unallocated_wh} are")
        covering = sum(other.quantity_wh for other in lots if other.backs_lot_id == lot.id)
        if covering != lot.backed_wh:
            faults.append(f"{lot.id}: certificates cover {covering} Wh, noted are {lot.backed_wh}")
    return faults


def uses_of_study(
    transaction: Transaction, operator_id: str, facility_id: str, study_id: str
) -> list[dict[str, Any]]:
    """Return the bookings that one footprint used."""
    rows = transaction.energy_transfers.of(operator_id, facility_id, study_id)
    return [booking_document(row) for row in rows]
