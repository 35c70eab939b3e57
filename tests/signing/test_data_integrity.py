"""The JCS cryptosuites against the W3C vectors, at every step, and through the verifier."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import multibase
from signing.canonical import canonicalize
from signing.cryptosuites import CRYPTOSUITES
from signing.data_integrity import _with_proof, add_proof, decode_secured
from signing.did_web import PublicKeyEntry
from signing.errors import KeyUnavailableError, MalformedDocumentError
from signing.keys.software_key import SOFTWARE_KEYS, MlDsa44Key
from signing.keys.verifying_key import from_multikey
from signing.verify import examine
from tests.signing.world import (
    AT,
    MAKER,
    MAKER_KEY,
    did_document,
    ed25519,
    entry,
    evidence,
    passport,
    trust_list,
    vectors,
)

FILES = {
    "ecdsa-jcs-2019": ("JCSECDSAP256", "p256KeyPair.json", "secretKeyMultibase"),
    "eddsa-jcs-2022": ("JCS", "keyPair.json", "privateKeyMultibase"),
}
CREATED = AT - timedelta(days=5)


def test_every_suite_has_published_vectors() -> None:
    assert set(FILES) == set(CRYPTOSUITES)


@pytest.mark.parametrize("name", list(FILES))
def test_each_step_of_a_suite_gives_the_bytes_of_the_w3c(name: str) -> None:
    suffix, pair_file, secret_member = FILES[name]
    folder, suite = f"w3c/{name}", CRYPTOSUITES[name]
    unsigned = vectors(f"{folder}/unsigned.json")
    options = vectors(f"{folder}/proofConfig{suffix}.json")
    pair = vectors(f"{folder}/{pair_file}")

    transformed, configuration = suite.transform(unsigned), suite.configure(options)
    assert transformed.decode() == vectors(f"{folder}/canonDoc{suffix}.txt")
    assert configuration.decode() == vectors(f"{folder}/proofCanon{suffix}.txt")
    assert (
        hashlib.sha256(transformed).hexdigest() == vectors(f"{folder}/docHash{suffix}.txt").strip()
    )
    assert (
        hashlib.sha256(configuration).hexdigest()
        == vectors(f"{folder}/proofHash{suffix}.txt").strip()
    )
    hash_data = suite.hash(transformed, configuration)
    assert hash_data.hex() == vectors(f"{folder}/combinedHash{suffix}.txt").strip()

    secret = multibase.decode_base58btc(pair[secret_member], "secret")[2:]
    key = SOFTWARE_KEYS[suite.algorithm].from_secret(secret)
    signature = key.sign(hash_data)
    assert signature.hex() == vectors(f"{folder}/sigHex{suffix}.txt").strip()
    assert (
        multibase.encode_base58btc(signature) == vectors(f"{folder}/sigBTC58{suffix}.txt").strip()
    )

    signed = vectors(f"{folder}/signed{suffix}.json")
    made = _with_proof(unsigned, suite, key, options["verificationMethod"], options["created"])
    assert made == signed

    decoded = decode_secured(json.dumps(signed).encode())
    assert decoded.signing_input == hash_data
    assert decoded.payload == unsigned
    from_multikey(pair["publicKeyMultibase"]).verify(decoded.signature, decoded.signing_input)


def test_a_proof_by_either_key_is_valid_through_all_steps() -> None:
    other = ed25519("maker")
    document = did_document(
        MAKER, PublicKeyEntry(MAKER_KEY.public_jwk), PublicKeyEntry(other.public_jwk)
    )
    known = evidence(did_documents={MAKER: document}, trust_list=trust_list(entry(keys=())))
    secured = b""
    for key in (MAKER_KEY, other):
        secured = canonicalize(add_proof(passport(), key, MAKER, CREATED))
        report = examine(secured, known, at=AT)
        assert report.verdict == "valid"
        assert report.credential == passport()
    narrow = replace(known, allowed_algorithms=frozenset({"ES256"}))
    report = examine(secured, narrow, at=AT)
    assert report.step("algorithm").reason_code == "algorithm_not_allowed"


def test_white_space_and_order_do_not_matter_to_an_embedded_proof() -> None:
    secured = add_proof(passport(), MAKER_KEY, MAKER, CREATED)
    spread = json.dumps(dict(reversed(secured.items())), indent=3, ensure_ascii=True).encode()
    assert examine(spread, evidence(), at=AT).verdict == "valid"


@pytest.mark.parametrize(
    ("expires", "outcome"),
    [
        ("2027-02-28T00:00:00Z", "proof_expired"),
        ("2028-01-01T00:00:00Z", "within_period"),
        ("x", "not_an_instant"),
    ],
)
def test_a_proof_may_end_before_its_credential(expires: str, outcome: str) -> None:
    suite = CRYPTOSUITES["ecdsa-jcs-2019"]
    secured: Any = add_proof(passport(), MAKER_KEY, MAKER, CREATED)
    proof = {**secured["proof"], "expires": expires}
    hash_data = suite.hash(suite.transform(passport()), suite.configure(proof))
    proof["proofValue"] = multibase.encode_base58btc(MAKER_KEY.sign(hash_data))
    report = examine(canonicalize({**secured, "proof": proof}), evidence(), at=AT)
    assert report.step("validity").reason_code == outcome


def test_a_document_without_context_can_be_secured_too() -> None:
    suite = CRYPTOSUITES["ecdsa-jcs-2019"]
    made = _with_proof({"a": 1}, suite, MAKER_KEY, "did:x#y", "2027-01-01T00:00:00Z")
    assert "@context" not in str(made)
    assert decode_secured(canonicalize(made)).payload == {"a": 1}


def test_no_second_proof_and_no_key_of_another_kind() -> None:
    secured = add_proof(passport(), MAKER_KEY, MAKER, CREATED)
    with pytest.raises(MalformedDocumentError, match="already"):
        add_proof(secured, MAKER_KEY, MAKER, CREATED)
    with pytest.raises(KeyUnavailableError):
        add_proof(passport(), MlDsa44Key.generate(), MAKER, CREATED)


SECURED = canonicalize(add_proof(passport(), MAKER_KEY, MAKER, CREATED))
KNOWN = evidence()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(SECURED) * 8 - 1))
def test_any_flipped_bit_of_a_secured_document_is_refused(bit: int) -> None:
    flipped = bytearray(SECURED)
    flipped[bit // 8] ^= 1 << bit % 8
    assert examine(bytes(flipped), KNOWN, at=AT).verdict == "invalid"


JSON = st.one_of(
    st.none(), st.booleans(), st.integers(-9, 9), st.text(max_size=4), st.just([]), st.just({})
)


@settings(max_examples=80, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            [
                "type",
                "cryptosuite",
                "created",
                "expires",
                "verificationMethod",
                "proofPurpose",
                "proofValue",
            ]
        ),
        JSON,
        min_size=1,
    )
)
def test_any_member_of_a_proof_gets_a_verdict(members: Any) -> None:
    document = json.loads(SECURED)
    document["proof"].update(members)
    report = examine(json.dumps(document).encode(), KNOWN, at=AT)
    assert report.verdict == "invalid"


def test_created_is_written_in_utc() -> None:
    secured: Any = add_proof(passport(), MAKER_KEY, MAKER, datetime(2027, 1, 1, tzinfo=UTC))
    assert secured["proof"]["created"] == "2027-01-01T00:00:00Z"
