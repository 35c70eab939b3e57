"""Verification that needs no records of one's own: a link, a file, a picture or a bundle, on- or offline."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from api.handed_in import is_image, is_link
from passports.errors import Finding, InvalidInputError, shorten
from passports.identifiers import parse_digital_link
from passports.seals import issuer_of_seal, verify_seal
from passports.verification.bundle import Bundle, is_bundle, read_bundle, vouched_documents
from passports.verification.checks import BatteryEvidence
from passports.verification.collection import (
    CollectedEvidence,
    collect_from_strangers,
    collect_issuer,
    fetch_passport,
    newest_version,
    payload_of,
)
from passports.verification.fetch import Fetch, refused_fetch
from passports.verification.passport import verify_passport
from passports.verification.picture import read_picture
from passports.verification.receipt import (
    HandedInReceipt,
    is_receipt,
    looks_like_receipt,
    read_receipt,
    verify_receipt,
)
from signing.report import VerificationReport
from signing.seal import PREFIX
from signing.trust import TrustList

MAX_INPUT_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Subject:
    """What is to be verified: credential bytes and the link under which they were found.

    From a label alone, without a network, only the `seal` beside the link. Of a shipment's receipt its
    JSON form too, where that was given.
    """

    credential: bytes
    scanned_link: str | None
    seal: str | None = None
    receipt: HandedInReceipt | None = None


def read_subject(
    data: bytes | None, link: str | None, fetch: Fetch, *, offline: bool = False
) -> Subject:
    """Find out what was given and get the credential; see `verify_input` for what it raises.

    Offline, the seal of a label is taken where there is one: its link leads nowhere then.
    """
    seal = None
    if data is not None and is_image(data):
        codes = read_picture(data)
        link, seal, data = codes.link, codes.seal, None
    if data is not None:
        text = data.strip()
        if text.startswith(PREFIX.encode()):
            return Subject(b"", link, text.decode("ascii", errors="replace"))
        if is_link(text):
            link, data = text.decode("utf-8", errors="replace"), None
        else:
            return _signed(text, link)
    if seal is not None and (link is None or offline):
        return Subject(b"", link, seal)
    if link is None:
        finding = Finding(
            "link", "", "nothing was given to verify", "Give a link, a passport file or a picture."
        )
        raise InvalidInputError([finding], "the request")
    return Subject(fetch_passport(link, fetch), link)


def _signed(text: bytes, link: str | None) -> Subject:
    if looks_like_receipt(text):
        found = read_receipt(text)
        return Subject(found.credential, link, receipt=found)
    receipt = HandedInReceipt(text) if is_receipt(payload_of(text)) else None
    return Subject(text, link, receipt=receipt)


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
    if subject.receipt is not None:
        return verify_receipt(subject.receipt, evidence, trust_list, at)
    battery = BatteryEvidence(
        scanned_link=subject.scanned_link,
        newest_version=newest_version(subject.credential, fetch, evidence),
    )
    return verify_passport(subject.credential, evidence, trust_list, battery, at)


class Examined(NamedTuple):
    """A report, and what it is about; that is as it says itself where its signature was not right."""

    report: VerificationReport
    subject: Subject

    def names(self) -> dict[str, str | None]:
        """The battery's link and serial, and the passport's id, each where it is told."""
        payload: Mapping[str, object] = payload_of(self.subject.credential)
        about = payload.get("credentialSubject")
        about = about if isinstance(about, Mapping) else {}
        link = _text(about.get("id")) or self.subject.scanned_link
        serial = _text(about.get("serialNumber"))
        if serial is None and link is not None:
            with suppress(InvalidInputError):  # a link of another kind tells no serial
                serial = parse_digital_link(link).serial
        return {"link": link, "serial": serial, "passportId": _text(payload.get("id"))}


def _text(value: object) -> str | None:
    return shorten(value, 200) if isinstance(value, str) else None


def verify_offline(
    data: bytes, trust_list: TrustList | None, at: datetime
) -> list[VerificationReport]:
    """Return the reports of `examine_offline` alone."""
    return [examined.report for examined in examine_offline(data, trust_list, at)]


def examine_offline(data: bytes, trust_list: TrustList | None, at: datetime) -> list[Examined]:
    """Verify a credential alone, or all passports of a bundle, without any network.

    Raises:
        EvidenceUnavailableError: a damaged bundle; or a picture or link, which name a passport that
            is not at hand.
        UnreadableCarrierError: a picture without a readable QR code.
    """
    if is_bundle(data):
        bundle = read_bundle(data)
        documents = vouched_documents(bundle.evidence.did_documents, trust_list)
        bundle.evidence.did_documents = documents
    else:
        subject = read_subject(data, None, refused_fetch, offline=True)
        if subject.seal is not None:
            seal = verify_seal(subject.seal, {}, trust_list, subject.scanned_link, at)
            return [Examined(seal, subject)]
        if subject.receipt is not None:
            receipt = verify_receipt(subject.receipt, CollectedEvidence(), trust_list, at)
            return [Examined(receipt, subject)]
        bundle = Bundle(credentials=[subject.credential])
    battery = BatteryEvidence(recomputed=_recomputed(bundle))
    return [
        Examined(
            verify_passport(credential, bundle.evidence, trust_list, battery, at),
            Subject(credential, None),
        )
        for credential in bundle.credentials
    ]


def _recomputed(bundle: Bundle) -> Mapping[str, bool]:
    if not bundle.inventories:
        return {}
    from passports.verification.recomputation import recompute_bundle  # noqa: PLC0415 # the engine, where it has work

    return recompute_bundle(bundle)
