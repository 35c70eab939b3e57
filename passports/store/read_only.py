"""Nothing is written for an operator that is kept here from an archive, or that has ceased.

One place for all use cases, those to come too: what is about to be written is looked at when a session
flushes. Reads of restricted data are still logged, and a ceased operator's passports can still be opened
to somebody with a legitimate interest.
"""

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import event
from sqlmodel import Session, select

from passports.errors import Finding, OperatorReadOnlyError

if TYPE_CHECKING:
    from passports.store.archive_tables import ContinuityRow

_KEEPS: Final = "voltpass_keeps"
_READ_ONLY: Final = "voltpass_read_only"
# By name: the classes of tables are made when they are needed, see the package.
_ALWAYS: Final = ("operator_continuity", "access_entry", "access_anchor")
_WHEN_CEASED: Final = ("access_grant",)


def guard(session: Session) -> None:
    """Refuse writes for operators that are read-only, in this session."""
    event.listen(session, "before_flush", _check)


def let_keep(session: Session) -> None:
    """Let this session bring in what an archive holds."""
    session.info[_KEEPS] = True


def read_only_error(operator_id: str, row: "ContinuityRow") -> OperatorReadOnlyError:
    """Return the error that says why nothing is written for an operator, and who to turn to."""
    if row.ceased_at is not None:
        reason = f"the operator ceased on {row.ceased_at.date()}"
        remedy = "Its passports stay as they are; a new responsible operator issues new ones."
    else:
        reason = f"its records are kept here from an archive of {row.base_url}"
        remedy = f"Write at {row.base_url}, and import a newer archive here."
    finding = Finding("operator", operator_id, reason, remedy)
    return OperatorReadOnlyError(f"Nothing is written for {operator_id} here: {reason}.", [finding])


def _check(session: Session, _context: object, _instances: object) -> None:
    if session.info.get(_KEEPS):
        return
    changed = [*session.new, *session.dirty, *session.deleted]
    named = ((row, _operator_of(row)) for row in changed if _table_of(row) not in _ALWAYS)
    concerned = [(row, operator_id) for row, operator_id in named if operator_id is not None]
    if not concerned:
        return
    if _READ_ONLY not in session.info:
        from passports.store.archive_tables import ContinuityRow  # noqa: PLC0415 # for writers only

        with session.no_autoflush:
            rows = session.exec(select(ContinuityRow)).all()
        session.info[_READ_ONLY] = {row.operator_id: row for row in rows}
    for row, operator_id in concerned:
        state: ContinuityRow | None = session.info[_READ_ONLY].get(operator_id)
        if state is None or (state.ceased_at is not None and _table_of(row) in _WHEN_CEASED):
            continue
        raise read_only_error(operator_id, state)


def _table_of(row: Any) -> str:  # noqa: ANN401 # rows of all tables
    return str(row.__tablename__)


def _operator_of(row: Any) -> str | None:  # noqa: ANN401 # rows of all tables
    return getattr(row, "operator_id", None)
