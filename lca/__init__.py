"""The footprint engine: inventory, ruleset and dataset in, a recomputable footprint out.

Pure: knows neither the web, nor a database, nor settings. The line through it is

    inventory.parse_inventory(bytes) ─┐
    rulesets.load_ruleset("da-2024") ─┼─> footprint.compute_footprint() -> Footprint
    datasets.load_shipped_dataset() ──┘

No method for the footprint of a battery is binding yet; every result names its ruleset and says so.
"""

FULL_NAME = "voltpass"
"""The software's name as it stands in every result."""
