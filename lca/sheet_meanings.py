"""What each sheet and each column means, for whoever fills them in."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from lca.sheet_layout import CIRCULAR_PARAMETERS

MEANINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "field": "a field of the inventory by its path, e.g. product.mass_kg",
        "value": "its value",
        "id": "identifier; each one once",
        "name": "what people call it",
        "output_amount": "how much the activity makes; its other rows are for that much",
        "output_unit": "unit of the output, e.g. piece, kg, kWh capacity",
        "yield_percent": "good output in per cent of what went in; empty is 100",
        "activity": "identifier of the activity that this row belongs to",
        "factor": "identifier of an emission factor: voltpass footprint factors search",
        "from_activity": "identifier of the activity that makes it, instead of a factor",
        "amount": "how much, for the output amount of the activity",
        "unit": "unit of the amount",
        "process": "what it is for; the ruleset maps it to a life cycle stage",
        "origin": "company_specific: measured here, needs evidence; secondary: from literature",
        "evidence": "the record that shows it: meter, scale, invoice, certificate",
        "gsd": "geometric standard deviation of the amount, where known",
        "confidential": "yes: left out of the public study, its emissions stand in the stage's sum",
        "kind": "technosphere (empty), biosphere, or substitution",
        "plausibility_override": "why a factor outside its plausible band is right; is printed",
        "carrier": "electricity, or the factor of a fuel's or of heat's supply",
        "direct_factor": "factor of the emissions on site: combustion, exhaust",
        "mass_kg": "mass in kg",
        "distance_km": "distance in km",
        "flow": "elementary flow, e.g. carbon_dioxide_fossil; amount in a unit of mass",
        "kg_co2e": "the supplier's footprint, kg CO2e per unit",
        "per": "the unit that the footprint is per",
        "region": "where it was made",
        "period": "when it was made",
        "supplier": "who declares it",
        "primary_data_percent": "share of primary data that the supplier states, per cent",
        "gwp_basis": "characterisation that the supplier used, e.g. IPCC AR6",
        "licence": "terms under which you have it; it is never passed on",
        "arrangement": "how the electricity came: grid, on_site, direct_line",
        "kwh": "metered kWh in the period; kWh of the certificate",
        "technology": "e.g. hydro, pv, wind_onshore",
        "contract_technology": "technology of the supply contract",
        "contract_factor": "life-cycle factor of that technology",
        "contract_kwh": "kWh under contract",
        "contract_evidence": "the contract",
        "supply_row": "row number in the sheet electricity_supply",
        "vintage_year": "year in which it was generated, or the credit issued",
        "retired_on": "day of retirement, YYYY-MM-DD",
        "registry": "registry of the credit",
        "quantity_t": "tonnes CO2e; listed, never subtracted",
        "note": "anything worth saying",
        "stage": "life cycle stage",
        "reason": "why",
        "partial": "yes: the stage is assessed in part; empty: not at all",
        "assumption": "a sentence that stands in the study",
        "component": "of which component something is left out",
        "missing_mass_kg": "mass that is left out",
        "component_mass_kg": "mass of the whole component",
        "output_mass_kg": "mass of the output amount; needed where there are co-products",
        "output_price_per_kg": "price per kg, any currency, the same for all products",
        "price_per_kg": "price per kg, any currency; give all prices or none",
        "material": "material by the ruleset, e.g. aluminium, copper, steel, nickel, lithium",
        "virgin_factor": "life-cycle factor of virgin material, per kg",
        "recycled_input_factor": "factor of the recycled material that goes in, per kg",
        "recycling_output_factor": "factor of recycling at end of life, per kg",
        "substituted_virgin_factor": "factor of the virgin material that recycling replaces, per kg",
        "energy_recovery_factor": "factor of burning with energy recovery, per kg",
        "substituted_heat_factor": "factor of the heat that it replaces, per MJ heat",
        "substituted_electricity_factor": "factor of the electricity that it replaces, per kWh",
        "disposal_factor": "factor of landfill or burning without recovery, per kg",
        "recycled_input_percent": "R1: recycled content in per cent; needs evidence of traceability",
        "recycled_at_end_percent": "R2: collected times recovered at end of life, per cent",
        "energy_recovery_percent": "R3: burnt with energy recovery, per cent",
        "LHV_MJ_per_kg": "lower heating value",
        "heat_efficiency_percent": "XER, heat: share of the heating value that becomes heat",
        "electricity_efficiency_percent": "XER, elec: share that becomes electricity",
        **{
            f"{column}_evidence": f"the record behind {column}"
            for column in CIRCULAR_PARAMETERS.values()
        },
        "virgin_counted": "yes: the virgin material is in the bill already; only the rest is added",
        "metal": "cobalt, lead, lithium or nickel (Article 8)",
        "pre_consumer_kg": "of the mass: recovered from battery manufacturing waste",
        "post_consumer_kg": "of the mass: recovered from post-consumer waste",
    }
)
"""What each column means."""

SHEET_MEANINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "settings": "the battery, the plant, the period and what is asked for; fill in all of it",
        "activities": "one row a process: what it makes, and its yield",
        "bill_of_materials": "one row a material or part that a process takes",
        "energy": "electricity of the plant and fuels, per process",
        "transport": "one row a leg: mass times distance",
        "emissions": "direct emissions other than from burning fuels, e.g. of solvent or SF6",
        "supplier_footprints": "footprints that suppliers declared; used as factors by their id",
        "electricity_supply": "metered electricity of the period, by how it came",
        "certificates": "certificates behind the contracts in electricity_supply",
        "offsets": "carbon credits: they are listed, never subtracted",
        "co_products": "other products of a process; burdens are allocated by mass, or by price "
        "where prices differ by more than the ruleset's ratio",
        "end_of_life": "materials under the Circular Footprint Formula: recycled content and end "
        "of life, with evidence; without any, nothing counts as recycled",
        "gaps": "stages that are not assessed, or in part, and why",
        "assumptions": "sentences that stand in the study",
        "cut_off": "small masses left out; they count as the worst input beside them",
        "absent_components": "components that this battery does not have, and why",
        "recycled_content": "deliveries of cobalt, lead, lithium and nickel, for Article 8; they "
        "give the recycled share of these metals, also in end_of_life",
    }
)
"""What each sheet is for."""
