"""What `fsck` checks of energy: closed periods against their deliveries, sums by month, ledgers."""

from collections.abc import Iterator
from math import isclose

from passports.energy.closed_periods import closed_periods, recompute_period
from passports.energy.ledger_balance import balance
from passports.factories import energy_periods
from passports.store import OneView, Transaction

Found = tuple[str, str, str] | None


def check_closed_periods(store: OneView) -> Iterator[Found]:
    """Yield for each version of a closed period what is wrong with it, or None."""
    with store.reading() as reading:
        if reading.integrity.is_empty("closed_period"):
            return
        for facility in reading.facilities.all():
            key = (facility.operator_id, facility.id)
            versions = closed_periods(reading, *key)
            newest = {version.period_from: version for version in versions}
            in_force = {period.period_from: period for period in energy_periods(reading, *key)}
            for version in versions:
                name = f"{'/'.join(key)}/{version.period_from}/{version.version}"
                day = version.period_from
                differs = recompute_period(reading, *key, day, version.version)
                if differs:
                    meters = ", ".join(sorted(differs))
                    yield ("closed period", name, f"its deliveries do not add up to it: {meters}")
                elif version is newest[day] and in_force.get(day) != version.period:
                    yield ("closed period", name, "footprints and ledger use something else")
                else:
                    yield None


def check_energy_sums(store: OneView) -> Iterator[Found]:
    """Yield for each factory whether its sums by month are those of its readings, and its ledger closes."""
    with store.reading() as reading:
        for facility in reading.facilities.all():
            key = (facility.operator_id, facility.id)
            name = "/".join(key)
            faults = balance(reading, *key).faults
            if not _sums_agree(reading, key):
                yield ("energy", name, "the sums by month are not those of the readings")
            elif faults:
                yield ("energy", name, f"the ledger does not close: {faults[0]}")
            else:
                yield None


def _sums_agree(reading: Transaction, facility: tuple[str, str]) -> bool:
    kept = {
        (row.meter_id, row.month, row.state): (row.quantity, row.readings)
        for row in reading.metering.months.of(facility)
    }
    anew = reading.metering.months.anew(facility)
    return kept.keys() == anew.keys() and all(
        kept[key][1] == count and isclose(kept[key][0], total, rel_tol=1e-9, abs_tol=1e-9)
        for key, (total, count) in anew.items()
    )
