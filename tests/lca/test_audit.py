"""The audit bundle: recomputed without the engine; a changed digit anywhere is found and named."""

from __future__ import annotations

import ast
import copy
import dataclasses
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import lca.audit_check
from lca.audit import audit_bundle, verify_bundle, write_bundle
from lca.audit_check import check
from lca.datasets import Dataset
from lca.errors import AuditError, LicenceError
from lca.footprint import Footprint, compute_footprint
from lca.inventory import parse_inventory
from lca.rulesets import load_ruleset

Document = dict[str, Any]
SCRIPT = Path(lca.audit_check.__file__)


@pytest.fixture
def footprint(pack: Document, dataset: Dataset) -> Footprint:
    pack["activities"][1]["exchanges"].append(
        {
            "kind": "technosphere",
            "activity": "pack",
            "amount": 0.0001,
            "unit": "piece",
            "process": "production_waste",
            "origin": "secondary",
        }
    )  # a loop: broken packs return to the cell line
    return compute_footprint(parse_inventory(pack), load_ruleset("da-2024"), dataset)


def test_a_bundle_recomputes_by_two_solvers(footprint: Footprint) -> None:
    report = verify_bundle(write_bundle(footprint))
    assert report.kg_co2e_per_kwh == pytest.approx(footprint.kg_co2e_per_kwh, rel=1e-12)
    assert report.content_sha256 == footprint.content_sha256
    assert not report.not_checked


def test_the_checker_is_short_and_knows_nothing_of_the_engine() -> None:
    source = SCRIPT.read_text(encoding="utf-8")
    assert len(source.splitlines()) < 100
    imported = {
        name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        )
    }
    assert imported == {"hashlib", "json", "math", "sys", "collections.abc", "typing"}


def test_the_checker_runs_alone(footprint: Footprint, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.json"
    script = tmp_path / "audit_check.py"
    script.write_bytes(SCRIPT.read_bytes())
    bundle.write_bytes(write_bundle(footprint))
    command = [sys.executable, "-I", str(script), str(bundle)]
    right = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (right.returncode, right.stdout.strip()) == (0, "recomputed: no difference")
    bundle.write_bytes(write_bundle(footprint).replace(b"419.87", b"419.88"))
    wrong = subprocess.run(command, capture_output=True, text=True, check=False)
    assert wrong.returncode == 1
    assert "activities[0].exchanges[1]" in wrong.stdout


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every number and text in a document."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from places(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from places(item, (*path, index))
    elif value is not None:
        yield path


def altered(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    return f"{value}!" if isinstance(value, str) else value * 2 + 3


def test_any_changed_value_is_found_and_its_part_is_named(footprint: Footprint) -> None:
    bundle = json.loads(write_bundle(footprint))
    tried = 0
    for path in places(bundle):
        changed = copy.deepcopy(bundle)
        place = changed
        for step in path[:-1]:
            place = place[step]
        old = place[path[-1]]
        place[path[-1]] = altered(old)
        try:
            found = check(changed)
        except (KeyError, TypeError, ValueError, IndexError, ArithmeticError, AttributeError):
            found = [str(path[0])]  # the layout is broken: verify_bundle says so
        named = " ".join(found)
        assert found, path
        assert str(path[0]) in named or str(path[1]) in named, (path, found)
        tried += 1
    assert tried > 300


def test_a_changed_contribution_with_a_new_hash_is_still_named(footprint: Footprint) -> None:
    bundle = json.loads(write_bundle(footprint))
    bundle["expected"]["contributions"][0] *= 1.001
    bundle["hashes"]["expected"] = lca.audit_check.digest(bundle["expected"])
    with pytest.raises(AuditError) as caught:
        verify_bundle(json.dumps(bundle).encode())
    path = footprint.system.burdens[0].exchange.path
    assert [finding.path for finding in caught.value.findings] == [
        f"{path} ({footprint.system.burdens[0].factor_id})"
    ]


def test_a_changed_inventory_with_new_hashes_is_caught_by_the_engine(footprint: Footprint) -> None:
    bundle = json.loads(write_bundle(footprint))
    bundle["inventory"]["activities"][0]["exchanges"][1]["amount"] = 400.0
    bundle["hashes"]["inventory"] = lca.audit_check.digest(bundle["inventory"])
    bundle["inventory_sha256"] = bundle["hashes"]["inventory"]
    bundle["hashes"]["inventory_sha256"] = lca.audit_check.digest(bundle["inventory_sha256"])
    with pytest.raises(AuditError, match="the engine computes"):
        verify_bundle(json.dumps(bundle).encode())


@pytest.mark.parametrize(
    "data", [b"", b"{}", b'{"format": "voltpass-audit/1"}', b"[]", b"\x00"], ids=str
)
def test_what_is_no_bundle_is_refused(data: bytes) -> None:
    with pytest.raises(AuditError):
        verify_bundle(data)


@pytest.fixture
def licensed(pack: Document, dataset: Dataset) -> Footprint:
    secret = dataclasses.replace(
        dataset.factor("mat.graphite.nat"),
        id="licensed.graphite",
        value=2.7182818,
        redistributable=False,
        licence="a database's own terms",
    )
    pack["activities"][0]["exchanges"].append(
        {
            "kind": "technosphere",
            "factor": "licensed.graphite",
            "amount": 61.25,
            "unit": "kg",
            "process": "anode_active_material",
            "origin": "secondary",
        }
    )
    own = dataset.with_factors("own", "1", [secret])
    return compute_footprint(parse_inventory(pack), load_ruleset("da-2024"), own)


def test_a_licensed_value_does_not_leave(licensed: Footprint) -> None:
    with pytest.raises(LicenceError, match=r"licensed\.graphite"):
        audit_bundle(licensed)


def test_a_bundle_without_licensed_values_cannot_give_them_away(licensed: Footprint) -> None:
    data = write_bundle(licensed, withhold_licensed=True)
    assert b"2.7182818" not in data
    assert b"61.25" not in data
    report = verify_bundle(data)
    assert any("licensed.graphite" in text for text in report.not_checked)
    assert any("inventory" in text for text in report.not_checked)


@pytest.mark.parametrize("ruleset", ["jrc-2023", "iso-14067", "miit-2026"])
def test_every_ruleset_has_bundles_that_recompute(
    pack: Document, dataset: Dataset, ruleset: str
) -> None:
    result = compute_footprint(parse_inventory(pack), load_ruleset(ruleset), dataset)
    assert verify_bundle(write_bundle(result)).content_sha256 == result.content_sha256
