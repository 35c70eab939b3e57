"""Where the product looks at the clock: at its edge. Everything else is told what time it is."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("api", "passports", "lca", "signing")
# Places that may ask the machine, each with its reason.
ALLOWED = {
    ("passports/documents.py", "utc_now"): "the one way to ask; api calls it, and nobody below",
    ("passports/documents.py", "_not_in_the_future"): (
        "a request is read before a use case is told an instant; a day's grace, and no law's date"
    ),
    ("api/access_log.py", "AccessLog.__call__"): "a line says when its answer went out",
    ("api/witness.py", "Witness.answer"): "it runs alone and knows logs, not passports",
}
_OF_A_CLASS = {"now", "utcnow", "today"}
_OF_TIME = {"time", "time_ns", "localtime", "gmtime", "ctime", "asctime", "strftime"}
# What falls back to the time zone of the machine unless it is given one; with how many arguments.
_ZONED = {"astimezone": 1, "fromtimestamp": 2}
_IN_SQL = ("CURRENT_TIMESTAMP", "CURRENT_DATE", "LOCALTIMESTAMP", "datetime('now'", "now()")
# What has none of these words need not be parsed, which is what takes time here.
_WORDS = re.compile(
    rf"\.[\s\\]*(?:{'|'.join((*_OF_A_CLASS, *_ZONED))})\b"
    r"|\btime[\s\\]*\.|\bfrom[\s\\]+time\b|\butc_now\b|" + "|".join(map(re.escape, _IN_SQL))
)


def _scopes(node: ast.AST, scope: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Yield every node with the name of what it stands in; defaults stand outside of their function."""
    yield scope, node
    for child in ast.iter_child_nodes(node):
        inside = scope
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inside = f"{scope}.{child.name}".strip(".")
        yield from _scopes(child, inside)


def _asks(node: ast.AST) -> bool:
    """Tell whether a node asks the machine for the time, or for its time zone."""
    match node:
        case ast.Attribute(value=ast.Name(id="time"), attr=name) if name in _OF_TIME:
            return True
        case ast.Attribute(value=ast.Name() | ast.Attribute() as owner, attr=name):
            said = owner.id if isinstance(owner, ast.Name) else owner.attr
            return name in _OF_A_CLASS and said in {"datetime", "date", "func"}
        case ast.ImportFrom(module="time", names=names):
            return any(found.name in _OF_TIME for found in names)
        case ast.Call(func=ast.Attribute(attr=name), args=args, keywords=named):
            return name in _ZONED and len(args) + len(named) < _ZONED[name]
        case ast.Constant(value=str() as text):
            return any(words in text for words in _IN_SQL)
    return False


def asking(tree: ast.AST) -> set[str]:
    """Return the names of the functions and classes that ask; the module itself is ''."""
    return {scope for scope, node in _scopes(tree) if _asks(node)}


@cache
def _trees(package: str) -> dict[str, ast.Module]:
    texts = {path: path.read_text("utf-8") for path in sorted((ROOT / package).rglob("*.py"))}
    return {
        path.relative_to(ROOT).as_posix(): ast.parse(text)
        for path, text in texts.items()
        if _WORDS.search(text)
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_only_the_places_with_a_reason_ask_for_the_time(package: str) -> None:
    found = {(file, scope) for file, tree in _trees(package).items() for scope in asking(tree)}
    assert found == {place for place in ALLOWED if place[0].startswith(f"{package}/")}


@pytest.mark.parametrize("package", ["passports", "lca", "signing"])
def test_below_the_edge_nobody_calls_for_the_present_instant(package: str) -> None:
    named = {
        file
        for file, tree in _trees(package).items()
        for node in ast.walk(tree)
        if (isinstance(node, ast.Name) and node.id == "utc_now")
        or (isinstance(node, ast.alias) and node.name == "utc_now")
        or (isinstance(node, ast.Attribute) and node.attr == "utc_now")
    }
    assert named == set()


def _at_import(tree: ast.Module) -> Iterator[ast.Call]:
    """Yield the calls that run when a module is imported: outside of functions, and in defaults."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Call):
            yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += [*node.args.defaults, *filter(None, node.args.kw_defaults)]
            waiting += [] if isinstance(node, ast.Lambda) else node.decorator_list
        else:
            waiting += ast.iter_child_nodes(node)


def test_no_instant_is_kept_from_when_a_module_was_imported() -> None:
    kept = [
        f"{file}:{call.lineno}"
        for package in PACKAGES
        for file, tree in _trees(package).items()
        for call in _at_import(tree)
        if isinstance(call.func, ast.Name) and call.func.id == "utc_now"
    ]
    assert kept == []


@pytest.mark.parametrize(
    "text",
    [
        "datetime.now(tz=UTC)",
        "datetime.datetime.now(UTC)",
        "clock = datetime.now",
        "datetime.utcnow()",
        "date.today()",
        "datetime.today()",
        "func.now()",
        "time.time()",
        "time.time_ns()",
        "time.localtime()",
        "time.strftime('%F')",
        "from time import time",
        "value.astimezone()",
        "datetime.fromtimestamp(seconds)",
        "text('UPDATE t SET at = CURRENT_TIMESTAMP')",
    ],
)
def test_each_way_to_ask_is_seen(text: str) -> None:
    assert _WORDS.search(text)
    assert asking(ast.parse(f"def outer():\n    def inner():\n        {text}")) == {"outer.inner"}


def test_what_does_not_ask_is_not_seen() -> None:
    text = """
time.monotonic()
time.sleep(1)
self.now()
value.astimezone(UTC)
datetime.fromtimestamp(seconds, UTC)
datetime.fromtimestamp(seconds, tz=UTC)
"""
    assert asking(ast.parse(text)) == set()


def test_instants_kept_at_import_are_seen() -> None:
    text = "def f(at=utc_now()): return utc_now()\nclass A:\n    AT = utc_now()\nB = [utc_now()]"
    assert _WORDS.search(text)
    assert sorted(call.lineno for call in _at_import(ast.parse(text))) == [1, 3, 4]
