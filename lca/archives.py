"""What a zip archive that somebody sent may do when it is opened or read.

`zipfile` raises far more than `BadZipFile` for an archive that was cut or changed: `ValueError` from
a seek before the file's beginning, `EOFError`, `struct.error`, errors of the decompressors.
"""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from typing import Final

ARCHIVE_FAULTS: Final[tuple[type[Exception], ...]] = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    EOFError,
    KeyError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    zlib.error,
)
"""Catch these around everything that is done with a foreign archive."""
