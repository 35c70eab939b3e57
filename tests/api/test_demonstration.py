"""The demonstration: what it promises to scripts, its figures, and what one can do with its home."""

import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.commands import demo
from api.demo.story import MAKER, operator_ids, read_input
from api.serving import free_port
from lca.datasets import load_shipped_dataset
from lca.footprint import compute_footprint
from lca.inventory import parse_inventory
from lca.rulesets import load_ruleset
from passports import data_carrier
from passports.store import Store
from tests.api.command_line import (
    VOLTPASS,
    Demonstration,
    environment,
    invoke,
    one_document,
    run_one_after_the_other,
)

GOOD = {"valid", "valid_with_warnings"}


def test_it_prints_one_object_with_the_promised_keys(told: Demonstration) -> None:
    promised = {"factories", "passports", "passport_url", "qr_payload", "verified"}
    promised |= {"offline_verified", "tampered", "regulator"}
    assert set(told.printed) - {"verification"} == promised
    assert told.stderr == ""
    for factory in told.printed["factories"]:
        assert {"id", "offsets_listed_t", "certificate", "rulesets"} <= set(factory)
        for ruleset in ("da-2024", "jrc-2023"):
            wanted = {"kg_co2e_per_kwh", "kg_co2e_per_battery", "stages", "electricity_columns"}
            assert wanted <= set(factory["rulesets"][ruleset])


def test_everything_it_tells_came_true(told: Demonstration) -> None:
    printed = told.printed
    assert printed["passports"] == 200
    assert printed["verified"] is True
    assert printed["offline_verified"] is True
    assert printed["tampered"] == {"refused": True, "step": "signature"}
    assert printed["qr_payload"] == printed["passport_url"]
    assert printed["passport_url"].startswith(f"http://127.0.0.1:{told.port}/01/")
    certificate = printed["factories"][0]["certificate"]
    assert (certificate["scheme"], certificate["coverage"]) == ("PAS2060", "cannot_tell")
    assert {check["id"] for check in certificate["checks"]} >= {"facility", "period", "scope"}
    assert printed["factories"][1]["certificate"] is None
    assert [row["recomputed"]["equal"] for row in printed["regulator"]] == [True] * 4


def factories(told: Demonstration) -> Iterator[tuple[dict[str, Any], str, dict[str, Any]]]:
    """Yield each factory with each of its results."""
    for factory in told.printed["factories"]:
        for ruleset, result in factory["rulesets"].items():
            yield factory, ruleset, result


def test_stages_add_up_and_what_is_not_assessed_is_no_zero(told: Demonstration) -> None:
    for _factory, _ruleset, result in factories(told):
        assessed = [stage for stage in result["stages"] if stage["assessed"]]
        total = sum(stage["kg_co2e_per_battery"] for stage in assessed)
        assert total == pytest.approx(result["kg_co2e_per_battery"], rel=1e-12)
        missing = [stage for stage in result["stages"] if not stage["assessed"]]
        assert [stage["stage"] for stage in missing] == result["not_assessed"]
        assert result["partial"] is bool(missing)
        assert all(stage["kg_co2e_per_battery"] is None and stage["reason"] for stage in missing)
        kwh = result["functional_unit"]["total_energy_kwh"]
        assert result["kg_co2e_per_kwh"] == pytest.approx(result["kg_co2e_per_battery"] / kwh)


def test_the_result_stands_in_the_published_bands(told: Demonstration) -> None:
    capacity_kwh = read_input("model.json")["capacity_kwh"]
    for _factory, ruleset, result in factories(told):
        if ruleset != "da-2024":
            continue
        stages = {stage["stage"]: stage["kg_co2e_per_battery"] for stage in result["stages"]}
        materials = stages["raw_material_acquisition"] / capacity_kwh
        assert 40 < materials < 45  # GREET 2024: about 42.5
        pack = (stages["raw_material_acquisition"] + stages["main_production"]) / capacity_kwh
        assert 53 < pack < 75
        assert 53 < result["kg_co2e_per_kwh_capacity"] < 75


def test_three_columns_of_electricity_stand_apart_and_offsets_are_listed(
    told: Demonstration,
) -> None:
    hydro, mixed = told.printed["factories"]
    assert hydro["offsets_listed_t"] > 0
    assert mixed["offsets_listed_t"] == 0
    for _factory, _ruleset, result in factories(told):
        columns = result["electricity_columns"]
        assert set(columns) == {"cfb", "location_based", "contract_based"}
        assert columns["cfb"]["boundary"] == "lca"
        assert columns["location_based"]["boundary"] == "direct_co2"
    # Hydropower under contract has no effect on the footprint of the battery.
    cfb = hydro["rulesets"]["da-2024"]["electricity_columns"]["cfb"]
    assert cfb["kg_co2e_per_kwh_electricity"] > 0.4
    contract = hydro["rulesets"]["da-2024"]["electricity_columns"]["contract_based"]
    assert contract["kg_co2e_per_kwh_electricity"] == 0


def test_its_figures_are_recomputed_from_what_it_stored(told: Demonstration) -> None:
    store = Store(f"sqlite:///{told.home / 'voltpass.sqlite3'}")
    printed = {(factory["id"], ruleset): result for factory, ruleset, result in factories(told)}
    dataset = load_shipped_dataset()
    with store.reading() as reading:
        rows = list(reading.studies.all())
    store.close()
    assert len(rows) == 4
    for row in rows:
        inventory = parse_inventory(json.loads(row.inventory))
        anew = compute_footprint(inventory, load_ruleset(row.ruleset), dataset).to_document()
        result = printed[row.facility_id, row.ruleset]
        for name in ("kg_co2e_per_kwh", "kg_co2e_per_battery", "kg_co2e_per_kwh_capacity"):
            assert anew[name] == pytest.approx(result[name], rel=1e-12)


def test_every_input_of_it_names_its_source() -> None:
    for document in read_input("facilities.json"):
        assert document["energy"]["source"]
        assert all(reading["evidence"] for reading in document["energy"]["readings"])
    for activity in read_input("inventory.json")["activities"]:
        assert "source" in json.dumps(activity) or "evidence" in json.dumps(activity), activity


def test_its_files_are_what_they_are_called(told: Demonstration) -> None:
    folder = told.home / "demo"
    assert len(list((folder / "qr").glob("*.svg"))) == 200
    picture = next(folder.glob("*.png"))
    assert data_carrier.read_image(picture.read_bytes()) == told.printed["qr_payload"]
    assert "<svg" in next(folder.glob("*-label.svg")).read_text(encoding="utf-8")


def test_its_home_is_sound_and_answers_queries(told: Demonstration) -> None:
    sound = one_document(invoke("fsck", "--json", home=told.home))
    assert (sound["first_fault"], sound["checked"]["passports"]) == (None, 200)
    rows = one_document(invoke("query", "--json", "--recompute", home=told.home))["rows"]
    assert [row["kg_co2e_per_kwh"] for row in rows] == [
        row["kg_co2e_per_kwh"] for row in told.printed["regulator"]
    ]
    listed = invoke(
        "passport", "list", "--batch", "xj-2024-12", "--operator", MAKER, "--json", home=told.home
    )
    assert len(one_document(listed)) == 200
    shown = one_document(
        invoke("passport", "show", told.printed["passport_url"], "--json", home=told.home)
    )
    assert shown["credential"]["credentialSubject"]["id"] == told.printed["passport_url"]


def test_its_bundle_verifies_offline_and_its_tampered_passport_does_not(
    told: Demonstration,
) -> None:
    folder, url = told.home / "demo", told.printed["passport_url"]
    named = (folder / "bundle.zip", folder / "tampered.jwt", url)
    commands = [("verify", name, "--offline", "--json") for name in named]
    good, bad, link = run_one_after_the_other(*commands, home=told.home)
    assert (good.returncode, one_document(good)["verdict"] in GOOD) == (0, True)
    assert (bad.returncode, one_document(bad)["verdict"]) == (1, "invalid")
    assert (link.returncode, one_document(link)["findings"][0]["field"]) == (2, "url")


@contextmanager
def served(told: Demonstration) -> Iterator[str]:
    """Serve a demonstration's home from a process of its own, as `voltpass serve` does."""
    base = f"http://127.0.0.1:{told.port}"
    process = subprocess.Popen(
        [VOLTPASS, "serve", "--json"],  # on the port of its links, which its home remembers
        env=environment(told.home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["serving"] == base
        deadline = time.monotonic() + 30
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", told.port)) == 0:
                    break
            assert time.monotonic() < deadline, process.poll()
            time.sleep(0.05)
        yield base
    finally:
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=30)
    assert b"Traceback" not in stderr


def test_its_home_is_served_and_a_stranger_verifies_over_http(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    url = demonstration.printed["passport_url"]
    home = demonstration.home
    with served(demonstration) as base, httpx.Client(trust_env=False) as client:
        signed = client.get(url, headers={"Accept": "application/vc+jwt"})
        assert (signed.status_code, signed.headers["content-type"]) == (200, "application/vc+jwt")
        again = client.get(
            url, headers={"Accept": "application/vc+jwt", "If-None-Match": signed.headers["etag"]}
        )
        assert again.status_code == 304
        assert client.get(url, headers={"Accept": "text/html"}).text.startswith("<!")
        verdict = client.post(f"{base}/v1/verify", json={"link": url}).json()["verdict"]
        assert verdict in GOOD

        trusted = invoke("verify", url, "--json", home=home)
        assert (trusted.returncode, one_document(trusted)["verdict"] in GOOD) == (0, True)
        (tmp_path / "p.jwt").write_bytes(signed.content)
        by_file = invoke("verify", tmp_path / "p.jwt", "--json", home=home)
        assert (by_file.returncode, one_document(by_file)["verdict"] in GOOD) == (0, True)
        picture = next((home / "demo").glob("*.png"))
        by_picture = invoke("verify", picture, "--json", home=home)
        assert (by_picture.returncode, one_document(by_picture)["verdict"] in GOOD) == (0, True)
        bad = invoke("verify", home / "demo" / "tampered.jwt", "--json", home=home)
        document = one_document(bad)
        assert (bad.returncode, document["passports"][0]["failedStep"]) == (1, "signature")
        stranger = one_document(invoke("verify", url, "--json", home=tmp_path / "elsewhere"))
        assert stranger["verdict"] == "valid_with_warnings"  # no trust list says who the maker is

        taken = invoke("serve", "--port", str(demonstration.port), "--json", home=home)
        assert taken.returncode == 3
        assert one_document(taken)["findings"][0]["field"] == "port"
        missing = invoke("verify", f"{base}/01/09520123456788/21/UNKNOWN", "--json", home=home)
        assert missing.returncode == 2
    gone = invoke("verify", url, "--json", home=home)
    assert (gone.returncode, one_document(gone)["findings"][0]["field"]) == (2, "url")


def begin(home: Path) -> "subprocess.Popen[bytes]":
    """Begin a demonstration in a process of its own."""
    return subprocess.Popen(
        [VOLTPASS, "demo", "--no-serve", "--json", "--port", str(free_port())],
        env=environment(home),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def stop_at(process: "subprocess.Popen[bytes]", path: Path, by: signal.Signals) -> None:
    """Wait until a file appears, and send a signal at that moment."""
    deadline = time.monotonic() + 60
    while not path.exists():
        assert process.poll() is None, path
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.send_signal(by)


def contents(home: Path) -> dict[str, bytes]:
    """Return all files of a folder with their bytes."""
    return {str(p.relative_to(home)): p.read_bytes() for p in home.rglob("*") if p.is_file()}


def test_a_home_with_foreign_records_is_refused_and_left_untouched(tmp_path: Path) -> None:
    home = tmp_path / "home"
    operator = {"id": "mine", "name": "Mine", "roles": ["manufacturer"], "country": "DE"}
    file = tmp_path / "operator.json"
    file.write_text(json.dumps(operator), encoding="utf-8")
    assert invoke("keys", "register", file, home=home).returncode == 0
    before = contents(home)

    done = invoke("demo", "--no-serve", "--json", home=home)
    document = one_document(done)
    assert (done.returncode, document["findings"][0]["field"]) == (3, "VOLTPASS_HOME")
    assert contents(home) == before


@pytest.mark.parametrize(
    "name", ["keys/maker.json", "trust-list.jwt", "demo/notes.txt", "voltpass.sqlite3"]
)
def test_a_home_with_foreign_files_is_refused_and_left_untouched(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("somebody's own", encoding="utf-8")

    done = invoke("demo", "--no-serve", "--json", home=tmp_path)
    assert (done.returncode, one_document(done)["findings"][0]["field"]) == (3, "VOLTPASS_HOME")
    assert contents(tmp_path) == {name: b"somebody's own"}


def test_operators_registered_in_a_demonstrations_home_are_not_cleared_away(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    operator = {"id": "mine", "name": "Mine", "roles": ["manufacturer"], "country": "DE"}
    file = tmp_path / "operator.json"
    file.write_text(json.dumps(operator), encoding="utf-8")
    assert invoke("keys", "register", file, home=demonstration.home).returncode == 0

    done = invoke("demo", "--no-serve", "--json", home=demonstration.home)
    assert (done.returncode, "mine" in one_document(done)["findings"][0]["reason"]) == (3, True)
    listed = one_document(invoke("keys", "list", "--json", home=demonstration.home))
    assert {row["operator"] for row in listed} == {"mine", "platform", *operator_ids()}


def test_it_does_not_sign_in_production(tmp_path: Path) -> None:
    done = invoke("demo", "--no-serve", "--json", home=tmp_path, VOLTPASS_ENVIRONMENT="production")
    assert (done.returncode, one_document(done)["status"]) == (3, 503)
    assert contents(tmp_path) == {}


# What a killed run leaves differs by the moment: one run is held at each, and its home copied.
MOMENTS = ("demo.json", "voltpass.sqlite3", "keys/trust-root.json", "demo/qr", "demo/bundle.zip")


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The homes of a run that was killed at each of these moments; for reading only."""
    folder = tmp_path_factory.mktemp("killed")
    process = begin(folder / "home")
    for number, moment in enumerate(MOMENTS):
        stop_at(process, folder / "home" / moment, signal.SIGSTOP)
        shutil.copytree(folder / "home", folder / str(number))
        process.send_signal(signal.SIGCONT)
    process.kill()
    process.wait(timeout=30)
    return {moment: folder / str(number) for number, moment in enumerate(MOMENTS)}


OFTEN = ("voltpass.sqlite3", "demo/bundle.zip", "its end")


@pytest.mark.parametrize(
    "moment",
    [pytest.param(m, marks=() if m in OFTEN else pytest.mark.soak) for m in (*MOMENTS, "its end")],
)
def test_what_an_ended_or_a_killed_run_leaves_is_cleared_away(
    told: Demonstration,
    killed: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
) -> None:
    home = tmp_path / "home"
    shutil.copytree(killed.get(moment, told.home), home)
    monkeypatch.setenv("VOLTPASS_HOME", str(home))
    voltpass = demo._start_afresh(free_port())
    with voltpass.store.reading() as reading:
        assert [row.id for row in reading.operators.all()] == ["platform"]
    voltpass.close()
    assert list((home / "demo").iterdir()) == []


def test_a_run_after_one_that_was_killed_starts_afresh_on_a_port_that_is_free(
    told: Demonstration, killed: dict[str, Path], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(killed["demo/bundle.zip"], home)
    with socket.socket() as taken:  # ... and one whose port is taken
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = invoke("demo", "--no-serve", "--json", "--port", str(port), home=home)
    assert done.returncode == 0, done.stdout + done.stderr
    again = one_document(done)

    assert (again["passports"], again["verified"], again["offline_verified"]) == (200, True, True)
    assert f":{port}/" not in again["passport_url"]
    for before, now in zip(told.printed["factories"], again["factories"], strict=True):
        assert before["rulesets"]["da-2024"]["stages"] == now["rulesets"]["da-2024"]["stages"]


ATTEMPTS = (
    "socket.create_connection(('127.0.0.1', 9))",
    "socket.create_connection(('localhost', 9))",
    "socket.getaddrinfo('localhost', 9)",
    "socket.gethostbyname('localhost')",
    "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))",
    "socket.socket(socket.AF_UNIX).connect('/nowhere')",
    "socket.socket().connect_ex(('127.0.0.1', 9))",
    "httpx.get('http://127.0.0.1:9/', trust_env=False)",
    "urllib.request.urlopen('http://127.0.0.1:9/')",
)


def test_offline_is_a_process_that_cannot_connect() -> None:
    code = f"""
import socket, httpx, urllib.request
from api.commands.verifying import block_network
block_network()
for attempt in {ATTEMPTS!r}:
    try:
        eval(attempt)
    except Exception as error:
        print(type(error).__name__, error)
    else:
        print("connected")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert len(lines) == len(ATTEMPTS)
    for attempt, line in zip(ATTEMPTS, lines, strict=True):
        assert "the network is blocked" in line, (attempt, line)
