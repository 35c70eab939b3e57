"""The engine's inventory, put together from what is registered: model, factory, metered energy."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

from lca.units import convert
from passports.errors import Finding, InvalidInputError, shorten
from passports.factories import EnergyCarrier, EnergyPeriod, Facility
from passports.models import BatteryModel
from signing.canonical import canonicalize
from signing.errors import SigningError

# What voltpass fills in from its own records; an inventory that brings them would contradict them.
_FILLED_IN: Final = ("format", "title", "product", "plant", "offsets")

FROM_THE_RECORDS: Final = "title, product, plant, supply of electricity and offsets"


def without_records(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return an inventory that stands alone without what `assemble_inventory` fills in."""
    given = {name: value for name, value in document.items() if name not in _FILLED_IN}
    if "electricity" in given:
        supply = given["electricity"]
        given["electricity"] = {n: value for n, value in supply.items() if n != "supply"}
    return given


def assemble_inventory(
    model: BatteryModel, facility: Facility, period: EnergyPeriod, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Put the engine's inventory together from the records and what the maker gives.

    Raises:
        InvalidInputError: if `given` brings what the records bring, or not what they are joined with.
    """
    _check_given(given)
    return {
        **given,
        "format": "voltpass-inventory/1",
        "title": f"{model.name}, made at {facility.name}",
        "product": _product(model),
        "plant": {
            "facility_id": facility.id,
            "country": facility.country,
            "grid_region": facility.grid_region,
            "period": {"from": str(period.period_from), "to": str(period.period_to)},
            "production_kwh": period.production_kwh,
        },
        "electricity": {**given.get("electricity", {}), "supply": _supply(period)},
        "offsets": [entry.model_dump(mode="json", exclude_none=True) for entry in period.offsets],
        "assumptions": [*given.get("assumptions", []), *period.assumptions],
    }


def as_stored(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return an inventory as it reads once stored, so that its hash can be computed anew from there."""
    try:
        stored: dict[str, Any] = orjson.loads(canonicalize(document))
    except SigningError:
        reason = "JSON has no such value: a number out of range, or half of a character"
        findings = [
            Finding(path, shorten(value), reason, "Give a plain number or text.")
            for path, value in _unwritable("inventory", document)
        ]
        raise InvalidInputError(findings, "the inventory") from None
    return stored


def _unwritable(path: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _unwritable(f"{path}.{shorten(name)}", inner)
    elif isinstance(value, list | tuple):
        for place, inner in enumerate(value):
            yield from _unwritable(f"{path}[{place}]", inner)
    else:
        try:
            canonicalize([value])  # type: ignore[list-item] # what it is, is the question
        except SigningError:
            yield path, value


def _check_given(given: Mapping[str, Any]) -> None:
    electricity, assumptions = given.get("electricity", {}), given.get("assumptions", [])
    findings = []
    if not isinstance(electricity, Mapping):
        reason = "this is not an object"
        remedy = "Name the grid's factors under `factors`."
        findings.append(Finding("inventory.electricity", shorten(electricity), reason, remedy))
    if not isinstance(assumptions, list):
        remedy = "Give a list of sentences."
        reason = "this is not a list"
        findings.append(Finding("inventory.assumptions", shorten(assumptions), reason, remedy))
    doubled = [f"inventory.{name}" for name in _FILLED_IN if name in given]
    if isinstance(electricity, Mapping) and "supply" in electricity:
        doubled.append("inventory.electricity.supply")
    reason = "it comes from the registered model, facility and metered period"
    findings += [Finding(name, "", reason, "Leave it out.") for name in doubled]
    if findings:
        raise InvalidInputError(findings, "the inventory")


def _product(model: BatteryModel) -> dict[str, Any]:
    return {
        "category": model.category.value,
        "chemistry": model.chemistry,
        "mass_kg": model.mass_kg,
        "capacity_kwh": model.capacity_kwh,
        "usable_energy_kwh": model.usable_energy_kwh,
        "service_life": model.service_life.model_dump(mode="json", exclude_none=True),
    }


def _supply(period: EnergyPeriod) -> list[dict[str, Any]]:
    rows = []
    for reading in period.readings:
        if reading.carrier is not EnergyCarrier.ELECTRICITY or reading.arrangement is None:
            continue
        row: dict[str, Any] = {
            "arrangement": reading.arrangement.value,
            "kwh": convert(reading.quantity, reading.unit, "kWh"),
            "evidence": reading.evidence,
        }
        for name in ("technology", "factor"):
            if getattr(reading, name) is not None:
                row[name] = getattr(reading, name)
        if reading.contract is not None:
            row["contract"] = reading.contract.model_dump(mode="json", exclude_none=True)
        rows.append(row)
    return rows
