"""A model's restricted credential is revoked: its bit is set, it is logged, and verification says so."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from lca.datasets import load_shipped_dataset
from passports.attributes.table import Granularity
from passports.errors import RecordNotFoundError
from passports.fsck.whole import check_store
from passports.restricted_revocation import EVENT, revoke_model_restricted
from passports.token_status import publish_token_status_list
from signing.credentials import decode
from signing.status_list import StatusList
from tests.api.command_line import invoke
from tests.passports.restricted_world import give_restricted, telltales
from tests.passports.test_restricted import LEVELS, presented, row_of, take_one_away, verified
from tests.worlds import ADDRESS, MAKER, MODEL, NOW, RIVAL, World


def revoke(world: World, by: str = MAKER, model: str = MODEL) -> dict[str, Any]:
    """Revoke the restricted credential of a model."""
    store, keyring = world.store, world.keyring
    return revoke_model_restricted(store, keyring, ADDRESS, by, model, "was wrong", NOW)


@pytest.fixture
def passport(world: World) -> str:
    issued = world.issue("SN-1", "SN-2").passports[0].id
    give_restricted(world, issued)
    return issued


def test_every_version_so_far_is_revoked_and_a_battery_s_is_not(
    world: World, passport: str
) -> None:
    model, item = (presented(world, passport, level) for level in LEVELS)
    take_one_away(world)
    newer = presented(world, passport, Granularity.MODEL)
    done = revoke(world)
    row = row_of(world, Granularity.MODEL, MODEL)
    assert (done["credential"], done["version"], done["state"]) == (row.credential_id, 2, "revoked")
    for credential in (model, newer):
        report = verified(world, credential)
        assert (report.verdict, report.step("status").reason_code) == ("invalid", "revoked")
    assert verified(world, item).verdict == "valid"
    list_id = done["status_list"].split("/")[-2]
    token = publish_token_status_list(world.store, world.keyring, ADDRESS, MAKER, list_id, NOW)
    bits = StatusList.decode_token(decode(token).payload["status_list"])
    assert bits.get(done["index"])
    assert int.from_bytes(bits.to_bytes()).bit_count() == 1
    assert not check_store(world.store, load_shipped_dataset(), NOW).faults


def test_what_is_written_afterwards_is_valid_and_what_was_revoked_stays_so(
    world: World, passport: str
) -> None:
    old = presented(world, passport, Granularity.MODEL)
    first = revoke(world)
    take_one_away(world)
    new = presented(world, passport, Granularity.MODEL)
    assert verified(world, new).verdict == "valid"
    assert verified(world, old).step("status").reason_code == "revoked"
    second = revoke(world)
    assert second["index"] != first["index"]
    assert verified(world, new).step("status").reason_code == "revoked"


def test_it_is_logged_once_and_tells_no_value(world: World, passport: str) -> None:
    assert passport
    for _ in range(2):
        revoke(world)
    with world.store.reading() as reading:
        entries = [orjson.loads(row.document) for row in reading.access_entries.page(MAKER, 0, 99)]
    events = [entry for entry in entries if entry.get("event") == EVENT]
    assert [(e["subject"], e["reason"], e["version"]) for e in events] == [(MODEL, "was wrong", 1)]
    assert not any(telltale in str(events) for telltale in telltales())


def test_there_has_to_be_one_and_it_has_to_be_ones_own(world: World) -> None:
    for by, model in ((MAKER, MODEL), (RIVAL, MODEL), (MAKER, "none")):
        with pytest.raises(RecordNotFoundError):
            revoke(world, by, model)


def test_the_command_revokes_and_the_log_shows_it(first: World, tmp_path: Path) -> None:
    def run(*arguments: str) -> Any:
        settings = {
            "VOLTPASS_PUBLIC_URL": ADDRESS.base_url,
            "VOLTPASS_DATABASE_URL": first.store.url,
        }
        return invoke(*arguments, home=tmp_path, **settings)

    done = run("access", "log", "--operator", MAKER)
    assert done.returncode == 0, done.stderr
    with first.store.reading() as reading:
        assert reading.access_entries.last(MAKER) is None
    revoke(first)
    done = run("access", "log", "--operator", MAKER)
    assert (done.returncode, "restricted credential revoked lfp-60" in done.stdout) == (0, True)
    refused = run(
        *("passport", "revoke-restricted", "none", "--operator", MAKER, "--reason", "x", "--json")
    )
    assert refused.returncode == 1, refused.stdout
    assert orjson.loads(refused.stderr or refused.stdout)["findings"][0]["value"] == "none"
