"""Whatever is brought to the verifier, it gives a verdict, and for a flipped bit never a good one."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing.canonical import canonicalize
from signing.credentials import decode
from signing.errors import (
    VerificationError,
)
from signing.report import STEPS
from signing.status_list import status_entry
from signing.verify import VerificationReport, examine, verify
from tests.exhaustively import drawn
from tests.signing import asset_parts
from tests.signing.world import (
    AT,
    INDEX,
    LINK,
    MAKER,
    REVOCATION,
    STRANGER,
    did_document,
    evidence,
    passport,
    signed,
    status_list,
)

GOOD = signed(passport())
EVIDENCE = evidence()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(GOOD) * 8 - 1))
def test_any_flipped_bit_is_refused(bit: int) -> None:
    flipped = bytearray(GOOD)
    flipped[bit // 8] ^= 1 << bit % 8
    assert examine(bytes(flipped), EVIDENCE, at=AT).verdict == "invalid"


@pytest.mark.soak
def test_every_single_flipped_bit_is_refused() -> None:
    for bit in range(len(GOOD) * 8):
        flipped = bytearray(GOOD)
        flipped[bit // 8] ^= 1 << bit % 8
        assert examine(bytes(flipped), EVIDENCE, at=AT).verdict == "invalid", bit


def check_is_a_verdict(report: VerificationReport) -> None:
    assert report.verdict in {"valid", "valid_with_warnings", "invalid", "cannot_tell"}
    assert len(report.steps) == len(STEPS)
    assert all(step.message and step.reason_code for step in report.steps)
    canonicalize(report.to_document())


@given(st.binary(max_size=300))
def test_any_bytes_get_a_verdict(data: bytes) -> None:
    check_is_a_verdict(examine(data, EVIDENCE, at=AT))
    with pytest.raises(VerificationError):
        verify(data, EVIDENCE, at=AT)


JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**53) + 1, 2**53 - 1),
        st.floats(allow_nan=False, allow_infinity=False, width=16),
        st.text(max_size=5),
        st.sampled_from(
            [MAKER, STRANGER, REVOCATION, LINK, "vc+jwt", "ES256", "VerifiableCredential"]
        ),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
HEADERS = st.dictionaries(st.sampled_from(["alg", "typ", "cty", "kid", "iss", "crit"]), JSON)
# Zones that lead out of the calendar's years, and days that do not exist.
INSTANTS = st.builds(
    "{}-{}T23:59:59{}".format,
    st.sampled_from(["0000", "0001", "2027", "9999"]),
    st.sampled_from(["01-01", "02-30", "12-31"]),
    st.sampled_from(["Z", "+23:59", "-23:59", ""]),
)
MEMBERS = st.dictionaries(
    st.sampled_from(
        [
            "@context",
            "id",
            "type",
            "issuer",
            "validFrom",
            "validUntil",
            "nbf",
            "exp",
            "iss",
            "credentialSubject",
            "credentialStatus",
        ]
    ),
    JSON | INSTANTS,
    max_size=4,
)


@drawn(HEADERS, MEMBERS, test=25, soak=160, limits=settings(deadline=None))
def test_any_header_and_any_member_get_a_verdict(header: Any, members: Any) -> None:
    payload = canonicalize({**passport(), **members})
    text = asset_parts.raw(payload, canonicalize({**asset_parts.HEADER, **header}))
    check_is_a_verdict(examine(text.encode(), EVIDENCE, at=AT))


STATUS_MEMBERS = st.dictionaries(
    st.sampled_from(["type", "statusPurpose", "statusListIndex", "statusListCredential"]), JSON
)


@drawn(
    st.lists(STATUS_MEMBERS, min_size=1, max_size=2),
    test=25,
    soak=160,
    limits=settings(deadline=None),
)
def test_any_status_entry_gets_a_verdict(entries: list[dict[str, Any]]) -> None:
    status = [{**status_entry(REVOCATION, "revocation", INDEX), **members} for members in entries]
    check_is_a_verdict(examine(signed(passport(credentialStatus=status)), EVIDENCE, at=AT))


@drawn(
    MEMBERS,
    st.dictionaries(st.sampled_from(["statusPurpose", "encodedList", "id"]), JSON),
    test=25,
    soak=160,
    limits=settings(deadline=None),
)
def test_any_status_list_gets_a_verdict(members: Any, subject: Any) -> None:
    document = json.loads(canonicalize(decode(status_list()).payload))
    document["credentialSubject"].update(subject)
    known = evidence(status_lists={REVOCATION: signed({**document, **members})})
    check_is_a_verdict(examine(GOOD, known, at=AT))


METHOD_MEMBERS = st.dictionaries(
    st.sampled_from(
        ["id", "controller", "publicKeyJwk", "expires", "revoked", "revokedFromLogIndex"]
    ),
    JSON,
)


@drawn(
    METHOD_MEMBERS,
    st.dictionaries(st.sampled_from(["id", "assertionMethod"]), JSON),
    test=25,
    soak=160,
    limits=settings(deadline=None),
)
def test_any_did_document_gets_a_verdict(method: Any, members: Any) -> None:
    document = json.loads(canonicalize(did_document()))
    document["verificationMethod"][0].update(method)
    known = evidence(did_documents={MAKER: {**document, **members}})
    check_is_a_verdict(examine(GOOD, known, at=AT))
