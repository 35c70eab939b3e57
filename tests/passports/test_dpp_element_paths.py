"""Paths to data elements (EN 18222): which place one names, and what is no path or costs too much."""

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passports.dpp.element_paths import MAX_LENGTH, MAX_NODES, ElementPath
from passports.errors import (
    InvalidInputError,
    RecordNotFoundError,
)


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("$.a", ("a",)),
        ("$['a']", ("a",)),
        ('$["a"]', ("a",)),
        ("$.a.b[0]", ("a", "b", 0)),
        ("$.a.b[-1]", ("a", "b", -1)),
        ("$.c[?@.id=='y'].v", ("c", 1, "v")),
        ("$..v[?@>6]", ("c", 1, "v", 0)),
    ],
)
def test_a_path_names_one_place(path: str, parts: tuple[str | int, ...]) -> None:
    document = {
        "a": {"b": [1, 2]},
        "c": [{"id": "x", "v": [5]}, {"id": "y", "v": [7]}],
    }
    found = ElementPath(path).find(document)
    expected = tuple(1 if part == -1 else part for part in parts)
    assert found.parts == expected


@pytest.mark.parametrize(
    "path",
    [
        "",
        "a",
        "$.",
        "$[",
        " $.a",
        "$.a ",
        "$.a b",
        "$[01]",
        "$['a",
        "$[?@.a==]",
        "$[?match(@.a,'(a+)+$')]",
        "$[?search(@.a,'(a|a)*b')]",
        "$[?@.*]",
        "$[?@..a]",
        "$[?count(@.*)>1]",
        "$[?length(value(@..a))>1]",
        "$..a..b",
        "$[*,*]",
        "$[0,1]",
        "$" + "[*]" * MAX_LENGTH,
        "$" + "['a']" * MAX_LENGTH,
        "$[?" + "(" * (MAX_LENGTH // 2 - 10) + "@.a",
        "$[99999999999999999999]",
        "\ud800",
        "$ | $.a",
        "$.a & $.b",
        "$[?@.a in [1]]",
        "^.a",
        "$.~a",
    ],
)
def test_what_is_no_path_or_costs_too_much_is_refused(path: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        ElementPath(path)
    [finding] = refused.value.findings
    assert finding.field == "elementIdPath"


@given(st.text(alphabet="$.[]'\"*?@=<>&|!()0123456789abc, :-\\", max_size=MAX_LENGTH))
def test_any_text_as_a_path_is_taken_or_refused(text: str) -> None:
    document = {"a": [{"b": 1, "c": [True, None, "x"]}] * 3, "b": {"a": {"c": 2}}}
    with suppress(InvalidInputError, RecordNotFoundError):
        ElementPath("$" + text).find(document)


@pytest.mark.parametrize(
    "path",
    [
        "$..[?" + "||".join(["@.x==1"] * 22) + "]",
        "$[*][*][*][*][?@.x==1]",
        pytest.param("$..*[*][*][?@.x==1]", marks=pytest.mark.soak),
        pytest.param("$..[?@.x==1]", marks=pytest.mark.soak),
    ],
)
def test_the_dearest_paths_end_soon_on_the_largest_documents(path: str) -> None:
    row = {f"k{place}": [place, [place]] for place in range(45)}
    document = {"rows": [row] * (MAX_NODES // 200)}
    started = time.process_time()
    with pytest.raises(RecordNotFoundError):
        ElementPath(path).find(document)
    assert time.process_time() - started < 10
    with pytest.raises(InvalidInputError):
        ElementPath(path).find({"rows": [row] * (MAX_NODES // 100)})
    assert ElementPath("$.rows[3].k1[1][0]").find({"rows": [row] * 1000}).value == 1
