"""Names of the checks of a factory's claims; each is as `passports.claim_checks` identifies it."""

from typing import Final

from api.pages import words
from api.pages.languages import Words, message

CLAIM_CHECKS: Final = Words(
    {
        "certificate_grading": message("Certificate grading"),
        "certificate_granted": message("Certificate granted"),
        "certificate_issuer": message("Certificate issuer"),
        "certificate_period": message("Certificate period"),
        "certificate_scheme": message("Certificate scheme"),
        "certificate_scope": message("Certificate scope"),
        "change_of_output": message("Change of output"),
        "coal_equivalent": message("Coal equivalent"),
        "eu_claim": message("EU claim"),
        "full_load_hours": message("Full load hours"),
        "implied_factor": message("Implied factor"),
        "instrument_retired": message("Instrument retired"),
        "inventory_sum": message("Inventory sum"),
        "measure_baseline": message("Measure baseline"),
        "module_power": message("Module power"),
        "no_counterpart": message("No counterpart"),
        "offset_traceable": message("Offset traceable"),
        "offsets_stay_gross": message("Offsets stay gross"),
        "parts_of_whole": message("Parts of whole"),
        "pathway": message("Pathway"),
        "reduction_expected": message("Reduction expected"),
        "remainder": message("Remainder"),
        "same_factor_at_one_plant": message("Same factor at one plant"),
        "saved_energy_factor": message("Saved energy factor"),
        "share_of_use": message("Share of use"),
        "share_rests_on": message("Share rests on"),
        "stated_share": message("Stated share"),
        "sum_of_reductions": message("Sum of reductions"),
        "volume_behind_reduction": message("Volume behind reduction"),
    }
)


def claim_check_title(check_id: str) -> str:
    """Return the name of a check; one that is unknown here as its identifier reads."""
    return CLAIM_CHECKS.get(check_id) or words.capitalised(words.readable(check_id))
