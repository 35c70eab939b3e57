"""Reading and writing footprint studies: by model and factory, and as regulators ask for them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import tuple_
from sqlmodel import col, select

from passports.store.records import Records, can_be_stored
from passports.store.tables import BatteryModelRow, FacilityRow, FootprintStudyRow, OperatorRow


@dataclass(frozen=True)
class StudyFilter:
    """What a query over footprint studies asks for; None means any."""

    ruleset: str | None = None
    operator_id: str | None = None
    facility_id: str | None = None
    model_id: str | None = None
    category: str | None = None
    country: str | None = None
    include_superseded: bool = False
    after: tuple[float, str] | None = None
    limit: int = 100


class FootprintStudyRecords(Records[FootprintStudyRow]):
    """Footprint studies."""

    table = FootprintStudyRow

    def by_id(self, study_id: str) -> FootprintStudyRow | None:
        """Return a study of any operator by its identifier, or None."""
        if not can_be_stored(study_id):
            return None
        return self._session.exec(
            select(FootprintStudyRow).where(FootprintStudyRow.id == study_id)
        ).first()

    def current(
        self, operator_id: str, model_id: str, facility_id: str
    ) -> Sequence[FootprintStudyRow]:
        """Return the studies in force of a model from a factory, by ruleset."""
        query = select(FootprintStudyRow).where(
            FootprintStudyRow.operator_id == operator_id,
            FootprintStudyRow.model_id == model_id,
            FootprintStudyRow.facility_id == facility_id,
            col(FootprintStudyRow.superseded_by).is_(None),
        )
        return self._session.exec(query.order_by(FootprintStudyRow.ruleset)).all()

    def search(
        self, wanted: StudyFilter
    ) -> Sequence[tuple[FootprintStudyRow, BatteryModelRow, FacilityRow, OperatorRow]]:
        """Return studies with model, factory and operator, lowest footprint first, a page at a time."""
        study, model, facility = FootprintStudyRow, BatteryModelRow, FacilityRow
        query = (
            select(study, model, facility, OperatorRow)
            .join(
                model,
                (col(model.operator_id) == study.operator_id) & (col(model.id) == study.model_id),
            )
            .join(
                facility,
                (col(facility.operator_id) == study.operator_id)
                & (col(facility.id) == study.facility_id),
            )
            .join(OperatorRow, col(OperatorRow.id) == study.operator_id)
        )
        equal: Mapping[Any, str | None] = {
            study.ruleset: wanted.ruleset,
            study.operator_id: wanted.operator_id,
            study.facility_id: wanted.facility_id,
            study.model_id: wanted.model_id,
            model.category: wanted.category,
            facility.country: wanted.country,
        }
        for column, value in equal.items():
            if value is not None:
                query = query.where(column == value)
        if not wanted.include_superseded:
            query = query.where(col(study.superseded_by).is_(None))
        if wanted.after is not None:
            query = query.where(tuple_(col(study.kg_co2e_per_kwh), col(study.id)) > wanted.after)
        query = query.order_by(col(study.kg_co2e_per_kwh), col(study.id)).limit(wanted.limit)
        return self._session.exec(query).all()

    def supersede(self, row: FootprintStudyRow, by: str) -> None:
        """Mark a study as replaced by another; nothing else of it ever changes."""
        row.superseded_by = by
        self._session.add(row)
        self._session.flush()

    def all(self) -> Iterator[FootprintStudyRow]:
        """Yield all studies, superseded ones too."""
        yield from self._session.exec(select(FootprintStudyRow).order_by(FootprintStudyRow.id))
