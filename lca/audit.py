"""The audit bundle: one JSON file from which anybody can recompute a footprint.

It holds the inventory, the ruleset, every factor row with its hash, the linear system as triplets,
and the expected results. `audit_check` recomputes it without this engine; `verify_bundle` runs that
check and the engine itself on the bundle's own inputs, and raises where either finds a difference.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from lca.audit_check import check
from lca.audit_inputs import differences, foreign_inputs, is_shipped
from lca.credits import check_credits
from lca.datasets import Dataset, load_shipped_dataset
from lca.emission_factors import FactorRecord, canonical_json, sha256_of
from lca.errors import AuditError, Finding, LcaError, LicenceError, shown
from lca.footprint import Footprint, compute_footprint
from lca.inventory import parse_inventory
from lca.own_factors import record_of
from lca.provenance import software
from lca.rulesets import STAGES, read_ruleset
from lca.strict_json import load_json
from lca.terms import Burden
from lca.units import find_unit

AUDIT_FORMAT: Final = "voltpass-audit/1"


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What an audit did.

    Attributes:
        checked: What was recomputed and agreed.
        not_checked: What could not be, and why.
        agrees: True where all was computed anew from a method and factors that ship here; None where
            something was withheld or taken on the bundle's word. A difference raises.
        implausible: What of the recomputed footprint is implausible; it agrees all the same.
    """

    kg_co2e_per_kwh: float
    content_sha256: str
    checked: tuple[str, ...]
    not_checked: tuple[str, ...]
    agrees: bool | None = True
    implausible: tuple[str, ...] = ()


def audit_bundle(footprint: Footprint, *, withhold_licensed: bool = False) -> dict[str, object]:
    """Return the bundle of a footprint as JSON-able data.

    Args:
        footprint: The result to be audited.
        withhold_licensed: Leave out everything from which a licensed value could be computed: the
            values, the amounts they are multiplied with, and the inventory; only sums by stage
            stay. The bundle then proves less, and says so.

    Raises:
        LicenceError: Licensed values are in use, and they are not withheld.
    """
    system = footprint.system
    licensed = licensed_factors(footprint)
    if licensed and not withhold_licensed:
        raise LicenceError(
            [
                Finding(id_, licence, "may not leave in an export", "withhold licensed values")
                for id_, licence in licensed.items()
            ]
        )
    bundle: dict[str, object] = {
        "format": AUDIT_FORMAT,
        "software": dict(software()),
        "dataset": system.dataset.to_reference(),
        "ruleset": dict(system.ruleset.document),
        "inventory": None if licensed else dict(system.inventory.document),
        "inventory_sha256": system.inventory.sha256,
        "characterisation": dict(system.dataset.characterisation(system.ruleset.characterisation)),
        "factors": _factors(footprint, licensed),
        "functional_unit": _functional_unit(footprint),
        "system": _system(footprint, licensed),
        "withheld_by_stage": _withheld(footprint, licensed),
        "expected": _expected(footprint, licensed),
        "withheld_factors": dict(licensed),
    }
    bundle["hashes"] = {name: sha256_of(part) for name, part in bundle.items()}
    return bundle


def write_bundle(footprint: Footprint, *, withhold_licensed: bool = False) -> bytes:
    """Return the bundle of a footprint as the bytes of one file.

    Raises:
        LicenceError: Licensed values are in use, and they are not withheld.
    """
    return canonical_json(audit_bundle(footprint, withhold_licensed=withhold_licensed))


def licensed_factors(footprint: Footprint) -> dict[str, str]:
    """Return identifier and licence of every named factor that may not be redistributed."""
    return {
        id_: record.licence
        for id_, record in named_factors(footprint).items()
        if not record.redistributable
    }


def named_factors(footprint: Footprint) -> dict[str, FactorRecord]:
    """Return every factor that the inventory names, used by its ruleset or not."""
    system = footprint.system
    ids = [burden.factor_id for burden in system.burdens]
    supply = system.inventory.electricity
    if supply is not None:
        ids += [supply.national_mix or "", supply.grid_location or ""]
        ids += [supply.residual or "", supply.residual_lca or ""]
        ids += [item.factor or "" for item in supply.supply]
        ids += [item.contract.factor for item in supply.supply if item.contract is not None]
    factors = system.dataset.factors
    return {id_: factors[id_] for id_ in sorted(set(ids)) if id_ in factors}


def _factors(footprint: Footprint, licensed: Mapping[str, str]) -> list[dict[str, object]]:
    return [
        {"record": record.to_document(), "sha256": record.content_hash}
        for id_, record in named_factors(footprint).items()
        if id_ not in licensed
    ]


def _functional_unit(footprint: Footprint) -> dict[str, object]:
    unit = footprint.system.functional_unit
    multiplied = {
        key: value
        for key, value in unit.inputs.items()
        if isinstance(value, float) and not key.startswith("given_")
    }
    return {**unit.to_document(), "multiplied": multiplied}


def _system(footprint: Footprint, licensed: Mapping[str, str]) -> dict[str, object]:
    system = footprint.system
    return {
        "activities": list(system.linear.names),
        "technosphere": [list(edge) for edge in system.linear.edges],
        "demand": {"activity": system.demanded, "amount": system.demand},
        "burdens": [_burden(footprint, burden, licensed) for burden in system.burdens],
    }


def _burden(footprint: Footprint, burden: Burden, licensed: Mapping[str, str]) -> dict[str, object]:
    withheld = burden.factor_id in licensed
    exchange = burden.exchange
    described: dict[str, object] = {
        "path": exchange.path,
        "activity": burden.activity,
        "stage": burden.stage.value,
        "factor": burden.factor_id,
        "part": burden.part,
        "unit": burden.reference_unit,
        "withheld": withheld,
    }
    if withheld:
        return described
    output = footprint.system.inventory.activities[burden.activity].output.amount
    unit = find_unit(exchange.unit)
    per = 1.0 if burden.record is None else find_unit(burden.record.per).per_reference
    declared = math.copysign(exchange.amount, burden.quantity)
    plain = declared * unit.per_reference / output
    return {
        **described,
        "declared": declared,
        "conversion": unit.per_reference,
        "mix_share": burden.quantity / plain if plain else 1.0,
        "output": output,
        "quantity": burden.quantity,
        "reference_per_factor_unit": per,
    }


def _withheld(footprint: Footprint, licensed: Mapping[str, str]) -> dict[str, float]:
    sums = {stage.value: 0.0 for stage in STAGES}
    for burden, kg in zip(footprint.system.burdens, footprint.contributions, strict=True):
        if burden.factor_id in licensed:
            sums[burden.stage.value] += float(kg)
    return {stage: kg for stage, kg in sums.items() if kg}


def _expected(footprint: Footprint, licensed: Mapping[str, str]) -> dict[str, object]:
    pairs = zip(footprint.system.burdens, footprint.contributions.tolist(), strict=True)
    totals = zip(STAGES, footprint.stage_totals.tolist(), strict=True)
    return {
        "levels": footprint.levels.tolist(),
        "contributions": [None if b.factor_id in licensed else kg for b, kg in pairs],
        "stages": {stage.value: kg for stage, kg in totals},
        "kg_co2e_per_battery": footprint.total,
        "kg_co2e_per_kwh": footprint.kg_co2e_per_kwh,
        "content_sha256": footprint.content_sha256,
        "partial": footprint.partial,
    }


def verify_bundle(data: bytes) -> AuditReport:
    """Recompute a bundle twice: by the independent check, and by this engine from its inputs.

    Raises:
        AuditError: It is no bundle, or something in it does not follow from the rest, or is not what
            ships here under the same name. The findings name each difference.
    """
    findings: list[Finding] = []
    bundle = dict(load_json(data, findings))
    if findings:
        raise AuditError(findings)
    if bundle.get("format") != AUDIT_FORMAT:
        value = shown(bundle.get("format"))
        raise AuditError([Finding("format", value, f"must be {AUDIT_FORMAT}", "use a bundle")])
    try:
        return _verified(bundle)
    except (KeyError, TypeError, ValueError, IndexError, ArithmeticError, AttributeError) as error:
        reason = "the bundle is not laid out as one"
        raise AuditError(
            [Finding("bundle", shown(repr(error)), reason, "use it as written")]
        ) from None


def _verified(bundle: Mapping[str, Any]) -> AuditReport:
    findings = [_difference(text) for text in check(dict(bundle))]
    unhashed = sorted(set(bundle) - {"hashes", *bundle["hashes"]})
    findings.extend(_difference(f"{name}: has no hash") for name in unhashed)
    foreign = list(foreign_inputs(bundle))
    findings.extend(item.to_finding() for item in foreign if item.is_known)
    checked = ["hashes", "factor rows", "linear system", "contributions", "stages", "total"]
    not_checked = [str(item) for item in foreign if not item.is_known]
    not_checked += [
        f"factor {id_}: its value is licensed and withheld" for id_ in bundle["withheld_factors"]
    ]
    implausible: tuple[str, ...] = ()
    if bundle["inventory"] is not None:
        differing, implausible = _recomputed(bundle, is_certain=not findings)
        findings.extend(differing)
        checked.append("inventory, ruleset and factors through the engine")
    elif bundle["withheld_factors"]:
        not_checked.append("inventory: withheld with the licensed values, only its hash is given")
    else:
        findings.append(_difference("inventory: is left out, and no licensed value asks for that"))
    if findings:
        raise AuditError(findings)
    expected = bundle["expected"]
    return AuditReport(
        float(expected["kg_co2e_per_kwh"]),
        str(expected["content_sha256"]),
        tuple(checked),
        tuple(not_checked),
        None if not_checked else True,
        implausible,
    )


def _difference(text: str) -> Finding:
    name, _, rest = text.partition(": ")
    return Finding(name, "", rest or text, "compare with the original")


def _recomputed(
    bundle: Mapping[str, Any], *, is_certain: bool
) -> tuple[list[Finding], tuple[str, ...]]:
    """Return differences between the bundle and what the engine makes of its inputs; and its doubts.

    Args:
        bundle: The bundle.
        is_certain: Whether nothing else was found: then every part is held against the engine's own.
    """
    try:
        dataset = load_shipped_dataset() if is_shipped(bundle) else _bundled_dataset(bundle)
        inventory = parse_inventory(bundle["inventory"])
        again = compute_footprint(inventory, read_ruleset(bundle["ruleset"]), dataset)
        check_credits(again)
    except LcaError as error:
        return list(error.findings), ()
    findings: list[Finding] = []
    stated = bundle["expected"]["kg_co2e_per_battery"]
    if not math.isclose(again.total, stated, rel_tol=1e-12):
        reason = f"stated {stated!r}, the engine computes {again.total!r}"
        findings.append(_difference(f"expected.kg_co2e_per_battery: {reason}"))
    if inventory.sha256 != bundle["inventory_sha256"]:
        findings.append(_difference("inventory_sha256: does not match the inventory"))
    if is_certain and not findings:
        anew = audit_bundle(again, withhold_licensed=True)
        is_same_hash = _has_same_hash(bundle, again)
        findings.extend(
            _difference(f"{path}: is not what the engine makes of the inputs")
            for part in _COMPARED
            for path in differences(part, bundle[part], anew[part])
            if path != _CONTENT_HASH or not is_same_hash
        )
    return findings, tuple(doubt.text() for doubt in again.doubts)


_COMPARED: Final = ("functional_unit", "system", "withheld_by_stage", "expected")
_CONTENT_HASH: Final = "expected.content_sha256"


def _has_same_hash(bundle: Mapping[str, Any], again: Footprint) -> bool:
    """Tell whether the hash of the result is as it should be, or cannot be held against ours.

    Another version says things in other words, a bundled dataset has another name, and a loop is
    solved by a library whose last digit may differ.
    """
    comparable = (
        is_shipped(bundle) and bundle["software"] == software() and again.system.linear.order
    )
    return not comparable or bundle["expected"]["content_sha256"] == again.content_sha256


def _bundled_dataset(bundle: Mapping[str, Any]) -> Dataset:
    records = {row["record"]["id"]: record_of(row["record"]) for row in bundle["factors"]}
    method = str(bundle["ruleset"]["characterisation"])
    sets = MappingProxyType({method: MappingProxyType(dict(bundle["characterisation"]))})
    reference = bundle["dataset"]
    return Dataset(
        str(reference["id"]),
        str(reference["version"]),
        MappingProxyType(records),
        MappingProxyType({}),
        sets,
    )
