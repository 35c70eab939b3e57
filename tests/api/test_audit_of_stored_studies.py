"""The regulator's way from a passport to a recomputed footprint: list, show, bundle, audit."""

import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from lca.datasets import load_shipped_dataset
from passports.documents import utc_now
from passports.errors import EvidenceUnavailableError
from passports.verification.bundle import Bundle, read_bundle, write_bundle
from passports.verification.studies_audit import audit_studies
from tests.api.command_line import Demonstration, invoke, one_document

MODEL = ("--operator", "demo-maker", "--model", "lfp-60")


def studies_of(home: Path) -> list[dict[str, Any]]:
    """Return what `footprint list` lists."""
    found: list[dict[str, Any]] = one_document(
        invoke("footprint", "list", *MODEL, "--json", home=home)
    )
    return found


def bundled(home: Path, folder: Path, *words: str) -> Path:
    """Write a bundle of one passport and return where it is."""
    [batch, *_rest] = one_document(invoke("batch", "list", "--json", home=home))
    chosen = ("--operator", batch["operator_id"], "--batch", batch["id"])
    rows = one_document(invoke("passport", "list", *chosen, "--json", home=home))
    file = folder / "passport.zip"
    done = invoke("passport", "bundle", rows[0]["id"], *words, "-o", file, home=home)
    assert done.returncode == 0, done.stderr
    return file


def test_a_stored_study_is_listed_by_its_identifier_and_shown_by_it(
    demonstration: Demonstration,
) -> None:
    home = demonstration.home
    [first, *_rest] = studies_of(home)
    listed = invoke("footprint", "list", *MODEL, home=home)
    assert first["id"] in listed.stdout
    shown = invoke("footprint", "show", first["id"], home=home)
    assert f"study {first['id']}" in shown.stdout
    asked = invoke("query", "--model", "lfp-60", home=home)
    assert first["id"] in asked.stdout
    none = invoke("footprint", "list", "--model", "no-such", home=home)
    assert (none.returncode, none.stdout) == (0, "none yet\n")


def test_the_audit_bundle_of_a_stored_study_recomputes(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    home, file = demonstration.home, tmp_path / "audit.json"
    [first, *_rest] = studies_of(home)
    done = invoke("footprint", "show", first["id"], "--audit-bundle", file, home=home)
    assert done.returncode == 0, done.stderr
    audited = one_document(invoke("footprint", "audit", file, "--json", home=home))
    assert audited["agrees"] is True
    assert audited["kg_co2e_per_kwh"] == pytest.approx(first["result"]["kg_co2e_per_kwh"])


def test_a_bundle_of_passports_with_inventories_is_audited_study_by_study(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    home = demonstration.home
    file = bundled(home, tmp_path, "--with-inventories")
    done = invoke("footprint", "audit", file, "--json", home=home)
    assert done.returncode == 0, done.stdout
    document = one_document(done)
    cited = read_bundle(file.read_bytes()).evidence.studies
    assert {row["study"] for row in document["studies"]} == set(cited)
    assert all("linear system" in row["checked"] for row in document["studies"])
    assert "; agrees" in invoke("footprint", "audit", file, home=home).stdout


def test_a_bundle_without_inventories_says_how_to_get_one(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    file = bundled(demonstration.home, tmp_path)
    done = invoke("footprint", "audit", file, home=demonstration.home)
    assert done.returncode == 1
    assert "--with-inventories" in done.stderr


def test_a_study_that_states_another_figure_than_its_inputs_give_is_found(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    bundle = read_bundle(bundled(demonstration.home, tmp_path, "--with-inventories").read_bytes())
    [url, *_rest] = bundle.evidence.studies
    study = orjson.loads(bundle.evidence.studies[url])
    study["stages"][0]["kg_co2e_per_battery"] *= 0.9
    bundle.evidence.studies[url] = orjson.dumps(study)
    file = tmp_path / "tampered.zip"
    file.write_bytes(write_bundle(bundle, utc_now()))
    done = invoke("footprint", "audit", file, "--json", home=demonstration.home)
    assert done.returncode == 1
    [row] = [row for row in one_document(done)["studies"] if row["agrees"] is False]
    assert row["study"] == url
    assert row["findings"][0]["field"].startswith("stages")
    assert "DIFFERS" in invoke("footprint", "audit", file, home=demonstration.home).stdout


def test_what_another_dataset_gave_and_what_has_no_inventory_cannot_be_told(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    bundle = read_bundle(bundled(demonstration.home, tmp_path, "--with-inventories").read_bytes())
    first, *others = bundle.evidence.studies
    study = orjson.loads(bundle.evidence.studies[first])
    study["dataset"]["fingerprint"] = "0" * 64
    bundle.evidence.studies[first] = orjson.dumps(study)
    if others:
        del bundle.inventories[others[0]]
    audits = audit_studies(bundle, load_shipped_dataset())
    told = {audit.study: audit for audit in audits}
    assert told[first].agrees is None
    assert "another version of the factors" in told[first].not_checked[0]
    assert all(told[url].agrees is None for url in others[:1])
    file = tmp_path / "other.zip"
    file.write_bytes(write_bundle(bundle, utc_now()))
    assert invoke("footprint", "audit", file, home=demonstration.home).returncode == 2


@pytest.mark.parametrize("data", [b"{}", b"[]", b"\xff", b'{"kg_co2e_per_kwh": "x"}'])
def test_a_study_that_is_none_differs_and_is_no_fault(data: bytes) -> None:
    bundle = Bundle(inventories={"https://a.example/s": b"{}"})
    bundle.evidence.studies["https://a.example/s"] = data
    [audit] = audit_studies(bundle, load_shipped_dataset())
    assert audit.agrees is False
    assert audit.findings


def test_a_bundle_of_nothing_is_refused() -> None:
    with pytest.raises(EvidenceUnavailableError):
        audit_studies(replace(Bundle()), load_shipped_dataset())


def test_a_zip_that_is_no_bundle_is_named_as_a_file(tmp_path: Path) -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("other.txt", "x")
    file = tmp_path / "other.zip"
    file.write_bytes(written.getvalue())
    done = invoke("footprint", "audit", file, home=tmp_path)
    assert done.returncode == 1
    assert "a ZIP archive or a workbook, not JSON" in done.stderr
