"""Answers each request in its language, and says so in the headers of pages.

A page names its language (`Content-Language`) and what it was chosen by (`Vary: Accept-Language`), so that
a cache keeps each language apart. Answers to machines are the same in every language and say neither.
"""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.pages.languages import Conversation, answering


class SpeakLanguages:
    """Passes a request on with the language that it asks for; the language is worked out for pages only."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers where a page was made."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = _conversation(scope)

        async def with_headers(message: Message) -> None:
            if asked.was_spoken and message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Language"] = asked.language.tag
                headers.add_vary_header("Accept-Language")
            await send(message)

        with answering(asked):
            await self._app(scope, receive, with_headers)


def _conversation(scope: Scope) -> Conversation:
    accepted = [value for name, value in scope["headers"] if name == b"accept-language"]
    return Conversation(
        scope["path"],
        scope["query_string"].decode("latin-1"),
        b",".join(accepted).decode("latin-1"),
    )
