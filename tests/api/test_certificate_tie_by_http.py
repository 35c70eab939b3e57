"""The tie of battery and factory certificate as readers meet it: page, passport, verification, table."""

import csv
import io
import json
from pathlib import Path
from typing import Any

from api.commands.console import EXIT_REFUSED
from tests.api.caller import JSON, Caller, batch
from tests.api.command_line import invoke
from tests.worlds import GTIN, MAKER, certificate_of

LINK = f"/01/{GTIN}/21/SN-1"
EXPIRED = "it has expired (it ended on 2024-12-31)"


def test_page_and_passport_show_the_tie_and_that_the_certificate_has_expired(
    issued: Caller,
) -> None:
    certificate = certificate_of(issued.voltpass.store)
    page = issued.get(LINK, accept="text/html").body.decode()
    assert certificate.document_sha256 in page
    assert f"/v1/certificates/{certificate.id}" in page
    assert "States that it covers the place and days of manufacture; unsigned, uploaded" in page
    assert "Covers the place" not in page
    assert "it has expired (it ended on 31 December 2024)" in page
    assert "Valid, with reservations" in page or "Cannot tell" in page
    assert "Not valid" not in page

    passport = issued.get(LINK, accept="application/json").json()
    subject: Any = passport["credential"]["credentialSubject"]
    tied = subject["factoryCertificates"][0]
    assert tied["documentSha256"] == certificate.document_sha256
    assert (tied["coverage"], tied["effectOnFootprint"]) == ("covered", "none")
    for study in subject["carbonFootprint"]:
        assert set(study["electricityColumns"]) == {"cfb", "location_based", "contract_based"}


def test_verification_by_http_warns_of_an_expired_certificate_and_does_not_refuse(
    issued: Caller,
) -> None:
    signed = issued.get(LINK, accept="application/vc+jwt").body.decode()
    report = issued.post("/v1/verify", {"credential": signed}).json()
    step = next(s for s in report["steps"] if s["step"] == "factory_certificate")
    assert step["outcome"] == "warning"
    assert "certificate_expired" in step.values()
    assert EXPIRED in step["message"]
    assert report["verdict"] != "invalid"


def test_the_table_of_a_batch_is_written_by_command(issued: Caller, tmp_path: Path) -> None:
    table = tmp_path / "tie.csv"
    words = ("passport", "certificates", "--batch", "b-1", "--operator", MAKER, "-o", table)
    url = issued.voltpass.store.url
    done = invoke(*words, "--json", home=tmp_path, VOLTPASS_DATABASE_URL=url)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8-sig"))))
    assert {row["serial"] for row in rows} == {"SN-1", "SN/2"}
    assert {row["certificate_coverage"] for row in rows} == {"covered"}
    assert {row["ruleset"] for row in rows} == {"da-2024", "jrc-2023"}
    nothing = ("passport", "certificates", "--batch", "b-9", "--operator", MAKER, "-o", table)
    refused = invoke(*nothing, "--json", home=tmp_path, VOLTPASS_DATABASE_URL=url)
    assert refused.returncode == EXIT_REFUSED  # as what is not found is answered everywhere
    [finding] = json.loads(refused.stderr or refused.stdout)["findings"]
    assert (finding["value"], "batch" in finding["reason"]) == ("b-9", True)


def test_the_table_has_the_newest_version_of_each_passport_or_all_of_them(
    caller: Caller, tmp_path: Path
) -> None:
    made = caller.post("/v1/batches", batch("SN-1", "SN-2"), by=MAKER)
    changed = str(made.json()["passports"][0]["id"])
    change = {"values": {"cycle_count": 7}, "reason": "measured"}
    headers = {**JSON, "authorization": f"Bearer {caller.key(MAKER)}"}
    target = f"/v1/passports/{changed}"
    assert caller.send("PATCH", target, headers, json.dumps(change).encode()).status == 200
    url = caller.voltpass.store.url

    def table(*more: str) -> set[tuple[str, str]]:
        file = tmp_path / "tie.csv"
        words = ("passport", "certificates", "--batch", "b-1", "--operator", MAKER, "-o", file)
        done = invoke(*words, *more, "--json", home=tmp_path, VOLTPASS_DATABASE_URL=url)
        assert done.returncode == 0, done.stdout + done.stderr
        rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig"))))
        found = {(row["serial"], row["passport_version"]) for row in rows}
        told = json.loads(done.stdout)
        assert (told["passports"], told["versions"]) == (2, len(found))
        return found

    assert table() == {("SN-1", "2"), ("SN-2", "1")}
    assert table("--all-versions") == {("SN-1", "1"), ("SN-1", "2"), ("SN-2", "1")}
