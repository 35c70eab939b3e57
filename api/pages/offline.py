"""The page that verifies passports in the browser, as it is served: its own scripts and nothing else.

A server has to allow inline scripts for it. Allowing them by their hashes lets these scripts run and
no other, whatever was written into the page on its way (Content Security Policy Level 3, 2.3.1).
"""

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from api.pages.render import STATIC_DIRECTORY

PAGE: Final = "verify.html"
_INLINE: Final = re.compile(rb"<(script|style)\b[^>]*>(.*?)</\1>", re.DOTALL)


@dataclass(frozen=True)
class OfflinePage:
    """The page's bytes and the policy that it is served under."""

    content: bytes
    policy: str


@cache
def offline_page() -> OfflinePage:
    """Return the page, and a policy that allows what stands in it and no network at all."""
    content = (STATIC_DIRECTORY / PAGE).read_bytes()
    sources: dict[str, list[str]] = {"script": [], "style": []}
    for name, text in _INLINE.findall(content):
        digest = base64.b64encode(hashlib.sha256(text).digest()).decode("ascii")
        sources[name.decode()].append(f"'sha256-{digest}'")
    directives = [f"{name}-src {' '.join(hashes)}" for name, hashes in sources.items()]
    closed = [f"{name} 'none'" for name in ("base-uri", "form-action", "frame-ancestors")]
    return OfflinePage(content, "; ".join(["default-src 'none'", *directives, *closed]))
