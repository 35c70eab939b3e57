"""Selective disclosure: one signature, and each reader is shown only what he may see.

SD-JWT (RFC 9901) as SD-JWT VC (``dc+sd-jwt``). The issuer signs digests of salted claims; the claims
travel beside it as *disclosures*. Who holds the full text releases to each audience only its own
disclosures; the signature stays right, and nothing can be guessed from the digests that remain.
"""

import hashlib
import secrets
from collections.abc import Callable, Collection, Mapping
from typing import Final, TypeAlias

from signing import base64url
from signing.canonical import MAX_BYTES, MAX_DEPTH, JsonValue, canonicalize, parse_strict
from signing.credentials import DecodedCredential, decode
from signing.errors import KeyUnavailableError, MalformedDocumentError
from signing.jws import encode_header, sign_compact
from signing.keys.signing_key import SealingKey, SigningKey

Path: TypeAlias = tuple[str, ...]

SD_JWT: Final = "dc+sd-jwt"
# SD-JWT VC section 2.2.2.2: what a verifier needs in any case cannot be withheld.
_ALWAYS_SHOWN: Final = frozenset({"iss", "nbf", "exp", "iat", "cnf", "vct", "status"})
# RFC 9901 section 4.1: these names have a meaning of their own.
_RESERVED: Final = frozenset({"_sd", "...", "_sd_alg"})
_SALT_BYTES: Final = 16  # RFC 9901 section 9.3: 128 bits
_MAX_DISCLOSURES: Final = 2048
_MAX_TOTAL: Final = 4 * MAX_BYTES
_NAMED, _ELEMENT = 3, 2  # members of a disclosure: salt, name, value, or salt, value


def _random_salt() -> str:
    return secrets.token_urlsafe(_SALT_BYTES)


def _digest(disclosure: bytes) -> str:
    return base64url.encode(hashlib.sha256(disclosure).digest()).decode("ascii")


def issue(
    claims: Mapping[str, JsonValue],
    selective: Collection[Path],
    key: SigningKey,
    *,
    certificate_chain: tuple[str, ...] = (),
    salt: Callable[[], str] = _random_salt,
) -> bytes:
    """Sign claims so that some of them can be withheld later.

    Args:
        claims: With ``iss`` (the issuer's DID) and ``vct`` (the type).
        selective: Paths of the members that can be withheld, e.g. ``("battery", "dismantling")``.
        key: The issuer's ES256 key.
        certificate_chain: See `signing.credentials.CredentialSigner`; what EUDI wallets look for.
        salt: Where salts come from; for tests.

    Returns:
        The SD-JWT with all its disclosures: to be kept, and given out only through `release`.

    Raises:
        MalformedDocumentError: A path leads nowhere or to what cannot be withheld, or a name is reserved.
        KeyUnavailableError: The key signs with another algorithm, or cannot be used.
    """
    issuer = claims.get("iss")
    if not isinstance(issuer, str) or not isinstance(claims.get("vct"), str):
        raise MalformedDocumentError("claim_missing", "iss and vct are required", field="iss")
    if key.algorithm != "ES256":
        raise KeyUnavailableError(key.kid, "wrong_algorithm", "credentials need an ES256 key")
    disclosures: dict[Path, bytes] = {}
    payload = _concealed(claims, (), frozenset(selective), disclosures, salt)
    missing = set(selective) - set(disclosures)
    if missing:
        raise MalformedDocumentError("claim_missing", f"there is no {min(missing)}")
    header: dict[str, JsonValue] = {"alg": "ES256", "typ": SD_JWT, "kid": f"{issuer}#{key.kid}"}
    chain = key.certificate_chain if isinstance(key, SealingKey) else certificate_chain
    if chain:
        header["x5c"] = list(chain)
    text = canonicalize({**payload, "_sd_alg": "sha-256"})
    signed = sign_compact(encode_header(header), text, key)
    return b"~".join([signed, *disclosures.values(), b""])


def _concealed(
    node: Mapping[str, JsonValue],
    path: Path,
    selective: frozenset[Path],
    disclosures: dict[Path, bytes],
    salt: Callable[[], str],
) -> dict[str, JsonValue]:
    shown: dict[str, JsonValue] = {}
    digests: list[str] = []
    for name, value in node.items():
        place = (*path, name)
        if name in _RESERVED or (place in selective and not path and name in _ALWAYS_SHOWN):
            raise MalformedDocumentError("claim_reserved", f"{name} cannot be used so")
        if isinstance(value, dict):
            value = _concealed(value, place, selective, disclosures, salt)  # noqa: PLW2901 - what is signed
        if place in selective:
            disclosure = base64url.encode(canonicalize([salt(), name, value]))
            disclosures[place] = disclosure
            digests.append(_digest(disclosure))
        else:
            shown[name] = value
    # Sorted, so that their order tells nothing (RFC 9901 section 4.2.4.1).
    return {**shown, "_sd": sorted(digests)} if digests else shown


class _Disclosures:
    """The disclosures that came with an SD-JWT, by digest, each to be used exactly once."""

    def __init__(self, texts: list[bytes]) -> None:
        if len(texts) > _MAX_DISCLOSURES:
            raise MalformedDocumentError("too_large", f"more than {_MAX_DISCLOSURES} disclosures")
        self.texts = {_digest(text): text for text in texts}
        if len(self.texts) != len(texts):
            raise MalformedDocumentError("disclosure_twice", "a disclosure stands twice")
        self.seen: set[str] = set()

    def take(self, digest: JsonValue, members: int) -> list[JsonValue] | None:
        """The disclosure behind a digest, or ``None`` for one that was withheld."""
        if not isinstance(digest, str) or digest in self.seen:
            raise MalformedDocumentError("digest_twice", "a digest is no text or stands twice")
        self.seen.add(digest)
        if digest not in self.texts:
            return None
        content = parse_strict(base64url.decode(self.texts[digest], "disclosure"))
        if not isinstance(content, list) or len(content) != members:
            raise MalformedDocumentError("disclosure_malformed", f"not {members} members")
        if not isinstance(content[0], str):
            raise MalformedDocumentError("disclosure_malformed", "the salt is no text")
        return content

    def check_all_used(self) -> None:
        if not self.seen.issuperset(self.texts):
            raise MalformedDocumentError(
                "disclosure_unreferenced", "a disclosure belongs to nothing that was signed"
            )


def _split(sd_jwt: bytes) -> tuple[bytes, list[bytes]]:
    if len(sd_jwt) > _MAX_TOTAL:
        raise MalformedDocumentError("too_large", f"more than {_MAX_TOTAL} bytes")
    signed, *disclosures, end = sd_jwt.split(b"~")
    if end:
        # Nobody asked the sender to prove that he holds a key.
        raise MalformedDocumentError("key_binding_unexpected", "something follows the last tilde")
    return signed, disclosures


def decode_presentation(sd_jwt: bytes) -> DecodedCredential:
    """Take an SD-JWT apart and put its disclosures in place **without verifying it**.

    Follows RFC 9901 section 7.1 up to the signature: digests stand once, each disclosure belongs to one
    of them, no claim is put over another.

    Raises:
        MalformedDocumentError: It breaks one of these rules.
    """
    signed, texts = _split(sd_jwt)
    decoded = decode(signed)
    if decoded.payload.get("_sd_alg", "sha-256") != "sha-256":
        raise MalformedDocumentError("hash_unknown", "not sha-256", field="_sd_alg")
    disclosures = _Disclosures(texts)
    top = {name: value for name, value in decoded.payload.items() if name != "_sd_alg"}
    payload = _disclosed_object(top, disclosures, 1)
    disclosures.check_all_used()
    withheld = _ALWAYS_SHOWN.intersection(payload) - set(top)
    if withheld:
        # Who may leave out an end of validity could make it last for ever.
        raise MalformedDocumentError("claim_reserved", f"{min(withheld)} must not be a disclosure")
    return decoded._replace(payload=payload)


def _disclosed(value: JsonValue, disclosures: _Disclosures, depth: int) -> JsonValue:
    if depth > MAX_DEPTH:
        raise MalformedDocumentError("too_deep", f"more than {MAX_DEPTH} levels")
    if isinstance(value, dict):
        return _disclosed_object(value, disclosures, depth)
    if isinstance(value, list):
        return _disclosed_array(value, disclosures, depth)
    return value


def _disclosed_object(
    node: Mapping[str, JsonValue], disclosures: _Disclosures, depth: int
) -> dict[str, JsonValue]:
    if "..." in node or "_sd_alg" in node:
        raise MalformedDocumentError("claim_reserved", "a reserved name is used as a claim")
    shown = {
        name: _disclosed(value, disclosures, depth + 1)
        for name, value in node.items()
        if name != "_sd"
    }
    digests = node.get("_sd", [])
    if not isinstance(digests, list):
        raise MalformedDocumentError("digests_malformed", "not an array", field="_sd")
    for digest in digests:
        content = disclosures.take(digest, _NAMED)
        if content is None:
            continue
        _, name, value = content
        if not isinstance(name, str) or name in _RESERVED or name in shown:
            raise MalformedDocumentError("claim_collision", "a claim that must not be put here")
        shown[name] = _disclosed(value, disclosures, depth + 1)
    return shown


def _disclosed_array(
    node: list[JsonValue], disclosures: _Disclosures, depth: int
) -> list[JsonValue]:
    shown: list[JsonValue] = []
    for item in node:
        if isinstance(item, dict) and item.keys() == {"..."}:
            content = disclosures.take(item["..."], _ELEMENT)
            if content is not None:
                shown.append(_disclosed(content[1], disclosures, depth + 1))
        else:
            shown.append(_disclosed(item, disclosures, depth + 1))
    return shown


def release(sd_jwt: bytes, is_allowed: Callable[[Path], bool]) -> bytes:
    """The same SD-JWT with only the disclosures that an audience may see.

    What lies within something withheld is withheld too, for nothing signed would refer to it.

    Args:
        sd_jwt: As it was issued, with all disclosures.
        is_allowed: Whether the member at a path may be shown.

    Raises:
        MalformedDocumentError: Not an SD-JWT.
    """
    signed, texts = _split(sd_jwt)
    decode_presentation(sd_jwt)  # nothing goes out that a verifier would refuse
    by_digest = {_digest(text): text for text in texts}
    kept: list[bytes] = []

    def walk(node: JsonValue, path: Path) -> None:
        if not isinstance(node, dict):
            return
        for name, value in node.items():
            if name != "_sd":
                walk(value, (*path, name))
        digests = node.get("_sd")
        for digest in digests if isinstance(digests, list) else ():
            text = by_digest.get(digest)
            content = parse_strict(base64url.decode(text, "disclosure")) if text else None
            if text and isinstance(content, list) and is_allowed((*path, content[1])):
                kept.append(text)
                walk(content[2], (*path, content[1]))

    walk(dict(decode(signed).payload), ())
    return b"~".join([signed, *kept, b""])
