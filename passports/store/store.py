"""The store: opens the database, brings it to the newest schema, and gives out transactions.

SQLite (write-ahead log) is embedded by default; PostgreSQL by the same code and migrations.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from importlib import import_module, resources
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError
from sqlmodel import Session

from passports.errors import StoreUnavailableError
from passports.store.errors import RowExistsError
from passports.store.read_only import guard

if TYPE_CHECKING:
    from passports.store import (
        acceptance_records,
        archive_records,
        attribute_records,
        authority_records,
        factory_records,
        history_records,
        integrity_records,
        period_records,
        recipe_records,
        records,
        registry_records,
        study_records,
        version_records,
    )


class Transaction:
    """All records, inside one transaction; it ends with the `with` block that opened it.

    Records and the tables they need are imported when they are asked for: most commands need few.
    """

    operators: records.OperatorRecords
    signing_keys: records.SigningKeyRecords
    api_keys: records.ApiKeyRecords
    facilities: records.FacilityRecords
    energy_periods: records.EnergyPeriodRecords
    certificates: records.CertificateRecords
    models: records.BatteryModelRecords
    studies: study_records.FootprintStudyRecords
    batches: records.BatchRecords
    passports: records.PassportRecords
    status_lists: records.StatusListRecords
    idempotency_keys: records.IdempotencyKeyRecords
    log_state: records.LogStateRecords
    log_tiles: records.LogTileRecords
    attribute_versions: attribute_records.AttributeVersionRecords
    restricted_credentials: attribute_records.RestrictedCredentialRecords
    access_grants: attribute_records.AccessGrantRecords
    access_entries: attribute_records.AccessEntryRecords
    operator_identifiers: authority_records.OperatorIdentifierRecords
    authorisations: authority_records.AuthorisationRecords
    acts: authority_records.ActRecords
    transfers: authority_records.TransferRecords
    responsibility_acceptances: acceptance_records.ResponsibilityAcceptanceRecords
    access_anchors: acceptance_records.AccessAnchorRecords
    sessions: authority_records.SessionRecords
    passport_versions: version_records.PassportVersionRecords
    passport_changes: version_records.PassportChangeRecords
    passport_successions: version_records.PassportSuccessionRecords
    status_changes: history_records.PassportStatusChangeRecords
    operator_versions: history_records.OperatorVersionRecords
    dynamic_records: version_records.DynamicRecordRecords
    dynamic_imports: version_records.DynamicImportRecords
    dossiers: factory_records.FacilityDossierRecords
    facility_documents: factory_records.FacilityDocumentRecords
    meters: factory_records.MeterRecords
    meter_readings: factory_records.MeterReadingRecords
    meter_imports: factory_records.MeterImportRecords
    energy_lots: factory_records.EnergyLotRecords
    energy_transfers: factory_records.EnergyTransferRecords
    instrument_claims: factory_records.InstrumentClaimRecords
    certificate_events: factory_records.CertificateEventRecords
    certificate_citations: factory_records.CertificateCitationRecords
    registry_enrolments: registry_records.RegistryEnrolmentRecords
    registry_submissions: registry_records.RegistrySubmissionRecords
    registry_entries: registry_records.RegistryEntryRecords
    registry_proofs: registry_records.RegistryProofRecords
    continuity: archive_records.ContinuityRecords
    kept_logs: archive_records.KeptLogRecords
    kept_log_tiles: archive_records.KeptLogTileRecords
    archive: archive_records.ArchiveRecords
    mapping_recipes: recipe_records.MappingRecipeRecords
    gs1_prefixes: recipe_records.Gs1PrefixRecords
    metering: period_records.MeteringRecords
    integrity: integrity_records.IntegrityRecords

    def __init__(self, session: Session) -> None:
        self._session = session

    def __getattr__(self, name: str) -> object:
        """Make the records that the annotation of this name says."""
        module, _, kind = str(Transaction.__annotations__.get(name, "")).partition(".")
        if not kind:
            raise AttributeError(name)
        records_of = getattr(import_module(f"passports.store.{module}"), kind)
        made: object = records_of(self._session)
        setattr(self, name, made)
        return made


class Store:
    """A database of voltpass.

    Attributes:
        url: SQLAlchemy URL, `sqlite:///…` or `postgresql+psycopg://…`.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine = _create_engine(url)
        self._writing = self._engine.execution_options(voltpass_writes=True)
        # PostgreSQL's default shows every statement another state; a reader is promised one view.
        # SQLite gives that by itself (write-ahead log).
        self._reading = (
            self._engine
            if self.is_sqlite
            else self._engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        )

    @property
    def is_sqlite(self) -> bool:
        """Tell whether this is the embedded database."""
        return self._engine.dialect.name == "sqlite"

    @property
    def engine(self) -> Engine:
        """The engine, for migrations."""
        return self._engine

    def migrate(self) -> None:
        """Bring the schema to the newest version; does nothing where it is."""
        if self._schema_is_current():
            return
        from passports.store.migrations import upgrade  # noqa: PLC0415 # alembic only where needed

        upgrade(self._engine)

    def is_laid_out(self) -> bool:
        """Tell whether there is a schema at all; an SQLite file that is not there is not made."""
        if self.is_sqlite and not Path(str(self._engine.url.database)).is_file():
            return False
        return inspect(self._engine).has_table("alembic_version")

    def _schema_is_current(self) -> bool:
        # Asked before alembic is imported, which takes longer than most commands do: so the folder of
        # migrations is found by the name of the package around it, not by its own, which imports it.
        versions = resources.files("passports.store").joinpath("migrations", "versions")
        newest = max(f.name.partition("_")[0] for f in versions.iterdir() if f.name[0].isdigit())
        if not inspect(self._engine).has_table("alembic_version"):
            return False
        with self._engine.connect() as connection:
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return found == newest

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Open a transaction that writes: committed at the end of the block, rolled back on any error.

        Raises:
            RowExistsError: if a row inserted in it takes a key that another row has.
        """
        with Session(self._writing, expire_on_commit=False, autoflush=False) as session:
            try:
                guard(session)
                with session.begin():
                    yield Transaction(session)
            except IntegrityError as error:
                raise RowExistsError(str(error.orig)) from error
            except (OperationalError, InterfaceError) as error:
                raise StoreUnavailableError from error

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Open a transaction that only reads: one consistent view, rolled back at its end."""
        try:
            with Session(self._reading, expire_on_commit=False, autoflush=False) as session:
                yield Transaction(session)
        except (OperationalError, InterfaceError) as error:
            raise StoreUnavailableError from error

    def ping(self) -> None:
        """Ask the database for a sign of life; raises what the driver raises."""
        with self._engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @cached_property
    def _read_credential_statement(self) -> str:
        # The printed link's hot path: no ORM object, one row by index.
        return (
            "SELECT id, version, credential, sha256 FROM passport"
            " WHERE gtin = :gtin AND serial = :serial ORDER BY version DESC LIMIT 1"
        )

    def read_credential(self, gtin: str, serial: str) -> tuple[str, int, bytes, str] | None:
        """Return (identifier, version, credential, SHA-256) of a battery's newest passport, or None."""
        try:
            with self._engine.connect() as connection:
                row = connection.execute(
                    text(self._read_credential_statement), {"gtin": gtin, "serial": serial}
                ).first()
        except (OperationalError, InterfaceError) as error:
            raise StoreUnavailableError from error
        return None if row is None else (row[0], row[1], bytes(row[2]), row[3])


_SECONDS_TO_WAIT: Final = 30  # of an SQLite writer, for the ones before it


def _create_engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, hide_parameters=True)
    engine = create_engine(url, connect_args={"timeout": _SECONDS_TO_WAIT}, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, see _begin_sqlite
    cursor = connection.cursor()
    _set_write_ahead_log(cursor)
    cursor.execute("PRAGMA synchronous=FULL")  # what was answered as issued survives a power cut
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _set_write_ahead_log(cursor: sqlite3.Cursor) -> None:
    # Of two that set it on a new database at once SQLite refuses one, without waiting as elsewhere.
    deadline = time.monotonic() + _SECONDS_TO_WAIT
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its lock at once and waits for it there: one that read first could not go on
    # to write after another had (SQLITE_BUSY_SNAPSHOT). A reader never blocks.
    writes = connection.get_execution_options().get("voltpass_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
