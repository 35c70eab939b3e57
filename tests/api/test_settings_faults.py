"""What is said of settings: the variable, what is wrong with it, how it is written; no secret."""

from pathlib import Path

import pytest

from passports.calendar_days import why_no_such_day
from tests.api.command_line import invoke


def said(home: Path, **settings: str) -> str:
    """Return what `fsck` says on stderr under these settings; the exit code is that of the environment."""
    done = invoke("fsck", home=home, **settings)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("VOLTPASS_PUBLIC_URL", "id.example.com", "Write it as https://id.example.com."),
        ("VOLTPASS_PUBLIC_URL", "id.example.com:8443/", "Write it as https://id.example.com:8443."),
        ("VOLTPASS_PUBLIC_URL", "https://id.example.com/path", "scheme and host alone"),
        ("VOLTPASS_DATABASE_URL", "postgres://u:word-5@h/d", "postgresql+psycopg://"),
        ("VOLTPASS_OPENID_ISSUERS", "x", "JSON list"),
        ("VOLTPASS_REGISTRY_URL", "http://example.com", "https://"),
        ("VOLTPASS_ENVIRONMENT", "production", "VOLTPASS_KEY_PASSPHRASE"),
    ],
)
def test_a_setting_that_cannot_be_says_how_it_is_written(
    tmp_path: Path, name: str, value: str, remedy: str
) -> None:
    text = said(tmp_path, **{name: value})
    assert remedy in text
    assert "word-5" not in text
    assert name in text or name == "VOLTPASS_ENVIRONMENT"


def test_a_misspelt_variable_is_named_with_the_one_that_is_meant(tmp_path: Path) -> None:
    done = invoke("footprint", "factors", "search", "steel", home=tmp_path)
    assert "no setting" not in done.stderr
    done = invoke("fsck", home=tmp_path, VOLTPASS_ENVIROMENT="production", VOLTPASS_ZZ="1")
    assert "VOLTPASS_ENVIROMENT is no setting" in done.stderr
    assert "is VOLTPASS_ENVIRONMENT meant?" in done.stderr
    assert "VOLTPASS_ZZ is no setting" in done.stderr


@pytest.mark.parametrize(
    ("year", "month", "day", "why"),
    [
        (2026, 2, 30, "February 2026 has 28 days."),
        (2024, 2, 30, "February 2024 has 29 days."),
        (2026, 13, 1, "There is no month 13: months are 01 to 12."),
        (2026, 4, 0, "Days are counted from 01."),
        (0, 1, 1, "There is no year 0."),
    ],
)
def test_what_is_no_day_says_why(year: int, month: int, day: int, why: str) -> None:
    assert why_no_such_day(year, month, day) == why
