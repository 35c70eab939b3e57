"""Step 14: each cited study is the one that was cited, and recomputes where its inputs are at hand."""

import hashlib
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from passports.verification.claims import StudyClaims, SubjectClaims
from passports.verification.findings import worst
from signing.report import Finding


class _RulesetOfResult(BaseModel):
    model_config = ConfigDict(strict=True)

    id: str = Field(min_length=1)


class _Result(BaseModel):
    """What a passport repeats of the engine's result; a result says much more."""

    model_config = ConfigDict(allow_inf_nan=False, strict=True)

    ruleset: _RulesetOfResult
    kg_co2e_per_kwh: float
    kg_co2e_per_battery: float
    partial: bool


class StudyChecks:
    """Holds passports against the studies at hand; what all passports of a batch cite is read once."""

    def __init__(self, studies: Mapping[str, bytes], recomputed: Mapping[str, bool]) -> None:
        """Begin with exact bytes of results, and what recomputing gave, both by URL."""
        self._studies = studies
        self._recomputed = recomputed
        self._read: dict[str, tuple[str, _Result | None]] = {}

    def check(self, subject: SubjectClaims) -> Finding:
        """Check all studies that a passport cites."""
        if not subject.carbonFootprint:
            return Finding("passed", "no_footprint_stated", "no carbon footprint is stated")
        return worst([self.check_study(study) for study in subject.carbonFootprint])

    def check_study(self, study: StudyClaims) -> Finding:
        """Check one study that a passport cites."""
        if study.study not in self._studies:
            message = f"the study by {study.ruleset} is not at hand"
            return Finding("not_checked", "study_not_at_hand", message)
        sha256, result = self._reading(study.study)
        if sha256 != study.studySha256:
            message = (
                f"the study by {study.ruleset} is not the one that was cited (SHA-256 differs)"
            )
            return Finding("failed", "study_hash_mismatch", message)
        differs = _contradiction(study, result)
        if differs is not None:
            message = f"the study by {study.ruleset} says another {differs} than the passport"
            return Finding("failed", "study_contradicts_passport", message)
        anew = self._recomputed.get(study.study)
        if anew is False:
            message = f"the study by {study.ruleset} does not recompute"
            return Finding("failed", "study_does_not_recompute", message)
        how = "recomputed with the same result" if anew else "as cited; not recomputed here"
        return Finding("passed", "study_fits", f"the study by {study.ruleset}: {how}")

    def _reading(self, url: str) -> tuple[str, _Result | None]:
        if url not in self._read:
            data = self._studies[url]
            self._read[url] = hashlib.sha256(data).hexdigest(), _result(data)
        return self._read[url]


def _result(data: bytes) -> _Result | None:
    try:
        return _Result.model_validate_json(data)
    except ValidationError:
        return None


def _contradiction(study: StudyClaims, found: _Result | None) -> str | None:
    """Return what the cited result says otherwise: an issuer can cite one figure and print another."""
    if found is None:
        return "thing: it is no result of a footprint"
    pairs = {
        "ruleset": (study.ruleset, found.ruleset.id),
        "kg CO2e per kWh": (study.kgCo2ePerKwh, found.kg_co2e_per_kwh),
        "kg CO2e per battery": (study.kgCo2ePerBattery, found.kg_co2e_per_battery),
        "completeness": (study.partial, found.partial),
    }
    return next((name for name, (said, cited) in pairs.items() if said != cited), None)
