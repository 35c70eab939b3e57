"""Proofs of inclusion as step 12, the compromise drill, and the witness."""

import base64
from dataclasses import replace
from typing import Any

import pytest

from signing.did_web import PublicKeyEntry
from signing.errors import (
    MalformedDocumentError,
)
from signing.merkle import MerkleTree, leaf_hash
from signing.signed_note import (
    ED25519,
    NoteSigner,
)
from signing.transparency_log import (
    Checkpoint,
    LogProof,
    log_entry,
    open_checkpoint,
    sign_checkpoint,
    verify_log_proof,
)
from signing.verify import examine
from signing.witness import add_checkpoint, origin_of
from tests.signing.log_world import (
    COSIGNER,
    COSIGNER_PQ,
    CREDENTIAL,
    HEAD,
    LOG,
    ORIGIN,
    PROOF,
    TREE,
    VERIFIERS,
    WITNESS,
    compromised,
    hashes,
    log_entries,
    logged,
)
from tests.signing.world import (
    AT,
    MAKER,
    MAKER_KEY,
    did_document,
    ed25519,
    entry,
    evidence,
    passport,
    signed,
    trust_list,
)


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
            replace(PROOF, checkpoint_note=sign_checkpoint(HEAD, [LOG], AT)).to_bytes(),
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


def test_what_was_logged_before_a_compromise_stays_valid_and_nothing_else() -> None:
    bare = signed(passport(credentialStatus=None))
    tree = MerkleTree(hashes(40))
    index = tree.append(log_entry(bare))
    head = Checkpoint(ORIGIN, len(tree), tree.root())
    proof = LogProof(index, tuple(tree.inclusion_proof(index)), sign_checkpoint(head, [LOG], AT))

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
    note = sign_checkpoint(Checkpoint(young.name, 1, tree.root()), [young], AT)
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
    return ("\n".join(lines) + "\n\n").encode() + sign_checkpoint(head, [signer], AT)


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
