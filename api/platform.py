"""The platform's own operator: whoever runs this server, and may register others."""

from datetime import datetime
from typing import Final

from api.wiring import Voltpass
from passports.operators import EconomicOperatorCreate, register_operator

PLATFORM_ID: Final = "platform"


def ensure_platform(voltpass: Voltpass, now: datetime) -> None:
    """Register the platform's operator where it is missing."""
    with voltpass.store.reading() as reading:
        if reading.operators.get(PLATFORM_ID) is not None:
            return
    request = EconomicOperatorCreate(
        id=PLATFORM_ID,
        name="Platform operator",
        roles=["platform"],
        # ISO 3166-1 reserves XX-XZ for users: the platform's country is nobody's fact here.
        country="XX",
    )
    register_operator(voltpass.store, voltpass.keyring, voltpass.address, request, now)
