"""Reading the parts of a backup: each is held against its hash before anybody relies on it."""

import hashlib
import os
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from api.backups.manifest import Manifest, Part, refused
from api.environment import EnvironmentFaultError
from passports.errors import Finding

Progress = Callable[[int, int], None]
_CHUNK: Final = 1024 * 1024
_FREE_BYTES: Final = 64 * 1024 * 1024


@dataclass
class BackupReader:
    """One backup being read.

    Attributes:
        path: The file.
        archive: It, opened.
        manifest: What it says of itself.
        progress: Called with (bytes done, all bytes).
    """

    path: Path
    archive: zipfile.ZipFile
    manifest: Manifest
    progress: Progress
    _done: int = field(default=0, init=False)

    @property
    def key_names(self) -> Sequence[str]:
        """The files of keys."""
        return [
            part.path
            for part in self.manifest.parts
            if part.path.startswith("keys/") and part.path.endswith(".json")
        ]

    def lay_out(self, folder: Path, parts: Sequence[Part]) -> None:
        """Write parts below a folder, each held against its hash.

        Raises:
            InvalidInputError: one of them is not as it was written.
            EnvironmentFaultError: there is no room.
        """
        self._done, everything = 0, sum(part.bytes for part in parts)
        if shutil.disk_usage(folder).free < everything + _FREE_BYTES:
            reason, remedy = f"it needs {everything} bytes", "Make room on the disk."
            raise EnvironmentFaultError(Finding("disk", str(folder), reason, remedy))
        for part in parts:
            target = folder / part.path
            target.parent.mkdir(mode=0o700, exist_ok=True)
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                for chunk in self.chunks(part):
                    file.write(chunk)
                    self._told(len(chunk), everything)
                file.flush()
                os.fsync(file.fileno())

    def check(self, parts: Sequence[Part]) -> None:
        """Hold parts against their hashes and write nothing.

        Raises:
            InvalidInputError: one of them is not as it was written.
        """
        self._done, everything = 0, sum(part.bytes for part in parts)
        for part in parts:
            for chunk in self.chunks(part):
                self._told(len(chunk), everything)

    def _told(self, count: int, everything: int) -> None:
        self._done += count
        self.progress(self._done, everything)

    def chunks(self, part: Part) -> Iterator[bytes]:
        """Yield a part's bytes; what follows the last one is that they were right."""
        digest, size = hashlib.sha256(), 0
        try:
            with self.archive.open(part.path) as file:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
                    if size > part.bytes:
                        break
                    yield chunk
        except (zipfile.BadZipFile, OSError, EOFError, ValueError, RuntimeError, zlib.error):
            raise refused(self.path, f"{part.path} in it cannot be read") from None
        if (size, digest.hexdigest()) != (part.bytes, part.sha256):
            raise refused(self.path, f"{part.path} in it is not as it was written (SHA-256)")
