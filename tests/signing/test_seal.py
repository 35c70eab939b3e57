"""The offline seal: small, one spelling, refused when anything is wrong."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import cbor
from signing.cbor import CborValue, Tagged
from signing.did_web import PublicKeyEntry, verification_keys
from signing.errors import (
    ExpiredError,
    InvalidSignatureError,
    KeyUnavailableError,
    MalformedDocumentError,
    SigningError,
    UntrustedKeyError,
)
from signing.seal import (
    PREFIX,
    Seal,
    _to_be_signed,
    check_credential,
    from_text,
    open_seal,
    sign_seal,
    to_text,
)
from signing.transparency_log import log_entry
from tests.signing.world import (
    AT,
    MAKER,
    MAKER_KEY,
    STRANGER_KEY,
    did_document,
    ed25519,
    passport,
    signed,
)

CREDENTIAL = signed(passport())
SEAL = Seal(
    MAKER,
    AT - timedelta(days=1),
    log_entry(CREDENTIAL),
    AT + timedelta(days=3650),
    {1: "LFP-60", 2: 61_250, 3: 94_567},
)
DATA = sign_seal(SEAL, MAKER_KEY)
KEYS = {MAKER: verification_keys(did_document(), MAKER)}


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        # RFC 8949 appendix A.
        (0, "00"),
        (23, "17"),
        (24, "1818"),
        (100, "1864"),
        (1000, "1903e8"),
        (1000000, "1a000f4240"),
        (1000000000000, "1b000000e8d4a51000"),
        (18446744073709551615, "1bffffffffffffffff"),
        (-1, "20"),
        (-100, "3863"),
        (-1000, "3903e7"),
        (b"\x01\x02\x03\x04", "4401020304"),
        ("IETF", "6449455446"),
        ("\u6c34", "63e6b0b4"),
        ([], "80"),
        ([1, [2, 3], [4, 5]], "8301820203820405"),
        ({1: 2, 3: 4}, "a201020304"),
        (Tagged(1, 1363896240), "c11a514b67b0"),
        (
            Tagged(32, "http://www.example.com"),
            "d82076687474703a2f2f7777772e6578616d706c652e636f6d",
        ),
    ],
)
def test_cbor_is_that_of_the_rfc(value: CborValue, encoded: str) -> None:
    assert cbor.encode(value).hex() == encoded
    assert cbor.decode(bytes.fromhex(encoded)) == value


VALUES = st.recursive(
    st.one_of(st.integers(-(2**64), 2**64 - 1), st.binary(max_size=9), st.text(max_size=9)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.integers(-99, 99), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(VALUES)
def test_cbor_there_and_back(value: Any) -> None:
    try:
        encoded = cbor.encode(value)
        assert cbor.decode(encoded) == value
    except MalformedDocumentError as error:
        assert "8 levels" in str(error)  # noqa: PT017 - the only limit that these can reach


@given(st.binary(max_size=60))
def test_any_bytes_are_cbor_in_their_one_spelling_or_refused(data: bytes) -> None:
    try:
        value = cbor.decode(data)
    except MalformedDocumentError:
        return
    assert cbor.encode(value) == data


@pytest.mark.parametrize(
    "encoded",
    [
        "",
        "1817",
        "18",
        "f5",
        "fb3ff0000000000000",
        "9fff",
        "5f41014102ff",
        "a203010102",
        "a201020103",
        "a1616101",
        "0000",
        "62ff",
        "61ff",
        "9affffffff",
        "81" * 20 + "00",
        "1c",
        "a1000100",
    ],
)
def test_cbor_in_another_spelling_is_refused(encoded: str) -> None:
    with pytest.raises(MalformedDocumentError):
        cbor.decode(bytes.fromhex(encoded))


@pytest.mark.parametrize("value", [2**64, -(2**64) - 1, 1.5, None, True, {1}])
def test_what_is_not_used_cannot_be_written(value: Any) -> None:
    with pytest.raises(MalformedDocumentError):
        cbor.encode(value)


def test_a_seal_is_small_and_opens() -> None:
    assert len(DATA) < 220
    assert open_seal(DATA, KEYS, at=AT) == SEAL
    check_credential(SEAL, CREDENTIAL)
    with pytest.raises(InvalidSignatureError):
        check_credential(SEAL, CREDENTIAL + b" ")


def test_the_smallest_seal_says_only_who_when_and_what() -> None:
    smallest = replace(SEAL, expires_at=None, facts={})
    data = sign_seal(smallest, MAKER_KEY)
    assert len(data) < 170
    assert open_seal(data, KEYS, at=AT) == smallest
    untagged = data[2:]  # a reader may have taken off the CWT tag
    assert open_seal(untagged, KEYS, at=AT) == smallest


def test_a_seal_as_text_is_for_the_alphanumeric_mode() -> None:
    text = to_text(DATA)
    assert text.startswith(PREFIX)
    assert set(text) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
    assert from_text(text) == DATA


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"AB", "BB8"),
        (b"Hello!!", "%69 VD92EX0"),
        (b"base-45", "UJCLQE7W581"),
        (b"ietf!", "QED8WEX0"),
    ],
)
def test_base45_is_that_of_the_rfc(data: bytes, text: str) -> None:
    # RFC 9285 section 4.3 and 4.4.
    assert to_text(data) == PREFIX + text
    assert from_text(PREFIX + text) == data


@given(st.binary(max_size=40))
def test_base45_there_and_back(data: bytes) -> None:
    assert from_text(to_text(data)) == data


@pytest.mark.parametrize(
    "text",
    [
        "",
        "BB8",
        "VP1:a",
        "VP1:A",
        "VP1:GGW1",
        "VP1:::::",
        "VP1:GGW",
        "VP1::::",
        "VP1:" + "0" * 6000,
    ],
)
def test_base45_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(MalformedDocumentError):
        from_text(text)


def keys(**changes: Any) -> Any:
    entry = PublicKeyEntry(MAKER_KEY.public_jwk, **changes)
    return {MAKER: verification_keys(did_document(MAKER, entry), MAKER)}


def test_a_seal_of_somebody_else_or_under_a_lost_key_is_refused() -> None:
    stolen = sign_seal(SEAL, STRANGER_KEY)
    for data, known in (
        (stolen, KEYS),
        (DATA, {}),
        (DATA, keys(revoked=AT)),
        (DATA, keys(expires=AT - timedelta(days=9))),
    ):
        with pytest.raises(UntrustedKeyError):
            open_seal(data, known, at=AT)
    assert open_seal(DATA, keys(expires=AT), at=AT) == SEAL
    with pytest.raises(ExpiredError):
        open_seal(DATA, KEYS, at=AT + timedelta(days=9999))
    with pytest.raises(KeyUnavailableError):
        sign_seal(SEAL, ed25519("log"))


def cose(
    protected: Any, claims: Any, *, tags: tuple[int, ...] = (61, 18), parts: Any = None
) -> bytes:
    header, payload = cbor.encode(protected), cbor.encode(claims)
    signature = MAKER_KEY.sign(_to_be_signed(header, payload))
    value: Any = parts if parts is not None else [header, {}, payload, signature]
    for tag in reversed(tags):
        value = Tagged(tag, value)
    return cbor.encode(value)


KID = cbor.decode(cbor.decode(DATA).value.value[0])[4]  # type: ignore[union-attr, index, arg-type]
HEADER = {1: -7, 4: KID}
CLAIMS: dict[int, Any] = {1: MAKER, 6: 1_800_000_000, -70_001: bytes(32)}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(3000),
        cose(HEADER, CLAIMS, tags=(18,), parts=[]),
        cose(HEADER, CLAIMS, tags=(17,)),
        cose(HEADER, CLAIMS, tags=()),
        cose(HEADER, CLAIMS, parts=[b"", {1: 1}, b"", b""]),
        cose(HEADER, CLAIMS, parts=[1, {}, b"", b""]),
        cose({1: -8, 4: KID}, CLAIMS),
        cose({1: -7}, CLAIMS),
        cose({**HEADER, 2: [1]}, CLAIMS),
        cose([], CLAIMS),
        cose(HEADER, []),
        cose(HEADER, {**CLAIMS, 1: 5}),
        cose(HEADER, {**CLAIMS, -70_001: bytes(31)}),
        cose(HEADER, {**CLAIMS, -70_001: "x"}),
        cose(HEADER, {**CLAIMS, -70_002: 1}),
        cose(HEADER, {**CLAIMS, 6: "today"}),
        cose(HEADER, {**CLAIMS, 6: -1}),
        cose(HEADER, {**CLAIMS, 4: 2**60}),
    ],
)
def test_a_seal_that_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedDocumentError):
        open_seal(data, KEYS, at=AT)


def test_the_table_of_wrong_seals_starts_from_a_right_one() -> None:
    assert open_seal(cose(HEADER, CLAIMS), KEYS, at=AT).issuer == MAKER


@settings(max_examples=200)
@given(st.integers(0, len(DATA) * 8 - 1))
def test_any_flipped_bit_of_a_seal_is_refused(bit: int) -> None:
    flipped = bytearray(DATA)
    flipped[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SigningError):
        open_seal(bytes(flipped), KEYS, at=AT)


@given(st.binary(max_size=120))
def test_any_bytes_are_no_seal(data: bytes) -> None:
    with pytest.raises(SigningError):
        open_seal(data, KEYS, at=AT)
