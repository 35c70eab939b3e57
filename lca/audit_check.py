"""Recomputes an audit bundle without the engine that wrote it. Standard library only.

Usage: python audit_check.py BUNDLE.json    (prints differences; exit 1 if there is one)
"""

import hashlib
import json
import math
import sys
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]


def digest(value: object) -> str:
    """Return the SHA-256 of a value's canonical JSON."""
    data = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return hashlib.sha256(data).hexdigest()


def solve(size: int, taken: list[list[float]], demanded: int, amount: float) -> list[float]:
    """Solve (I - a) x = f by elimination on sparse rows, largest pivot of each column first."""
    rows: list[dict[int, float]] = [{i: 1.0} for i in range(size)]
    holders: list[set[int]] = [{i} for i in range(size)]  # rows that are left, by column
    for provider, consumer, value in taken:
        row = rows[int(provider)]
        row[int(consumer)] = row.get(int(consumer), 0.0) - value
        holders[int(consumer)].add(int(provider))
    right, pivots = [amount if i == demanded else 0.0 for i in range(size)], list[int]()
    for column in range(size):
        pivots.append(best := max(sorted(holders[column]), key=lambda i: abs(rows[i][column])))
        for key in rows[best]:
            holders[key].discard(best)
        for other in holders[column]:
            ratio = rows[other].pop(column) / rows[best][column]
            for key in rows[best] if ratio else ():
                if key > column:
                    rows[other][key] = rows[other].get(key, 0.0) - ratio * rows[best][key]
                    holders[key].add(other)
            right[other] -= ratio * right[best]
    solution = [0.0] * size
    for i, pivot in reversed(list(enumerate(pivots))):
        later = sum(value * solution[key] for key, value in rows[pivot].items() if key > i)
        solution[i] = (right[pivot] - later) / rows[pivot][i]
    return solution


def hashes(bundle: Json) -> Iterator[str]:
    """Yield the parts and factor rows that do not match their hash."""
    for name, stated in bundle["hashes"].items():
        if digest(bundle.get(name)) != stated:
            yield f"{name}: does not match its hash"
    for factor in bundle["factors"]:
        if digest(factor["record"]) != factor["sha256"]:
            yield f"factors.{factor['record']['id']}: does not match its hash"


def pairs(bundle: Json) -> Iterator[tuple[str, float, float]]:
    """Yield the name of each number that follows from others, as stated and as computed."""
    records = {factor["record"]["id"]: factor["record"] for factor in bundle["factors"]}
    flows, system, expected = bundle["characterisation"], bundle["system"], bundle["expected"]
    names, taken, demand = system["activities"], system["technosphere"], system["demand"]
    levels = solve(len(names), taken, demand["activity"], demand["amount"])
    for name, stated, level in zip(names, expected["levels"], levels, strict=True):
        yield f"expected.levels ({name})", stated, level
    stages = {stage: bundle["withheld_by_stage"].get(stage, 0.0) for stage in expected["stages"]}
    for burden, stated in zip(system["burdens"], expected["contributions"], strict=True):
        if burden["withheld"]:
            continue
        computed = burden["declared"] * burden["conversion"] * burden["mix_share"]
        yield f"{burden['path']} (quantity)", burden["quantity"], computed / burden["output"]
        record, intensity = records.get(burden["factor"]), flows.get(burden["factor"], 0.0)
        if record is not None:
            gases = math.fsum(kg * flows[flow] for flow, kg in record["gases"].items())
            value = gases if record["value"] is None else record["value"]
            intensity = value / burden["reference_per_factor_unit"]
        kg = levels[burden["activity"]] * burden["quantity"] * intensity
        yield f"{burden['path']} ({burden['factor']})", stated, kg
        stages[burden["stage"]] += kg
    yield from ((f"expected.stages.{s}", expected["stages"][s], kg) for s, kg in stages.items())
    total, unit = math.fsum(stages.values()), bundle["functional_unit"]
    energy = math.prod(unit["multiplied"].values())
    yield "functional_unit.total_energy_kwh", unit["total_energy_kwh"], energy
    yield "expected.kg_co2e_per_battery", expected["kg_co2e_per_battery"], total
    yield "expected.kg_co2e_per_kwh", expected["kg_co2e_per_kwh"], total / energy


def check(bundle: Json) -> list[str]:
    """Return every difference between what a bundle states and what follows from its inputs."""
    wrong = (p for p in pairs(bundle) if not math.isclose(*p[1:], rel_tol=1e-9, abs_tol=1e-12))
    return [*hashes(bundle), *(f"{name}: stated {s!r}, computed {c!r}" for name, s, c in wrong)]


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:  # noqa: PTH123 - nothing but the essentials
        differences = check(json.load(file))
    print("\n".join(differences) or "recomputed: no difference")  # noqa: T201 - it is a script
    sys.exit(bool(differences))
