"""What a change of a passport says, and what is kept of it."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Final

import orjson
from pydantic import Field

from passports.documents import Document, Printable, Slug
from signing.instants import format_instant

MAX_VALUES: Final = 500
_SALT_BYTES: Final = 16  # as many as RFC 9901, section 9.3, asks for where values could be guessed


class ChangeKind(StrEnum):
    """What a version was made for."""

    ISSUED = "issued"
    DATA = "data"
    LIFE_CYCLE = "life_cycle"
    RESPONSIBILITY = "responsibility"
    SUCCESSION = "succession"
    CESSATION = "cessation"


# A battery's status is not for the public (Annex XIII, 4(c)). That there is a version, everybody can see;
# whether it was made for the status or for another restricted value, nobody can.
PUBLIC_KINDS: Final[Mapping[ChangeKind, ChangeKind]] = MappingProxyType(
    {kind: ChangeKind.DATA if kind is ChangeKind.LIFE_CYCLE else kind for kind in ChangeKind}
)


class PassportChange(Document):
    """What is to be different in the next version of a passport, and why.

    Attributes:
        reason: Why; for those responsible, never for the public.
        values: A battery's attributes by identifier; null takes a value away.
        life_cycle_status: The status that the battery has from now on, see `lifecycle`.
        responsible_operator_id: Who is responsible for the passport from now on (Art. 77(4) and (7)).
        successor_id: The passport that stands in the place of this one from now on (Art. 77(7)).
        expected_version: The version for which the change was made; another is refused.
    """

    reason: Annotated[str, Field(min_length=1, max_length=500), Printable]
    values: Annotated[dict[str, Any], Field(max_length=MAX_VALUES)] = Field(default_factory=dict)
    life_cycle_status: Annotated[str, Field(max_length=32), Printable] | None = None
    responsible_operator_id: Slug | None = None
    successor_id: Annotated[str, Field(max_length=64), Printable] | None = None
    expected_version: Annotated[int, Field(ge=1)] | None = None


@dataclass(frozen=True)
class PassportVersion:
    """One version of a passport: who made it, when, why and what is signed of it.

    `reason` and `kind` are not for the public; `public_kind` is, and so is the rest.
    """

    passport_id: str
    version: int
    actor: str
    reason: str
    kind: ChangeKind
    issued_at: datetime
    sha256: str
    log_index: int
    acting: str | None = None

    @property
    def public_kind(self) -> ChangeKind:
        """What the public is told of why it was made."""
        return PUBLIC_KINDS[self.kind]

    def to_document(self) -> dict[str, Any]:
        """Return what everybody may know of it as plain JSON data."""
        return {
            "version": self.version,
            "kind": self.public_kind.value,
            "actor": self.actor,
            "issued_at": format_instant(self.issued_at),
            "sha256": self.sha256,
            "log_index": self.log_index,
        }

    def to_private_document(self) -> dict[str, Any]:
        """Return all of it, for those responsible."""
        acting = {"acting": self.acting} if self.acting is not None else {}
        return {**self.to_document(), "kind": self.kind.value, "reason": self.reason, **acting}


def change_document(
    actor_id: str, kind: ChangeKind, change: PassportChange, acting_id: str | None = None
) -> bytes:
    """Return what is kept of a change: the public credential commits to its hash and tells nothing of it.

    The salt keeps a reason or a value from being guessed and held against the hash.
    """
    said = change.model_dump(mode="json", exclude_none=True, exclude={"values"})
    salt = secrets.token_urlsafe(_SALT_BYTES)
    acting = {"acting": acting_id} if acting_id not in {None, actor_id} else {}
    document = {"actor": actor_id, "kind": kind.value, "values": change.values, **said, **acting}
    return orjson.dumps({**document, "salt": salt}, option=orjson.OPT_SORT_KEYS)


def reason_of(document: bytes) -> str:
    """Return the reason of a change as it was kept."""
    return str(orjson.loads(document)["reason"])


def acting_of(document: bytes) -> str | None:
    """Return who acted for the actor of a change, or None."""
    acting = orjson.loads(document).get("acting")
    return None if acting is None else str(acting)
