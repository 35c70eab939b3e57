"""What is split between `make test` and `make soak` is all there: nothing is lost by the splitting."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from tests.exhaustively import drawn, each_with_each


def is_soak(case: Any) -> bool:
    """Tell whether a case is for `make soak`."""
    return [mark.name for mark in case.marks] == ["soak"]


def test_a_body_is_given_as_many_examples_as_it_says() -> None:
    @drawn(st.integers(), test=3, soak=7, limits=settings(deadline=None, database=None))
    def body(given: list[int], number: int) -> None:
        given.append(number)

    mark: Any = vars(body)["pytestmark"][0]
    name, cases = mark.args
    assert [is_soak(case) for case in cases] == [False, True]
    counts = []
    for case in cases:
        given: list[int] = []
        body(given=given, **{name: case.values[0]})
        counts.append(len(given))
    assert counts == [3, 7]


def test_every_value_of_every_axis_has_its_turn_and_every_combination_is_there() -> None:
    cases = each_with_each("abc", [1, 2], ["x"])
    quick = [case.values for case in cases if not is_soak(case)]
    assert quick == [("a", 1, "x"), ("b", 2, "x"), ("c", 1, "x")]
    assert {case.values for case in cases} == {(a, n, "x") for a in "abc" for n in (1, 2)}
