"""Errors carry data: findings, and texts that can be shown anywhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passports.errors import (
    Finding,
    IdentifierConflictError,
    InvalidInputError,
    PassportError,
    RecordNotFoundError,
    shorten,
)


def test_a_finding_reads_as_a_sentence_with_its_line() -> None:
    finding = Finding("serial", "a b", "it holds a space", "Remove it.", 3)
    assert str(finding) == "line 3, serial: 'a b': it holds a space. Remove it."
    assert finding.to_document() == {
        "field": "serial",
        "value": "a b",
        "reason": "it holds a space",
        "remedy": "Remove it.",
        "line": 3,
    }


def test_an_invalid_input_shows_its_first_finding_and_counts_the_rest() -> None:
    findings = [Finding(name, "", "it is wrong", "Mend it.") for name in "abc"]
    error = InvalidInputError(findings, "the form")
    assert error.message == "the form is not valid: a: '': it is wrong. Mend it. (and 2 more)"
    assert error.findings == tuple(findings)


@pytest.mark.parametrize(
    "error",
    [
        RecordNotFoundError("model", "\x1b[2J" * 100),
        IdentifierConflictError("id", "\ud800" * 100, "Choose another."),
    ],
)
def test_errors_about_hostile_identifiers_can_be_printed(error: PassportError) -> None:
    assert error.message.isprintable()
    assert len(error.message) < 1000
    assert error.findings[0].remedy


@given(st.text(st.characters(codec=None)) | st.integers() | st.binary() | st.floats())
def test_a_shortened_value_can_always_be_printed(value: object) -> None:
    text = shorten(value)
    assert text.isprintable()
    text.encode()


def test_a_short_printable_value_stays_as_it_is() -> None:
    assert shorten("Größe 电池") == "Größe 电池"
    assert shorten("x" * 81) == "x" * 79 + "…"
