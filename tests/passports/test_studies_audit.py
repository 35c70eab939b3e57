"""An audit of the studies in a bundle of passports: of those that the passports cite, and of no others."""

import json
from typing import Any

import orjson
import pytest

from lca.datasets import load_shipped_dataset
from lca.footprint import compute_footprint
from lca.inventory import parse_inventory
from lca.rulesets import load_ruleset
from lca.sharing import shared_document
from passports.verification.bundle import Bundle
from passports.verification.studies_audit import StudyAudit, audit_studies
from tests.worlds import World


@pytest.fixture
def bundle(sqlite_world: World) -> Bundle:
    """A bundle of two passports with their studies and inventories."""
    sqlite_world.issue()
    return sqlite_world.bundle()


def audited(bundle: Bundle) -> dict[str, StudyAudit]:
    """Return what comes of the audit, by study."""
    return {audit.study: audit for audit in audit_studies(bundle, load_shipped_dataset())}


def another(bundle: Bundle, url: str) -> None:
    """Put another study in the place of one; it follows from its inputs, with less material."""
    inventory: dict[str, Any] = json.loads(bundle.inventories[url])
    for activity in inventory["activities"]:
        for exchange in activity["exchanges"]:
            if exchange.get("process") == "pack_materials":
                exchange["amount"] /= 100
    ruleset = load_ruleset(json.loads(bundle.evidence.studies[url])["ruleset"]["id"])
    result = compute_footprint(parse_inventory(inventory), ruleset, load_shipped_dataset())
    bundle.evidence.studies[url] = orjson.dumps(shared_document(result, public=True))
    bundle.inventories[url] = orjson.dumps(inventory)


def test_studies_that_passports_cite_agree(bundle: Bundle) -> None:
    audits = audited(bundle)
    assert len(audits) == 2
    assert all(audit.agrees is True for audit in audits.values())
    assert all("passports cite" in audit.checked[-1] for audit in audits.values())


def test_another_study_at_the_address_that_passports_cite_differs(bundle: Bundle) -> None:
    [url, other] = bundle.evidence.studies
    another(bundle, url)
    audits = audited(bundle)
    assert audits[url].agrees is False
    assert "is not the one that was cited" in audits[url].findings[0].reason
    assert audits[other].agrees is True


def test_a_study_that_no_passport_cites_is_not_said_to_agree(bundle: Bundle) -> None:
    bundle.credentials.clear()
    assert {audit.agrees for audit in audited(bundle).values()} == {None}


def test_a_study_that_passports_cite_and_that_is_missing_is_told(bundle: Bundle) -> None:
    [url, _other] = bundle.evidence.studies
    del bundle.evidence.studies[url]
    del bundle.inventories[url]
    assert audited(bundle)[url].agrees is None


@pytest.mark.parametrize(("name", "value"), [("binding", True), ("title", "the law of 2027")])
def test_a_study_that_says_another_thing_of_its_ruleset_differs(
    bundle: Bundle, name: str, value: object
) -> None:
    [url, _other] = bundle.evidence.studies
    study = json.loads(bundle.evidence.studies[url])
    study["ruleset"][name] = value
    bundle.evidence.studies[url] = orjson.dumps(study)
    assert audited(bundle)[url].agrees is False


def test_a_study_by_a_version_of_the_ruleset_that_is_not_here_cannot_be_told(
    bundle: Bundle,
) -> None:
    [url, _other] = bundle.evidence.studies
    study = json.loads(bundle.evidence.studies[url])
    study["ruleset"]["version"] = "99"
    bundle.evidence.studies[url] = orjson.dumps(study)
    assert audited(bundle)[url].agrees is None
