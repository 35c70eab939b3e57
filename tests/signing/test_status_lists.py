"""Status lists: the bits of the W3C's and the IETF's, byte for byte, and lists that are none."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing import multibase
from signing import status_list as status_lists
from signing.errors import MalformedDocumentError
from signing.status_list import MAX_LENGTH, MIN_LENGTH, StatusList
from tests.paths import SHARED
from tests.signing.world import (
    LINK,
    MAKER,
    REVOCATION,
    vectors,
)


def test_the_empty_list_of_the_w3c_is_read() -> None:
    # Bitstring Status List 1.0, section 3.4 example: 131,072 zeros.
    text = "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA"
    read = StatusList.decode(text)
    assert read.to_bytes() == bytes(16_384)
    assert read == StatusList()
    assert StatusList.decode(StatusList().encode()) == read


@given(st.sets(st.integers(0, MIN_LENGTH - 1), max_size=40))
def test_both_encodings_carry_the_same_bits(indices: set[int]) -> None:
    made = StatusList()
    for index in indices:
        made.set(index)
    for read in (StatusList.decode(made.encode()), StatusList.decode_token(made.encode_token())):
        assert read == made
        assert all(read.get(index) for index in indices)
    data, bits = status_lists.decode_token_status_list(made.encode_token())
    assert all(status_lists.token_status(data, bits, index) == 1 for index in indices)
    for index in indices:
        made.set(index, to=False)
    assert made == StatusList()


def test_the_bit_of_an_entry_is_where_the_standard_says() -> None:
    made = StatusList()
    made.set(0)
    made.set(9)
    assert made.to_bytes()[:2] == b"\x80\x40"
    data, _ = status_lists.decode_token_status_list(made.encode_token())
    assert data[:2] == b"\x01\x02"
    assert not made.get(1)
    assert made != [1]


IETF = {
    "status_list_encoding_json.md": ([1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1], 1),
    "status_list_encoding2_json.md": ([1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3], 2),
}


def ietf_claim(path: Path) -> Any:
    text = path.read_text("utf-8")
    return json.loads(text[text.index("{") : text.rindex("}") + 1].replace("\\\n", ""))


def pack(statuses: list[int], bits: int) -> bytes:
    packed = bytearray(len(statuses) * bits // 8)
    for index, status in enumerate(statuses):
        packed[index * bits // 8] |= status << index * bits % 8
    return bytes(packed)


@pytest.mark.parametrize("name", list(IETF))
def test_the_short_lists_of_the_ietf_draft_come_out_byte_for_byte(name: str) -> None:
    vectors(f"token-status-list/examples/{name}")
    claim = ietf_claim(SHARED / "schemas/token-status-list/examples" / name)
    statuses, bits = IETF[name]
    data, read_bits = status_lists.decode_token_status_list(claim)
    assert read_bits == bits
    assert [
        status_lists.token_status(data, bits, index) for index in range(len(statuses))
    ] == statuses
    assert status_lists.encode_token_status_list(pack(statuses, bits), bits) == claim


@pytest.mark.parametrize(
    "claim",
    [
        None,
        {},
        {"bits": 3, "lst": "AAAA"},
        {"bits": True, "lst": "AAAA"},
        {"bits": [1], "lst": "AAAA"},
        {"bits": 1},
        {"bits": 1, "lst": "ü"},
        {"bits": 1, "lst": "AAAA"},
        {"bits": 1, "lst": "A"},
        {"bits": 2, "lst": "eNo76fITAAPfAgc"},
        {"bits": 1, "lst": "eNrbuRgAAhcBXQ"},
    ],
)
def test_a_token_status_list_that_is_none_is_refused(claim: Any) -> None:
    with pytest.raises(MalformedDocumentError):
        StatusList.decode_token(claim)


def test_lists_too_short_or_too_long_or_with_a_tail_are_refused() -> None:
    def encoded(data: bytes, tail: bytes = b"") -> str:
        return multibase.encode_base64url(status_lists._compress(data, status_lists._GZIP) + tail)

    assert len(StatusList.decode(encoded(bytes(MAX_LENGTH // 8)))) == MAX_LENGTH
    for text in (
        encoded(bytes(MIN_LENGTH // 8 - 1)),
        encoded(bytes(MAX_LENGTH // 8 + 1)),
        encoded(bytes(50_000_000)),  # a bomb: 50 MB in 50 KB
        encoded(bytes(16_384), b"tail"),
        multibase.encode_base64url(status_lists._compress(bytes(16_384), status_lists._GZIP)[:-4]),
        "uAAAA",
        "",
        None,
    ):
        with pytest.raises(MalformedDocumentError):
            StatusList.decode(text)
    for length in (0, 8, MIN_LENGTH + 1, MAX_LENGTH + 8):
        with pytest.raises(MalformedDocumentError):
            StatusList(length)


@pytest.mark.parametrize("index", [-1, MIN_LENGTH, 2**60])
def test_there_is_no_entry_beyond_the_ends(index: int) -> None:
    with pytest.raises(MalformedDocumentError):
        StatusList().get(index)
    with pytest.raises(MalformedDocumentError):
        StatusList().set(index)
    with pytest.raises(MalformedDocumentError):
        status_lists.token_status(bytes(16_384), 1, index)


def test_a_status_list_credential_says_what_its_bits_mean_and_until_when() -> None:
    document: Any = status_lists.build_status_list_credential(
        url=REVOCATION,
        issuer_did=MAKER,
        purpose="revocation",
        status_list=StatusList(),
        valid_from=datetime(2027, 1, 1, tzinfo=UTC),
        valid_until=datetime(2027, 1, 1, tzinfo=UTC) + timedelta(days=1),
    )
    assert document["validUntil"] == "2027-01-02T00:00:00Z"
    assert document["credentialSubject"]["statusPurpose"] == "revocation"
    assert LINK not in json.dumps(document)
