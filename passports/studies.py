"""Reading stored studies beyond their result: audit bundle, contributions, diagram.

The public sees what adds up; the maker and authorities see every exchange.
"""

from typing import Any

from lca.audit import write_bundle
from lca.charts import sankey_svg
from lca.datasets import Dataset
from lca.errors import LcaError
from lca.sharing import shared_document
from passports.authority.roles import Action
from passports.errors import AccessDeniedError, Finding, RecordNotFoundError
from passports.footprints import translate, whole_footprint
from passports.operators import EconomicOperator
from passports.store import FootprintStudyRow, Store


def _row(store: Store, study_id: str) -> FootprintStudyRow:
    with store.reading() as reading:
        row = reading.studies.by_id(study_id)
    if row is None:
        raise RecordNotFoundError("footprint study", study_id)
    return row


def sees_all(row: FootprintStudyRow, reader: EconomicOperator | None) -> bool:
    """Tell whether a reader may see a study's confidential rows: its maker, and authorities."""
    if reader is None:
        return False
    return reader.id == row.operator_id or reader.may(Action.SUPERVISE)


def audit_bundle(
    store: Store, dataset: Dataset, study_id: str, reader: EconomicOperator | None
) -> bytes:
    """Return the bundle from which a stranger recomputes a study.

    Licensed values never leave: they are withheld, and the bundle says that it proves less.

    Raises:
        RecordNotFoundError: there is no such study.
        AccessDeniedError: the reader is neither its maker nor an authority.
    """
    row = _row(store, study_id)
    if not sees_all(row, reader):
        reason = "an audit bundle holds the maker's confidential inputs"
        remedy = "Ask the maker for it, or use a key of a market surveillance authority."
        raise AccessDeniedError(
            "The audit bundle is not public.", [Finding("Authorization", "", reason, remedy)]
        )
    return _bundle_of(row, dataset)


def own_audit_bundle(store: Store, dataset: Dataset, study_id: str) -> bytes:
    """Return the bundle of a study for whoever holds the store: its maker, on the command line.

    Licensed values never leave, as in `audit_bundle`.

    Raises:
        RecordNotFoundError: there is no such study.
        InvalidInputError: the stored inputs no longer compute.
    """
    return _bundle_of(_row(store, study_id), dataset)


def _bundle_of(row: FootprintStudyRow, dataset: Dataset) -> bytes:
    try:
        return write_bundle(whole_footprint(row, dataset), withhold_licensed=True)
    except LcaError as error:
        raise translate(error) from error


def contributions(
    store: Store, dataset: Dataset, study_id: str, reader: EconomicOperator | None
) -> dict[str, Any]:
    """Return what each exchange contributes; for the public, confidential rows as a sum a stage.

    Licensed values are nobody's to give: their rows are sums a stage, or have nulls, for everybody.

    Raises:
        RecordNotFoundError: there is no such study.
    """
    row = _row(store, study_id)
    whole = sees_all(row, reader)
    shown: dict[str, Any] = shared_document(whole_footprint(row, dataset), public=not whole)
    return {
        "study_id": study_id,
        "superseded_by": row.superseded_by,
        "kg_co2e_per_battery": shown["kg_co2e_per_battery"],
        "confidential_rows_shown": whole,
        "contributions": shown["contributions"],
        "withheld_by_stage": shown["withheld_by_stage"],
    }


def diagram(store: Store, dataset: Dataset, study_id: str, reader: EconomicOperator | None) -> str:
    """Return the Sankey diagram of a study as SVG; for the public without confidential rows.

    Raises:
        RecordNotFoundError: there is no such study.
    """
    row = _row(store, study_id)
    return sankey_svg(whole_footprint(row, dataset), public=not sees_all(row, reader))
