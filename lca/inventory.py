"""Reads an inventory document ("voltpass-inventory/1", schema in `data/inventory.schema.json`).

Everything that is wrong is reported at once, each with its path; nothing is taken over then.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib import resources
from types import MappingProxyType
from typing import Final

from lca.activities import (
    AbsentComponent,
    Activity,
    Amount,
    Arrangement,
    Certificate,
    CircularMaterial,
    Contract,
    CoProduct,
    CutOff,
    DataOrigin,
    ElectricitySupply,
    Exchange,
    ExchangeKind,
    Gap,
    Inventory,
    Offset,
    Period,
    Plant,
    Product,
    ServiceLife,
    Supply,
)
from lca.bill_of_materials import as_document
from lca.documents import DocumentReader, copied_json
from lca.errors import Finding, InventoryError
from lca.inventory_checks import check_inventory
from lca.plain_exchanges import PROVIDERS, plain_exchange, plain_exchanges
from lca.recycled_content import METALS, MetalLot
from lca.rulesets import STAGES, LifeCycleStage
from lca.strict_json import load_json

INVENTORY_FORMAT: Final = "voltpass-inventory/1"

CATEGORIES: Final = ("ev", "lmt", "industrial", "sli", "portable")
"""Battery categories of Article 3 of Regulation (EU) 2023/1542."""


def parse_inventory(document: Mapping[str, object] | bytes) -> Inventory:
    """Return the inventory in a document.

    Args:
        document: A parsed JSON object, or the bytes of one.

    Raises:
        InventoryError: Something in it is wrong; every finding has a path, a reason and a remedy.
    """
    findings: list[Finding] = []
    data = _own(document, findings)
    if findings:
        raise InventoryError(findings)
    return parse_own_document(data)


def parse_own_document(
    data: Mapping[str, object], document: Mapping[str, object] | None = None
) -> Inventory:
    """Return the inventory in a document that nobody else holds: it is kept without a copy.

    Args:
        data: The document; exchanges in it may have been read already.
        document: What to keep as the document where that is so.

    Raises:
        InventoryError: As `parse_inventory`.
    """
    findings: list[Finding] = []
    reader = DocumentReader(data, findings=findings)
    inventory = _inventory(reader, MappingProxyType(dict(data)) if document is None else document)
    reader.done()
    if not findings:
        findings.extend(check_inventory(inventory))
    if findings:
        raise InventoryError(findings)
    return inventory


def inventory_schema() -> dict[str, object]:
    """Return the JSON Schema of the document format."""
    text = resources.files("lca.data").joinpath("inventory.schema.json").read_text("utf-8")
    schema: dict[str, object] = json.loads(text)
    return schema


def _own(document: Mapping[str, object] | bytes, findings: list[Finding]) -> Mapping[str, object]:
    """Return a document of our own: what was computed must not change in the caller's hands."""
    if isinstance(document, bytes):
        return load_json(document, findings)
    try:
        return copied_json(document)
    except RecursionError:
        findings.append(Finding("document", "", "is nested too deeply", "flatten it"))
        return {}


def _inventory(reader: DocumentReader, document: Mapping[str, object]) -> Inventory:
    reader.constant("format", INVENTORY_FORMAT)
    demand = reader.child("demand")
    supply = reader.optional_child("electricity")
    inventory = Inventory(
        title=reader.text("title"),
        product=_product(reader.child("product")),
        plant=_plant(reader.child("plant")),
        electricity=None if supply is None else _electricity(supply),
        activities=tuple(_activity(item) for item in reader.children("activities", required=True)),
        demand=Amount(demand.positive("amount"), demand.text("unit")),
        demand_activity=demand.text("activity"),
        offsets=tuple(_offset(item) for item in reader.children("offsets")),
        gaps=tuple(_gap(item) for item in reader.children("gaps")),
        assumptions=reader.texts("assumptions"),
        absent_components=tuple(
            AbsentComponent(item.text("process"), item.text("reason"))
            for item in reader.children("absent_components")
        ),
        cut_off=tuple(_cut_off(item) for item in reader.children("cut_off")),
        circular=tuple(_circular(item) for item in reader.children("circular")),
        screening=reader.flag("screening", default=False),
        document=document,
        recycled_content=tuple(_lot(item) for item in reader.children("recycled_content")),
    )
    demand.done()
    return inventory


def _product(reader: DocumentReader) -> Product:
    life = reader.child("service_life")
    product = Product(
        category=reader.choice("category", CATEGORIES),
        chemistry=reader.text("chemistry"),
        mass_kg=reader.positive("mass_kg"),
        capacity_kwh=reader.positive("capacity_kwh"),
        usable_energy_kwh=reader.positive("usable_energy_kwh"),
        service_life=ServiceLife(
            vehicle_class=life.optional_text("vehicle_class"),
            warranty_years=life.optional_positive("warranty_years"),
            warranty_distance_km=life.optional_positive("warranty_distance_km"),
            warranty_capacity_share=life.optional_number(
                "warranty_capacity_share", minimum=0, maximum=1
            ),
            warranty_evidence=life.optional_text("warranty_evidence"),
            distance_km=life.optional_positive("distance_km"),
            consumption_kwh_per_km=life.optional_positive("consumption_kwh_per_km"),
            declared_cycles=life.optional_positive("declared_cycles"),
        ),
    )
    life.done()
    reader.done()
    return product


def _period(reader: DocumentReader) -> Period:
    period = Period(reader.day("from"), reader.day("to"))
    if period.last_on < period.first_on:
        reader.refuse("to", "lies before the first day", "swap the two days")
    reader.done()
    return period


def _plant(reader: DocumentReader) -> Plant:
    country = reader.text("country")
    if country and not (len(country) == 2 and country.isalpha() and country.isupper()):  # noqa: PLR2004 - ISO 3166-1 alpha-2
        reader.refuse("country", "is no ISO 3166-1 alpha-2 code", "write e.g. CN")
    plant = Plant(
        facility_id=reader.text("facility_id"),
        country=country,
        grid_region=reader.optional_text("grid_region"),
        period=_period(reader.child("period")),
        production_kwh=reader.positive("production_kwh"),
    )
    reader.done()
    return plant


def _electricity(reader: DocumentReader) -> ElectricitySupply:
    factors = reader.child("factors")
    period = reader.optional_child("period")
    supply = ElectricitySupply(
        period=None if period is None else _period(period),
        national_mix=factors.optional_text("national_mix"),
        grid_location=factors.optional_text("grid_location"),
        residual=factors.optional_text("residual"),
        residual_lca=factors.optional_text("residual_lca"),
        supply=tuple(_supply(item) for item in reader.children("supply", required=True)),
    )
    factors.done()
    reader.done()
    return supply


def _supply(reader: DocumentReader) -> Supply:
    contract = reader.optional_child("contract")
    supply = Supply(
        arrangement=Arrangement(reader.choice("arrangement", [item.value for item in Arrangement])),
        kwh=reader.number("kwh", minimum=0),
        technology=reader.optional_text("technology"),
        factor=reader.optional_text("factor"),
        contract=None if contract is None else _contract(contract),
        evidence=reader.optional_text("evidence"),
        path=reader.path,
    )
    reader.done()
    return supply


def _contract(reader: DocumentReader) -> Contract:
    contract = Contract(
        technology=reader.text("technology"),
        factor=reader.text("factor"),
        kwh=reader.number("kwh", minimum=0),
        certificates=tuple(_certificate(item) for item in reader.children("certificates")),
        evidence=reader.optional_text("evidence"),
    )
    reader.done()
    return contract


def _certificate(reader: DocumentReader) -> Certificate:
    certificate = Certificate(
        id=reader.text("id"),
        kwh=reader.positive("kwh"),
        vintage_year=reader.whole("vintage_year", minimum=1990, maximum=2200),
        retired_on=reader.day("retired_on") if reader.has("retired_on") else None,
    )
    reader.done()
    return certificate


def _activity(reader: DocumentReader) -> Activity:
    output = reader.child("output")
    activity = Activity(
        id=reader.text("id"),
        name=reader.text("name"),
        output=Amount(output.positive("amount"), output.text("unit")),
        exchanges=tuple(_exchanges(reader)),
        path=reader.path,
        products=_products(reader, output),
    )
    output.done()
    reader.done()
    return activity


def _products(reader: DocumentReader, output: DocumentReader) -> tuple[CoProduct, ...]:
    """Return the main product and its co-products; nothing where there is no co-product."""
    others = reader.children("co_products")
    if not others:
        return ()
    main = CoProduct(
        "main product", output.positive("mass_kg"), output.optional_positive("price_per_kg")
    )
    products = [main]
    for item in others:
        price = item.optional_number("price_per_kg", minimum=0)
        products.append(CoProduct(item.text("name"), item.positive("mass_kg"), price))
        item.done()
    return tuple(products)


def _exchanges(reader: DocumentReader) -> Iterator[Exchange]:
    """Yield the exchanges: at once where one is plainly well-formed, else with all findings."""
    given = reader.document.get("exchanges")
    path = reader.at("exchanges")
    plain = plain_exchanges(given, path) if isinstance(given, list) and given else None
    if plain is not None:
        reader.has("exchanges")
        yield from plain
        return
    if isinstance(given, list):  # one of many is wrong: all are read slowly
        document = {**reader.document, "exchanges": [as_document(item) for item in given]}
        reader.has("exchanges")
        reader = DocumentReader(document, reader.path, reader.findings)
    for item in reader.children("exchanges"):
        yield plain_exchange(item.document, item.path) or _exchange_with_findings(item)


def _exchange_with_findings(reader: DocumentReader) -> Exchange:
    kind = ExchangeKind(reader.choice("kind", [item.value for item in ExchangeKind]))
    given = [key for key in PROVIDERS if reader.has(key)]
    if len(given) != 1:
        remedy = "name one of activity, factor, flow, electricity"
        reader.refuse("kind", "an exchange has exactly one provider", remedy)
    elif kind is ExchangeKind.BIOSPHERE and given[0] in {"activity", "electricity"}:
        reader.refuse(given[0], "nature is no activity", "name a flow or a direct_ghg factor")
    elif kind is not ExchangeKind.BIOSPHERE and given[0] == "flow":
        reader.refuse("flow", "goes to nature", "make the kind biosphere")
    if reader.has("electricity"):
        reader.choice("electricity", ["plant"])
    exchange = Exchange(
        path=reader.path,
        kind=kind,
        # Not even to nature: what is taken out of the air has a flow of its own in EF 3.1.
        amount=reader.number("amount", minimum=0),
        unit=reader.text("unit"),
        process=reader.text("process"),
        origin=DataOrigin(reader.choice("origin", [item.value for item in DataOrigin])),
        activity=reader.optional_text("activity"),
        factor=reader.optional_text("factor"),
        flow=reader.optional_text("flow"),
        electricity=reader.optional_text("electricity"),
        name=reader.optional_text("name"),
        evidence=reader.optional_text("evidence"),
        gsd=reader.optional_number("gsd", minimum=1, maximum=100),
        plausibility_override=reader.optional_text("plausibility_override"),
        confidential=reader.flag("confidential", default=False),
    )
    if exchange.origin is DataOrigin.COMPANY_SPECIFIC and exchange.evidence is None:
        reader.refuse("evidence", "a company-specific amount needs evidence", "name the record")
    reader.done()
    return exchange


def _offset(reader: DocumentReader) -> Offset:
    offset = Offset(
        id=reader.text("id"),
        registry=reader.optional_text("registry"),
        quantity_t=reader.positive("quantity_t"),
        vintage_year=(
            reader.whole("vintage_year", minimum=1990, maximum=2200)
            if reader.has("vintage_year")
            else None
        ),
        note=reader.optional_text("note"),
    )
    reader.done()
    return offset


def _gap(reader: DocumentReader) -> Gap:
    gap = Gap(
        stage=LifeCycleStage(reader.choice("stage", [stage.value for stage in STAGES])),
        reason=reader.text("reason"),
        partial=reader.flag("partial", default=False),
    )
    reader.done()
    return gap


def _cut_off(reader: DocumentReader) -> CutOff:
    left_out = CutOff(
        activity=reader.text("activity"),
        component=reader.text("component"),
        missing_mass_kg=reader.positive("missing_mass_kg"),
        component_mass_kg=reader.positive("component_mass_kg"),
        reason=reader.text("reason"),
        path=reader.path,
    )
    reader.done()
    return left_out


def _lot(reader: DocumentReader) -> MetalLot:
    lot = MetalLot(
        metal=reader.choice("metal", METALS),
        mass_kg=reader.number("mass_kg", minimum=0),
        pre_consumer_kg=reader.number("pre_consumer_kg", minimum=0),
        post_consumer_kg=reader.number("post_consumer_kg", minimum=0),
        evidence=reader.optional_text("evidence"),
    )
    reader.done()
    return lot


def _circular(reader: DocumentReader) -> CircularMaterial:
    factors = reader.child("factors")
    names = {key: factors.text(key) for key in factors.document}
    proofs = reader.optional_child("evidence")
    evidence = {} if proofs is None else {key: proofs.text(key) for key in proofs.document}
    material = CircularMaterial(
        id=reader.text("id"),
        material=reader.text("material"),
        mass_kg=reader.positive("mass_kg"),
        factors=MappingProxyType(names),
        parameters=reader.numbers("parameters") if reader.has("parameters") else {},
        evidence=MappingProxyType(evidence),
        virgin_counted=reader.flag("virgin_counted", default=False),
        path=reader.path,
    )
    reader.done()
    return material
