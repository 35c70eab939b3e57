"""Bundles that were tampered with, each in one place, for whoever verifies them in a browser."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from api.verifying_alone import verify_offline
from passports.export import EXPORTS
from passports.trust import sign_trust_list
from passports.verification.bundle import read_bundle, write_bundle
from signing import base64url
from signing.report import VerificationReport
from tests.signing.world import ROOT_KEY
from tests.worlds import NOW, World

LATER: Final = NOW + timedelta(hours=1)


def exported(world: World) -> bytes:
    """Issue a batch and export its bundle, as the demonstration does."""
    world.issue("SN-1")
    signed = sign_trust_list(world.store, world.keyring, world.address, ROOT_KEY, NOW)
    return EXPORTS["bundle"](world.records(LATER), [world.credential()], signed, True, LATER)


def judged(world: World, bundle: bytes) -> VerificationReport:
    """Verify a bundle offline."""
    (report,) = verify_offline(bundle, world.trust_list(), LATER)
    return report


def rewritten(bundle: bytes, change: Callable[[Any], None]) -> bytes:
    """Change what a bundle holds, with a manifest that fits."""
    read = read_bundle(bundle)
    change(read)
    return write_bundle(read, LATER)


def improve_the_footprint(bundle: Any) -> None:
    header, payload, signature = bundle.credentials[0].split(b".")
    claims = base64url.decode(payload, "payload").replace(
        b'"kgCo2ePerKwh":0.', b'"kgCo2ePerKwh":0.0', 1
    )
    bundle.credentials[0] = b".".join([header, base64url.encode(claims), signature])


def flip_a_bit_of_the_status_list(bundle: Any) -> None:
    url, signed = next(iter(bundle.evidence.status_lists.items()))
    at = signed.index(b".") + 30
    bundle.evidence.status_lists[url] = signed[:at] + bytes([signed[at] ^ 1]) + signed[at + 1 :]


def take_another_leaf(bundle: Any) -> None:
    url, proof = next(iter(bundle.evidence.log_proofs.items()))
    bundle.evidence.log_proofs[url] = proof.replace(b"index 0", b"index 1")


def take_away_the_keys(bundle: Any) -> None:
    bundle.evidence.did_document_bytes.clear()


TAMPERED: Final[list[Callable[[Any], None]]] = [
    improve_the_footprint,
    flip_a_bit_of_the_status_list,
    take_another_leaf,
    take_away_the_keys,
]
