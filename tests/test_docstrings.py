"""Docstrings read as they were written: no re-flow has run their entries together.

Linters look at what a docstring must have; what stands in its sections, and how it is indented, they
leave alone. Here each section is read as a reader would, in all packages and in the tests.
"""

import ast
import builtins
import doctest
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final, TypeAlias

import pytest

from tests.paths import ROOT

Documented: TypeAlias = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef

PACKAGES: Final = ("api", "lca", "passports", "signing", "tests")
_SECTION: Final = re.compile(r"(Args|Attributes|Raises|Returns|Yields|Examples?|Notes?):")
_ENTRIES: Final = ("Args", "Attributes", "Raises")
_ENTRY: Final = re.compile(r"\*{0,2}([A-Za-z_][\w.]*)(?: \([^)]*\))?: \S")
_INSIDE: Final = re.compile(r"\S +([a-z_]\w*): ")
_BEGINS: Final = re.compile(
    r"^ +(Args|Attributes|Raises|Returns|Yields|Examples?|Notes?):$", re.MULTILINE
)
_CLASS: Final = re.compile(r"^ *class (\w+)", re.MULTILINE)
_RAISED_BY_OTHERS: Final = frozenset({"HTTPException", "BadParameter", "Exit"})  # starlette, typer
_INDENT: Final = 4


@dataclass(frozen=True)
class Section:
    """A section of one docstring, its lines without the docstring's own indentation."""

    owner: Documented
    name: str
    lines: tuple[str, ...]

    @property
    def entries(self) -> list[str]:
        """The names it documents."""
        firsts = (line for line in self.lines if _indent(line) == _INDENT)
        return [found[1] for line in firsts if (found := _ENTRY.match(line.strip()))]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _documented(node: Documented) -> Iterator[Documented]:
    yield node
    for inner in node.body:
        if isinstance(inner, Documented):
            yield from _documented(inner)


def sections(tree: ast.Module) -> Iterator[Section]:
    for node in _documented(tree):
        name, lines = "", list[str]()
        for line in [*(ast.get_docstring(node) or "").splitlines(), "End:"]:
            begins = _SECTION.fullmatch(line)
            if line.strip() and _indent(line) == 0:
                if name:
                    yield Section(node, name, tuple(lines))
                name, lines = (begins[1] if begins else ""), []
            elif line.strip():
                lines.append(line)


def _parameters(owner: Documented) -> set[str]:
    if isinstance(owner, ast.FunctionDef | ast.AsyncFunctionDef):
        return {node.arg for node in ast.walk(owner.args) if isinstance(node, ast.arg)}
    constructors = (node for node in owner.body if getattr(node, "name", "") == "__init__")
    return {
        name for node in constructors if isinstance(node, Documented) for name in _parameters(node)
    }


def _fields(owner: Documented) -> set[str]:
    annotated = (node.target for node in owner.body if isinstance(node, ast.AnnAssign))
    return {target.id for target in annotated if isinstance(target, ast.Name)}


def _attributes(owner: Documented) -> set[str]:
    names = _fields(owner) | {getattr(node, "name", "") for node in owner.body}
    for node in ast.walk(owner):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.add(node.attr)
        elif isinstance(node, ast.Assign):
            names.update(target.id for target in node.targets if isinstance(target, ast.Name))
    return names


@cache
def _texts() -> dict[str, str]:
    files = (file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py")))
    return {str(file.relative_to(ROOT)): file.read_text() for file in files}


@cache
def _errors() -> frozenset[str]:
    """All that can be raised: the classes of the project, of Python, and of what it imports."""
    text = "\n".join(_texts().values())
    return frozenset(_CLASS.findall(text)) | frozenset(dir(builtins)) | _RAISED_BY_OTHERS


def _damage_of(section: Section) -> Iterator[str]:
    """What is wrong with one section, in words."""
    for line in section.lines:
        first = _indent(line) == _INDENT
        if _indent(line) < _INDENT:
            yield f"not indented: {line.strip()}"
        if section.name in _ENTRIES and first and not _ENTRY.match(line.strip()):
            yield f"neither an entry nor indented deeper than one: {line.strip()}"
    if section.name == "Raises":
        names = (name.rpartition(".")[2] for name in section.entries)
        yield from (f"no error: {name}" for name in names if name not in _errors())
    elif section.name in _ENTRIES:
        kind = "parameter" if section.name == "Args" else "attribute"
        known = _parameters(section.owner) if kind == "parameter" else _attributes(section.owner)
        yield from (f"no {kind}: {name}" for name in section.entries if name not in known)
        inside = _INSIDE.findall("\n".join(section.lines))
        yield from (f"inside another entry: {name}" for name in inside if name in known)
    elif section.name.startswith("Example"):
        yield from _damage_of_example(section)


def _damage_of_example(section: Section) -> Iterator[str]:
    for example in doctest.DocTestParser().get_examples("\n".join(section.lines)):
        try:
            compile(example.source, "example", "exec")
        except SyntaxError:
            yield f"no Python: {example.source.strip()}"


def damage(tree: ast.Module) -> list[str]:
    return [
        f"{getattr(section.owner, 'name', 'module')}, {section.name}: {words}"
        for section in sections(tree)
        for words in _damage_of(section)
    ]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_section_of_a_docstring_reads_as_entries(package: str) -> None:
    files = {file: text for file, text in _texts().items() if file.startswith(f"{package}/")}
    # What has no section need not be parsed, which is what takes time here.
    found = {file: damage(ast.parse(text)) for file, text in files.items() if _BEGINS.search(text)}
    assert {file: words for file, words in found.items() if words} == {}


WELL_WRITTEN: Final = '''
class Key:
    """A key.

    Attributes:
        thumbprint: Equal keys have equal thumbprints, however they were
            written.
        jwk: The key as JSON Web Key.

    Example:
        >>> key = Key("a",
        ...     {})
        >>> key.thumbprint
    """

    thumbprint: str
    jwk: dict[str, str]

    def sign(self, data: bytes) -> bytes:
        """Sign.

        Args:
            data: What is
                signed.

        Raises:
            ValueError: There is
                none.
        """
'''


@pytest.mark.parametrize(
    ("written", "broken", "words"),
    [
        ("    written.\n        jwk:", "written. jwk:", "inside another entry: jwk"),
        ("    written.\n", "written.\n", "indented deeper than one: written."),
        ("    none.\n", "none.\n", "indented deeper than one: none."),
        ("data: What is", "date: What is", "no parameter: date"),
        ("jwk: The key", "jws: The key", "no attribute: jws"),
        ("ValueError", "ValuError", "no error: ValuError"),
        ("\n        ...     {})\n        >>>", "\n        {}) >>>", "no Python: key = Key"),
    ],
)
def test_an_entry_that_a_re_flow_has_broken_is_found(written: str, broken: str, words: str) -> None:
    assert damage(ast.parse(WELL_WRITTEN)) == []
    assert WELL_WRITTEN.count(written) == 1
    found = damage(ast.parse(WELL_WRITTEN.replace(written, broken)))
    assert any(words in one for one in found), found
