"""What a place for private keys has to offer."""

from collections.abc import Callable
from dataclasses import dataclass

from signing.keys.signing_key import Algorithm, SigningKey


@dataclass(frozen=True, slots=True)
class BackEnd:
    """One place where private keys can live.

    Attributes:
        create: Makes a new key for an algorithm at a URI, protected by a passphrase.
        open: Opens the key at a URI.
    """

    create: Callable[[str, bytes, Algorithm], SigningKey]
    open: Callable[[str, bytes], SigningKey]
