"""Labels of a batch as files: how each is named, and all of them as a ZIP that is made while it is sent."""

import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import orjson

from passports.labels import LabelContent, draw_label

if TYPE_CHECKING:
    from typing_extensions import Buffer

CONTENTS: Final = "labels.json"
# ZIP has no time zone and begins in 1980; the same batch makes the same archive.
_TIME: Final = (1980, 1, 1, 0, 0, 0)


def label_file_name(serial: str) -> str:
    """Return the name of a battery's label: its serial as the link has it, so no two are the same."""
    # A serial of dots alone would be a folder's name.
    return quote(serial, safe="").replace(".", "%2E") + ".svg"


class _Sent(io.RawIOBase):
    """A file that cannot be sought, from which what was written is taken away."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._length = 0

    def writable(self) -> bool:
        """It is written to, and never read."""
        return True

    def write(self, data: "Buffer") -> int:
        """Take bytes."""
        self._parts.append(bytes(data))
        self._length += len(self._parts[-1])
        return len(self._parts[-1])

    def tell(self) -> int:
        """Return how many bytes were written so far."""
        return self._length

    def take(self) -> bytes:
        """Return what was written since this was asked last."""
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


def label_archive(contents: Mapping[str, Any], labels: Iterable[LabelContent]) -> Iterator[bytes]:
    """Yield a ZIP piece by piece: `labels.json` with what is in it, then one SVG a battery.

    No more than one label is in memory at a time.
    """
    sent = _Sent()
    with zipfile.ZipFile(sent, "w") as archive:
        _add(archive, CONTENTS, orjson.dumps(contents, option=orjson.OPT_INDENT_2))
        yield sent.take()
        for label in labels:
            _add(archive, label_file_name(label.serial), draw_label(label).encode())
            yield sent.take()
    yield sent.take()


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    member = zipfile.ZipInfo(name, _TIME)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o644 << 16
    archive.writestr(member, data)
