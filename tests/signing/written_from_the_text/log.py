"""README, section 6: keys of logs and witnesses, checkpoints, proofs."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from tests.signing.written_from_the_text.encodings import KIB, RefusedError, plain_base64
from tests.signing.written_from_the_text.keys import Key, TrustList

LOG, WITNESS, ML_DSA = 1, 4, 6
DECIMAL = "0|[1-9][0-9]{0,17}"


@dataclass(frozen=True)
class NoteKey:
    """A key by which signed notes are signed."""

    name: str
    kind: int
    raw: bytes

    @property
    def id(self) -> bytes:
        name = self.name.encode() + b"\n"
        return hashlib.sha256(name + bytes([self.kind]) + self.raw).digest()[:4]

    def signed(self, blob: bytes, head: "Checkpoint") -> bool:
        time, signature = (b"", blob) if self.kind == LOG else (blob[:8], blob[8:])
        try:
            if self.kind == ML_DSA:
                name, origin = self.name.encode(), head.origin.encode()
                parts = [b"subtree/v1\n\0", bytes([len(name)]), name, time, bytes([len(origin)])]
                parts += [origin, bytes(8), head.size.to_bytes(8, "big"), head.root]
                MLDSA44PublicKey.from_public_bytes(self.raw).verify(signature, b"".join(parts))
            else:
                seconds = int.from_bytes(time, "big")
                before = f"cosignature/v1\ntime {seconds}\n" if self.kind == WITNESS else ""
                key = Ed25519PublicKey.from_public_bytes(self.raw)
                key.verify(signature, (before + head.text).encode())
        except InvalidSignature:
            return False
        return True


class Checkpoint(NamedTuple):
    """A head of a log."""

    text: str
    origin: str
    size: int
    root: bytes


class Place(NamedTuple):
    """Where a credential stands, who signed that head, and the last time that a cosigner states."""

    origin: str
    leaf: int
    signers: set[str]
    seen: datetime | None


def note_keys(trust: TrustList | None) -> list[NoteKey]:
    found = []
    for entry in trust.entries if trust else []:
        if entry.role in {"log", "witness"}:
            own = LOG if entry.role == "log" else WITNESS
            keys = [key for key in entry.keys if not key.revoked and key.curve != "P-256"]
            found += [_note_key(entry.issuer, own, key) for key in keys]
    return found


def _note_key(name: str, own: int, key: Key) -> NoteKey:
    if key.curve == "ML-DSA-44":
        return NoteKey(name, ML_DSA, key.public)
    return NoteKey(name, own, key.public.public_bytes_raw())


def _hash(text: str) -> bytes:
    data = plain_base64(text)
    if len(data) != 32:
        raise RefusedError("not_a_hash")
    return data


def _checkpoint(text: str) -> Checkpoint:
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0] or not re.fullmatch(DECIMAL, lines[1]):
        raise RefusedError("not_a_checkpoint")
    if len(lines[0].encode()) > 255:
        raise RefusedError("not_a_checkpoint")
    return Checkpoint(text, lines[0], int(lines[1]), _hash(lines[2]))


def _signature(line: str) -> tuple[str, bytes]:
    name, _, encoded = line.removeprefix("— ").partition(" ")
    blob = plain_base64(encoded)
    if not line.startswith("— ") or len(blob) < 5:
        raise RefusedError("not_a_note")
    if not name or "+" in name or re.search(r"\s", name) or len(name.encode()) > 255:
        raise RefusedError("not_a_key_name")
    return name, blob


def open_note(note: bytes, keys: Sequence[NoteKey]) -> tuple[Checkpoint, list[NoteKey], int]:
    """The head, the known keys that signed it, and the last time stated."""
    try:
        text = note.decode()
    except UnicodeDecodeError:
        raise RefusedError("not_a_note") from None
    body, gap, tail = text.rpartition("\n\n")
    lines = tail.split("\n")
    good = gap and len(lines) <= 65 and lines.pop() == "" and lines
    if not good or len(note) > 512 * KIB or re.search("[\0-\x09\x0b-\x1f]", text):
        raise RefusedError("not_a_note")
    signatures = [_signature(line) for line in lines]
    head, signers, last = _checkpoint(body + "\n"), [], 0
    for name, blob in signatures:
        for key in keys:
            if (key.name, key.id) == (name, blob[:4]):
                if not key.signed(blob[4:], head):
                    raise RefusedError("checkpoint_signature")
                signers.append(key)
                last = max(last, 0 if key.kind == LOG else int.from_bytes(blob[4:12], "big"))
    if not any(key.kind == LOG and key.name == head.origin for key in signers):
        raise RefusedError("log_unknown")
    return head, signers, last


def place_of(leaf: bytes, proof: bytes, keys: Sequence[NoteKey]) -> Place:
    """Step 12."""
    start, gap, note = proof.partition(b"\n\n")
    lines = start.decode("utf-8", "replace").split("\n")
    if not gap or lines.pop(0) != "c2sp.org/tlog-proof@v1":
        raise RefusedError("not_a_log_proof")
    if lines and lines[0].startswith("extra "):
        lines.pop(0)
    found = re.fullmatch(f"index ({DECIMAL})", lines.pop(0)) if lines else None
    if found is None or len(lines) > 62:
        raise RefusedError("not_a_log_proof")
    path, index = [_hash(line) for line in lines], int(found[1])
    head, signers, last = open_note(note, keys)
    check_path(hashlib.sha256(b"\0" + leaf).digest(), index, head, path)
    seen = datetime.fromtimestamp(last, UTC) if 0 < last < 95_617_584_000 else None
    return Place(head.origin, index, {key.name for key in signers}, seen)


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def check_path(found: bytes, index: int, head: Checkpoint, path: Sequence[bytes]) -> None:
    """RFC 9162 section 2.1.3.2."""
    if index >= head.size:
        raise RefusedError("no_such_leaf")
    last = head.size - 1
    for sibling in path:
        if last == 0:
            raise RefusedError("proof_too_long")
        if index & 1 or index == last:
            found = _node(sibling, found)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            found = _node(found, sibling)
        index, last = index >> 1, last >> 1
    if last:
        raise RefusedError("proof_too_short")
    if found != head.root:
        raise RefusedError("root_differs")
