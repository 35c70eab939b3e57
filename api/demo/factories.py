"""The factories that the press reported, in one operator's name: nobody's key is made up for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from api.wiring import Voltpass
from passports.claim_checks import ClaimCheck, check_facility
from passports.documents import utc_now
from passports.operators import EconomicOperatorCreate, register_operator
from passports.press_reports import RegisteredFactory, register_entry, shipped_entries

PRESS_OPERATOR: Final = "press-reports"


@dataclass(frozen=True)
class CheckedFactory:
    """A reported factory and what the checks found."""

    factory: RegisteredFactory
    checks: Sequence[ClaimCheck]

    def to_document(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        dossier = self.factory.dossier
        return {
            "id": self.factory.facility.id,
            "name": self.factory.facility.name,
            "operator_reported": dossier.reported_operator,
            "grid_region": self.factory.facility.grid_region,
            "figures": [figure.model_dump(exclude_none=True) for figure in dossier.figures],
            "certificates": [
                certificate.model_dump(mode="json", exclude_none=True)
                for certificate in self.factory.certificates
            ],
            "checks": [check.to_document() for check in self.checks],
        }


def load_factories(voltpass: Voltpass) -> list[CheckedFactory]:
    """Register every reported factory and make the checks of its claims."""
    now = utc_now()
    operator = EconomicOperatorCreate(
        id=PRESS_OPERATOR,
        name="Factories as the press of 2023 reported them",
        roles=["manufacturer"],
        country="CN",
        note="Not the factories' operators: what was reported of them, to be checked.",
    )
    register_operator(voltpass.store, voltpass.keyring, voltpass.address, operator, now)
    factories = [
        register_entry(voltpass.store, PRESS_OPERATOR, entry, now) for entry in shipped_entries()
    ]
    today: date = now.date()
    with voltpass.store.reading() as reading:
        return [
            CheckedFactory(
                factory,
                check_facility(
                    reading, voltpass.dataset, PRESS_OPERATOR, factory.facility.id, today
                ),
            )
            for factory in factories
        ]
