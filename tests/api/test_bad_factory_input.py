"""Each bad input a plant can send, by HTTP and by command: refused or flagged with its reason, and kept."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.api.caller import Answer, Caller
from tests.api.command_line import invoke, one_document
from tests.worlds import FACILITY, MAKER, RIVAL, demo_input

AT = f"/v1/facilities/{FACILITY}"
FIRST = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
METER = {"id": "m", "carrier": "electricity", "unit": "kWh", "arrangement": "grid"}
REGISTER = {**METER, "id": "r", "counts_up": True}
ENERGY: dict[str, Any] = demo_input("facilities.json")[0]["energy"]
PLANT: dict[str, Any] = demo_input("facilities.json")[0]["facility"]


def reading(hour: int, quantity: float, **changes: Any) -> dict[str, Any]:
    """Return an hour's reading."""
    begin = FIRST + hour * HOUR
    ends = (begin + HOUR).isoformat()
    return {"meter": "m", "starts_at": begin.isoformat(), "ends_at": ends, "quantity": quantity} | (
        changes
    )


def delivery(*readings: dict[str, Any], meter: dict[str, Any] = METER) -> dict[str, Any]:
    """Return a delivery."""
    return {"meters": [meter], "readings": list(readings), "source": "EMS"}


def states(*shown: float) -> dict[str, Any]:
    """Return a delivery of a register's states."""
    rows = [reading(n, value, meter="r", starts_at=None) for n, value in enumerate(shown)]
    return delivery(*rows, meter=REGISTER)


def period(**changes: Any) -> dict[str, Any]:
    """Return a metered period of another year, with changes."""
    return {**ENERGY, "period_from": "2023-01-01", "period_to": "2023-12-31", **changes}


def with_gec(*names: str) -> dict[str, Any]:
    """Return a period whose contracts name certificates of origin."""
    contract = ENERGY["readings"][0]["contract"]
    readings = []
    for name in names:
        gec = {"id": name, "kwh": 1000, "vintage_year": 2023, "retired_on": "2023-12-31"}
        readings.append({**ENERGY["readings"][0], "contract": {**contract, "certificates": [gec]}})
    return period(readings=readings)


def certificate(**changes: Any) -> dict[str, Any]:
    """Return a certificate's claims."""
    return {
        "facility_id": FACILITY,
        "scheme": "T/CECA-G 0171-2022",
        "certified": True,
        "holder": "The plant",
        "evidence": "document",
        "source": "a test",
        **changes,
    }


class Plant:
    """The same input by two ways, on one database."""

    def __init__(self, caller: Caller, folder: Path) -> None:
        self.caller = caller
        self._folder = folder

    def post(self, target: str, document: Any, by: str = MAKER) -> Answer:
        """Send by HTTP."""
        return self.caller.post(target, document, by=by)

    def command(self, *words: str, document: Any, by: str = MAKER, code: int = 0) -> Any:
        """Send by command: the document as the file that the words end in."""
        file = self._folder / "input.json"
        file.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
        url = self.caller.voltpass.store.url
        done = invoke(
            *words,
            file,
            "--operator",
            by,
            "--json",
            home=self._folder,
            VOLTPASS_DATABASE_URL=url,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return one_document(done)

    def delivered(self, way: str, document: dict[str, Any], *, refused: bool = False) -> Any:
        """Deliver readings one way or the other and return the report."""
        if way == "command":
            words = ("facility", "energy", "import", FACILITY)
            return self.command(*words, document=document, code=1 if refused else 0)
        answer = self.post(f"{AT}/meter-readings", document)
        assert answer.status == 201, answer.body
        return answer.json()

    def kept(self) -> list[Any]:
        """Return the deliveries as they came."""
        with self.caller.voltpass.store.reading() as transaction:
            rows = transaction.meter_imports.of(MAKER, FACILITY)
            return [json.loads(row.document)["delivery"] for row in rows]


@pytest.fixture
def plant(caller: Caller, tmp_path: Path) -> Plant:
    """A plant on a database of its own."""
    return Plant(caller, tmp_path)


@pytest.fixture(params=["http", "command"])
def way(request: pytest.FixtureRequest) -> str:
    """By HTTP and by command."""
    return str(request.param)


READINGS: dict[str, tuple[list[dict[str, Any]], str, str]] = {
    "a negative meter": ([delivery(reading(0, -3.0))], "refused", "less than nothing"),
    "a meter that runs backwards": (
        [states(100, 120, 90)],
        "refused",
        "runs backwards: 120, then 90",
    ),
    "a meter that runs backwards from one post to the next": (
        [states(100), delivery(reading(5, 90, meter="r", starts_at=None), meter=REGISTER)],
        "refused",
        "runs backwards: 100, then 90",
    ),
    "readings that overlap": (
        [
            delivery(reading(0, 5.0)),
            delivery(reading(0, 9.0, ends_at=(FIRST + 3 * HOUR).isoformat())),
        ],
        "refused",
        "overlaps a reading of 5",
    ),
    "MWh typed as kWh": (
        [delivery(*(reading(n, 25.0) for n in range(8))), delivery(reading(8, 25_000.0))],
        "questioned",
        "MWh and kWh mixed up?",
    ),
    "kWh typed as MWh": (
        [delivery(*(reading(n, 25.0) for n in range(8))), delivery(reading(8, 0.025))],
        "questioned",
        "MWh and kWh mixed up?",
    ),
    "a hole": ([delivery(reading(0, 5.0), reading(4, 5.0))], "gaps", "nothing was metered"),
}


@pytest.mark.parametrize("name", sorted(READINGS))
def test_a_bad_reading_is_named_with_its_reason_and_kept(plant: Plant, way: str, name: str) -> None:
    deliveries, where, said = READINGS[name]
    report: Any = {}
    for document in deliveries:
        is_last = document is deliveries[-1]
        report = plant.delivered(way, document, refused=is_last and where == "refused")
    assert any(said in finding["reason"] and finding["remedy"] for finding in report[where])
    kept = [[r["quantity"] for r in one["readings"]] for one in plant.kept()]
    sent = [[r["quantity"] for r in one["readings"]] for one in deliveries]
    assert sorted(kept) == sorted(sent)


REFUSED: dict[str, tuple[str, tuple[str, ...], Any, int, str]] = {
    "periods that overlap": (
        f"{AT}/energy",
        ("facility", "energy", FACILITY),
        period(period_from="2024-06-01", period_to="2025-01-31"),
        409,
        "2024-01-01 to 2024-12-31 is recorded",
    ),
    "a period with a negative meter": (
        f"{AT}/energy",
        ("facility", "energy", FACILITY),
        period(readings=[{**ENERGY["readings"][1], "quantity": -5}]),
        422,
        "greater than or equal to 0",
    ),
    "a GEC named twice": (
        f"{AT}/energy",
        ("facility", "energy", FACILITY),
        with_gec("GEC-1", "gec-1"),
        409,
        "a certificate counts once",
    ),
    "a facility on two continents": (
        "/v1/facilities",
        ("facility", "add"),
        {**PLANT, "id": "two", "country": "CN", "grid_region": "DE"},
        422,
        "does not lie in CN",
    ),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_bad_document_is_refused_with_its_reason(plant: Plant, way: str, name: str) -> None:
    target, words, document, status, said = REFUSED[name]
    if way == "http":
        answer = plant.post(target, document)
        assert answer.status == status, answer.body
        problem = answer.json()
    else:
        problem = plant.command(*words, document=document, code=1)
        assert problem["status"] == status
    finding = problem["findings"][0]
    assert said in f"{finding['reason']} {finding['remedy']}"
    assert finding["remedy"]


def test_a_gec_that_another_operator_has_used_is_refused(plant: Plant, way: str) -> None:
    plant.post("/v1/facilities", {**PLANT, "id": "theirs"}, by=RIVAL)
    assert plant.post("/v1/facilities/theirs/energy", with_gec("GEC-9"), by=RIVAL).status == 201
    if way == "http":
        problem = plant.post(f"{AT}/energy", with_gec("gec-9")).json()
    else:
        words = ("facility", "energy", FACILITY)
        problem = plant.command(*words, document=with_gec("gec-9"), code=1)
    assert problem["status"] == 409
    assert "claimed by somebody else" in problem["findings"][0]["remedy"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"valid_from": "2025-01-01", "valid_to": "2024-01-01"}, "ends before it begins"),
        ({"score": 104}, "at most 100 points"),
        ({"stars": 9}, "at most 5 stars"),
        ({"type": "III"}, "knows the types I, II"),
    ],
)
def test_a_certificate_that_cannot_be_is_refused(
    plant: Plant, way: str, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    claims = certificate(**changes)
    if way == "http":
        document = base64.b64encode(b"%PDF").decode()
        answer = plant.post("/v1/certificates", {**claims, "document": document})
        assert answer.status == 422
        problem = answer.json()
    else:
        paper = tmp_path / "paper.pdf"
        paper.write_bytes(b"%PDF")
        words = ("certificate", "upload", "--document", str(paper))
        problem = plant.command(*words, document=claims, code=1)
    assert said in problem["findings"][0]["reason"]


def test_stars_without_a_type_are_flagged_and_kept(plant: Plant, way: str, tmp_path: Path) -> None:
    claims = certificate(stars=4)
    if way == "http":
        document = base64.b64encode(b"%PDF").decode()
        kept = plant.post("/v1/certificates", {**claims, "document": document}).json()
    else:
        paper = tmp_path / "paper.pdf"
        paper.write_bytes(b"%PDF")
        words = ("certificate", "upload", "--document", str(paper))
        kept = plant.command(*words, document=claims)
    assert kept["stars"] == 4
    url = plant.caller.voltpass.store.url
    words = ("certificate", "check", kept["id"], "--json")
    done = invoke(*words, home=tmp_path, VOLTPASS_DATABASE_URL=url)
    grading = next(c for c in one_document(done)["checks"] if c["id"] == "grading")
    assert grading["outcome"] == "warning"
    assert "stars 4 without a type" in grading["explanation"]


def test_a_dossier_that_speaks_of_another_continent_or_a_gec_twice_is_refused(
    plant: Plant,
) -> None:
    sites = [{"name": "Xinjin", "country": "CN"}, {"name": "Debrecen", "country": "HU"}]
    answer = plant.post(f"{AT}/dossier", {"sites": sites, "source": "a test"})
    assert (answer.status, answer.findings()[0]["field"]) == (422, "sites[1].country")
    assert "a factory lies in one country" in answer.findings()[0]["reason"]
    gec = {"kind": "GEC", "id": "GEC-5", "volume_mwh": 1, "vintage_year": 2024}
    twice = {"instruments": [gec, {**gec, "id": "gec-5"}], "source": "a test"}
    answer = plant.post(f"{AT}/dossier", twice)
    assert answer.status == 422
    assert "used twice: GEC-5" in answer.findings()[0]["reason"]
