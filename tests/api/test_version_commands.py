"""Versions, life cycle and measured values on the command line, with exit codes that mean something."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from passports.documents import utc_now
from tests.api.command_line import Demonstration, invoke, one_document


def command(home: Path, *words: object, code: int = 0) -> Any:
    """Run a command with --json and return its one document."""
    done = invoke("passport", *(str(word) for word in words), "--json", home=home)
    assert done.returncode == code, done.stdout + done.stderr
    return one_document(done)


def test_a_passport_is_led_through_its_life_by_command(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    home = demonstration.home
    found = invoke("batch", "list", "--json", home=home)
    assert found.returncode == 0, found.stderr
    batch = one_document(found)[0]
    operator = ("--operator", batch["operator_id"])
    links = command(home, "list", *operator, "--batch", batch["id"])
    shown = command(home, "show", links[0]["link"])
    passport = shown["id"]
    gtin = shown["credential"]["credentialSubject"]["model"]["gtin"]
    why = (*operator, "--reason", "a test")

    [first] = command(home, "versions", passport)
    assert (first["version"], first["kind"]) == (1, "issued")
    values = tmp_path / "values.json"
    values.write_text('{"putting_into_service_date": "2026-10"}', encoding="utf-8")
    changed = command(home, "change", passport, values, *why)
    assert (changed["version"], changed["created"]) == (2, True)
    assert not command(home, "change", passport, values, *why)["created"]

    assert command(home, "life-cycle", passport, "waste", *why)["version"] == 3
    refused = command(home, "life-cycle", passport, "original", *why, code=1)
    assert refused["type"].endswith("illegal-transition")
    issued_at = first["issued_at"]
    assert command(home, "show", passport, "--at", issued_at)["version"] in {1, 2, 3}
    assert command(home, "show", passport, "--at", "2001-01-01T00:00:00Z", code=1)
    assert (
        command(home, "show", passport, "--at", "today", code=1)["findings"][0]["field"] == "--at"
    )

    export = tmp_path / "export.csv"
    rows = f"{links[0]['serial']},2026-01-01T00:00:00Z,12\n"
    export.write_text(f"serial,measured_at,cycle_count\n{rows}", encoding="utf-8")
    taken = command(home, "dynamic-data", "import", export, *operator, "--gtin", gtin)
    assert taken["recorded"] == 1
    assert command(home, "dynamic-data", "import", export, *operator, "--gtin", gtin)["repeated"]
    assert command(home, "dynamic-data", "import", export, *operator, "--gtin", "1", code=1)
    export.write_text(f"serial,measured_at,cycle_count\n{rows}{rows}x,y,z\n", encoding="utf-8")
    words = (*operator, "--gtin", gtin)
    assert command(home, "dynamic-data", "import", export, *words, code=1)["findings"]
    rest = command(home, "dynamic-data", "import", export, *words, "--partial", code=1)
    assert (rest["duplicates"], len(rest["refused"])) == (2, 2)

    assert command(home, "life-cycle", passport, "recycled", *why)["version"] == 4
    assert "ceased" in command(home, "difference", passport, 3, 4)
    checked = invoke("fsck", "--json", home=home)
    assert checked.returncode == 0, checked.stdout
    assert one_document(checked)["checked"]["versions"] >= 4


def test_people_are_told_in_words(demonstration: Demonstration) -> None:
    home = demonstration.home
    batch = one_document(invoke("batch", "list", "--json", home=home))[0]
    operator = ("--operator", batch["operator_id"])
    [link, *_] = command(home, "list", *operator, "--batch", batch["id"])
    passport = command(home, "show", link["link"])["id"]
    done = invoke(
        "passport", "life-cycle", passport, "waste", *operator, "--reason", "worn", home=home
    )
    assert "version 2" in done.stdout
    listed = invoke("passport", "versions", passport, home=home)
    assert "worn" in listed.stdout


def test_a_renewal_names_what_another_operator_answers_for_and_renews_the_rest(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    home = demonstration.home
    batch = one_document(invoke("batch", "list", "--json", home=home))[-1]
    operator = ("--operator", batch["operator_id"])
    listed = command(home, "list", *operator, "--batch", batch["id"])
    passed_on = command(home, "show", listed[0]["link"])["id"]
    why = (*operator, "--reason", "a test")
    taker, register = "second-life", tmp_path / "operator.json"
    said = {"id": taker, "name": "Second Life", "roles": ["manufacturer"], "country": "DE"}
    register.write_text(json.dumps({**said, "postal_address": "1 Road, Berlin"}), encoding="utf-8")
    done = invoke("keys", "register", str(register), home=home)
    assert done.returncode == 0, done.stderr
    day = (utc_now() + timedelta(days=30)).date()
    until = ("--until", day.isoformat(), "--reason", "sold", "--json")
    to_taker = ("operator", "offer-transfer", taker, "--operator", "demo-importer")
    offer = invoke(*to_taker, "--passport", passed_on, *until, home=home)
    assert offer.returncode == 0, offer.stdout
    offered = one_document(offer)
    accept = ("operator", "accept-transfer", offered["id"], "--operator", taker)
    assert invoke(*accept, home=home).returncode == 0
    values = tmp_path / "values.json"
    values.write_text('{"extinguishing_agents": ["CO2"]}', encoding="utf-8")
    command(home, "set", "model", batch["model_id"], values, *why)

    words = ("renew", "--batch", batch["id"], *why)
    done = command(home, *words, code=1)

    assert done["renewed"] == len(listed) - 1
    [refused] = done["refused"]
    assert (refused["field"], refused["value"]) == ("passport", passed_on)
    assert f"voltpass passport change {passed_on} --operator {taker}" in refused["remedy"]
    told = invoke("passport", *words, home=home)
    assert told.returncode == 1
    assert f"not renewed: passport: '{passed_on}': responsibility for it has" in told.stdout
    command(home, "change", passed_on, "--operator", taker, "--reason", "as told")
    again = command(home, *words)
    assert (again["renewed"], again["refused"]) == (0, [])
