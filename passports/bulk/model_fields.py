"""The fields of a battery model as columns of a file: those of `models.BatteryModelCreate`, side by side."""

from typing import Final

from passports.models import BatteryModelCreate, ServiceLife

SERVICE_LIFE: Final = "service_life"
LIFE_FIELDS: Final = tuple(ServiceLife.model_fields)
"""Columns of their own, or in JSON an object under `service_life` as a single model has it."""

MODEL_FIELDS: Final = (*BatteryModelCreate.model_fields, *LIFE_FIELDS)
MODEL_REQUIRED: Final = tuple(
    name
    for name, field in BatteryModelCreate.model_fields.items()
    if field.is_required() and name != SERVICE_LIFE
)
NUMBERS: Final = frozenset(
    {
        "mass_kg",
        "capacity_kwh",
        "usable_energy_kwh",
        "warranty_years",
        "warranty_distance_km",
        "warranty_capacity_share",
        "distance_km",
        "consumption_kwh_per_km",
    }
)
"""Fields that hold a number: their units stand in their names."""


def is_model_field(name: str) -> bool:
    """Tell whether a column of a file of models can be read as this."""
    return name in MODEL_FIELDS
