"""Keys: where they lie, what they are called, how they are read, and what they refuse."""

import json
import secrets
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing import base64url, multibase
from signing.errors import InvalidSignatureError, KeyUnavailableError, MalformedDocumentError
from signing.jws import refused_header, split_compact
from signing.keys import BACK_ENDS, create_key, encrypted_file, open_key
from signing.keys.jwk import thumbprint
from signing.keys.signing_key import Algorithm
from signing.keys.software_key import SOFTWARE_KEYS, MlDsa44Key, P256Key
from signing.keys.verifying_key import (
    KEY_TYPE_OF_ALGORITHM,
    VerifyingKey,
    from_jwk,
    from_multikey,
    subject_public_key_info,
)
from tests.signing.world import MAKER_KEY, ed25519, p256, vectors

PASSPHRASE = b"correct horse battery staple"


@pytest.fixture(scope="module")
def key_uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    uri = f"file:{tmp_path_factory.mktemp('keys') / 'maker.key'}"
    create_key(uri, PASSPHRASE)
    return uri


def refusal(uri: str, passphrase: bytes = PASSPHRASE) -> KeyUnavailableError:
    with pytest.raises(KeyUnavailableError) as refused:
        open_key(uri, passphrase)
    assert PASSPHRASE.decode() not in str(refused.value)
    return refused.value


@pytest.mark.parametrize("algorithm", list(SOFTWARE_KEYS))
def test_a_key_from_a_file_signs_as_the_key_that_was_made(
    tmp_path: Path, algorithm: Algorithm
) -> None:
    uri = f"file:{tmp_path / 'a.key'}"
    made = create_key(uri, PASSPHRASE, algorithm=algorithm)
    opened = open_key(uri, PASSPHRASE)

    assert opened.kid == made.kid == thumbprint(opened.public_jwk)
    assert opened.algorithm == algorithm
    from_jwk(made.public_jwk).verify(opened.sign(b"passport"), b"passport")


def test_a_key_file_is_for_its_owner_alone_and_shows_no_secret(key_uri: str) -> None:
    path = Path(key_uri.removeprefix("file:"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["maker.key"]
    shown = json.loads(path.read_bytes())
    assert shown["kid"] == open_key(key_uri, PASSPHRASE).kid
    assert "d" not in shown["publicKeyJwk"]


def test_an_existing_key_is_never_replaced(key_uri: str) -> None:
    before = Path(key_uri.removeprefix("file:")).read_bytes()
    with pytest.raises(KeyUnavailableError) as refused:
        create_key(key_uri, PASSPHRASE)
    assert refused.value.reason == "exists"
    assert Path(key_uri.removeprefix("file:")).read_bytes() == before


def test_no_two_keys_share_a_salt_or_a_nonce(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encrypted_file, "secrets", secrets)  # as it is outside of the tests
    monkeypatch.setattr(encrypted_file, "_ARGON2_MEMORY_KIB", 64)
    documents = []
    for name in ("one", "other"):
        create_key(f"file:{tmp_path / name}", PASSPHRASE)
        documents.append(json.loads((tmp_path / name).read_bytes()))
    for member in ("salt", "nonce", "ciphertext"):
        assert documents[0][member] != documents[1][member]


def test_a_wrong_passphrase_opens_nothing(key_uri: str) -> None:
    assert refusal(key_uri, b"wrong").reason == "wrong_passphrase_or_damaged"
    assert refusal(key_uri, b"").reason == "wrong_passphrase_or_damaged"


def test_a_key_without_passphrase_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(KeyUnavailableError) as refused:
        create_key(f"file:{tmp_path / 'k'}", b"")
    assert refused.value.reason == "empty_passphrase"
    assert not list(tmp_path.iterdir())


def _other_kid(document: dict[str, Any]) -> None:
    document["kid"] = MAKER_KEY.kid


def _flip(member: str) -> Any:
    def damage(document: dict[str, Any]) -> None:
        text = document[member]
        document[member] = ("A" if text[0] != "A" else "B") + text[1:]

    return damage


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (_other_kid, "wrong_passphrase_or_damaged"),
        (_flip("ciphertext"), "wrong_passphrase_or_damaged"),
        (_flip("nonce"), "wrong_passphrase_or_damaged"),
        (_flip("salt"), "wrong_passphrase_or_damaged"),
        (lambda document: document.update(nonce="AAAA"), "wrong_passphrase_or_damaged"),
        (lambda document: document.update(algorithm="RS256"), "not_a_key_file"),
        (lambda document: document.update(algorithm="Ed25519"), "not_a_key_file"),
        (lambda document: document.update(format="voltpass-key-2"), "not_a_key_file"),
        (lambda document: document.pop("salt"), "not_a_key_file"),
        (lambda document: document.update(salt=7), "not_a_key_file"),
        (lambda document: document.update(salt="ü"), "wrong_passphrase_or_damaged"),
        (lambda document: document.update(kid=[]), "not_a_key_file"),
    ],
)
def test_a_damaged_key_file_is_refused(
    key_uri: str, tmp_path: Path, damage: Any, reason: str
) -> None:
    document = json.loads(Path(key_uri.removeprefix("file:")).read_bytes())
    damage(document)
    damaged = tmp_path / "damaged.key"
    damaged.write_text(json.dumps(document))
    assert refusal(f"file:{damaged}").reason == reason


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"a":1,"a":1}', b"null"])
def test_what_is_not_a_key_file_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "k"
    file.write_bytes(content)
    assert refusal(f"file:{file}").reason == "not_a_key_file"


def test_a_key_that_is_nowhere_is_not_found(tmp_path: Path) -> None:
    assert refusal(f"file:{tmp_path / 'none'}").reason == "not_found"
    assert refusal(f"file:{tmp_path}").reason == "not_readable"
    with pytest.raises(KeyUnavailableError) as refused:
        create_key(f"file:{tmp_path / 'no' / 'folder'}", PASSPHRASE)
    assert refused.value.reason == "not_writable"


@pytest.mark.parametrize("uri", ["", "file", "vault:x", "/etc/key", "FILE:x"])
def test_an_unknown_scheme_names_the_known_ones(uri: str) -> None:
    error = refusal(uri)
    assert error.reason == "unknown_scheme"
    assert all(scheme in error.remedy for scheme in BACK_ENDS)


@pytest.mark.parametrize("value", [bytes(32), b"\xff" * 32, b"\x01" * 31])
def test_numbers_that_are_no_private_key_are_refused(value: bytes) -> None:
    with pytest.raises(ValueError, match="P-256"):
        P256Key.from_secret(value)


def test_a_private_key_does_not_print_itself() -> None:
    assert repr(MAKER_KEY) == f"<P256Key {MAKER_KEY.kid}>"


def test_es256_is_deterministic_and_always_64_bytes() -> None:
    # RFC 6979 appendix A.2.5, P-256 with SHA-256, message "sample".
    key = P256Key.from_secret(
        bytes.fromhex("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721")
    )
    assert key.sign(b"sample").hex().upper() == (
        "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
        "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"
    )
    messages = [str(number).encode() for number in range(600)]  # some r or s begin with zero bytes
    signatures = [MAKER_KEY.sign(message) for message in messages]
    verifying = from_jwk(MAKER_KEY.public_jwk)
    assert {len(signature) for signature in signatures} == {64}
    assert any(signature[0] == 0 or signature[32] == 0 for signature in signatures)
    for message, signature in zip(messages, signatures, strict=True):
        verifying.verify(signature, message)


def test_the_thumbprint_is_that_of_the_rfc() -> None:
    # RFC 8037 appendix A.3.
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    assert thumbprint(jwk) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    for broken in ({}, {"kty": "RSA"}, {"kty": "EC", "crv": "P-256"}):
        with pytest.raises(MalformedDocumentError):
            thumbprint(broken)


@pytest.mark.parametrize(
    "path", ["w3c/ecdsa-jcs-2019/p256KeyPair.json", "w3c/eddsa-jcs-2022/keyPair.json"]
)
def test_the_multikeys_of_the_w3c_are_read_and_written(path: str) -> None:
    multikey = vectors(path)["publicKeyMultibase"]
    key = from_multikey(multikey)
    assert key.multikey == multikey
    assert from_jwk(key.jwk) == key


@pytest.mark.parametrize("name", ["maker", "a", "b", "c", "d"])
def test_a_key_is_the_same_in_every_spelling(name: str) -> None:
    for key in (p256(name), ed25519(name)):
        verifying = from_jwk(key.public_jwk)
        assert from_multikey(verifying.multikey) == verifying
        assert verifying.thumbprint == key.kid
        assert len(subject_public_key_info(verifying)) > 40


EC = MAKER_KEY.public_jwk
OKP = ed25519("maker").public_jwk
AKP = MlDsa44Key.from_secret(bytes(32)).public_jwk


@pytest.mark.parametrize(
    ("jwk", "reason"),
    [
        ({}, "unknown_key_type"),
        ({**EC, "kty": "RSA"}, "unknown_key_type"),
        ({**EC, "crv": "P-384"}, "unknown_key_type"),
        ({**OKP, "crv": "X25519"}, "unknown_key_type"),
        ({**EC, "d": "AAAA"}, "private_key_published"),
        ({"kty": "oct", "k": "AAAA"}, "private_key_published"),
        ({**EC, "use": "enc"}, "key_not_for_signatures"),
        ({**EC, "key_ops": ["sign"]}, "key_not_for_signatures"),
        ({**EC, "key_ops": 1}, "key_not_for_signatures"),
        ({**EC, "alg": "ES384"}, "key_contradicts_itself"),
        ({**EC, "alg": "EdDSA"}, "key_contradicts_itself"),
        ({**OKP, "alg": "ES256"}, "key_contradicts_itself"),
        ({**EC, "x": EC["y"]}, "not_a_point"),
        ({**EC, "x": EC["x"][:-1]}, "not_base64url"),
        ({**EC, "x": "AAAA"}, "not_a_point"),
        ({**EC, "y": 5}, "not_a_jwk"),
        ({**EC, "y": "é"}, "not_a_jwk"),
        ({**OKP, "x": "AAAA"}, "not_a_point"),
        ({**AKP, "pub": "AAAA"}, "not_a_point"),
    ],
)
def test_a_key_that_is_not_one_is_refused_by_name(jwk: dict[str, Any], reason: str) -> None:
    with pytest.raises(MalformedDocumentError) as refused:
        from_jwk(jwk)
    assert refused.value.reason == reason


def test_what_a_key_may_say_beside_itself_is_accepted() -> None:
    said = {**EC, "use": "sig", "key_ops": ["verify"], "alg": "ES256", "kid": "x"}
    assert from_jwk(said) == from_jwk(EC)
    assert from_jwk({**OKP, "alg": "EdDSA"}) == from_jwk({**OKP, "alg": "Ed25519"})


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "u11",
        "z0",
        "z" + "1" * 300,
        multibase.encode_base58btc(b"\xed\x01short"),
        multibase.encode_base58btc(b"\x80\x24" + b"\x02" + b"\xff" * 32),
        multibase.encode_base58btc(b"\x12\x00" + bytes(32)),
    ],
)
def test_a_multikey_that_is_not_one_is_refused(text: object) -> None:
    with pytest.raises(MalformedDocumentError):
        from_multikey(text)


@given(st.binary(max_size=80))
def test_multibase_there_and_back(data: bytes) -> None:
    assert multibase.decode_base58btc(multibase.encode_base58btc(data), "x") == data
    assert multibase.decode_base64url(multibase.encode_base64url(data), "x") == data


@given(st.binary(max_size=80), st.data())
def test_base64url_has_one_spelling_for_each_value(data: bytes, draw: st.DataObject) -> None:
    text = base64url.encode(data)
    assert base64url.decode(text, "x") == data
    place = draw.draw(st.integers(0, len(text)))
    foreign = draw.draw(st.sampled_from([b"=", b"+", b"/", b" ", b"\n", b"\0", b"\x80"]))
    with pytest.raises(MalformedDocumentError):
        base64url.decode(text[:place] + foreign + text[place:], "x")


@given(st.binary(max_size=40))
def test_base64url_text_is_refused_or_written_again_the_same(text: bytes) -> None:
    try:
        data = base64url.decode(text, "x")
    except MalformedDocumentError:
        return
    assert base64url.encode(data) == text


@pytest.mark.parametrize("text", [None, "zabc", "ué", "uA", "uAB=="])
def test_multibase_base64url_is_refused_when_it_is_not(text: object) -> None:
    with pytest.raises(MalformedDocumentError):
        multibase.decode_base64url(text, "x")


def _accepts(key: VerifyingKey, signature: bytes, data: bytes) -> bool:
    try:
        key.verify(signature, data)
    except InvalidSignatureError:
        return False
    return True


@pytest.mark.parametrize(
    ("path", "count"),
    [("ecdsa_secp256r1_sha256_p1363_test.json", 262), ("ed25519_test.json", 151)],
)
def test_all_signatures_of_wycheproof_are_judged_right(path: str, count: int) -> None:
    document = vectors(f"wycheproof/{path}")
    judged = 0
    for group in document["testGroups"]:
        # Not every P-256 group carries a JWK; all carry the point.
        key = _key_of(group["publicKey"])
        for case in group["tests"]:
            accepted = _accepts(key, bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"]))
            assert accepted == (case["result"] == "valid"), case
            judged += 1
    assert judged == count


def _key_of(public_key: dict[str, Any]) -> VerifyingKey:
    if "pk" in public_key:
        x = base64url.encode(bytes.fromhex(public_key["pk"])).decode()
        return from_jwk({"kty": "OKP", "crv": "Ed25519", "x": x})
    point = bytes.fromhex(public_key["uncompressed"])
    x, y = (base64url.encode(part).decode() for part in (point[1:33], point[33:]))
    return from_jwk({"kty": "EC", "crv": "P-256", "x": x, "y": y})


def test_no_jws_of_wycheproof_is_accepted_that_should_not_be() -> None:
    document = vectors("wycheproof/json_web_signature_test.json")
    accepted = refused = 0
    for group in document["testGroups"]:
        public = group.get("public") or group.get("private")
        for case in group["tests"]:
            ours = _verifies_jws(case["jws"], public)
            if case["result"] != "valid":
                assert not ours, case
            elif public.get("crv") in {"P-256", "Ed25519"} and case["jws"].count(".") == 2:
                assert ours, case
            accepted, refused = accepted + ours, refused + (not ours)
    assert accepted > 0
    assert refused > 300


def _verifies_jws(text: Any, jwk: dict[str, Any]) -> bool:
    if not isinstance(text, str):
        return False
    try:
        jws = split_compact(text.encode())
        if refused_header(jws.header, KEY_TYPE_OF_ALGORITHM):
            return False
        key = from_jwk({name: value for name, value in jwk.items() if name != "d"})
        if KEY_TYPE_OF_ALGORITHM[str(jws.header["alg"])] != key.key_type:
            return False
        key.verify(jws.signature, jws.signing_input)
    except (MalformedDocumentError, InvalidSignatureError, UnicodeEncodeError):
        return False
    return True
