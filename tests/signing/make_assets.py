"""Makes the files in assets/: credentials with exactly one defect each, named after it.

``python tests/signing/make_assets.py`` writes them again; a test compares. Each file says at
which step and for which reason it must be refused, so that verifiers in other languages can use it
too.
"""

import json
from datetime import timedelta
from typing import Any

from signing.canonical import JsonValue, canonicalize
from signing.data_integrity import add_proof
from signing.did_web import PublicKeyEntry
from signing.keys.verifying_key import from_jwk
from tests.signing import content_assets as content
from tests.signing import envelope_assets as envelope
from tests.signing.asset_parts import (
    Asset,
    base_evidence,
    documents,
    good,
    lists,
    refused,
    status_lists,
    trust,
    with_header,
)
from tests.signing.world import (
    ASSETS,
    AT,
    MAKER,
    MAKER_KEY,
    REVOCATION,
    STRANGER,
    STRANGER_KEY,
    SUPERSEDED,
    did_document,
    ed25519,
    entry,
    passport,
    signed,
    status_list,
)


def embedded_assets() -> dict[str, Asset]:
    """The same passport with an embedded proof (ecdsa-jcs-2019)."""

    def secured(**proof: JsonValue) -> dict[str, Any]:
        made: Any = add_proof(passport(), MAKER_KEY, MAKER, AT - timedelta(days=5))
        made["proof"].update(proof)
        return {**made, "proof": {k: v for k, v in made["proof"].items() if v is not None}}

    def text(document: JsonValue) -> str:
        return canonicalize(document).decode()

    improved = text(secured()).replace('kg_co2e_per_kwh":61', 'kg_co2e_per_kwh":31')
    foreign = f"{STRANGER}#{from_jwk(STRANGER_KEY.public_jwk).multikey}"
    stolen = add_proof(passport(), STRANGER_KEY, MAKER, AT)
    twice: Any = secured()
    made = {
        "embedded_footprint_improved": ("signature", "signature_invalid", improved),
        "embedded_proof_redated": (
            "signature",
            "signature_invalid",
            text(secured(created="2027-02-19T00:00:00Z")),
        ),
        "embedded_proof_of_another_issuer": (
            "issuer_found",
            "key_not_found",
            text(secured(verificationMethod=foreign)),
        ),
        "embedded_proof_by_a_stranger": ("issuer_found", "key_not_found", text(stolen)),
        "embedded_proof_without_method": (
            "issuer_found",
            "key_not_found",
            text(secured(verificationMethod=None)),
        ),
        "embedded_proof_without_value": ("parse", "not_multibase", text(secured(proofValue=None))),
        "embedded_proof_of_an_unknown_suite": (
            "parse",
            "cryptosuite_unknown",
            text(secured(cryptosuite="ecdsa-rdfc-2019")),
        ),
        "embedded_proof_of_another_type": (
            "parse",
            "cryptosuite_unknown",
            text(secured(type="Ed25519Signature2020")),
        ),
        "embedded_proof_of_another_suite": (
            "issuer_found",
            "key_type_mismatch",
            text(secured(cryptosuite="eddsa-jcs-2022")),
        ),
        "embedded_proof_for_authentication": (
            "parse",
            "proof_purpose",
            text(secured(proofPurpose="authentication")),
        ),
        "embedded_proof_of_another_context": (
            "parse",
            "proof_context",
            text(secured(**{"@context": ["https://evil.example"]})),
        ),
        "embedded_proofs_two": (
            "parse",
            "proof_missing",
            text({**twice, "proof": [twice["proof"], twice["proof"]]}),
        ),
    }
    assets = {
        name: refused(step, reason, credential) for name, (step, reason, credential) in made.items()
    }
    assets["good_embedded_proof"] = Asset(None, "not_withdrawn", "valid", text(secured()))
    return assets


def accepted_assets() -> dict[str, Asset]:
    """What must be accepted, with a warning or without, or cannot be told: the other side."""
    other = ed25519("maker")
    both = documents(
        maker=did_document(
            MAKER, PublicKeyEntry(MAKER_KEY.public_jwk), PublicKeyEntry(other.public_jwk)
        )
    )
    trusting = {**trust(entry(keys=())), **both}
    stale = status_list(valid_from=AT - timedelta(days=20))
    ended = trust(entry(valid_until=AT - timedelta(days=1)))
    old_list = trust(valid_until=AT - timedelta(days=1))
    without = {url: text for url, text in status_lists().items() if url != REVOCATION}
    return {
        "good": Asset(None, "not_withdrawn", "valid", good()),
        "good_without_kid": Asset(None, "not_withdrawn", "valid", with_header(kid=None)),
        "good_legacy_typ": Asset(None, "not_withdrawn", "valid", with_header(typ="vc-ld+jwt")),
        "good_eddsa_without_kid": Asset(
            None,
            "not_withdrawn",
            "valid",
            with_header(key=other, alg="EdDSA", kid=None, cty=None),
            trusting,
        ),
        "good_unknown_header": Asset(None, "not_withdrawn", "valid", with_header(note="x")),
        "good_offline_without_did_document": Asset(
            None, "not_withdrawn", "valid", good(), {"didDocuments": {}}
        ),
        "superseded": Asset(
            "version", "superseded", "valid_with_warnings", signed(passport(SUPERSEDED)).decode()
        ),
        "status_list_stale": Asset(
            "status", "status_list_stale", "valid_with_warnings", good(), lists(revocation=stale)
        ),
        "trust_ended": Asset("issuer_trusted", "trust_ended", "valid_with_warnings", good(), ended),
        "trust_list_stale": Asset(
            "issuer_trusted", "trust_list_stale", "valid_with_warnings", good(), old_list
        ),
        "no_trust_list": Asset(
            "issuer_trusted", "no_trust_list", "valid_with_warnings", good(), {"trustList": None}
        ),
        "status_list_missing": Asset(
            "status", "status_list_missing", "cannot_tell", good(), {"statusLists": without}
        ),
        "nothing_known_of_the_issuer": Asset(
            "issuer_found",
            "did_document_missing",
            "cannot_tell",
            good(),
            {"didDocuments": {}, "trustList": None},
        ),
    }


def all_assets() -> dict[str, Asset]:
    """Every asset by its name."""
    return {
        **envelope.parse_assets(),
        **envelope.format_assets(),
        **envelope.algorithm_assets(),
        **content.issuer_assets(),
        **content.signature_assets(),
        **content.content_assets(),
        **content.status_assets(),
        **embedded_assets(),
        **accepted_assets(),
    }


def files() -> dict[str, str]:
    """The content of every file in assets/credentials/."""
    documents: dict[str, Any] = {"_evidence": base_evidence()}
    documents.update({name: asset.to_document() for name, asset in all_assets().items()})
    return {
        f"{name}.json": json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
        for name, document in documents.items()
    }


if __name__ == "__main__":
    folder = ASSETS / "credentials"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.json"):
        old.unlink()
    for name, text in files().items():
        (folder / name).write_text(text, encoding="utf-8")
