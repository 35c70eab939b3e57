"""The two statements of a transfer of responsibility, and how each is signed and verified.

1. The offer, by the operator that is responsible: these passports in these versions, to whom, until when.
2. The acceptance, by the other: of exactly that offer, named by the SHA-256 of its signed bytes.

Both are canonical JSON (RFC 8785) in a compact JWS (RFC 7515), signed with the key with which the operator
signs passports; each has a type of its own, so neither can stand for the other nor for a passport.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal, TypeVar

from pydantic import Field

from passports.documents import Document, Instant, Name, Printable, Slug, read_document
from passports.errors import Finding, InvalidInputError
from passports.keyring import Keyring
from passports.store import Transaction
from signing.canonical import canonicalize, parse_strict
from signing.errors import SigningError
from signing.jws import encode_header, sign_compact, verify_compact
from signing.keys.verifying_key import VerifyingKey, from_jwk

OFFER_TYPE: Final = "voltpass-transfer-offer+jws"
ACCEPTANCE_TYPE: Final = "voltpass-transfer-acceptance+jws"
MAX_PASSPORTS: Final = 1000
LONGEST: Final = timedelta(days=90)  # ours: an offer that nobody took in a quarter is made anew
_SKEW: Final = timedelta(minutes=5)
_MAX_STATEMENT: Final = 1024 * 1024

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Reason = Annotated[str, Field(min_length=1, max_length=300), Printable]
Nonce = Annotated[str, Field(pattern=r"^[0-9a-f]{24}$")]


class TransferredPassport(Document):
    """A passport as it stood when it was offered."""

    id: Annotated[str, Field(max_length=64), Printable]
    version: Annotated[int, Field(ge=1)]
    sha256: Sha256


class Party(Document):
    """One of the two operators."""

    id: Slug
    did: Name


class TransferOffer(Document):
    """What the giving operator signs."""

    type: Literal["transfer-offer"]
    origin: Name
    id: Nonce
    giver: Party
    taker: Party
    passports: Annotated[list[TransferredPassport], Field(min_length=1, max_length=MAX_PASSPORTS)]
    reason: Reason
    offered_at: Instant
    expires_at: Instant


class TransferAcceptance(Document):
    """What the taking operator signs."""

    type: Literal["transfer-acceptance"]
    origin: Name
    id: Nonce
    giver: Party
    taker: Party
    offer_sha256: Sha256
    accepted_at: Instant


Statement = TypeVar("Statement", TransferOffer, TransferAcceptance)


def sign_statement(
    transaction: Transaction,
    keyring: Keyring,
    operator_id: str,
    typ: str,
    statement: TransferOffer | TransferAcceptance,
) -> bytes:
    """Sign a statement with an operator's key.

    Raises:
        KeyUnavailableError: the key cannot be opened.
    """
    key = keyring.current(transaction, operator_id)
    header = encode_header({"alg": key.algorithm, "typ": typ, "kid": key.kid})
    return sign_compact(header, canonicalize(statement.model_dump(mode="json")), key)


def keys_in_use(transaction: Transaction, operator_id: str) -> list[VerifyingKey]:
    """Return the public keys with which an operator may sign statements now: neither retired nor revoked."""
    return [
        from_jwk(row.public_jwk)
        for row in transaction.signing_keys.of(operator_id)
        if row.retired_at is None and row.revoked_at is None
    ]


def read_offer(transaction: Transaction, signed: bytes, giver_id: str) -> TransferOffer:
    """Return what an operator offered, once its signature was verified.

    Raises:
        InvalidInputError: it is malformed, not canonical, or signed by no key in use of the operator.
    """
    return _read(TransferOffer, OFFER_TYPE, transaction, signed, giver_id, "offer")


def read_acceptance(transaction: Transaction, signed: bytes, taker_id: str) -> TransferAcceptance:
    """Return what an operator accepted, once its signature was verified.

    Raises:
        InvalidInputError: it is malformed, not canonical, or signed by no key in use of the operator.
    """
    return _read(TransferAcceptance, ACCEPTANCE_TYPE, transaction, signed, taker_id, "acceptance")


def _read(
    model: type[Statement],
    typ: str,
    transaction: Transaction,
    signed: bytes,
    operator_id: str,
    field: str,
) -> Statement:
    if len(signed) > _MAX_STATEMENT:
        raise wrong(field, f"it has more than {_MAX_STATEMENT} bytes")
    try:
        keys = keys_in_use(transaction, operator_id)
        jws, _key = verify_compact(signed, keys, typ=typ, step=field)
        said = parse_strict(jws.payload_bytes)
        is_canonical = canonicalize(said) == jws.payload_bytes
    except SigningError as error:
        raise wrong(field, f"its signature is not {operator_id}'s: {error}") from None
    if not is_canonical:
        raise wrong(field, "it is not canonical JSON (RFC 8785)")
    return read_document(model, said, f"the {field}")


def digest(signed: bytes) -> str:
    """Return the name by which an acceptance means an offer."""
    return hashlib.sha256(signed).hexdigest()


def check_offer_dates(offer: TransferOffer, now: datetime) -> None:
    """Let an offer pass that was made now and ends soon enough.

    Raises:
        InvalidInputError: it is from the future, has ended, or would stand too long.
    """
    if offer.offered_at > now + _SKEW:
        raise wrong("offered_at", "it lies in the future")
    if not now < offer.expires_at <= now + LONGEST + _SKEW:
        raise wrong("expires_at", f"an offer ends between now and {(now + LONGEST).date()}")


def check_acceptance(
    acceptance: TransferAcceptance, offer: TransferOffer, signed_offer: bytes, now: datetime
) -> None:
    """Let an acceptance pass that is of exactly this offer, and in time.

    Raises:
        InvalidInputError: it is of another offer, or the offer has ended.
    """
    same = ("origin", "id", "giver", "taker")
    different = [name for name in same if getattr(acceptance, name) != getattr(offer, name)]
    if acceptance.offer_sha256 != digest(signed_offer):
        different.append("offer_sha256")
    if different:
        raise wrong(different[0], "it is the acceptance of another offer")
    if not offer.offered_at - _SKEW <= acceptance.accepted_at <= now + _SKEW:
        raise wrong("accepted_at", "it lies before the offer, or in the future")
    if now >= offer.expires_at:
        raise wrong("expires_at", "the offer has ended")


def wrong(field: str, reason: str, value: str = "") -> InvalidInputError:
    """Return the refusal of a statement."""
    remedy = "Have the offer made anew, and both sides sign it."
    return InvalidInputError([Finding(field, value, reason, remedy)], "the transfer")


def to_text(signed: bytes | None) -> str | None:
    """Return a signed statement as text."""
    return None if signed is None else signed.decode("ascii")
