"""What an Accept header asks for (RFC 9110, section 12.5.1), and whether a client's copy is current."""

from typing import Final, Literal

from passports.embedded_proof import SECURED_MEDIA_TYPE
from passports.verification.collection import CREDENTIAL_MEDIA_TYPE

Form = Literal["credential", "secured", "html", "json"]
# By preference where a client likes several equally: who names the signed bytes wants them, and a
# browser names HTML. A wildcard is no wish for either of them, so it means JSON.
_NAMES: Final[dict[str, Form]] = {
    CREDENTIAL_MEDIA_TYPE: "credential",
    "application/jwt": "credential",
    SECURED_MEDIA_TYPE: "secured",
    "text/html": "html",
    "application/xhtml+xml": "html",
    "application/json": "json",
    "application/*": "json",
    "*/*": "json",
}
_ORDER: Final[tuple[Form, ...]] = ("credential", "secured", "html", "json")


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.strip().partition("=")
        if name.strip().lower() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def choose_form(accept: str) -> Form:
    """Choose the form of a passport; JSON where the header names none of them."""
    return _best(accept, _ORDER) or "json"


def choose_another(accept: str, than: Form) -> Form | None:
    """Choose a form beside one that cannot be had, or None where the header names no other."""
    return _best(accept, tuple(form for form in _ORDER if form != than))


def _best(accept: str, forms: tuple[Form, ...]) -> Form | None:
    wished: dict[Form, float] = {}
    for item in accept.split(","):
        media_type, *parameters = item.split(";")
        form = _NAMES.get(media_type.strip().lower())
        if form is not None:
            wished[form] = max(wished.get(form, 0.0), _quality(parameters))
    best = max(forms, key=lambda form: wished.get(form, 0.0))  # the first of equals
    return best if wished.get(best, 0.0) > 0 else None


def names_html(accept: str) -> bool:
    """Tell whether a person's browser asks: it names HTML, machines do not."""
    return choose_form(accept) == "html"


def is_current(if_none_match: str | None, etag: str) -> bool:
    """Tell whether one of the client's copies is the current one (RFC 9110, section 13.1.2)."""
    if if_none_match is None:
        return False
    known = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in known or known == ["*"]
