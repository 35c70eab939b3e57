"""How a row of each sheet enters the inventory document."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from lca.activities import Exchange
from lca.bill_of_materials import PlainBill
from lca.errors import Finding, shown
from lca.sheet_layout import CIRCULAR_FACTORS, CIRCULAR_PARAMETERS, FLAGS, SHEETS, Record, Row


@dataclass
class Draft:
    """A document that is being put together.

    Attributes:
        places: File, sheet and row of each path in the document.
        exchanges: Path and list of the exchanges of each activity by its identifier.
        bill: Path of each row of a bill of materials that was read column by column.
    """

    document: Record = field(default_factory=lambda: {"format": "voltpass-inventory/1"})
    places: dict[str, Row] = field(default_factory=dict)
    exchanges: dict[object, tuple[str, list[Record | Exchange]]] = field(default_factory=dict)
    bill: list[str] = field(default_factory=list)


def draft_of(
    sheets: Mapping[str, Sequence[Row]],
    file: str,
    findings: list[Finding],
    bill: PlainBill | None = None,
) -> Draft:
    """Return the inventory document of these rows, and where each of its paths came from."""
    draft = Draft()
    for name in ("settings", "activities"):
        if name not in sheets and not any(finding.sheet == name for finding in findings):
            finding = Finding(name, "", "the sheet is missing", f"add it: {name}")
            findings.append(replace(finding, file=file, sheet=name))
    for name in SHEETS:
        write = WRITERS.get(name)
        if write is None:
            continue
        if bill is not None and name == "bill_of_materials":
            _add_bill(draft, bill)
        for row in sheets.get(name, ()):
            finding_or_none = write(draft, row)
            if finding_or_none is not None:
                place = row
                findings.append(
                    replace(finding_or_none, file=place.file, sheet=place.sheet, row=place.row)
                )
    return draft


def _add_bill(draft: Draft, bill: PlainBill) -> None:
    """Add a bill of materials; its activities have no exchanges yet."""
    if not draft.exchanges.keys() >= set(bill.takers):
        return  # something is wrong with an activity, and was said: nothing comes of this draft
    places = {taker: draft.exchanges[taker] for taker in set(bill.takers)}
    taken = dict.fromkeys(places, 0)
    paths = draft.bill
    for taker in bill.takers:
        number = taken[taker]
        taken[taker] = number + 1
        paths.append(f"{places[taker][0]}[{number}]")
    for taker, exchange in zip(bill.takers, bill.exchanges(paths), strict=True):
        places[taker][1].append(exchange)


Writer = Callable[[Draft, Row], Finding | None]

_TEXT_SETTINGS: Final = frozenset(
    {"title", "format", "category", "chemistry", "facility_id", "from"}
)


def _settings(draft: Draft, row: Row) -> Finding | None:
    path = str(row.cells.get("field", ""))
    value = row.cells.get("value")
    *parents, leaf = path.split(".")
    place: Record = draft.document
    for part in parents:
        child = place.setdefault(part, {})
        if not isinstance(child, dict):
            return Finding("field", path, "is a field of another field's value", "check the path")
        place = child
    if leaf in place:
        return Finding("field", path, "is given twice", "remove one of the rows")
    place[leaf] = _setting(leaf, value)
    draft.places[path] = row
    return None


def _mark(exchange: Record, cell: object) -> None:
    """Mark an exchange confidential; one that is not has no such field."""
    flag = _flag(cell)
    if flag is not False:
        exchange["confidential"] = flag


def _flag(value: object) -> object:
    """Return true or false for yes or no; anything else stays, to be refused."""
    return FLAGS.get(str(value).lower(), value)


def _setting(leaf: str, value: object) -> object:
    if leaf == "screening":
        return _flag(value)
    if not isinstance(value, str) or leaf in _TEXT_SETTINGS:
        return value
    try:
        return float(value)
    except ValueError:
        return value


def _activities(draft: Draft, row: Row) -> Finding | None:
    cells = row.cells
    amount = cells.get("output_amount")
    rate = cells.get("yield_percent", 100.0)
    if isinstance(rate, int | float) and not 0 < rate <= 100:  # noqa: PLR2004 - per cent
        return Finding("yield_percent", shown(rate), "must lie above 0 and up to 100", "check it")
    if isinstance(amount, int | float) and isinstance(rate, int | float):
        amount = amount * rate / 100
    activities = draft.document.setdefault("activities", [])
    draft.places[f"activities[{len(activities)}]"] = row
    output = {"amount": amount, "unit": cells.get("output_unit")}
    if "output_mass_kg" in cells:
        mass = cells["output_mass_kg"]
        plain = isinstance(mass, int | float) and isinstance(rate, int | float)
        output["mass_kg"] = mass * rate / 100 if plain else mass
    if "output_price_per_kg" in cells:
        output["price_per_kg"] = cells["output_price_per_kg"]
    exchanges: list[Record | Exchange] = []
    path = f"activities[{len(activities)}].exchanges"
    draft.exchanges.setdefault(cells.get("id"), (path, exchanges))
    activities.append(
        {
            "id": cells.get("id"),
            "name": cells.get("name"),
            "output": output,
            "exchanges": exchanges,
        }
    )
    return None


def _bill_of_materials(draft: Draft, row: Row) -> Finding | None:
    exchange = row.cells  # nobody needs the cells again: the row itself becomes the exchange
    provider = exchange.pop("from_activity", None)
    if ("factor" in exchange) is (provider is not None):
        reason = "give either a factor or the activity it comes from"
        return Finding("factor", "", reason, "fill in exactly one of the two")
    taker = exchange.pop("activity", None)
    if provider is not None:
        exchange["activity"] = provider
    if "kind" not in exchange:
        exchange["kind"] = "technosphere"
    if "confidential" in exchange:
        _mark(exchange, exchange.pop("confidential"))
    return _add(draft, row, exchange, taker)


def _energy(draft: Draft, row: Row) -> Finding | None:
    cells = row.cells
    supply = _exchange(cells)
    if cells.get("carrier") == "electricity":
        supply["electricity"] = "plant"
        return _add(draft, row, supply)
    supply["factor"] = cells.get("carrier")
    finding = _add(draft, row, supply)
    if finding is None and "direct_factor" in cells:
        burnt = _exchange(cells, kind="biosphere")
        burnt["factor"] = cells["direct_factor"]
        return _add(draft, row, burnt)
    return finding


def _transport(draft: Draft, row: Row) -> Finding | None:
    cells = row.cells
    given = [column for column in ("factor", "direct_factor") if column in cells]
    if len(given) != 1:
        reason = "give either a life-cycle factor or a direct one"
        return Finding("factor", ", ".join(given), reason, "fill in exactly one of the two")
    mass, distance = cells.get("mass_kg"), cells.get("distance_km")
    tonne_km = None
    if isinstance(mass, int | float) and isinstance(distance, int | float):
        tonne_km = mass / 1000 * distance
    kind = "technosphere" if given == ["factor"] else "biosphere"
    exchange = _exchange({**cells, "amount": tonne_km, "unit": "tkm"}, kind=kind)
    exchange["factor"] = cells[given[0]]
    return _add(draft, row, exchange)


def _emissions(draft: Draft, row: Row) -> Finding | None:
    exchange = _exchange(row.cells, kind="biosphere")
    exchange["flow"] = row.cells.get("flow")
    return _add(draft, row, exchange)


_COPIED: Final = ("amount", "unit", "process", "origin", "evidence", "name", "gsd")


def _exchange(cells: Record, kind: str = "technosphere") -> Record:
    exchange: Record = {"kind": kind}
    for column in _COPIED:
        if column in cells:
            exchange[column] = cells[column]
    if "confidential" in cells:
        _mark(exchange, cells["confidential"])
    return exchange


def _add(draft: Draft, row: Row, exchange: Record, taker: object = None) -> Finding | None:
    wanted = row.cells.get("activity") if taker is None else taker
    place = draft.exchanges.get(wanted)
    if place is None:
        reason, remedy = "no such activity", "add it to the sheet activities"
        return Finding("activity", shown(wanted), reason, remedy)
    path, exchanges = place
    draft.places[f"{path}[{len(exchanges)}]"] = row
    exchanges.append(exchange)
    return None


def _electricity_supply(draft: Draft, row: Row) -> Finding | None:
    cells = row.cells
    supplies = _electricity(draft)["supply"]
    supply: Record = {
        column: cells[column]
        for column in ("arrangement", "kwh", "technology", "factor", "evidence")
        if column in cells
    }
    contract = {
        column.removeprefix("contract_"): cells[column]
        for column in cells
        if column.startswith("contract_")
    }
    if contract:
        supply["contract"] = {**contract, "certificates": []}
    path = f"electricity.supply[{len(supplies)}]"
    draft.places[path] = row
    supplies.append(supply)
    return None


def _certificates(draft: Draft, row: Row) -> Finding | None:
    cells = row.cells
    supplies = _electricity(draft)["supply"]
    number = cells.get("supply_row")
    for index, supply in enumerate(supplies):
        place = draft.places[f"electricity.supply[{index}]"]
        if place.row == number and "contract" in supply:
            certificates = supply["contract"]["certificates"]
            path = f"electricity.supply[{index}].contract.certificates[{len(certificates)}]"
            draft.places[path] = row
            certificates.append({key: cells[key] for key in cells if key != "supply_row"})
            return None
    reason = "no row of electricity_supply with this number has a contract"
    return Finding("supply_row", shown(number), reason, "give the row number in that sheet")


def _electricity(draft: Draft) -> Record:
    electricity: Record = draft.document.setdefault("electricity", {})
    electricity.setdefault("factors", {})
    electricity.setdefault("supply", [])
    return electricity


def _co_products(draft: Draft, row: Row) -> Finding | None:
    wanted = row.cells.get("activity")
    for index, activity in enumerate(draft.document.get("activities", ())):
        if activity["id"] == wanted:
            others = activity.setdefault("co_products", [])
            draft.places[f"activities[{index}].co_products[{len(others)}]"] = row
            others.append({key: row.cells[key] for key in row.cells if key != "activity"})
            return None
    reason, remedy = "no such activity", "add it to the sheet activities"
    return Finding("activity", shown(wanted), reason, remedy)


def _end_of_life(draft: Draft, row: Row) -> Finding | None:
    cells = row.cells
    parameters: Record = {}
    for name, column in CIRCULAR_PARAMETERS.items():
        value = cells.get(column)
        if value is None:
            continue
        if column.endswith("_percent"):
            if not isinstance(value, int | float) or not 0 <= value <= 100:  # noqa: PLR2004 - per cent
                return Finding(column, shown(value), "must lie between 0 and 100", "give per cent")
            value = value / 100
        parameters[name] = value
    factors = {name: cells.get(f"{name}_factor") for name in CIRCULAR_FACTORS}
    proofs = {name: cells.get(f"{c}_evidence") for name, c in CIRCULAR_PARAMETERS.items()}
    material: Record = {key: cells[key] for key in ("id", "material", "mass_kg") if key in cells}
    material["factors"] = {name: factor for name, factor in factors.items() if factor is not None}
    material["parameters"] = parameters
    material["evidence"] = {name: proof for name, proof in proofs.items() if proof is not None}
    if "virgin_counted" in cells:
        material["virgin_counted"] = _flag(cells["virgin_counted"])
    items = draft.document.setdefault("circular", [])
    draft.places[f"circular[{len(items)}]"] = row
    items.append(material)
    return None


def _list_of(key: str) -> Writer:
    def write(draft: Draft, row: Row) -> Finding | None:
        items = draft.document.setdefault(key, [])
        draft.places[f"{key}[{len(items)}]"] = row
        item = dict(row.cells)
        if "partial" in item:
            item["partial"] = _flag(item["partial"])
        items.append(item)
        return None

    return write


def _assumptions(draft: Draft, row: Row) -> Finding | None:
    items = draft.document.setdefault("assumptions", [])
    draft.places[f"assumptions[{len(items)}]"] = row
    items.append(row.cells.get("assumption"))
    return None


WRITERS: Final[Mapping[str, Writer]] = MappingProxyType(
    {
        "settings": _settings,
        "activities": _activities,
        "bill_of_materials": _bill_of_materials,
        "energy": _energy,
        "transport": _transport,
        "emissions": _emissions,
        "electricity_supply": _electricity_supply,
        "certificates": _certificates,
        "co_products": _co_products,
        "end_of_life": _end_of_life,
        "offsets": _list_of("offsets"),
        "gaps": _list_of("gaps"),
        "assumptions": _assumptions,
        "cut_off": _list_of("cut_off"),
        "absent_components": _list_of("absent_components"),
        "recycled_content": _list_of("recycled_content"),
    }
)
