"""A witness that a regulator can run: it remembers the heads of logs and cosigns only what continues them.

C2SP tlog-witness: `POST /add-checkpoint`. With it a log cannot show different histories to different
people without the witness refusing one of them. The decision is `signing.witness`; here are the memory
(one file a log, written before the answer) and the web around it.
"""

import fcntl
import hashlib
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from signing.errors import MalformedDocumentError
from signing.signed_note import NoteSigner, NoteVerifier
from signing.transparency_log import Checkpoint
from signing.witness import WitnessAnswer, add_checkpoint, origin_of

MAX_REQUEST_BYTES = 64 * 1024


@dataclass
class Witness:
    """A witness at work.

    Attributes:
        folder: Where the last head of each log is kept.
        logs: Keys of the logs that it follows.
        signers: Its own keys.
    """

    folder: Path
    logs: Sequence[NoteVerifier]
    signers: Sequence[NoteSigner]
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def answer(self, request: bytes) -> WitnessAnswer:
        """Decide on a request; what is to be remembered is on disk before this returns."""
        with self._lock, _alone_in(self.folder):
            try:
                path = self._memory_of(origin_of(request))
            except MalformedDocumentError as error:
                return WitnessAnswer(400, f"{error}\n")
            remembered = (
                Checkpoint.parse(path.read_text(encoding="utf-8")) if path.exists() else None
            )
            answer = add_checkpoint(
                request,
                remembered=remembered,
                logs=self.logs,
                signers=self.signers,
                at=datetime.now(tz=UTC),
            )
            if answer.remember is not None:
                _write_durably(path, answer.remember.text)
        return answer

    def _memory_of(self, origin: str) -> Path:
        # Hashed, because an origin may hold slashes.
        return self.folder / f"{hashlib.sha256(origin.encode()).hexdigest()}.checkpoint"


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keep other processes out that witness with the same memory: two would cosign two histories."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # let go when the file closes, also by a process that dies
        yield


def _write_durably(path: Path, text: str) -> None:
    beside = path.with_suffix(".new")
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    # Without this the new name may be gone after a power failure, and an old head be remembered.
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def create_witness_app(witness: Witness) -> Starlette:
    """Make the web application of a witness."""

    async def add(request: Request) -> Response:
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > MAX_REQUEST_BYTES:
                return PlainTextResponse("too large\n", 413)
        answer = await run_in_threadpool(witness.answer, body)
        return Response(answer.body, answer.status, media_type=answer.content_type)

    async def keys(_request: Request) -> Response:
        lines = "".join(f"{signer.verifier.text}\n" for signer in witness.signers)
        return PlainTextResponse(lines)

    return Starlette(
        routes=[
            Route("/add-checkpoint", add, methods=["POST"]),
            Route("/keys", keys, methods=["GET"]),
        ]
    )
