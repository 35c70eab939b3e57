"""The platform's own operator: whoever runs this server, and may register others."""

from datetime import datetime
from typing import Final

from api.wiring import Voltpass
from passports.errors import IdentifierConflictError
from passports.operators import EconomicOperatorCreate, register_operator

PLATFORM_ID: Final = "platform"


def ensure_platform(voltpass: Voltpass, now: datetime) -> None:
    """Register the platform's operator where it is missing; servers may start at once."""
    if _is_there(voltpass):
        return
    request = EconomicOperatorCreate(
        id=PLATFORM_ID,
        name="Platform operator",
        roles=["platform"],
        # ISO 3166-1 reserves XX-XZ for users: the platform's country is nobody's fact here.
        country="XX",
    )
    try:
        register_operator(voltpass.store, voltpass.keyring, voltpass.address, request, now)
    except IdentifierConflictError:
        if not _is_there(voltpass):
            raise


def _is_there(voltpass: Voltpass) -> bool:
    with voltpass.store.reading() as reading:
        return reading.operators.get(PLATFORM_ID) is not None
