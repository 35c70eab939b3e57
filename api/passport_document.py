"""A version of a passport as every route answers it: what it says, what was signed, where its QR code is."""

from typing import Any

from passports.identifiers import PublicAddress
from passports.resolve import StoredPassport


def passport_document(address: PublicAddress, stored: StoredPassport) -> dict[str, Any]:
    """Return a version of a passport as plain JSON data (`PassportRead`)."""
    payload = stored.payload()
    return {
        "id": stored.id,
        "version": stored.version,
        "link": payload["credentialSubject"]["id"],
        "credential": payload,
        "signed": stored.credential.decode("ascii"),
        "sha256": stored.sha256,
        "qr": f"{address.base_url}/v1/passports/{stored.id}/qr.svg",
    }
