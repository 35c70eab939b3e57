"""Shares against volumes, parts against wholes, remainders, sums of parts."""

from collections.abc import Sequence
from typing import Final

from passports.claim_checks.claims import (
    Claim,
    ClaimCheck,
    ClaimResult,
    FactoryClaims,
    number,
    percent,
)
from passports.factories import EnergyCarrier

_WHOLE: Final = 1.0
_ROUNDING: Final = 0.01  # shares are published to a per cent or finer


def check_share_of_use(claims: FactoryClaims) -> list[ClaimCheck]:
    """Work out the use that a green share and its volumes imply, and hold it against the meters."""
    share = claims.one("share-electricity", "green")
    volumes = [*claims.of("energy-generated"), *claims.of("energy-purchased")]
    if share is None or not volumes or not 0 < share.value <= 1:
        return []
    green = sum(volume.value for volume in volumes)
    implied = green / share.value
    said = f"{number(green, 1)} MWh at {percent(share.value, 2)} imply {number(implied)} MWh of use"
    result, rest = _against_meters(claims, share, volumes, implied)
    inputs = (share.as_input(), *(volume.as_input() for volume in volumes))
    computed = {"green_mwh": green, "implied_use_mwh": implied}
    return [
        ClaimCheck("share_of_use", share.figure.what, inputs, result, f"{said}; {rest}", computed)
    ]


def _against_meters(
    claims: FactoryClaims, share: Claim, volumes: Sequence[Claim], implied: float
) -> tuple[ClaimResult, str]:
    metered = _metered_mwh(claims, share.figure.year)
    if metered is None:
        complete = any(volume.kind == "energy-purchased" for volume in volumes)
        missing = "" if complete else ", if these are all that is green"
        said = f"the use itself is not published and no meter of that year is recorded{missing}"
        return ClaimResult.CANNOT_TELL, said
    if abs(metered / implied - 1) <= _ROUNDING:
        return ClaimResult.CONSISTENT, f"the meters say {number(metered)} MWh"
    return ClaimResult.INCONSISTENT, f"the meters say {number(metered)} MWh"


def _metered_mwh(claims: FactoryClaims, year: int | None) -> float | None:
    periods = [
        period
        for period in claims.periods
        if year is not None and period.period_from.year == period.period_to.year == year
    ]
    if not periods:
        return None
    return sum(period.total(EnergyCarrier.ELECTRICITY) for period in periods) / 1000


def check_shares(claims: FactoryClaims) -> list[ClaimCheck]:
    """Hold each stated share to 0 to 1, and say what would prove it."""
    checks = []
    kinds = ("share", "share-electricity", "planned-share", "share-covered")
    for claim in (c for kind in kinds for c in claims.of(kind)):
        if not 0 <= claim.value <= _WHOLE:
            said = f"{percent(claim.value)} is no share of anything"
            checks.append(_share(claim, ClaimResult.INCONSISTENT, said))
        elif claim.kind == "planned-share":
            said = f"{percent(claim.value)} is planned; a plan says nothing of what was used"
            checks.append(_share(claim, ClaimResult.CERTIFIES_NOTHING, said))
        elif claim.kind == "share":
            said = (
                f"{percent(claim.value)} is stated without volumes, contracts or retired "
                "certificates; none of it can be recomputed"
            )
            checks.append(_share(claim, ClaimResult.CANNOT_TELL, said))
    return checks


def _share(claim: Claim, result: ClaimResult, explanation: str) -> ClaimCheck:
    return ClaimCheck("stated_share", claim.figure.what, (claim.as_input(),), result, explanation)


def check_parts_of_whole(claims: FactoryClaims) -> list[ClaimCheck]:
    """Hold shares that are said to cover one thing to 100 % together."""
    parts = claims.of("share-covered")
    if len(parts) < 2:  # noqa: PLR2004 # one part is no sum
        return []
    total = sum(part.value for part in parts)
    listed = " and ".join(f"{percent(part.value)} ({part.topic})" for part in parts)
    checks = [_parts(parts, total, listed)]
    renewable, certified = claims.one("share", "renewable"), claims.one("share-covered", "gec")
    if renewable is not None and certified is not None:
        checks.append(_same_share(renewable, certified))
    return checks


def _parts(parts: Sequence[Claim], total: float, listed: str) -> ClaimCheck:
    inputs = tuple(part.as_input() for part in parts)
    computed = {"sum": total}
    if total > _WHOLE + _ROUNDING:
        explanation = (
            f"{listed} make {percent(total)} of one whole; they can both be true only of different "
            "bases (electricity use, emissions), and the source names none"
        )
        result = ClaimResult.INCONSISTENT
    else:
        explanation, result = f"{listed} make {percent(total)}", ClaimResult.CONSISTENT
    return ClaimCheck(
        "parts_of_whole", "shares that are covered", inputs, result, explanation, computed
    )


def _same_share(renewable: Claim, certified: Claim) -> ClaimCheck:
    apart = abs(renewable.value - certified.value)
    same = apart <= _ROUNDING
    explanation = (
        f"{percent(renewable.value, 2)} renewable and {percent(certified.value)} certified agree: the "
        "whole renewable share rests on certificates, none of it on own generation"
        if same
        else f"{percent(renewable.value, 2)} renewable, {percent(certified.value)} certified"
    )
    result = ClaimResult.CONSISTENT if same else ClaimResult.CANNOT_TELL
    inputs = (renewable.as_input(), certified.as_input())
    return ClaimCheck(
        "share_rests_on", renewable.figure.what, inputs, result, explanation, {"apart": apart}
    )


def check_remainder(claims: FactoryClaims) -> list[ClaimCheck]:
    """Work out the total and the rest that a reduction with its share implies."""
    share = claims.one("share-of-reduction")
    reduction = claims.one("reduction", share.topic) if share is not None else None
    if share is None or reduction is None or not 0 < share.value <= 1:
        return []
    total = reduction.value / share.value
    rest = total - reduction.value
    computed = {"implied_total_t": total, "implied_rest_t": rest}
    said = (
        f"{number(reduction.value)} t at {percent(share.value, 0)} imply {number(total)} t in all"
    )
    inputs = [reduction.as_input(), share.as_input()]
    stated = claims.one("share-of-rest")
    result = ClaimResult.CANNOT_TELL
    if stated is None:
        explanation = f"{said} and {number(rest)} t left"
    else:
        inputs.append(stated.as_input())
        computed["shares_sum"] = share.value + stated.value
        result, explanation = _rest(said, share.value + stated.value, rest)
    return [
        ClaimCheck("remainder", share.figure.what, tuple(inputs), result, explanation, computed)
    ]


def _rest(said: str, shares: float, rest: float) -> tuple[ClaimResult, str]:
    if abs(shares - _WHOLE) > _ROUNDING:
        return ClaimResult.INCONSISTENT, f"{said}; the shares make {percent(shares, 0)}, not 100 %"
    explanation = (
        f"{said}; the shares make 100 %, but neither the total nor the {number(rest)} t that credits "
        "would have to cover is published, so the tonnes do not add up to anything that can be checked; "
        "and a reduction by contract leaves the emissions by location where they were"
    )
    return ClaimResult.CANNOT_TELL, explanation


def check_sum_of_reductions(claims: FactoryClaims) -> list[ClaimCheck]:
    """Hold the named reductions against the total that is claimed."""
    total = claims.one("reduction", "total")
    parts = [c for c in claims.of("reduction") if c.topic not in {"total", ""}]
    if total is None:
        return []
    inputs = (total.as_input(), *(part.as_input() for part in parts))
    if not parts:
        said = f"{number(total.value, 2)} t are stated; no measure, baseline or energy is named for them"
        return [
            ClaimCheck(
                "sum_of_reductions", total.figure.what, inputs, ClaimResult.CANNOT_TELL, said
            )
        ]
    named = sum(part.value for part in parts)
    rest = total.value - named
    computed = {"named_t": named, "not_named_t": rest}
    if rest < 0:
        result = ClaimResult.INCONSISTENT
        said = (
            f"the named parts make {number(named)} t, more than the {number(total.value)} t in all"
        )
    else:
        result = ClaimResult.CONSISTENT
        said = (
            f"the named parts make {number(named)} t and stay within {number(total.value)} t; "
            f"{number(rest)} t ({percent(rest / total.value, 0)}) are not broken down"
        )
    return [ClaimCheck("sum_of_reductions", total.figure.what, inputs, result, said, computed)]


def check_offsets_stay_gross(claims: FactoryClaims) -> list[ClaimCheck]:
    """Say what an offset leaves: the emissions that it pays for were emitted."""
    return [
        ClaimCheck(
            "offsets_stay_gross",
            claim.figure.what,
            (claim.as_input(),),
            ClaimResult.CONSISTENT,
            f"{number(claim.value, 2)} t are offset, so at least that much was emitted: it stays in the "
            "inventory and in every footprint, gross; no registry, serial or vintage is published",
            {"gross_at_least_t": claim.value},
        )
        for claim in claims.of("offset")
    ]
