"""``csc:https://...``: an electronic seal (eIDAS) whose key is held by a trust service provider.

The protocol is that of the Cloud Signature Consortium, API version 2: ``credentials/info`` gives the
certificate, ``signatures/signHash`` signs a digest. The URI is the service's base URL with the
credential, ``csc:https://tsp.example/csc/v2?credentialID=maker-seal``; the passphrase is the access
token. What is sealed carries the certificate chain as ``x5c``; every signature is checked here against
the certificate before it goes out.

A remote seal takes milliseconds and is paid for by the piece: seal checkpoints of the log with it, or
trust lists, rather than each passport.
"""

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from signing.errors import InvalidSignatureError, KeyUnavailableError
from signing.keys.jwk import p256_jwk, thumbprint
from signing.keys.signing_key import Algorithm
from signing.keys.verifying_key import from_jwk

if TYPE_CHECKING:
    import httpx

_SHA256_OID: Final = "2.16.840.1.101.3.4.2.1"  # RFC 5754 section 2
_ECDSA_SHA256_OID: Final = "1.2.840.10045.4.3.2"  # RFC 5758 section 3.2
_SIGNATURE_BYTES: Final = 64
_SECONDS: Final = 20.0


class RemoteSeal:
    """A P-256 key at a trust service provider.

    Attributes:
        certificate_chain: Base64 DER certificates for ``x5c`` (RFC 7515 section 4.1.6), own first.
    """

    def __init__(
        self, uri: str, client: "httpx.Client", credential_id: str, chain: tuple[str, ...]
    ) -> None:
        self._uri = uri
        self._client = client
        self._credential_id = credential_id
        self.certificate_chain: Final = chain
        self._public_jwk = _public_jwk(uri, chain)
        self._kid = thumbprint(self._public_jwk)
        self._verifying_key = from_jwk(self._public_jwk)

    @property
    def kid(self) -> str:
        """RFC 7638 thumbprint of the certificate's key."""
        return self._kid

    @property
    def algorithm(self) -> Algorithm:
        """ES256."""
        return "ES256"

    @property
    def public_jwk(self) -> dict[str, str]:
        """The certificate's key as a JSON Web Key."""
        return dict(self._public_jwk)

    def sign(self, data: bytes) -> bytes:
        """The 64 bytes r || s; only the digest of the data leaves this machine.

        Raises:
            KeyUnavailableError: The service is not reachable, refuses, or answers with something that is
                not a signature of this key over this data.
        """
        digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
        request = {
            "credentialID": self._credential_id,
            "hashes": [digest],
            "hashAlgorithmOID": _SHA256_OID,
            "signAlgo": _ECDSA_SHA256_OID,
        }
        answer = _post(self._uri, self._client, "signatures/signHash", request)
        try:
            signature = _raw(base64.b64decode(answer["signatures"][0], validate=True))
            self._verifying_key.verify(signature, data)
        except (KeyError, IndexError, TypeError, ValueError, OverflowError, InvalidSignatureError):
            remedy = "ask the provider; nothing was issued"
            raise KeyUnavailableError(self._uri, "wrong_signature", remedy) from None
        return signature


def create(uri: str, passphrase: bytes, algorithm: Algorithm) -> RemoteSeal:  # noqa: ARG001 - the interface of all back-ends
    """Refuse: a seal is issued by its provider, after it has checked who asks.

    Raises:
        KeyUnavailableError: Always.
    """
    raise KeyUnavailableError(
        uri, "not_created_here", "order the seal from the provider and open it"
    )


def open_existing(uri: str, passphrase: bytes) -> RemoteSeal:
    """Open the seal at its provider.

    Raises:
        KeyUnavailableError: Not reachable, refused, or not a P-256 certificate.
    """
    import httpx  # noqa: PLC0415 # slow to load, and most keys lie in files

    token = passphrase.decode("ascii", "replace")
    headers = {"Authorization": f"Bearer {token}"}
    return open_seal(uri, httpx.Client(headers=headers, timeout=_SECONDS))


def open_seal(uri: str, client: "httpx.Client") -> RemoteSeal:
    """Open the seal through a client that is authorised already.

    Raises:
        KeyUnavailableError: See `open_existing`.
    """
    parts = urlsplit(uri.removeprefix("csc:"))
    credential_ids = parse_qs(parts.query).get("credentialID", [])
    if parts.scheme != "https" or len(credential_ids) != 1:
        remedy = "give csc:https://service/csc/v2?credentialID=..."
        raise KeyUnavailableError(uri, "uri_incomplete", remedy)
    client.base_url = parts._replace(query="").geturl()
    request = {"credentialID": credential_ids[0], "certificates": "chain"}
    answer = _post(uri, client, "credentials/info", request)
    certificate = answer.get("cert")
    chain = certificate.get("certificates") if isinstance(certificate, dict) else None
    if not isinstance(chain, list) or not all(isinstance(item, str) for item in chain):
        raise KeyUnavailableError(
            uri, "no_certificate", "ask the provider for the certificate chain"
        )
    return RemoteSeal(uri, client, credential_ids[0], tuple(chain))


def _post(uri: str, client: "httpx.Client", path: str, request: dict[str, Any]) -> dict[str, Any]:
    import httpx  # noqa: PLC0415 # as above

    try:
        response = client.post(path, json=request)
        response.raise_for_status()
        answer = response.json()
    except (httpx.HTTPError, ValueError) as error:
        remedy = f"{path}: {type(error).__name__}; check address, token and credential"
        raise KeyUnavailableError(uri, "service_refused", remedy) from None
    return answer if isinstance(answer, dict) else {}


def _public_jwk(uri: str, chain: tuple[str, ...]) -> dict[str, str]:
    try:
        der = base64.b64decode(chain[0], validate=True)
        public_key = x509.load_der_x509_certificate(der).public_key()
    except (IndexError, binascii.Error, ValueError):
        public_key = None
    if not isinstance(public_key, EllipticCurvePublicKey) or not isinstance(
        public_key.curve, SECP256R1
    ):
        remedy = "a seal needs a P-256 certificate"
        raise KeyUnavailableError(uri, "no_certificate", remedy)
    return p256_jwk(public_key)


def _raw(signature: bytes) -> bytes:
    """R || s from what services answer: that, or DER (RFC 3279 section 2.2.3)."""
    if len(signature) == _SIGNATURE_BYTES:
        return signature
    r, s = decode_dss_signature(signature)
    return r.to_bytes(32) + s.to_bytes(32)
