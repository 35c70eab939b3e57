"""Labels of an own batch by HTTP: sheets as PDF, and one SVG a battery in a ZIP."""

import io
import json
import re
import zipfile
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from api.routes import labels
from passports.life.withdrawal import StatusChange, Withdrawing, change_status
from tests.api.caller import PROBLEM, Answer, Caller, batch
from tests.worlds import ADDRESS, IMPORTER, MAKER, NOW, RIVAL

SERIALS = ("A/1", "A-2", "..", "B-4")
ASCII = ("A1", "A2", "A3", "B4", "C5")


def issue(caller: Caller, *serials: str) -> list[dict[str, Any]]:
    answer = caller.post("/v1/batches", batch(*serials), by=MAKER)
    assert answer.status == 201, answer.body
    passports: list[dict[str, Any]] = answer.json()["passports"]
    return passports


def suspend(caller: Caller, passport: str) -> None:
    v = caller.voltpass
    said = Withdrawing(MAKER, "not for the public", NOW)
    change_status(v.store, v.keyring, ADDRESS, passport, StatusChange.SUSPENDED, said)


def archive_of(answer: Answer) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what a ZIP says of itself, and the link that each of its labels' codes is of."""
    assert (answer.status, answer.media_type) == (200, "application/zip"), answer.body
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        assert archive.testzip() is None
        first, *others = archive.namelist()
        assert first == "labels.json"
        titles = {name: ET.fromstring(archive.read(name))[1].text or "" for name in others}
        return json.loads(archive.read(first)), titles


def pages(answer: Answer) -> int:
    assert (answer.status, answer.media_type) == (200, "application/pdf"), answer.body
    assert answer.body.startswith(b"%PDF-")
    return len(re.findall(rb"/Type /Page\b", answer.body))


def test_each_battery_has_its_label_in_the_archive_under_its_serial(everywhere: Caller) -> None:
    passports = issue(everywhere, *SERIALS)
    answer = everywhere.get("/v1/batches/b-1/labels.zip", by=MAKER)
    said, titles = archive_of(answer)
    assert [row["serial"] for row in said["labels"]] == sorted(SERIALS)
    assert said["left_out"] == []
    links = {row["serial"]: row["link"] for row in passports}
    for row in said["labels"]:
        assert titles[row["file"]] == f"QR code of {links[row['serial']]}"
    assert "%2E%2E.svg" in titles
    assert answer.headers["content-disposition"] == 'attachment; filename="labels-b-1.zip"'
    assert answer.headers["cache-control"] == "private, no-store"
    assert everywhere.get("/v1/batches/b-1/labels.zip", by=MAKER).body == answer.body


def test_what_is_withdrawn_has_no_label_and_is_told_without_its_reason(served: Caller) -> None:
    passports = issue(served, *ASCII)
    suspend(served, passports[1]["id"])
    archived = served.get("/v1/batches/b-1/labels.zip", by=MAKER)
    said, titles = archive_of(archived)
    [left_out] = said["left_out"]
    assert (left_out["id"], left_out["serial"]) == (passports[1]["id"], passports[1]["serial"])
    assert left_out["reason"].startswith("this passport is suspended since")
    assert len(titles) == len(ASCII) - 1
    assert b"not for the public" not in archived.body
    sheet = served.get("/v1/batches/b-1/labels.pdf", by=MAKER)
    assert pages(sheet) == 1
    assert sheet.headers["voltpass-left-out"] == archived.headers["voltpass-left-out"] == "1"


def test_sheets_are_asked_for_in_parts_that_lead_on_to_each_other(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue(caller, *ASCII)
    target, parts = "/v1/batches/b-1/labels.pdf?limit=2", 0
    while target:
        answer = caller.get(target, by=MAKER)
        assert pages(answer) == 1
        parts += 1
        link = re.fullmatch(r'<([^>]+)>; rel="next"', answer.headers.get("link", ""))
        target = link[1].removeprefix(ADDRESS.base_url) if link else ""
    assert parts == 3
    monkeypatch.setattr(labels, "MOST_ON_SHEETS", 4)
    refused = caller.get("/v1/batches/b-1/labels.pdf", by=MAKER)
    assert refused.status == 422
    [finding] = refused.findings()
    assert finding["field"] == "limit"
    assert finding["reason"].startswith("these are 5 labels")
    assert pages(caller.get("/v1/batches/b-1/labels.pdf?after=A1", by=MAKER)) == 1


@pytest.mark.parametrize("form", ["pdf", "zip"])
def test_who_asks_has_to_be_the_maker_and_the_batch_has_to_be_there(
    caller: Caller, form: str
) -> None:
    passports = issue(caller, "A1")
    target = f"/v1/batches/b-1/labels.{form}"
    assert caller.get(target).status == 401
    for stranger in (RIVAL, IMPORTER):
        refused = caller.get(target, by=stranger)
        assert (refused.status, refused.media_type) == (404, PROBLEM)
    for unknown in ("none", "%00", "b-1%2F..", "ü", "x" * 300):
        refused = caller.get(f"/v1/batches/{unknown}/labels.{form}", by=MAKER)
        assert (refused.status, refused.media_type) in {(404, PROBLEM), (400, PROBLEM)}, unknown
    suspend(caller, passports[0]["id"])
    refused = caller.get(target, by=MAKER)
    assert refused.status == 404
    assert "suspended, revoked or ended" in refused.findings()[0]["remedy"]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=x", "after=" + "x" * 21, "page=2", "limit=1&limit=2"]
)
def test_a_question_that_cannot_be_answered_is_refused(caller: Caller, query: str) -> None:
    issue(caller, "A1")
    answer = caller.get(f"/v1/batches/b-1/labels.pdf?{query}", by=MAKER)
    assert answer.status == (200 if query == "limit=1&limit=2" else 422), answer.body


def test_the_archive_is_sent_while_it_is_drawn() -> None:
    from passports.label_files import label_archive  # noqa: PLC0415 # beside its only use
    from tests.passports.test_label_sheet import contents  # noqa: PLC0415 # as above

    drawn = 0

    def one_by_one() -> Any:
        nonlocal drawn
        for label in contents(50):
            drawn += 1
            yield label

    pieces = label_archive({}, one_by_one())
    sent = [next(pieces)]
    assert (drawn, len(sent[0]) > 0) == (0, True)
    sent.append(next(pieces))
    assert drawn == 1
    sent += pieces
    with zipfile.ZipFile(io.BytesIO(b"".join(sent))) as archive:
        assert len(archive.namelist()) == 51
        assert archive.testzip() is None
