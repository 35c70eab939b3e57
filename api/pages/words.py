"""Plain words for the identifiers that credentials, reports and results use.

Each table covers every identifier of its kind (a test compares them with the packages that define
them); what is unknown here is shown as it came.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from api.pages.languages import Words, gettext, language, message
from lca.errors import LcaError
from lca.rulesets import EnergyFormula, load_ruleset

CATEGORIES: Final = Words(
    {
        "ev": message("Electric vehicle battery"),
        "lmt": message("Battery for light means of transport"),
        "industrial": message("Industrial battery"),
    }
)

STAGES: Final = Words(
    {
        "raw_material_acquisition": message("Raw materials and pre-processing"),
        "main_production": message("Main production"),
        "distribution": message("Distribution"),
        "end_of_life": message("End of life and recycling"),
    }
)

CARRIERS: Final = Words(
    {
        "electricity": message("Electricity"),
        "natural_gas": message("Natural gas"),
        "heat": message("Heat"),
    }
)

ARRANGEMENTS: Final = Words(
    {
        "grid": message("bought from the grid"),
        "direct_line": message("direct line from a generator"),
        "on_site": message("generated on site"),
    }
)

# Boundary of an emission factor: what is counted, and the unit that follows from it.
BOUNDARIES: Final = Words(
    {
        "lca": message("life cycle: generation, fuel supply and plant, grid losses"),
        "direct_co2": message("direct CO₂ of generation only, nothing upstream"),
        "direct_ghg": message("direct greenhouse gases only, nothing upstream"),
    }
)
BOUNDARY_UNITS: Final[Mapping[str, str]] = {
    "lca": "kg CO₂e",
    "direct_co2": "kg CO₂",
    "direct_ghg": "kg CO₂e",
}

COLUMNS: Final[Mapping[str, tuple[str, str]]] = {
    "cfb": (message("In the footprint"), message("as this ruleset values electricity")),
    "location_based": (
        message("By location"),
        message("average of the grid that supplies the plant"),
    ),
    "contract_based": (
        message("By contract"),
        message("what was bought under contract or certificate"),
    ),
}

OUTCOMES: Final = Words(
    {
        "passed": message("passed"),
        "failed": message("failed"),
        "warning": message("warning"),
        "not_checked": message("not checked"),
        "cannot_tell": message("cannot tell"),
    }
)

COVERAGES: Final[Mapping[str, tuple[str, str]]] = {
    "covered": (
        "passed",
        message("Covers the place and days of manufacture; signed by its certifier"),
    ),
    "covered_unsigned": (
        "warning",
        message(
            "States that it covers the place and days of manufacture; unsigned, uploaded by the maker"
        ),
    ),
    "not_covered": ("failed", message("Does not cover what was made")),
    "cannot_tell": ("cannot_tell", message("Cannot tell whether it covers what was made")),
}

CERTIFICATE_CHECKS: Final = Words(
    {
        "certified": message("Granted"),
        "facility": message("Facility"),
        "period": message("Period"),
        "scope": message("Scope"),
        "scheme": message("Scheme"),
        "grading": message("Grading"),
        "status": message("Status"),
        "evidence": message("Evidence"),
        "effect_on_footprint": message("Effect on the footprint"),
    }
)


@dataclass(frozen=True)
class StepWords:
    """A verification step in plain words: its name, what it asks, and what it means that it passed."""

    title: str
    asks: str
    passed: str


STEPS: Final[Mapping[str, StepWords]] = {
    "parse": StepWords(
        message("Readable"),
        message("Are the bytes one well-formed signed document?"),
        message("The document can be read"),
    ),
    "format": StepWords(
        message("Kind of document"),
        message("Is it a credential in the format that battery passports use?"),
        message("It is a signed credential of the right format"),
    ),
    "algorithm": StepWords(
        message("Algorithm"),
        message("Is it signed by an algorithm that is accepted?"),
        message("The signature algorithm is an accepted one"),
    ),
    "issuer_found": StepWords(
        message("Issuer found"),
        message("Does the issuer publish the key that signed it?"),
        message("The issuer publishes the key"),
    ),
    "issuer_trusted": StepWords(
        message("Issuer trusted"),
        message("Does a trust list, signed by somebody believed here, name this issuer?"),
        message("The issuer stands on the trust list"),
    ),
    "signature": StepWords(
        message("Signature"),
        message("Do signature, key and content fit together, byte for byte?"),
        message("Nothing has changed since it was signed"),
    ),
    "validity": StepWords(
        message("Validity"),
        message("Does the moment of the check lie in the period for which it was issued?"),
        message("It is within its period of validity"),
    ),
    "schema": StepWords(
        message("Content"),
        message(
            "Has it the form of a battery passport of its category? How complete it is, is another question."
        ),
        message("It has the form of a battery passport"),
    ),
    "identifier": StepWords(
        message("This battery"),
        message("Is it the passport of the battery whose code was scanned?"),
        message("It belongs to the battery that was scanned"),
    ),
    "version": StepWords(
        message("Newest version"),
        message("Does the issuer know of a newer version?"),
        message("It is the newest version"),
    ),
    "status": StepWords(
        message("Status"),
        message("Has the issuer revoked or suspended it?"),
        message("It is not revoked or suspended"),
    ),
    "log_inclusion": StepWords(
        message("Public log"),
        message("Was it entered in a public log, so that it cannot be swapped unseen?"),
        message("It is entered in the public log"),
    ),
    "factory_certificate": StepWords(
        message("Factory certificates"),
        message("Are the cited certificates the documents that were cited?"),
        message("The cited factory certificates are as cited"),
    ),
    "footprint_study": StepWords(
        message("Footprint study"),
        message("Are the cited footprint studies the ones that were cited?"),
        message("The cited footprint studies are as cited"),
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
        message("Valid"),
        message(
            "Nothing has changed since it was signed, the issuer is trusted, and no check failed."
        ),
        "passed",
    ),
    "valid_with_warnings": VerdictWords(
        message("Valid, with reservations"),
        message(
            "Nothing has changed since it was signed and no check failed. Read the reservations."
        ),
        "warning",
    ),
    "invalid": VerdictWords(
        message("Not valid"),
        message("At least one check failed. Do not rely on anything that this passport says."),
        "failed",
    ),
    "cannot_tell": VerdictWords(
        message("Cannot tell"),
        message("A check without which nothing can be said could not be made. This is not a yes."),
        "cannot_tell",
    ),
}


def column_words(column: str) -> tuple[str, str]:
    """Return the title of an electricity column and what it shows, for one of its identifiers."""
    title, subtitle = COLUMNS[column]
    return gettext(title), gettext(subtitle)


def within(phrase: str) -> str:
    """Return a title as it stands within a sentence: in small letters where nouns are."""
    return phrase if language().capitalises_nouns else phrase.lower()


PER_KWH_DELIVERED: Final = "kWh delivered"
PER_KWH_OF_CAPACITY: Final = "kWh of capacity"
_CO2E_PER: Final = Words(
    {
        PER_KWH_DELIVERED: message("kg CO₂e per kWh delivered"),
        PER_KWH_OF_CAPACITY: message("kg CO₂e per kWh of capacity"),
    }
)


def co2e_per(per: str) -> str:
    """Return the unit of a footprint: mass per kWh delivered or of capacity."""
    return _CO2E_PER.get(per) or f"kg CO₂e / {per}"


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
        return RulesetWords(ruleset_id, PER_KWH_DELIVERED)
    by_capacity = ruleset.formula is EnergyFormula.CAPACITY
    return RulesetWords(ruleset.title, PER_KWH_OF_CAPACITY if by_capacity else PER_KWH_DELIVERED)
