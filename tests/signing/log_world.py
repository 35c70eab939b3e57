"""A log, its witness, and a credential in it, for the tests of everything about logs."""

from datetime import datetime
from typing import Any

from signing.did_web import PublicKeyEntry
from signing.keys.software_key import MlDsa44Key
from signing.merkle import MerkleTree, leaf_hash
from signing.signed_note import (
    ED25519,
    ED25519_COSIGNATURE,
    MLDSA44_COSIGNATURE,
    NoteSigner,
)
from signing.transparency_log import (
    Checkpoint,
    LogProof,
    log_entry,
    sign_checkpoint,
)
from signing.trust import TrustEntry, trusted_key
from tests.signing.world import (
    AT,
    MAKER,
    MAKER_KEY,
    did_document,
    ed25519,
    entry,
    passport,
    secret,
    signed,
)


def hashes(number: int) -> list[bytes]:
    return [leaf_hash(str(place).encode()) for place in range(number)]


TREE = MerkleTree(hashes(130))


ORIGIN = "log.maker.example"
WITNESS = "witness.regulator.example"
LOG = NoteSigner(ORIGIN, ED25519, ed25519("log"))
LOG_PQ = NoteSigner(ORIGIN, MLDSA44_COSIGNATURE, MlDsa44Key.from_secret(secret("log")))
COSIGNER = NoteSigner(WITNESS, ED25519_COSIGNATURE, ed25519("witness"))
COSIGNER_PQ = NoteSigner(WITNESS, MLDSA44_COSIGNATURE, MlDsa44Key.from_secret(secret("witness")))
SIGNERS = (LOG, LOG_PQ, COSIGNER, COSIGNER_PQ)
VERIFIERS = tuple(signer.verifier for signer in SIGNERS)
HEAD = Checkpoint(ORIGIN, 130, TREE.root())


CREDENTIAL = signed(passport())


def logged(*signers: NoteSigner, before: int = 100, after: int = 29, at: datetime = AT) -> LogProof:
    tree = MerkleTree(hashes(before))
    index = tree.append(log_entry(CREDENTIAL))
    for leaf in hashes(after):
        tree.append_hash(leaf)
    head = Checkpoint(ORIGIN, len(tree), tree.root())
    note = sign_checkpoint(head, signers or SIGNERS, at)
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


def compromised(cut: int | None, origin: str | None = ORIGIN) -> Any:
    """The maker's key was stolen; all from leaf ``cut`` on is void."""
    stolen = PublicKeyEntry(
        MAKER_KEY.public_jwk, revoked=AT, revoked_from_log_index=cut, revoked_in_log=origin
    )
    return did_document(MAKER, stolen)
