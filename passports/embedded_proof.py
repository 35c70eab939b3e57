"""A passport as JSON with an embedded proof (Data Integrity, ecdsa-jcs-2019), made on request.

The stored credential stays the original; this is the same statement signed once more for readers
who want no JWT. It is signed only after the original's own signature was found right, so that
nobody who can write to the database can have something signed.
"""

from datetime import datetime
from typing import Final

from passports.errors import StoreIntegrityError
from passports.keyring import Keyring
from passports.operators import get_operator
from passports.resolve import StoredPassport, did_document
from passports.store import Store
from signing.canonical import canonicalize
from signing.credentials import issuer_of
from signing.data_integrity import add_proof
from signing.evidence import Evidence
from signing.verify import examine

SECURED_MEDIA_TYPE: Final = "application/vc"


def with_embedded_proof(
    store: Store, keyring: Keyring, stored: StoredPassport, now: datetime
) -> bytes:
    """Return the credential as canonical JSON with a proof.

    Raises:
        StoreIntegrityError: the stored credential is not what its issuer signed.
        KeyUnavailableError: the issuer's key cannot be opened.
    """
    payload = stored.payload()
    operator_id = payload["credentialSubject"]["manufacturer"]["id"]
    with store.reading() as reading:
        operator = get_operator(reading, operator_id)
        key = keyring.current(reading, operator_id)
    documents = {operator.did: did_document(store, operator_id)}
    report = examine(stored.credential, Evidence(did_documents=documents), at=now)
    signed = report.step("signature").outcome == "passed" and issuer_of(payload) == operator.did
    if not signed:
        raise StoreIntegrityError(f"passport {stored.id} is not what its issuer signed")
    return canonicalize(add_proof(dict(payload), key, operator.did, now))
