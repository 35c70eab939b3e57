"""Passports on the command line: named in any way, bundled, labelled."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from api.commands.passport_names import find
from passports.errors import RecordNotFoundError
from passports.identifiers import parse_digital_link
from passports.resolve import find_passport
from passports.store import Store
from passports.verification.bundle import read_bundle
from tests.api.caller import voltpass_on
from tests.api.command_line import Demonstration, invoke, one_document
from tests.worlds import World


def passports_of(home: Path) -> tuple[tuple[str, str, str, str], list[dict[str, str]]]:
    """Return operator and batch of the demonstration as options, and its passports."""
    batch = one_document(invoke("batch", "list", "--json", home=home))[0]
    options = ("--operator", batch["operator_id"], "--batch", batch["id"])
    return options, one_document(invoke("passport", "list", *options, "--json", home=home))


def answer(home: Path, *words: str | Path, code: int = 0) -> Any:
    """Run a command with --json and return its one document."""
    done = invoke("passport", *words, "--json", home=home)
    assert done.returncode == code, done.stdout + done.stderr
    return one_document(done)


def test_a_passport_is_found_by_identifier_urn_and_link(
    sqlite_world: World, tmp_path: Path
) -> None:
    voltpass = voltpass_on(sqlite_world, tmp_path)
    passport = sqlite_world.issue("SN/1").passports[0]
    names = (passport.id, f"urn:uuid:{passport.id}", f" URN:UUID:{passport.id.upper()}")
    for name in (*names, passport.link):
        assert find(voltpass, name).id == passport.id
    for name in ("", "urn:uuid:", "SN/1", f"{passport.link}2"):
        with pytest.raises(RecordNotFoundError):
            find(voltpass, name)


def test_every_command_takes_each_name_that_the_list_prints(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    home = demonstration.home
    (_, operator, *_), [first, second, *rest] = passports_of(home)
    printed = invoke("passport", "list", *passports_of(home)[0], home=home).stdout.splitlines()[0]
    assert printed.split() == list(first.values())
    link, urn = first["link"], f"urn:uuid:{second['id']}"
    values = tmp_path / "values.json"
    values.write_text('{"putting_into_service_date": "2026-10"}', encoding="utf-8")
    why = ("--operator", operator, "--reason", "a test")
    assert answer(home, "change", link, values, *why)["id"] == first["id"]
    assert answer(home, "set", "item", urn, values, *why)["version"] == 1
    assert answer(home, "change", urn, *why)["id"] == second["id"]
    for name in (link, first["id"], f"urn:uuid:{first['id']}"):
        assert len(answer(home, "versions", name)) == 2
        assert answer(home, "difference", name, "1", "2")
        assert answer(home, "attributes", name)["attributes"]
        assert answer(home, "completeness", name, "--operator", operator)
    assert answer(home, "life-cycle", link, "waste", *why)["version"] == 3
    assert answer(home, "revoke", rest[0]["link"], *why)["id"] == rest[0]["id"]


def test_a_batch_is_bundled_in_newest_versions_and_versions_are_counted_apart(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    home, bundle = demonstration.home, tmp_path / "shipment.zip"
    options, passports = passports_of(home)
    why = (*options[:2], "--reason", "a test")
    answer(home, "life-cycle", passports[0]["link"], "re-used", *why)
    answer(home, "life-cycle", passports[0]["link"], "waste", *why)
    assert len(answer(home, "list", *options)) == len(passports)

    done = invoke("passport", "bundle", *options, "-o", bundle, home=home)
    assert f"{len(passports)} passports, " in done.stdout
    with closing(Store(f"sqlite:///{home / 'voltpass.sqlite3'}")) as store:
        links = [parse_digital_link(passport["link"]) for passport in passports]
        newest = [find_passport(store, link).credential for link in links]
    shown = [answer(home, "show", p["link"])["signed"].encode() for p in passports[:2]]
    assert newest[:2] == shown
    assert read_bundle(bundle.read_bytes()).credentials == newest
    link = passports[0]["link"]
    done = invoke("passport", "bundle", link, passports[0]["id"], "-o", bundle, home=home)
    assert "1 passport, " in done.stdout
    archived = invoke("passport", "bundle", "--archive", *options, "-o", bundle, home=home)
    several = f"{len(passports)} passports in {len(passports) + 2} versions"
    assert several in archived.stdout, archived.stderr


def test_a_bundle_of_a_batch_that_is_not_there_names_the_batch(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    options, _ = passports_of(demonstration.home)
    words = ("bundle", *options[:3], "nope", "-o", tmp_path / "x.zip")
    refused = answer(demonstration.home, *words, code=1)
    assert "nope" in refused["detail"]
    assert not (tmp_path / "x.zip").exists()


def test_a_status_that_there_is_not_is_refused_with_those_that_there_are(
    demonstration: Demonstration,
) -> None:
    options, passports = passports_of(demonstration.home)
    words = ("life-cycle", passports[0]["link"], "banana", *options[:2], "--reason", "a test")
    [finding] = answer(demonstration.home, *words, code=1)["findings"]
    assert (finding["value"], finding["reason"]) == ("banana", "there is no such status")
    shown = invoke("passport", "life-cycle", "--help", home=demonstration.home).stdout
    for status in ("re-used", "repurposed", "remanufactured", "waste", "recycled"):
        assert status in finding["remedy"]
        assert status in shown


def test_a_label_of_a_battery_that_should_have_none_comes_with_a_warning(
    demonstration: Demonstration,
) -> None:
    home = demonstration.home
    options, [revoked, recycled, *_] = passports_of(home)
    operator, why = options[:2], ("--reason", "a test")
    assert invoke("label", revoked["link"], home=home).stderr == ""
    answer(home, "revoke", revoked["id"], *operator, *why)
    for status in ("waste", "recycled"):
        answer(home, "life-cycle", recycled["id"], status, *operator, *why)
    for passport, reason in ((revoked, "is revoked"), (recycled, "has ceased to exist")):
        done = invoke("label", passport["link"], home=home)
        assert done.returncode == 0
        assert done.stdout.startswith("<")
        assert reason in done.stderr
        assert "Warning" in done.stderr
