"""Examples of questions and answers of the HTTP API, as files; the OpenAPI document names them."""

from typing import Final

import orjson
from fastapi import Response

from api.examples import ADDRESS, example_names, read_example
from api.routes.router import Router

router = Router(prefix=ADDRESS, include_in_schema=False)
_JSON: Final = "application/json"
_HEADERS: Final = {"Cache-Control": "public, max-age=300"}


@router.get("")
def get_examples() -> Response:
    """The names of all examples, with their addresses."""
    listed = {name: f"{ADDRESS}/{name}" for name in sorted(example_names())}
    return Response(orjson.dumps(listed), media_type=_JSON, headers=_HEADERS)


@router.get("/{name}")
def get_example(name: str) -> Response:
    """One example: what is asked (`<call>.request.json`), or what is answered (`<call>.response.json`)."""
    return Response(read_example(name), media_type=_JSON, headers=_HEADERS)
