"""What the tests of the registry share: a clock to move, a registry that listens, and a run that sends."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from passports.identifiers import parse_digital_link
from passports.registry.client import HttpRegistry, Patience
from passports.registry.delivery import Sent
from passports.registry.outbox import enrol, outbox_status, send
from passports.resolve import find_passport
from passports.store import Store
from tests.passports.registry_double import RegistryDouble, listening
from tests.worlds import IMPORTER, MAKER, NOW, World

LINK = "https://id.example.com/01/09520123456788/21/"


class Clock:
    """An instant that tests move."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at


@contextmanager
def registry_of(store: Store, clock: Clock) -> Iterator[RegistryDouble]:
    """Let a registry listen that reads the passports of a store, as the Commission reads them."""

    def read_sha256(identifier: str) -> str | None:
        credential = find_passport(store, parse_digital_link(identifier)).credential
        return sha256(credential).hexdigest()

    with listening(RegistryDouble(read_sha256, clock)) as double:
        yield double


def patience(waited: list[float] | None = None, tries: int = 4) -> Patience:
    """Wait in the mind only."""
    noted = waited if waited is not None else []
    return Patience(tries=tries, sleep=noted.append, share=lambda: 1.0)


def enrolled(world: World, *operators: str) -> World:
    """Record that the registry has verified the maker and the importer."""
    for operator in operators or (MAKER, IMPORTER):
        enrol(world.store, operator, NOW + timedelta(days=365), "EU-REF-1", NOW)
    return world


def sending(
    world: World,
    double: RegistryDouble,
    clock: Clock,
    waited: list[float] | None = None,
    **more: Any,
) -> Sent:
    with HttpRegistry(double.url, "the-token") as registry:
        options: dict[str, Any] = {"batteries_open": True, "patience": patience(waited), **more}
        return send(world.store, registry, MAKER, clock, **options)


def status(world: World, clock: Clock) -> dict[str, Any]:
    return outbox_status(world.store, MAKER, clock())
