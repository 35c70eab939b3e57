"""The dossier's own sections: baselines, order of the path, instruments, offsets, inventories."""

from passports.claim_checks.claims import ClaimCheck, ClaimInput, ClaimResult, FactoryClaims, number
from passports.dossier import (
    CERTIFICATES_OF_ORIGIN,
    DossierOffset,
    EnergyInstrument,
    GhgInventory,
    PathwayStage,
)

# ISO 14068-1:2023: credits at most five years old, retired within a year after the period.
_OLDEST_CREDIT_YEARS = 5


def check_dossier(claims: FactoryClaims) -> list[ClaimCheck]:
    """Check the sections of the dossier that go beyond reported figures."""
    dossier = claims.dossier
    checks = [_baseline(m.name, m.baseline) for m in dossier.measures]
    checks += [_instrument(row) for row in dossier.instruments]
    checks += [_offset(row, claims.on.year) for row in dossier.offsets]
    checks += [check for row in dossier.inventories if (check := _inventory(row)) is not None]
    if dossier.pathway:
        checks.append(_path(claims))
    return checks


def _baseline(name: str, baseline: str | None) -> ClaimCheck:
    if baseline:
        said = f"compared with: {baseline}"
        return ClaimCheck(
            "measure_baseline",
            name,
            (ClaimInput("baseline", baseline),),
            ClaimResult.CONSISTENT,
            said,
        )
    said = "no baseline is named: a reduction compared with nothing cannot be checked"
    return ClaimCheck("measure_baseline", name, (), ClaimResult.CANNOT_TELL, said)


def _instrument(row: EnergyInstrument) -> ClaimCheck:
    inputs = [ClaimInput("volume", row.volume_mwh, "MWh"), ClaimInput("vintage", row.vintage_year)]
    about = f"{row.kind.value} {row.id}"
    if row.kind not in CERTIFICATES_OF_ORIGIN:
        said = f"a contract over {number(row.volume_mwh)} MWh; the meters say what was delivered"
        return ClaimCheck("instrument_retired", about, tuple(inputs), ClaimResult.CANNOT_TELL, said)
    if row.retired_on is None or row.beneficiary is None:
        missing = "day of retirement" if row.retired_on is None else "beneficiary"
        said = (
            f"no {missing} is stated: a certificate that is not retired for somebody claims nothing"
        )
        return ClaimCheck("instrument_retired", about, tuple(inputs), ClaimResult.CANNOT_TELL, said)
    inputs.append(ClaimInput("retired on", str(row.retired_on)))
    if row.retired_on.year < row.vintage_year:
        said = f"retired on {row.retired_on}, before the electricity of {row.vintage_year} was made"
        return ClaimCheck(
            "instrument_retired", about, tuple(inputs), ClaimResult.INCONSISTENT, said
        )
    said = f"retired on {row.retired_on} for {row.beneficiary}; used once on this server"
    return ClaimCheck("instrument_retired", about, tuple(inputs), ClaimResult.CONSISTENT, said)


def _offset(row: DossierOffset, year: int) -> ClaimCheck:
    about = f"offset {row.serials}"
    inputs = (ClaimInput("quantity", row.quantity_t, "t"),)
    if row.registry is None or row.vintage_year is None or row.retired_on is None:
        said = "registry, vintage or retirement is not stated: nobody can look it up"
        return ClaimCheck("offset_traceable", about, inputs, ClaimResult.CANNOT_TELL, said)
    retired = row.retired_on.year
    if not row.vintage_year <= retired <= row.vintage_year + _OLDEST_CREDIT_YEARS:
        said = (
            f"vintage {row.vintage_year}, retired {row.retired_on}: ISO 14068-1 allows five years"
        )
        return ClaimCheck("offset_traceable", about, inputs, ClaimResult.INCONSISTENT, said)
    del year  # what was retired stays retired
    said = f"{row.registry}, vintage {row.vintage_year}, retired {row.retired_on}; never subtracted"
    return ClaimCheck("offset_traceable", about, inputs, ClaimResult.CONSISTENT, said)


def _inventory(row: GhgInventory) -> ClaimCheck | None:
    about = f"inventory {row.year or row.since or ''}".strip()
    inputs = tuple(
        ClaimInput(f"category {c.category.value}", c.gross_t_co2e, "t CO2e") for c in row.categories
    )
    if not row.categories:
        said = f"by {row.standard}; no emissions by category are published"
        return ClaimCheck("inventory_sum", about, inputs, ClaimResult.CANNOT_TELL, said)
    total = sum(c.gross_t_co2e for c in row.categories)
    if row.total_gross_t_co2e is None:
        said = f"the categories make {number(total, 1)} t CO2e, gross; no total is stated"
        return ClaimCheck("inventory_sum", about, inputs, ClaimResult.CANNOT_TELL, said)
    stated = row.total_gross_t_co2e
    fits = abs(total - stated) <= max(0.5, 0.001 * stated)  # rounding of the published total
    said = f"the categories make {number(total, 1)} t CO2e, stated are {number(stated, 1)} t"
    result = ClaimResult.CONSISTENT if fits else ClaimResult.INCONSISTENT
    return ClaimCheck("inventory_sum", about, inputs, result, said, {"sum_t": total})


def _path(claims: FactoryClaims) -> ClaimCheck:
    steps = claims.dossier.pathway
    order = list(PathwayStage)
    places = [order.index(step.stage) for step in steps]
    dated = [step.on for step in steps if step.on is not None]
    listed = " -> ".join(step.as_named or step.stage.value for step in steps)
    inputs = tuple(ClaimInput(s.stage.value, s.as_named or s.stage.value) for s in steps)
    if places != sorted(places) or dated != sorted(dated):
        said = (
            f"{listed}: not in the order inventory, verification, reduction, offset, certification"
        )
        return ClaimCheck("pathway", "path to the claim", inputs, ClaimResult.INCONSISTENT, said)
    missing = [stage.value for stage in order if stage not in {step.stage for step in steps}]
    said = listed
    if missing:
        said += f"; not named: {', '.join(missing)}"
    if PathwayStage.REDUCTION.value in missing:
        said += ". A path without reduction only pays"
    if len(dated) < len(steps):
        said += "; days are not stated"
    result = (
        ClaimResult.CANNOT_TELL if missing or len(dated) < len(steps) else ClaimResult.CONSISTENT
    )
    return ClaimCheck("pathway", "path to the claim", inputs, result, said)
