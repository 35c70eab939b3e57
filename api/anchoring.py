"""Anchoring the access logs each day while the server runs (see `passports.access_anchors`)."""

import logging
import threading
from typing import Final

from api.wiring import Voltpass
from passports.access_anchors import anchor_access_logs
from passports.documents import utc_now
from passports.errors import PassportError
from signing.errors import SigningError

_LOG: Final = logging.getLogger("voltpass")
EVERY_SECONDS: Final = 24 * 3600.0


def start_anchoring(voltpass: Voltpass, every_seconds: float = EVERY_SECONDS) -> threading.Event:
    """Anchor now and then once a day, in a thread that ends with the process; returns what stops it."""
    stop = threading.Event()
    thread = threading.Thread(
        target=_anchor_daily, args=(voltpass, every_seconds, stop), name="anchoring", daemon=True
    )
    thread.start()
    return stop


def _anchor_daily(voltpass: Voltpass, every_seconds: float, stop: threading.Event) -> None:
    while True:
        try:
            anchor_access_logs(voltpass.store, voltpass.keyring, voltpass.address, utc_now())
        except (PassportError, SigningError) as error:
            # The server goes on: what was not anchored today is anchored the next time.
            _LOG.warning("the access logs were not anchored: %s", type(error).__name__)
        if stop.wait(every_seconds):
            return
