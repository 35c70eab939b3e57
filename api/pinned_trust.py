"""The trust list that whoever runs this has chosen, and its root key."""

import json
from pathlib import Path
from typing import Final

from api.environment import EnvironmentFaultError
from api.settings import Settings
from passports.errors import Finding
from passports.verification.passport import read_trust_list
from signing.errors import SigningError
from signing.keys.verifying_key import from_jwk
from signing.trust import TrustList

REMEDY: Final = (
    "Nothing here says whom to believe. "
    "Get the trust list (https://SERVER/.well-known/voltpass-trust-list) "
    "and its root key (https://SERVER/.well-known/did.json), and the root key's fingerprint by another way, "
    "from whom you trust: in the maker's contract, or by telephone. "
    "Then: voltpass verify ... --trust-list LIST --trust-root KEY, and compare the fingerprint it prints."
)


def pinned_trust_list(
    settings: Settings, path: Path | None = None, root: Path | None = None
) -> TrustList | None:
    """Return the pinned trust list, or one from a file under a pinned or named root; None without any.

    Raises:
        EvidenceUnavailableError: it is malformed or signed by another key.
        EnvironmentFaultError: the file that was named, or the pinned root key, cannot be read.
    """
    chosen = path or settings.trust_list_path
    pinned = root or settings.trust_root_path
    if path is None and root is None and not (chosen.exists() and pinned.exists()):
        return None
    return read_trust_list(_read(chosen, "trust_list"), [_root_key(pinned)])


def root_fingerprint(settings: Settings, root: Path | None = None) -> str:
    """Return the fingerprint of the root key that is believed: its JWK thumbprint (RFC 7638, SHA-256).

    Raises:
        EnvironmentFaultError: the root key cannot be read.
    """
    path = root or settings.trust_root_path
    try:
        return from_jwk(_root_key(path), "root").thumbprint
    except SigningError:
        raise _no_key(path) from None


def _root_key(path: Path) -> dict[str, str]:
    """Read a JSON Web Key, or the one key of a DID document, as a server publishes its root."""
    try:
        document = json.loads(_read(path, "trust_root"))
    except (ValueError, RecursionError):
        raise _no_key(path) from None
    methods = document.get("verificationMethod") if isinstance(document, dict) else None
    if isinstance(methods, list):
        # The same key stands there as Multikey too.
        keys = [m["publicKeyJwk"] for m in methods if isinstance(m, dict) and "publicKeyJwk" in m]
        document = keys[0] if len(keys) == 1 else None
    if not isinstance(document, dict):
        raise _no_key(path)
    return document


def _no_key(path: Path) -> EnvironmentFaultError:
    remedy = "Restore it, or write it anew: voltpass keys trust-list."
    return EnvironmentFaultError(Finding("trust_root", str(path), "it is no JSON Web Key", remedy))


def _read(path: Path, field: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason, remedy = error.strerror or "it cannot be read", "Check the path."
        if field == "trust_root":
            remedy = f"Check the path, or name the root key: --trust-root. {REMEDY}"
        raise EnvironmentFaultError(Finding(field, str(error.filename), reason, remedy)) from None
