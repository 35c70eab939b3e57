"""The schemes of operators' identifiers: what each checks, how a value is written, one line a scheme.

Whether a number is well formed says nothing about whose it is; see `operator_identifiers`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from stdnum import lei
from stdnum.eu import vat
from stdnum.exceptions import InvalidChecksum, ValidationError

from passports.authority.roles import union_countries
from passports.documents import RuleError
from passports.identifiers import check_gln

# Delegated Regulation (EU) 2015/2446, Annex B: an EORI number has at most 17 characters, the first two
# name the Member State that gave it. XI: Northern Ireland (Protocol on Ireland/Northern Ireland, Art. 5).
_EORI: Final = re.compile(r"([A-Z]{2})[A-Z0-9]{1,15}")
_EORI_COUNTRIES: Final = frozenset(
    {country for country, basis in union_countries().items() if basis == "EU"} | {"XI"}
)
_LEI: Final = re.compile(r"[A-Z0-9]{18}[0-9]{2}")  # ISO 17442-1
# W3C DID Core 1.0, section 3.1, without fragments and queries: they name parts of a document.
_DID: Final = re.compile(
    r"did:[a-z0-9]{1,32}:(?:[A-Za-z0-9._-]|%[0-9A-F]{2}|:)*(?:[A-Za-z0-9._-]|%[0-9A-F]{2})"
)


class IdentifierScheme(StrEnum):
    """Whose numbering: economic operators are named by any of them (EN 18219)."""

    GLN = "gln"
    LEI = "lei"
    EORI = "eori"
    VAT = "vat"
    DID = "did"


@dataclass(frozen=True)
class _Scheme:
    title: str
    normalise: Callable[[str], str]


def _gln(value: str) -> str:
    compact = value.replace(" ", "")
    wrong = check_gln(compact)
    if wrong is not None:
        raise RuleError(wrong.reason, wrong.remedy)
    return compact


def _lei(value: str) -> str:
    compact = value.replace(" ", "").upper()
    if not _LEI.fullmatch(compact):
        raise RuleError("a LEI has 18 letters or digits and two check digits", "Give all of it.")
    try:
        return str(lei.validate(compact))
    except ValidationError:
        reason = "the two check digits do not fit (ISO/IEC 7064, MOD 97-10)"
        raise RuleError(reason, "Check the LEI for a typing error.") from None


def _eori(value: str) -> str:
    compact = value.replace(" ", "").upper()
    found = _EORI.fullmatch(compact)
    if found is None:
        reason = "an EORI number is a country code and 1 to 15 letters or digits"
        raise RuleError(reason, "Write it as DE1234567.")
    if found[1] not in _EORI_COUNTRIES:
        reason = f"{found[1]} gives no EORI numbers: no Member State, nor XI"
        raise RuleError(reason, "Give the number that customs of a Member State gave.")
    return compact


def _vat(value: str) -> str:
    if not value.isascii():
        raise RuleError("a VAT number is written in letters A-Z and digits", "Type it anew.")
    compact = value.upper()
    if compact.startswith("GR"):
        compact = "EL" + compact[2:]  # the Union writes Greece as EL in VAT numbers
    try:
        return str(vat.validate(compact))
    except InvalidChecksum:
        reason = "the check digits do not fit the country's rule"
        raise RuleError(reason, "Check the number for a typing error.") from None
    except ValidationError:
        reason = "it is no VAT number of a Member State, nor of XI"
        raise RuleError(reason, "Write it with its country, as DE136695976.") from None


def _did(value: str) -> str:
    if _DID.fullmatch(value):
        return value
    raise RuleError("it is no DID", "Write it as did:web:example.com, without path or fragment.")


_SCHEMES: Final[Mapping[IdentifierScheme, _Scheme]] = MappingProxyType(
    {
        IdentifierScheme.GLN: _Scheme("Global Location Number (GS1)", _gln),
        IdentifierScheme.LEI: _Scheme("Legal Entity Identifier (ISO 17442)", _lei),
        IdentifierScheme.EORI: _Scheme("EORI number (Union customs)", _eori),
        IdentifierScheme.VAT: _Scheme("VAT identification number (Union)", _vat),
        IdentifierScheme.DID: _Scheme("Decentralised identifier (W3C)", _did),
    }
)


def normalise(scheme: IdentifierScheme, value: str) -> str:
    """Return an identifier as it is stored and compared, so that one number has one spelling.

    Raises:
        RuleError: it breaks the scheme's rule.
    """
    return _SCHEMES[scheme].normalise(value)


def title_of(scheme: IdentifierScheme) -> str:
    """Return how people call a scheme."""
    return _SCHEMES[scheme].title
