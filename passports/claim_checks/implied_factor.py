"""Reductions against the energy they are claimed for: the factor a claim implies, against the grid's.

A megawatt-hour saved, or generated on site, spares what the grid emits for it: its CO2 factor of that
place and year (ISO 14064-1, location-based). What a claim implies above that is claimed too much.
"""

from typing import Final

from passports.claim_checks.claims import Claim, ClaimCheck, ClaimResult, FactoryClaims, number
from passports.claim_checks.grid import GridFactors

# Rounded figures, and a factor of a neighbouring year: our choice.
TOLERANCE: Final = 0.05
# Two factors at one plant that differ by more cannot be the same factor, rounded.
SAME_PLANT: Final = 0.05
_ENERGY_KINDS: Final = ("energy-generated", "energy-saved")


def check_implied_factors(claims: FactoryClaims) -> list[ClaimCheck]:
    """Hold each reduction that has an energy beside it against the factors of the grid."""
    pairs = _pairs(claims)
    checks = [_check_pair(energy, reduction, claims.grid) for energy, reduction in pairs]
    exact = [(e, r) for e, r in pairs if not (e.is_bound and r.is_bound)]
    if len(exact) > 1:
        checks.append(_check_same_plant(exact))
    return checks


def _pairs(claims: FactoryClaims) -> list[tuple[Claim, Claim]]:
    found = []
    for kind in _ENERGY_KINDS:
        for energy in claims.of(kind):
            reduction = claims.one("reduction", energy.topic)
            if reduction is not None and energy.value > 0 and energy.topic != "total":
                found.append((energy, reduction))
    return found


def _check_pair(energy: Claim, reduction: Claim, grid: GridFactors) -> ClaimCheck:
    implied = reduction.value / energy.value
    said = (
        f"{number(reduction.value)} t for {number(energy.value)} MWh is {implied:.3f} t CO2 per MWh"
    )
    result, explanation = _judge(energy, reduction, implied, grid)
    computed = {"implied_t_per_mwh": implied}
    if grid.own:
        computed.update(
            grid_low_t_per_mwh=grid.low,
            grid_high_t_per_mwh=grid.high,
            reduction_at_grid_low_t=energy.value * grid.low,
            reduction_at_grid_high_t=energy.value * grid.high,
        )
    name = "implied_factor" if energy.kind == "energy-generated" else "saved_energy_factor"
    inputs = (reduction.as_input(), energy.as_input())
    return ClaimCheck(
        name, reduction.figure.what, inputs, result, f"{said}; {explanation}", computed
    )


def _judge(
    energy: Claim, reduction: Claim, implied: float, grid: GridFactors
) -> tuple[ClaimResult, str]:
    if not grid.own:
        return ClaimResult.CANNOT_TELL, f"no CO2 factor of the grid {grid.region} is at hand"
    own = f"{grid.region} {grid.years}: {grid.low:.3f} to {grid.high:.3f}"
    if energy.is_bound and reduction.is_bound:
        said = f"both figures are bounds, so the ratio is none; the grid's factor is {own}"
        return ClaimResult.CANNOT_TELL, said
    if grid.low * (1 - TOLERANCE) <= implied <= grid.high * (1 + TOLERANCE):
        said = f"it fits the grid of the place within {TOLERANCE:.0%} ({own})"
        return ClaimResult.CONSISTENT, said
    spare = (
        f"at that factor it would be {_range(energy.value * grid.low, energy.value * grid.high)} t"
    )
    if implied < grid.low:
        share = 1 - implied / grid.low
        said = f"it lies {share:.0%} below the grid of the place ({own}){_nearest(implied, grid)}"
        return ClaimResult.INCONSISTENT, f"{said}; {spare}"
    above = f"it lies {implied / grid.high - 1:.0%} above the grid of the place ({own})"
    widest = max(factor.t_per_mwh for factor in grid.averages)
    if implied <= widest * (1 + TOLERANCE):
        return ClaimResult.INCONSISTENT, f"{above}{_nearest(implied, grid)}; {spare}"
    return (
        ClaimResult.IMPLAUSIBLE,
        f"{above}, and above every consumption mix of the country (at most {widest:.3f}); {spare}",
    )


def _range(low: float, high: float) -> str:
    return f"{number(low)} to {number(high)}"


def _nearest(implied: float, grid: GridFactors) -> str:
    if not grid.around:
        return ""
    nearest = min(grid.around, key=lambda factor: abs(factor.t_per_mwh - implied))
    if abs(nearest.t_per_mwh / implied - 1) > TOLERANCE:
        return ""
    return f", near {nearest.t_per_mwh:.4f} of a wider grid ({nearest.name}, {nearest.year})"


def _check_same_plant(pairs: list[tuple[Claim, Claim]]) -> ClaimCheck:
    implied = {r.figure.what: r.value / e.value for e, r in pairs}
    low, high = min(implied.values()), max(implied.values())
    listed = ", ".join(f"{what}: {value:.3f}" for what, value in implied.items())
    same = high / low - 1 <= SAME_PLANT
    said = (
        "one factor, as it should be at one plant"
        if same
        else f"factors that differ by {high / low - 1:.0%} at one plant and one grid"
    )
    inputs = tuple(row.as_input() for pair in pairs for row in pair)
    result = ClaimResult.CONSISTENT if same else ClaimResult.INCONSISTENT
    return ClaimCheck(
        "same_factor_at_one_plant",
        "factors behind the reductions",
        inputs,
        result,
        f"t CO2 per MWh: {listed}; {said}",
        {"low_t_per_mwh": low, "high_t_per_mwh": high},
    )


def check_reductions_without_energy(claims: FactoryClaims) -> list[ClaimCheck]:
    """Say what a reduction without an energy beside it would take; and the other way round."""
    if not claims.grid.own:
        return []
    paired = {id(claim) for pair in _pairs(claims) for claim in pair}
    alone = [c for kind in ("reduction", *_ENERGY_KINDS) for c in claims.of(kind)]
    alone = [claim for claim in alone if id(claim) not in paired]
    bought = {"hydropower", "green"}
    return [
        _volume_needed(claim, claims.grid)
        if claim.kind == "reduction"
        else _reduction_expected(claim, claims.grid)
        for claim in alone
        if claim.kind != "reduction" or claim.topic in bought
    ]


def _volume_needed(reduction: Claim, grid: GridFactors) -> ClaimCheck:
    low, high = reduction.value / grid.high, reduction.value / grid.low
    widest = max(factor.t_per_mwh for factor in grid.averages)
    explanation = (
        f"no volume is stated; at the factors of {grid.region} {grid.years} "
        f"({grid.low:.3f} to {grid.high:.3f} t/MWh) it would take {_range(low, high)} MWh, at the "
        f"country's highest mix ({widest:.3f}) {number(reduction.value / widest)} MWh. A reduction by "
        "buying other electricity shows in the column by contract only, never by location"
    )
    computed = {"mwh_at_grid_high": low, "mwh_at_grid_low": high}
    return ClaimCheck(
        "volume_behind_reduction",
        reduction.figure.what,
        (reduction.as_input(),),
        ClaimResult.CANNOT_TELL,
        explanation,
        computed,
    )


def _reduction_expected(energy: Claim, grid: GridFactors) -> ClaimCheck:
    low, high = energy.value * grid.low, energy.value * grid.high
    explanation = (
        f"no reduction is stated for it; at the factors of {grid.region} {grid.years} it would be "
        f"{_range(low, high)} t"
    )
    return ClaimCheck(
        "reduction_expected",
        energy.figure.what,
        (energy.as_input(),),
        ClaimResult.CANNOT_TELL,
        explanation,
        {"reduction_at_grid_low_t": low, "reduction_at_grid_high_t": high},
    )
