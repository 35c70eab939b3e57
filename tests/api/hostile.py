"""Nearly valid documents: valid ones after a few changes of the kind that breaks readers."""

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.api.caller import JSON, PROBLEM, Caller
from tests.worlds import MAKER

# What tends to break a reader: extremes of each kind, and each kind where another is expected.
HOSTILE: list[Any] = [
    None,
    True,
    "",
    " ",
    "\x00",
    "\ud800",
    "\U0001f50b" * 50,
    "a" * 3000,
    "9999-12-31",
    "0001-01-01",
    "NaN",
    0,
    -1,
    1e-320,
    1.7976931348623157e308,
    10**20,
    10**400,
    float("nan"),
    float("inf"),
    [],
    {},
    [[]],
    {"\x00": "\ud800"},
    [None],
    {"id": {"id": []}},
]


def places(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value of a document."""
    yield path
    if isinstance(document, dict):
        for key, value in document.items():
            yield from places(value, (*path, key))
    elif isinstance(document, list):
        for index, value in enumerate(document):
            yield from places(value, (*path, index))


def changed(document: Any, path: tuple[Any, ...], change: str, value: Any) -> Any:
    """Return a copy of a document with one change at a path."""
    whole = {"document": copy.deepcopy(document)}
    *before, last = ("document", *path)
    parent: Any = whole
    for step in before:
        parent = parent[step]
    if change == "replace":
        parent[last] = value
    elif change == "remove" and path:
        del parent[last]
    elif change == "add" and isinstance(parent[last], dict):
        parent[last]["unheard-of"] = value
    elif change == "add" and isinstance(parent[last], list):
        parent[last] = parent[last] + [value]
    elif change == "repeat" and isinstance(parent[last], list):
        parent[last] = parent[last] * 2
    return whole["document"]


@st.composite
def nearly_valid(draw: st.DrawFn, valid: Mapping[str, Any]) -> tuple[str, bytes]:
    """Draw one of these routes and its valid document after one to three changes, as JSON."""
    target = draw(st.sampled_from(sorted(valid)))
    document: Any = valid[target]
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(places(document))))
        change = draw(st.sampled_from(["replace", "replace", "remove", "add", "repeat"]))
        hostile = st.sampled_from(HOSTILE) | st.text(max_size=8) | st.floats() | st.integers()
        document = changed(document, path, change, draw(hostile))
    return target, json.dumps(document).encode()


SETTINGS = settings(
    deadline=None,
    max_examples=120,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def check(caller: Caller, target: str, body: bytes, **headers: str) -> None:
    """Send something as the maker; the answer is a success or a problem document, never a fault."""
    sent = {**JSON, "authorization": f"Bearer {caller.key(MAKER)}", **headers}
    answer = caller.send("POST", target, sent, body)
    assert answer.status < 500, (target, body, answer.body)
    if answer.status >= 400:
        assert answer.media_type == PROBLEM
        assert all(finding["reason"] for finding in answer.findings())
    elif answer.status != 204:
        answer.json()
