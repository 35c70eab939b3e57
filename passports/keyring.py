"""Operators' signing keys: the secret lies in a key back-end, the store knows its public part.

Keys are opened once and kept for the life of the process: opening an encrypted file costs a
quarter of a second by design (Argon2id).
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from passports.log import LogSigners
from passports.passphrase_change import making_a_key
from passports.store import SigningKeyRow, Transaction
from passports.store.read_only import read_only_error
from signing.did_web import PublicKeyEntry
from signing.errors import KeyUnavailableError
from signing.keys import Algorithm, SigningKey, create_key, open_key
from signing.signed_note import ED25519, MLDSA44_COSIGNATURE, NoteSigner, NoteVerifier


@dataclass
class Keyring:
    """Where signing keys are made and opened.

    Attributes:
        directory: Folder of the encrypted key files.
        passphrase: What they are encrypted under; never printed.
        device_pin: What opens keys that lie elsewhere: a token's PIN, an access token of a provider.
    """

    directory: Path
    passphrase: bytes = field(repr=False)
    device_pin: bytes = field(default=b"", repr=False)
    _opened: dict[str, SigningKey] = field(default_factory=dict, repr=False)

    def create(
        self, transaction: Transaction, operator_id: str, now: datetime, uri: str | None = None
    ) -> SigningKey:
        """Make a P-256 key for an operator and record its public part.

        Args:
            transaction: In which it is recorded.
            operator_id: Whose key it becomes.
            now: When.
            uri: Where it lies: ``file:``, ``pkcs11:`` or ``csc:`` (see `signing.keys`); a key that is
                there already is opened. By default a new file in `directory`.

        Raises:
            KeyUnavailableError: it can be neither made nor opened, or is for another algorithm.
        """
        if uri is None:
            self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Random, so that a file left behind by a transaction that failed stands in nobody's way.
            name = f"{operator_id}-{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}.json"
            uri = f"file:{self.directory.resolve() / name}"
            with making_a_key(self.directory, self.passphrase):
                key = create_key(uri, self.passphrase)
        else:
            key = self._made_or_opened(uri)
        transaction.signing_keys.add(
            SigningKeyRow(
                operator_id=operator_id,
                kid=key.kid,
                uri=uri,
                public_jwk=dict(key.public_jwk),
                created_at=now,
            )
        )
        self._opened[uri] = key
        return key

    def _made_or_opened(self, uri: str) -> SigningKey:
        try:
            key = create_key(uri, self._secret(uri))
        except KeyUnavailableError as error:
            # A key in a token was made in a ceremony, a seal is ordered from its provider.
            if error.reason not in {"exists", "not_created_here"}:
                raise
            key = open_key(uri, self._secret(uri))
        if key.algorithm != "ES256":
            raise KeyUnavailableError(uri, "wrong_algorithm", "passports need an ES256 key")
        return key

    def _secret(self, uri: str) -> bytes:
        return self.passphrase if uri.startswith("file:") else self.device_pin

    def log_signers(self, origin: str) -> LogSigners:
        """Open the log's keys, Ed25519 and ML-DSA-44 (made at first use).

        The second signature keeps old heads believable should elliptic curves fall: batteries live
        into the 2040s. C2SP recommends it for logs.
        """
        signing_key = self.named("log-ed25519", "Ed25519")
        cosigning_key = self.named("log-ml-dsa-44", "ML-DSA-44")
        signers = (
            NoteSigner(origin, ED25519, signing_key),
            NoteSigner(origin, MLDSA44_COSIGNATURE, cosigning_key),
        )
        return LogSigners(origin, signers)

    def log_verifiers(self, origin: str) -> list[NoteVerifier]:
        """Return the public keys of this server's log; none are made where there are none yet.

        Raises:
            KeyUnavailableError: a key that is there cannot be opened.
        """
        names = ("log-ed25519", "log-ml-dsa-44")
        if not any((self.directory.resolve() / f"{name}.json").exists() for name in names):
            return []
        return [signer.verifier for signer in self.log_signers(origin).signers]

    def named(self, name: str, algorithm: Algorithm) -> SigningKey:
        """Open a key that belongs to no operator (the log's, a witness's); made at first use."""
        path = self.directory.resolve() / f"{name}.json"
        uri = f"file:{path}"
        if uri not in self._opened:
            self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._opened[uri] = opened_or_made(path, self.passphrase, algorithm)
        return self._opened[uri]

    def current(self, transaction: Transaction, operator_id: str) -> SigningKey:
        """Open the key with which an operator signs now.

        Raises:
            KeyUnavailableError: if it has none, or the key cannot be opened.
            OperatorReadOnlyError: its records are kept here for it, or it has ceased.
        """
        kept = transaction.continuity.get(operator_id)
        if kept is not None:
            raise read_only_error(operator_id, kept)
        rows = [r for r in transaction.signing_keys.of(operator_id) if r.retired_at is None]
        if not rows:
            raise KeyUnavailableError(
                f"operator {operator_id}",
                "it has no signing key in use",
                "Restore its key file, or register an operator anew.",
            )
        uri = rows[-1].uri
        if uri not in self._opened:
            self._opened[uri] = open_key(uri, self._secret(uri))
        return self._opened[uri]


def opened_or_made(path: Path, passphrase: bytes, algorithm: Algorithm = "ES256") -> SigningKey:
    """Open the key in a file, or make it; one that another process makes at the same moment is opened.

    Raises:
        KeyUnavailableError: it can be neither made nor opened.
    """
    uri = f"file:{path}"
    if not path.exists():
        try:
            with making_a_key(path.parent, passphrase):
                return create_key(uri, passphrase, algorithm=algorithm)
        except KeyUnavailableError as error:
            if error.reason != "exists":
                raise
    return open_key(uri, passphrase)


def public_key_entries(transaction: Transaction, operator_id: str) -> list[PublicKeyEntry]:
    """Return all public keys of an operator, retired and compromised ones too.

    A did:web has no history, so nothing is ever taken out: what a retired key signed stays valid,
    what a compromised key signed stays valid by its place in the log.
    """
    return [public_key_entry(row) for row in transaction.signing_keys.of(operator_id)]


def public_key_entry(row: SigningKeyRow) -> PublicKeyEntry:
    """Return a key on record as others are told of it."""
    return PublicKeyEntry(
        jwk=_text_values(row.public_jwk),
        expires=row.retired_at,
        revoked=row.revoked_at,
        revoked_from_log_index=row.revoked_from_log_index,
        revoked_in_log=row.revoked_in_log,
    )


def _text_values(jwk: Mapping[str, object]) -> dict[str, str]:
    return {key: str(value) for key, value in jwk.items()}
