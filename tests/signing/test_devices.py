"""Keys that are not here: in a token (simulated, and SoftHSM where installed), at a seal's provider."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from signing.credentials import CredentialSigner, decode
from signing.errors import KeyUnavailableError
from signing.keys import create_key, open_key, pkcs11_token
from signing.keys.remote_seal import open_seal
from signing.keys.verifying_key import from_jwk
from tests.signing import simulated_token
from tests.signing.simulated_token import PIN, Token
from tests.signing.world import MAKER

SOFTHSM = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
)


@dataclass
class Place:
    """A token somewhere."""

    module: str
    simulated: Token | None

    def uri(self, label: str, token: str = "voltpass") -> str:
        return f"pkcs11:token={token};object={label}?module-path={self.module}"


@pytest.fixture(params=["simulated", "softhsm"])
def place(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Place]:
    if request.param == "softhsm":
        yield softhsm(tmp_path_factory)
        return
    token = Token("voltpass")
    for name, module in simulated_token.module(token).items():
        monkeypatch.setitem(sys.modules, name, module)
    yield Place("/simulated.so", token)
    assert token.open_sessions <= 1
    pkcs11_token._LOGINS.pop(("/simulated.so", "voltpass"), None)


_MADE: list[Place] = []  # a library is initialised once in a process


def softhsm(folders: pytest.TempPathFactory) -> Place:
    pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed")
    module = os.environ.get("VOLTPASS_SOFTHSM") or next(filter(os.path.exists, SOFTHSM), None)
    tool = shutil.which("softhsm2-util")
    if module is None or tool is None:
        pytest.skip("SoftHSM is not installed")
    if not _MADE:
        folder = folders.mktemp("softhsm")
        config = folder / "softhsm2.conf"
        config.write_text(f"directories.tokendir = {folder}\nobjectstore.backend = file\n")
        os.environ["SOFTHSM2_CONF"] = str(config)
        options = [
            "--module",
            module,
            "--free",
            "--label",
            "voltpass",
            "--pin",
            PIN,
            "--so-pin",
            PIN,
        ]
        subprocess.run([tool, "--init-token", *options], check=True, capture_output=True)
        _MADE.append(Place(module, None))
    return _MADE[0]


def test_a_key_made_in_a_token_signs_credentials(place: Place) -> None:
    uri = place.uri("maker")
    made = create_key(uri, PIN.encode())
    opened = open_key(uri, PIN.encode())
    assert opened.kid == made.kid
    assert opened.algorithm == "ES256"
    assert repr(opened) == f"<TokenKey {opened.kid}>"

    decoded = decode(CredentialSigner(opened, MAKER).sign(b"{}"))
    from_jwk(opened.public_jwk).verify(decoded.signature, decoded.signing_input)


def test_a_wrong_pin_is_refused_at_the_first_login_too(place: Place) -> None:
    if place.simulated is None:
        pytest.skip("SoftHSM is logged in already")
    with pytest.raises(KeyUnavailableError, match="PinIncorrect"):
        open_key(place.uri("maker"), b"9999")
    with pytest.raises(KeyUnavailableError):
        open_key(place.uri("maker"), b"\xff")


def test_a_token_refuses_and_says_which(place: Place) -> None:
    create_key(place.uri("taken"), PIN.encode())
    attempts: list[tuple[Callable[[], object], str]] = [
        (lambda: create_key(place.uri("taken"), PIN.encode()), "exists"),
        (lambda: open_key(place.uri("none"), PIN.encode()), "token_refused"),
        (lambda: open_key(place.uri("taken"), b"9999"), "token_refused"),
        (lambda: open_key(place.uri("taken"), b"\xff"), "token_refused"),
        (lambda: open_key(place.uri("taken", "other"), PIN.encode()), "token_refused"),
        (lambda: create_key(place.uri("x"), PIN.encode(), algorithm="Ed25519"), "wrong_algorithm"),
        (lambda: open_key("pkcs11:token=a?module-path=/x.so", b""), "object_missing"),
        (lambda: open_key("pkcs11:token=a;object=b", b""), "module-path_missing"),
    ]
    for attempt, reason in attempts:
        with pytest.raises(KeyUnavailableError) as refused:
            attempt()
        assert refused.value.reason == reason
        assert PIN not in str(refused.value)


def test_a_token_that_is_pulled_out_is_reported(place: Place) -> None:
    if place.simulated is None:
        pytest.skip("only the simulated token can be pulled out")
    key = create_key(place.uri("k"), PIN.encode())
    place.simulated.is_removed = True
    with pytest.raises(KeyUnavailableError, match="DeviceRemoved"):
        key.sign(b"x")
    with pytest.raises(KeyUnavailableError, match="DeviceRemoved"):
        create_key(place.uri("other"), PIN.encode())


def test_without_the_package_the_operator_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    with pytest.raises(KeyUnavailableError) as refused:
        open_key("pkcs11:token=a;object=b?module-path=/x.so", b"")
    assert refused.value.reason == "package_missing"
    assert "python-pkcs11" in refused.value.remedy


# --- remote seals ----------------------------------------------------------------------------

URI = "csc:https://tsp.example/csc/v2?credentialID=maker-seal"


def certificate(key: Any) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Maker of Batteries")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, None if isinstance(key, Ed25519PrivateKey) else SHA256())
    )
    return base64.b64encode(made.public_bytes(Encoding.DER)).decode()


class Provider:
    """A trust service provider with one credential, speaking the CSC API."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.info: Any = {"cert": {"certificates": [certificate(self.key), "AAAA"]}}
        self.is_der = False
        self.change: Any = None
        self.hashes: list[bytes] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.headers.get("authorization") != "Bearer token":
            return httpx.Response(401)
        body = json.loads(request.content)
        assert body["credentialID"] == "maker-seal"
        if request.url.path == "/csc/v2/credentials/info":
            return httpx.Response(200, json=self.info)
        assert request.url.path == "/csc/v2/signatures/signHash"
        digest = base64.b64decode(body["hashes"][0])
        self.hashes.append(digest)
        der = self.key.sign(digest, ec.ECDSA(Prehashed(SHA256())))
        r, s = decode_dss_signature(der)
        signature = der if self.is_der else r.to_bytes(32) + s.to_bytes(32)
        answer = {"signatures": [base64.b64encode(signature).decode()]}
        return httpx.Response(200, json=self.change if self.change is not None else answer)

    def client(self, token: str = "token") -> httpx.Client:
        return httpx.Client(
            transport=httpx.MockTransport(self), headers={"Authorization": f"Bearer {token}"}
        )


@pytest.mark.parametrize("is_der", [False, True])
def test_a_remote_seal_signs_and_carries_its_certificates(is_der: bool) -> None:
    provider = Provider()
    provider.is_der = is_der
    with provider.client() as client:
        seal = open_seal(URI, client)
        decoded = decode(CredentialSigner(seal, MAKER).sign(b"{}"))
    assert decoded.header["x5c"] == list(seal.certificate_chain)
    assert decoded.header["kid"] == f"{MAKER}#{seal.kid}"
    assert seal.algorithm == "ES256"
    from_jwk(seal.public_jwk).verify(decoded.signature, decoded.signing_input)
    assert provider.hashes == [hashlib.sha256(decoded.signing_input).digest()]


@pytest.mark.parametrize(
    "change",
    [
        {},
        [],
        {"signatures": []},
        {"signatures": None},
        {"signatures": ["!"]},
        {"signatures": [base64.b64encode(bytes(64)).decode()]},
        {"signatures": [base64.b64encode(bytes(70)).decode()]},
    ],
)
def test_nothing_goes_out_that_the_certificate_does_not_verify(change: Any) -> None:
    provider = Provider()
    with provider.client() as client:
        seal = open_seal(URI, client)
        provider.change = change
        with pytest.raises(KeyUnavailableError) as refused:
            seal.sign(b"x")
    assert refused.value.reason == "wrong_signature"


@pytest.mark.parametrize(
    "info",
    [
        [],
        {},
        {"cert": {}},
        {"cert": {"certificates": []}},
        {"cert": {"certificates": [1]}},
        {"cert": {"certificates": ["AAAA"]}},
        {"cert": {"certificates": ["!"]}},
        {"cert": {"certificates": [certificate(Ed25519PrivateKey.generate())]}},
        {"cert": {"certificates": [certificate(ec.generate_private_key(ec.SECP384R1()))]}},
    ],
)
def test_a_seal_without_a_p256_certificate_is_not_opened(info: Any) -> None:
    provider = Provider()
    provider.info = info
    with provider.client() as client, pytest.raises(KeyUnavailableError) as refused:
        open_seal(URI, client)
    assert refused.value.reason == "no_certificate"


def test_a_provider_that_refuses_is_reported() -> None:
    with Provider().client("stolen") as client, pytest.raises(KeyUnavailableError) as refused:
        open_seal(URI, client)
    assert refused.value.reason == "service_refused"
    for uri in ("csc:http://tsp.example/?credentialID=a", "csc:https://tsp.example/"):
        with pytest.raises(KeyUnavailableError) as refused:
            open_key(uri, b"token")
        assert refused.value.reason == "uri_incomplete"
    with pytest.raises(KeyUnavailableError) as refused:
        create_key(URI, b"token")
    assert refused.value.reason == "not_created_here"
