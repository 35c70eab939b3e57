"""Verification with this server's own records at hand: of what was handed in, and of whole shipments."""

from datetime import datetime

from api.platform import PLATFORM_ID, ensure_platform
from api.verifying_alone import read_subject, verify_online
from api.wiring import Voltpass
from passports.documents import utc_now
from passports.operators import get_operator
from passports.resolve import OwnRecords
from passports.shipments import ShipmentReceipt, checked_reference, verify_shipment
from passports.verification.fetch import Fetch, HttpFetch
from signing.credentials import CredentialSigner
from signing.report import VerificationReport


def verify_input(
    voltpass: Voltpass, data: bytes | None, link: str | None, at: datetime | None = None
) -> VerificationReport:
    """Verify a printed link, or the bytes of a credential or a picture, with evidence fetched now.

    Raises:
        InvalidInputError: neither was given, or the link is no battery's link.
        EvidenceUnavailableError: the passport cannot be fetched.
        UnreadableCarrierError: the picture holds no readable QR code.
    """
    trust_list = voltpass.trust_list()
    with HttpFetch() as http:
        fetch = _own_first(voltpass, http)
        subject = read_subject(data, link, fetch)
        return verify_online(subject, fetch, trust_list, at or utc_now())


def own_records(voltpass: Voltpass) -> OwnRecords:
    """Return what reads this server's own publications from its store."""
    return OwnRecords(voltpass.store, voltpass.keyring, voltpass.address, utc_now)


def _own_first(voltpass: Voltpass, http: Fetch) -> Fetch:
    records = own_records(voltpass)

    def fetch(url: str, accept: str = "*/*") -> bytes:
        ours = url.startswith(voltpass.address.base_url + "/")
        return records(url, accept) if ours else http(url, accept)

    return fetch


def verify_list(voltpass: Voltpass, data: bytes, reference: str = "") -> ShipmentReceipt:
    """Verify a container list against this server's records; the platform signs the receipt.

    Raises:
        InvalidInputError: the list cannot be read, or the reference is too long.
    """
    named = checked_reference(reference)
    now = utc_now()
    ensure_platform(voltpass, now)
    with voltpass.store.reading() as reading:
        platform = get_operator(reading, PLATFORM_ID)
        signer = CredentialSigner(voltpass.keyring.current(reading, PLATFORM_ID), platform.did)
    records = own_records(voltpass)
    return verify_shipment(
        data,
        records,
        voltpass.trust_list,
        signer,
        platform.did,
        now,
        examiners=voltpass.examiners.pool,
        reference=named,
    )
