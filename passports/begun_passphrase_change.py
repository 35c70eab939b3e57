"""A change of the passphrase that was begun and killed is carried to its end (see `passphrase_change`).

Apart from the change itself: every command that opens a key asks for this first, and needs no cipher for it.
"""

import contextlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

LIST: Final = ".passphrase-change.json"  # in the folder of keys: which file goes in whose place


def finish_change(directory: Path) -> None:
    """Go on with a change that was begun and killed, before any key is opened; mostly there is none."""
    path = directory / LIST
    try:
        names: Mapping[str, str] = json.loads(path.read_bytes())
    except FileNotFoundError:
        return
    for fresh, target in names.items():
        # Another process may be at it too: what is no longer there is in its place.
        with contextlib.suppress(FileNotFoundError):
            (directory / fresh).replace(directory / target)
    sync({(directory / target).parent for target in names.values()})
    path.unlink(missing_ok=True)


def sync(folders: Iterable[Path]) -> None:
    """Have names in folders on the disk."""
    for folder in folders:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
