"""The type of a battery passport; for those who verify and need nothing that issues."""

from typing import Final

CREDENTIAL_TYPE: Final = "BatteryPassport"
