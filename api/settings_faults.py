"""What is wrong with settings, in findings that name the environment variable and repeat no value."""

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Final

from pydantic import ValidationError
from pydantic_settings import SettingsError

from api.settings import SettingError, Settings
from passports.errors import Finding

PREFIX: Final = "VOLTPASS_"
# Read elsewhere: whose records a command is about; what tests and builds are told.
_OTHERS: Final = ("VOLTPASS_OPERATOR", "VOLTPASS_SHARED", "VOLTPASS_GOLDEN", "VOLTPASS_SOFTHSM")
_ADDRESS: Final = "Write scheme and host alone, e.g. https://id.example.com."
_REMEDIES: Final[Mapping[str, str]] = {"string_pattern_mismatch": _ADDRESS}


def faults_of(error: ValidationError) -> list[Finding]:
    """Return a finding for each setting that is not valid."""
    found = []
    for row in error.errors(include_url=False, include_input=False):
        cause = row.get("ctx", {}).get("error")
        if isinstance(cause, SettingError):
            found.append(Finding(cause.field, "", cause.reason, cause.remedy))
            continue
        field = PREFIX + "_".join(map(str, row["loc"])).upper() if row["loc"] else "settings"
        remedy = _REMEDIES.get(row["type"], "Set the environment variable anew.")
        is_address = row["type"] == "string_pattern_mismatch"
        reason = "this is no scheme and host" if is_address else row["msg"]
        found.append(Finding(field, "", reason, remedy))
    return found


def unreadable(error: SettingsError) -> Finding:
    """Return the finding for a setting that should be JSON and is not."""
    named = re.search(r'field "([a-z_]+)"', str(error))
    field = PREFIX + named.group(1).upper() if named else "settings"
    remedy = 'Write a JSON list of objects, e.g. [{"issuer": "https://login.example.com", …}].'
    return Finding(field, "", "this is not JSON", remedy)


def unknown_variables(names: Iterable[str]) -> Iterator[str]:
    """Yield a warning for each variable with our prefix that nothing reads."""
    known = [PREFIX + name.upper() for name in Settings.model_fields] + list(_OTHERS)
    for name in sorted(names):
        if name.startswith(PREFIX) and name not in known:
            near = get_close_matches(name, known, n=1)
            meant = f"; is {near[0]} meant?" if near else ""
            yield f"{name} is no setting of voltpass and changes nothing{meant}"
