"""What the front page shows: newest batches, factories, where to go."""

from dataclasses import dataclass


@dataclass(frozen=True)
class IssuedBatch:
    """A batch and one of its passports to look at (none where the batch is too large to search)."""

    model: str
    facility: str
    facility_href: str
    size: int
    issued_on: str
    sample_serial: str | None
    sample_href: str | None


@dataclass(frozen=True)
class FacilityEntry:
    """A factory in the list."""

    name: str
    place: str
    country: str
    operator: str
    href: str


@dataclass(frozen=True)
class HomeView:
    """The front page."""

    batches: tuple[IssuedBatch, ...]
    facilities: tuple[FacilityEntry, ...]
