"""Reading and writing the rows of `factory_tables`; see `records`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from passports.store.errors import InstrumentTakenError
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
from passports.store.records import Records


class FacilityDossierRecords(Records[FacilityDossierRow]):
    """Versions of factories' dossiers."""

    table = FacilityDossierRow

    def versions(self, operator_id: str, facility_id: str) -> Sequence[FacilityDossierRow]:
        """Return all versions of a factory's dossier, oldest first."""
        query = select(FacilityDossierRow).where(
            FacilityDossierRow.operator_id == operator_id,
            FacilityDossierRow.facility_id == facility_id,
        )
        return self._session.exec(query.order_by(col(FacilityDossierRow.version))).all()


class FacilityDocumentRecords(Records[FacilityDocumentRow]):
    """Documents about factories."""

    table = FacilityDocumentRow

    def of(self, operator_id: str, facility_id: str) -> Sequence[FacilityDocumentRow]:
        """Return a factory's documents, oldest first."""
        query = select(FacilityDocumentRow).where(
            FacilityDocumentRow.operator_id == operator_id,
            FacilityDocumentRow.facility_id == facility_id,
        )
        order = (col(FacilityDocumentRow.created_at), FacilityDocumentRow.sha256)
        return self._session.exec(query.order_by(*order)).all()


class MeterRecords(Records[MeterRow]):
    """Meters."""

    table = MeterRow

    def of(self, operator_id: str, facility_id: str) -> Sequence[MeterRow]:
        """Return a factory's meters, by identifier."""
        query = select(MeterRow).where(
            MeterRow.operator_id == operator_id, MeterRow.facility_id == facility_id
        )
        return self._session.exec(query.order_by(MeterRow.id)).all()


class MeterReadingRecords(Records[MeterReadingRow]):
    """Metered time series."""

    table = MeterReadingRow

    def of(
        self,
        meter: tuple[str, str, str],
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Sequence[MeterReadingRow]:
        """Return a meter's readings that reach into a time, in order; `meter` is its whole key."""
        operator_id, facility_id, meter_id = meter
        query = select(MeterReadingRow).where(
            MeterReadingRow.operator_id == operator_id,
            MeterReadingRow.facility_id == facility_id,
            MeterReadingRow.meter_id == meter_id,
        )
        if since is not None:
            query = query.where(col(MeterReadingRow.ends_at) > since)
        if until is not None:
            query = query.where(col(MeterReadingRow.starts_at) < until)
        return self._session.exec(query.order_by(col(MeterReadingRow.starts_at))).all()

    def around(
        self, meter: tuple[str, str, str], first: datetime, last: datetime
    ) -> list[MeterReadingRow]:
        """Return a meter's readings that reach into a time, and the neighbours before and after it."""
        row = MeterReadingRow
        held = select(row).where(
            row.operator_id == meter[0], row.facility_id == meter[1], row.meter_id == meter[2]
        )
        before = held.where(row.starts_at < first).order_by(col(row.starts_at).desc()).limit(1)
        within = held.where(row.starts_at >= first, row.starts_at < last)
        after = held.where(row.starts_at >= last).order_by(col(row.starts_at)).limit(1)
        queries = (before, within.order_by(col(row.starts_at)), after)
        return [found for query in queries for found in self._session.exec(query).all()]

    def add_all(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert many readings, each as the columns of its row."""
        if rows:
            self._session.exec(insert(MeterReadingRow), params=rows)


class MeterImportRecords(Records[MeterImportRow]):
    """Deliveries of readings."""

    table = MeterImportRow

    def of(self, operator_id: str, facility_id: str) -> Sequence[MeterImportRow]:
        """Return a factory's deliveries, oldest first."""
        query = select(MeterImportRow).where(
            MeterImportRow.operator_id == operator_id, MeterImportRow.facility_id == facility_id
        )
        return self._session.exec(query.order_by(col(MeterImportRow.created_at))).all()


class EnergyLotRecords(Records[EnergyLotRow]):
    """Lots of energy."""

    table = EnergyLotRow

    def of(self, operator_id: str, facility_id: str) -> Sequence[EnergyLotRow]:
        """Return a factory's lots, by period and identifier."""
        query = select(EnergyLotRow).where(
            EnergyLotRow.operator_id == operator_id, EnergyLotRow.facility_id == facility_id
        )
        order = (col(EnergyLotRow.period_from), EnergyLotRow.id)
        return self._session.exec(query.order_by(*order)).all()

    def lock(self, operator_id: str, lot_id: str) -> EnergyLotRow | None:
        """Return a lot and hold back whoever else wants to change it, until the transaction ends."""
        query = select(EnergyLotRow).where(
            EnergyLotRow.operator_id == operator_id, EnergyLotRow.id == lot_id
        )
        fresh = query.with_for_update(key_share=True).execution_options(populate_existing=True)
        return self._session.exec(fresh).first()

    def update(self, row: EnergyLotRow) -> None:
        """Write a lot's running sums; the database refuses those that overspend."""
        self._session.add(row)
        self._session.flush()


class EnergyTransferRecords(Records[EnergyTransferRow]):
    """Bookings of the ledger, with their lines."""

    table = EnergyTransferRow

    def of(
        self, operator_id: str, facility_id: str, study_id: str | None = None
    ) -> Sequence[EnergyTransferRow]:
        """Return a factory's bookings in order, all or those that one footprint used."""
        query = select(EnergyTransferRow).where(
            EnergyTransferRow.operator_id == operator_id,
            EnergyTransferRow.facility_id == facility_id,
        )
        if study_id is not None:
            query = query.where(EnergyTransferRow.study_id == study_id)
        order = (col(EnergyTransferRow.created_at), EnergyTransferRow.id)
        return self._session.exec(query.order_by(*order)).all()

    def post(self, lines: Sequence[EnergyPostingRow]) -> None:
        """Insert the lines of a booking."""
        self._session.add_all(lines)
        self._session.flush()

    def lines(self, operator_id: str, transfer_id: str) -> Sequence[EnergyPostingRow]:
        """Return the lines of a booking."""
        query = select(EnergyPostingRow).where(
            EnergyPostingRow.operator_id == operator_id,
            EnergyPostingRow.transfer_id == transfer_id,
        )
        return self._session.exec(query.order_by(col(EnergyPostingRow.line))).all()

    def balances(self, operator_id: str, facility_id: str) -> dict[str, int]:
        """Return the sum of each account of a factory, in watt-hours."""
        query = (
            select(EnergyPostingRow.account, func.sum(EnergyPostingRow.wh))
            .where(
                EnergyPostingRow.operator_id == operator_id,
                EnergyPostingRow.facility_id == facility_id,
            )
            .group_by(EnergyPostingRow.account)
        )
        return {account: int(total) for account, total in self._session.exec(query)}


class InstrumentClaimRecords(Records[InstrumentClaimRow]):
    """Uses of certificates of origin, across all operators."""

    table = InstrumentClaimRow

    def add(self, row: InstrumentClaimRow) -> None:
        """Claim a certificate of origin.

        Raises:
            InstrumentTakenError: another operator's claim came first, and was not to be seen before.
        """
        try:
            super().add(row)
        except IntegrityError as error:
            raise InstrumentTakenError(row.instrument_id) from error

    def update(self, row: InstrumentClaimRow) -> None:
        """Write in what a certificate of origin is used."""
        self._session.add(row)
        self._session.flush()

    def of(self, operator_id: str, facility_id: str) -> Sequence[InstrumentClaimRow]:
        """Return the certificates of origin that a factory has used, by identifier."""
        query = select(InstrumentClaimRow).where(
            InstrumentClaimRow.operator_id == operator_id,
            InstrumentClaimRow.facility_id == facility_id,
        )
        return self._session.exec(query.order_by(InstrumentClaimRow.instrument_id)).all()


class CertificateEventRecords(Records[CertificateEventRow]):
    """What happened to certificates."""

    table = CertificateEventRow

    def of(self, operator_id: str, certificate_id: str) -> Sequence[CertificateEventRow]:
        """Return what happened to a certificate, oldest first."""
        query = select(CertificateEventRow).where(
            CertificateEventRow.operator_id == operator_id,
            CertificateEventRow.certificate_id == certificate_id,
        )
        return self._session.exec(query.order_by(col(CertificateEventRow.number))).all()


class CertificateCitationRecords(Records[CertificateCitationRow]):
    """Which batches cite which certificates."""

    table = CertificateCitationRow

    def of(self, operator_id: str, certificate_id: str) -> Sequence[CertificateCitationRow]:
        """Return the batches that cite a certificate, oldest first."""
        query = select(CertificateCitationRow).where(
            CertificateCitationRow.operator_id == operator_id,
            CertificateCitationRow.certificate_id == certificate_id,
        )
        order = (col(CertificateCitationRow.cited_at), CertificateCitationRow.batch_id)
        return self._session.exec(query.order_by(*order)).all()
