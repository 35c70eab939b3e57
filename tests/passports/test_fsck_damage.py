"""fsck over every column of every table: damage to a cell is found, or the column has its reason here.

A new column is neither covered nor listed: then the first test fails, or the others, where nothing finds
damage to it. What has no hash, no signature and no second place cannot be found, and stands here.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from passports.keyring import Keyring
from passports.store.every_table import METADATA
from tests.conftest import SqliteDatabases
from tests.passports.damage_world import Cell, Damaged, faults, filled, flipped
from tests.worlds import World

_FREE: Final = "a text or a time that somebody gave; nothing signed or computed repeats it"
_HERE: Final = "of this server alone: it opens a session or answers again; no passport rests on it"
_BOOKS: Final = "the maker's own books: what is computed from it is held against sums and documents"
_LATER: Final = "written later than the document beside it, which cannot repeat it"
_PARTLY: Final = (
    "what passports, columns or sums repeat of it is found; notes and free fields are not"
)
_ELSEWHERE: Final = "empty in this store; spoilt in test_fsck_logs, or by the tests of its own room"
_BY_HAND: Final = "said by this server's office or its owner, and by nobody signed"

# Tables and columns in which damage to a cell can pass, each with its reason.
UNCOVERED: Final[Mapping[str, str]] = {
    **dict.fromkeys(("kept_log.*", "kept_log_tile.*"), _ELSEWHERE),
    **dict.fromkeys(("operator_continuity.*", "operator_identifier.*", "api_key.*"), _BY_HAND),
    **dict.fromkeys(("session.*", "idempotency_key.*", "mapping_recipe.*"), _HERE),
    **dict.fromkeys(("registry_enrolment.*", "registry_submission.*"), _ELSEWHERE),
    **dict.fromkeys(("registry_entry.*", "registry_proof.*"), _ELSEWHERE),
    "passport_succession.*": _ELSEWHERE,
    "operator_version.reason": _FREE,
    **dict.fromkeys(("facility_document.*", "facility_dossier.*"), _ELSEWHERE),
    **dict.fromkeys(("facility_target.*", "instrument_claim.*"), _BOOKS),
    **dict.fromkeys(("meter_state.*", "meter_withdrawal.*", "withdrawn_reading.*"), _BOOKS),
    "log_state.updated_at": "when a head was signed or cosigned last; its signatures state their own times",
    "status_list.token_of": "a token that is not the newest is made anew when somebody asks for it",
    "signing_key.revoked_at": _LATER,
    "signing_key.revoked_from_log_index": "what its owner stated; earlier or later only the owner knows",
    "signing_key.revoked_in_log": "what its owner stated, as the index",
    **dict.fromkeys(("attribute_version.reason", "batch.request_sha256"), _FREE),
    **dict.fromkeys(("authorisation.document", "access_grant.document"), _PARTLY),
    **dict.fromkeys(("authorisation.revoked_at", "authorisation.revoked_by"), _LATER),
    **dict.fromkeys(("authorisation.revocation_reason", "access_grant.revoked_at"), _LATER),
    **dict.fromkeys(("access_grant.revoked_by", "access_grant.revocation_reason"), _LATER),
    **dict.fromkeys(
        ("responsibility_acceptance.revoked_at", "responsibility_acceptance.revocation_reason"),
        _LATER,
    ),
    **dict.fromkeys(("transfer.ended_at", "transfer.ended_by", "transfer.end_reason"), _LATER),
    **dict.fromkeys(("transfer.offered_at", "transfer.accepted_at"), "when it came in here"),
    **dict.fromkeys(("closed_period.reopened_at", "closed_period.reopened_reason"), _LATER),
    "gs1_prefix.registered_at": _FREE,
    **dict.fromkeys(("battery_model.document", "operator.document"), _PARTLY),
    **dict.fromkeys(("facility.document", "batch.document"), _PARTLY),
    **dict.fromkeys(("energy_period.document", "closed_period.document"), _PARTLY),
    **dict.fromkeys(("closed_period.starts_at", "closed_period.ends_at"), _PARTLY),
    **dict.fromkeys(("certificate.claims", "certificate.created_at"), _PARTLY),
    "footprint_study.computed_at": _FREE,
    "footprint_study.inventory": "a free text of it does not enter the result, which is recomputed",
    "footprint_study.superseded_by": _LATER,
    **dict.fromkeys(("dynamic_import.sha256", "dynamic_import.received_at"), _FREE),
    "dynamic_import.report": _FREE,
    **{
        f"dynamic_record.{name}": "measured values as they came; the newest are in signed credentials"
        for name in (
            *("attribute_id", "measured_at", "received_at", "actor_id", "source_sha256"),
            *("value", "flags"),
        )
    },
    **dict.fromkeys(("meter_import.created_at", "meter_import.document"), _PARTLY),
    "meter_reading.ends_at": _PARTLY,
    **{
        f"energy_lot.{name}": _BOOKS
        for name in (
            *("kind", "source", "period_from", "period_to", "backs_lot_id", "created_at"),
            "document",
        )
    },
    **dict.fromkeys(("energy_posting.line", "energy_posting.account"), _BOOKS),
    **{
        f"energy_transfer.{name}": _BOOKS
        for name in (
            *("lot_id", "kind", "target_kind", "target_id", "study_id", "created_at"),
            "document",
        )
    },
    **dict.fromkeys(("production.withdrawn_reason", "production.document"), _PARTLY),
    "closed_period_import.readings": "how many readings of a delivery it rests on; their sum is checked",
    **dict.fromkeys(("certificate_citation.coverage", "certificate_citation.cited_at"), _FREE),
    **dict.fromkeys(("certificate_event.reason", "certificate_event.at"), _FREE),
}

COLUMNS: Final = [
    (table.name, column.name) for table in METADATA.sorted_tables for column in table.columns
]


def reason_for(table: str, column: str) -> str | None:
    """Return why damage to a column can pass, or None where it is found."""
    return UNCOVERED.get(f"{table}.{column}", UNCOVERED.get(f"{table}.*"))


@pytest.fixture(scope="module")
def damaged(sqlite_databases: SqliteDatabases, keyring: Keyring) -> Iterator[tuple[World, Damaged]]:
    """A store with something in most tables, and the file behind it."""
    store = sqlite_databases.make(populated=True)
    world = filled(World(store, keyring))
    damage = Damaged(world)
    yield world, damage
    damage.close()
    sqlite_databases.discard(store)


def spoil(world: World, damage: Damaged, cell: Cell, place: int, bit: int) -> None:
    """Spoil a cell: fsck names a fault or the column is listed, and it never raises."""
    value = damage.value(cell)
    if value in {b"", ""} if isinstance(value, bytes | str) else False:
        return
    new = flipped(value, place, bit)
    with damage.spoilt(cell, new) as was_done:
        found = faults(world) if was_done else ()
    listed = reason_for(cell.table, cell.column)
    assert found or listed or not was_done, (cell, value, new)
    assert all(fault.kind and fault.id and fault.reason for fault in found)


def test_every_column_is_spoilt_here_or_has_its_reason(damaged: tuple[World, Damaged]) -> None:
    world, damage = damaged
    assert faults(world) == ()
    empty = [(t, c) for t, c in COLUMNS if not damage.cells(t, c, 1) and not reason_for(t, c)]
    assert empty == []


def test_no_reason_is_given_for_what_is_not_there() -> None:
    known = {f"{table}.{column}" for table, column in COLUMNS} | {f"{t}.*" for t, _ in COLUMNS}
    assert UNCOVERED.keys() - known == set()
    assert all(UNCOVERED.values())


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    column=st.sampled_from(COLUMNS),
    row=st.integers(0, 9),
    place=st.integers(0, 10**6),
    bit=st.integers(0, 7),
)
def test_damage_to_any_cell_is_a_fault_and_never_an_error(
    damaged: tuple[World, Damaged], column: tuple[str, str], row: int, place: int, bit: int
) -> None:
    world, damage = damaged
    cells = damage.cells(*column, 10)
    if cells:
        spoil(world, damage, cells[row % len(cells)], place, bit)


@pytest.mark.soak
@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_damage_to_every_column_is_found_wherever_it_is(
    damaged: tuple[World, Damaged], table: str, column: str
) -> None:
    world, damage = damaged
    for cell in damage.cells(table, column, 3):
        for place, bit in ((0, 0), (7, 5), (10**6 - 1, 3)):
            spoil(world, damage, cell, place, bit)
