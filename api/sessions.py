"""Cookies of the operators' pages, and what a form has to bring before anything is done.

The cookie opens the operators' pages and nothing else: the HTTP API takes bearer tokens only, and public
pages do not look at it. A form is taken from the server's own pages alone: by the token in it, and by what
the browser says of where it comes from (`Sec-Fetch-Site`, `Origin`).
"""

import hmac
import secrets
from typing import Final
from urllib.parse import urlsplit

from fastapi import Request, Response

from api.wiring import Voltpass
from passports.authority.sessions import LASTS, Session, find_session
from passports.documents import utc_now
from passports.errors import AccessDeniedError, Finding

_FORM_SECONDS: Final = 3600
NO_STORE: Final = {"Cache-Control": "no-store", "Vary": "Cookie"}


def _is_secure(voltpass: Voltpass) -> bool:
    return voltpass.settings.public_url.startswith("https://")


def _name(voltpass: Voltpass, kind: str) -> str:
    # RFC 6265bis, section 4.1.3: a browser takes a __Host- cookie from this very host over https only.
    return f"__Host-voltpass-{kind}" if _is_secure(voltpass) else f"voltpass-{kind}"


def _set(voltpass: Voltpass, response: Response, kind: str, value: str, seconds: int) -> None:
    response.set_cookie(
        _name(voltpass, kind),
        value,
        max_age=seconds,
        path="/",
        secure=_is_secure(voltpass),
        httponly=True,
        samesite="strict",
    )


def set_session(voltpass: Voltpass, response: Response, session: Session) -> None:
    """Have the browser keep a session."""
    _set(voltpass, response, "session", session.token, int(LASTS.total_seconds()))


def forget_session(voltpass: Voltpass, response: Response) -> None:
    """Have the browser forget its session."""
    _set(voltpass, response, "session", "", 0)


def session_of(voltpass: Voltpass, request: Request) -> Session | None:
    """Return the session of who asks, if there is one."""
    token = request.cookies.get(_name(voltpass, "session"), "")
    return find_session(voltpass.store, token, utc_now())


def form_token() -> str:
    """Return a fresh token for a form."""
    return secrets.token_urlsafe(24)


def set_form(voltpass: Voltpass, response: Response, token: str) -> None:
    """Have the browser keep the double of a form's token."""
    _set(voltpass, response, "form", token, _FORM_SECONDS)


def require_own_form(voltpass: Voltpass, request: Request, given: str) -> None:
    """Let a form pass that this server's sign-in page gave to this browser.

    Raises:
        AccessDeniedError: it comes from elsewhere.
    """
    kept = request.cookies.get(_name(voltpass, "form"), "")
    fits = bool(kept) and hmac.compare_digest(kept.encode(), given.encode("utf-8", "replace"))
    if not fits or not _comes_from_here(voltpass, request):
        raise foreign_form()


def require_session_form(
    voltpass: Voltpass, request: Request, session: Session, given: str
) -> None:
    """Let a form pass that one of the session's own pages sent.

    Raises:
        AccessDeniedError: it comes from elsewhere.
    """
    if not session.is_form_of_it(given) or not _comes_from_here(voltpass, request):
        raise foreign_form()


def _comes_from_here(voltpass: Voltpass, request: Request) -> bool:
    """Tell whether a browser says that a request comes from a page of this server, or says nothing."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    # Our pages send no referrer, and browsers then write `null` here.
    origin = request.headers.get("origin", "null")
    if origin == "null":
        return True
    own = urlsplit(voltpass.settings.public_url).netloc
    return urlsplit(origin).netloc in {own, request.headers.get("host", own)}


def foreign_form() -> AccessDeniedError:
    """Return the refusal of a form that no page of this server sent."""
    reason = "the form does not come from a page of this server, or the page is too old"
    finding = Finding("form", "", reason, "Open the page anew and send it again.")
    return AccessDeniedError("This form is not taken.", [finding])
