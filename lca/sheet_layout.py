"""Which sheets an inventory has, which columns, and how their rows become the JSON document.

| sheet | one row is |
|---|---|
| settings | one field of the document by its path, e.g. `product.mass_kg`, `plant.period.from` |
| activities | an activity: its output, and the yield in per cent |
| bill_of_materials | a material or part that an activity takes: a factor or another activity |
| energy | electricity of the plant, or a fuel: its supply and, by `direct_factor`, its combustion |
| transport | a leg: mass x distance; `factor` (life cycle) or `direct_factor` (exhaust) |
| emissions | a direct emission of an elementary flow |
| supplier_footprints | a footprint that a supplier declared; it becomes an emission factor |
| electricity_supply, certificates | metered electricity, contracts and their certificates |
| recycled_content | a delivery of cobalt, lead, lithium or nickel, and what of it was recovered |
| co_products | another product of an activity; the activity then needs its own mass |
| end_of_life | a material under the Circular Footprint Formula, shares in per cent |
| offsets, gaps, assumptions, cut_off, absent_components | as in the document |
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from lca.errors import Finding, shown

Record = dict[str, Any]

FLAGS: Final[Mapping[str, bool]] = MappingProxyType(
    {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False, "": False}
)
"""What people write for yes and no."""


class Row(NamedTuple):
    """The cells of one row by column, empty ones left out; the first row of a sheet is 1."""

    cells: Record
    file: str
    sheet: str
    row: int


@dataclass(frozen=True, slots=True)
class SheetLayout:
    """Columns of a sheet; `numbers` are those that must hold a number."""

    name: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    numbers: frozenset[str] = frozenset()


CIRCULAR_PARAMETERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "R1": "recycled_input_percent",
        "R2": "recycled_at_end_percent",
        "R3": "energy_recovery_percent",
        "LHV_MJ_per_kg": "LHV_MJ_per_kg",
        "XER_heat": "heat_efficiency_percent",
        "XER_electricity": "electricity_efficiency_percent",
    }
)
"""Columns of the company's own parameters of the formula; each has a column of evidence."""

CIRCULAR_FACTORS: Final = (
    "virgin",
    "recycled_input",
    "recycling_output",
    "substituted_virgin",
    "energy_recovery",
    "substituted_heat",
    "substituted_electricity",
    "disposal",
)
"""Burdens of the formula; each has a column for its factor."""

_COMMON = ("process", "origin", "evidence", "name", "gsd", "confidential")
_NUMBERS = frozenset({"amount", "gsd"})

SHEETS: Final[Mapping[str, SheetLayout]] = MappingProxyType(
    {
        layout.name: layout
        for layout in (
            SheetLayout("settings", ("field", "value")),
            SheetLayout(
                "activities",
                ("id", "name", "output_amount", "output_unit"),
                ("yield_percent", "output_mass_kg", "output_price_per_kg"),
                frozenset(
                    {"output_amount", "yield_percent", "output_mass_kg", "output_price_per_kg"}
                ),
            ),
            SheetLayout(
                "bill_of_materials",
                ("activity", "amount", "unit", "process", "origin"),
                ("factor", "from_activity", "kind", "plausibility_override", *_COMMON[2:]),
                _NUMBERS,
            ),
            SheetLayout(
                "energy",
                ("activity", "carrier", "amount", "unit", "process", "origin"),
                ("direct_factor", *_COMMON[2:]),
                _NUMBERS,
            ),
            SheetLayout(
                "transport",
                ("activity", "mass_kg", "distance_km", "process", "origin"),
                ("factor", "direct_factor", *_COMMON[2:]),
                frozenset({"mass_kg", "distance_km", "gsd"}),
            ),
            SheetLayout(
                "emissions",
                ("activity", "flow", "amount", "unit", "process", "origin"),
                _COMMON[2:],
                _NUMBERS,
            ),
            SheetLayout(
                "supplier_footprints",
                ("id", "name", "kg_co2e", "per", "region", "period", "supplier", "evidence"),
                ("primary_data_percent", "gwp_basis", "licence"),
                frozenset({"kg_co2e", "primary_data_percent"}),
            ),
            SheetLayout(
                "electricity_supply",
                ("arrangement", "kwh"),
                (
                    "technology",
                    "factor",
                    "evidence",
                    "contract_technology",
                    "contract_factor",
                    "contract_kwh",
                    "contract_evidence",
                ),
                frozenset({"kwh", "contract_kwh"}),
            ),
            SheetLayout(
                "certificates",
                ("supply_row", "id", "kwh", "vintage_year"),
                ("retired_on",),
                frozenset({"supply_row", "kwh", "vintage_year"}),
            ),
            SheetLayout(
                "offsets",
                ("id", "registry", "quantity_t", "vintage_year"),
                ("note",),
                frozenset({"quantity_t", "vintage_year"}),
            ),
            SheetLayout(
                "co_products",
                ("activity", "name", "mass_kg"),
                ("price_per_kg",),
                frozenset({"mass_kg", "price_per_kg"}),
            ),
            SheetLayout(
                "end_of_life",
                ("id", "material", "mass_kg"),
                (
                    *(f"{name}_factor" for name in CIRCULAR_FACTORS),
                    *(
                        column
                        for name in CIRCULAR_PARAMETERS.values()
                        for column in (name, f"{name}_evidence")
                    ),
                    "virgin_counted",
                ),
                frozenset({"mass_kg", *CIRCULAR_PARAMETERS.values()}),
            ),
            SheetLayout("gaps", ("stage", "reason"), ("partial",)),
            SheetLayout("assumptions", ("assumption",)),
            SheetLayout(
                "cut_off",
                ("activity", "component", "missing_mass_kg", "component_mass_kg", "reason"),
                (),
                frozenset({"missing_mass_kg", "component_mass_kg"}),
            ),
            SheetLayout("absent_components", ("process", "reason")),
            SheetLayout(
                "recycled_content",
                ("metal", "mass_kg", "pre_consumer_kg", "post_consumer_kg"),
                ("evidence",),
                frozenset({"mass_kg", "pre_consumer_kg", "post_consumer_kg"}),
            ),
        )
    }
)


COLUMNS: Final[Mapping[tuple[str, str], str]] = MappingProxyType(
    {
        ("activities", "output.amount"): "output_amount",
        ("activities", "output.unit"): "output_unit",
        ("activities", "output.mass_kg"): "output_mass_kg",
        ("activities", "output.price_per_kg"): "output_price_per_kg",
        **{("end_of_life", f"parameters.{k}"): v for k, v in CIRCULAR_PARAMETERS.items()},
        **{
            ("end_of_life", f"evidence.{k}"): f"{v}_evidence"
            for k, v in CIRCULAR_PARAMETERS.items()
        },
        **{("end_of_life", f"factors.{name}"): f"{name}_factor" for name in CIRCULAR_FACTORS},
        **{
            ("electricity_supply", f"contract.{name}"): f"contract_{name}"
            for name in ("technology", "factor", "kwh", "evidence")
        },
    }
)
"""The column behind a field of the document, where the two have different names."""


class SheetReader:
    """Reads one sheet: a header, then rows; whatever is wrong becomes a finding."""

    def __init__(self, layout: SheetLayout, file: str, findings: list[Finding]) -> None:
        self.layout = layout
        self.file = file
        self.findings = findings

    def read(self, table: Sequence[Sequence[object]]) -> list[Row]:
        """Return the rows below the header; empty rows are skipped."""
        if not table:
            return []
        header = [str(cell).strip() for cell in table[0]]
        if not self._header_is_right(header):
            return []
        self._refuse_unnamed(header, table)
        odd = self._odd_columns(header, table)
        required = frozenset(self.layout.required) & {column for column, _ in odd}
        name, file = self.layout.name, self.file
        rows: list[Row] = []
        for number, cells in enumerate(table[1:], start=2):
            record: Record = dict(zip(header, cells, strict=False))
            for column, is_number in odd:
                cell = record.get(column)
                if cell == "":
                    del record[column]
                elif cell is not None and isinstance(cell, str) is is_number:
                    record[column] = self._converted(number, column, cell)
            if not record:
                continue
            missing = required - record.keys() if required else frozenset()
            for column in filter(missing.__contains__, self.layout.required):
                self._refuse(number, column, "", "is empty", f"fill in {column}")
            rows.append(Row(record, file, name, number))
        return rows

    def _refuse_unnamed(self, header: Sequence[str], table: Sequence[Sequence[object]]) -> None:
        """Refuse what stands under no column name: nobody would read it."""
        named = len(header)
        if "" not in header and all(len(cells) <= named for cells in table[1:]):
            return
        names = [*header, *([""] * max(len(cells) - named for cells in table))]
        for number, cells in enumerate(table[1:], start=2):
            for name, cell in zip(names, cells, strict=False):
                if name == "" and str(cell).strip():
                    reason, remedy = "stands under no column name", "name its column or remove it"
                    self._refuse(number, "(no name)", cell, reason, remedy)

    def _odd_columns(
        self, header: Sequence[str], table: Sequence[Sequence[object]]
    ) -> list[tuple[str, bool]]:
        """Return the columns with a cell that is empty or not of the column's kind."""
        odd: list[tuple[str, bool]] = []
        for column, cells in zip(header, zip_longest(*table[1:], fillvalue=""), strict=False):
            is_number = column in self.layout.numbers
            plain = {float} if is_number else {str}
            if not set(map(type, cells)) <= plain or "" in cells:
                odd.append((column, is_number))
        return odd

    def _converted(self, number: int, column: str, cell: object) -> object:
        """Return a number of a text column as text; refuse a text in a column of numbers."""
        if isinstance(cell, str):
            self._refuse(number, column, cell, "must be a number", "write a plain number")
            return cell
        return as_text(cell)

    def _header_is_right(self, header: Sequence[str]) -> bool:
        before = len(self.findings)
        known = {*self.layout.required, *self.layout.optional}
        for column in header:
            if column and column not in known:
                remedy = f"known: {', '.join(sorted(known))}"
                self._refuse(1, column, "", "no such column", remedy)
            if column and header.count(column) > 1:
                self._refuse(1, column, "", "column given twice", "remove one")
        for column in self.layout.required:
            if column not in header:
                self._refuse(1, column, "", "column is missing", f"add {column}")
        return len(self.findings) == before

    def _refuse(self, number: int, column: str, value: object, reason: str, remedy: str) -> None:
        self.findings.append(
            Finding(
                column,
                shown(value),
                reason,
                remedy,
                file=self.file,
                sheet=self.layout.name,
                row=number,
            )
        )


def as_text(cell: object) -> object:
    """Return a cell of a text column as text: 2024.0 is the year 2024, a date is YYYY-MM-DD."""
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat()
    if isinstance(cell, dt.date):
        return cell.isoformat()
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
