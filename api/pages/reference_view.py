"""The HTTP API for people: the calls of the OpenAPI document, grouped by who calls."""

from collections.abc import Mapping
from dataclasses import dataclass

from api.pages.reading import child, rows, text, texts


@dataclass(frozen=True)
class Call:
    """One call of the HTTP API."""

    method: str
    path: str
    says: str | None
    needs_key: bool
    parameters: tuple[str, ...]


def view_reference(document: Mapping[str, object]) -> dict[str, list[Call]]:
    """Return the calls of an OpenAPI document by tag, in the document's order."""
    grouped: dict[str, list[Call]] = {}
    paths = child(document, "paths")
    for path in paths:
        operations = child(paths, path)
        for method in operations:
            operation = child(operations, method)
            tag = next(iter(texts(operation, "tags")), "other")
            grouped.setdefault(tag, []).append(_call(method, path, operation))
    return grouped


def _call(method: str, path: str, operation: Mapping[str, object]) -> Call:
    return Call(
        method=method.upper(),
        path=path,
        says=text(operation, "description") or text(operation, "summary"),
        needs_key=bool(rows(operation, "security")),
        parameters=tuple(
            name
            for name in (text(row, "name") for row in rows(operation, "parameters"))
            if name is not None and f"{{{name}}}" not in path
        ),
    )
