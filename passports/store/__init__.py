"""The only code that knows the database. See `Store` and `Transaction`.

A row's class is imported when it is asked for: to make the classes of all tables takes a third of a
second, and most commands need few of them.
"""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from passports.store.errors import InstrumentTakenError, RowExistsError, RowLineError
from passports.store.store import Store, Transaction

if TYPE_CHECKING:
    from passports.store.acceptance_tables import AccessAnchorRow, ResponsibilityAcceptanceRow
    from passports.store.archive_tables import ContinuityRow, KeptLogRow, KeptLogTileRow
    from passports.store.attribute_tables import (
        AccessEntryRow,
        AccessGrantRow,
        AttributeVersionRow,
        RestrictedCredentialRow,
    )
    from passports.store.authority_tables import (
        ActRow,
        AuthorisationRow,
        OperatorIdentifierRow,
        SessionRow,
        TransferRow,
    )
    from passports.store.factory_tables import (
        CertificateCitationRow,
        CertificateEventRow,
        EnergyLotRow,
        EnergyPostingRow,
        EnergyTransferRow,
        FacilityDocumentRow,
        FacilityDossierRow,
        InstrumentClaimRow,
        MeterImportRow,
        MeterReadingRow,
        MeterRow,
    )
    from passports.store.history_tables import OperatorVersionRow, PassportStatusChangeRow
    from passports.store.one_view import OneView
    from passports.store.period_tables import (
        ClosedPeriodImportRow,
        ClosedPeriodRow,
        FacilityTargetRow,
        MeterMonthRow,
        MeterStateRow,
        MeterWithdrawalRow,
        ProductionRow,
        WithdrawnReadingRow,
    )
    from passports.store.reading_sums import Hole, MeterSum
    from passports.store.recipe_tables import Gs1PrefixRow, MappingRecipeRow
    from passports.store.registry_tables import (
        RegistryEnrolmentRow,
        RegistryEntryRow,
        RegistryProofRow,
        RegistrySubmissionRow,
    )
    from passports.store.row_lines import AnyRow, all_tables, key_of, read_row, write_row
    from passports.store.study_records import StudyFilter
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
    from passports.store.version_tables import (
        DynamicImportRow,
        DynamicRecordRow,
        PassportChangeRow,
        PassportSuccessionRow,
    )

_NAMES_OF: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "acceptance_tables": ("AccessAnchorRow", "ResponsibilityAcceptanceRow"),
        "archive_tables": ("ContinuityRow", "KeptLogRow", "KeptLogTileRow"),
        "attribute_tables": (
            "AccessEntryRow",
            "AccessGrantRow",
            "AttributeVersionRow",
            "RestrictedCredentialRow",
        ),
        "authority_tables": (
            "ActRow",
            "AuthorisationRow",
            "OperatorIdentifierRow",
            "SessionRow",
            "TransferRow",
        ),
        "factory_tables": (
            "CertificateCitationRow",
            "CertificateEventRow",
            "EnergyLotRow",
            "EnergyPostingRow",
            "EnergyTransferRow",
            "FacilityDocumentRow",
            "FacilityDossierRow",
            "InstrumentClaimRow",
            "MeterImportRow",
            "MeterReadingRow",
            "MeterRow",
        ),
        "history_tables": ("OperatorVersionRow", "PassportStatusChangeRow"),
        "one_view": ("OneView",),
        "period_tables": (
            "ClosedPeriodImportRow",
            "ClosedPeriodRow",
            "FacilityTargetRow",
            "MeterMonthRow",
            "MeterStateRow",
            "MeterWithdrawalRow",
            "ProductionRow",
            "WithdrawnReadingRow",
        ),
        "reading_sums": ("Hole", "MeterSum"),
        "recipe_tables": ("Gs1PrefixRow", "MappingRecipeRow"),
        "registry_tables": (
            "RegistryEnrolmentRow",
            "RegistryEntryRow",
            "RegistryProofRow",
            "RegistrySubmissionRow",
        ),
        "row_lines": ("AnyRow", "all_tables", "key_of", "read_row", "write_row"),
        "study_records": ("StudyFilter",),
        "tables": (
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
            "SigningKeyRow",
            "StatusListRow",
        ),
        "version_tables": (
            "DynamicImportRow",
            "DynamicRecordRow",
            "PassportChangeRow",
            "PassportSuccessionRow",
        ),
    }
)
_MODULE_OF: Final = {name: module for module, names in _NAMES_OF.items() for name in names}

__all__ = [
    "AccessAnchorRow",
    "AccessEntryRow",
    "AccessGrantRow",
    "ActRow",
    "AnyRow",
    "ApiKeyRow",
    "AttributeVersionRow",
    "AuthorisationRow",
    "BatchRow",
    "BatteryModelRow",
    "CertificateCitationRow",
    "CertificateEventRow",
    "CertificateRow",
    "ClosedPeriodImportRow",
    "ClosedPeriodRow",
    "ContinuityRow",
    "DynamicImportRow",
    "DynamicRecordRow",
    "EnergyLotRow",
    "EnergyPeriodRow",
    "EnergyPostingRow",
    "EnergyTransferRow",
    "FacilityDocumentRow",
    "FacilityDossierRow",
    "FacilityRow",
    "FacilityTargetRow",
    "FootprintStudyRow",
    "Gs1PrefixRow",
    "Hole",
    "IdempotencyKeyRow",
    "InstrumentClaimRow",
    "InstrumentTakenError",
    "KeptLogRow",
    "KeptLogTileRow",
    "LogStateRow",
    "LogTileRow",
    "MappingRecipeRow",
    "MeterImportRow",
    "MeterMonthRow",
    "MeterReadingRow",
    "MeterRow",
    "MeterStateRow",
    "MeterSum",
    "MeterWithdrawalRow",
    "OneView",
    "OperatorIdentifierRow",
    "OperatorRow",
    "OperatorVersionRow",
    "PassportChangeRow",
    "PassportRow",
    "PassportStatusChangeRow",
    "PassportSuccessionRow",
    "ProductionRow",
    "RegistryEnrolmentRow",
    "RegistryEntryRow",
    "RegistryProofRow",
    "RegistrySubmissionRow",
    "ResponsibilityAcceptanceRow",
    "RestrictedCredentialRow",
    "RowExistsError",
    "RowLineError",
    "SessionRow",
    "SigningKeyRow",
    "StatusListRow",
    "Store",
    "StudyFilter",
    "Transaction",
    "TransferRow",
    "WithdrawnReadingRow",
    "all_tables",
    "key_of",
    "read_row",
    "write_row",
]


def __getattr__(name: str) -> object:
    """Import the class of a row, or what goes with rows, when it is first asked for."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = found
    return found
