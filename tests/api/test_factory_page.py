"""The page of a factory in depth: claims with verdicts, charts with tables behind them, ledger, timeline."""

from datetime import UTC, datetime, timedelta

import pytest

from api.pages.factory_view import RESULTS
from passports.claim_checks import ClaimResult
from passports.energy.energy_ledger import open_lots
from passports.energy.meter_readings import (
    MeterCreate,
    MeterDelivery,
    ReadingCreate,
    deliver_readings,
)
from passports.press_reports import register_entry, shipped_entries
from tests.api.caller import Caller
from tests.worlds import FACILITY, MAKER, NOW


def page(caller: Caller, facility: str = FACILITY) -> str:
    """Return the page of a factory of the maker."""
    answer = caller.get(f"/facilities/{MAKER}/{facility}")
    assert answer.status == 200
    return answer.body.decode()


@pytest.mark.parametrize("entry", shipped_entries(), ids=lambda entry: entry["id"])
def test_each_reported_factory_is_shown_with_every_figure(
    issued: Caller, entry: dict[str, object]
) -> None:
    register_entry(issued.voltpass.store, MAKER, {**entry, "id": f"press-{entry['id']}"}, NOW)
    html = page(issued, f"press-{entry['id']}")

    figures = entry["figures"]
    assert isinstance(figures, list)
    for figure in figures:
        assert figure["what"].replace("'", "&#39;") in html
    assert "Checks of the claims" in html
    assert "Certificates over time" in html
    assert 'style="' not in html


def test_a_claim_stands_with_its_verdict_and_what_was_looked_at(issued: Caller) -> None:
    midea = next(e for e in shipped_entries() if e["id"] == "midea-chongqing")
    register_entry(issued.voltpass.store, MAKER, {**midea, "id": "midea"}, NOW)
    html = page(issued, "midea")

    assert "0.859 t CO2 per MWh" in html
    assert "implausible" in html
    assert "Directive (EU) 2024/825" in html
    assert "Looked at: <bdi>reduction from PV: 5,323 tCO2e/a" in html


def test_metered_months_and_the_ledger_are_drawn_with_tables_behind_them(issued: Caller) -> None:
    store = issued.voltpass.store
    meter = MeterCreate.model_validate(
        {"id": "m", "carrier": "electricity", "unit": "kWh", "arrangement": "grid"}
    )
    start = datetime(2026, 3, 30, tzinfo=UTC)
    readings = [
        ReadingCreate(
            meter="m",
            starts_at=start + timedelta(days=n),
            ends_at=start + timedelta(days=n + 1),
            quantity=1000,
        )
        for n in range(4)
    ]
    delivery = MeterDelivery(meters=[meter], readings=readings, source="test")
    deliver_readings(store, MAKER, FACILITY, delivery, NOW)
    open_lots(store, MAKER, FACILITY, NOW)
    html = page(issued)

    assert "Electricity by month" in html
    assert "2026-03: 2,000; 2026-04: 2,000" in html
    assert "The ledger closes" in html
    assert html.count("<figure") == html.count("The same as a table")
    for column in ("In the footprint", "By location", "By contract"):
        assert f"Electricity over time: {column.lower()}" in html


def test_every_result_of_a_check_has_its_sign_and_word() -> None:
    assert set(RESULTS) == set(ClaimResult)
