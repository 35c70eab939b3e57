"""Signed notes and checkpoints: read, signed, cosigned, refused."""

import base64
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing.errors import (
    InvalidInclusionError,
    KeyUnavailableError,
    MalformedDocumentError,
    SigningError,
)
from signing.keys.verifying_key import from_jwk
from signing.signed_note import (
    ED25519,
    ED25519_COSIGNATURE,
    MLDSA44_COSIGNATURE,
    NoteSigner,
    NoteVerifier,
    split_note,
    verified_by,
)
from signing.transparency_log import (
    Checkpoint,
    LogProof,
    cosignature,
    open_checkpoint,
    sign_checkpoint,
)
from signing.witness import add_checkpoint, origin_of
from tests.signing.log_world import (
    COSIGNER,
    COSIGNER_PQ,
    HEAD,
    LOG,
    LOG_PQ,
    ORIGIN,
    SIGNERS,
    TREE,
    VERIFIERS,
    WITNESS,
)
from tests.signing.world import (
    AT,
    MAKER_KEY,
    ed25519,
)

# --- notes and checkpoints -------------------------------------------------------------------

# The example of golang.org/x/mod/sumdb/note.
NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NEUMANN_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\N{EM DASH} PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
).encode()


def as_text(kind: int, text: str, name: str, time: int) -> bytes:
    assert (kind, name, time) == (ED25519, "PeterNeumann", 0)
    return text.encode()


def test_the_note_of_the_go_library_is_verified() -> None:
    verifier = NoteVerifier.parse(NEUMANN)
    assert verifier.text == NEUMANN
    assert verified_by(NEUMANN_NOTE, [verifier], as_text) == ((verifier, 0),)
    with pytest.raises(InvalidInclusionError):
        verified_by(NEUMANN_NOTE.replace(b"your problem,", b"my problem,"), [verifier], as_text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name+00000000",
        NEUMANN.replace("c74f20a3", "c74f20a4"),
        NEUMANN.replace("PeterNeumann", ""),
        NEUMANN[:-4],
        "x+00000000+" + base64.b64encode(b"\x02" + bytes(32)).decode(),
        "x+00000000+AA==",
        "x+00000000+",
        "x+00000000+ä",
    ],
)
def test_a_verifier_key_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(MalformedDocumentError):
        NoteVerifier.parse(text)


def test_verifier_keys_there_and_back() -> None:
    for verifier in VERIFIERS:
        assert NoteVerifier.parse(verifier.text) == verifier
    with pytest.raises(KeyUnavailableError):
        _ = NoteSigner(ORIGIN, ED25519, LOG_PQ.key).verifier
    with pytest.raises(KeyUnavailableError):
        _ = NoteSigner(ORIGIN, ED25519, MAKER_KEY).verifier
    with pytest.raises(MalformedDocumentError):
        _ = NoteSigner("two words", ED25519, LOG.key).verifier


def test_a_checkpoint_is_signed_by_the_log_and_cosigned_by_witnesses() -> None:
    note = sign_checkpoint(HEAD, SIGNERS, AT)
    opened = open_checkpoint(note, VERIFIERS)

    assert opened.checkpoint == HEAD
    assert opened.witnesses == (WITNESS,)
    assert opened.witnessed_at == AT
    assert {kind for _, kind in opened.signers} == {
        ED25519,
        ED25519_COSIGNATURE,
        MLDSA44_COSIGNATURE,
    }
    assert note.startswith(f"{ORIGIN}\n130\n".encode())
    # Whoever knows the log alone ignores the others, and sees no time.
    alone = open_checkpoint(note, [LOG.verifier])
    assert (alone.witnesses, alone.witnessed_at) == ((), None)


def test_what_cosignatures_are_made_over_is_what_the_specification_says() -> None:
    time = int(AT.timestamp())
    text = HEAD.text
    _, signatures = split_note(sign_checkpoint(HEAD, SIGNERS, AT))
    ed = signatures[2].signature
    assert ed[:8] == time.to_bytes(8)
    message = f"cosignature/v1\ntime {time}\n{text}".encode()
    from_jwk(COSIGNER.key.public_jwk).verify(ed[8:], message)

    pq = signatures[3].signature
    assert len(pq) == 8 + 2420
    assembled = b"subtree/v1\n\0" + bytes([25]) + WITNESS.encode() + time.to_bytes(8)
    assembled += bytes([17]) + ORIGIN.encode() + bytes(8) + (130).to_bytes(8) + TREE.root()
    from_jwk(COSIGNER_PQ.key.public_jwk).verify(pq[8:], assembled)

    key_id = hashlib.sha256(
        WITNESS.encode() + b"\n\x04" + base64.urlsafe_b64decode(COSIGNER.key.public_jwk["x"] + "=")
    ).digest()[:4]
    assert signatures[2].key_id == key_id


def test_a_checkpoint_without_a_known_log_is_refused() -> None:
    note = sign_checkpoint(HEAD, SIGNERS, AT)
    for verifiers in ([], [COSIGNER.verifier], [LOG_PQ.verifier]):
        with pytest.raises(InvalidInclusionError) as refused:
            open_checkpoint(note, verifiers)
        assert refused.value.reason == "log_unknown"
    other = NoteSigner("other.example", ED25519, LOG.key)
    with pytest.raises(InvalidInclusionError):
        open_checkpoint(sign_checkpoint(HEAD, [other], AT), [other.verifier])


def test_one_wrong_signature_of_a_known_key_refuses_the_whole_note() -> None:
    forged = NoteSigner(WITNESS, ED25519_COSIGNATURE, ed25519("forger"))
    line = forged.line(bytes(72)).encode()
    note = sign_checkpoint(HEAD, [LOG], AT)
    assert open_checkpoint(note + line, VERIFIERS).checkpoint == HEAD  # another key: ignored
    stolen = COSIGNER.line(bytes(72)).encode()
    with pytest.raises(InvalidInclusionError) as refused:
        open_checkpoint(note + stolen, VERIFIERS)
    assert refused.value.reason == "checkpoint_signature"


def test_a_time_beyond_all_calendars_is_no_time() -> None:
    text = HEAD.text
    time = 2**62
    message = f"cosignature/v1\ntime {time}\n{text}".encode()
    line = COSIGNER.line(time.to_bytes(8) + COSIGNER.key.sign(message)).encode()
    opened = open_checkpoint(sign_checkpoint(HEAD, [LOG], AT) + line, VERIFIERS)
    assert opened.witnessed_at is None
    timely = cosignature(HEAD, COSIGNER, AT)
    opened = open_checkpoint(sign_checkpoint(HEAD, [LOG], AT) + timely.encode(), VERIFIERS)
    assert opened.witnessed_at == AT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n1\n",
        "a\n01\nAAAA\n",
        "a\n-1\nAAAA\n",
        "\n1\nAAAA\n",
        "a\n1\nAAAA\n",
        "a\n1\nAAAA",
        HEAD.text + "more\n",
    ],
)
def test_a_checkpoint_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(MalformedDocumentError):
        Checkpoint.parse(text)


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"text\n",
        b"text\n\n",
        b"text\n\nno dash\n",
        "text\n\n\N{EM DASH} name\n".encode(),
        "text\n\n\N{EM DASH} name AAAA\n".encode(),
        "text\n\n\N{EM DASH}  AAAAAAAA\n".encode(),
        "text\n\n\N{EM DASH} a+b AAAAAAAA\n".encode(),
        "text\n\n\N{EM DASH} name AAAAAAAA".encode(),
        b"text\r\n\n" + NEUMANN_NOTE[-120:],
        b"\xff" + NEUMANN_NOTE,
        NEUMANN_NOTE + NEUMANN_NOTE.split(b"\n\n")[1] * 70,
        bytes(600_000),
    ],
)
def test_a_note_that_is_none_is_refused(note: bytes) -> None:
    with pytest.raises(MalformedDocumentError):
        split_note(note)


NOTE = sign_checkpoint(HEAD, [LOG, COSIGNER], AT)


@settings(max_examples=150)
@given(st.integers(0, len(NOTE) * 8 - 1))
def test_a_flipped_bit_in_a_checkpoint_never_changes_what_is_believed(bit: int) -> None:
    flipped = bytearray(NOTE)
    flipped[bit // 8] ^= 1 << bit % 8
    try:
        opened = open_checkpoint(bytes(flipped), VERIFIERS)
    except (MalformedDocumentError, InvalidInclusionError):
        return
    assert opened.checkpoint == HEAD  # at most a cosignature is no longer recognised


@given(st.binary(max_size=200))
def test_any_bytes_are_a_note_a_proof_and_a_request_or_refused(data: bytes) -> None:
    for read in (split_note, LogProof.parse, origin_of):
        try:
            read(data)
        except SigningError:
            continue
    answer = add_checkpoint(data, remembered=None, logs=VERIFIERS, signers=[], at=AT)
    assert answer.status in {400, 404}
