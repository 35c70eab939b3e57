"""OpenID issuers on loopback: one that lies in every way a test asks for, and a real one (oidc-provider).

The first serves discovery and keys over HTTP and signs by hand with `cryptography`, so that tokens which no
library would make can be made. The second is the certified implementation, where `make node` has put it.
"""

import base64
import json
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

NODE_FOLDER = Path(__file__).parent.parent / "signing" / "node"
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def b64(data: bytes) -> str:
    """Encode as base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value: int, size: int = 0) -> str:
    """Encode a number as JWK asks."""
    return b64(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def jwk(key: PrivateKey, **more: str) -> dict[str, str]:
    """Return the public JWK of a key."""
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.public_key().public_numbers()
        return {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e), **more}
    point = key.public_key().public_numbers()
    return {"kty": "EC", "crv": "P-256", "x": number(point.x, 32), "y": number(point.y, 32), **more}


def signature(key: PrivateKey | bytes | None, algorithm: str, data: bytes) -> bytes:
    """Sign as an algorithm says; a key of bytes is a secret, none makes an empty signature."""
    if key is None:
        return b""
    if isinstance(key, bytes):
        mac = hmac.HMAC(key, hashes.SHA256())
        mac.update(data)
        return mac.finalize()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    pad: Any = padding.PKCS1v15()
    if algorithm == "PS256":
        pad = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size)
    return key.sign(data, pad, hashes.SHA256())


def token(key: PrivateKey | bytes | None, header: Mapping[str, Any], claims: Any) -> str:
    """Return a compact JWS over anything, signed with anything."""
    head, body = (b64(json.dumps(part).encode()) for part in (header, claims))
    signed = signature(key, str(header.get("alg")), f"{head}.{body}".encode())
    return f"{head}.{body}.{b64(signed)}"


def public_pem(key: PrivateKey) -> bytes:
    """Return the public key as an attacker of HS256 would use it."""
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


@dataclass
class LoopbackIssuer:
    """What an issuer publishes, to be changed at will, and what it was asked for."""

    url: str = ""
    documents: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    is_down: bool = False

    def publish(self, *keys: Mapping[str, Any]) -> None:
        """Publish a discovery document and these keys."""
        self.documents["/.well-known/openid-configuration"] = {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/jwks",
        }
        self.documents["/jwks"] = {"keys": list(keys)}


@contextmanager
def loopback_issuer() -> Iterator[LoopbackIssuer]:
    """Run an issuer on loopback."""
    issuer = LoopbackIssuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked.append(self.path)
            document = issuer.documents.get(self.path)
            self.send_response(503 if issuer.is_down else 200 if document is not None else 404)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            if not issuer.is_down:
                text = document if isinstance(document, bytes) else json.dumps(document).encode()
                self.wfile.write(text)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        issuer.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield issuer
        finally:
            server.shutdown()
            thread.join()


@dataclass
class RealIssuer:
    """The certified implementation as a process of its own."""

    url: str
    process: subprocess.Popen[str]

    def do(self, what: str) -> dict[str, Any]:
        """Have it rotate or forget keys."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer


def is_installed() -> bool:
    """Tell whether `make node` has installed it."""
    return bool(shutil.which("node")) and (NODE_FOLDER / "node_modules" / "oidc-provider").is_dir()


@contextmanager
def real_issuer(audience: str, redirect: str) -> Iterator[RealIssuer]:
    """Run oidc-provider on loopback."""
    node = shutil.which("node")
    assert node is not None
    process = subprocess.Popen(
        [node, "openid_issuer.mjs", audience, redirect],
        cwd=NODE_FOLDER,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield RealIssuer(json.loads(process.stdout.readline())["issuer"], process)
    finally:
        process.terminate()
        process.communicate(timeout=10)


def seconds_from_now(seconds: float) -> int:
    """Return an instant as tokens write it."""
    return int(time.time() + seconds)
