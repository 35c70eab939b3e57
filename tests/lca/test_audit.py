"""The audit bundle: recomputed without the engine; a changed digit anywhere is found and named."""

from __future__ import annotations

import ast
import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import lca.audit_check
from lca.audit import audit_bundle, verify_bundle, write_bundle
from lca.audit_check import check, digest
from lca.datasets import Dataset
from lca.emission_factors import canonical_json
from lca.errors import AuditError, LicenceError
from lca.footprint import Footprint, compute_footprint
from lca.inventory import parse_inventory
from lca.own_factors import record_of
from lca.rulesets import load_ruleset, read_ruleset

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
        place = bundle
        for step in path[:-1]:
            place = place[step]
        old = place[path[-1]]
        place[path[-1]] = altered(old)
        try:
            found = check(bundle)
        except (KeyError, TypeError, ValueError, IndexError, ArithmeticError, AttributeError):
            found = [str(path[0])]  # the layout is broken: verify_bundle says so
        place[path[-1]] = old
        named = " ".join(found)
        assert found, path
        assert str(path[0]) in named or str(path[1]) in named, (path, found)
        tried += 1
    assert tried > 300
    assert check(bundle) == []


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


def rehashed(bundle: Document) -> bytes:
    """Return a bundle with hashes that fit, as a forger writes it."""
    for row in bundle["factors"]:
        row["sha256"] = digest(row["record"])
    bundle["hashes"] = {name: digest(part) for name, part in bundle.items() if name != "hashes"}
    return canonical_json(bundle)


def forged(bundle: Document, dataset: Dataset) -> bytes:
    """Return a bundle that was computed honestly from the forged inputs in another one."""
    records = {row["record"]["id"]: record_of(row["record"]) for row in bundle["factors"]}
    method = bundle["ruleset"]["characterisation"]
    other = dataclasses.replace(
        dataset, factors=records, characterisation_sets={method: bundle["characterisation"]}
    )
    result = compute_footprint(
        parse_inventory(bundle["inventory"]), read_ruleset(bundle["ruleset"]), other
    )
    made: Document = json.loads(write_bundle(result))
    return rehashed({**made, "dataset": bundle["dataset"]})


def halve_factors(bundle: Document) -> None:
    """Halve what each factor emits."""
    for row in bundle["factors"]:
        record = row["record"]
        record["gases"] = {gas: kg / 2 for gas, kg in record["gases"].items()}
        record["value"] = None if record["value"] is None else record["value"] / 2


def halve_characterisation(bundle: Document) -> None:
    """Halve what each gas is worth."""
    bundle["characterisation"] = {k: v / 2 for k, v in bundle["characterisation"].items()}


def more_cycles(bundle: Document) -> None:
    """Let the ruleset count ten times the cycles."""
    unit = bundle["ruleset"]["functional_unit"]
    unit["cycles_per_year"] = {k: v * 10 for k, v in unit["cycles_per_year"].items()}


def other_name(bundle: Document) -> None:
    """Call the ruleset by another's name."""
    bundle["ruleset"]["id"] = "jrc-2023"
    bundle["ruleset"]["version"] = load_ruleset("jrc-2023").version


def binding(bundle: Document) -> None:
    """Let the ruleset say that it is law."""
    bundle["ruleset"]["legal_state"]["binding"] = True


@pytest.mark.parametrize(
    ("forge", "part"),
    [
        (halve_factors, "factors."),
        (halve_characterisation, "characterisation"),
        (more_cycles, "ruleset"),
        (other_name, "ruleset"),
        (binding, "ruleset"),
    ],
)
def test_inputs_of_its_own_under_known_names_are_a_difference(
    footprint: Footprint, dataset: Dataset, forge: Callable[[Document], None], part: str
) -> None:
    bundle = json.loads(write_bundle(footprint))
    forge(bundle)
    with pytest.raises(AuditError, match=r"that ships|as it ships") as caught:
        verify_bundle(forged(bundle, dataset))
    assert any(finding.path.startswith(part) for finding in caught.value.findings)


def newer_ruleset(bundle: Document) -> None:
    """Name a version of the ruleset that nobody here knows."""
    more_cycles(bundle)
    bundle["ruleset"]["version"] = "99"


def unknown_ruleset(bundle: Document) -> None:
    """Name a ruleset that nobody here knows."""
    more_cycles(bundle)
    bundle["ruleset"]["id"] = "law-2027"


def newer_dataset(bundle: Document) -> None:
    """Name a version of the factors that nobody here knows."""
    halve_factors(bundle)
    bundle["dataset"]["version"] = "99"


@pytest.mark.parametrize("forge", [newer_ruleset, unknown_ruleset, newer_dataset])
def test_inputs_under_names_that_are_not_known_here_are_never_said_to_agree(
    footprint: Footprint, dataset: Dataset, forge: Callable[[Document], None]
) -> None:
    bundle = json.loads(write_bundle(footprint))
    forge(bundle)
    report = verify_bundle(forged(bundle, dataset))
    assert report.agrees is None
    assert report.not_checked


def leave_out_inventory(bundle: Document) -> None:
    """Withhold the inventory though nothing is licensed."""
    bundle["inventory"] = None


def nothing_at_all(bundle: Document) -> None:
    """Let the battery emit nothing."""
    bundle["inventory"] = None
    bundle["system"]["burdens"] = []
    expected = bundle["expected"]
    expected["contributions"] = []
    expected["stages"] = dict.fromkeys(expected["stages"], 0.0)
    expected["kg_co2e_per_battery"] = expected["kg_co2e_per_kwh"] = 0.0


def other_hash(bundle: Document) -> None:
    """State the hash of another result."""
    bundle["expected"]["content_sha256"] = "0" * 64


def complete(bundle: Document) -> None:
    """Say that no stage is missing."""
    bundle["expected"]["partial"] = not bundle["expected"]["partial"]


def more_energy(bundle: Document) -> None:
    """Divide by more energy than the inputs give."""
    unit = bundle["functional_unit"]
    unit["multiplied"]["more"] = 10.0
    unit["total_energy_kwh"] *= 10
    bundle["expected"]["kg_co2e_per_kwh"] /= 10


@pytest.mark.parametrize(
    "forge", [leave_out_inventory, nothing_at_all, complete, more_energy], ids=lambda f: f.__name__
)
def test_a_result_with_hashes_that_fit_is_held_against_the_inputs(
    footprint: Footprint, forge: Callable[[Document], None]
) -> None:
    bundle = json.loads(write_bundle(footprint))
    forge(bundle)
    with pytest.raises(AuditError):
        verify_bundle(rehashed(bundle))


def test_the_hash_of_another_result_is_found(pack: Document, dataset: Dataset) -> None:
    result = compute_footprint(parse_inventory(pack), load_ruleset("da-2024"), dataset)
    bundle = json.loads(write_bundle(result))
    other_hash(bundle)
    with pytest.raises(AuditError, match="content_sha256"):
        verify_bundle(rehashed(bundle))


def test_a_part_without_a_hash_is_named(footprint: Footprint) -> None:
    bundle = json.loads(write_bundle(footprint))
    del bundle["hashes"]["system"]
    with pytest.raises(AuditError, match=r"system.*has no hash"):
        verify_bundle(canonical_json(bundle))


def test_what_is_withheld_is_never_said_to_agree(licensed: Footprint) -> None:
    assert verify_bundle(write_bundle(licensed, withhold_licensed=True)).agrees is None


def test_a_system_of_many_activities_is_solved_in_time_that_grows_with_it() -> None:
    size = 20_000
    edges: list[list[float]] = [[i + 1, i, 0.5] for i in range(size - 1)]
    edges.append([0, 1, 0.1])
    levels = lca.audit_check.solve(size, edges, 0, 1.0)
    assert levels[0] == pytest.approx(1 / 0.95)
    assert levels[1] == pytest.approx(0.5 / 0.95)
