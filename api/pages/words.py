"""Plain words for the identifiers that credentials, reports and results use.

Each table covers every identifier of its kind (a test compares them with the packages that define
them); what is unknown here is shown as it came.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from lca.errors import LcaError
from lca.rulesets import EnergyFormula, load_ruleset

CATEGORIES: Final[Mapping[str, str]] = {
    "ev": "Electric vehicle battery",
    "lmt": "Battery for light means of transport",
    "industrial": "Industrial battery",
}

STAGES: Final[Mapping[str, str]] = {
    "raw_material_acquisition": "Raw materials and pre-processing",
    "main_production": "Main production",
    "distribution": "Distribution",
    "end_of_life": "End of life and recycling",
}

CARRIERS: Final[Mapping[str, str]] = {
    "electricity": "Electricity",
    "natural_gas": "Natural gas",
    "heat": "Heat",
}

ARRANGEMENTS: Final[Mapping[str, str]] = {
    "grid": "bought from the grid",
    "direct_line": "direct line from a generator",
    "on_site": "generated on site",
}

# Boundary of an emission factor: what is counted, and the unit that follows from it.
BOUNDARIES: Final[Mapping[str, str]] = {
    "lca": "life cycle: generation, fuel supply and plant, grid losses",
    "direct_co2": "direct CO₂ of generation only, nothing upstream",
    "direct_ghg": "direct greenhouse gases only, nothing upstream",
}
BOUNDARY_UNITS: Final[Mapping[str, str]] = {
    "lca": "kg CO₂e",
    "direct_co2": "kg CO₂",
    "direct_ghg": "kg CO₂e",
}

COLUMNS: Final[Mapping[str, tuple[str, str]]] = {
    "cfb": ("In the footprint", "as this ruleset values electricity"),
    "location_based": ("By location", "average of the grid that supplies the plant"),
    "contract_based": ("By contract", "what was bought under contract or certificate"),
}

OUTCOMES: Final[Mapping[str, str]] = {
    "passed": "passed",
    "failed": "failed",
    "warning": "warning",
    "not_checked": "not checked",
    "cannot_tell": "cannot tell",
}

COVERAGES: Final[Mapping[str, tuple[str, str]]] = {
    "covered": ("passed", "Covers the place and days of manufacture; signed by its certifier"),
    "covered_unsigned": (
        "warning",
        "States that it covers the place and days of manufacture; unsigned, uploaded by the maker",
    ),
    "not_covered": ("failed", "Does not cover what was made"),
    "cannot_tell": ("cannot_tell", "Cannot tell whether it covers what was made"),
}

CERTIFICATE_CHECKS: Final[Mapping[str, str]] = {
    "certified": "Granted",
    "facility": "Facility",
    "period": "Period",
    "scope": "Scope",
    "scheme": "Scheme",
    "grading": "Grading",
    "status": "Status",
    "evidence": "Evidence",
    "effect_on_footprint": "Effect on the footprint",
}


@dataclass(frozen=True)
class StepWords:
    """A verification step in plain words: its name, what it asks, and what it means that it passed."""

    title: str
    asks: str
    passed: str


STEPS: Final[Mapping[str, StepWords]] = {
    "parse": StepWords(
        "Readable", "Are the bytes one well-formed signed document?", "The document can be read"
    ),
    "format": StepWords(
        "Kind of document",
        "Is it a credential in the format that battery passports use?",
        "It is a signed credential of the right format",
    ),
    "algorithm": StepWords(
        "Algorithm",
        "Is it signed by an algorithm that is accepted?",
        "The signature algorithm is an accepted one",
    ),
    "issuer_found": StepWords(
        "Issuer found",
        "Does the issuer publish the key that signed it?",
        "The issuer publishes the key",
    ),
    "issuer_trusted": StepWords(
        "Issuer trusted",
        "Does a trust list, signed by somebody believed here, name this issuer?",
        "The issuer stands on the trust list",
    ),
    "signature": StepWords(
        "Signature",
        "Do signature, key and content fit together, byte for byte?",
        "Nothing has changed since it was signed",
    ),
    "validity": StepWords(
        "Validity",
        "Does the moment of the check lie in the period for which it was issued?",
        "It is within its period of validity",
    ),
    "schema": StepWords(
        "Content",
        "Has it the form of a battery passport of its category? How complete it is, is another question.",
        "It has the form of a battery passport",
    ),
    "identifier": StepWords(
        "This battery",
        "Is it the passport of the battery whose code was scanned?",
        "It belongs to the battery that was scanned",
    ),
    "version": StepWords(
        "Newest version", "Does the issuer know of a newer version?", "It is the newest version"
    ),
    "status": StepWords(
        "Status", "Has the issuer revoked or suspended it?", "It is not revoked or suspended"
    ),
    "log_inclusion": StepWords(
        "Public log",
        "Was it entered in a public log, so that it cannot be swapped unseen?",
        "It is entered in the public log",
    ),
    "factory_certificate": StepWords(
        "Factory certificates",
        "Are the cited certificates the documents that were cited?",
        "The cited factory certificates are as cited",
    ),
    "footprint_study": StepWords(
        "Footprint study",
        "Are the cited footprint studies the ones that were cited?",
        "The cited footprint studies are as cited",
    ),
}


@dataclass(frozen=True)
class VerdictWords:
    """A verdict in plain words; `tone` names colour and sign."""

    title: str
    sentence: str
    tone: str


VERDICTS: Final[Mapping[str, VerdictWords]] = {
    "valid": VerdictWords(
        "Valid",
        "Nothing has changed since it was signed, the issuer is trusted, and no check failed.",
        "passed",
    ),
    "valid_with_warnings": VerdictWords(
        "Valid, with reservations",
        "Nothing has changed since it was signed and no check failed. Read the reservations.",
        "warning",
    ),
    "invalid": VerdictWords(
        "Not valid",
        "At least one check failed. Do not rely on anything that this passport says.",
        "failed",
    ),
    "cannot_tell": VerdictWords(
        "Cannot tell",
        "A check without which nothing can be said could not be made. This is not a yes.",
        "cannot_tell",
    ),
}


def word(table: Mapping[str, str], key: str | None) -> str | None:
    """Return the word for an identifier, or the identifier itself where none is known."""
    return None if key is None else table.get(key, key)


def readable(identifier: str) -> str:
    """Return an identifier like `total_energy_kwh` as words."""
    return identifier.replace("_", " ")


def capitalised(sentence: str) -> str:
    """Return a sentence with a capital at its beginning, the rest as it was."""
    return sentence[:1].upper() + sentence[1:]


@dataclass(frozen=True)
class RulesetWords:
    """A ruleset by name, and what its figure per kWh is counted per."""

    title: str
    per: str


@cache
def ruleset_words(ruleset_id: str) -> RulesetWords:
    """Return the words for a ruleset; one that is not shipped here keeps its identifier."""
    try:
        ruleset = load_ruleset(ruleset_id)
    except LcaError:
        return RulesetWords(ruleset_id, "kWh delivered")
    by_capacity = ruleset.formula is EnergyFormula.CAPACITY
    return RulesetWords(ruleset.title, "kWh of capacity" if by_capacity else "kWh delivered")
