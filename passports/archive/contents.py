"""What goes into an archive: one line a table. A table that stays out has its reason here, too.

A **public** archive holds what everybody may read already; a **confidential** one also what the law shows
to some, what a study was computed from, and the access log. In the order in which rows rest on each other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

import orjson

from passports import store as tables
from passports.store import authority_tables, period_tables, recipe_tables, registry_tables
from signing.status_list import StatusList


class ArchiveAudience(StrEnum):
    """For whom an archive is."""

    PUBLIC = "public"
    CONFIDENTIAL = "confidential"


@dataclass
class Selection:
    """Of whom and of what: identifiers of the operator's records; `whole` means all of them."""

    operator_id: str
    audience: ArchiveAudience
    whole: bool
    passports: set[str] = field(default_factory=set)
    batches: set[str] = field(default_factory=set)
    models: set[str] = field(default_factory=set)
    facilities: set[str] = field(default_factory=set)
    studies: set[str] = field(default_factory=set)
    certificates: set[str] = field(default_factory=set)
    status_indices: dict[str, set[int]] = field(default_factory=dict)
    certifiers: set[str] = field(default_factory=set)

    @property
    def is_everything(self) -> bool:
        """Whether no record of the operator stays out."""
        return self.whole and self.audience is ArchiveAudience.CONFIDENTIAL


Values = Mapping[str, Any]
Chooses = Callable[[Selection, Values], bool]
Redacts = Callable[[Selection, Values], Values]


def _always(_selection: Selection, _values: Values) -> bool:
    return True


def _among(column: str, chosen: str) -> Chooses:
    def chooses(selection: Selection, values: Values) -> bool:
        return values[column] in getattr(selection, chosen)

    return chooses


def _status_list(selection: Selection, values: Values) -> bool:
    # Restricted credentials have places on lists, too.
    confidential = selection.audience is ArchiveAudience.CONFIDENTIAL
    return confidential or values["id"] in selection.status_indices


def _of_subjects(selection: Selection, values: Values) -> bool:
    levels = {"model": selection.models, "batch": selection.batches, "item": selection.passports}
    return values["subject_id"] in levels[values["level"]]


def _as_it_is(_selection: Selection, values: Values) -> Values:
    return values


def _without_note(selection: Selection, values: Values) -> Values:
    """Leave out what an operator noted for itself."""
    if selection.audience is ArchiveAudience.CONFIDENTIAL:
        return values
    document = {**orjson.loads(values["document"]), "note": None}
    return {**values, "document": orjson.dumps(document)}


def _without_agent(selection: Selection, values: Values) -> Values:
    """Leave out who issued a batch for its operator: that is between the two."""
    if selection.audience is ArchiveAudience.CONFIDENTIAL:
        return values
    document = {**orjson.loads(values["document"]), "acting_id": None}
    return {**values, "document": orjson.dumps(document)}


def _public_part(_selection: Selection, values: Values) -> Values:
    """Leave out where a key lies on the disk."""
    return {**values, "uri": f"kept:{values['kid']}"}


def _without_inputs(selection: Selection, values: Values) -> Values:
    """Leave out what a study was computed from, but for the period that its pages show."""
    if selection.audience is ArchiveAudience.CONFIDENTIAL:
        return values
    period = orjson.loads(values["inventory"])["plant"]["period"]
    return {**values, "inventory": orjson.dumps({"plant": {"period": period}})}


def _given_out_here(selection: Selection, values: Values) -> Values:
    """Say only of the chosen passports which bits are given out."""
    if selection.audience is ArchiveAudience.CONFIDENTIAL:
        return values
    bits = StatusList.from_bytes(bytes(len(values["given_out"])))
    for index in selection.status_indices.get(values["id"], ()):
        bits.set(index)
    return {**values, "given_out": bits.to_bytes()}


@dataclass(frozen=True)
class Kept:
    """How one table goes into archives.

    Attributes:
        table: The table.
        audience: The least archive that holds it.
        chooses: Which rows, where not all of the operator's go along.
        redacts: What a row is without what is not for this archive.
        may_change: Columns that a later archive may have otherwise; of all others each is for good.
    """

    table: type[tables.AnyRow]
    audience: ArchiveAudience
    chooses: Chooses
    redacts: Redacts = _as_it_is
    may_change: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The table's name."""
        return str(self.table.__tablename__)


_PUBLIC, _CONFIDENTIAL = ArchiveAudience.PUBLIC, ArchiveAudience.CONFIDENTIAL
_KEY_LIFE: Final = frozenset(
    {"retired_at", "revoked_at", "revoked_from_log_index", "revoked_in_log"}
)
_LIST_LIFE: Final = frozenset(
    {"bits", "given_out", "credential", "updated_at", "token", "token_of"}
)
_BY_PASSPORT: Final = _among("passport_id", "passports")

KEPT: Final[tuple[Kept, ...]] = (
    Kept(
        tables.OperatorRow,
        _PUBLIC,
        _always,
        _without_note,
        frozenset({"name", "country", "document"}),
    ),
    Kept(tables.SigningKeyRow, _PUBLIC, _always, _public_part, _KEY_LIFE),
    Kept(recipe_tables.Gs1PrefixRow, _PUBLIC, _always),
    Kept(authority_tables.OperatorIdentifierRow, _CONFIDENTIAL, _always),
    Kept(
        tables.FacilityRow,
        _PUBLIC,
        _among("id", "facilities"),
        _without_note,
        frozenset({"name", "document"}),
    ),
    Kept(tables.CertificateRow, _PUBLIC, _among("id", "certificates")),
    Kept(tables.CertificateEventRow, _PUBLIC, _among("certificate_id", "certificates")),
    Kept(
        tables.BatteryModelRow,
        _PUBLIC,
        _among("id", "models"),
        _without_note,
        frozenset({"document"}),
    ),
    Kept(
        tables.FootprintStudyRow,
        _PUBLIC,
        _among("id", "studies"),
        _without_inputs,
        frozenset({"superseded_by", "inventory"}),
    ),
    Kept(
        tables.BatchRow,
        _PUBLIC,
        _among("id", "batches"),
        _without_agent,
        frozenset({"document"}),
    ),
    Kept(
        tables.StatusListRow, _PUBLIC, _among("id", "status_indices"), _given_out_here, _LIST_LIFE
    ),
    Kept(tables.PassportRow, _PUBLIC, _among("id", "passports")),
    Kept(tables.PassportChangeRow, _CONFIDENTIAL, _BY_PASSPORT),
    Kept(tables.PassportStatusChangeRow, _CONFIDENTIAL, _BY_PASSPORT),
    Kept(tables.DynamicRecordRow, _CONFIDENTIAL, _BY_PASSPORT),
    Kept(tables.AttributeVersionRow, _CONFIDENTIAL, _of_subjects),
    Kept(tables.RestrictedCredentialRow, _CONFIDENTIAL, _of_subjects),
    Kept(registry_tables.RegistryProofRow, _CONFIDENTIAL, _BY_PASSPORT),
    Kept(tables.AccessEntryRow, _CONFIDENTIAL, lambda selection, _values: selection.whole),
)
# Certifiers whose signed certificates are cited: who they are, their keys, their status lists.
KEPT_OF_CERTIFIERS: Final = frozenset({"operator", "signing_key", "status_list"})

_BOOKS: Final = "the maker's own books about a factory, no part of a passport"
_BY_NAME: Final = "who may act is told by a name that can be somebody else's on the other server"
_HERE: Final = "it belongs to this server, not to an operator's passports"
LEFT_OUT: Final[Mapping[type[tables.AnyRow], str]] = MappingProxyType(
    {
        tables.ApiKeyRow: _BY_NAME,
        authority_tables.SessionRow: _BY_NAME,
        tables.AccessGrantRow: _BY_NAME,
        authority_tables.AuthorisationRow: _BY_NAME,
        authority_tables.TransferRow: _BY_NAME,
        authority_tables.ActRow: _BY_NAME,
        tables.ResponsibilityAcceptanceRow: _BY_NAME,
        tables.AccessAnchorRow: "its leaf is in the log of the server that made it, for that one to check",
        tables.PassportSuccessionRow: "the signed passports name their successors themselves",
        tables.OperatorVersionRow: "the signed passports say what it was called when they were made",
        tables.EnergyPeriodRow: _BOOKS,
        tables.FacilityDossierRow: _BOOKS,
        tables.FacilityDocumentRow: _BOOKS,
        tables.MeterRow: _BOOKS,
        tables.MeterReadingRow: _BOOKS,
        tables.MeterImportRow: _BOOKS,
        tables.EnergyLotRow: _BOOKS,
        tables.EnergyTransferRow: _BOOKS,
        tables.EnergyPostingRow: _BOOKS,
        tables.InstrumentClaimRow: _BOOKS,
        tables.CertificateCitationRow: "which batches cite a certificate stands in their passports",
        tables.DynamicImportRow: "reports about files that were read; the values are kept",
        tables.IdempotencyKeyRow: _HERE,
        recipe_tables.MappingRecipeRow: _HERE,
        registry_tables.RegistryEnrolmentRow: _HERE,
        registry_tables.RegistrySubmissionRow: _HERE,
        registry_tables.RegistryEntryRow: _HERE,
        tables.LogStateRow: "the log goes along as a whole, see `write`",
        tables.LogTileRow: "the log goes along as a whole, see `write`",
        tables.ContinuityRow: _HERE,
        tables.KeptLogRow: _HERE,
        tables.KeptLogTileRow: _HERE,
        **{
            row: _BOOKS
            for row in vars(period_tables).values()
            if isinstance(row, type)
            and issubclass(row, tables.AnyRow)
            and row.__module__ == period_tables.__name__
        },
    }
)


def kept_in(audience: ArchiveAudience) -> tuple[Kept, ...]:
    """Return the tables that an archive for an audience holds, in their order."""
    confidential = audience is ArchiveAudience.CONFIDENTIAL
    return tuple(kept for kept in KEPT if confidential or kept.audience is ArchiveAudience.PUBLIC)
