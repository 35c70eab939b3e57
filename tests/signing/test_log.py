"""The log: RFC 6962 trees and proofs, C2SP tiles, notes, checkpoints, witnesses, and step 12."""

import base64
import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import merkle, tiles
from signing.did_web import PublicKeyEntry
from signing.errors import (
    InvalidInclusionError,
    KeyUnavailableError,
    MalformedDocumentError,
    SigningError,
)
from signing.keys.software_key import MlDsa44Key
from signing.keys.verifying_key import from_jwk
from signing.merkle import EMPTY_ROOT, Frontier, MerkleTree, leaf_hash, node_hash
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
    log_entry,
    open_checkpoint,
    sign_checkpoint,
    verify_log_proof,
)
from signing.trust import TrustEntry, trusted_key
from signing.verify import examine
from signing.witness import add_checkpoint, origin_of
from tests.signing.world import (
    AT,
    MAKER,
    MAKER_KEY,
    did_document,
    ed25519,
    entry,
    evidence,
    passport,
    secret,
    signed,
    trust_list,
)

# The leaves and roots of the reference implementation of RFC 6962 (certificate-transparency,
# merkletree tests).
LEAVES = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def hashes(number: int) -> list[bytes]:
    return [leaf_hash(str(place).encode()) for place in range(number)]


TREE = MerkleTree(hashes(130))


def defined_root(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, word for word: the oracle for everything that is faster."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(defined_root(leaves[:split]), defined_root(leaves[split:]))


def defined_path(place: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 6962 section 2.1.1, word for word."""
    if len(leaves) == 1:
        return []
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if place < split:
        return [*defined_path(place, leaves[:split]), defined_root(leaves[split:])]
    return [*defined_path(place - split, leaves[split:]), defined_root(leaves[:split])]


def defined_consistency(old: int, leaves: list[bytes], *, whole: bool = True) -> list[bytes]:
    """RFC 6962 section 2.1.2, word for word."""
    if old == len(leaves):
        return [] if whole else [defined_root(leaves)]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if old <= split:
        left = defined_consistency(old, leaves[:split], whole=whole)
        return [*left, defined_root(leaves[split:])]
    right = defined_consistency(old - split, leaves[split:], whole=False)
    return [*right, defined_root(leaves[:split])]


# --- trees -----------------------------------------------------------------------------------


def test_the_roots_are_those_of_the_reference_implementation() -> None:
    tree = MerkleTree()
    assert tree.root() == EMPTY_ROOT
    for size, (leaf, root) in enumerate(zip(LEAVES, ROOTS, strict=True), start=1):
        assert tree.append(bytes.fromhex(leaf)) == size - 1
        assert tree.root().hex() == root
    assert [tree.root(size).hex() for size in range(1, 9)] == ROOTS
    assert len(tree) == 8


def test_all_proofs_of_all_small_trees_are_those_of_the_definition() -> None:
    leaves = hashes(34)
    for size in range(1, 35):
        root = TREE.root(size)
        assert root == defined_root(leaves[:size])
        for index in range(size):
            proof = TREE.inclusion_proof(index, size)
            assert proof == defined_path(index, leaves[:size])
            merkle.verify_inclusion(leaves[index], index, size, proof, root)
        for old in range(1, size + 1):
            proof = TREE.consistency_proof(old, size)
            assert proof == defined_consistency(old, leaves[:size])
            merkle.verify_consistency(old, size, proof, TREE.root(old), root)


@settings(max_examples=60)
@given(st.data())
def test_a_changed_proof_of_inclusion_shows_nothing(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 130))
    index = data.draw(st.integers(0, size - 1))
    leaf, root = hashes(size)[index], TREE.root(size)
    proof = TREE.inclusion_proof(index, size)
    merkle.verify_inclusion(leaf, index, size, proof, root)
    wrong: list[tuple[bytes, int, int, list[bytes]]] = [
        (leaf_hash(b"another"), index, size, proof),
        (leaf, index, size, [*proof, bytes(32)]),
        (leaf, size, size, proof),
        (leaf, -1, size, proof),
    ]
    if proof:
        place = data.draw(st.integers(0, len(proof) - 1))
        wrong += [
            (leaf, index, size, proof[:-1]),
            (leaf, index, size, [*proof[:place], bytes(32), *proof[place + 1 :]]),
            (leaf, index ^ 1, size, proof),
        ]
    for arguments in wrong:
        with pytest.raises(InvalidInclusionError):
            merkle.verify_inclusion(*arguments, root)


@settings(max_examples=60)
@given(st.data())
def test_a_changed_proof_of_consistency_shows_nothing(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 130))
    old = data.draw(st.integers(1, size))
    proof, old_root, root = TREE.consistency_proof(old, size), TREE.root(old), TREE.root(size)
    merkle.verify_consistency(old, size, proof, old_root, root)
    wrong: list[tuple[int, int, list[bytes], bytes, bytes]] = [
        (old, size, [*proof, bytes(32)], old_root, root),
        (old, size, proof, bytes(32), root),
        (old, size, proof, old_root, bytes(32)),
        (size + 1, size, proof, old_root, root),
        (-1, size, proof, old_root, root),
    ]
    if proof:
        place = data.draw(st.integers(0, len(proof) - 1))
        changed = [*proof[:place], bytes(32), *proof[place + 1 :]]
        wrong += [(old, size, proof[:-1], old_root, root), (old, size, changed, old_root, root)]
    for arguments in wrong:
        with pytest.raises(InvalidInclusionError):
            merkle.verify_consistency(*arguments)


def test_the_empty_tree_is_consistent_with_every_tree() -> None:
    assert TREE.consistency_proof(0) == []
    merkle.verify_consistency(0, 130, [], EMPTY_ROOT, TREE.root())
    with pytest.raises(InvalidInclusionError):
        merkle.verify_consistency(0, 130, [], TREE.root(), TREE.root())
    with pytest.raises(InvalidInclusionError):
        TREE.consistency_proof(131)
    with pytest.raises(InvalidInclusionError):
        TREE.inclusion_proof(130)


def test_the_right_edge_alone_appends_like_the_whole_tree() -> None:
    frontier = Frontier()
    assert frontier.root() == EMPTY_ROOT
    for size, leaf in enumerate(hashes(130), start=1):
        assert frontier.append_hash(leaf) == size - 1
        frontier = Frontier(frontier.size, tuple(frontier.edge))  # as it would be stored
        assert frontier.root() == TREE.root(size)
    with pytest.raises(InvalidInclusionError):
        Frontier(3, [bytes(32)])
    with pytest.raises(InvalidInclusionError):
        Frontier(-1)


# --- tiles -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("index", "path"),
    [(0, "000"), (7, "007"), (999, "999"), (1000, "x001/000"), (1234067, "x001/x234/067")],
)
def test_paths_are_those_of_the_specification(index: int, path: str) -> None:
    assert tiles.index_path(index) == path
    assert tiles.tile_path(2, index) == f"tile/2/{path}"
    assert tiles.tile_path(0, index, 17) == f"tile/0/{path}.p/17"
    assert tiles.entries_path(index, 3) == f"tile/entries/{path}.p/3"
    assert tiles.entries_path(index) == f"tile/entries/{path}"


def test_a_tree_of_70000_leaves_has_the_tiles_of_the_specification() -> None:
    made = list(tiles.tiles_for_growth(0, 70_000))
    full = [(level, width) for level, _, width in made if width == 256]
    assert full.count((0, 256)) == 273
    assert full.count((1, 256)) == 1
    assert [item for item in made if item[2] != 256] == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    assert list(tiles.tiles_for_growth(0, 256)) == [(0, 0, 256), (1, 0, 1)]
    assert list(tiles.tiles_for_growth(300, 300)) == []
    assert list(tiles.tiles_for_growth(0, 0)) == []


def test_a_log_published_as_tiles_gives_the_same_proofs() -> None:
    tree = MerkleTree(hashes(1))
    published: dict[str, bytes] = {}
    size = 1
    for grown in (1, 2, 255, 256, 257, 600, 1000):
        for place in range(len(tree), grown):
            tree.append(str(place).encode())
        for level, index, width in tiles.tiles_for_growth(0 if grown == 1 else size, grown):
            published[tiles.tile_path(level, index, width)] = tiles.tile(tree, level, index, width)
        size = grown
        read = tiles.TiledTree(size, published.__getitem__)
        assert merkle.root(read, size) == tree.root()
        assert merkle.root(read, size) == tree.root()  # now from the tiles it has kept
        for index in {0, size // 2, size - 1}:
            assert merkle.inclusion_proof(read, index, size) == tree.inclusion_proof(index)
        for old in {1, size // 2 + 1, size}:
            assert merkle.consistency_proof(read, old, size) == tree.consistency_proof(old)
    assert len(published["tile/0/000"]) == 8192


def test_a_tile_of_the_wrong_length_is_refused() -> None:
    read = tiles.TiledTree(3, lambda _: bytes(64))
    with pytest.raises(InvalidInclusionError):
        read.node(0, 0)


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_bundles_of_entries_there_and_back(entries: list[bytes]) -> None:
    bundle = tiles.entry_bundle(entries)
    assert tiles.entries_of(bundle) == entries
    if bundle:
        with pytest.raises(InvalidInclusionError):
            tiles.entries_of(bundle + b"\x00")
        with pytest.raises(InvalidInclusionError):
            tiles.entries_of(bundle + b"\x00\x05abc")


def test_an_entry_too_long_for_a_bundle_is_refused() -> None:
    with pytest.raises(InvalidInclusionError):
        tiles.entry_bundle([bytes(65_536)])


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

ORIGIN = "log.maker.example"
WITNESS = "witness.regulator.example"
LOG = NoteSigner(ORIGIN, ED25519, ed25519("log"))
LOG_PQ = NoteSigner(ORIGIN, MLDSA44_COSIGNATURE, MlDsa44Key.from_secret(secret("log")))
COSIGNER = NoteSigner(WITNESS, ED25519_COSIGNATURE, ed25519("witness"))
COSIGNER_PQ = NoteSigner(WITNESS, MLDSA44_COSIGNATURE, MlDsa44Key.from_secret(secret("witness")))
SIGNERS = (LOG, LOG_PQ, COSIGNER, COSIGNER_PQ)
VERIFIERS = tuple(signer.verifier for signer in SIGNERS)
HEAD = Checkpoint(ORIGIN, 130, TREE.root())


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
        open_checkpoint(sign_checkpoint(HEAD, [other]), [other.verifier])


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
    opened = open_checkpoint(sign_checkpoint(HEAD, [LOG]) + line, VERIFIERS)
    assert opened.witnessed_at is None
    now = cosignature(HEAD, COSIGNER)
    opened = open_checkpoint(sign_checkpoint(HEAD, [LOG]) + now.encode(), VERIFIERS)
    assert opened.witnessed_at is not None
    assert abs(opened.witnessed_at - datetime.now(UTC)) < timedelta(minutes=1)


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


# --- proofs and step 12 ----------------------------------------------------------------------

CREDENTIAL = signed(passport())


def logged(*signers: NoteSigner, before: int = 100, after: int = 29) -> LogProof:
    tree = MerkleTree(hashes(before))
    index = tree.append(log_entry(CREDENTIAL))
    for leaf in hashes(after):
        tree.append_hash(leaf)
    head = Checkpoint(ORIGIN, len(tree), tree.root())
    note = sign_checkpoint(head, signers or SIGNERS, AT)
    return LogProof(index, tuple(tree.inclusion_proof(index)), note)


PROOF = logged()


def log_entries(*, witness: bool = True) -> tuple[TrustEntry, ...]:
    def keys(*signers: NoteSigner) -> Any:
        return tuple(trusted_key(PublicKeyEntry(signer.key.public_jwk)) for signer in signers)

    # Keys of a kind that signs no checkpoints, or that were compromised, verify nothing here.
    others = (
        trusted_key(PublicKeyEntry(MAKER_KEY.public_jwk)),
        trusted_key(PublicKeyEntry(ed25519("lost").public_jwk, revoked=AT)),
    )
    log = entry(ORIGIN, role="log", keys=(*keys(LOG, LOG_PQ), *others), scope=())
    seen = entry(WITNESS, role="witness", keys=keys(COSIGNER, COSIGNER_PQ), scope=())
    return (log, seen) if witness else (log,)


def test_a_log_proof_there_and_back() -> None:
    text = PROOF.to_bytes()
    assert LogProof.parse(text) == PROOF
    assert text.startswith(b"c2sp.org/tlog-proof@v1\nindex 100\n")
    with_extra = text.replace(b"\nindex", b"\nextra AAAA\nindex")
    assert LogProof.parse(with_extra) == PROOF
    opened = verify_log_proof(log_entry(CREDENTIAL), PROOF, VERIFIERS)
    assert opened.checkpoint.size == 130


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"c2sp.org/tlog-proof@v1\n\n",
        b"c2sp.org/tlog-proof@v1\nextra AAAA\n\n",
        b"c2sp.org/tlog-proof@v2\nindex 1\n\n",
        b"c2sp.org/tlog-proof@v1\nindex 01\n\n",
        b"c2sp.org/tlog-proof@v1\nplace 1\n\n",
        b"c2sp.org/tlog-proof@v1\nindex 1\nAAAA\n\n",
        b"c2sp.org/tlog-proof@v1\nindex 1\n" + b"A" * 43 + b"=\n" * 70 + b"\n",
    ],
)
def test_a_log_proof_that_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedDocumentError):
        LogProof.parse(data)


def test_step_12_names_log_place_and_witnesses() -> None:
    known = evidence(log_proof=PROOF.to_bytes(), trust_list=trust_list(entry(), *log_entries()))
    step = examine(CREDENTIAL, known, at=AT).step("log_inclusion")
    assert (step.outcome, step.reason_code) == ("passed", "included")
    assert f"leaf 100 of 130 in {ORIGIN}" in step.message
    assert WITNESS in step.message


def test_step_12_warns_when_no_known_witness_has_seen_the_head() -> None:
    proof = logged(LOG).to_bytes()
    known = evidence(log_proof=proof, trust_list=trust_list(entry(), *log_entries()))
    report = examine(CREDENTIAL, known, at=AT)
    assert report.step("log_inclusion").reason_code == "not_witnessed"
    assert report.verdict == "valid_with_warnings"
    alone = evidence(log_proof=proof, trust_list=trust_list(entry(), *log_entries(witness=False)))
    assert examine(CREDENTIAL, alone, at=AT).step("log_inclusion").outcome == "passed"


@pytest.mark.parametrize(
    ("proof", "reason"),
    [
        (b"nonsense", "not_a_log_proof"),
        (replace(PROOF, index=99).to_bytes(), "root_differs"),
        (replace(PROOF, index=200).to_bytes(), "no_such_leaf"),
        (replace(PROOF, hashes=PROOF.hashes[:-1]).to_bytes(), "proof_too_short"),
        (replace(PROOF, hashes=(*PROOF.hashes, bytes(32))).to_bytes(), "proof_too_long"),
        (
            replace(PROOF, checkpoint_note=sign_checkpoint(HEAD, [LOG])).to_bytes(),
            "root_differs",
        ),
        (replace(PROOF, checkpoint_note=b"x").to_bytes(), "not_a_note"),
        (logged(NoteSigner(ORIGIN, ED25519, ed25519("forger"))).to_bytes(), "log_unknown"),
    ],
)
def test_step_12_refuses_a_proof_that_does_not_hold(proof: bytes, reason: str) -> None:
    known = evidence(log_proof=proof, log_keys=tuple(v.text for v in VERIFIERS))
    report = examine(CREDENTIAL, known, at=AT)
    assert report.failed_step is not None
    assert report.failed_step.step == "log_inclusion"
    assert report.failed_step.reason_code == reason


def test_step_12_is_not_checked_without_a_known_log() -> None:
    for known in (
        evidence(log_proof=PROOF.to_bytes()),
        evidence(log_proof=PROOF.to_bytes(), trust_list=None),
        evidence(log_proof=PROOF.to_bytes(), log_keys=(COSIGNER.verifier.text,)),
    ):
        report = examine(CREDENTIAL, known, at=AT)
        assert report.step("log_inclusion").reason_code == "no_known_log"
    broken = evidence(log_proof=PROOF.to_bytes(), log_keys=("x",))
    assert examine(CREDENTIAL, broken, at=AT).step("log_inclusion").outcome == "failed"


def test_a_head_is_opened_once_for_all_proofs_that_end_in_it() -> None:
    known = evidence(log_proof=PROOF.to_bytes(), log_keys=(LOG.verifier.text,))
    for _ in range(2):
        assert examine(CREDENTIAL, known, at=AT).step("log_inclusion").outcome == "passed"
    assert len(known.opened_checkpoints) == 1


def test_a_proof_of_another_credential_is_refused() -> None:
    known = evidence(log_proof=PROOF.to_bytes(), log_keys=(LOG.verifier.text,))
    other = signed(passport(id="urn:other"))
    report = examine(other, known, at=AT)
    assert report.step("log_inclusion").reason_code == "root_differs"


# --- the compromise drill --------------------------------------------------------------------


def compromised(cut: int | None, origin: str | None = ORIGIN) -> Any:
    """The maker's key was stolen; all from leaf ``cut`` on is void."""
    stolen = PublicKeyEntry(
        MAKER_KEY.public_jwk, revoked=AT, revoked_from_log_index=cut, revoked_in_log=origin
    )
    return did_document(MAKER, stolen)


def test_what_was_logged_before_a_compromise_stays_valid_and_nothing_else() -> None:
    bare = signed(passport(credentialStatus=None))
    tree = MerkleTree(hashes(40))
    index = tree.append(log_entry(bare))
    head = Checkpoint(ORIGIN, len(tree), tree.root())
    proof = LogProof(index, tuple(tree.inclusion_proof(index)), sign_checkpoint(head, [LOG]))

    def verdict(document: Any, log_proof: bytes | None = proof.to_bytes(), **changes: Any) -> str:
        known = evidence(
            did_documents={MAKER: document},
            log_proof=log_proof,
            log_keys=(LOG.verifier.text,),
            **changes,
        )
        report = examine(bare, known, at=AT)
        if report.verdict == "invalid":
            assert report.failed_step is not None
            assert report.failed_step.reason_code == "key_revoked"
        return report.verdict

    assert verdict(compromised(41)) == "valid"
    assert verdict(compromised(41, None)) == "valid"  # one log is known: no doubt which is meant
    assert verdict(compromised(40)) == "invalid"  # logged at the cut: too late
    assert verdict(compromised(None)) == "invalid"
    assert verdict(compromised(41), None) == "invalid"  # backdated, but never logged
    assert verdict(compromised(41), b"nonsense") == "invalid"
    assert verdict(compromised(41, "other.example")) == "invalid"
    # The trust list's word goes before the owner's.
    later = replace(entry().keys[0], revoked=AT, revoked_from_log_index=40, revoked_in_log=ORIGIN)
    assert verdict(compromised(41), trust_list=trust_list(entry(keys=(later,)))) == "invalid"
    assert verdict(did_document(), trust_list=trust_list(entry(keys=(later,)))) == "invalid"


def test_with_two_known_logs_the_owner_must_say_which_one_is_meant() -> None:
    young = NoteSigner("young.example", ED25519, ed25519("young"))
    bare = signed(passport(credentialStatus=None))
    tree = MerkleTree([leaf_hash(log_entry(bare))])
    note = sign_checkpoint(Checkpoint(young.name, 1, tree.root()), [young])
    known = evidence(
        did_documents={MAKER: compromised(41, None)},
        log_proof=LogProof(0, (), note).to_bytes(),
        log_keys=(LOG.verifier.text, young.verifier.text),
    )
    report = examine(bare, known, at=AT)
    assert report.step("signature").reason_code == "key_revoked"


def test_a_status_list_signed_with_a_compromised_key_is_refused() -> None:
    fresh = ed25519("fresh")
    document = did_document(
        MAKER,
        PublicKeyEntry(fresh.public_jwk),
        PublicKeyEntry(
            MAKER_KEY.public_jwk, revoked=AT, revoked_from_log_index=101, revoked_in_log=ORIGIN
        ),
    )
    known = evidence(
        did_documents={MAKER: document},
        log_proof=PROOF.to_bytes(),
        log_keys=(LOG.verifier.text,),
    )
    report = examine(CREDENTIAL, known, at=AT)
    assert report.step("signature").outcome == "passed"
    assert report.step("status").reason_code == "status_list_key_revoked"


# --- the witness -----------------------------------------------------------------------------


def request(old: int, size: int, *, signer: NoteSigner = LOG, tree: MerkleTree = TREE) -> bytes:
    head = Checkpoint(signer.name, size, tree.root(size))
    proof = tree.consistency_proof(old, size) if old <= size else []
    lines = [f"old {old}", *(base64.b64encode(item).decode() for item in proof)]
    return ("\n".join(lines) + "\n\n").encode() + sign_checkpoint(head, [signer])


def ask(data: bytes, remembered: Checkpoint | None) -> Any:
    return add_checkpoint(
        data, remembered=remembered, logs=[LOG.verifier], signers=[COSIGNER, COSIGNER_PQ], at=AT
    )


def test_a_witness_follows_a_log_and_its_cosignatures_are_accepted() -> None:
    remembered = None
    for old, size in ((0, 7), (7, 7), (7, 64), (64, 130)):
        data = request(old, size)
        answer = ask(data, remembered)
        assert answer.status == 200
        remembered = answer.remember
        assert remembered == Checkpoint(ORIGIN, size, TREE.root(size))
        assert origin_of(data) == ORIGIN
        note = data.partition(b"\n\n")[2] + answer.body.encode()
        opened = open_checkpoint(note, VERIFIERS)
        assert opened.witnesses == (WITNESS,)
        assert opened.witnessed_at == AT


def test_a_witness_refuses_what_does_not_continue_what_it_has_seen() -> None:
    seen = Checkpoint(ORIGIN, 64, TREE.root(64))
    forked = MerkleTree([leaf_hash(b"fork"), *hashes(130)[1:]])
    stranger = NoteSigner("stranger.example", ED25519, ed25519("stranger"))
    forger = NoteSigner(ORIGIN, ED25519, ed25519("forger"))
    assert ask(b"", seen).status == 400
    assert ask(b"old 1\n" + b"AAAA\n\n", seen).status == 400
    assert ask(request(200, 130), seen).status == 400
    assert ask(request(64, 130, signer=stranger), seen).status == 404
    assert ask(request(64, 130, signer=forger), seen).status == 403
    conflict = ask(request(7, 130), seen)
    assert (conflict.status, conflict.body, conflict.content_type) == (
        409,
        "64\n",
        "text/x.tlog.size",
    )
    assert ask(request(64, 64, tree=forked), seen).status == 409
    split_view = ask(request(64, 130, tree=forked), seen)
    assert split_view.status == 422
    assert split_view.remember is None
