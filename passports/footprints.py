"""Footprint studies: one model from one factory by one ruleset (Art. 7(1): per model and plant).

The engine is `lca`, its inventory is put together in `footprint_inventory`. Inputs are stored as
computed, so that they can be recomputed; results are stored, and cited by their hash, as everybody may
read them.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import uuid4

import orjson
from pydantic import Field

import lca.errors
from lca.datasets import Dataset
from lca.errors import (
    AuditError,
    DatasetError,
    FactorImportError,
    LcaError,
    LicenceError,
    ScenarioError,
    UnknownRulesetError,
)
from lca.inventory import parse_inventory
from lca.rulesets import load_ruleset, ruleset_ids
from lca.strict_json import check_numbers
from passports.documents import Document, PastDate, Slug
from passports.errors import (
    Finding,
    InvalidInputError,
    RecordNotFoundError,
    StoreIntegrityError,
)
from passports.factories import Facility, find_energy_period, get_facility
from passports.footprint_inventory import as_stored, assemble_inventory
from passports.models import BatteryModel, get_model
from passports.result_agreement import first_difference
from passports.store import FootprintStudyRow, Store, StudyFilter, Transaction
from signing.canonical import canonicalize

if TYPE_CHECKING:
    from lca.footprint import Footprint


class FootprintRequest(Document):
    """What is to be computed.

    `inventory` brings activities, exchanges, demand, gaps and the factors of the grid
    (`electricity.factors`); product, plant, metered supply and offsets come from the records.
    `energy_period_from` picks the metered period; without it the newest one counts.
    """

    model_id: Slug
    facility_id: Slug
    rulesets: Annotated[list[str], Field(default_factory=lambda: ["da-2024"], min_length=1)]
    energy_period_from: PastDate | None = None
    inventory: dict[str, Any]


@dataclass(frozen=True)
class FootprintStudy:
    """A study as it stands in the store; `result` is the engine's document."""

    id: str
    operator_id: str
    model_id: str
    facility_id: str
    ruleset: str
    computed_at: datetime
    superseded_by: str | None
    inventory: Mapping[str, Any]
    result: Mapping[str, Any]
    result_sha256: str

    def to_document(self) -> dict[str, Any]:
        """Return the public version of the study: result and provenance, no inventory."""
        return {
            "id": self.id,
            "operator_id": self.operator_id,
            "model_id": self.model_id,
            "facility_id": self.facility_id,
            "ruleset": self.ruleset,
            "computed_at": self.computed_at.isoformat(),
            "superseded_by": self.superseded_by,
            "result": dict(self.result),
            "result_sha256": self.result_sha256,
        }


def compute_studies(
    store: Store, dataset: Dataset, operator_id: str, request: FootprintRequest, now: datetime
) -> list[FootprintStudy]:
    """Compute and store one study for each ruleset; a study that it replaces is marked superseded.

    The same inputs give the study that is there already.

    Raises:
        RecordNotFoundError: model, facility or metered period is not registered.
        InvalidInputError: the inventory is not valid, a ruleset is unknown, or a factor is missing.
    """
    with store.reading() as reading:
        model = get_model(reading, operator_id, request.model_id)
        facility = get_facility(reading, operator_id, request.facility_id)
        period = find_energy_period(reading, operator_id, facility.id, request.energy_period_from)
    _check_rulesets(request.rulesets)
    check_inventory_numbers(request.inventory)
    document = as_stored(assemble_inventory(model, facility, period, request.inventory))
    results = [(ruleset, _compute(document, ruleset, dataset)) for ruleset in request.rulesets]
    with store.transaction() as transaction:
        transaction.operators.lock(operator_id)  # of two at once, the later one supersedes
        return [
            _store_study(transaction, model, facility, ruleset, document, result, now)
            for ruleset, result in results
        ]


def check_inventory_numbers(inventory: Mapping[str, Any]) -> None:
    """Refuse an inventory with a number that cannot be stored exactly, by its path.

    Raises:
        InvalidInputError: NaN, infinity, or a whole number beyond 2^53 - 1.
    """
    try:
        check_numbers(inventory)
    except LcaError as error:
        raise translate(error) from error


def _check_rulesets(wanted: Sequence[str]) -> None:
    known = ruleset_ids()
    findings = [
        Finding(f"rulesets[{i}]", name, "there is no such ruleset", f"Known: {', '.join(known)}.")
        for i, name in enumerate(wanted)
        if name not in known
    ]
    if findings:
        raise InvalidInputError(findings, "the request")


def translate(error: LcaError) -> InvalidInputError:
    """Turn an error of the engine into one of this package, finding by finding."""
    what = next((name for kind, name in _ABOUT.items() if isinstance(error, kind)), "the inventory")
    findings = [Finding(_place(f, what), f.value, f.reason, f.remedy) for f in error.findings]
    return InvalidInputError(findings, what)


_ABOUT: Final[Mapping[type[LcaError], str]] = {
    AuditError: "the audit bundle",
    DatasetError: "the factors",
    FactorImportError: "the file of factors",
    LicenceError: "what is to be written",
    ScenarioError: "the scenario",
    UnknownRulesetError: "the ruleset",
}
"""What an error of the engine is about, where it is not the inventory."""


def _place(finding: lca.errors.Finding, what: str) -> str:
    """Return where a finding is: in a file by file, sheet, row and column, else by its path."""
    if finding.file is None:
        asked = finding.path.startswith("what_if")
        root = "inventory" if what == "the inventory" and not asked else ""
        return ".".join(filter(None, (root, finding.path)))
    sheet = f"sheet {finding.sheet}" if finding.sheet else None
    row = f"row {finding.row}" if finding.row else None
    return ", ".join(filter(None, (finding.file, sheet, row, finding.path)))


def _compute(document: Mapping[str, Any], ruleset: str, dataset: Dataset) -> dict[str, Any]:
    from lca.credits import check_credits  # noqa: PLC0415 # as below

    footprint = _footprint(document, ruleset, dataset)
    try:
        check_credits(footprint)
    except LcaError as error:
        raise translate(error) from error
    return _publication(footprint)


def _publication(footprint: "Footprint") -> dict[str, Any]:
    """Return a result as it is stored and cited: it is public (Art. 7(1)(g)), so is every byte of it."""
    from lca.sharing import shared_document  # noqa: PLC0415 # as below

    return shared_document(footprint, public=True)


def _footprint(document: Mapping[str, Any], ruleset: str, dataset: Dataset) -> "Footprint":
    # numpy is slow to load, and most who read studies compute none
    from lca.footprint import compute_footprint  # noqa: PLC0415

    try:
        return compute_footprint(parse_inventory(document), load_ruleset(ruleset), dataset)
    except LcaError as error:
        raise translate(error) from error


def _store_study(
    transaction: Transaction,
    model: BatteryModel,
    facility: Facility,
    ruleset: str,
    inventory: Mapping[str, Any],
    result: Mapping[str, Any],
    now: datetime,
) -> FootprintStudy:
    result_bytes = canonicalize(result)
    digest = hashlib.sha256(result_bytes).hexdigest()
    current = transaction.studies.current(model.operator_id, model.id, facility.id)
    replaced = [row for row in current if row.ruleset == ruleset]
    for row in replaced:
        if row.result_sha256 == digest:
            return study_of(row)
    study = FootprintStudyRow(
        operator_id=model.operator_id,
        id=str(uuid4()),
        model_id=model.id,
        facility_id=facility.id,
        ruleset=ruleset,
        kg_co2e_per_kwh=result["kg_co2e_per_kwh"],
        kg_co2e_per_battery=result["kg_co2e_per_battery"],
        kg_co2e_per_kwh_capacity=result["kg_co2e_per_kwh_capacity"],
        partial=result["partial"],
        computed_at=now,
        inventory=canonicalize(inventory),
        result=result_bytes,
        result_sha256=digest,
    )
    transaction.studies.add(study)
    for row in replaced:
        transaction.studies.supersede(row, study.id)
    return study_of(study)


def study_of(row: FootprintStudyRow) -> FootprintStudy:
    """Read a study out of its row."""
    return FootprintStudy(
        id=row.id,
        operator_id=row.operator_id,
        model_id=row.model_id,
        facility_id=row.facility_id,
        ruleset=row.ruleset,
        computed_at=row.computed_at,
        superseded_by=row.superseded_by,
        inventory=orjson.loads(row.inventory),
        result=orjson.loads(row.result),
        result_sha256=row.result_sha256,
    )


def get_study(transaction: Transaction, study_id: str) -> FootprintStudy:
    """Return a study.

    Raises:
        RecordNotFoundError: if there is none with this identifier.
    """
    row = transaction.studies.by_id(study_id)
    if row is None:
        raise RecordNotFoundError("footprint study", study_id)
    return study_of(row)


def current_studies(
    transaction: Transaction, operator_id: str, model_id: str, facility_id: str
) -> list[FootprintStudy]:
    """Return the studies in force of a model from a facility, by ruleset."""
    rows = transaction.studies.current(operator_id, model_id, facility_id)
    return [study_of(row) for row in rows]


def list_studies(
    transaction: Transaction,
    operator_id: str | None = None,
    model_id: str | None = None,
    *,
    include_superseded: bool = False,
) -> list[FootprintStudy]:
    """Return stored studies, newest first; only of an operator or of a model where one is given."""
    wanted = StudyFilter(
        operator_id=operator_id,
        model_id=model_id,
        include_superseded=include_superseded,
        limit=_MANY,
    )
    found = [study_of(row) for row, *_rest in transaction.studies.search(wanted)]
    return sorted(found, key=lambda study: (study.computed_at, study.id), reverse=True)


_MANY: Final = 1_000_000
"""More studies than any store has: a list for people is not cut."""


@dataclass(frozen=True)
class Recomputation:
    """A stored study computed anew from its stored inputs.

    `differs_at` is the path of the first figure in which the two differ.
    """

    study_id: str
    stored_kg_co2e_per_kwh: float
    recomputed_kg_co2e_per_kwh: float
    same_dataset: bool
    differs_at: str | None

    @property
    def equal(self) -> bool:
        """Tell whether the two agree, each figure to one part in a billion."""
        return self.differs_at is None


def whole_footprint(row: FootprintStudyRow, dataset: Dataset) -> "Footprint":
    """Compute a stored study anew from its stored inputs, confidential rows and all.

    Raises:
        InvalidInputError: the stored inputs no longer compute, for example for want of a factor.
    """
    return _footprint(orjson.loads(row.inventory), row.ruleset, dataset)


def recompute(row: FootprintStudyRow, dataset: Dataset) -> Recomputation:
    """Compute a stored study anew from its stored inputs.

    Raises:
        StoreIntegrityError: the stored result is not what its hash says, or its inputs are no JSON.
        InvalidInputError: the stored inputs no longer compute, for example for want of a factor.
    """
    if hashlib.sha256(row.result).hexdigest() != row.result_sha256:
        raise StoreIntegrityError(f"the result of study {row.id} is not what its hash says")
    try:
        stored, inventory = orjson.loads(row.result), orjson.loads(row.inventory)
    except ValueError:
        raise StoreIntegrityError(f"the inventory of study {row.id} is not JSON") from None
    result = _compute(inventory, row.ruleset, dataset)
    return Recomputation(
        study_id=row.id,
        stored_kg_co2e_per_kwh=stored["kg_co2e_per_kwh"],
        recomputed_kg_co2e_per_kwh=result["kg_co2e_per_kwh"],
        same_dataset=stored["dataset"]["fingerprint"] == dataset.fingerprint,
        differs_at=first_difference(stored, result),
    )


def produced_in(inventory: Mapping[str, Any]) -> tuple[date, date]:
    """Return the first and last day of the period that a study's inventory speaks of."""
    period = inventory["plant"]["period"]
    return date.fromisoformat(period["from"]), date.fromisoformat(period["to"])
