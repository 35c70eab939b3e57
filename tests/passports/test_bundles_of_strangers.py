"""Bundles whose maker chose what is in them: nothing in them that is not signed makes a signature good."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import pytest

from api.verifying_alone import verify_offline
from passports.verification.bundle import Bundle, write_bundle
from passports.verification.collection import CollectedEvidence
from signing.canonical import canonicalize
from signing.did_web import PublicKeyEntry
from signing.trust import TrustList
from tests.passports.page_agreement import believing, payload, text
from tests.signing.page import run, steps_of
from tests.signing.world import (
    AT,
    CERTIFIER,
    CERTIFIER_KEY,
    MAKER,
    MAKER_KEY,
    STRANGER_KEY,
    did_document,
    entry,
    signed,
    trust_list,
)

LISTED: Final = entry(scope=("BatteryPassport",))
# Empty keys leave the keys to the DID document.
OPEN: Final = replace(LISTED, keys=())
CERTIFIES: Final = replace(LISTED, role="certifier", scope=())
OTHER: Final = entry(CERTIFIER, CERTIFIER_KEY, "certifier", scope=(), gs1_prefixes=())


def bundle(key: Any) -> bytes:
    """A passport in the maker's name by some key, with a DID document that says the key is the maker's."""
    evidence = CollectedEvidence()
    document = did_document(MAKER, PublicKeyEntry(key.public_jwk))
    evidence.add_did_document(MAKER, canonicalize(document))
    credential = signed(payload(), key, MAKER)
    return write_bundle(Bundle(credentials=[credential], evidence=evidence), AT)


CANNOT_TELL: Final = ("cannot_tell", "did_document_missing", "no_trusted_key")
UNLISTED: Final = ("invalid", "did_document_missing", "no_trusted_key")
VALID: Final = ("valid", "keys_found", "signature_valid")

# Whom the verifier believes; what comes out for the forger's bundle, and for the maker's own.
CASES: Final[Mapping[str, tuple[TrustList | None, tuple[str, ...], tuple[str, ...]]]] = {
    "nobody": (None, CANNOT_TELL, CANNOT_TELL),
    "a maker by his DID alone": (trust_list(OPEN), CANNOT_TELL, CANNOT_TELL),
    "another alone": (trust_list(OTHER), UNLISTED, UNLISTED),
    "a maker by his keys": (
        trust_list(LISTED), ("invalid", "keys_found", "no_trusted_key"), VALID,
    ),
    # In the other role, whatever key the document names would do.
    "by his keys in one role and by his DID in another": (
        trust_list(LISTED, replace(CERTIFIES, keys=())),
        ("invalid", "key_not_found", "earlier_step_failed"),
        VALID,
    ),
    "by his keys in both": (
        trust_list(LISTED, CERTIFIES), ("invalid", "keys_found", "no_trusted_key"), VALID,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_did_document_in_a_bundle_vouches_for_nobody_whose_keys_are_not_listed(name: str) -> None:
    issuers, forged, own = CASES[name]
    bundles = [bundle(STRANGER_KEY), bundle(MAKER_KEY)]
    tasks = [{"kind": "offline", "data": text(data), **believing(issuers)} for data in bundles]
    for data, wanted, found in zip(bundles, (forged, own), run(tasks), strict=True):
        (report,) = verify_offline(data, issuers, AT)
        reasons = [report.step(step).reason_code for step in ("issuer_found", "signature")]
        assert (report.verdict, *reasons) == wanted
        assert [(r["verdict"], r["steps"]) for r in found["reports"]] == [
            (report.verdict, steps_of(report))
        ]
