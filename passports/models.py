"""Battery models: one type of battery by one manufacturer, numbered by a GTIN-14."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from passports.authority.gs1_prefixes import foreign_gtin
from passports.documents import Document, Gtin, Name, Number, PositiveNumber, Slug, Text
from passports.errors import (
    Finding,
    IdentifierConflictError,
    InvalidInputError,
    RecordNotFoundError,
)
from passports.identifiers import gtin_belongs_to
from passports.operators import get_operator
from passports.store import BatteryModelRow, RowExistsError, Store, Transaction


class BatteryCategory(StrEnum):
    """Categories of Art. 3 that need a passport (Art. 77(1))."""

    EV = "ev"
    LMT = "lmt"
    INDUSTRIAL = "industrial"


class ServiceLife(Document):
    """What the functional unit is computed from; which fields count is the ruleset's matter."""

    vehicle_class: Name | None = None
    warranty_years: PositiveNumber | None = None
    warranty_distance_km: PositiveNumber | None = None
    warranty_capacity_share: Annotated[Number, Field(gt=0, le=1)] | None = None
    warranty_evidence: Text | None = None
    distance_km: PositiveNumber | None = None
    consumption_kwh_per_km: PositiveNumber | None = None


class BatteryModelCreate(Document):
    """A model as its manufacturer registers it.

    `stationary` marks an industrial battery of a stationary energy storage system (Art. 14 asks more of it).
    `capacity_kwh` is the rated energy, `usable_energy_kwh` the energy the battery delivers from full
    down to the limit of its management system, at the beginning of life.
    """

    id: Slug
    name: Name
    gtin: Gtin
    category: BatteryCategory
    stationary: bool = False
    chemistry: Name
    mass_kg: PositiveNumber
    capacity_kwh: PositiveNumber
    usable_energy_kwh: PositiveNumber
    service_life: ServiceLife
    note: Text | None = None


class BatteryModel(BatteryModelCreate):
    """A model as it stands in the store."""

    operator_id: str
    created_at: datetime


def register_model(
    store: Store, operator_id: str, request: BatteryModelCreate, now: datetime
) -> BatteryModel:
    """Register a battery model of an operator.

    Raises:
        InvalidInputError: usable energy above capacity, or a GTIN under a foreign GS1 prefix.
        IdentifierConflictError: the identifier or the GTIN is taken.
    """
    model = new_model(operator_id, request, now)
    try:
        with store.transaction() as transaction:
            transaction.operators.lock(operator_id)
            transaction.gs1_prefixes.lock()  # of two models with one GTIN, the second sees the first
            check_model(transaction, model)
            add_model(transaction, model)
    except RowExistsError:
        raise IdentifierConflictError("id", model.id, "Choose another identifier.") from None
    return model


def new_model(operator_id: str, request: BatteryModelCreate, now: datetime) -> BatteryModel:
    """Return a model as it would stand in the store."""
    return BatteryModel(**request.model_dump(), operator_id=operator_id, created_at=now)


def add_model(transaction: Transaction, model: BatteryModel) -> None:
    """Write down a model that passed `check_model` in this transaction."""
    transaction.models.add(
        BatteryModelRow(
            operator_id=model.operator_id,
            id=model.id,
            gtin=model.gtin,
            category=model.category.value,
            chemistry=model.chemistry,
            created_at=model.created_at,
            document=model.model_dump_json().encode(),
        )
    )


def check_model(transaction: Transaction, model: BatteryModel) -> None:
    """Let a new model through, for a dry run and for registering alike.

    Raises:
        InvalidInputError: its values contradict one another, or its GTIN is not the operator's.
        IdentifierConflictError: the GTIN is taken.
    """
    findings = []
    if model.usable_energy_kwh > model.capacity_kwh:
        reason = f"it exceeds the capacity of {model.capacity_kwh:g} kWh"
        remedy = "Usable energy is what is left of the capacity within the limits of the BMS."
        findings.append(
            Finding("usable_energy_kwh", f"{model.usable_energy_kwh:g}", reason, remedy)
        )
    if model.stationary and model.category is not BatteryCategory.INDUSTRIAL:
        reason = f"a stationary battery is an industrial one, not {model.category.value}"
        remedy = "Choose category industrial, or leave stationary out."
        findings.append(Finding("stationary", "true", reason, remedy))
    prefixes = get_operator(transaction, model.operator_id).gs1_prefixes
    foreign = foreign_gtin(transaction, model.operator_id, model.gtin, "gtin")
    if foreign is not None:
        findings.append(foreign)
    elif not gtin_belongs_to(model.gtin, prefixes):
        reason = (
            f"it stands under none of the operator's GS1 prefixes ({', '.join(prefixes)})"
            if prefixes
            else "the operator has no GS1 prefix yet under which it could stand"
        )
        remedy = (
            "Use a GTIN of your own company prefix, or register the prefix: voltpass keys prefix"
            f" {model.operator_id} PREFIX, or POST /v1/operators/{model.operator_id}/gs1-prefixes."
        )
        findings.append(Finding("gtin", model.gtin, reason, remedy))
    if findings:
        raise InvalidInputError(findings, "the battery model")
    if transaction.models.by_gtin(model.gtin) is not None:
        raise IdentifierConflictError("gtin", model.gtin, "Each model has a GTIN of its own.")


def get_model(transaction: Transaction, operator_id: str, model_id: str) -> BatteryModel:
    """Return a model of an operator.

    Raises:
        RecordNotFoundError: if there is none with this identifier.
    """
    row = transaction.models.get(operator_id, model_id)
    if row is None:
        raise RecordNotFoundError("battery model", model_id, "Register it first.")
    return BatteryModel.model_validate_json(row.document)


def list_models(transaction: Transaction, operator_id: str | None = None) -> list[BatteryModel]:
    """Return the models of one operator, or of all."""
    rows = transaction.models.all(operator_id)
    return [BatteryModel.model_validate_json(row.document) for row in rows]
