"""One test, a part of it in `make test`, the whole in `make soak`: drawn cases, and combinations.

What stays has a case of every kind; what goes behind `soak` is the rest, by the same body.
"""

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from itertools import product
from typing import Any, TypeAlias

import pytest
from _pytest.mark import ParameterSet
from hypothesis import given, settings
from hypothesis.strategies import SearchStrategy

Body: TypeAlias = Callable[..., None]


def drawn(
    *strategies: SearchStrategy[Any],
    test: int,
    soak: int,
    limits: settings | None = None,
    **named: SearchStrategy[Any],
) -> Callable[[Body], Body]:
    """Draw arguments as `given` does: `test` examples in `make test`, `soak` of them in `make soak`.

    `limits` are the settings besides the number of examples. Other marks stand above this decorator.
    """

    def decorate(body: Body) -> Body:
        few = settings(limits, max_examples=test)(given(*strategies, **named)(body))
        many = settings(limits, max_examples=soak)(given(*strategies, **named)(body))

        @pytest.mark.parametrize(
            "drawing",
            [
                pytest.param(few, id=f"{test} drawn"),
                pytest.param(many, id=f"{soak} drawn", marks=pytest.mark.soak),
            ],
        )
        @wraps(body, updated=())
        def with_examples(drawing: Body, **fixtures: object) -> None:
            drawing(**fixtures)

        asked = inspect.signature(few)
        parameter = inspect.Parameter("drawing", inspect.Parameter.KEYWORD_ONLY)
        parameters = [*asked.parameters.values(), parameter]
        with_examples.__signature__ = asked.replace(  # type: ignore[attr-defined]
            parameters=parameters
        )
        return with_examples

    return decorate


def each_with_each(*axes: Sequence[object]) -> list[ParameterSet]:
    """Return all combinations; in `make test` only so many that every value of every axis has its turn."""
    longest = max(map(len, axes))
    in_turn = {
        tuple(number % len(axis) for axis in axes) for number in range(longest)
    }  # the diagonal: the first values together, the second ones, ...; short axes begin anew
    return [
        pytest.param(
            *(axis[at] for axis, at in zip(axes, place, strict=True)),
            marks=[] if place in in_turn else [pytest.mark.soak],
        )
        for place in product(*(range(len(axis)) for axis in axes))
    ]
