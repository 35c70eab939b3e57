"""Tonnes of coal equivalent against tonnes of CO2.

One tonne of coal equivalent is 7 Gcal, 29.3076 GJ (GB/T 2589-2020). Burnt as coal it emits about
94.6 kg CO2 per GJ (IPCC 2006, volume 2, table 2.2, other bituminous coal). Counted as electricity by
its energy content (1 kWh = 3.6 MJ) the factor is the grid's. One plant has one conversion.
"""

from typing import Final

from passports.claim_checks.claims import ClaimCheck, ClaimResult, FactoryClaims, number

GJ_PER_TCE: Final = 29.3076  # GB/T 2589-2020: 7,000 kcal per kg of standard coal
MWH_PER_TCE: Final = GJ_PER_TCE / 3.6
COAL_T_PER_TCE: Final = GJ_PER_TCE * 94.6 / 1000  # IPCC 2006, vol. 2, table 2.2
_SAME: Final = 0.05


def check_coal_equivalents(claims: FactoryClaims) -> list[ClaimCheck]:
    """Work out t CO2 per tce of each saving, and hold them against each other."""
    pairs = [
        (saving, reduction)
        for saving in claims.of("saving-tce")
        if saving.value > 0 and (reduction := claims.one("reduction", saving.topic)) is not None
    ]
    if not pairs:
        return []
    factors = [reduction.value / saving.value for saving, reduction in pairs]
    result, verdict = _judge(factors, claims)
    listed = "; ".join(
        f"{number(r.value)} t for {number(s.value)} tce is {f:.3f} t/tce"
        for (s, r), f in zip(pairs, factors, strict=True)
    )
    computed = {f"t_per_tce_{s.topic}": f for (s, _), f in zip(pairs, factors, strict=True)}
    computed |= {
        f"t_per_mwh_{s.topic}": f / MWH_PER_TCE for (s, _), f in zip(pairs, factors, strict=True)
    }
    about = " and ".join(saving.figure.what for saving, _ in pairs)
    inputs = tuple(claim.as_input() for pair in pairs for claim in pair)
    return [ClaimCheck("coal_equivalent", about, inputs, result, f"{listed}; {verdict}", computed)]


def _judge(factors: list[float], claims: FactoryClaims) -> tuple[ClaimResult, str]:
    low, high = min(factors), max(factors)
    burnt = f"coal burnt would be {COAL_T_PER_TCE:.2f} t/tce"
    as_power = f"as electricity {low / MWH_PER_TCE:.3f} to {high / MWH_PER_TCE:.3f} t/MWh"
    if claims.grid.own:
        grid = claims.grid
        as_power += f", where {grid.region} had {grid.low:.3f} to {grid.high:.3f}"
    if high / low - 1 > _SAME:
        said = (
            f"two different factors at one plant ({high / low - 1:.0%} apart); {burnt}; {as_power}"
        )
        return ClaimResult.INCONSISTENT, said
    if high > COAL_T_PER_TCE * (1 + _SAME):
        return ClaimResult.IMPLAUSIBLE, f"more than coal itself emits; {burnt}"
    return ClaimResult.CONSISTENT, f"one factor; {burnt}; {as_power}"
