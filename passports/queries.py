"""The regulator's questions: footprints across makers, in comparable units, recomputable."""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Annotated, Any, Final

import orjson
from pydantic import AfterValidator, Field

from lca.datasets import Dataset
from lca.rulesets import ruleset_ids
from passports.certification.certificates import certificates_of
from passports.certification.coverage import check_certificate, coverage
from passports.documents import Document, Name, RuleError
from passports.errors import Finding, InvalidInputError, PassportError, shorten
from passports.footprints import produced_in, recompute
from passports.models import BatteryCategory
from passports.store import FootprintStudyRow, Store, StudyFilter, Transaction

_COUNTRY: Final = re.compile(r"[A-Z]{2}")


def _known_ruleset(value: str) -> str:
    if value not in ruleset_ids():
        raise RuleError("there is no such ruleset", f"Choose one of {', '.join(ruleset_ids())}.")
    return value


def _known_category(value: str) -> str:
    categories = [category.value for category in BatteryCategory]
    if value not in categories:
        raise RuleError("there is no such category", f"Choose one of {', '.join(categories)}.")
    return value


def _two_letters(value: str) -> str:
    if not _COUNTRY.fullmatch(value):
        raise RuleError("this is no code of a country", "Two capital letters (ISO 3166-1): CN.")
    return value


class FootprintQuery(Document):
    """What is asked; every field narrows the answer, None means any."""

    ruleset: Annotated[Name, AfterValidator(_known_ruleset)] | None = None
    operator: Name | None = None
    facility: Name | None = None
    model: Name | None = None
    category: Annotated[Name, AfterValidator(_known_category)] | None = None
    country: Annotated[Name, AfterValidator(_two_letters)] | None = None
    include_superseded: bool = False
    recompute: bool = False
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    cursor: str | None = None


@dataclass(frozen=True)
class FootprintPage:
    """Rows, lowest footprint per kWh delivered first, and where the next page begins."""

    rows: Sequence[dict[str, Any]]
    next_cursor: str | None


def query_footprints(store: Store, dataset: Dataset, query: FootprintQuery) -> FootprintPage:
    """Answer a query over all makers' studies; with `recompute`, each is computed anew.

    Raises:
        InvalidInputError: the cursor is not one that was given out, or there is no such operator.
    """
    wanted = StudyFilter(
        ruleset=query.ruleset,
        operator_id=query.operator,
        facility_id=query.facility,
        model_id=query.model,
        category=query.category,
        country=query.country,
        include_superseded=query.include_superseded,
        after=_read_cursor(query.cursor),
        limit=query.limit + 1,
    )
    with store.reading() as reading:
        _check_operator(reading, query.operator)
        found = reading.studies.search(wanted)
        rows = []
        for study, model, facility, operator in found[: query.limit]:
            row = {
                "study_id": study.id,
                "operator_id": operator.id,
                "operator": operator.name,
                "facility_id": facility.id,
                "facility": facility.name,
                "country": facility.country,
                "model_id": model.id,
                "category": model.category,
                "chemistry": model.chemistry,
                **_figures(study),
                "certificates": _certificates(reading, study),
            }
            if query.recompute:
                row["recomputed"] = _recomputed(study, dataset)
            rows.append(row)
    more = len(found) > query.limit
    last = found[query.limit - 1][0] if more else None
    return FootprintPage(rows, _cursor(last) if last is not None else None)


def _check_operator(reading: Transaction, operator_id: str | None) -> None:
    if operator_id is not None and reading.operators.get(operator_id) is None:
        reason = "there is no operator with this identifier here"
        finding = Finding("operator", shorten(operator_id), reason, "Check the identifier.")
        raise InvalidInputError([finding], "the query")


def _figures(study: FootprintStudyRow) -> dict[str, Any]:
    result = orjson.loads(study.result)
    columns = result["electricity_columns"]
    return {
        "ruleset": study.ruleset,
        "kg_co2e_per_kwh": study.kg_co2e_per_kwh,
        "kg_co2e_per_battery": study.kg_co2e_per_battery,
        "kg_co2e_per_kwh_capacity": study.kg_co2e_per_kwh_capacity,
        "total_energy_kwh": result["functional_unit"]["total_energy_kwh"],
        "partial": study.partial,
        "screening": result["screening"],
        "data_quality": {
            name: result["data_quality"][name] for name in ("level", "rating", "primary_data_share")
        },
        "not_assessed": result["not_assessed"],
        "stages": {row["stage"]: row["kg_co2e_per_kwh"] for row in result["stages"]},
        "electricity_columns": {
            name: {
                "boundary": column["boundary"],
                "kg_co2e_per_kwh_capacity": column["kg_co2e_per_kwh_capacity"],
            }
            for name, column in columns.items()
        },
        "offsets_listed_t": result["offsets"]["listed_t"],
        "computed_at": study.computed_at.isoformat(),
        "superseded_by": study.superseded_by,
        "result_sha256": study.result_sha256,
        "dataset": result["dataset"],
    }


def _certificates(reading: Transaction, study: FootprintStudyRow) -> list[dict[str, str]]:
    period = produced_in(orjson.loads(study.inventory))
    return [
        {
            "scheme": certificate.scheme,
            "coverage": coverage(check_certificate(certificate, study.facility_id, period)),
            "evidence": certificate.evidence_said,
        }
        for certificate in certificates_of(reading, study.operator_id, study.facility_id)
    ]


def _recomputed(study: FootprintStudyRow, dataset: Dataset) -> dict[str, Any]:
    try:
        anew = recompute(study, dataset)
    except PassportError as error:
        return {"equal": False, "reason": error.message}
    return {
        "equal": anew.equal,
        "differs_at": anew.differs_at,
        "kg_co2e_per_kwh": anew.recomputed_kg_co2e_per_kwh,
        "same_dataset": anew.same_dataset,
    }


def _cursor(row: FootprintStudyRow) -> str:
    key = orjson.dumps([row.kg_co2e_per_kwh, row.id])
    return base64.urlsafe_b64encode(key).decode().rstrip("=")


def _read_cursor(cursor: str | None) -> tuple[float, str] | None:
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        key = orjson.loads(base64.urlsafe_b64decode(padded))
    except (ValueError, binascii.Error):
        key = None
    if isinstance(key, list) and len(key) == 2 and type(key[0]) in {int, float}:  # noqa: PLR2004 # see _cursor
        value, study_id = float(key[0]), key[1]
        if isfinite(value) and isinstance(study_id, str) and study_id.isprintable():
            return value, study_id
    reason = "this is not a cursor that was given out here"
    finding = Finding("cursor", shorten(cursor), reason, "Take next_cursor of the last answer.")
    raise InvalidInputError([finding], "the query")
