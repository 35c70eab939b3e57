"""Files that were cut or changed on the way: refused with a reason, whatever happened to them."""

from __future__ import annotations

import copy
import io
import json
import random
import zipfile
from collections.abc import Callable
from typing import Any, Final

import pytest

from lca.errors import LcaError
from lca.importers import import_factors
from lca.importers.records import ImportTerms
from lca.reading import read_inventory
from tests.lca.test_import_structures import (
    EXCHANGES,
    ORDINARY,
    SPOLD,
    ilcd_package,
    ilcd_process,
    openlca,
)
from tests.lca.test_importers import catenax, pact
from tests.lca.test_sheets import TABLES, as_csv, workbook

TERMS = ImportTerms(licence="own", source="own")
TOKENS: Final = (
    *(b"", b"NaN", b"1e999", b"-1", b"null", b"[]", b"{}", b'"', b"<", b">", b"&#0;", b"\xff"),
    *(b"0", b"kg", b"<f>1</f>", b't="s"', b't="b"', b't="d"', b"99999999999"),
)
VALUES: Final[tuple[object, ...]] = (
    None,
    1,
    -1.5,
    "x",
    [],
    {},
    [1],
    {"a": 1},
    True,
    10**30,
    "NaN",
    [[]],
    [{}],
)

Damage = Callable[[bytes, random.Random], bytes]


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Return bytes of which one to four places are something else."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        start = rng.randrange(max(1, len(changed)))
        changed[start : start + rng.choice((0, 1, 3, 10, 60))] = rng.choice(TOKENS)
    return bytes(changed)


def damaged_inside(data: bytes, rng: random.Random) -> bytes:
    """Return an archive that is whole, with a file in it that is not."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(buffer, "w") as archive:
        chosen = rng.choice(source.namelist())
        for name in source.namelist():
            content = source.read(name)
            archive.writestr(name, damaged(content, rng) if name == chosen else content)
    return buffer.getvalue()


def damaged_json(data: bytes, rng: random.Random) -> bytes:
    """Return a document in which a value somewhere is of another kind."""
    document = json.loads(data)
    place: Any = document
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = rng.choice(keys)
        deeper = isinstance(place[key], dict | list) and place[key]
        if not deeper or rng.random() < 0.2:
            place[key] = copy.deepcopy(rng.choice(VALUES))
            return json.dumps(document).encode()
        place = place[key]


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


FOREIGN: Final[dict[str, bytes]] = {
    "ecospold2": SPOLD.replace("FLOWS", ORDINARY).encode(),
    "ilcd": ilcd_package(ilcd_process(more=EXCHANGES)),
    "openlca": json.dumps(openlca(2)).encode(),
    "catenax": json.dumps(catenax()).encode(),
    "pact": json.dumps(pact()).encode(),
}


def damages(data: bytes) -> list[Damage]:
    if data[:2] == b"PK":
        return [damaged, damaged_inside]
    return [damaged, damaged_json] if data[:1] == b"{" else [damaged]


def refuses_or_reads(data: bytes, read: Callable[[bytes], object], times: int) -> None:
    rng = random.Random(20)
    for damage in damages(data):
        for _ in range(times):
            try:
                read(damage(data, rng))
            except LcaError as error:
                assert all(item.reason and item.remedy for item in error.findings)  # noqa: PT017 - or it is read


@pytest.mark.parametrize("format_name", FOREIGN)
def test_a_damaged_foreign_file_is_refused_with_a_reason(format_name: str) -> None:
    refuses_or_reads(FOREIGN[format_name], lambda d: import_factors(d, format_name, TERMS), 60)


INVENTORIES: Final = {"workbook": workbook(TABLES), "sheets": zipped(as_csv(TABLES))}


@pytest.mark.parametrize("kind", INVENTORIES)
def test_a_damaged_inventory_is_refused_with_a_reason(kind: str) -> None:
    refuses_or_reads(INVENTORIES[kind], lambda d: read_inventory(d, "plant"), 60)


@pytest.mark.soak
@pytest.mark.parametrize("kind", [*FOREIGN, *INVENTORIES])
def test_files_damaged_in_thousands_of_ways_are_refused(kind: str) -> None:
    if kind in FOREIGN:
        refuses_or_reads(FOREIGN[kind], lambda d: import_factors(d, kind, TERMS), 4000)
    else:
        refuses_or_reads(INVENTORIES[kind], lambda d: read_inventory(d, "plant"), 4000)
