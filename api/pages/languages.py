"""The language of a page: which one a request asks for, and its catalog of messages.

English is what the code is written in; each other language is one file, `translations/<code>.po`, read
as it is (CONTRIBUTING.md says how one is added). A request's language is that of `?lang=`, else the one
that Accept-Language likes best (RFC 9110, 12.5.4; matched by lookup, RFC 4647, 3.4), else English.
"""

import gettext as gnu
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, cached_property
from io import BytesIO
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

TRANSLATIONS: Final = Path(__file__).parent / "translations"
ENGLISH: Final = "en"
PARAMETER: Final = "lang"
# BCP 47 tags that say more than the code: which spelling, which script.
_TAGS: Final[Mapping[str, str]] = {"en": "en-GB", "zh": "zh-Hans"}
# Languages in which a noun keeps its capital within a sentence.
_CAPITALISED_NOUNS: Final = frozenset({"de"})
# For operators and programmers; their words are in English.
_ENGLISH_ONLY: Final = re.compile(
    r"/(?:api|account|sign-in|sign-out)(?:/.*)?|/facilities/.*/energy"
)
_QUALITY: Final = re.compile(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", re.IGNORECASE)
_RANGES: Final = 64  # of Accept-Language that are read; browsers send less than ten


@dataclass(frozen=True)
class Language:
    """A language that pages are written in; `tag` is what the page says of itself (BCP 47)."""

    code: str

    @property
    def tag(self) -> str:
        """The language, and script or country where that matters."""
        return _TAGS.get(self.code, self.code)

    @cached_property
    def name(self) -> str:
        """The language's name in itself."""
        from babel import Locale  # noqa: PLC0415 # read for pages only

        own = Locale.parse(self.code).get_language_name(self.code) or self.code
        return own[:1].upper() + own[1:]

    @property
    def capitalises_nouns(self) -> bool:
        """Tell whether a noun keeps its capital within a sentence."""
        return self.code in _CAPITALISED_NOUNS

    @cached_property
    def decimal_sign(self) -> str:
        """The sign between whole and decimal digits (CLDR)."""
        if self.code == ENGLISH:
            return "."
        from babel import Locale  # noqa: PLC0415 # read for pages only

        return str(Locale.parse(self.code).number_symbols["latn"]["decimal"])


@cache
def languages() -> Mapping[str, Language]:
    """Return the languages by code: English, and each that has a catalog."""
    codes = [ENGLISH, *sorted(path.stem for path in TRANSLATIONS.glob("*.po"))]
    return {code: Language(code) for code in codes}


@cache
def catalog(code: str) -> gnu.NullTranslations:
    """Return the messages of a language; English says what the code says."""
    if code == ENGLISH:
        return gnu.NullTranslations()
    from babel.messages.mofile import write_mo  # noqa: PLC0415 # read for pages only
    from babel.messages.pofile import read_po  # noqa: PLC0415 # as above

    compiled = BytesIO()
    with (TRANSLATIONS / f"{code}.po").open("rb") as source:
        write_mo(compiled, read_po(source, locale=code))
    compiled.seek(0)
    return gnu.GNUTranslations(compiled)


def by_tag(tag: str) -> Language | None:
    """Return the language for a tag like `de-AT`: itself, else with less and less said (RFC 4647, 3.4)."""
    parts = tag.strip().lower().split("-")
    while parts:
        found = languages().get("-".join(parts))
        if found is not None:
            return found
        parts.pop()
    return None


def negotiate(accept_language: str) -> Language:
    """Return the language that a header likes best; of equals, the one that it names first."""
    wished: dict[str, float] = {}
    for item in accept_language.split(",")[:_RANGES]:
        tag, *parameters = (part.strip() for part in item.split(";"))
        found = by_tag(tag) if tag != "*" else None
        quality = _quality(parameters)
        if quality is not None and (found is not None or tag == "*"):
            wished.setdefault(found.code if found is not None else "*", quality)
    rest = wished.pop("*", None)
    if rest is not None:  # it stands for every language that is not named, English first
        wished |= {code: rest for code in languages() if code not in wished}
    best = max(wished, key=lambda code: wished[code], default=ENGLISH)
    return languages()[best if wished.get(best, 0.0) > 0 else ENGLISH]


def _quality(parameters: list[str]) -> float | None:
    """Return a range's weight, None where it is none (RFC 9110, 12.4.2)."""
    if not parameters:
        return 1.0
    found = _QUALITY.fullmatch(parameters[0])
    return float(found[1]) if found and len(parameters) == 1 else None


class Conversation:
    """A request as far as language goes; `was_spoken` once a page was made for it."""

    def __init__(self, path: str = "/", query: str = "", accept_language: str = "") -> None:
        """Take what a request says; it is read where a page is made, and not before."""
        self._path, self._query, self._accept_language = path, query, accept_language
        self.was_spoken = False

    @cached_property
    def _parameters(self) -> list[tuple[str, str]]:
        return parse_qsl(self._query, keep_blank_values=True, errors="replace")

    @cached_property
    def chosen(self) -> Language | None:
        """The language that the address names, if it is one of ours."""
        named = [value for name, value in self._parameters if name == PARAMETER]
        return by_tag(named[0]) if named else None

    @cached_property
    def language(self) -> Language:
        """The language of the page."""
        if _ENGLISH_ONLY.fullmatch(self._path):
            return languages()[ENGLISH]
        return self.chosen or negotiate(self._accept_language)

    def keeping(self, href: str) -> str:
        """Return a link within these pages that keeps a chosen language."""
        if self.chosen is None:
            return href
        parts = urlsplit(href)
        query = "&".join(q for q in (parts.query, f"{PARAMETER}={self.chosen.code}") if q)
        return urlunsplit(parts._replace(query=query))

    def switch(self, also: Mapping[str, str] | None = None) -> list[tuple[Language, str]]:
        """Return every language with the link to this page in it; none where there is only one."""
        if _ENGLISH_ONLY.fullmatch(self._path):
            return []
        kept = {n: v for n, v in self._parameters if n != PARAMETER} | dict(also or {})
        return [
            (language, "?" + urlencode({**kept, PARAMETER: code}, errors="replace"))
            for code, language in languages().items()
        ]


_CONVERSATION: Final[ContextVar[Conversation | None]] = ContextVar("conversation", default=None)
_IN_ENGLISH: Final = Conversation()


def conversation() -> Conversation:
    """Return the request that is being answered; without one, English is spoken."""
    return _CONVERSATION.get() or _IN_ENGLISH


def language() -> Language:
    """Return the language that is spoken now."""
    return conversation().language


@contextmanager
def speaking(code: str = ENGLISH) -> Iterator[None]:
    """Speak a language for a while: English around messages of checks, which are written in it."""
    with answering(Conversation(query=urlencode({PARAMETER: code}))):
        yield


@contextmanager
def answering(asked: Conversation) -> Iterator[None]:
    """Answer a request in its language."""
    token = _CONVERSATION.set(asked)
    try:
        yield
    finally:
        _CONVERSATION.reset(token)


def gettext(message: str, **values: object) -> str:
    """Say a message in the language that is spoken, with values in its places."""
    said = catalog(language().code).gettext(message)
    return said % values if values else said


def pgettext(context: str, message: str) -> str:
    """Say a message whose English has more meanings than one; `context` says which."""
    return catalog(language().code).pgettext(context, message)


def ngettext(singular: str, plural: str, num: float, **values: object) -> str:
    """Say a message that depends on a number; the number is there as `num` too."""
    said = catalog(language().code).ngettext(singular, plural, int(num))
    return said % {"num": num, **values}


def full_stop() -> str:
    """Return what ends a sentence."""
    return pgettext("end of a sentence", ".")


def comma() -> str:
    """Return what parts the names of a list."""
    return pgettext("in a list", ", ")


def message(text: str) -> str:
    """Mark a text for the catalogs where it is defined; it is translated where it is shown."""
    return text


class Words(Mapping[str, str]):
    """Words by identifier, each said in the language that is spoken when it is looked up."""

    def __init__(self, words: Mapping[str, str]) -> None:
        """Take the words in English, each marked by `message`."""
        self._words = words

    def __getitem__(self, key: str) -> str:
        """Return the word for an identifier."""
        return gettext(self._words[key])

    def __iter__(self) -> Iterator[str]:
        """Go through the identifiers."""
        return iter(self._words)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._words)
