"""Paths to data elements: RFC 9535 JSONPath, as far as it names one element and stays cheap.

A path comes from strangers and is evaluated over documents of thousands of nodes. So its length is
limited; of segments that select many nodes there is one selector each, of `..` one in all; filters
compare what stands right below a node, without regular expressions. Each node is then visited at most once.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from jsonpath import JSONPathEnvironment
from jsonpath.exceptions import JSONPathError
from jsonpath.filter import BaseExpression, FilterQuery
from jsonpath.path import JSONPath
from jsonpath.segments import JSONPathRecursiveDescentSegment
from jsonpath.selectors import Filter, IndexSelector, NameSelector

from passports.errors import Finding, InvalidInputError, RecordNotFoundError, shorten

MAX_LENGTH: Final = 200
MAX_NODES: Final = 20_000
_FUNCTIONS: Final = frozenset(
    {"length", "count", "value"}
)  # of RFC 9535, 2.4; no regular expressions
_REMEDY: Final = "Name one element, for example $.rated_capacity_ah, percent-encoded (RFC 9535)."


class _Environment(JSONPathEnvironment):
    """RFC 9535 without `match` and `search`: a hostile expression could keep a server busy for good."""

    def setup_function_extensions(self) -> None:
        """Leave out what takes a regular expression."""
        super().setup_function_extensions()
        for name in set(self.function_extensions) - _FUNCTIONS:
            del self.function_extensions[name]


_ENVIRONMENT: Final = _Environment(strict=True)


@dataclass(frozen=True)
class Place:
    """A node of a document: the way to it, and what stands there."""

    parts: tuple[str | int, ...]
    value: Any


class ElementPath:
    """A path that was read and may be evaluated."""

    def __init__(self, text: str) -> None:
        """Read a path.

        Raises:
            InvalidInputError: it is too long, no JSONPath, or costs too much.
        """
        self.text = text
        self._path = _read(text)

    @property
    def is_singular(self) -> bool:
        """Tell whether it can only ever name one node (RFC 9535, 2.3.5.1)."""
        return self._path.singular_query()

    @property
    def first_name(self) -> str | None:
        """The name right below the root, if the path begins with one and names one node at most."""
        first = next(iter(self.parts), None)
        return first if isinstance(first, str) else None

    @property
    def parts(self) -> tuple[str | int, ...]:
        """The names and places on the way of a singular path; empty for any other."""
        if not self.is_singular:
            return ()
        selectors = [segment.selectors[0] for segment in self._path.segments]
        return tuple(
            s.name if isinstance(s, NameSelector) else s.index
            for s in selectors
            if isinstance(s, NameSelector | IndexSelector)
        )

    def find(self, document: Mapping[str, Any]) -> Place:
        """Return the one node that the path names.

        Raises:
            RecordNotFoundError: it names none.
            InvalidInputError: it names more than one, or the document is too large to search.
        """
        if not self.is_singular and _is_larger(document, MAX_NODES):
            raise _refused(self.text, "this passport is too large to be searched")
        found: dict[tuple[str | int, ...], Any] = {}
        try:
            for match in self._path.finditer(document):
                found[match.parts] = match.obj
                if len(found) > 1:
                    raise _refused(self.text, "it names more than one element")
        except JSONPathError as error:
            raise _refused(self.text, _said_of(error)) from None
        for parts, value in found.items():
            return Place(parts, value)
        raise RecordNotFoundError("data element", self.text, _REMEDY)


def _read(text: str) -> JSONPath:
    if len(text) > MAX_LENGTH:
        raise _refused(text, f"a path has at most {MAX_LENGTH} characters")
    try:
        path = _ENVIRONMENT.compile(text)
    except (JSONPathError, ValueError, RecursionError) as error:
        raise _refused(text, f"it is no JSONPath: {_said_of(error)}") from None
    if not isinstance(path, JSONPath):  # a union of paths, which strict reading has none of
        raise _refused(text, "it is more than one path")
    if not path.singular_query() and not _is_cheap(path):
        raise _refused(text, "it selects too much")
    return path


def _said_of(error: Exception) -> str:
    # Its own text shows the path with a mark below, and cannot be made for an empty path.
    return shorten(error.args[0]) if error.args else "it cannot be read"


def _is_cheap(path: JSONPath) -> bool:
    descents = sum(isinstance(s, JSONPathRecursiveDescentSegment) for s in path.segments)
    alone = all(len(segment.selectors) == 1 for segment in path.segments)
    return descents <= 1 and alone and all(map(_is_singular, _filter_queries(path)))


def _is_singular(query: FilterQuery) -> bool:
    return query.path.singular_query()


def _filter_queries(path: JSONPath) -> Iterator[FilterQuery]:
    for segment in path.segments:
        for selector in segment.selectors:
            if isinstance(selector, Filter):
                yield from _queries_in(selector.expression)


def _queries_in(expression: BaseExpression) -> Iterator[FilterQuery]:
    if isinstance(expression, FilterQuery):
        yield expression
        return
    for child in expression.children():
        yield from _queries_in(child)


def _is_larger(document: object, limit: int) -> bool:
    """Tell whether a document has more than so many nodes, without counting further."""
    waiting: list[object] = [document]
    count = 0
    while waiting:
        node = waiting.pop()
        count += 1
        if count > limit:
            return True
        if isinstance(node, Mapping):
            waiting.extend(node.values())
        elif isinstance(node, Sequence) and not isinstance(node, str):
            waiting.extend(node)
    return False


def _refused(text: str, reason: str) -> InvalidInputError:
    finding = Finding("elementIdPath", shorten(text), reason, _REMEDY)
    return InvalidInputError([finding], "the path")
