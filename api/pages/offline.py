"""The page that verifies passports in the browser: put together from its parts, as it is served and kept.

Its scripts are modules in the folder `verifier`, each readable by itself. A page opened from a file cannot
load modules, so they are written one after another into one inline script. A server has to allow inline
scripts for it: by their hashes, so that these run and no other, whatever was written into the page on its
way (Content Security Policy Level 3, 2.3.1).
"""

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from passports.attributes.table import AccessPoint, Granularity, attributes

PAGE: Final = "verify.html"
SOURCES: Final = Path(__file__).parent / "verifier"
_ENTRY: Final = "index"
# A module that is no file: what the table of attributes says, so that the page cannot differ from it.
_RESTRICTED: Final = "restricted_attributes"
_INLINE: Final = re.compile(rb"<(script|style)\b[^>]*>(.*?)</\1>", re.DOTALL)
_IMPORT: Final = re.compile(r'^import (\{[^}]*\}|\* as \w+) from "\./(\w+)\.js";$', re.MULTILINE)
_EXPORT: Final = re.compile(
    r"^export ((?:async function|function|const|class) (\w+))", re.MULTILINE
)


@dataclass(frozen=True)
class OfflinePage:
    """The page's bytes and the policy that it is served under."""

    content: bytes
    policy: str


@cache
def offline_page() -> OfflinePage:
    """Return the page, and a policy that allows what stands in it and no network at all."""
    content = _fill((SOURCES / "page.html").read_text("utf-8")).encode()
    sources: dict[str, list[str]] = {"script": [], "style": []}
    for name, text in _INLINE.findall(content):
        digest = base64.b64encode(hashlib.sha256(text).digest()).decode("ascii")
        sources[name.decode()].append(f"'sha256-{digest}'")
    directives = [f"{name}-src {' '.join(hashes)}" for name, hashes in sources.items()]
    closed = [f"{name} 'none'" for name in ("base-uri", "form-action", "frame-ancestors")]
    return OfflinePage(content, "; ".join(["default-src 'none'", *directives, *closed]))


def _fill(page: str) -> str:
    parts = {
        "/* page.css */": _source("page.css"),
        "/* verifier */": _verifier(),
        "/* page.js */": _source("page.js"),
    }
    for mark, text in parts.items():
        if page.count(mark) != 1 or "</script" in text or "</style" in text:
            raise ValueError(f"page.html: {mark} cannot be filled in")
        page = page.replace(mark, text)
    return page


def _source(name: str) -> str:
    return (SOURCES / name).read_text("utf-8").strip()


def _verifier() -> str:
    """The modules, each after those that it needs; each keeps a scope of its own."""
    written: dict[str, str] = {}
    _add_module(_ENTRY, written)
    return "\n\n".join(
        [
            "const Voltpass = (() => {\nconst modules = {};",
            *written.values(),
            f"return modules.{_ENTRY}.Voltpass;\n}})();",
            'if (typeof module !== "undefined") module.exports = Voltpass;',
        ]
    )


def _add_module(name: str, written: dict[str, str]) -> None:
    if name in written:
        return
    text = _restricted_attributes() if name == _RESTRICTED else _source(f"{name}.js")
    for _, needed in _IMPORT.findall(text):
        _add_module(needed, written)
    exported = ", ".join(exports for _, exports in _EXPORT.findall(text))
    body = _EXPORT.sub(r"\1", _IMPORT.sub(_binding, text))
    written[name] = (
        f"// ===== {name}.js =====\n"
        f"modules.{name} = (() => {{\n{body}\nreturn {{ {exported} }};\n}})();"
    )


def _binding(found: re.Match[str]) -> str:
    names, module = found.groups()
    return f"const {names.removeprefix('* as ')} = modules.{module};"


def _restricted_attributes() -> str:
    """The attributes that only restricted credentials show, by level."""
    names = {
        level.value: [
            attribute.id
            for attribute in attributes().values()
            if attribute.granularity is level and attribute.access_point is not AccessPoint.PUBLIC
        ]
        for level in (Granularity.MODEL, Granularity.ITEM)
    }
    return f"export const RESTRICTED_ATTRIBUTES = {json.dumps(names, indent=1)};"
