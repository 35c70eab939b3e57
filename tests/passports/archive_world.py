"""Two servers and the archives between them: what the tests of archives share."""

import hashlib
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from lca.datasets import load_shipped_dataset
from passports.archive.contents import ArchiveAudience
from passports.archive.take_in import ImportRequest, import_archive
from passports.archive.write import ArchiveRequest, sign_manifest, write_archive
from passports.errors import (
    EvidenceUnavailableError,
)
from passports.fsck.whole import check_store
from passports.identifiers import PublicAddress
from passports.keyring import Keyring
from passports.store import Store, all_tables
from signing.keys import SigningKey
from signing.trust import TrustList
from tests.worlds import (
    MAKER,
    NOW,
    World,
)

DATASET = load_shipped_dataset()
BACKUP = PublicAddress("https://backup.example.org")
LATER = NOW + timedelta(days=30)


@dataclass
class Second:
    """A second voltpass, of a back-up operator, with a key-ring and an address of its own."""

    store: Store
    keyring: Keyring
    folder: Path
    trust_list: TrustList

    def take(self, path: Path, at: datetime = LATER, **changes: Any) -> dict[str, Any]:
        """Take an archive in, under the pinned trust list."""
        options = {"trust_list": self.trust_list, **changes}
        request = ImportRequest(path, self.folder, **options)
        return import_archive(self.store, request, DATASET, BACKUP.log_origin, at)

    @property
    def world(self) -> World:
        return World(self.store, self.keyring, BACKUP)

    def sound(self) -> None:
        """Check the whole store."""
        assert check_store(self.store, DATASET, LATER).faults == ()


def written(
    world: World,
    path: Path,
    audience: ArchiveAudience = ArchiveAudience.CONFIDENTIAL,
    at: datetime = NOW,
    trust_list: bytes | None = None,
    **parts: Any,
) -> Path:
    """Write an archive of the maker."""
    request = ArchiveRequest([MAKER], audience, **parts)
    write_archive(world.store, world.keyring, world.address, path, request, trust_list, at)
    return path


def members_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(EvidenceUnavailableError) as refused:
        call()
    [finding] = refused.value.findings
    return f"{finding.field}: {finding.reason}"


def rows_of(store: Store) -> dict[str, int]:
    counts = {}
    with store.reading() as reading:
        for table in all_tables():
            pages = reading.archive.pages(table, {}, 500)
            counts[str(table.__tablename__)] = sum(len(rows) for rows in pages)
    return counts


def rebuilt(path: Path, members: Mapping[str, bytes], key: SigningKey | None = None) -> Path:
    """Write members anew; with `key` the manifest is made to fit and signed, as its operator would."""
    members = dict(members)
    if key is not None:
        manifest = json.loads(members["manifest.json"])
        for row in manifest["members"]:
            data = members[row["path"]]
            row["sha256"], row["bytes"] = hashlib.sha256(data).hexdigest(), len(data)
            row["rows"] = data.count(b"\n")
        members["manifest.json"] = orjson.dumps(manifest)
        [operator] = [o for o in manifest["operators"] if o["role"] == "kept"]
        signature = sign_manifest(members["manifest.json"], operator["did"], key)
        members[f"signatures/{operator['id']}.jws"] = signature
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def maker_key(world: World) -> SigningKey:
    with world.store.reading() as reading:
        return world.keyring.current(reading, MAKER)


def edited(lines: bytes, number: int, **changes: Any) -> bytes:
    rows = [json.loads(line) for line in lines.splitlines()]
    rows[number] |= changes
    return b"".join(orjson.dumps(row, option=orjson.OPT_SORT_KEYS) + b"\n" for row in rows)
