"""What a page says to a reader: every text, every attribute that is read out, and its language."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Final

from tests.api.page_reader import VOID

READ_OUT: Final = frozenset({"alt", "title", "aria-label", "placeholder", "data-label"})
# Code says the same in every language.
_CODE: Final = frozenset({"code", "style", "script"})


class SaidWords(HTMLParser):
    """The texts of a page; what is marked as another language than the page's, or as code, stands apart."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.language = ""
        self.said: list[str] = []
        self.foreign: list[str] = []
        self._open: list[tuple[str, bool]] = []
        self.feed(html)

    @property
    def text(self) -> str:
        """All that stands in the page's own language, in one line."""
        return " ".join(" ".join(self.said).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.language = found["lang"]
        apart = tag in _CODE or found.get("lang", self.language) != self.language
        self._add(READ_OUT & found.keys(), found)
        if tag not in VOID:
            self._open.append((tag, apart))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self._add(READ_OUT & found.keys(), found)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if any(apart for _, apart in self._open):
            self.foreign.append(data)
        else:
            self.said.append(data)

    def _add(self, names: frozenset[str], found: dict[str, str]) -> None:
        self.said += [found[name] for name in sorted(names)]


def leaves(value: object) -> Iterator[str]:
    """Yield every text in a JSON value."""
    if isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, str):
        yield value
