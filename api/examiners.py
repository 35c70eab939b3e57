"""Processes beside this one that examine large shipments."""

import multiprocessing
import os
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from threading import Lock, Thread


class Examiners:
    """One process less than there are cores, started by the first shipment that is large enough.

    They know nothing but what each shipment brings: no database, no keys.
    """

    def __init__(self, processes: int | None = None) -> None:
        """Begin without any.

        Args:
            processes: How many; by default one less than the cores that this process may use.
        """
        from signing.shipment import usable_cores  # noqa: PLC0415 # no command needs it to start

        self._processes = usable_cores() - 1 if processes is None else processes
        self._lock = Lock()
        self._pool: ProcessPoolExecutor | None = None

    def pool(self) -> Executor | None:
        """Return them, started anew where one of them died; None where there is but one core."""
        with self._lock:
            if self._pool is not None and _is_broken(self._pool):
                self._pool = None
            if self._pool is None and self._processes > 0:
                # Forked, they would inherit this process's threads' locks and its database's connections.
                spawn = multiprocessing.get_context("spawn")
                self._pool = ProcessPoolExecutor(
                    self._processes, spawn, initializer=_end_with_parent
                )
            return self._pool

    def close(self) -> None:
        """End them, without waiting for what nobody waits for."""
        with self._lock:
            if self._pool is not None:
                self._pool.shutdown(wait=False, cancel_futures=True)
                self._pool = None


def _end_with_parent() -> None:
    """Nobody else would end a process of the pool after its server was killed: it waits for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:

        def wait() -> None:
            parent.join()
            os._exit(1)

        Thread(target=wait, daemon=True).start()


def _is_broken(pool: ProcessPoolExecutor) -> bool:
    try:
        pool.submit(os.getpid)
    except BrokenExecutor:
        return True
    return False
