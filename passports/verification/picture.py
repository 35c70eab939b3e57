"""Pictures from strangers: read by a process of their own, which has so much time and memory, and no more.

A file of some kilobytes can keep a decoder or the reader of codes busy for minutes: a JPEG of a thousand
scans, a drawing full of what looks like the corners of QR codes. No thread can be stopped; a process can.
"""

import json
import resource
import subprocess
import sys
from threading import BoundedSemaphore
from typing import Final

from passports.data_carrier import Codes, read_codes
from passports.errors import Finding, UnreadableCarrierError

# Of computing: a photograph of 40 megapixels takes about two.
MAX_SECONDS: Final = 5
# Such a photograph with its colours unfolded, twice, beside the interpreter.
MAX_MEMORY_BYTES: Final = 1024 * 1024 * 1024
# On a machine that is busy with others, too, nobody waits longer for it.
_MAX_WAIT_SECONDS: Final = 60
_AT_ONCE: Final = BoundedSemaphore(2)
# Who waits for a turn keeps a thread of the server from everybody else.
_MAX_TURN_SECONDS: Final = 10.0


def read_picture(data: bytes) -> Codes:
    """Read the QR codes of one label in a picture, as `passports.data_carrier.read_codes` does.

    Raises:
        UnreadableCarrierError: as there; or reading it takes too long, or too much memory; or others
            are being read.
    """
    if not _AT_ONCE.acquire(timeout=_MAX_TURN_SECONDS):
        reason, remedy = "other pictures are being read", "Send it again in a minute."
        finding = Finding("image", "", reason, remedy)
        raise UnreadableCarrierError(f"the image: {reason}", [finding])
    try:
        return _read_beside(data)
    finally:
        _AT_ONCE.release()


def _read_beside(data: bytes) -> Codes:
    command = [sys.executable, "-I", "-m", __name__, str(MAX_SECONDS)]
    try:
        ended = subprocess.run(  # noqa: S603 # our own interpreter and module, no shell
            command, input=data, capture_output=True, check=False, timeout=_MAX_WAIT_SECONDS
        )
        found = json.loads(ended.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        reason = f"it cannot be read in {MAX_SECONDS} seconds and {MAX_MEMORY_BYTES >> 30} GiB"
        remedy = "Send a smaller picture of the label alone."
        finding = Finding("image", "", reason, remedy)
        raise UnreadableCarrierError(f"the image: {reason}", [finding]) from None
    if "message" in found:
        findings = [Finding(*finding) for finding in found["findings"]]
        raise UnreadableCarrierError(found["message"], findings)
    return Codes(**found)


def _read(data: bytes) -> dict[str, object]:
    try:
        codes = read_codes(data)
    except UnreadableCarrierError as error:
        findings = [[item.field, item.value, item.reason, item.remedy] for item in error.findings]
        return {"message": str(error), "findings": findings}
    return {"link": codes.link, "seal": codes.seal}


def _read_alone() -> None:
    """What the process does: with its limits set, it reads its input and writes what it found."""
    seconds = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.stdout.write(json.dumps(_read(sys.stdin.buffer.read())))


if __name__ == "__main__":
    _read_alone()
