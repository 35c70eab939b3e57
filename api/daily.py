"""What has to be done each day while the server runs: access logs anchored, the trust list signed anew."""

import logging
import threading
from collections.abc import Callable
from typing import Final

from api.wiring import Voltpass
from passports.access_anchors import anchor_access_logs
from passports.documents import utc_now

_LOG: Final = logging.getLogger("voltpass")
EVERY_SECONDS: Final = 24 * 3600.0
_SECONDS_TO_END: Final = 10.0


class Daily:
    """A thread that does it once a day; it ends with the process, or when it is told to."""

    def __init__(self, voltpass: Voltpass, every_seconds: float = EVERY_SECONDS) -> None:
        """Begin: anchor at once, and sign the trust list after a day, since who serves has just done it."""
        self._voltpass = voltpass
        self._every_seconds = every_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="daily", daemon=True)
        self._thread.start()

    def stop(self, seconds: float = _SECONDS_TO_END) -> bool:
        """Let it finish what it is at; return whether it has, and so no longer uses the store."""
        self._stop.set()
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        self._do("the access logs were not anchored", self._anchor)
        while not self._stop.wait(self._every_seconds):
            self._do("the access logs were not anchored", self._anchor)
            self._do("the trust list was not signed anew", self._sign)

    def _anchor(self) -> None:
        voltpass = self._voltpass
        anchor_access_logs(voltpass.store, voltpass.keyring, voltpass.address, utc_now())

    def _sign(self) -> None:
        self._voltpass.write_trust_list(utc_now())

    def _do(self, unless: str, task: Callable[[], None]) -> None:
        try:
            task()
        except Exception as error:  # noqa: BLE001 # the thread would end, and nothing be done again
            # The server goes on: what was not done today is done the next time.
            _LOG.warning("%s: %s", unless, type(error).__name__)
