"""Offline seals of batteries: a second, optional code on a label, checked without any network.

The facts that a seal carries, and by which numbers, are ours: they are few, so that the code stays small.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

from passports.errors import InvalidInputError
from passports.identifiers import UniqueProductIdentifier, host_of_link, parse_digital_link
from passports.verification.checks import led_elsewhere
from signing.cbor import CborValue
from signing.errors import MalformedDocumentError, SigningError
from signing.evidence import Evidence
from signing.instants import parse_instant
from signing.json_value import JsonValue
from signing.keys import SigningKey
from signing.report import Finding, VerificationReport
from signing.seal import PREFIX, Seal, from_text, read_seal, sign_seal, to_text
from signing.seal_report import examine_seal
from signing.transparency_log import log_entry
from signing.trust import TrustList

# Numbers of facts: signing/README.md, section 8. New ones are added, none is ever used for another.
GTIN, SERIAL, CATEGORY, CAPACITY_WH, FOOTPRINT_G, RULESET, HOST = range(1, 8)
_GTIN_DIGITS: Final = 14


def is_seal(text: str) -> bool:
    """Tell whether the text of a code is a seal."""
    return text.startswith(PREFIX)


def seal_of(credential: bytes, payload: Mapping[str, Any], issuer_did: str, key: SigningKey) -> str:
    """Return the seal of a passport as text for a QR code; the same passport gives the same seal.

    Args:
        credential: The exact bytes of the passport, whose hash is sealed.
        payload: What it says.
        issuer_did: Who issued it.
        key: The issuer's ES256 key.

    Raises:
        KeyUnavailableError: the key cannot be used.
    """
    subject = payload["credentialSubject"]
    facts: dict[int, CborValue] = {
        GTIN: int(subject["model"]["gtin"]),
        SERIAL: subject["serialNumber"],
        CATEGORY: subject["model"]["category"],
        CAPACITY_WH: round(subject["model"]["capacityKwh"] * 1000),
        HOST: host_of_link(subject["id"]),
    }
    studies = subject["carbonFootprint"]
    if len(studies) == 1 and not studies[0]["partial"]:
        facts[FOOTPRINT_G] = round(studies[0]["kgCo2ePerKwh"] * 1000)
        facts[RULESET] = studies[0]["ruleset"]
    issued_at = parse_instant(payload["validFrom"], "validFrom")
    seal = Seal(issuer_did, issued_at, log_entry(credential), None, facts)
    return to_text(sign_seal(seal, key))


def issuer_of_seal(text: str) -> str | None:
    """Return the DID that a seal names, unverified, or None where it is no seal."""
    try:
        return read_seal(from_text(text)).seal.issuer
    except SigningError:
        return None


def verify_seal(
    text: str,
    did_documents: Mapping[str, Mapping[str, JsonValue]],
    trust_list: TrustList | None,
    scanned_link: str | None,
    at: datetime,
) -> VerificationReport:
    """Make the numbered steps over a seal; never raises, whatever the text is."""
    return examine_seal(
        text,
        Evidence(did_documents=did_documents, trust_list=trust_list),
        at=at,
        domain_checks={
            "schema": check_facts,
            "identifier": partial(
                check_sealed_identifier, scanned_link=scanned_link, trust_list=trust_list
            ),
        },
    )


def check_facts(payload: Mapping[str, JsonValue]) -> Finding:
    """Step 8: the seal names a battery by GTIN and serial number."""
    named = _named(payload)
    if named is None:
        return Finding("failed", "schema_violated", "the seal names no battery")
    facts = payload["facts"]
    assert isinstance(facts, Mapping)  # `_named` has read it
    said = [f"GTIN {named.gtin}", f"serial {named.serial}"]
    if str(CATEGORY) in facts:
        said.append(f"category {facts[str(CATEGORY)]}")
    for number, unit in ((CAPACITY_WH, "kWh"), (FOOTPRINT_G, "kg CO2e/kWh")):
        amount = facts.get(str(number))
        if isinstance(amount, int):
            said.append(f"{amount / 1000:g} {unit}")
    return Finding("passed", "schema_fits", "sealed: " + ", ".join(said))


def check_sealed_identifier(
    payload: Mapping[str, JsonValue], scanned_link: str | None, trust_list: TrustList | None
) -> Finding:
    """Step 9: the sealed number is the issuer's, and that of the link beside the seal.

    A link that leads to another host than the sealed one is a doubt, as for a passport.
    """
    named = _named(payload)
    if named is None:
        return Finding("not_checked", "schema_violated", "the seal names no battery, see step 8")
    entry = trust_list.find(str(payload["issuer"]), "manufacturer") if trust_list else None
    if entry is not None and not entry.allows_gtin(named.gtin):
        message = f"GTIN {named.gtin} is not of the issuer's prefix"
        return Finding("failed", "gs1_prefix_of_another", message)
    if scanned_link is None:
        return Finding("not_checked", "no_scanned_link", "no scanned link to compare with")
    try:
        scanned = parse_digital_link(scanned_link)
    except InvalidInputError as error:
        return Finding("failed", "identifier_malformed", error.message)
    if scanned != named:
        message = (
            f"scanned was {scanned.gtin}/{scanned.serial}, sealed is {named.gtin}/{named.serial}"
        )
        return Finding("failed", "identifier_mismatch", message)
    return _check_host(payload, scanned_link, named.serial)


def _check_host(payload: Mapping[str, JsonValue], scanned_link: str, serial: str) -> Finding:
    facts = payload["facts"]
    assert isinstance(facts, Mapping)  # `_named` has read it
    host, said = facts.get(str(HOST)), f"it is the battery beside it ({serial})"
    if not isinstance(host, str):
        # Seals had no such fact at first.
        return Finding("passed", "identifier_matches", f"{said}; the seal names no host to compare")
    own = f"https://{host}"
    if host_of_link(own) != host_of_link(scanned_link):
        return Finding("warning", *led_elsewhere(scanned_link, own))
    return Finding("passed", "identifier_matches", said)


def _named(payload: Mapping[str, JsonValue]) -> UniqueProductIdentifier | None:
    facts = payload.get("facts")
    facts = facts if isinstance(facts, Mapping) else {}
    gtin, serial = facts.get(str(GTIN)), facts.get(str(SERIAL))
    if type(gtin) is not int or not 0 <= gtin < 10**_GTIN_DIGITS or not isinstance(serial, str):
        return None
    try:
        return UniqueProductIdentifier(f"{gtin:0{_GTIN_DIGITS}}", serial)
    except (InvalidInputError, MalformedDocumentError):
        return None
