"""An energy engineer at work: readings posted in a loop, periods closed, the view; by HTTP and command."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from passports.authority.api_keys import authenticate
from passports.authority.sessions import begin_session
from passports.documents import utc_now
from passports.energy.meter_readings import (
    MeterCreate,
    MeterDelivery,
    ReadingCreate,
    deliver_readings,
)
from tests.api.caller import Caller
from tests.api.command_line import invoke, one_document
from tests.worlds import FACILITY, MAKER, MODEL, NOW, RIVAL

AT = f"/v1/facilities/{FACILITY}"
FIRST = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
METERS: list[dict[str, Any]] = [
    {"id": "main", "carrier": "electricity", "unit": "kWh", "arrangement": "grid"},
    {"id": "coat", "carrier": "electricity", "unit": "kWh", "arrangement": "grid"}
    | {"part_of": "main", "line": "涂布一线 coating"},
    {"id": "pv", "carrier": "electricity", "unit": "kWh", "arrangement": "on_site"},
]
EACH = {"main": 900.0, "coat": 400.0, "pv": 60.0}
CLOSE = {
    "period_from": "2026-03-01",
    "period_to": "2026-03-01",
    "supplies": {"pv": {"technology": "pv", "factor": "power.cn.pv.cf.2024"}},
}
MADE = {"period_from": "2026-03-01", "period_to": "2026-03-01", "kwh": 2500, "source": "MES"}


def posted(hour: int) -> dict[str, Any]:
    """Return what the plant's system posts after an hour."""
    begin = FIRST + hour * HOUR
    readings = [
        {
            "meter": name,
            "starts_at": begin.isoformat(),
            "ends_at": (begin + HOUR).isoformat(),
            "quantity": quantity,
        }
        for name, quantity in EACH.items()
    ]
    return {"meters": METERS if hour == 0 else [], "readings": readings, "source": "EMS"}


def test_a_plant_that_posts_each_hour_closes_its_day_and_sees_it(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.routes.energy.utc_now", lambda: NOW)  # the target's year is not over
    for hour in range(24):
        answer = caller.post(f"{AT}/meter-readings", posted(hour), by=MAKER).json()
        assert (answer["accepted"], answer["refused"], answer["gaps"]) == (3, [], [])
    assert caller.post(f"{AT}/closed-periods", CLOSE, by=MAKER).status == 422
    made = caller.post(f"{AT}/production", {**MADE, "model_id": MODEL}, by=MAKER)
    assert made.status == 201
    closed = caller.post(f"{AT}/closed-periods", CLOSE, by=MAKER).json()
    assert [(r["arrangement"], r["quantity"]) for r in closed["period"]["readings"]] == [
        ("grid", 21_600),
        ("on_site", 1_440),
    ]
    assert closed["deliveries"] == 24

    again = caller.post(f"{AT}/closed-periods", CLOSE, by=MAKER)
    assert (again.status, again.json()["type"]) == (409, "urn:voltpass:problem:identifier-taken")
    delivery = caller.get(f"{AT}/meter-readings", by=MAKER).json()["deliveries"][0]
    kept = f"{AT}/meter-readings/{delivery['id']}/withdrawal"
    assert caller.post(kept, {"reason": "x"}, by=MAKER).status == 409
    opened = f"{AT}/closed-periods/2026-03-01/reopening"
    assert caller.post(opened, {"reason": "meter was changed"}, by=MAKER).status == 200
    assert caller.post(kept, {"reason": "x"}, by=MAKER).json()["readings_set_aside"] == 3
    gaps = caller.post(f"{AT}/closed-periods", {**CLOSE, "reason": "x"}, by=MAKER)
    assert {f["reason"] for f in gaps.findings()} == {"nothing was metered"}
    second = {**CLOSE, "reason": "meter was changed", "gaps_stated": "an hour without a meter"}
    assert caller.post(f"{AT}/closed-periods", second, by=MAKER).json()["version"] == 2
    versions = caller.get(f"{AT}/closed-periods", by=MAKER).json()["periods"]
    assert [v["period"]["readings"][0]["quantity"] for v in versions] == [21_600, 20_700]

    for document in (
        {"metric": "electricity_kwh_per_kwh_made", "year": 2026, "value": 8.0},
        {"metric": "own_electricity_share", "year": 2025, "value": 0.1},
    ):
        assert caller.post(f"{AT}/targets", document, by=MAKER).status == 201
    view = caller.get(f"{AT}/energy-view", by=MAKER).json()
    assert [row["name"] for row in view["largest_consumers"]] == [
        "main, not behind a sub-meter",
        "coat",
        "pv",
    ]
    assert [(t["outcome"], t["actual"]) for t in view["targets"]] == [
        ("not metered", None),
        ("running", pytest.approx((20_700 + 1_380) / 2500)),
    ]
    assert {row["name"]: row["values"] for row in view["lines"]}["涂布一线 coating"] == [9_200]
    withdrawn = caller.post(
        f"{AT}/production/{made.json()['id']}/withdrawal", {"reason": "x"}, by=MAKER
    )
    assert withdrawn.status == 409
    assert len(caller.get(f"{AT}/production", by=MAKER).json()["production"]) == 1


def test_another_supply_says_what_changes_in_each_column_and_its_factors(caller: Caller) -> None:
    view = caller.get(f"{AT}/energy-view?pv_share=0.5", by=MAKER).json()
    hydro, pv = view["scenarios"]
    by_column = {row["column"]: row for row in hydro["columns"]}
    # 83.3 GWh: life cycle 0.5777 of the grid, 0.0141 of hydropower; CO2 of Sichuan's grid 0.1564.
    assert by_column["cfb"]["before_t"] == pytest.approx(83_300 * 0.5777)
    assert by_column["cfb"]["after_t"] == pytest.approx(83_300 * 0.0141)
    assert by_column["location_based"]["before_t"] == pytest.approx(83_300 * 0.1564)
    assert by_column["location_based"]["after_t"] == 0
    assert by_column["contract_based"]["before_t"] == 0  # it is bought as hydropower
    half = {row["column"]: row for row in pv["columns"]}
    assert half["cfb"]["after_t"] == pytest.approx(83_300 * (0.5777 + 0.0520) / 2)
    assert {f["id"] for f in hydro["factors"]} >= {"power.cn.hydro.cf.2024", "grid.cn.cf.2024"}
    assert all(f["source"] for row in view["scenarios"] for f in row["factors"])
    assert caller.get(f"{AT}/energy-view?pv_share=2", by=MAKER).status == 422


def test_by_line_and_meter_is_nobody_elses(caller: Caller) -> None:
    caller.post(f"{AT}/meter-readings", posted(0), by=MAKER)
    page = f"/facilities/{MAKER}/{FACILITY}/energy"
    for target in (page, f"{AT}/energy-view", f"{AT}/closed-periods", f"{AT}/meter-readings"):
        without = caller.get(target)
        signing_in = (without.status, without.headers.get("location")) == (303, "/sign-in")
        assert signing_in if target == page else without.status == 401
        assert caller.get(target, by=RIVAL).status == 404
    own = caller.get(page, by=MAKER)
    assert own.status == 200
    assert "no-store" in own.headers["cache-control"]
    for operator, status in ((MAKER, 200), (RIVAL, 404)):
        account = authenticate(caller.voltpass.store, caller.key(operator), utc_now())
        session = begin_session(caller.voltpass.store, account, utc_now())
        cookie = {"cookie": f"__Host-voltpass-session={session.token}"}
        assert caller.send("GET", page, cookie).status == status
        if operator == MAKER:
            assert f'href="{page}"' in caller.send("GET", "/account", cookie).body.decode()
            assert_knows_its_session(caller, session.csrf, cookie, page)
    assert "涂布一线 coating" in own.body.decode()
    public = caller.get(f"/facilities/{MAKER}/{FACILITY}").body.decode()
    assert "涂布一线" not in public
    assert "meter main" not in public


def assert_knows_its_session(caller: Caller, csrf: str, cookie: dict[str, str], page: str) -> None:
    """Assert that pages read in a session offer the way back and out, and speak of its cookie."""
    for target in (page, "/account"):
        text = caller.send("GET", target, cookie).body.decode()
        assert f'name="csrf" value="{csrf}"' in text
        assert 'action="/sign-out"' in text
        assert "One cookie keeps you signed in" in text
        assert "No cookies" not in text
        assert 'href="/sign-in"' not in text
    assert 'href="/account"' in caller.send("GET", page, cookie).body.decode()
    by_key = caller.get(page, by=MAKER).body.decode()
    assert "sign-out" not in by_key
    assert "No cookies" in by_key


def test_plots_of_another_supply_stand_under_it_and_without_meters_it_is_said(
    caller: Caller,
) -> None:
    text = caller.get(f"/facilities/{MAKER}/{FACILITY}/energy", by=MAKER).body.decode()
    before, _, supply = text.partition('id="supply"')
    assert "Another supply," not in before
    assert supply.count("Another supply,") >= 3
    assert "There are no meters yet" in before


def test_the_public_page_of_a_closed_period_names_no_meter_and_no_line(caller: Caller) -> None:
    for hour in range(24):
        caller.post(f"{AT}/meter-readings", posted(hour), by=MAKER)
    caller.post(f"{AT}/production", MADE, by=MAKER)
    assert caller.post(f"{AT}/closed-periods", CLOSE, by=MAKER).status == 201
    html = caller.get(f"/facilities/{MAKER}/{FACILITY}").body.decode()
    assert "24 readings of 1 meter" in html
    assert "涂布一线" not in html
    for name in ("main", "coat"):
        assert f">{name}<" not in html


def command(home: Path, *words: object, code: int = 0) -> Any:
    """Run a command with --json and return its one document."""
    done = invoke(*(str(word) for word in words), "--json", home=home)
    assert done.returncode == code, done.stdout + done.stderr
    return one_document(done)


def test_the_engineer_does_the_same_by_command(tmp_path: Path) -> None:
    home, mine = tmp_path / "home", ("--operator", "press-reports")
    command(home, "demo", "--factories")

    def file(name: str, document: Any) -> Path:
        path = tmp_path / name
        path.write_text(json.dumps(document), encoding="utf-8")
        return path

    whole = {"meters": METERS, "readings": [r for h in range(24) for r in posted(h)["readings"]]}
    readings = file("readings.json", {**whole, "source": "EMS"})
    report = command(home, "facility", "energy", "import", "petpal", readings, *mine)
    assert report["accepted"] == 72
    made = command(home, "facility", "production", "petpal", file("made.json", MADE), *mine)
    close = file("close.json", CLOSE)
    closed = command(home, "facility", "energy", "close", "petpal", close, *mine)
    assert closed["period"]["readings"][0]["quantity"] == 21_600
    kept = ("facility", "energy", "withdraw", "petpal", report["id"], *mine, "--reason", "wrong")
    assert "rests on it" in command(home, *kept, code=1)["findings"][0]["remedy"]
    day = "2026-03-01"
    command(home, "facility", "energy", "reopen", "petpal", day, *mine, "--reason", "wrong")
    bad = command(home, "facility", "energy", "reopen", "petpal", "March", *mine, code=1)
    assert bad["findings"][0]["field"] in {"period_from", "reason"}
    assert command(home, *kept)["readings_set_aside"] == 72
    listed = command(home, "facility", "energy", "deliveries", "petpal", *mine)
    assert (listed[0]["standing"], listed[0]["withdrawn_reason"]) == (0, "wrong")
    periods = command(home, "facility", "energy", "periods", "petpal", *mine)
    assert [(p["version"], p["sums_anew_differ"]) for p in periods] == [(1, {})]
    gone = ("facility", "production", "petpal", *mine, "--withdraw", made[0]["id"])
    assert command(home, *gone, "--reason", "twice")[0]["withdrawn_reason"] == "twice"

    wanted = ("facility", "target", "petpal", "electricity_kwh", 2026, 20_000, *mine)
    assert command(home, *wanted)["unit"] == "kWh"
    page = tmp_path / "view.html"
    view = command(home, "facility", "view", "petpal", *mine, "--html", page)
    assert view["scenarios_missing"] == "no footprint study of this factory is there to start from"
    assert "For the operator only" in page.read_text(encoding="utf-8")
    assert invoke("facility", "view", "petpal", *mine, home=home).returncode == 0


def test_a_year_of_quarter_hours_costs_the_page_sums_only(sqlite_world: Any) -> None:
    """The page reads a row a meter and month, whatever the resolution."""
    meter = MeterCreate.model_validate(METERS[0])
    readings = [
        ReadingCreate(
            meter="main",
            starts_at=FIRST - timedelta(days=90) + n * timedelta(minutes=15),
            ends_at=FIRST - timedelta(days=90) + (n + 1) * timedelta(minutes=15),
            quantity=25,
        )
        for n in range(96 * 60)
    ]
    delivery = MeterDelivery(meters=[meter], readings=readings, source="EMS")
    deliver_readings(sqlite_world.store, MAKER, FACILITY, delivery, NOW)
    with sqlite_world.store.reading() as reading:
        rows = reading.metering.months.of((MAKER, FACILITY))
    assert [(row.month, row.readings) for row in rows] == [
        ("2025-12", 31 * 96),
        ("2026-01", 29 * 96),
    ]
