"""What the verification of a restricted credential (SD-JWT VC) asks beyond its signature: steps 8 and 9."""

from collections.abc import Callable, Mapping
from typing import Final

from passports.attributes.table import AccessPoint, Granularity, attributes
from passports.plurals import counted
from passports.restricted_types import CLAIM, TYPES
from signing.canonical import JsonValue
from signing.numbers import whole_number
from signing.report import Finding

_LEVELS: Final[Mapping[str, Granularity]] = {vct: level for level, vct in TYPES.items()}


def check_restricted_schema(payload: Mapping[str, JsonValue]) -> Finding:
    """Step 8: a type of ours, and only restricted attributes of the level that the type is for."""
    level = _LEVELS.get(str(payload.get("vct")))
    if level is None:
        return Finding("failed", "schema_violated", "vct: not a type of restricted battery data")
    if payload.get("granularity") != level.value:
        return Finding("failed", "schema_violated", f"granularity: not {level.value}")
    version = whole_number(payload.get("version"))
    if version is None or version < 1:
        return Finding("failed", "schema_violated", "version: not a number from 1 on")
    disclosed = payload.get(CLAIM)
    if not isinstance(disclosed, Mapping):
        return Finding("failed", "schema_violated", f"{CLAIM}: not an object")
    foreign = [name for name in disclosed if not _is_restricted(name, level)]
    if foreign:
        message = f"{CLAIM}: {foreign[0][:60]} is no restricted attribute of a {level.value}"
        return Finding("failed", "schema_violated", message)
    message = (
        f"restricted data of a {level.value}, {counted(len(disclosed), 'attributes')} disclosed"
    )
    return Finding("passed", "schema_fits", message)


def _is_restricted(name: str, level: Granularity) -> bool:
    attribute = attributes().get(name)
    return (
        attribute is not None
        and attribute.granularity is level
        and attribute.access_point is not AccessPoint.PUBLIC
    )


def check_restricted_identifier(payload: Mapping[str, JsonValue]) -> Finding:
    """Step 9: it names what it is about; a printed link leads to the passport, never to this."""
    about = payload.get("sub")
    if not isinstance(about, str) or not about:
        return Finding("failed", "identifier_malformed", "sub is missing")
    return Finding("not_checked", "no_scanned_link", f"is about {about[:200]}")


def _none_cited(_payload: Mapping[str, JsonValue]) -> Finding:
    return Finding("passed", "no_certificate_cited", "no factory certificate is cited")


def _none_stated(_payload: Mapping[str, JsonValue]) -> Finding:
    return Finding("passed", "no_footprint_stated", "no carbon footprint is stated")


# By step, as `checks.domain_checks` returns them for passports.
RESTRICTED_CHECKS: Final[Mapping[str, Callable[[Mapping[str, JsonValue]], Finding]]] = {
    "schema": check_restricted_schema,
    "identifier": check_restricted_identifier,
    "factory_certificate": _none_cited,
    "footprint_study": _none_stated,
}
