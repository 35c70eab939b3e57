"""When a closed period is corrected, the energy ledger follows: each lot to its new amount, by a booking.

What production was given stays given; a correction to less than that, or to less than certificates back,
is refused, so that the ledger always closes.
"""

from datetime import datetime

from passports.energy.energy_ledger import metered_lot_id, metered_wh
from passports.energy.ledger_bookings import WH_PER_KWH, book
from passports.errors import Finding, OverAllocationError
from passports.factories import EnergyPeriod
from passports.store import EnergyLotRow, Transaction


def correct_lots(transaction: Transaction, corrected: EnergyPeriod, now: datetime) -> int:
    """Bring the lots of a period to what its new version metered; return how many were changed.

    Raises:
        OverAllocationError: more was given out, or is backed by certificates, than was metered.
    """
    changed = 0
    for number, reading in enumerate(corrected.readings, start=1):
        lot_id = metered_lot_id(corrected, number)
        lot = transaction.energy_lots.lock(corrected.operator_id, lot_id)
        amount = metered_wh(reading)
        if lot is None or lot.quantity_wh == amount:
            continue
        _check(lot, amount)
        difference = amount - lot.quantity_wh
        lot.quantity_wh = amount
        transaction.energy_lots.update(lot)
        accounts = (f"source:{lot.kind}:{lot.source}", f"unallocated:{lot.id}")
        back_or_forth = accounts if difference > 0 else accounts[::-1]
        place = ("lot", lot.id)
        book(transaction, lot, "correction", place, back_or_forth, abs(difference), now)
        changed += 1
    return changed


def _check(lot: EnergyLotRow, amount: int) -> None:
    spoken_for = max(lot.allocated_wh, lot.backed_wh)
    if amount < spoken_for:
        what = "given to production" if lot.allocated_wh == spoken_for else "backed by certificates"
        value = f"{amount / WH_PER_KWH:,.3f} kWh"
        reason = f"{spoken_for / WH_PER_KWH:,.3f} kWh of {lot.id} are {what} already"
        remedy = "Deliver the readings that prove it; what was given cannot be taken back."
        raise OverAllocationError(f"{value}: {reason}", [Finding(lot.id, value, reason, remedy)])
