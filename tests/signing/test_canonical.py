"""Canonical JSON against the reference, official data and Node; the parser against tricks."""

import json
import math
import shutil
import struct
import subprocess
import uuid
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from signing.canonical import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_INTEGER,
    JsonValue,
    _parse_any_spelling,
    _parse_own_spelling,
    canonicalize,
    parse_strict,
)
from signing.errors import MalformedDocumentError
from tests.exhaustively import drawn
from tests.paths import SHARED
from tests.signing.world import vectors

FLOATS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(min_value=-1e6, max_value=1e6),
    st.integers(-(2**60), 2**60).map(float),
    st.sampled_from(
        [0.0, -0.0, 2.0**53, -(2.0**53), 1e-5, 9.9e-6, 1e-7, 1e21, 1e16, 5e-324, 0.1 + 0.2]
    ),
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-MAX_INTEGER, MAX_INTEGER), FLOATS, st.text(max_size=12)
)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5), st.dictionaries(st.text(max_size=6), inner, max_size=5)
    ),
    max_leaves=20,
)


@pytest.mark.parametrize("name", ["arrays", "french", "structures", "unicode", "values", "weird"])
def test_the_official_jcs_data_come_out_byte_for_byte(name: str) -> None:
    document = vectors(f"jcs/input/{name}.json")
    expected = bytes.fromhex("".join(vectors(f"jcs/outhex/{name}.txt").split()))

    assert canonicalize(document) == expected
    assert (
        canonicalize(parse_strict((SHARED / f"schemas/jcs/input/{name}.json").read_bytes()))
        == expected
    )


@drawn(DOCUMENTS, test=40, soak=400)
def test_the_fast_path_writes_what_the_reference_writes(document: JsonValue) -> None:
    assert canonicalize(document) == rfc8785.dumps(document)


@given(st.integers(0, 2**64 - 1))
def test_every_double_is_written_as_the_reference_writes_it(bits: int) -> None:
    value: float = struct.unpack("<d", struct.pack("<Q", bits))[0]
    if math.isfinite(value):
        assert canonicalize([value]) == rfc8785.dumps([value])
    else:
        with pytest.raises(MalformedDocumentError):
            canonicalize([value])


@given(st.integers())
def test_integers_that_a_double_cannot_hold_are_refused(value: int) -> None:
    if abs(value) <= MAX_INTEGER:
        assert canonicalize(value) == str(value).encode()
    else:
        with pytest.raises(MalformedDocumentError, match="safe integer"):
            canonicalize(value)


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        math.inf,
        -math.inf,
        2**53,
        -(2**53),
        "\ud800",
        {"\udfff": 1},
        {1: 2},
        {"a": b"bytes"},
        uuid.UUID(int=0),
        {1, 2},
    ],
)
def test_what_is_not_json_has_no_canonical_form(value: Any) -> None:
    with pytest.raises(MalformedDocumentError):
        canonicalize({"value": value} if not isinstance(value, dict) else value)


def test_a_document_nested_beyond_reason_is_refused_and_not_a_crash() -> None:
    document: list[JsonValue] = []
    for _ in range(100_000):
        document = [document]
    with pytest.raises(MalformedDocumentError) as refused:
        canonicalize(document)
    assert refused.value.reason == "too_deep"


def test_keys_beyond_the_basic_plane_are_sorted_by_utf16() -> None:
    written = canonicalize({"\U0001f600": 1, "\ufb33": 2})
    assert written.decode() == '{"\U0001f600":1,"\ufb33":2}'


def test_node_writes_the_same_numbers(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed")
    values = [float(i) * 10.0**e / 7 for e in range(-12, 25) for i in range(1, 40)]
    values += [2.0**53, 2.0**53 - 1, 1e-5, 1e-6, 1e-7, 1e20, 1e21, 5e-324, 60.0, 0.1 + 0.2]
    file = tmp_path / "values.json"
    file.write_text(json.dumps(values))
    read = "JSON.parse(require('fs').readFileSync(process.argv[1]))"
    script = f"process.stdout.write(JSON.stringify({read}))"
    written = subprocess.run(
        [node, "-e", script, str(file)], check=True, capture_output=True
    ).stdout
    assert canonicalize(values) == written


REFUSED = {
    "duplicate_key": [b'{"a":1,"a":2}', b'{"a":{"b":1,"b":1}}', b'{"a":1,"\\u0061":2}'],
    "not_finite": [b"[NaN]", b"[Infinity]", b"[-Infinity]", b"[1e400]", b"[-1e400]"],
    "integer_too_large": [b"[9007199254740992]", b"[-9007199254740992]", b"[" + b"9" * 5000 + b"]"],
    "lone_surrogate": [b'"\\ud800"', b'{"\\udfff":1}', b'["a","\\ud83d x"]', b'{"a":["\\udc00"]}'],
    "too_deep": [b"[" * 33 + b"]" * 33, b'{"a":' * 33 + b"1" + b"}" * 33, b"[" * 100_000],
    "too_large": [b" " * (MAX_BYTES + 1)],
    "not_utf8": [b'"\xff"', b'"\xed\xa0\x80"', b'"\xc0\x80"'],
    "not_json": [
        b"",
        b"{",
        b"[1,]",
        b"[01]",
        b"\xef\xbb\xbf[]",
        b"'a'",
        b'{"a":1} x',
        b'"\x01"',
        b"[1.]",
        b"undefined",
    ],
}


@pytest.mark.parametrize(
    ("reason", "data"),
    [(reason, data) for reason, all_data in REFUSED.items() for data in all_data],
)
def test_the_strict_parser_refuses_by_name(reason: str, data: bytes) -> None:
    with pytest.raises(MalformedDocumentError) as refused:
        parse_strict(data)
    assert refused.value.reason == reason


def test_exactly_the_limits_are_accepted() -> None:
    deepest = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert canonicalize(parse_strict(deepest)) == deepest
    assert parse_strict(b"[9007199254740991,-9007199254740991]") == [MAX_INTEGER, -MAX_INTEGER]
    assert parse_strict(b'"' + b"x" * (MAX_BYTES - 2) + b'"') == "x" * (MAX_BYTES - 2)
    many = b"[" + b",".join([b'{"a":[]}'] * 100) + b"]"
    assert canonicalize(parse_strict(many)) == many
    assert parse_strict(b'"' + b"[" * 40 + b'"') == "[" * 40
    assert parse_strict(b'"\\ud83d\\ude00"') == "😀"


@drawn(DOCUMENTS, test=40, soak=400)
def test_what_was_written_is_read_back(document: JsonValue) -> None:
    written = json.dumps(document)
    assert parse_strict(written.encode()) == document
    # Large doubles are written as integers; as doubles they are the same.
    assert json.loads(canonicalize(document), parse_int=float) == document


@drawn(DOCUMENTS, st.booleans(), test=40, soak=400)
def test_both_readings_agree(document: JsonValue, ascii_only: bool) -> None:
    for data in (
        json.dumps(document, separators=(",", ":"), ensure_ascii=ascii_only).encode(),
        canonicalize(document),
    ):
        fast = _parse_own_spelling(data)
        if fast is not None:
            assert fast == _parse_any_spelling(data)


@settings(max_examples=300)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        document = parse_strict(data)
    except MalformedDocumentError:
        return
    assert document == json.loads(data)


@given(st.text(alphabet='{}[]",:0123456789eE+-.\\ud8adbcf ntrufalse', max_size=40))
def test_any_text_that_looks_like_json_is_read_or_refused(text: str) -> None:
    try:
        document = parse_strict(text.encode())
    except MalformedDocumentError:
        return
    assert canonicalize(document) == rfc8785.dumps(document)
