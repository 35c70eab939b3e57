"""As `test_written_from_the_text`, of restricted credentials and of seals; the page for browsers too."""

import hashlib
import json
import zlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from signing import base64url, cbor
from signing.cbor import CborValue, Tagged
from signing.did_web import PublicKeyEntry
from signing.seal import _to_be_signed, to_text
from signing.seal_report import examine_seal
from signing.trust import trusted_key
from tests.signing.page import run, steps_of
from tests.signing.rfc_9901 import RFC_9901_SD_JWT
from tests.signing.test_certificate_chain import anchor
from tests.signing.test_verify import evidence_from, read
from tests.signing.test_written_from_the_text import (
    assert_agreed,
    each,
    jws,
    results_of,
    stranger_s,
    trusting,
)
from tests.signing.world import (
    AT,
    MAKER,
    MAKER_KEY,
    REVOCATION,
    STRANGER,
    STRANGER_KEY,
    did_document,
    entry,
    p256,
    passport,
    signed,
)
from tests.signing.written_from_the_text import encodings, seal, steps

SECONDS = int(AT.timestamp())
KID = f"{MAKER}#{MAKER_KEY.kid}"
CLAIMS: dict[str, Any] = {
    "iss": MAKER,
    "vct": "urn:example:restricted",
    "iat": SECONDS - 60,
    "status": {"status_list": {"idx": 9, "uri": REVOCATION}},
}
TRUSTED = trusting(entry(scope=("urn:example:restricted",)))


def disclosure(*members: Any) -> str:
    return base64url.encode(json.dumps(members).encode()).decode()


def digest(text: str) -> str:
    return encodings.to_base64url(hashlib.sha256(text.encode()).digest())


def restricted(*texts: str, end: str = "", typ: Any = "dc+sd-jwt", **changes: Any) -> bytes:
    claims = {**CLAIMS, "_sd": [digest(text) for text in texts], **changes}
    shown = {name: value for name, value in claims.items() if value is not ...}
    first = jws({"alg": "ES256", "kid": KID, "typ": typ}, shown).decode()
    return "~".join([first, *texts, end]).encode()


def token_list(bits: bytes | None = None, header: Any = None, **changes: Any) -> bytes:
    packed = base64url.encode(zlib.compress(bytes(16_384)) if bits is None else bits).decode()
    claims = {
        "iss": MAKER,
        "sub": REVOCATION,
        "iat": SECONDS - 60,
        "exp": SECONDS + 60,
        "status_list": {
            name: value
            for name, value in {"bits": 1, "lst": packed, **changes.pop("status_list", {})}.items()
            if value is not ...
        },
        **changes,
    }
    shown = {name: value for name, value in claims.items() if value is not ...}
    return jws({"alg": "ES256", "kid": KID, "typ": "statuslist+jwt", **(header or {})}, shown)


def agreed(credential: bytes, listed: bytes | None = None, **changes: Any) -> str:
    lists = {REVOCATION: (token_list() if listed is None else listed).decode()}
    known = {"trustList": TRUSTED, "statusLists": lists, "expectedIdentifier": None}
    return assert_agreed(credential, **{**known, **changes})


INNER = disclosure("s", "inner", 7)
OUTER = disclosure("s", "outer", {"_sd": [digest(INNER)]})
ELEMENT = disclosure("s", {"a": 1})
GOOD = disclosure("s", "a", 1)
ODD: tuple[tuple[Any, ...], ...] = (
    (1, "a", 1), ("s", 1, 1), ("s",), ("s", "a", 1, 1), ("s", "_sd", []), ("s", "...", 1),
    ("s", "_sd_alg", "sha-256"), ("s", "iss", MAKER), ("s", "a", {"_sd": 1}),
    ("s", "nbf", SECONDS + 400), ("s", "status", {}), ("s", "a", 2**53),
)  # fmt: skip
RESTRICTED: Mapping[str, bytes] = {
    "nothing to disclose": restricted(_sd=...),
    "one": restricted(GOOD),
    "withheld": restricted(_sd=[digest(GOOD)]),
    "one within another": restricted(OUTER, INNER, _sd=[digest(OUTER)]),
    "within what is withheld": restricted(INNER, _sd=[digest(OUTER)]),
    "an element": restricted(ELEMENT, _sd=..., x=[{"...": digest(ELEMENT)}, 2]),
    "an element withheld": restricted(_sd=..., x=[{"...": digest(ELEMENT)}, 2]),
    "an element with more": restricted(ELEMENT, _sd=..., x=[{"...": digest(ELEMENT), "y": 1}]),
    "a member for an element": restricted(GOOD, _sd=..., x=[{"...": digest(GOOD)}]),
    "an element for a member": restricted(ELEMENT),
    "a digest twice": restricted(_sd=["x", "x"]),
    "a digest here and there": restricted(GOOD, x={"_sd": [digest(GOOD)]}),
    "a digest that is no text": restricted(_sd=[1]),
    "digests that are no array": restricted(_sd="x"),
    "a disclosure twice": restricted(GOOD, GOOD, _sd=[digest(GOOD)]),
    "a disclosure of nothing": restricted(GOOD, _sd=[]),
    "an empty disclosure": restricted("", _sd=[]),
    "a key binding": restricted(GOOD, end="a.b.c"),
    "dots": restricted(GOOD, x={"...": 1}),
    "another hash": restricted(GOOD, _sd_alg="sha-512"),
    "no hash": restricted(GOOD, _sd_alg=None),
    "a hash within": restricted(x={"_sd_alg": "sha-256"}),
    "too deep together": restricted(disclosure("s", "a", json.loads("[" * 31 + "]" * 31))),
    "deep together": restricted(disclosure("s", "a", json.loads("[" * 29 + "]" * 29))),
    **{f"disclosed {members}": restricted(disclosure(*members)) for members in ODD},
    **{f"typ {typ}": restricted(typ=typ) for typ in ("vc+sd-jwt", "vc+jwt", "sd-jwt", None)},
    **{
        f"claims {changes}": restricted(**changes)
        for changes in (
            *each("iss", ..., 1, "", STRANGER),
            *each("vct", ..., 1, "", "x"),
            *each("iat", ..., "x", 1.0, SECONDS + 301),
            *each("nbf", SECONDS + 301, None),
            *each("exp", 1, 1.5, None),
            *each("status", None, ..., "x", {}, {"status_list": {"idx": 9}}),
            *({"status": {"status_list": {"idx": idx, "uri": REVOCATION}}} for idx in (
                "9", -1, True, 9.0, 131_071, 131_072,
            )),
            {"credentialStatus": []},
            {"sub": REVOCATION, "id": 1},
        )
    },
    "of the RFC": RFC_9901_SD_JWT,
    "no disclosures at all": restricted().rstrip(b"~"),
}  # fmt: skip


@pytest.mark.parametrize("name", RESTRICTED)
def test_any_restricted_credential(name: str) -> None:
    agreed(RESTRICTED[name])


def lists() -> dict[str, bytes]:
    changes = (
        *each("sub", ..., REVOCATION + "/token"),
        *each("iss", ..., STRANGER, ""),
        *each("iat", ..., "x", 1.0),
        *each("exp", ..., SECONDS - 1, "x"),
        *({"status_list": change} for change in each("bits", 2, "1", True, 1.0, ...)),
        *({"status_list": change} for change in each("lst", 1, "x$", "")),
    )
    made = {str(change): token_list(**change) for change in changes}
    headers = each("typ", "JWT", ..., "application/statuslist+jwt") + each("alg", "none")
    return {
        **made,
        **{str(header): token_list(header=header) for header in headers},
        "good": token_list(),
        "set": token_list(zlib.compress(b"\0\2" + bytes(16_382))),
        "set, read backwards": token_list(zlib.compress(b"\0\x40" + bytes(16_382))),
        "short": token_list(zlib.compress(bytes(16_383))),
        "a tail": token_list(zlib.compress(bytes(16_384)) + b"x"),
        "a Bitstring": read("_evidence")["statusLists"][REVOCATION].encode(),
    }


LISTS = lists()


@pytest.mark.parametrize("name", LISTS)
def test_any_token_status_list(name: str) -> None:
    agreed(restricted(), LISTS[name])
    agreed(signed(passport()), LISTS[name], trustList=trusting())


HEADER: dict[int, CborValue] = {1: -7, 4: base64url.decode(MAKER_KEY.kid.encode(), "kid")[:8]}
PAYLOAD: dict[int, CborValue] = {1: MAKER, 6: SECONDS, -70_001: bytes(32), -70_002: {1: 5, 2: "x"}}


def sealed(
    header: Any = HEADER, tags: tuple[int, ...] = (18, 61), tail: bytes = b"", **parts: Any
) -> str:
    """A seal of any kind; ``payload`` changes claims, ``unprotected`` and ``signature`` parts."""
    claims = {**PAYLOAD, **parts.get("payload", {})}
    payload = cbor.encode({name: value for name, value in claims.items() if value is not ...})
    protected = header if isinstance(header, bytes) else cbor.encode(header)
    signature = parts.get("signature", MAKER_KEY.sign(_to_be_signed(protected, payload)))
    value: CborValue = [protected, parts.get("unprotected", {}), payload, signature]
    for tag in tags:
        value = Tagged(tag, value)
    return to_text(cbor.encode(value) + tail)


WHOLE = sealed()
PAYLOADS: tuple[dict[int, Any], ...] = (
    *({1: value} for value in (..., 1, "", STRANGER)),
    *({6: value} for value in (..., "x", -1, SECONDS + 301, 95_617_584_000, SECONDS + 300)),
    *({4: value} for value in (SECONDS, SECONDS - 1, "x")),
    *({-70_001: value} for value in (..., bytes(31), "x")),
    {-70_002: ...},
    {-70_002: []},
    {-70_002: {}},
    {7: [[[[[1]]]]]},
    {7: [[[[[[[[[1]]]]]]]]]},
)
SEALS: tuple[str, ...] = (
    WHOLE, "", "VP1:", WHOLE[4:], WHOLE.lower(), WHOLE + "\n", WHOLE + "0", "VP1::::", "VP1:ü",
    "VP1:" + "0" * 4096, "VP1:" + "0" * 4098, to_text(bytes(2049)), to_text(b"\xf6"), to_text(b"\x18"),
    sealed(tail=b"\0"), sealed(tags=(18,)), sealed(tags=(61,)), sealed(tags=()), sealed(tags=(61, 18)),
    sealed(unprotected={4: 1}), sealed(signature=b""), sealed(signature=bytes(63)),
    sealed(signature=bytes(64)), sealed(signature="x"),
    *(sealed({**HEADER, **change}) for change in ({1: -8}, {2: 1}, {33: b"x"}, {4: b""}, {4: "x"})),
    sealed({1: -7}), sealed({}), sealed(b""), sealed(b"\xa1\x18\x01\x26"), sealed(b"\x01"),
    *(sealed(payload=change) for change in PAYLOADS),
)  # fmt: skip


def compare_seals(*tasks: tuple[str, dict[str, Any]]) -> None:
    base = read("_evidence")
    paged = run([{"kind": "seal", "text": t, "evidence": {**base, **c}} for t, c in tasks])
    for (text, changes), result in zip(tasks, paged, strict=True):
        known, at = evidence_from(changes)
        report = examine_seal(text, known, at=at, domain_checks={})
        found = seal.examine_seal(text, stranger_s(changes))
        assert found == results_of(report), (text, changes)
        assert steps.verdict_over(found) == report.verdict
        assert result["steps"] == steps_of(report), (text, changes)
        assert result["verdict"] == report.verdict


def test_any_seal() -> None:
    compare_seals(*[(text, {}) for text in SEALS])


def test_a_seal_under_any_evidence() -> None:
    key, day = MAKER_KEY.public_jwk, timedelta(days=1)
    other = PublicKeyEntry(p256("second").public_jwk)
    ends = (
        PublicKeyEntry(key, expires=AT - day),
        PublicKeyEntry(key, expires=AT),
        PublicKeyEntry(key, revoked=AT),
        PublicKeyEntry(key, revoked=AT, revoked_from_log_index=9),
    )
    documents: list[Any] = [did_document(MAKER, item) for item in (*ends, other)]
    documents += [did_document(STRANGER), {"id": MAKER}, did_document()]
    trusted = [
        entry(),
        entry(keys=()),
        entry(keys=(), anchors=(anchor(),)),
        entry(anchors=(anchor(),)),
        *(entry(keys=(trusted_key(item),)) for item in (*ends, other)),
        entry(role="certifier"),
        entry(valid_until=AT - day),
        entry(valid_from=AT + day),
        entry(STRANGER, STRANGER_KEY),
    ]
    tasks: list[dict[str, Any]] = []
    for document in documents:
        found = {"didDocuments": {MAKER: document}}
        tasks += [found, {**found, "trustList": None}]
    for item in trusted:
        known = {"trustList": trusting(item)}
        tasks += [{**known, "didDocuments": held} for held in ({}, {MAKER: documents[0]})]
        tasks.append(known)
    compare_seals(*[(WHOLE, task) for task in tasks])
