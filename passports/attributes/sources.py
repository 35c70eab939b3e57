"""Attributes that are read from the records: what the passport already says is not given a second time.

One line of `SOURCES` for each name in the column `record` of the table. A source reads the subject of a
signed credential, so that what is shown is what was signed; before there is a passport it reads what one
would say.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

Facts = Mapping[str, Any]
KG_PER_T: Final = 1000


def _at(*path: str) -> Callable[[Facts], Any]:
    def read(facts: Facts) -> Any:  # noqa: ANN401 # any JSON
        found: Any = facts
        for name in path:
            found = found.get(name) if isinstance(found, Mapping) else None
        return found

    return read


def _operator(member: str) -> Callable[[Facts], dict[str, Any] | None]:
    def read(facts: Facts) -> dict[str, Any] | None:
        claims = facts.get(member)
        if claims is None:
            return None
        names = {"postalAddress": "postal_address", "tradeName": "trade_name"}
        return {names.get(name, name): value for name, value in claims.items()}

    return read


def _category(facts: Facts) -> str | None:
    model = facts.get("model")
    if model is None:
        return None
    return "stationary" if model.get("stationary") else str(model["category"])


def _month(facts: Facts) -> str | None:
    day = facts.get("manufacturedOn")
    return None if day is None else str(day)[:7]


def _place(facts: Facts) -> str | None:
    facility = facts.get("manufacturingFacility")
    return None if facility is None else f"{facility['place']}, {facility['country']}"


def _studies(facts: Facts) -> Iterator[Mapping[str, Any]]:
    yield from facts.get("carbonFootprint") or ()


def _per_kwh(facts: Facts) -> list[dict[str, Any]] | None:
    rows = [{"ruleset": s["ruleset"], "value": s["kgCo2ePerKwh"]} for s in _studies(facts)]
    return rows or None


def _per_battery_t(facts: Facts) -> list[dict[str, Any]] | None:
    rows = [
        {"ruleset": s["ruleset"], "value": s["kgCo2ePerBattery"] / KG_PER_T}
        for s in _studies(facts)
    ]
    return rows or None


def _share(stage: str) -> Callable[[Facts], list[dict[str, Any]] | None]:
    """Return the source of a stage's share; a study that leaves stages out has no shares."""

    def read(facts: Facts) -> list[dict[str, Any]] | None:
        rows = []
        for study in _studies(facts):
            stages = {row["stage"]: row["kgCo2ePerKwh"] for row in study["stages"]}
            part, whole = stages.get(stage), study["kgCo2ePerKwh"]
            if not study["partial"] and part is not None and whole > 0:
                rows.append({"ruleset": study["ruleset"], "value": 100 * part / whole})
        return rows or None

    return read


def _links(facts: Facts) -> list[dict[str, Any]] | None:
    rows = [
        {"ruleset": s["ruleset"], "url": s["study"], "sha256": s["studySha256"]}
        for s in _studies(facts)
    ]
    return rows or None


def _statements(facts: Facts) -> list[dict[str, Any]] | None:
    rows = [
        {
            "ruleset": s["ruleset"],
            "standing": s["standing"],
            "legal_state": s["legalState"],
            "functional_unit": s["functionalUnit"],
            "total_energy_kwh": s["totalEnergyKwh"],
            "partial": s["partial"],
        }
        for s in _studies(facts)
    ]
    return rows or None


SOURCES: Final[Mapping[str, Callable[[Facts], Any]]] = MappingProxyType(
    {
        "passport_id": _at("passportId"),
        "product_link": _at("id"),
        "serial_number": _at("serialNumber"),
        "batch_id": _at("batch"),
        "model_gtin": _at("model", "gtin"),
        "responsible_operator": _operator("responsibleOperator"),
        "manufacturer": _operator("manufacturer"),
        "manufacturer_postal_address": _at("manufacturer", "postalAddress"),
        "manufacturing_place": _place,
        "manufacturing_month": _month,
        "battery_category": _category,
        "mass_kg": _at("model", "massKg"),
        "chemistry": _at("model", "chemistry"),
        "rated_energy_kwh": _at("model", "capacityKwh"),
        "footprint_per_kwh": _per_kwh,
        "footprint_share_raw_materials": _share("raw_material_acquisition"),
        "footprint_share_manufacturing": _share("main_production"),
        "footprint_share_distribution": _share("distribution"),
        "footprint_share_end_of_life": _share("end_of_life"),
        "footprint_studies": _links,
        "footprint_statements": _statements,
        "footprint_per_battery_t": _per_battery_t,
    }
)
