"""The only code that knows the database. See `Store` and `Transaction`."""

from passports.store.errors import RowExistsError
from passports.store.records import StudyFilter
from passports.store.store import Store, Transaction
from passports.store.tables import (
    ApiKeyRow,
    BatchRow,
    BatteryModelRow,
    CertificateRow,
    EnergyPeriodRow,
    FacilityRow,
    FootprintStudyRow,
    IdempotencyKeyRow,
    LogStateRow,
    LogTileRow,
    OperatorRow,
    PassportRow,
    SigningKeyRow,
    StatusListRow,
)

__all__ = [
    "ApiKeyRow",
    "BatchRow",
    "BatteryModelRow",
    "CertificateRow",
    "EnergyPeriodRow",
    "FacilityRow",
    "FootprintStudyRow",
    "IdempotencyKeyRow",
    "LogStateRow",
    "LogTileRow",
    "OperatorRow",
    "PassportRow",
    "RowExistsError",
    "SigningKeyRow",
    "StatusListRow",
    "Store",
    "StudyFilter",
    "Transaction",
]
