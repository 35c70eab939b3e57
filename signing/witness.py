"""A witness: somebody other than the log who remembers its head and signs only what continues it.

This is the whole decision of c2sp.org/tlog-witness, ``add-checkpoint``, without the web server and
the storage around it: bytes in, answer and new memory out. Whoever runs it must store the new
memory before answering, and must not serve two requests for one origin at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from signing.errors import InvalidInclusionError, MalformedDocumentError
from signing.merkle import EMPTY_ROOT, verify_consistency
from signing.signed_note import NoteSigner, NoteVerifier, split_note
from signing.transparency_log import DECIMAL, Checkpoint, cosignature, open_checkpoint, parse_hash

_MAX_PROOF_HASHES: Final = 63


@dataclass(frozen=True, slots=True)
class WitnessAnswer:
    """What to answer, and what to remember.

    Attributes:
        status: HTTP status of the protocol: 200, 400, 403, 404, 409 or 422.
        body: The cosignature lines, or what the status is about.
        content_type: For the answer.
        remember: The checkpoint to store for its origin before answering; ``None``: nothing new.
    """

    status: int
    body: str
    content_type: str = "text/plain; charset=utf-8"
    remember: Checkpoint | None = None


def origin_of(request: bytes) -> str:
    """The origin that a request is about, to look up what is remembered of it.

    Raises:
        MalformedDocumentError: Not such a request.
    """
    return _split(request)[2].origin


def add_checkpoint(
    request: bytes,
    *,
    remembered: Checkpoint | None,
    logs: Sequence[NoteVerifier],
    signers: Sequence[NoteSigner],
    at: datetime,
) -> WitnessAnswer:
    """Answer a request to cosign a checkpoint; never raises on any request.

    Args:
        request: Body of the request.
        remembered: The last checkpoint cosigned for this origin, if any.
        logs: Keys of the logs that this witness follows.
        signers: Its own keys, for cosignatures.
        at: Now.
    """
    try:
        old_size, proof, checkpoint, note = _split(request)
    except MalformedDocumentError as error:
        return WitnessAnswer(400, f"{error}\n")
    known = [log for log in logs if log.name == checkpoint.origin]
    last = remembered or Checkpoint(checkpoint.origin, 0, EMPTY_ROOT)
    refused = _refused_sender(note, known) or _refused_size(old_size, last, checkpoint)
    if refused is not None:
        return refused
    try:
        verify_consistency(old_size, checkpoint.size, proof, last.root, checkpoint.root)
    except InvalidInclusionError as error:
        return WitnessAnswer(422, f"{error.message}\n")
    lines = "".join(cosignature(checkpoint, signer, at) for signer in signers)
    return WitnessAnswer(200, lines, remember=checkpoint)


def _refused_sender(note: bytes, known: Sequence[NoteVerifier]) -> WitnessAnswer | None:
    if not known:
        return WitnessAnswer(404, "unknown origin\n")
    try:
        open_checkpoint(note, known)
    except (InvalidInclusionError, MalformedDocumentError):
        return WitnessAnswer(403, "not signed by the log\n")
    return None


def _refused_size(old_size: int, last: Checkpoint, checkpoint: Checkpoint) -> WitnessAnswer | None:
    if old_size > checkpoint.size:
        return WitnessAnswer(400, "the old size is larger than the checkpoint's\n")
    same_size = old_size == checkpoint.size
    if old_size != last.size or (same_size and last.root != checkpoint.root):
        return WitnessAnswer(409, f"{last.size}\n", "text/x.tlog.size")
    return None


def _split(request: bytes) -> tuple[int, list[bytes], Checkpoint, bytes]:
    head, _, note = request.partition(b"\n\n")
    lines = head.decode("utf-8", "replace").split("\n")
    word, _, size = lines[0].partition(" ")
    if word != "old" or not DECIMAL.fullmatch(size) or len(lines) > _MAX_PROOF_HASHES + 1:
        raise MalformedDocumentError("not_a_witness_request", "no old size, or too many hashes")
    proof = [parse_hash(line) for line in lines[1:]]
    return int(size), proof, Checkpoint.parse(split_note(note)[0]), note
