"""Operators that are kept or have ceased: read-only, opened by a statement, and whole after a crash."""

import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from passports.access import Audience, access_to
from passports.access_log import inspect_log
from passports.archive.staging import PREFIX
from passports.attributes.data import find_subject
from passports.attributes.table import Granularity
from passports.authority.api_keys import create_api_key
from passports.authority.cessation import state_ceased
from passports.authority.grants import AccessGrantCreate, give_grant
from passports.authority.terms import GranteeKind, Purpose
from passports.continuity import Standing, continuity_of
from passports.errors import (
    InvalidInputError,
    OperatorReadOnlyError,
    RecordNotFoundError,
)
from passports.factories import FacilityCreate, register_facility
from passports.identifiers import UniqueProductIdentifier
from passports.models import BatteryModelCreate, register_model
from passports.operators import (
    EconomicOperatorCreate,
    get_operator,
    register_operator,
)
from passports.resolve import find_passport
from passports.store import Store
from tests.passports.archive_world import BACKUP, LATER, Second, rows_of, written
from tests.revoking import revoke_passport
from tests.worlds import (
    AUTHORITY,
    GTIN,
    IMPORTER,
    MAKER,
    MODEL,
    NOW,
    RIVAL,
    World,
    accept_to_answer,
    demo_input,
    operators,
)

# --- Read-only ---


def test_nothing_is_written_for_an_operator_that_is_kept(
    second: Second, first: World, tmp_path: Path
) -> None:
    second.take(written(first, tmp_path / "a.zip"))
    world = second.world
    importer = EconomicOperatorCreate(
        id=IMPORTER,
        name="Importer",
        roles=["importer"],
        country="DE",
        postal_address="1 Quay, Hamburg",
    )
    register_operator(second.store, second.keyring, BACKUP, importer, NOW)
    accept_to_answer(second.store, second.keyring, IMPORTER)
    before = rows_of(second.store)
    model = {**demo_input("model.json"), "id": "new", "gtin": "09520123456795"}

    def key() -> None:
        with second.store.transaction() as transaction:
            create_api_key(transaction, MAKER, "t", NOW)

    writes: list[Callable[[], object]] = [
        lambda: world.issue("X-1", id="b-9"),
        lambda: register_model(second.store, MAKER, BatteryModelCreate(**model), NOW),
        lambda: register_facility(
            second.store,
            MAKER,
            FacilityCreate(**{**demo_input("facilities.json")[0]["facility"], "id": "new"}),
            NOW,
        ),
        key,
        lambda: revoke_passport(
            second.store,
            second.keyring,
            BACKUP,
            MAKER,
            find_passport(second.store, UniqueProductIdentifier(GTIN, "SN-1")).id,
            NOW,
        ),
    ]
    for attempt in writes:
        with pytest.raises(OperatorReadOnlyError) as refused:
            attempt()
        assert "kept here from an archive of https://id.example.com" in str(refused.value)
    assert rows_of(second.store) == before


# --- General access ---


def _audiences(store: Store, reader: str, level: Granularity, name: str) -> set[Audience]:
    with store.reading() as reading:
        subject = find_subject(reading, MAKER, level, name)
        who = get_operator(reading, reader)
        return set(access_to(reading, who, subject, MODEL, LATER).audiences)


def test_general_access_opens_when_the_operator_is_gone_and_not_before(
    second: Second, first: World, tmp_path: Path
) -> None:
    second.take(written(first, tmp_path / "a.zip"))
    for operator in operators():
        if operator.id != MAKER:
            create = operator.model_copy(update={"gs1_prefixes": []})
            register_operator(second.store, second.keyring, BACKUP, create, NOW)
    levels = [(Granularity.MODEL, MODEL)]
    for level, name in levels:
        assert _audiences(second.store, AUTHORITY, level, name) == {Audience.PUBLIC}
    with second.store.reading() as reading:
        assert continuity_of(reading, MAKER).standing is Standing.KEPT
    stated = state_ceased(second.store, MAKER, AUTHORITY, "court of Chengdu, 2026/77", LATER)
    assert stated.standing is Standing.CEASED
    for level, name in levels:
        assert Audience.AUTHORITY in _audiences(second.store, AUTHORITY, level, name)
        assert _audiences(second.store, RIVAL, level, name) == {Audience.PUBLIC}
    with second.store.reading() as reading:
        log = inspect_log(reading, get_operator(reading, AUTHORITY), MAKER, 0)
    assert [e["event"] for e in log["entries"] if "event" in e] == ["operator_ceased"]
    assert log["entries"][-1]["reason"] == "court of Chengdu, 2026/77"
    again = state_ceased(second.store, MAKER, "platform", "another reason", LATER)
    assert again.to_document()["reason"] == "court of Chengdu, 2026/77"
    second.sound()


def test_a_legitimate_interest_is_granted_by_who_keeps_the_passports_once_the_operator_is_gone(
    spare: Second, first: World, tmp_path: Path
) -> None:
    spare.take(written(first, tmp_path / "a.zip"))
    repairer = EconomicOperatorCreate(
        id="repairer", name="Repairer", roles=["recycler"], country="DE"
    )
    register_operator(spare.store, spare.keyring, BACKUP, repairer, NOW)
    request = AccessGrantCreate(
        grantee="repairer",
        grantee_kind=GranteeKind.ORGANISATION,
        purpose=Purpose.REPAIR,
        models=[MODEL],
        batteries=[],
        expires_at=LATER + timedelta(days=10),
    )
    with pytest.raises(OperatorReadOnlyError):
        give_grant(spare.store, MAKER, request, LATER)
    state_ceased(spare.store, MAKER, "platform", "dissolved", LATER)
    give_grant(spare.store, MAKER, request, LATER)
    found = _audiences(spare.store, "repairer", Granularity.MODEL, MODEL)
    assert found == {Audience.PUBLIC, Audience.LEGITIMATE_INTEREST}


@pytest.mark.parametrize("reason", ["", "  ", "a\nb"])
def test_nobody_ceases_without_a_reason(first: World, reason: str) -> None:
    with pytest.raises(InvalidInputError):
        state_ceased(first.store, MAKER, "platform", reason, NOW)
    with pytest.raises(RecordNotFoundError):
        state_ceased(first.store, "nobody", "platform", "gone", NOW)


def test_an_operator_that_ceased_where_it_lived_writes_nothing_there_any_more(
    first: World,
) -> None:
    state_ceased(first.store, MAKER, "platform", "dissolved", NOW)
    with pytest.raises(OperatorReadOnlyError, match="ceased on 2026-11-22"):
        first.issue("X-1", id="b-9")
    assert first.verify(first.credential()).verdict.startswith("valid")


# --- Killed in the middle ---

_IMPORTER = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from lca.datasets import load_shipped_dataset
from passports.archive import take_in
from passports.store import Store, all_tables
from passports.store.records import CertificateRecords, PassportRecords
from passports.store.study_records import FootprintStudyRecords

original = take_in._take_tile
def dying(*arguments):
    original(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
take_in._take_tile = dying
request = take_in.ImportRequest(Path(sys.argv[2]), Path(sys.argv[3]), on_first_use=True)
now = datetime(2026, 12, 22, 12, tzinfo=UTC)
take_in.import_archive(Store(sys.argv[1]), request, load_shipped_dataset(), "backup/log", now)
"""


@pytest.mark.parametrize(
    "databases", [pytest.param("sqlite", marks=pytest.mark.soak), "postgresql"], indirect=True
)
def test_an_import_that_is_killed_leaves_nothing_and_the_next_one_cleans_up(
    second: Second, first: World, tmp_path: Path
) -> None:
    path = written(first, tmp_path / "a.zip")
    url = second.store.engine.url.render_as_string(hide_password=False)
    root = Path(__file__).resolve().parents[2]
    arguments = [sys.executable, "-c", _IMPORTER, url, str(path), str(second.folder)]
    done = subprocess.run(arguments, cwd=root, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert sum(rows_of(second.store).values()) == 0
    [left_behind] = second.folder.iterdir()
    assert left_behind.name.startswith(PREFIX)
    assert stat.S_IMODE(left_behind.stat().st_mode) == 0o700
    second.take(path)
    second.sound()
    assert not list(second.folder.iterdir())
