"""The types of a battery passport and of a shipment's receipt; for those who verify and issue nothing."""

from typing import Final

CREDENTIAL_TYPE: Final = "BatteryPassport"
RECEIPT_TYPE: Final = "ShipmentReceipt"
