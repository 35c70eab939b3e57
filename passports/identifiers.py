"""Identifiers of products, operators and facilities, and the printed link.

GS1 Digital Link URIs (`/01/{GTIN-14}/21/{serial}`) carry an ISO/IEC 15459 identifier, as Art. 77(3)
of Regulation (EU) 2023/1542 and EN 18219 ask. Check digits: GS1 General Specifications, section 7.9.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from passports.errors import Finding, InvalidInputError, shorten

SERIAL_MAX_LENGTH: Final = 20  # GS1 General Specifications, AI (21): up to 20 characters
# GS1 General Specifications, figure 7.11-1: "GS1 AI encodable character set 82".
CHARACTER_SET_82: Final = frozenset(
    "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
)
# RFC 9110, sections 4.2.1 and 4.2.2.
_OWN_PORTS: Final = {"http": ":80", "https": ":443"}
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")


# A container names the GTIN of one model thousands of times.
@lru_cache(maxsize=1024)
def gs1_check_digit(digits: str) -> str:
    """Return the GS1 check digit for `digits` (all but the last), weights 3 and 1 from the right."""
    total = sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(reversed(digits)))
    return str(-total % 10)


def _check_gs1_number(value: str, length: int, field: str, what: str) -> Finding | None:
    if not (value.isascii() and value.isdigit()) or len(value) != length:
        return Finding(field, shorten(value), f"a {what} has {length} digits", "Give all digits.")
    expected = gs1_check_digit(value[:-1])
    if value[-1] != expected:
        reason = f"the check digit is {value[-1]}, and {expected} would fit"
        return Finding(field, value, reason, f"Check the {what} for a typing error.")
    return None


def check_gtin(value: str, field: str = "gtin") -> Finding | None:
    """Return what is wrong with a GTIN-14, or None."""
    return _check_gs1_number(value, 14, field, "GTIN-14")


def check_gln(value: str, field: str = "gln") -> Finding | None:
    """Return what is wrong with a GLN (13 digits), or None."""
    return _check_gs1_number(value, 13, field, "GLN")


def check_serial(value: str, field: str = "serial", line: int | None = None) -> Finding | None:
    """Return what is wrong with a serial number (AI 21: 1 to 20 characters of set 82), or None."""
    if not 1 <= len(value) <= SERIAL_MAX_LENGTH:
        reason = f"a serial has 1 to {SERIAL_MAX_LENGTH} characters, this one has {len(value)}"
        return Finding(field, shorten(value), reason, "Shorten it, or number anew.", line)
    if not CHARACTER_SET_82.issuperset(value):
        foreign = sorted(set(value) - CHARACTER_SET_82)
        reason = f"it holds {' '.join(map(repr, foreign))}, outside of GS1 character set 82"
        return Finding(field, shorten(value), reason, "Use letters, digits and hyphen.", line)
    return None


def check_slug(value: str, field: str = "id") -> Finding | None:
    """Return what is wrong with an identifier that stands in a URL path, or None."""
    if _SLUG.fullmatch(value):
        return None
    reason = "an identifier here has 1 to 64 characters a-z, 0-9 and hyphen, no hyphen at its ends"
    return Finding(field, shorten(value), reason, "For example catl-xinjin.")


def gtin_belongs_to(gtin: str, gs1_prefixes: Sequence[str]) -> bool:
    """Tell whether a GTIN-14 stands under one of an operator's GS1 company prefixes.

    The first digit of a GTIN-14 is the packaging indicator; the company prefix follows it.
    """
    return any(prefix != "" and gtin[1:].startswith(prefix) for prefix in gs1_prefixes)


@dataclass(frozen=True)
class UniqueProductIdentifier:
    """One battery: GTIN-14 of its model and serial number (granularity item, EN 18219)."""

    gtin: str
    serial: str

    def __post_init__(self) -> None:
        findings = [f for f in (check_gtin(self.gtin), check_serial(self.serial)) if f is not None]
        if findings:
            raise InvalidInputError(findings, "the product identifier")

    @property
    def path(self) -> str:
        """The path of the GS1 Digital Link, percent-encoded: `/01/{gtin}/21/{serial}`."""
        return f"/01/{self.gtin}/21/{quote(self.serial, safe='')}"


def parse_digital_link(uri: str) -> UniqueProductIdentifier:
    """Read the product identifier out of a GS1 Digital Link URI.

    Other qualifiers (22, 10) and query parameters are passed over; so is the host, see `host_of_link`.

    Raises:
        InvalidInputError: if the URI is not http(s), has no `/01/…/21/…`, or a part breaks its rule.
    """
    try:
        parts = urlsplit(uri.strip())
    except ValueError:
        parts = urlsplit("")
    segments = parts.path.split("/")
    found: dict[str, str] = {}
    if parts.scheme.lower() in {"http", "https"} and parts.netloc:
        start = segments.index("01") if "01" in segments else len(segments)
        pairs = segments[start:]
        found = {ai: unquote(value) for ai, value in zip(pairs[::2], pairs[1::2], strict=False)}
    if "01" not in found or "21" not in found:
        reason = "this is not the link of a battery"
        remedy = "A printed link reads https://host/01/{GTIN-14}/21/{serial}."
        raise InvalidInputError([Finding("link", shorten(uri), reason, remedy)], "the link")
    return UniqueProductIdentifier(found["01"], found["21"])


def host_of_link(uri: str) -> str:
    """Return the host that a link leads to, in lower case; a port only where it is not the scheme's own.

    A user name before the host is kept: no label of ours has one, and browsers do not agree on where it
    ends. Empty where there is no host.
    """
    try:
        parts = urlsplit(uri.strip())
    except ValueError:
        return ""
    return parts.netloc.lower().removesuffix(_OWN_PORTS.get(parts.scheme.lower(), ":"))


@dataclass(frozen=True)
class PublicAddress:
    """The addresses under which this server's records are published.

    Attributes:
        base_url: Scheme, host and, where needed, port, without a slash at the end.
    """

    base_url: str

    def digital_link(self, identifier: UniqueProductIdentifier) -> str:
        """Return the link that is printed as QR code."""
        return self.base_url + identifier.path

    def operator_url(self, operator_id: str) -> str:
        """Return the URL below which an operator's DID document is served."""
        return f"{self.base_url}/operators/{operator_id}"

    def status_list(self, operator_id: str, list_id: str) -> str:
        """Return the URL of a status list credential."""
        return f"{self.base_url}/v1/status-lists/{operator_id}/{list_id}"

    def token_status_list(self, operator_id: str, list_id: str) -> str:
        """Return the URL of the same bits as a Token Status List."""
        return f"{self.status_list(operator_id, list_id)}/token"

    def restricted_log_proof(self, credential_id: str) -> str:
        """Return the URL of the proof that a restricted credential is in the log."""
        return f"{self.base_url}/v1/restricted/{credential_id}/log-proof"

    def certificate_log_proof(self, certificate_id: str) -> str:
        """Return the URL of the proof that a certificate is in the log."""
        return f"{self.base_url}/v1/certificates/{certificate_id}/log-proof"

    def certificate(self, certificate_id: str) -> str:
        """Return the URL of the exact bytes of a factory certificate."""
        return f"{self.base_url}/v1/certificates/{certificate_id}/document"

    def certificate_status(self, certificate_id: str) -> str:
        """Return the URL under which a certificate's status is published."""
        return f"{self.base_url}/v1/certificates/{certificate_id}/status"

    def footprint_study(self, study_id: str) -> str:
        """Return the URL of the public version of a footprint study (Art. 7(1)(g))."""
        return f"{self.base_url}/v1/footprints/{study_id}"

    @property
    def log_origin(self) -> str:
        """The name of this server's log: its URL without the scheme (C2SP tlog-checkpoint)."""
        return self.base_url.partition("://")[2] + "/log"

    def log_proof(self, passport_id: str, version: int = 1) -> str:
        """Return the URL of the proof that a version of a passport is in the log.

        The address stands in the signed bytes, so it is each version's own.
        """
        if version == 1:
            return f"{self.base_url}/v1/passports/{passport_id}/log-proof"
        return f"{self.base_url}/v1/passports/{passport_id}/versions/{version}/log-proof"

    def facility(self, operator_id: str, facility_id: str) -> str:
        """Return the URL of a facility's public page."""
        return f"{self.base_url}/facilities/{operator_id}/{facility_id}"
