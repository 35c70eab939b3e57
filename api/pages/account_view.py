"""What an operator sees of itself after signing in."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class AccountView:
    """An operator's own page; what its key is not for is None."""

    name: str
    id: str
    did: str
    country: str
    roles: tuple[str, ...]
    csrf: str
    signed_in_until: str
    identifiers: tuple[dict[str, Any], ...]
    facilities: tuple[dict[str, Any], ...] | None
    models: tuple[dict[str, Any], ...] | None
    batches: tuple[dict[str, Any], ...] | None
    keys: tuple[dict[str, Any], ...] | None
