"""Bodies of requests: how large each call's may be, who may send one, and where a large one is read.

All is decided when a call first asks for its body: the route is known then, and nothing of the body was read.
A call that needs a key is refused without a good one before a byte of its body is taken.
"""

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.acting import HEADER
from api.authentication import know_caller
from api.route_actions import ACTIONS
from passports.batches import MAX_CSV_BYTES
from passports.data_carrier import MAX_IMAGE_BYTES
from passports.errors import NotAuthenticatedError, StoreUnavailableError
from passports.shipment_list import MAX_BYTES as MAX_SHIPMENT_BYTES

_KIB: Final = 1024
_MIB: Final = 1024 * _KIB
_FORM: Final = "application/x-www-form-urlencoded"
_MAX_FORM_FIELDS: Final = 1000  # as many as the form's reader takes; it is slow about empty ones
# Ours: below this, reading a body takes the event loop a few milliseconds.
_LARGE: Final = 256 * _KIB
_MAX_FINDINGS: Final = 1000
# What is too much is taken and thrown away while its sender may still be sending: who hangs up then resets
# the connection, and a proxy answers 502 in the place of what it was told (nginx 1.22, seen).
_DISCARDED_BYTES: Final = 34 * _MIB  # above the largest limit
_DISCARDING_SECONDS: Final = 5.0


@dataclass(frozen=True)
class BodyLimit:
    """How large a body may be.

    Attributes:
        size_bytes: Its bytes.
        values: Values in its JSON, told by its commas and brackets; None where it is not read as JSON.
    """

    size_bytes: int = _MIB
    values: int | None = 100_000


# What is signed has at most 256 KiB (`signing.canonical.MAX_BYTES`): four times that for what becomes of it.
DEFAULT: Final = BodyLimit()
_FILE: Final = BodyLimit(32 * _MIB, None)
_DOCUMENT: Final = BodyLimit(32 * _MIB)  # base64 in JSON
_PICTURE: Final = BodyLimit(MAX_IMAGE_BYTES + _MIB, None)  # in a form
# Larger only where a call takes a file or a long list; the lists' own bounds stand in their documents.
LIMITS: Final[Mapping[str, BodyLimit]] = MappingProxyType(
    {
        "post_registrations": _FILE,
        "post_model_registrations": _FILE,
        "post_mapping_suggestion": _FILE,
        "post_dynamic_data_file": _FILE,
        "post_shipment": BodyLimit(MAX_SHIPMENT_BYTES, None),
        "post_verify_image": _PICTURE,
        "post_verify_form": _PICTURE,
        "post_certificate": _DOCUMENT,
        "post_signed_certificate": _DOCUMENT,
        "post_document": _DOCUMENT,
        # 100,000 units: 3 marks and 67 bytes each, twice that with room.
        "post_batch": BodyLimit(MAX_CSV_BYTES, 500_000),
        # 100,000 readings: 6 marks and 156 bytes each.
        "post_meter_readings": BodyLimit(32 * _MIB, 1_000_000),
        # 1,000 readings of 100 values.
        "post_dynamic_data": BodyLimit(8 * _MIB, 250_000),
        # 10,000 identifiers of 500 characters; in public.
        "post_dpps_by_product_ids": BodyLimit(6 * _MIB, 20_000),
        # 10,000 values for a column.
        "put_mapping_recipe": BodyLimit(8 * _MIB, 200_000),
        # A credential with its disclosures: `signing.selective_disclosure`.
        "post_verify": BodyLimit(2 * _MIB),
    }
)


class BodyTooLargeError(HTTPException):
    """A request's body exceeds the limit; what reads the body passes this on as it is."""

    def __init__(self) -> None:
        super().__init__(413, "Too large")


class UnknownSenderError(HTTPException):
    """A body that needs a key came without a good one, or nobody can tell now; `refusal` says which."""

    def __init__(self, refusal: NotAuthenticatedError | StoreUnavailableError) -> None:
        super().__init__(401, "Unauthorized")
        self.refusal = refusal


class InvalidBodyError(HTTPException):
    """A large body has the wrong shape; `invalid` says where."""

    def __init__(self, invalid: RequestValidationError) -> None:
        super().__init__(422, "The request is not valid")
        self.invalid = invalid


class BoundBodies:
    """Lets a call have its body when its sender may send one, as far as the call's limit."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stand between the server and who reads the body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        bounded = _BoundReceive(scope, receive)

        async def send_and_discard(message: Message) -> None:
            is_last = message["type"] == "http.response.body" and not message.get("more_body")
            if not is_last or not bounded.is_more_to_come():
                await send(message)
                return
            await send({**message, "more_body": True})
            await bounded.discard()
            await send({"type": "http.response.body"})

        await self._app(scope, bounded, send_and_discard)


class _BoundReceive:
    """The `receive` of one request; asked first, it decides what may come."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._scope = scope
        self._receive = receive
        self._limit: BodyLimit | None = None
        self._marks, self._max_marks = b"", 0
        self._size = self._values = 0
        self._is_whole = False

    def is_more_to_come(self) -> bool:
        """Tell whether its sender may be sending what nobody has asked for."""
        headers = Request(self._scope).headers
        has_body = "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
        # Who expects to be told to go on has not begun (RFC 9110 section 10.1.1).
        return has_body and not self._is_whole and (self._size > 0 or "expect" not in headers)

    async def discard(self) -> None:
        """Take what is left, up to a bound of bytes and of time."""
        left = _DISCARDED_BYTES
        try:
            async with asyncio.timeout(_DISCARDING_SECONDS):
                while left > 0 and not self._is_whole:
                    left -= len((await self._next()).get("body", b""))
        except TimeoutError:
            return

    async def _next(self) -> Message:
        message = await self._receive()
        self._is_whole = not message.get("more_body")  # or its sender is gone
        return message

    async def __call__(self) -> Message:
        if self._limit is None:
            self._limit = await self._begin()
        message = await self._next()
        chunk: bytes = message.get("body", b"")
        self._size += len(chunk)
        self._values += sum(chunk.count(mark) for mark in self._marks)
        if self._size > self._limit.size_bytes or self._values > self._max_marks:
            raise BodyTooLargeError
        return message

    async def _begin(self) -> BodyLimit:
        request = Request(self._scope)
        name = getattr(self._scope.get("route"), "name", "")
        limit = LIMITS.get(name, DEFAULT)
        announced = request.headers.get("content-length", "0")
        if name in ACTIONS:
            try:
                await know_caller(request)
            except (NotAuthenticatedError, StoreUnavailableError) as refusal:
                raise UnknownSenderError(refusal) from refusal
        if announced.isdigit() and int(announced) > limit.size_bytes:
            raise BodyTooLargeError
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type == _FORM:
            self._marks, self._max_marks = b"&", _MAX_FORM_FIELDS
        elif limit.values is not None:
            self._marks, self._max_marks = b",[{", limit.values
        return limit


class LargeBodyRoute(APIRoute):
    """A route whose large bodies are parsed and validated in a thread: others are answered meanwhile."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the framework's handler, with a request that reads large bodies elsewhere."""
        handle, field = super().get_route_handler(), self.body_field

        def read(body: bytes, *, validated: bool) -> object:
            document: object = json.loads(body)
            if field is None or not validated:
                return document
            value, errors = field.validate(document, {}, loc=("body",))
            if errors:
                raise InvalidBodyError(RequestValidationError(errors[:_MAX_FINDINGS]))
            checked: object = value
            return checked  # the framework takes a document that was validated as it is

        class OffLoopRequest(Request):
            async def json(self) -> object:
                body = await self.body()
                if len(body) <= _LARGE:
                    return await super().json()
                # Calls for another look up what the body says before it is a document.
                return await run_in_threadpool(read, body, validated=HEADER not in self.headers)

        async def handle_off_loop(request: Request) -> Response:
            return await handle(OffLoopRequest(request.scope, request.receive))

        return handle_off_loop
