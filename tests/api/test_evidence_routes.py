"""Evidence that everybody may read by HTTP: Token Status Lists, proofs of the log, labels with seals."""

import json
from xml.etree import ElementTree as ET

import pytest

from passports.verification.collection import STATUS_JWT_MEDIA_TYPE
from signing.credentials import decode
from signing.selective_disclosure import decode_presentation
from signing.status_list import StatusList
from signing.transparency_log import LogProof, log_entry, verify_log_proof
from tests.api.caller import Caller
from tests.worlds import MAKER

SVG = "{http://www.w3.org/2000/svg}svg"


def passport_of(caller: Caller) -> str:
    """Return the identifier of the first passport."""
    with caller.voltpass.store.reading() as reading:
        return reading.passports.page()[0].id


def test_a_token_status_list_is_served_with_its_type_and_caching(issued: Caller) -> None:
    base = f"/v1/status-lists/{MAKER}/revocation-1"
    answer = issued.get(f"{base}/token")
    assert (answer.status, answer.media_type) == (200, STATUS_JWT_MEDIA_TYPE)
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert issued.get(f"{base}/token").body == answer.body  # signed once
    subject = decode(issued.get(base).body).payload["credentialSubject"]
    assert isinstance(subject, dict)
    bits = StatusList.decode_token(decode(answer.body).payload["status_list"])
    assert bits == StatusList.decode(subject["encodedList"])


def test_a_restricted_credential_s_proof_is_where_it_says(issued: Caller) -> None:
    passport = passport_of(issued)
    values = {"values": {"capacity_fade_percent": 2.5}, "reason": "measured"}
    written = issued.send(
        "PUT",
        f"/v1/passports/{passport}/attributes",
        {"content-type": "application/json", "authorization": f"Bearer {issued.key(MAKER)}"},
        json.dumps(values).encode(),
    )
    assert written.status == 200, written.body
    shown = issued.get(f"/v1/passports/{passport}/restricted/item", by=MAKER).body
    claims = decode_presentation(shown).payload
    cited = claims["transparencyLog"]
    assert isinstance(cited, dict)
    path = str(cited["proof"]).removeprefix(issued.voltpass.address.base_url)
    proof = LogProof.parse(issued.get(path).body)
    log = issued.voltpass.keyring.log_signers(issued.voltpass.address.log_origin)
    opened = verify_log_proof(log_entry(shown), proof, [s.verifier for s in log.signers])
    assert opened.checkpoint.size > proof.index


@pytest.mark.parametrize(
    "target",
    [
        f"/v1/status-lists/{MAKER}/none/token",
        "/v1/status-lists/nobody/revocation-1/token",
        "/v1/restricted/none/log-proof",
        "/v1/certificates/none/log-proof",
    ],
)
def test_what_is_not_there_is_not_found(issued: Caller, target: str) -> None:
    answer = issued.get(target)
    assert answer.status == 404
    assert answer.findings()


def test_a_label_carries_its_seal_where_it_is_asked_for(issued: Caller) -> None:
    target = f"/v1/passports/{passport_of(issued)}/label.svg"
    counts = {}
    for query in ("", "?seal=true", "?seal=false"):
        answer = issued.get(target + query)
        assert (answer.status, answer.media_type) == (200, "image/svg+xml")
        counts[query] = sum(1 for _ in ET.fromstring(answer.body).iter(SVG))
    assert counts == {"": 2, "?seal=true": 3, "?seal=false": 2}
    assert issued.get(target + "?seal=maybe").status == 422
