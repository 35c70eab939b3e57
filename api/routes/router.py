"""Routers whose routes an application takes as they are."""

from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute


def _named(route: APIRoute) -> str:
    return route.name


class Router(APIRouter):
    """A router whose routes are named in OpenAPI as their functions are.

    `FastAPI.include_router` makes each route a second time, to add what the application says of all of
    them, and finds it in two steps at each call. Here the application says nothing of that kind: the
    names are given where the routes are made, and `create_app` takes the routes themselves.
    """

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 # the framework's own
        super().__init__(generate_unique_id_function=_named, **options)
