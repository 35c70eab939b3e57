"""Page, Python and the text judge certificate chains alike: by every rule, and every flipped bit."""

import base64
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512

from signing.canonical import canonicalize
from signing.certificate_chain import TrustAnchor
from signing.did_web import PublicKeyEntry
from signing.evidence import Evidence
from signing.jws import encode_header, sign_compact
from signing.trust import trusted_key
from signing.verify import examine
from tests.signing.page import run, steps_of
from tests.signing.test_certificate_chain import (
    GOOD,
    ISSUED,
    MIDDLE,
    ORGANISATION,
    OTHER,
    REFUSED,
    ROOT,
    SEAL_KEY,
    _named,
    anchor,
    certify,
    known,
    leaf,
    sealed,
    text,
    x509_key,
)
from tests.signing.test_written_from_the_text import results_of, stranger_s
from tests.signing.world import (
    AT,
    MAKER,
    MAKER_KEY,
    ROOT_KEY,
    STRANGER_KEY,
    did_document,
    ed25519,
    entry,
    passport,
)
from tests.signing.written_from_the_text import steps

ROOTS = [dict(ROOT_KEY.public_jwk)]


def task(credential: bytes, evidence: Evidence) -> dict[str, Any]:
    assert evidence.trust_list is not None
    return {
        "credential": credential.decode(),
        "evidence": {
            "didDocuments": dict(evidence.did_documents),
            "trustList": evidence.trust_list.sign(ROOT_KEY).decode(),
            "trustRoots": ROOTS,
            "at": AT.isoformat().replace("+00:00", "Z"),
        },
    }


def assert_alike(
    cases: dict[str, tuple[bytes, Evidence]], *, by_the_text: bool = True
) -> dict[str, tuple[str, str]]:
    """Run page and Python, and what was written from the text; tell the verdict and what step 5 found."""
    tasks = [task(*case) for case in cases.values()]
    found: dict[str, tuple[str, str]] = {}
    results = zip(cases.items(), tasks, run(tasks), strict=True)
    for (name, (credential, evidence)), sent, result in results:
        report = examine(credential, evidence, at=AT)
        assert (result["verdict"], result["steps"]) == (report.verdict, steps_of(report)), name
        if by_the_text:
            stranger = stranger_s({**sent["evidence"], "expectedIdentifier": None})
            assert steps.examine(credential, stranger) == results_of(report), name
        found[name] = (report.verdict, report.step("issuer_trusted").reason_code)
    return found


def test_every_chain_is_judged_alike() -> None:
    cases = {
        "to the root": (sealed(), known(anchor())),
        "to the middle": (sealed(), known(anchor(MIDDLE))),
        "two anchors": (sealed(), known(anchor(OTHER), anchor())),
        "no DID document": (sealed(), known(anchor(), did_documents={})),
        "no chain": (sealed(()), known(anchor())),
        "no chain and no DID document": (sealed(()), known(anchor(), did_documents={})),
        "a listed key": (
            sealed((), MAKER_KEY),
            known(anchor(), keys=entry().keys, did_documents={MAKER: did_document()}),
        ),
        "no anchors": (sealed(), known(keys=entry(key=STRANGER_KEY).keys)),
        "an anchor as leaf": (sealed((text(ROOT.certificate),)), known(anchor())),
        "the leaf itself": (
            sealed((leaf(),)),
            known(TrustAnchor(base64.b64decode(GOOD[0]), ORGANISATION)),
        ),
    }
    for name, (x5c, believed, _) in REFUSED.items():
        cases[name] = (sealed(x5c), known(believed))
        cases[f"{name}, no DID document"] = (sealed(x5c), known(believed, did_documents={}))
    found = assert_alike(cases)
    assert {name for name, (verdict, _) in found.items() if verdict == "valid"} == {
        "to the root",
        "to the middle",
        "two anchors",
        "no DID document",
        "a listed key",
    }
    assert all(found[name] == ("invalid", "key_not_trusted") for name in REFUSED)


def test_a_key_that_nobody_names_is_told_before_a_day_that_is_none() -> None:
    signed = sign_compact(
        encode_header({"alg": "ES256", "typ": "vc+jwt", "x5c": list(GOOD)}),
        canonicalize(passport(credentialStatus=None, validFrom="2027-02-18T00:00:00")),
        SEAL_KEY,
    )
    listed = entry(key=STRANGER_KEY).keys
    cases = {
        "neither keys nor chains name it": (signed, known(keys=listed)),
        "a chain would, at some time": (signed, known(anchor(), keys=listed)),
    }
    assert set(assert_alike(cases).values()) == {("invalid", "key_not_trusted")}


def _without_kid() -> bytes:
    header = {"alg": "ES256", "typ": "vc+jwt", "x5c": list(GOOD)}
    return sign_compact(
        encode_header(header), canonicalize(passport(credentialStatus=None)), SEAL_KEY
    )


def test_a_chain_counts_beside_keys_that_are_listed() -> None:
    def listing(*keys: PublicKeyEntry, did_documents: Any = None) -> Evidence:
        listed = tuple(map(trusted_key, keys))
        return known(anchor(), keys=listed, did_documents=did_documents or {})

    own, seal_s = PublicKeyEntry(MAKER_KEY.public_jwk), PublicKeyEntry(SEAL_KEY.public_jwk)
    day = timedelta(days=1)
    of_another = (leaf(organisation="VATDE-1"), GOOD[1])
    cases = {
        "by the chain": (sealed(), listing(own)),
        "by the chain, without a kid": (_without_kid(), listing(own)),
        "beside a key of another kind": (
            _without_kid(),
            listing(PublicKeyEntry(ed25519("x").public_jwk)),
        ),
        "by the list": (sealed((), MAKER_KEY), listing(own)),
        "by the list, beside another's chain": (sealed(GOOD, MAKER_KEY), listing(own)),
        "by both": (sealed(), listing(own, seal_s)),
        "another organisation's chain": (sealed(of_another), listing(own)),
        "no chain": (sealed(()), listing(own)),
        "no certificate": (sealed(("AAAA",)), listing(own)),
        "the chain of another key": (sealed((leaf(STRANGER_KEY), GOOD[1])), listing(own)),
        "no anchor": (sealed(), known(keys=(trusted_key(own),), did_documents={})),
        "not in the DID document": (sealed(), listing(own, did_documents={MAKER: did_document()})),
        "by both, compromised": (sealed(), listing(replace(seal_s, revoked=AT))),
        "by both, retired before": (sealed(), listing(replace(seal_s, expires=ISSUED - day))),
    }
    found = assert_alike(cases)
    good = {
        name for name in cases if name.startswith("by ") or name == "beside a key of another kind"
    }
    good -= {"by both, compromised", "by both, retired before"}
    assert {name for name, (verdict, _) in found.items() if verdict == "valid"} == good
    assert {verdict for name, (verdict, _) in found.items() if name not in good} == {"invalid"}
    reasons = {name: examine(*case, at=AT).steps[3].reason_code for name, case in cases.items()}
    for name in ("no chain", "no certificate", "the chain of another key", "no anchor"):
        assert reasons[name] == "key_not_found"
    assert reasons["not in the DID document"] == "key_not_found"


def test_a_key_by_its_chain_is_told_to_be_so_and_that_nobody_was_asked_about_revocation() -> None:
    by_chain = examine(sealed(), known(anchor()), at=AT).step("issuer_trusted")
    listed = known(anchor(), keys=entry(key=SEAL_KEY).keys)
    by_list = examine(sealed(), listed, at=AT).step("issuer_trusted")
    assert "is not asked (no OCSP, no CRL)" in by_chain.message
    assert by_list.message == "Maker of Batteries is trusted as manufacturer"
    pages = [
        result["messages"][4]
        for result in run([task(sealed(), known(anchor())), task(sealed(), listed)])
    ]
    assert pages == [by_chain.message, by_list.message]


def _root(key: Any, hash_: Any, *extensions: tuple[Any, bool], **changes: Any) -> Any:
    """A root that certifies the seal's key, with a signature of a kind; and what it certified."""
    usage = x509.KeyUsage(
        **dict.fromkeys(
            (
                *("digital_signature", "content_commitment", "key_encipherment", "crl_sign"),
                *("data_encipherment", "key_agreement", "encipher_only", "decipher_only"),
            ),
            False,
        ),
        key_cert_sign=changes.get("certifies", True),
    )
    pss = padding.PSS(padding.MGF1(hash_), changes.get("salt", hash_.digest_size))
    chosen: dict[str, Any] = {"rsa_padding": pss} if changes.get("pss") else {}
    start = ISSUED - timedelta(days=9)

    def builder(subject: x509.Name, public: Any) -> x509.CertificateBuilder:
        made = x509.CertificateBuilder().subject_name(subject).issuer_name(_named("Root"))
        made = made.public_key(public).serial_number(changes.get("serial", 77))
        return made.not_valid_before(start).not_valid_after(start + timedelta(days=999))

    root = builder(_named("Root"), key.public_key()).add_extension(usage, critical=True)
    constraints = x509.BasicConstraints(changes.get("ca", True), changes.get("length"))
    root = root.add_extension(constraints, critical=changes.get("critical", True))
    for extension, critical in extensions:
        root = root.add_extension(extension, critical=critical)
    seal = builder(_named("Maker", ORGANISATION), x509_key(SEAL_KEY))
    for extension, critical in changes.get("of_leaf", ()):
        seal = seal.add_extension(extension, critical=critical)
    return root.sign(key, SHA256()), seal.sign(key, hash_, **chosen)


_P256, _P384 = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP384R1())
_P521 = ec.generate_private_key(ec.SECP521R1())
_RSA, _SMALL = rsa.generate_private_key(65537, 2048), rsa.generate_private_key(65537, 1024)
_UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
_SAN = x509.SubjectAlternativeName([x509.DNSName("maker.example")])
_OF_EXAMPLE = x509.NameConstraints([x509.DNSName("example")], None)
_CLIENT, _SERVER = x509.OID_CLIENT_AUTH, x509.OID_SERVER_AUTH
_KEY_ID = x509.SubjectKeyIdentifier(b"\x01" * 20)
_FITTING = x509.AuthorityKeyIdentifier(b"\x01" * 20, None, None)
_BY_SERIAL = x509.AuthorityKeyIdentifier(None, [x509.DirectoryName(_named("Root"))], 77)


def _for(purpose: str) -> x509.ExtendedKeyUsage:
    return x509.ExtendedKeyUsage([x509.ObjectIdentifier(purpose)])


GOOD_ROOTS: dict[str, Any] = {
    "P-256": _root(_P256, SHA256()),
    "P-256 with SHA-512": _root(_P256, SHA512()),
    "P-384": _root(_P384, SHA384()),
    "P-521": _root(_P521, SHA512()),
    "RSA, PKCS 1": _root(_RSA, SHA256()),
    "RSA, PKCS 1, SHA-384": _root(_RSA, SHA384()),
    "RSA, PSS": _root(_RSA, SHA256(), pss=True),
    "RSA, PSS, SHA-512": _root(_RSA, SHA512(), pss=True),
    "an extension nobody knows": _root(_P256, SHA256(), (_UNKNOWN, False)),
    "no length": _root(_P256, SHA256(), length=0),
    "for clients": _root(_P256, SHA256(), (x509.ExtendedKeyUsage([_CLIENT]), False)),
    "key identifiers": _root(_P256, SHA256(), (_KEY_ID, False), of_leaf=[(_FITTING, False)]),
    "a leaf with names": _root(_P256, SHA256(), of_leaf=[(_SAN, False)]),
    "a leaf for documents": _root(_P256, SHA256(), of_leaf=[(_for("1.3.6.1.5.5.7.3.36"), True)]),
    "a leaf for anything": _root(_P256, SHA256(), of_leaf=[(_for("2.5.29.37.0"), False)]),
    "constraints and no names": _root(_P256, SHA256(), (_OF_EXAMPLE, True)),
}
WRONG_ROOTS: dict[str, Any] = {
    "a leaf for servers": _root(_P256, SHA256(), of_leaf=[(_for("1.3.6.1.5.5.7.3.1"), False)]),
    "a leaf for answers": _root(_P256, SHA256(), of_leaf=[(_for("1.3.6.1.5.5.7.3.9"), True)]),
    "RSA of 1024 bits": _root(_SMALL, SHA256()),
    "RSA, PSS, a short salt": _root(_RSA, SHA256(), pss=True, salt=20),
    "may not certify": _root(_P256, SHA256(), certifies=False),
    "is no authority": _root(_P256, SHA256(), ca=False),
    "constraints not critical": _root(_P256, SHA256(), critical=False),
    "a critical extension nobody knows": _root(_P256, SHA256(), (_UNKNOWN, True)),
    "the same on the leaf": _root(_P256, SHA256(), of_leaf=[(_UNKNOWN, True)]),
    "for servers": _root(_P256, SHA256(), (x509.ExtendedKeyUsage([_SERVER]), False)),
    "usage is critical": _root(_P256, SHA256(), (x509.ExtendedKeyUsage([_CLIENT]), True)),
    "an authority by its serial number": _root(_P256, SHA256(), (_BY_SERIAL, False)),
}


def _case(pair: Any) -> tuple[bytes, Evidence]:
    root, certified = pair
    believed = TrustAnchor(base64.b64decode(text(root)), ORGANISATION)
    return sealed((text(certified),)), known(believed)


def test_authorities_of_every_kind_are_judged_alike() -> None:
    cases = {name: _case(pair) for name, pair in (GOOD_ROOTS | WRONG_ROOTS).items()}
    found = assert_alike(cases)
    assert {name for name, (verdict, _) in found.items() if verdict == "valid"} == set(GOOD_ROOTS)


def test_a_name_under_constraints_is_left_undecided_and_never_passes() -> None:
    pair = _root(_P256, SHA256(), (_OF_EXAMPLE, True), of_leaf=[(_SAN, False)])
    credential, evidence = _case(pair)
    (result,) = run([task(credential, evidence)])
    assert result["steps"][4][1:] == ["not_checked", "certificate_chain_not_checked"]
    assert result["verdict"] == "valid_with_warnings"


def test_a_path_longer_than_an_authority_allows_is_refused_alike() -> None:
    root, _ = _root(_P256, SHA256(), length=0)
    middle_key = ec.generate_private_key(ec.SECP256R1())
    middle = certify(_named("Middle"), middle_key.public_key(), "Root", _P256, is_authority=True)
    last = certify(
        _named("Maker", ORGANISATION), x509_key(SEAL_KEY), "Middle", middle_key, is_authority=False
    )
    believed = TrustAnchor(base64.b64decode(text(root)), ORGANISATION)
    case = (sealed((text(last), text(middle))), known(believed))
    assert assert_alike({"longer": case}) == {"longer": ("invalid", "key_not_trusted")}


@pytest.mark.parametrize(
    ("with_document", "every"),
    [
        (True, 11),
        (False, 31),
        pytest.param(True, 1, marks=pytest.mark.soak),
        pytest.param(False, 5, marks=pytest.mark.soak),
    ],
)
def test_a_certificate_with_a_flipped_bit_is_refused_alike(
    *, with_document: bool, every: int
) -> None:
    der = base64.b64decode(GOOD[0])
    evidence = known(anchor()) if with_document else known(anchor(), did_documents={})
    cases = {}
    for place in range(0, len(der), every):
        flipped = bytearray(der)
        flipped[place] ^= 1 << place % 8
        x5c = (base64.b64encode(flipped).decode(), GOOD[1])
        cases[f"byte {place}"] = (sealed(x5c), evidence)
    # The text does not say which defects of a certificate's own spelling refuse it.
    found = assert_alike(cases, by_the_text=False)
    refused = {"invalid"} if with_document else {"invalid", "cannot_tell"}
    assert {name: found[name] for name in found if found[name][0] not in refused} == {}
