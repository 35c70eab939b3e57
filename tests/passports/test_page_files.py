"""Files of every kind, whole and spoilt, give the same in the page and in Python, and never a fault."""

import hashlib
import io
import json
import random
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest

from api.verifying_alone import verify_offline
from passports.errors import EvidenceUnavailableError
from passports.seals import verify_seal
from passports.verification.bundle import Bundle, write_bundle
from passports.verification.collection import CollectedEvidence
from signing.canonical import canonicalize
from signing.data_integrity import add_proof
from signing.did_web import PublicKeyEntry
from signing.errors import SigningError
from signing.jws import encode_header, sign_compact
from signing.report import VerificationReport
from signing.seal import Seal, sign_seal, to_text
from signing.selective_disclosure import issue
from signing.status_list import status_entry
from signing.transparency_log import log_entry
from signing.trust import TrustList, trusted_key
from tests.passports.page_agreement import (
    ISSUERS,
    believing,
    passport_case,
    payload,
    permitted,
    text,
)
from tests.passports.test_checks import DOCUMENT, LINK, PAPER_URL, RESULT, STUDY_URL
from tests.passports.test_page_agreement import PROOF_URL, RESTRICTED, in_log
from tests.signing.page import run, steps_of
from tests.signing.test_certificate_chain import anchor
from tests.signing.world import (
    AT,
    MAKER,
    MAKER_KEY,
    REVOCATION,
    ROOT_KEY,
    STRANGER,
    STRANGER_KEY,
    did_document,
    ed25519,
    entry,
    signed,
    status_list,
    trust_list,
)

LOGGED = signed(
    payload(
        transparencyLog={"proof": PROOF_URL},
        credentialStatus=[status_entry(REVOCATION, "revocation", 5)],
    )
)
FACTS: dict[int, Any] = {1: 9520123456788, 2: "SN-1", 3: "ev", 4: 60000, 5: 125, 6: "da-2024"}
SEAL = Seal(MAKER, AT - timedelta(days=1), log_entry(LOGGED), None, FACTS)


def bundle() -> bytes:
    evidence = CollectedEvidence(
        documents={PAPER_URL: DOCUMENT},
        studies={STUDY_URL: RESULT},
        status_lists={REVOCATION: status_list()},
        log_proofs={PROOF_URL: in_log(LOGGED)},
    )
    evidence.add_did_document(MAKER, canonicalize(did_document()))
    return write_bundle(Bundle("", [LOGGED], evidence), AT)


FILES: Mapping[str, bytes] = {
    "vc+jwt": passport_case().credential,
    "embedded proof": json.dumps(add_proof(payload(), MAKER_KEY, MAKER, AT)).encode(),
    "SD-JWT": issue(
        {**RESTRICTED, "attributes": {"a": 1, "b": [1, 2]}}, [("attributes", "a")], MAKER_KEY
    ),
    "seal": to_text(sign_seal(SEAL, MAKER_KEY)).encode(),
    "bundle": bundle(),
}


def by_python(data: bytes, issuers: TrustList) -> list[VerificationReport] | str:
    try:
        return verify_offline(data, issuers, AT)
    except EvidenceUnavailableError:
        return "not_a_bundle"


def assert_files_alike(files: Mapping[str, bytes], issuers: TrustList = ISSUERS) -> list[str]:
    """Let both verify each file alone; return Python's verdicts."""
    common = believing(issuers)
    results = run([{"kind": "offline", "data": text(data), **common} for data in files.values()])
    verdicts = []
    for (name, data), result in zip(files.items(), results, strict=True):
        expected = by_python(data, issuers)
        if isinstance(expected, str):
            assert result == {"reason": expected}, name
            verdicts.append(expected)
            continue
        assert "reports" in result, (name, result, expected)
        for report, found in zip(expected, result["reports"], strict=True):
            assert found["steps"] == permitted(report, found["steps"]), name
            assert found["verdict"] == report.verdict, name
            verdicts.append(report.verdict)
    return verdicts


def test_whole_files_are_judged_alike() -> None:
    space = {
        f"{name} with space around it": b" \r\n" + data + b"\t\n" for name, data in FILES.items()
    }
    verdicts = assert_files_alike({**FILES, **space, "nothing": b"", "any": bytes(range(256))})
    assert set(verdicts) == {"valid", "valid_with_warnings", "invalid"}


def spoilt(data: bytes, chance: random.Random) -> bytes:
    """Change, take away or double something; mostly one byte."""
    place, kind = chance.randrange(len(data)), chance.random()
    if kind < 0.6:
        return data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :]
    if kind < 0.75:
        return data[:place] + bytes([chance.randrange(256)]) + data[place + 1 :]
    if kind < 0.9:
        return data[:place] + data[place + chance.randrange(1, 9) :]
    return data[:place] + data[max(0, place - 9) : place] + data[place:]


@pytest.mark.parametrize("name", FILES)
def test_spoilt_files_give_the_same_verdict_and_never_a_fault(name: str) -> None:
    chance = random.Random(name)
    files = {f"{name} {number}": spoilt(FILES[name], chance) for number in range(60)}
    verdicts = assert_files_alike(files)
    assert len(verdicts) >= len(files)
    assert "valid" not in verdicts


@pytest.mark.soak
@pytest.mark.parametrize("name", FILES)
def test_many_spoilt_files_give_the_same_verdict(name: str) -> None:
    chance = random.Random(f"{name}, many")
    assert_files_alike({f"{name} {number}": spoilt(FILES[name], chance) for number in range(5000)})


def rebuilt(change: Callable[[dict[str, Any], dict[str, bytes]], None], **options: Any) -> bytes:
    """The bundle with another manifest or other members, in an archive that is whole."""
    with zipfile.ZipFile(io.BytesIO(FILES["bundle"])) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    manifest = orjson.loads(members.pop("manifest.json"))
    change(manifest, members)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", options.get("compression", zipfile.ZIP_STORED)) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
        if manifest:
            archive.writestr("manifest.json", orjson.dumps(manifest))
    return buffer.getvalue()


def test_bundles_of_every_shape_are_judged_alike() -> None:
    def row(member: str, value: object) -> Callable[[Any, Any], None]:
        return lambda manifest, _: manifest["members"][0].update({member: value})

    def set_to(member: str, value: object) -> Callable[[Any, Any], None]:
        return lambda manifest, _: manifest.update({member: value})

    files = {
        "stored": rebuilt(lambda *_: None),
        "packed": rebuilt(lambda *_: None, compression=zipfile.ZIP_DEFLATED),
        "packed otherwise": rebuilt(lambda *_: None, compression=zipfile.ZIP_BZIP2),
        "packed by LZMA": rebuilt(lambda *_: None, compression=zipfile.ZIP_LZMA),
        "no manifest": rebuilt(lambda manifest, _: manifest.clear()),
        "another format": rebuilt(set_to("format", "voltpass-bundle/2")),
        "no time": rebuilt(set_to("madeAt", None)),
        "no members": rebuilt(set_to("members", [])),
        "members that are none": rebuilt(set_to("members", {})),
        "another hash": rebuilt(row("sha256", "0" * 64)),
        "no hash": rebuilt(row("sha256", None)),
        "a path that is none": rebuilt(row("path", "x")),
        "a kind nobody knows": rebuilt(row("kind", "x")),
        "a kind that is none": rebuilt(row("kind", 5)),
        "a member twice": rebuilt(
            lambda manifest, _: manifest["members"].append(manifest["members"][0])
        ),
        "one more": rebuilt(lambda _, members: members.update({"x": b"y"})),
        "a comment": FILES["bundle"][:-2] + b"\x03\0abc",
        "something before it": b"PK\x03\x04" + FILES["bundle"],
        "cut off": FILES["bundle"][:-30],
        "only its beginning": b"PK\x03\x04",
    }
    verdicts = assert_files_alike(files)
    assert {"valid_with_warnings", "not_a_bundle"} <= set(verdicts)


def with_spoilt_evidence(chance: random.Random) -> bytes:
    """A bundle whose manifest fits, but one of the members is spoilt: the evidence has to be judged."""

    def spoil(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
        row = chance.choice(manifest["members"])
        members[row["path"]] = spoilt(members[row["path"]], chance)
        row["sha256"] = hashlib.sha256(members[row["path"]]).hexdigest()

    return rebuilt(spoil)


def test_spoilt_evidence_is_judged_alike() -> None:
    chance = random.Random("evidence")
    verdicts = assert_files_alike({str(n): with_spoilt_evidence(chance) for n in range(60)})
    assert {"valid_with_warnings", "invalid"} <= set(verdicts)


@pytest.mark.soak
def test_much_spoilt_evidence_is_judged_alike() -> None:
    chance = random.Random("much evidence")
    assert_files_alike({str(n): with_spoilt_evidence(chance) for n in range(5000)})


SealCase = tuple[str, dict[str, Any], TrustList | None, str | None]


def seal_cases() -> dict[str, SealCase]:
    def made(key: Any = MAKER_KEY, **changes: Any) -> str:
        return to_text(sign_seal(replace(SEAL, **changes), key))

    def by(**retirement: Any) -> dict[str, Any]:
        return {MAKER: did_document(MAKER, PublicKeyEntry(MAKER_KEY.public_jwk, **retirement))}

    def listing(*keys: Any, **changes: Any) -> TrustList:
        return trust_list(entry(keys=tuple(map(trusted_key, keys)), **changes))

    seal, public = made(), PublicKeyEntry(MAKER_KEY.public_jwk)
    known: dict[str, Any] = {MAKER: did_document()}
    unlisted = trust_list(entry(keys=()))
    return {
        "whole": (seal, known, ISSUERS, LINK),
        "no link": (seal, known, ISSUERS, None),
        "another's link": (seal, known, ISSUERS, LINK.replace("SN-1", "SN-2")),
        "a link that is none": (seal, known, ISSUERS, "x"),
        "no DID document": (seal, {}, ISSUERS, LINK),
        "nothing known": (seal, {}, None, LINK),
        "no trust list": (seal, known, None, LINK),
        "another DID document": (seal, {MAKER: did_document(STRANGER)}, ISSUERS, LINK),
        "an unknown issuer": (made(issuer=STRANGER), known, ISSUERS, LINK),
        "a stranger's key": (made(STRANGER_KEY), known, ISSUERS, LINK),
        "a compromised key": (seal, by(revoked=AT), ISSUERS, LINK),
        "compromised for the list": (seal, known, listing(replace(public, revoked=AT)), LINK),
        "a retired key": (seal, by(expires=AT - timedelta(days=9)), unlisted, LINK),
        "retired since": (seal, by(expires=AT), unlisted, LINK),
        "another key is listed": (
            seal,
            known,
            listing(PublicKeyEntry(STRANGER_KEY.public_jwk)),
            LINK,
        ),
        "Ed25519 is listed": (seal, known, listing(PublicKeyEntry(ed25519("x").public_jwk)), LINK),
        "trust that ended": (
            seal,
            known,
            trust_list(entry(valid_until=AT - timedelta(hours=1))),
            LINK,
        ),
        "trust that begins": (seal, known, trust_list(entry(valid_from=AT)), LINK),
        "an old list": (seal, known, trust_list(valid_until=AT - timedelta(days=1)), LINK),
        "of tomorrow": (made(issued_at=AT + timedelta(days=1)), known, ISSUERS, LINK),
        "expired": (made(expires_at=AT - timedelta(hours=1)), known, ISSUERS, LINK),
        "another's prefix": (made(facts={**FACTS, 1: 9501101530003}), known, ISSUERS, None),
        "no facts": (made(facts={}), known, ISSUERS, LINK),
        "a GTIN as text": (made(facts={1: "09520123456788", 2: "SN-1"}), known, ISSUERS, LINK),
        "a wrong GTIN": (made(facts={1: 5, 2: "SN-1"}), known, ISSUERS, LINK),
        "a huge GTIN": (made(facts={1: 2**64 - 1, 2: "SN-1"}), known, ISSUERS, LINK),
        "a serial of bytes": (made(facts={1: 9520123456788, 2: b"SN-1"}), known, ISSUERS, LINK),
        "other facts": (made(facts={**FACTS, 9: [1, {2: b"x"}], -5: "y"}), known, ISSUERS, LINK),
        "no prefix": (seal.removeprefix("VP1:"), known, ISSUERS, LINK),
        "small letters": (seal.lower(), known, ISSUERS, LINK),
        "cut off": (seal[:-2], known, ISSUERS, LINK),
        "nothing": ("VP1:", known, ISSUERS, LINK),
    }


def test_seals_are_judged_alike() -> None:
    cases = seal_cases()
    tasks = [
        {
            "kind": "sealed_battery",
            "text": code,
            "evidence": {"didDocuments": {did: text(canonicalize(d)) for did, d in dids.items()}},
            **believing(issuers),
            "link": link,
        }
        for code, dids, issuers, link in cases.values()
    ]
    for (name, (code, dids, issuers, link)), result in zip(cases.items(), run(tasks), strict=True):
        report = verify_seal(code, dids, issuers, link, AT)
        assert (result["verdict"], result["steps"]) == (report.verdict, steps_of(report)), name


def trust_lists() -> dict[str, Any]:
    """Documents of trust lists, most with something that is not what it must be."""
    whole = trust_list(entry(anchors=(anchor(),)), *ISSUERS.entries[2:]).to_document()
    changes: dict[str, list[object]] = {
        "version": [1.0, 2, "1", True, None],
        "issuedAt": [None, "yesterday"],
        "validUntil": [None, "2027-01-01T00:00:00", 5],
        "entries": [None, {}, [], [1], [{}]],
    }
    of_entry: dict[str, list[object]] = {
        "issuer": [None, 5, ""],
        "names": [None, "x", [1], []],
        "role": [None, "maker", "witness"],
        "scope": [None, "x", [1], []],
        "gs1Prefixes": [None, ["95"], ["952012345"], [952], ["9" * 13]],
        "keys": [None, {}, [1], [{}], [{"jwk": {}}], [{"jwk": {"kty": "EC", "crv": "P-256"}}]],
        "validFrom": [None, "x"],
        "validUntil": [None, "x", "2030-01-01T00:00:00Z"],
        "anchors": [None, {}, [1], [{}], [{"certificate": "AAAA", "organizationIdentifier": "x"}]],
    }
    of_key: dict[str, list[object]] = {
        "revoked": ["x", None],
        "expires": [5],
        "revokedFromLogIndex": [-1, 1.5, 5.0, True, "1"],
        "revokedInLog": [5],
    }
    of_jwk: dict[str, list[object]] = {
        "x": [None, "", "AAAA", 5, "Ü" * 43, "A" * 43],
        "alg": ["ES256", "EdDSA", "none", 5, None],
        "use": ["enc", "sig", None],
        "key_ops": [["verify"], ["sign"], None, "verify"],
        "d": ["x"],
        "kty": ["RSA", "OKP", "AKP"],
    }
    documents: dict[str, Any] = {"whole": whole}

    def add(path: tuple[Any, ...], table: Mapping[str, list[object]]) -> None:
        for member, values in table.items():
            for value in values:
                document = orjson.loads(orjson.dumps(whole))
                target = document
                for part in path:
                    target = target[part]
                target[member] = value
                documents[f"{path} {member} {value!r}"[:90]] = document

    add((), changes)
    add(("entries", 0), of_entry)
    add(("entries", 0, "keys", 0), of_key)
    add(("entries", 0, "keys", 0, "jwk"), of_jwk)
    return documents


def test_trust_lists_are_read_and_refused_for_the_same_reasons() -> None:
    header = encode_header({"alg": "Ed25519", "typ": "trust-list+jwt", "kid": ROOT_KEY.kid})
    signed_lists = {
        name: sign_compact(header, canonicalize(document), ROOT_KEY)
        for name, document in trust_lists().items()
    }
    foreign = encode_header({"alg": "ES256", "typ": "trust-list+jwt", "kid": ROOT_KEY.kid})
    other = encode_header({"alg": "Ed25519", "typ": "vc+jwt", "kid": ROOT_KEY.kid})
    signed_lists |= {
        "another algorithm": sign_compact(foreign, b"{}", ROOT_KEY),
        "another type": sign_compact(other, b"{}", ROOT_KEY),
        "a stranger's": trust_list().sign(STRANGER_KEY),
        "spoilt": trust_list().sign(ROOT_KEY)[:-4] + b"AAAA",
        "nothing": b"",
    }
    roots = [dict(ROOT_KEY.public_jwk)]
    tasks = [
        {"kind": "trust_list", "text": data.decode(), "roots": roots}
        for data in signed_lists.values()
    ]
    read = 0
    for (name, data), result in zip(signed_lists.items(), run(tasks), strict=True):
        try:
            found = TrustList.verify(data, roots)
            expected: dict[str, Any] = {"root": ROOT_KEY.kid, "entries": len(found.entries)}
            read += 1
        except SigningError as error:
            expected = {"reason": getattr(error, "reason", "")}
        assert result == expected, name
    assert 10 < read < len(tasks) - 40
