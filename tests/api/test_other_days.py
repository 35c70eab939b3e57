"""The days on which something changes: what is issued on them verifies, at once and years later."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.api.caller import Caller, batch
from tests.worlds import GTIN, MAKER

LINK = f"/01/{GTIN}/21/SN-1"
DAYS = (
    "2026-12-31T23:59:59",  # the year ends
    "2027-02-17T23:59:59",  # the day before passports are asked for: Art. 77(1)
    "2027-02-18T00:00:00",
    "2027-08-18T00:00:00",  # due diligence: Art. 48, as amended by Regulation (EU) 2025/1561
    "2028-02-29T23:59:59",  # a leap day
    "2028-08-18T00:00:00",  # recycled content is documented: Art. 8(1)
    "2031-08-18T00:00:00",  # and has to reach shares: Art. 8(2)
)


class Clock:
    """Stands for `datetime` where the product asks for the time."""

    at: datetime

    @classmethod
    def now(cls, tz: Any) -> datetime:
        return cls.at.astimezone(tz)


@pytest.mark.parametrize("day", DAYS)
def test_a_battery_is_issued_shown_and_verified_on_any_day(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, day: str
) -> None:
    monkeypatch.setattr("passports.documents.datetime", Clock)
    monkeypatch.setattr(Clock, "at", datetime.fromisoformat(day).replace(tzinfo=UTC), raising=False)
    caller.voltpass.write_trust_list(Clock.at)
    issued = caller.post("/v1/batches", batch("SN-1"), by=MAKER)
    assert issued.status == 201, issued.body
    assert b"Valid, with reservations" in caller.get(LINK, accept="text/html").body

    years_later = Clock.at.replace(year=Clock.at.year + 3, day=28)
    monkeypatch.setattr(Clock, "at", years_later)
    caller.voltpass.write_trust_list(Clock.at)
    assert b"Valid, with reservations" in caller.get(LINK, accept="text/html").body
