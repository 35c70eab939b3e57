"""What is in a backup: a ZIP whose last member lists the others by SHA-256.

A ZIP has its list of members at its end, so that half a file is none. Parts have names of a few fixed
forms: whatever a backup says, nothing of it is written anywhere else.
"""

import re
import zipfile
import zlib
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from passports.errors import Finding, InvalidInputError, shorten

FORMAT: Final = "voltpass-backup/1"
MANIFEST: Final = "manifest.json"
SQLITE_COPY: Final = "database/voltpass.sqlite3"
POSTGRESQL_COPY: Final = "database/voltpass.pgdump"
PASSPHRASE: Final = "keys/passphrase"  # noqa: S105 # where one lies
MAX_MANIFEST_BYTES: Final = 64 * 1024 * 1024
# Of a home: key files, what a witness remembers, trust list and its root, the mark of a demonstration.
_NAME: Final = r"[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,199}"
OF_HOME: Final = re.compile(
    rf"(?:keys|witness)/{_NAME}|trust-list\.jwt|trust-root\.jwk\.json|demo\.json"
)
_PATH: Final = rf"^(?:{OF_HOME.pattern}|database/voltpass\.(?:sqlite3|pgdump))$"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Part(_Strict):
    """One part as the manifest lists it."""

    path: Annotated[str, Field(pattern=_PATH)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    bytes: Annotated[int, Field(ge=0)]


class Manifest(_Strict):
    """What a backup says of itself.

    Attributes:
        format: Of the backup; another one is another format.
        made_at: From when the copy of the database is, UTC.
        voltpass: Version of the software that wrote it.
        schema_revision: Of the database.
        database: Which kind it was, and is to become again.
        public_url: Under which everything in it was issued.
        log_size: Entries of the transparency log.
        passports: All versions counted.
        settings: As they were, by variable; of a secret only that it was set.
        not_included: What is missing and somebody has to keep elsewhere, in words.
        parts: All other members.
    """

    format: Literal["voltpass-backup/1"]
    made_at: str
    voltpass: str
    schema_revision: str
    database: Literal["sqlite", "postgresql"]
    public_url: str
    log_size: Annotated[int, Field(ge=0)]
    passports: Annotated[int, Field(ge=0)]
    settings: dict[str, str]
    not_included: list[str]
    parts: list[Part]

    @property
    def database_part(self) -> str:
        """The member that the copy of the database is."""
        return SQLITE_COPY if self.database == "sqlite" else POSTGRESQL_COPY

    @property
    def has_passphrase(self) -> bool:
        """Whether what the keys are encrypted under is beside them."""
        return any(part.path == PASSPHRASE for part in self.parts)


def refused(path: Path, reason: str, remedy: str = "") -> InvalidInputError:
    """Return the error that a backup is refused with; nothing of it was taken."""
    finding = Finding(
        "file",
        str(path),
        reason,
        remedy or "Take another backup; nothing of this one was restored.",
    )
    return InvalidInputError([finding], "the backup")


def read_manifest(path: Path, archive: zipfile.ZipFile) -> Manifest:
    """Read what a backup says of itself, and hold the list of members against it.

    Raises:
        InvalidInputError: it is no backup, or has a member too few or too many.
    """
    names = archive.namelist()
    if MANIFEST not in names or archive.getinfo(MANIFEST).file_size > MAX_MANIFEST_BYTES:
        raise refused(path, "it is no backup of voltpass", "voltpass backup writes one.")
    try:
        manifest = Manifest.model_validate_json(archive.read(MANIFEST))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        if place == "format":
            remedy = "Restore it with the voltpass that wrote it, or a newer one."
            raise refused(path, f"it is no backup of the format {FORMAT}", remedy) from None
        raise refused(path, f"its manifest is not valid: {shorten(place)}") from None
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, RuntimeError, zlib.error):
        raise refused(path, "its manifest cannot be read") from None
    listed = [part.path for part in manifest.parts] + [MANIFEST]
    if sorted(listed) != sorted(names):
        reason = "its members are not those that its manifest lists"
        raise refused(path, reason)
    if manifest.database_part not in listed:
        raise refused(path, "the copy of the database is not in it")
    return manifest
