"""What a page says of a passport's life: its versions, what came before and after it, its end.

Only what is public: a battery's status (Annex XIII, 4(c)) is not, and no reason of a change is; of why a
passport was withdrawn only the class, where its issuer named one.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from api.pages.figures import day, instant
from api.pages.languages import Words, gettext, message
from api.pages.reading import child, number, rows, text, web_address
from passports.life.versions import ChangeKind, PassportVersion
from passports.life.withdrawal import PassportState, ReasonClass, Standing

KINDS: Final[Mapping[ChangeKind, str]] = {
    ChangeKind.ISSUED: message("Issued"),
    ChangeKind.DATA: message("Data changed"),
    ChangeKind.RESPONSIBILITY: message("Another operator became responsible"),
    ChangeKind.SUCCESSION: message("Linked with the passport before or after it"),
    ChangeKind.CESSATION: message("Ceased to exist"),
}
BECAUSE: Final = Words(
    {
        ReasonClass.ERROR: message(
            "Its issuer says that it was issued in error or states something wrong."
        ),
        ReasonClass.COMPROMISED: message(
            "Its issuer says that its key, link or label may be in wrong hands."
        ),
        ReasonClass.LOST: message("Its issuer says that the battery is lost, stolen or destroyed."),
        ReasonClass.ENDED: message("Its issuer says that the battery is out of service."),
        ReasonClass.INQUIRY: message(
            "Its issuer says that something about the battery is being looked into."
        ),
    }
)
_PASSPORT_ID: Final = re.compile(r"[0-9A-Za-z-]{1,64}")


@dataclass(frozen=True)
class VersionRow:
    """One version in the list: its number, when and by whom it was made, and where everybody reads it."""

    number: int
    made_at: str
    actor: str
    what: str
    href: str
    is_shown: bool


@dataclass(frozen=True)
class LifeView:
    """The public part of a passport's life.

    Attributes:
        ceased_on: The day on which the passport ceased to exist, or None.
        successors: Links of the passports that stand in its place.
        predecessors: Links of the passports in whose place it stands.
        versions: All versions, newest first; empty where nobody told them.
        newest: Number of the newest version, where the page shows an older one.
        newest_href: Where that one is.
        withdrawn: `suspended` or `revoked`, or None.
        withdrawn_since: Since when, where that was written down.
        withdrawn_because: Of which class the reason is, as a sentence, where its issuer said so.
    """

    ceased_on: str | None
    successors: tuple[str, ...]
    predecessors: tuple[str, ...]
    versions: tuple[VersionRow, ...]
    newest: int | None
    newest_href: str | None
    withdrawn: str | None
    withdrawn_since: str | None
    withdrawn_because: str | None


def view_life(
    payload: Mapping[str, object],
    versions: Sequence[PassportVersion],
    link: str,
    standing: Standing | None = None,
) -> LifeView:
    """Return what is public of a passport's life; `link` leads to the newest version."""
    since = standing.since if standing is not None else None
    subject = child(payload, "credentialSubject")
    shown = number(subject, "passportVersion")
    ended = text(child(subject, "ceased"), "at")
    newest = max((version.version for version in versions), default=None)
    is_old = newest is not None and shown is not None and shown < newest
    return LifeView(
        ceased_on=None if ended is None else day(ended),
        successors=_links(subject, "succeededBy"),
        predecessors=_links(subject, "predecessors"),
        versions=tuple(
            _row(version, shown, is_open=ended is None) for version in reversed(versions)
        ),
        newest=newest if is_old else None,
        newest_href=web_address(link) if is_old else None,
        withdrawn=_withdrawn(standing) if ended is None else None,
        withdrawn_since=None if since is None else instant(since),
        withdrawn_because=_because(standing),
    )


def _because(standing: Standing | None) -> str | None:
    said = standing.reason_class if standing is not None else None
    return None if said is None else BECAUSE[said]


def _withdrawn(standing: Standing | None) -> str | None:
    if standing is None or standing.state is PassportState.IN_FORCE:
        return None
    return standing.state.value


def _links(subject: Mapping[str, object], member: str) -> tuple[str, ...]:
    found = (web_address(text(row, "link")) for row in rows(subject, member))
    return tuple(link for link in found if link is not None)


def _row(version: PassportVersion, shown: float | None, *, is_open: bool) -> VersionRow:
    safe = is_open and _PASSPORT_ID.fullmatch(version.passport_id) is not None
    return VersionRow(
        number=version.version,
        made_at=instant(version.issued_at),
        actor=version.actor,
        what=gettext(KINDS[version.public_kind]),
        href=f"/passports/{version.passport_id}/versions/{version.version}" if safe else "",
        is_shown=version.version == shown,
    )
