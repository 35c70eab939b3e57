"""What the page of a factory shows: its meters, its studies, its certificates, its offsets."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from api.pages import words
from api.pages.certificate_card import CertificateView, certificate_of_record
from api.pages.factory_view import FactoryRecords, FactoryView, view_factory
from api.pages.figures import day, plain
from api.pages.footprint_card import FootprintCard, OffsetView, card_of_study
from api.pages.languages import gettext
from passports.certification.certificates import FactoryCertificate
from passports.certification.coverage import check_certificate
from passports.documents import utc_now
from passports.factories import EnergyPeriod, EnergyReading, Facility
from passports.footprints import FootprintStudy
from passports.identifiers import PublicAddress
from passports.operators import EconomicOperator


@dataclass(frozen=True)
class ReadingView:
    """One line of the meter table."""

    carrier: str
    quantity: str
    unit: str
    how: str
    generation: str | None
    evidence: str


@dataclass(frozen=True)
class PeriodView:
    """One metered period."""

    anchor: str
    title: str
    production_kwh: str
    readings: tuple[ReadingView, ...]
    offsets: tuple[OffsetView, ...]
    offsets_listed_t: float
    source: str
    assumptions: tuple[str, ...]


@dataclass(frozen=True)
class FacilityView:
    """The page of one factory."""

    name: str
    place: str
    country: str
    grid_region: str
    sector: str | None
    capacity: str | None
    source: str | None
    note: str | None
    operator: str
    operator_country: str
    periods: tuple[PeriodView, ...]
    cards: tuple[FootprintCard, ...]
    certificates: tuple[CertificateView, ...]
    factory: FactoryView


@dataclass(frozen=True)
class FacilityRecords:
    """All that is recorded of a factory, as read in one transaction."""

    operator: EconomicOperator
    facility: Facility
    periods: Sequence[EnergyPeriod]
    studies: Sequence[tuple[str, FootprintStudy]]
    certificates: Sequence[FactoryCertificate]
    factory: FactoryRecords = field(default_factory=FactoryRecords)


def view_facility(records: FacilityRecords, address: PublicAddress) -> FacilityView:
    """Return what the page of a factory shows; certificates are held against its newest period."""
    facility, newest = records.facility, records.periods[-1:]
    produced = [day for period in newest for day in (period.period_from, period.period_to)]
    capacity = facility.capacity_gwh_per_year
    return FacilityView(
        name=facility.name,
        place=facility.place,
        country=facility.country,
        grid_region=facility.grid_region,
        sector=facility.sector,
        capacity=None
        if capacity is None
        else gettext("%(amount)s GWh a year", amount=plain(capacity)),
        source=facility.source,
        note=facility.note,
        operator=records.operator.name,
        operator_country=records.operator.country,
        periods=tuple(_period(period) for period in reversed(records.periods)),
        cards=tuple(_card(model, study) for model, study in records.studies),
        certificates=tuple(
            certificate_of_record(
                certificate,
                check_certificate(
                    certificate,
                    facility.id,
                    produced,
                    records.factory.events.get(certificate.id, ()),
                ),
                address,
            )
            for certificate in records.certificates
        ),
        factory=view_factory(
            records.factory,
            records.periods,
            records.certificates,
            utc_now().date(),
        ),
    )


def _card(model: str, study: FootprintStudy) -> FootprintCard:
    return card_of_study(
        study.result,
        anchor=f"study-{study.id}",
        heading=model,
        study=f"/v1/footprints/{study.id}",
        study_sha256=study.result_sha256,
    )


def _period(period: EnergyPeriod) -> PeriodView:
    return PeriodView(
        anchor=f"period-{period.period_from}",
        title=gettext(
            "%(start)s to %(end)s", start=day(period.period_from), end=day(period.period_to)
        ),
        production_kwh=plain(period.production_kwh),
        readings=tuple(_reading(reading) for reading in period.readings),
        offsets=tuple(
            OffsetView(
                id=entry.id,
                registry=entry.registry,
                quantity_t=entry.quantity_t,
                vintage_year=None if entry.vintage_year is None else str(entry.vintage_year),
                note=entry.note,
            )
            for entry in period.offsets
        ),
        offsets_listed_t=sum(entry.quantity_t for entry in period.offsets),
        source=period.source,
        assumptions=tuple(period.assumptions),
    )


def _reading(reading: EnergyReading) -> ReadingView:
    arrangement = reading.arrangement
    how = words.ARRANGEMENTS[arrangement.value] if arrangement is not None else gettext("delivered")
    if reading.contract is not None:
        contract = reading.contract
        amount, technology = plain(contract.kwh), contract.technology
        how += "; " + gettext(
            "%(amount)s kWh of it under a contract for %(technology)s",
            amount=amount,
            technology=technology,
        )
    return ReadingView(
        carrier=words.CARRIERS[reading.carrier.value],
        quantity=plain(reading.quantity),
        unit=reading.unit,
        how=how,
        generation=reading.technology,
        evidence=reading.evidence,
    )
