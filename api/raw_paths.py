"""Routes that are matched against the path as it was sent.

EN 18222 puts identifiers into paths, percent-encoded: a link with its slashes is one segment there. Decoded
before it is matched, it would be several.
"""

from collections.abc import MutableMapping
from typing import Any
from urllib.parse import unquote

from fastapi.routing import APIRoute
from starlette.routing import Match


class RawPathRoute(APIRoute):
    """A route whose path parameters are decoded after the path was taken apart."""

    def matches(self, scope: MutableMapping[str, Any]) -> tuple[Match, MutableMapping[str, Any]]:
        """Match the path as sent; without one (a test, a strange server) the decoded one."""
        raw = scope.get("raw_path") or scope["path"].encode()
        path = raw.partition(b"?")[0].decode("ascii", errors="replace")
        match, found = super().matches({**scope, "path": path})
        if match is not Match.NONE:
            parameters = found.get("path_params", {})
            # Half a character in it is replaced: no record has one, and no answer can repeat it.
            found["path_params"] = {name: unquote(text) for name, text in parameters.items()}
        return match, found
