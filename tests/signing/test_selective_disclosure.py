"""SD-JWT VC: each audience sees its own members and nothing else; nothing can be slipped in."""

import itertools
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import base64url
from signing.canonical import canonicalize
from signing.errors import KeyUnavailableError, MalformedDocumentError
from signing.jws import encode_header, sign_compact
from signing.keys.verifying_key import from_jwk
from signing.selective_disclosure import SD_JWT, _digest, decode_presentation, issue, release
from signing.status_list import (
    StatusList,
    build_token_status_list,
    sign_token_status_list,
    token_status_claim,
)
from signing.verify import Evidence, examine
from tests.exhaustively import drawn
from tests.signing import rfc_9901
from tests.signing.world import (
    AT,
    MAKER,
    MAKER_KEY,
    STRANGER_KEY,
    ed25519,
    entry,
    evidence,
    trust_list,
)

VCT = "https://maker.example/vct/battery-model"
LIST = "https://maker.example/status/token/1"
CLAIMS: dict[str, Any] = {
    "iss": MAKER,
    "vct": VCT,
    "nbf": int((AT - timedelta(days=9)).timestamp()),
    "exp": int((AT + timedelta(days=900)).timestamp()),
    "status": token_status_claim(LIST, 7),
    "model": "LFP-60",
    "dismantling": {"manual": "https://maker.example/manual", "steps": ["unscrew", "lift"]},
    "composition": {"cathode": {"LFP": 0.61, "PVDF": 0.02}, "anode": "graphite"},
    "testReports": ["r1", "r2"],
}
SELECTIVE = [
    ("dismantling",),
    ("composition",),
    ("composition", "cathode"),
    ("composition", "cathode", "PVDF"),
    ("testReports",),
]


def counted_salts() -> Callable[[], str]:
    numbers = itertools.count()
    return lambda: f"salt-{next(numbers):04d}"


FULL = issue(CLAIMS, SELECTIVE, MAKER_KEY, salt=counted_salts())


def token_list(*set_bits: int, url: str = LIST, key: Any = MAKER_KEY, did: str = MAKER) -> bytes:
    bits = StatusList()
    for index in set_bits:
        bits.set(index)
    claims = build_token_status_list(
        url=url,
        issuer_did=did,
        status_list=bits,
        issued_at=AT - timedelta(hours=1),
        valid_until=AT + timedelta(hours=23),
    )
    return sign_token_status_list(claims, key, did)


def known(lists: bytes | None = None, **changes: Any) -> Evidence:
    return evidence(
        trust_list=trust_list(entry(scope=(VCT,))),
        status_lists={LIST: lists or token_list()},
        expected_identifier=None,
        **changes,
    )


def sealed(payload: Any, *disclosures: Any, typ: str = SD_JWT, end: bytes = b"") -> bytes:
    """Any payload and any disclosures, signed all the same."""
    header = {"alg": "ES256", "typ": typ, "kid": f"{MAKER}#{MAKER_KEY.kid}"}
    signed = sign_compact(encode_header(header), canonicalize(payload), MAKER_KEY)
    return b"~".join([signed, *(text(item) for item in disclosures), end])


def text(content: Any) -> bytes:
    if isinstance(content, bytes):
        return content
    return base64url.encode(json.dumps(content).encode())


def digest(content: Any) -> str:
    return _digest(text(content))


def test_the_digests_are_those_of_the_rfc() -> None:
    # RFC 9901 sections 4.2.3 and 4.2.2.
    named = b"WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"
    assert _digest(named) == "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0"
    element = b"WyJsa2x4RjVqTVlsR1RQVW92TU5JdkNBIiwgIkZSIl0"
    assert _digest(element) == "w0I8EKcdCtUPkGCNUrfwVp2xEgNjtoIDlOxc9-PlOhs"
    payload = {
        "iss": MAKER,
        "_sd": [_digest(named)],
        "nationalities": [{"...": _digest(element)}, "DE"],
    }
    shown = decode_presentation(sealed(payload, named, element)).payload
    assert shown == {"iss": MAKER, "family_name": "Möbius", "nationalities": ["FR", "DE"]}
    hidden = decode_presentation(sealed(payload)).payload
    assert hidden == {"iss": MAKER, "nationalities": ["DE"]}


def test_the_example_of_the_rfc_step_by_step() -> None:
    for stated, content in rfc_9901.DISCLOSED.items():
        assert _digest(rfc_9901.encoded(content)) == stated
    decoded = decode_presentation(rfc_9901.RFC_9901_SD_JWT)
    from_jwk(rfc_9901.ISSUER_KEY).verify(decoded.signature, decoded.signing_input)
    named = {
        row[1]: row[2] for row in map(json.loads, rfc_9901.DISCLOSED.values()) if len(row) == 3
    }
    plain = {
        name: value
        for name, value in rfc_9901.PAYLOAD.items()
        if name not in {"_sd", "_sd_alg", "nationalities"}
    }
    assert decoded.payload == {**plain, **named, "nationalities": ["US", "DE"]}


def test_an_audience_of_the_rfc_s_example_sees_its_part_under_the_same_signature() -> None:
    shown = {("given_name",), ("family_name",), ("address",)}
    released = release(rfc_9901.RFC_9901_SD_JWT, lambda path: path in shown)
    decoded = decode_presentation(released)
    from_jwk(rfc_9901.ISSUER_KEY).verify(decoded.signature, decoded.signing_input)
    kept = set(rfc_9901.PAYLOAD) - {"_sd", "_sd_alg"} | {name for (name,) in shown}
    assert set(decoded.payload) == kept
    assert decoded.payload["nationalities"] == []


def test_all_disclosures_together_give_back_what_was_claimed() -> None:
    assert decode_presentation(FULL).payload == CLAIMS
    report = examine(FULL, known(), at=AT)
    assert report.verdict == "valid"
    assert report.credential == CLAIMS
    assert report.step("format").reason_code == "sd_jwt_vc"


def test_an_audience_is_shown_its_members_and_cannot_guess_the_others() -> None:
    public = release(FULL, lambda path: False)
    assert public.count(b"~") == 1
    shown = decode_presentation(public).payload
    assert set(shown) == {"iss", "vct", "nbf", "exp", "status", "model"}
    assert examine(public, known(), at=AT).verdict == "valid"
    assert b"graphite" not in base64url.decode(public.split(b".")[1], "payload")

    repair = release(FULL, lambda path: path[0] == "dismantling")
    assert set(decode_presentation(repair).payload) - set(shown) == {"dismantling"}

    some = release(FULL, lambda path: path in {("composition",), ("composition", "cathode")})
    assert decode_presentation(some).payload["composition"] == {
        "cathode": {"LFP": 0.61},
        "anode": "graphite",
    }
    # What lies within something withheld is withheld.
    inner = release(FULL, lambda path: path != ("composition",))
    assert "composition" not in decode_presentation(inner).payload
    assert release(release(FULL, lambda path: True), lambda path: True).count(b"~") == 6


@drawn(st.sets(st.sampled_from(SELECTIVE)), test=30, soak=200)
def test_more_permissions_never_show_less(allowed: set[tuple[str, ...]]) -> None:
    fewer = release(FULL, lambda path: path in allowed)
    more = release(FULL, lambda path: path in allowed or path == ("dismantling",))
    assert set(fewer.split(b"~")) <= set(more.split(b"~"))
    assert examine(fewer, known(), at=AT).verdict == "valid"
    for path in SELECTIVE:
        node: Any = decode_presentation(fewer).payload
        for name in path:
            node = node.get(name) if node is not None else None
        within = all(
            path[: length + 1] in allowed
            for length in range(len(path))
            if path[: length + 1] in SELECTIVE
        )
        assert (node is not None) == within


def test_salts_are_random_so_equal_values_have_different_digests() -> None:
    first, second = (issue(CLAIMS, SELECTIVE, MAKER_KEY) for _ in range(2))
    assert not set(first.split(b"~")[1:-1]) & set(second.split(b"~")[1:-1])


def test_a_seal_carries_its_certificates() -> None:
    made = issue(CLAIMS, [], MAKER_KEY, certificate_chain=("AAAA",))
    assert decode_presentation(made).header["x5c"] == ["AAAA"]


@pytest.mark.parametrize(
    ("claims", "selective"),
    [
        ({**CLAIMS, "iss": None}, []),
        ({**CLAIMS, "vct": 1}, []),
        (CLAIMS, [("nowhere",)]),
        (CLAIMS, [("model", "x")]),
        (CLAIMS, [("vct",)]),
        (CLAIMS, [("status",)]),
        ({**CLAIMS, "_sd": []}, []),
        ({**CLAIMS, "dismantling": {"...": 1}}, []),
    ],
)
def test_what_cannot_be_withheld_is_refused(claims: Any, selective: Any) -> None:
    with pytest.raises(MalformedDocumentError):
        issue(claims, selective, MAKER_KEY)


def test_only_an_es256_key_issues() -> None:
    with pytest.raises(KeyUnavailableError):
        issue(CLAIMS, [], ed25519("log"))


NAMED = ["salt", "owner", "x"]
BASE: dict[str, Any] = {"iss": MAKER, "vct": VCT}


@pytest.mark.parametrize(
    ("sd_jwt", "reason"),
    [
        (FULL + base64url.encode(b"[]") + b"~", "disclosure_unreferenced"),
        (FULL + FULL.split(b"~")[1] + b"~", "disclosure_twice"),
        (FULL + b"eyJhbGciOiJFUzI1NiJ9.e30.AAAA", "key_binding_unexpected"),
        (sealed(BASE, NAMED), "disclosure_unreferenced"),
        (sealed({**BASE, "_sd": [digest(NAMED), digest(NAMED)]}, NAMED), "digest_twice"),
        (
            sealed({**BASE, "_sd": [digest(NAMED)], "a": {"_sd": [digest(NAMED)]}}, NAMED),
            "digest_twice",
        ),
        (sealed({**BASE, "_sd": [1]}), "digest_twice"),
        (sealed({**BASE, "_sd": "x"}), "digests_malformed"),
        (sealed({**BASE, "owner": "y", "_sd": [digest(NAMED)]}, NAMED), "claim_collision"),
        (sealed({**BASE, "_sd": [digest(["s", "_sd", []])]}, ["s", "_sd", []]), "claim_collision"),
        (sealed({**BASE, "_sd": [digest(["s", "exp", 1])]}, ["s", "exp", 1]), "claim_reserved"),
        (sealed({**BASE, "_sd": [digest(["s", "...", 1])]}, ["s", "...", 1]), "claim_collision"),
        (sealed({**BASE, "_sd": [digest(["s", 5, 1])]}, ["s", 5, 1]), "claim_collision"),
        (sealed({**BASE, "_sd": [digest(["s", "x"])]}, ["s", "x"]), "disclosure_malformed"),
        (sealed({**BASE, "_sd": [digest([1, "x", 2])]}, [1, "x", 2]), "disclosure_malformed"),
        (sealed({**BASE, "_sd": [digest({})]}, {}), "disclosure_malformed"),
        (sealed({**BASE, "a": [{"...": digest(NAMED)}]}, NAMED), "disclosure_malformed"),
        (sealed({**BASE, "a": {"...": "x"}}), "claim_reserved"),
        (sealed({**BASE, "a": {"_sd_alg": "sha-256"}}), "claim_reserved"),
        (sealed({**BASE, "_sd_alg": "md5"}), "hash_unknown"),
        (sealed({**BASE, "_sd": [digest(b"!!")]}, b"!!"), "not_base64url"),
        (sealed(BASE, *([b"AAAA"] * 2100)), "too_large"),
        (b"A" * 2_000_000 + b"~", "too_large"),
        (b"~", "not_compact_jws"),
    ],
)
def test_an_sd_jwt_with_something_slipped_in_is_refused_at_parse(
    sd_jwt: bytes, reason: str
) -> None:
    report = examine(sd_jwt, known(), at=AT)
    assert report.failed_step is not None
    assert (report.failed_step.step, report.failed_step.reason_code) == ("parse", reason)
    with pytest.raises(MalformedDocumentError):
        release(sd_jwt, lambda path: True)


def test_disclosures_within_disclosures_stay_within_the_depth() -> None:
    content: Any = ["s", "end", 1]
    disclosures = [content]
    for _ in range(40):
        content = ["s", "in", {"_sd": [digest(content)]}]
        disclosures.append(content)
    sd_jwt = sealed({**BASE, "_sd": [digest(content)]}, *disclosures)
    assert examine(sd_jwt, known(), at=AT).step("parse").reason_code == "too_deep"


@pytest.mark.parametrize(
    ("sd_jwt", "step", "reason"),
    [
        (sealed(BASE, typ="vc+jwt"), "format", "typ_unknown"),
        (sealed(BASE, typ="JWT"), "format", "typ_unknown"),
        (sealed(BASE, typ="statuslist+jwt"), "format", "typ_unknown"),
        (sealed({"iss": MAKER}), "format", "not_a_credential"),
        (sealed({"vct": VCT}), "format", "issuer_missing"),
        (sealed({"vct": VCT, "iss": 5}), "format", "issuer_missing"),
        (sealed({**BASE, "vct": "other"}), "issuer_trusted", "type_out_of_scope"),
        (sealed({**BASE, "exp": 5}), "validity", "expired"),
        (sealed({**BASE, "exp": "soon"}), "validity", "not_an_instant"),
        (sealed({**BASE, "exp": True}), "validity", "not_an_instant"),
        (sealed({**BASE, "nbf": int(AT.timestamp()) + 9999}), "validity", "not_yet_valid"),
        (sealed({**BASE, "iat": int(AT.timestamp()) + 9999}), "validity", "not_yet_valid"),
        (sealed({**BASE, "status": {}}), "status", "status_entry_incomplete"),
        (sealed({**BASE, "status": []}), "status", "status_entry_incomplete"),
        (
            sealed({**BASE, "status": token_status_claim(LIST, -1)}),
            "status",
            "status_entry_incomplete",
        ),
        (sealed({**BASE, "status": token_status_claim(LIST, 2**30)}), "status", "status_index"),
    ],
)
def test_an_sd_jwt_is_refused_at_its_step(sd_jwt: bytes, step: str, reason: str) -> None:
    report = examine(sd_jwt, known(), at=AT)
    assert report.failed_step is not None
    assert (report.failed_step.step, report.failed_step.reason_code) == (step, reason)


def test_the_older_type_is_accepted_and_a_plain_one_is_valid() -> None:
    assert examine(sealed(BASE, typ="vc+sd-jwt"), known(), at=AT).verdict == "valid"
    assert examine(sealed(BASE), known(), at=AT).step("status").reason_code == "no_status_entry"


@pytest.mark.parametrize(
    ("lists", "reason"),
    [
        (token_list(7), "revoked"),
        (token_list(8), "not_withdrawn"),
        (token_list(url=f"{LIST}0"), "status_list_substituted"),
        (token_list(key=STRANGER_KEY), "status_list_key_not_found"),
        (token_list()[:-20] + b"A" * 20, "status_list_signature_invalid"),
        (sealed(BASE), "not_a_status_list"),
    ],
)
def test_the_token_status_list_decides_step_11(lists: bytes, reason: str) -> None:
    assert examine(FULL, known(lists), at=AT).step("status").reason_code == reason


def test_a_token_status_list_is_no_credential() -> None:
    report = examine(token_list(), known(), at=AT)
    assert report.step("format").reason_code == "typ_unknown"


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(FULL) * 8 - 1))
def test_any_flipped_bit_of_an_sd_jwt_is_refused(bit: int) -> None:
    flipped = bytearray(FULL)
    flipped[bit // 8] ^= 1 << bit % 8
    assert examine(bytes(flipped), known(), at=AT).verdict == "invalid"


JSON = st.recursive(
    st.one_of(st.none(), st.integers(-9, 9), st.text(max_size=3), st.just(digest(NAMED))),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["_sd", "...", "_sd_alg", "a", "owner"]), inner, max_size=3
        ),
    ),
    max_leaves=8,
)


@drawn(JSON, st.lists(JSON, max_size=3), test=30, soak=160, limits=settings(deadline=None))
def test_any_payload_and_any_disclosures_get_a_verdict(claim: Any, disclosures: list[Any]) -> None:
    sd_jwt = sealed({**BASE, "claim": claim, "_sd": claim}, NAMED, *disclosures)
    assert examine(sd_jwt, known(), at=AT).verdict in {"valid", "invalid", "cannot_tell"}
