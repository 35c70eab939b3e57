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
from signing.status_list import status_entry
from tests.signing import content_assets as content
from tests.signing import envelope_assets as envelope
from tests.signing.asset_parts import (
    Asset,
    base_evidence,
    documents,
    good,
    lists,
    refused,
    status,
    status_lists,
    trust,
    with_header,
)
from tests.signing.world import (
    ASSETS,
    AT,
    INDEX,
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


def _secured(**proof: JsonValue) -> str:
    """Return the passport with an embedded proof, of which members were changed after it was made."""
    made: Any = add_proof(passport(), MAKER_KEY, MAKER, AT - timedelta(days=5))
    made["proof"].update(proof)
    return _text({**made, "proof": {k: v for k, v in made["proof"].items() if v is not None}})


def _text(document: JsonValue) -> str:
    return canonicalize(document).decode()


def embedded_assets() -> dict[str, Asset]:
    """The same passport with an embedded proof (ecdsa-jcs-2019)."""
    cases = [*_embedded_forgeries(), *_unusable_proofs()]
    assets = {
        f"embedded_{name}": refused(step, reason, credential)
        for name, step, reason, credential in cases
    }
    assets["good_embedded_proof"] = Asset(None, "not_withdrawn", "valid", _secured())
    return assets


def _embedded_forgeries() -> list[tuple[str, str, str, str]]:
    improved = _secured().replace('kg_co2e_per_kwh":61', 'kg_co2e_per_kwh":31')
    redated = _secured(created="2027-02-19T00:00:00Z")
    foreign = f"{STRANGER}#{from_jwk(STRANGER_KEY.public_jwk).multikey}"
    stolen = _text(add_proof(passport(), STRANGER_KEY, MAKER, AT))
    another = _secured(verificationMethod=foreign)
    return [
        ("footprint_improved", "signature", "signature_invalid", improved),
        ("proof_redated", "signature", "signature_invalid", redated),
        ("proof_of_another_issuer", "issuer_found", "key_not_found", another),
        ("proof_by_a_stranger", "issuer_found", "key_not_found", stolen),
    ]


def _unusable_proofs() -> list[tuple[str, str, str, str]]:
    without_method = _secured(verificationMethod=None)
    other_suite = _secured(cryptosuite="eddsa-jcs-2022")
    unknown_suite = _secured(cryptosuite="ecdsa-rdfc-2019")
    other_type = _secured(type="Ed25519Signature2020")
    authentication = _secured(proofPurpose="authentication")
    other_context = _secured(**{"@context": ["https://evil.example"]})
    made: Any = add_proof(passport(), MAKER_KEY, MAKER, AT - timedelta(days=5))
    two = _text({**made, "proof": [made["proof"], made["proof"]]})
    return [
        ("proof_without_method", "issuer_found", "key_not_found", without_method),
        ("proof_without_value", "parse", "not_multibase", _secured(proofValue=None)),
        ("proof_of_an_unknown_suite", "parse", "cryptosuite_unknown", unknown_suite),
        ("proof_of_another_type", "parse", "cryptosuite_unknown", other_type),
        ("proof_of_another_suite", "issuer_found", "key_type_mismatch", other_suite),
        ("proof_for_authentication", "parse", "proof_purpose", authentication),
        ("proof_of_another_context", "parse", "proof_context", other_context),
        ("proofs_two", "parse", "proof_missing", two),
    ]


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
    sized: JsonValue = {**status_entry(REVOCATION, "revocation", INDEX), "statusSize": 2}
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
        "status_entry_of_several_bits": Asset(
            "status", "status_purpose", "cannot_tell", status(sized)
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
