"""Checks of what factories claim: one file a family, one table of checks.

Each check says what it looked at, what it found and why, in plain words; a figure that fits says so
too, and a figure that nothing can be held against says that. Nothing is netted off and nothing is
assumed in place of what a source does not state.
"""

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

from lca.datasets import Dataset
from passports.certification.certificates import certificates_of
from passports.claim_checks.certificate_claims import check_certificates
from passports.claim_checks.changes import check_changes
from passports.claim_checks.claims import (
    Claim,
    ClaimCheck,
    ClaimInput,
    ClaimResult,
    FactoryClaims,
)
from passports.claim_checks.coal_equivalent import check_coal_equivalents
from passports.claim_checks.dossier_claims import check_dossier
from passports.claim_checks.eu_claims import check_eu_claims
from passports.claim_checks.grid import grid_factors
from passports.claim_checks.implied_factor import (
    check_implied_factors,
    check_reductions_without_energy,
)
from passports.claim_checks.solar import check_full_load_hours, check_module_power
from passports.claim_checks.volumes import (
    check_offsets_stay_gross,
    check_parts_of_whole,
    check_remainder,
    check_share_of_use,
    check_shares,
    check_sum_of_reductions,
)
from passports.dossier import DossierCreate, find_dossier
from passports.factories import energy_periods, get_facility
from passports.store import Transaction

__all__ = [
    "CHECKS",
    "Claim",
    "ClaimCheck",
    "ClaimInput",
    "ClaimResult",
    "FactoryClaims",
    "check_claims",
    "check_facility",
    "grid_factors",
]

Check = Callable[[FactoryClaims], list[ClaimCheck]]

# One line adds a check; they are made in this order.
CHECKS: Final[Mapping[str, Check]] = MappingProxyType(
    {
        "implied factors": check_implied_factors,
        "reductions without energy": check_reductions_without_energy,
        "share of use": check_share_of_use,
        "stated shares": check_shares,
        "parts of a whole": check_parts_of_whole,
        "remainder": check_remainder,
        "sum of reductions": check_sum_of_reductions,
        "coal equivalent": check_coal_equivalents,
        "full-load hours": check_full_load_hours,
        "module power": check_module_power,
        "changes": check_changes,
        "offsets": check_offsets_stay_gross,
        "dossier": check_dossier,
        "certificates": check_certificates,
        "claims in the Union": check_eu_claims,
    }
)


def check_claims(claims: FactoryClaims) -> list[ClaimCheck]:
    """Make every check of the table; a figure that none has looked at is named at the end."""
    checks = [found for check in CHECKS.values() for found in check(claims)]
    seen = {row.name for check in checks for row in check.inputs}
    checks += [_alone(claim) for claim in claims.claims if claim.figure.what not in seen]
    return checks


def _alone(claim: Claim) -> ClaimCheck:
    why = (
        "no check knows this kind of figure"
        if not claim.kind
        else "nothing was published that it could be held against"
    )
    return ClaimCheck(
        "no_counterpart",
        claim.figure.what,
        (claim.as_input(),),
        ClaimResult.CANNOT_TELL,
        f"kept as reported; {why}",
    )


def check_facility(
    transaction: Transaction, dataset: Dataset, operator_id: str, facility_id: str, on: date
) -> list[ClaimCheck]:
    """Check what is recorded of a factory's claims.

    Raises:
        RecordNotFoundError: there is no such facility.
    """
    facility = get_facility(transaction, operator_id, facility_id)
    dossier = find_dossier(transaction, operator_id, facility_id)
    certificates = certificates_of(transaction, operator_id, facility_id)
    return check_claims(
        FactoryClaims(
            facility=facility,
            dossier=dossier or DossierCreate(source="nothing is recorded"),
            certificates=sorted(certificates, key=lambda c: (c.created_at, c.scheme, c.id)),
            grid=grid_factors(dataset, facility.grid_region),
            on=on,
            periods=energy_periods(transaction, operator_id, facility_id),
        )
    )
