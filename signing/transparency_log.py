"""Checkpoints of a transparency log and proofs against them.

A checkpoint (c2sp.org/tlog-checkpoint) is a signed note of three lines: origin, number of leaves,
root hash. A proof (c2sp.org/tlog-proof) is a checkpoint together with the index and the audit path
of one leaf; it is verified without any network.

The leaf of a credential is the SHA-256 of its bytes as they were issued, so the log tells nothing
about a passport to somebody who does not have it.
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from signing.errors import InvalidInclusionError, MalformedDocumentError
from signing.merkle import HASH_BYTES, leaf_hash, verify_inclusion
from signing.signed_note import (
    ED25519,
    ED25519_COSIGNATURE,
    MAX_NAME_BYTES,
    NoteSigner,
    NoteVerifier,
    decode_base64,
    split_note,
    verified_by,
)

# TLS presentation of `struct cosigned_message` in c2sp.org/tlog-cosignature, its first member.
_SUBTREE_LABEL: Final = b"subtree/v1\n\x00"
_PROOF_HEADER: Final = "c2sp.org/tlog-proof@v1"
DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,17}")
_MAX_PROOF_HASHES: Final = 63


def log_entry(credential: bytes) -> bytes:
    """The content of a credential's leaf: the SHA-256 of its bytes.

    Of an SD-JWT it is that of what its issuer signed, without the disclosures: whoever was shown some
    of them finds the same leaf, and the leaf tells nothing about them, for their digests are salted.
    """
    signed = credential if credential.startswith(b"{") else credential.partition(b"~")[0]
    return hashlib.sha256(signed).digest()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log at one size.

    Attributes:
        origin: The log's unique name, by recommendation its URL without the scheme.
        size: Number of leaves.
        root: Root hash of the tree.
    """

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read the text of a checkpoint; extension lines are refused, for nobody audits them.

        Raises:
            MalformedDocumentError: Not a checkpoint.
        """
        lines = text.split("\n")
        if len(lines) != 4 or lines[3] or not lines[0] or not DECIMAL.fullmatch(lines[1]):  # noqa: PLR2004 - three lines and what follows the last
            raise MalformedDocumentError("not_a_checkpoint", "not origin, size and root")
        if len(lines[0].encode()) > MAX_NAME_BYTES:
            raise MalformedDocumentError("not_a_checkpoint", "its origin is too long")
        return cls(lines[0], int(lines[1]), parse_hash(lines[2]))


def parse_hash(text: str) -> bytes:
    """A hash in base64.

    Raises:
        MalformedDocumentError: Not 32 bytes in base64.
    """
    data = decode_base64(text, "hash")
    if len(data) != HASH_BYTES:
        raise MalformedDocumentError("not_a_hash", "not 32 bytes")
    return data


def _signed_message(kind: int, text: str, name: str, time: int) -> bytes:
    """What is signed over a checkpoint, by kind of signature."""
    if kind == ED25519:
        return text.encode()
    if kind == ED25519_COSIGNATURE:
        return f"cosignature/v1\ntime {time}\n{text}".encode()
    checkpoint = Checkpoint.parse(text)
    origin = checkpoint.origin.encode()
    return b"".join(
        (
            _SUBTREE_LABEL,
            bytes([len(name.encode())]),
            name.encode(),
            time.to_bytes(8),
            bytes([len(origin)]),
            origin,
            (0).to_bytes(8),  # a checkpoint is the subtree from the first leaf on
            checkpoint.size.to_bytes(8),
            checkpoint.root,
        )
    )


def sign_checkpoint(checkpoint: Checkpoint, signers: Sequence[NoteSigner], at: datetime) -> bytes:
    """The checkpoint as a signed note.

    Args:
        checkpoint: What is signed.
        signers: The log's own Ed25519 key first; cosigners after it.
        at: The time that cosignatures state.

    Raises:
        KeyUnavailableError: A key cannot be used, or not for this kind of signature.
    """
    lines = [cosignature(checkpoint, signer, at) for signer in signers]
    return "".join([checkpoint.text, "\n", *lines]).encode()


def cosignature(checkpoint: Checkpoint, signer: NoteSigner, at: datetime) -> str:
    """One signature line over a checkpoint, to be added at its end.

    Raises:
        KeyUnavailableError: The key cannot be used, or not for this kind of signature.
    """
    if signer.kind == ED25519:
        return signer.line(signer.key.sign(checkpoint.text.encode()))
    time = int(at.timestamp())
    message = _signed_message(signer.kind, checkpoint.text, signer.name, time)
    return signer.line(time.to_bytes(8) + signer.key.sign(message))


@dataclass(frozen=True, slots=True)
class VerifiedCheckpoint:
    """A checkpoint that a known log signed.

    Attributes:
        checkpoint: The head.
        signers: Names and kinds of the known keys that signed it.
        witnesses: Names of those other than the log.
        witnessed_at: The latest time that a cosignature states, if any does.
    """

    checkpoint: Checkpoint
    signers: tuple[tuple[str, int], ...]
    witnesses: tuple[str, ...]
    witnessed_at: datetime | None


def open_checkpoint(note: bytes, verifiers: Sequence[NoteVerifier]) -> VerifiedCheckpoint:
    """Believe a checkpoint because the log that it names signed it.

    Args:
        note: The signed note.
        verifiers: Keys of known logs and witnesses.

    Raises:
        MalformedDocumentError: Not a checkpoint.
        InvalidInclusionError: Not signed by a known log of that origin, or a signature is wrong.
    """
    checkpoint = Checkpoint.parse(split_note(note)[0])
    found = verified_by(note, verifiers, _signed_message)
    if not any(v.kind == ED25519 and v.name == checkpoint.origin for v, _ in found):
        raise InvalidInclusionError(
            "log_inclusion", "log_unknown", f"no known log {checkpoint.origin} signed this"
        )
    latest = max(time for _, time in found)
    return VerifiedCheckpoint(
        checkpoint,
        tuple((verifier.name, verifier.kind) for verifier, _ in found),
        tuple(dict.fromkeys(v.name for v, _ in found if v.name != checkpoint.origin)),
        datetime.fromtimestamp(latest, UTC) if 0 < latest < _YEAR_5000 else None,
    )


_YEAR_5000: Final = 95_617_584_000  # seconds since 1970


@dataclass(frozen=True, slots=True)
class LogProof:
    """Proof that a leaf is in a log.

    Attributes:
        index: The leaf's place.
        hashes: Its audit path.
        checkpoint_note: The signed checkpoint.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint_note: bytes

    def to_bytes(self) -> bytes:
        """The proof as text, c2sp.org/tlog-proof."""
        lines = [_PROOF_HEADER, f"index {self.index}"]
        lines += [base64.b64encode(item).decode() for item in self.hashes]
        return ("\n".join(lines) + "\n\n").encode() + self.checkpoint_note

    @classmethod
    def parse(cls, data: bytes) -> "LogProof":
        """Read a proof.

        Raises:
            MalformedDocumentError: Not one.
        """
        head, blank, note = data.partition(b"\n\n")
        lines = head.decode("utf-8", "replace").split("\n")
        if not blank or lines[0] != _PROOF_HEADER:
            raise MalformedDocumentError("not_a_log_proof", f"does not begin with {_PROOF_HEADER}")
        lines = lines[2:] if lines[1:2] and lines[1].startswith("extra ") else lines[1:]
        word, _, number = (lines[0] if lines else "").partition(" ")
        if word != "index" or not DECIMAL.fullmatch(number) or len(lines) > _MAX_PROOF_HASHES:
            raise MalformedDocumentError("not_a_log_proof", "no index, or too many hashes")
        return cls(int(number), tuple(parse_hash(line) for line in lines[1:]), note)


def verify_log_proof(
    entry: bytes, proof: LogProof, verifiers: Sequence[NoteVerifier]
) -> VerifiedCheckpoint:
    """Check that an entry is in a log that is known.

    Args:
        entry: The leaf's content, from `log_entry`.
        proof: The proof.
        verifiers: Keys of known logs and witnesses.

    Raises:
        MalformedDocumentError: The checkpoint is none.
        InvalidInclusionError: It is not shown to be in the log, or the log is not known.
    """
    opened = open_checkpoint(proof.checkpoint_note, verifiers)
    verify_entry(entry, proof, opened.checkpoint)
    return opened


def verify_entry(entry: bytes, proof: LogProof, checkpoint: Checkpoint) -> None:
    """Check that a proof leads from an entry to the root of a head that is believed already.

    Raises:
        InvalidInclusionError: It does not.
    """
    leaf = leaf_hash(entry)
    verify_inclusion(leaf, proof.index, checkpoint.size, proof.hashes, checkpoint.root)
