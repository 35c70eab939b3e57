"""Restricted data of every kind, as a maker gives it, and every text of it that must not get out."""

from collections.abc import Iterator
from typing import Any

from passports.attributes.data import AttributeChange, find_subject, write_attributes
from passports.attributes.table import AccessPoint, Granularity, attributes
from tests.worlds import MAKER, MODEL, NOW, World


def restricted_of(level: Granularity) -> dict[str, Any]:
    """Return an example of each restricted attribute of a level."""
    return {
        a.id: a.example
        for a in attributes().values()
        if a.is_given and a.granularity is level and a.access_point is not AccessPoint.PUBLIC
    }


def give_restricted(world: World, passport_id: str | None = None) -> None:
    """Give every restricted attribute of the model, and of a battery where one is named."""
    subjects = [(Granularity.MODEL, MODEL)]
    if passport_id is not None:
        subjects.append((Granularity.ITEM, passport_id))
    for level, name in subjects:
        with world.store.reading() as reading:
            subject = find_subject(reading, MAKER, level, name)
        values = restricted_of(level)
        assert len(values) > 3
        request = AttributeChange(values=values, reason="as measured")
        keyring, address = world.keyring, world.address
        write_attributes(world.store, keyring, address, subject, request, NOW, replace=False)


def telltales() -> set[str]:
    """Return names of restricted attributes and the longer texts of their examples."""
    examples = {**restricted_of(Granularity.MODEL), **restricted_of(Granularity.ITEM)}
    return {*examples, *(text for value in examples.values() for text in _texts(value))}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str) and len(value) > 11:
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
