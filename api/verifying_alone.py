"""Verification that needs no records of one's own: a link, a file, a picture or a bundle, on- or offline."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from api.handed_in import is_image, is_link
from passports.data_carrier import read_codes
from passports.errors import Finding, InvalidInputError
from passports.seals import issuer_of_seal, verify_seal
from passports.verification.bundle import Bundle, is_bundle, read_bundle
from passports.verification.checks import BatteryEvidence
from passports.verification.collection import (
    CollectedEvidence,
    collect_from_strangers,
    collect_issuer,
    fetch_passport,
    newest_version,
)
from passports.verification.fetch import Fetch, refused_fetch
from passports.verification.passport import verify_passport
from signing.report import VerificationReport
from signing.seal import PREFIX
from signing.trust import TrustList

MAX_INPUT_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Subject:
    """What is to be verified: credential bytes and the link under which they were found.

    From a label alone, without a network, only the `seal` beside the link.
    """

    credential: bytes
    scanned_link: str | None
    seal: str | None = None


def read_subject(
    data: bytes | None, link: str | None, fetch: Fetch, *, offline: bool = False
) -> Subject:
    """Find out what was given and get the credential; see `verify_input` for what it raises.

    Offline, the seal of a label is taken where there is one: its link leads nowhere then.
    """
    seal = None
    if data is not None and is_image(data):
        codes = read_codes(data)
        link, seal, data = codes.link, codes.seal, None
    if data is not None:
        text = data.strip()
        if text.startswith(PREFIX.encode()):
            return Subject(b"", link, text.decode("ascii", errors="replace"))
        if is_link(text):
            link, data = text.decode("utf-8", errors="replace"), None
        else:
            return Subject(text, link)
    if seal is not None and (link is None or offline):
        return Subject(b"", link, seal)
    if link is None:
        finding = Finding(
            "link", "", "nothing was given to verify", "Give a link, a passport file or a picture."
        )
        raise InvalidInputError([finding], "the request")
    return Subject(fetch_passport(link, fetch), link)


def verify_online(
    subject: Subject, fetch: Fetch, trust_list: TrustList | None, at: datetime
) -> VerificationReport:
    """Collect the evidence over the network and verify."""
    if subject.seal is not None:
        evidence = CollectedEvidence()
        collect_issuer(issuer_of_seal(subject.seal), fetch, evidence)
        documents = evidence.did_documents
        return verify_seal(subject.seal, documents, trust_list, subject.scanned_link, at)
    evidence = collect_from_strangers(subject.credential, fetch, trust_list, at)
    battery = BatteryEvidence(
        scanned_link=subject.scanned_link,
        newest_version=newest_version(subject.credential, fetch, evidence),
    )
    return verify_passport(subject.credential, evidence, trust_list, battery, at)


def verify_offline(
    data: bytes, trust_list: TrustList | None, at: datetime
) -> list[VerificationReport]:
    """Verify a credential alone, or all passports of a bundle, without any network.

    Raises:
        EvidenceUnavailableError: a damaged bundle; or a picture or link, which name a passport that
            is not at hand.
        UnreadableCarrierError: a picture without a readable QR code.
    """
    if is_bundle(data):
        bundle = read_bundle(data)
    else:
        subject = read_subject(data, None, refused_fetch, offline=True)
        if subject.seal is not None:
            return [verify_seal(subject.seal, {}, trust_list, subject.scanned_link, at)]
        bundle = Bundle(credentials=[subject.credential])
    battery = BatteryEvidence(recomputed=_recomputed(bundle))
    return [
        verify_passport(credential, bundle.evidence, trust_list, battery, at)
        for credential in bundle.credentials
    ]


def _recomputed(bundle: Bundle) -> Mapping[str, bool]:
    if not bundle.inventories:
        return {}
    from passports.verification.recomputation import recompute_bundle  # noqa: PLC0415 # the engine, where it has work

    return recompute_bundle(bundle)
