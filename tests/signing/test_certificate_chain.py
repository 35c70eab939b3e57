"""Seals whose key no list names, but for which an authority vouches: believed about one organisation only."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from signing.canonical import canonicalize
from signing.certificate_chain import TrustAnchor, check_chain, key_of_chain
from signing.credentials import CredentialSigner
from signing.did_web import PublicKeyEntry, build_document
from signing.errors import MalformedDocumentError
from signing.evidence import Evidence
from signing.keys.software_key import P256Key
from signing.keys.verifying_key import from_jwk, subject_public_key_info
from signing.report import VerificationReport
from signing.trust import TrustList
from signing.verify import examine
from tests.signing.world import AT, MAKER, MAKER_KEY, STRANGER_KEY, entry, evidence, p256, passport

ORGANISATION = "VATDE-123456789"
SEAL_KEY = p256("seal")
ISSUED = datetime.fromisoformat("2027-02-18T00:00:00+00:00")


@dataclass(frozen=True)
class Authority:
    """Somebody who certifies keys."""

    name: str
    key: Any
    certificate: x509.Certificate


def _named(name: str, organisation: str | None = None) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    if organisation is not None:
        parts.append(x509.NameAttribute(x509.ObjectIdentifier("2.5.4.97"), organisation))
    return x509.Name(parts)


def certify(
    subject: x509.Name, public: Any, issuer: str, key: Any, *, is_authority: bool, **changes: Any
) -> x509.Certificate:
    """A certificate good for a year around the day of issue."""
    usage = dict.fromkeys(
        (
            *("key_encipherment", "data_encipherment", "key_agreement"),
            *("encipher_only", "decipher_only"),
        ),
        False,
    )
    signs = changes.get("signs", not is_authority)
    start = changes.get("start", ISSUED - timedelta(days=180))
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(_named(issuer))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=365))
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )
    stated = [
        x509.BasicConstraints(ca=is_authority, path_length=None),
        x509.KeyUsage(
            digital_signature=signs,
            content_commitment=False,
            key_cert_sign=is_authority,
            crl_sign=is_authority,
            **usage,
        ),
    ]
    for extension in [] if changes.get("is_plain") else stated:
        made = made.add_extension(extension, critical=True)
    if "purposes" in changes:
        purposes = [x509.ObjectIdentifier(purpose) for purpose in changes["purposes"]]
        made = made.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    return made.sign(key, SHA256())


def authority(name: str, by: Authority | None = None) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    issuer, signer = (name, key) if by is None else (by.name, by.key)
    made = certify(_named(name), key.public_key(), issuer, signer, is_authority=True)
    return Authority(name, key, made)


ROOT = authority("Root of Seals")
MIDDLE = authority("Seals for Makers", ROOT)
OTHER = authority("Another Root")


def leaf(key: P256Key = SEAL_KEY, organisation: str = ORGANISATION, **changes: Any) -> str:
    public = x509_key(key)
    by: Authority = changes.pop("by", MIDDLE)
    made = certify(
        _named("Maker of Batteries", organisation),
        public,
        by.name,
        by.key,
        is_authority=changes.pop("is_authority", False),
        **changes,
    )
    return text(made)


def x509_key(key: P256Key) -> Any:
    return load_der_public_key(subject_public_key_info(from_jwk(key.public_jwk)))


def text(certificate: x509.Certificate) -> str:
    return base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()


def anchor(by: Authority = ROOT, organisation: str = ORGANISATION) -> TrustAnchor:
    return TrustAnchor(by.certificate.public_bytes(Encoding.DER), organisation)


GOOD = (leaf(), text(MIDDLE.certificate))
KNOWN = replace(
    evidence(expected_identifier=None),
    did_documents={MAKER: build_document(MAKER, [PublicKeyEntry(SEAL_KEY.public_jwk)])},
    status_lists={},
)


def known(*anchors: TrustAnchor, **changes: Any) -> Evidence:
    listed = entry(keys=changes.pop("keys", ()), anchors=anchors)
    return replace(KNOWN, trust_list=TrustList(AT, AT + timedelta(days=9), (listed,)), **changes)


def sealed(x5c: tuple[str, ...] = GOOD, key: P256Key = SEAL_KEY) -> bytes:
    document = passport(credentialStatus=None)
    return CredentialSigner(key, MAKER, certificate_chain=x5c).sign(canonicalize(document))


def examined(credential: bytes, evidence: Evidence) -> VerificationReport:
    return examine(credential, evidence, at=AT)


def test_a_seal_is_valid_by_the_authority_that_vouches_for_it() -> None:
    for anchors in ((anchor(),), (anchor(MIDDLE),), (anchor(OTHER), anchor())):
        assert examined(sealed(), known(*anchors)).verdict == "valid"


def test_without_a_did_document_the_chain_brings_the_key() -> None:
    assert examined(sealed(), known(anchor(), did_documents={})).verdict == "valid"
    nothing = examined(sealed(()), known(anchor(), did_documents={}))
    assert nothing.step("issuer_found").reason_code == "did_document_missing"


def test_a_key_on_the_list_needs_no_chain_beside_it() -> None:
    listed = entry().keys
    document = {MAKER: build_document(MAKER, [PublicKeyEntry(MAKER_KEY.public_jwk)])}
    evidence = known(anchor(), keys=listed, did_documents=document)
    assert examined(sealed((), MAKER_KEY), evidence).verdict == "valid"


def test_an_entry_without_anchors_takes_no_notice_of_a_chain() -> None:
    stranger = (entry(key=STRANGER_KEY)).keys
    report = examined(sealed(), known(keys=stranger))
    assert report.step("issuer_trusted").reason_code == "key_not_trusted"


LATER = ISSUED + timedelta(days=1)
SERVER, DOCUMENTS = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.36"  # RFC 5280, RFC 9336
REFUSED: Mapping[str, tuple[tuple[str, ...], TrustAnchor, str]] = {
    "no chain": ((), anchor(), "not 1 to 5 certificates"),
    "another organisation's authority": (GOOD, anchor(organisation="VATDE-1"), "does not name"),
    "another root": (GOOD, anchor(OTHER), "validation failed"),
    "an intermediate that is missing": (GOOD[:1], anchor(), "validation failed"),
    "another key": ((leaf(STRANGER_KEY), GOOD[1]), anchor(), "of another key"),
    "another organisation": ((leaf(organisation="VATDE-1"), GOOD[1]), anchor(), "does not name"),
    "an authority's own": ((leaf(is_authority=True), GOOD[1]), anchor(), "not for signatures"),
    "not for signatures": ((leaf(signs=False), GOOD[1]), anchor(), "not for signatures"),
    "not yet good at issue": ((leaf(start=LATER), GOOD[1]), anchor(), "validation failed"),
    "no certificate": (("AAAA",), anchor(), "not DER"),
    "no base64": (("~",), anchor(), "not DER"),
    "too many": (GOOD * 3, anchor(), "not 1 to 5"),
    "a server's": ((leaf(purposes=[SERVER]), GOOD[1]), anchor(), "for other purposes"),
    "for answers on revocation": (
        (leaf(purposes=["1.3.6.1.5.5.7.3.9"]), GOOD[1]),
        anchor(),
        "for other purposes",
    ),
    "certified by itself": ((leaf(by=OTHER),), anchor(), "validation failed"),
}


@pytest.mark.parametrize("changes", [{"purposes": [SERVER, DOCUMENTS]}, {"is_plain": True}])
def test_a_certificate_that_names_documents_or_says_nothing_of_purposes_is_good(
    changes: dict[str, Any],
) -> None:
    report = examined(sealed((leaf(**changes), GOOD[1])), known(anchor()))
    assert report.step("issuer_trusted").outcome == "passed", report


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_lead_to_an_anchor_is_not_trusted(name: str) -> None:
    x5c, believed, reason = REFUSED[name]
    report = examined(sealed(x5c), known(believed))
    step = report.step("issuer_trusted")
    assert (report.verdict, step.reason_code) == ("invalid", "key_not_trusted"), report
    assert reason in step.message


def test_a_chain_of_another_kind_of_key_brings_none() -> None:
    for key in (rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1())):
        made = certify(
            _named("x", ORGANISATION), key.public_key(), MIDDLE.name, MIDDLE.key, is_authority=False
        )
        with pytest.raises(MalformedDocumentError):
            key_of_chain([text(made)])


def test_a_chain_of_a_curve_that_nobody_knows_brings_no_key() -> None:
    curve = bytes.fromhex("2a8648ce3d030107")  # RFC 5480 section 2.1.1.1: secp256r1
    der = base64.b64decode(GOOD[0])
    unknown = base64.b64encode(der.replace(curve, curve[:-1] + b"\x7f")).decode()
    with pytest.raises(MalformedDocumentError, match="not of a P-256 key"):
        key_of_chain([unknown])


def test_the_list_carries_its_anchors_and_refuses_what_is_none() -> None:
    listed = TrustList(AT, AT, (entry(anchors=(anchor(), anchor(OTHER, "LEIXG-1"))),))
    assert TrustList.parse(listed.to_document()) == listed
    document: Any = listed.to_document()
    wrong: list[Any] = [
        "x",
        [1],
        [{}],
        [{"certificate": text(ROOT.certificate)}],
        [{"certificate": text(ROOT.certificate), "organizationIdentifier": ""}],
        [{"certificate": "AAAA", "organizationIdentifier": "x"}],
        [{"organizationIdentifier": "x"}],
    ]
    for anchors in wrong:
        document["entries"][0]["anchors"] = anchors
        with pytest.raises(MalformedDocumentError):
            TrustList.parse(document)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2000), st.integers(0, 7))
def test_a_certificate_with_a_flipped_bit_never_vouches_and_never_crashes(
    place: int, bit: int
) -> None:
    der = bytearray(base64.b64decode(GOOD[0]))
    der[place % len(der)] ^= 1 << bit
    x5c = (base64.b64encode(der).decode(), GOOD[1])
    assert examined(sealed(x5c), known(anchor())).verdict == "invalid"


def test_a_certificate_with_surplus_bits_after_its_signature_is_none() -> None:
    made = (bytearray(base64.b64decode(leaf())) for _ in range(64))
    # Its last bit is 0, so it may be said not to count.
    der = next(one for one in made if not one[-1] & 1)
    signature = x509.load_der_x509_certificate(bytes(der)).signature
    der[-len(signature) - 1] = 1
    assert x509.load_der_x509_certificate(bytes(der)).signature == signature
    x5c = (base64.b64encode(der).decode(), GOOD[1])
    step = examined(sealed(x5c), known(anchor())).step("issuer_trusted")
    assert (step.reason_code, "not DER in base64" in step.message) == ("key_not_trusted", True)


def test_a_chain_is_judged_at_the_day_of_issue() -> None:
    key = from_jwk(SEAL_KEY.public_jwk)
    check_chain(list(GOOD), key, [anchor()], ISSUED)
    with pytest.raises(MalformedDocumentError, match="validation failed"):
        check_chain(list(GOOD), key, [anchor()], ISSUED + timedelta(days=400))
