"""What could pass for good because something was left out, out of date, or said twice."""

import base64
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

import pytest

from signing.addresses import is_global_unicast
from signing.canonical import canonicalize
from signing.errors import MalformedDocumentError
from signing.jws import encode_header, sign_compact
from signing.signed_note import NoteSigner
from signing.status_list import status_entry
from signing.transparency_log import Checkpoint
from signing.verify import examine
from tests.signing.log_world import CREDENTIAL, LOG, LOG_PQ, log_entries, logged
from tests.signing.test_selective_disclosure import sealed
from tests.signing.world import (
    AT,
    LINK,
    MAKER,
    MAKER_KEY,
    REFRESH,
    REVOCATION,
    SUPERSEDED,
    entry,
    evidence,
    passport,
    signed,
    status_list,
    trust_list,
)

DAY = timedelta(days=1)


def step(report: Any, name: str) -> tuple[str, str]:
    found = report.step(name)
    return found.outcome, found.reason_code


@pytest.mark.parametrize("refresh", [None, b"garbage", status_list(REFRESH, "revocation")])
def test_a_passport_cannot_pass_as_the_newest_by_leaving_out_who_says_otherwise(
    refresh: bytes | None,
) -> None:
    lists = {**evidence().status_lists, REFRESH: refresh}
    known = evidence(status_lists={url: data for url, data in lists.items() if data is not None})
    for index in (1, SUPERSEDED):
        report = examine(signed(passport(index)), known, at=AT)
        assert report.step("version").outcome == "not_checked"
        assert report.verdict == "cannot_tell"


def test_a_stale_list_of_newer_versions_warns() -> None:
    old = status_list(REFRESH, "refresh", set_bits=(SUPERSEDED,), valid_from=AT - 3 * DAY)
    known = evidence(status_lists={**evidence().status_lists, REFRESH: old})
    report = examine(signed(passport()), known, at=AT)
    assert step(report, "version") == ("warning", "status_list_stale")
    report = examine(signed(passport(SUPERSEDED)), known, at=AT)
    assert step(report, "version") == ("warning", "superseded")


def test_a_list_of_tomorrow_is_refused() -> None:
    early = status_list(valid_from=AT + timedelta(minutes=6))
    known = evidence(status_lists={**evidence().status_lists, REVOCATION: early})
    report = examine(signed(passport()), known, at=AT)
    assert step(report, "status") == ("failed", "status_list_not_yet_valid")
    skewed = status_list(valid_from=AT + timedelta(minutes=4))
    known = evidence(status_lists={**evidence().status_lists, REVOCATION: skewed})
    assert step(examine(signed(passport()), known, at=AT), "status")[0] == "passed"


@pytest.mark.parametrize(
    ("purpose", "verdict"), [("Revocation", "cannot_tell"), ("message", "valid")]
)
def test_a_purpose_that_nobody_knows_is_a_doubt(purpose: str, verdict: str) -> None:
    known = status_entry(REVOCATION, "revocation", 1)
    entries: list[Any] = [known, {**known, "statusPurpose": purpose}]
    report = examine(signed(passport(credentialStatus=entries)), evidence(), at=AT)
    assert report.verdict == verdict


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"validUntil": "2030-01-01T00:00:00Z", "exp": int((AT - DAY).timestamp())}, "expired"),
        ({"exp": int((AT + DAY).timestamp()), "validUntil": "2027-02-20T00:00:00Z"}, "expired"),
        ({"nbf": int((AT + DAY).timestamp())}, "not_yet_valid"),
        ({"exp": "2030"}, "not_an_instant"),
        ({"exp": int((AT + DAY).timestamp())}, "within_period"),
    ],
)
def test_where_two_periods_are_stated_the_shorter_one_counts(
    claims: dict[str, Any], reason: str
) -> None:
    report = examine(signed(passport(**claims)), evidence(), at=AT)
    assert report.step("validity").reason_code == reason


def test_a_header_cannot_claim_to_be_an_embedded_proof() -> None:
    header = {"alg": "ES256", "typ": "data-integrity", "kid": f"{MAKER}#{MAKER_KEY.kid}"}
    forged = sign_compact(encode_header({**header}), canonicalize(passport()), MAKER_KEY)
    assert step(examine(forged, evidence(), at=AT), "format") == ("failed", "typ_unknown")


@pytest.mark.parametrize("role", ["log", "witness"])
@pytest.mark.parametrize("ending", ["entry", "key"])
def test_a_log_in_which_trust_has_ended_warns(role: str, ending: str) -> None:
    before = AT - 300 * DAY
    entries = []
    for known in log_entries():
        ended = known
        if known.role == role and ending == "entry":
            ended = replace(known, valid_from=before - DAY, valid_until=before)
        if known.role == role and ending == "key":
            ended = replace(known, keys=tuple(replace(key, expires=before) for key in known.keys))
        entries.append(ended)
    proof = logged().to_bytes()
    held = evidence(trust_list=trust_list(entry(), *entries), log_proof=proof)
    report = examine(CREDENTIAL, held, at=AT)
    assert step(report, "log_inclusion") == ("warning", "log_trust_ended")
    assert report.verdict == "valid_with_warnings"


def test_a_log_that_was_trusted_when_it_was_witnessed_stays_good() -> None:
    """In ten years its entry will have ended; the cosignature says that it had not, then."""
    later = AT + 400 * DAY
    entries = [replace(known, valid_until=AT + DAY) for known in log_entries()]
    lists = trust_list(entry(), *entries, valid_until=later + DAY)
    held = evidence(trust_list=lists, log_proof=logged().to_bytes())
    assert step(examine(CREDENTIAL, held, at=later), "log_inclusion")[0] == "passed"


@pytest.mark.parametrize("length", [256, 300])
def test_a_head_of_a_log_with_an_endless_name_is_refused_and_no_fault(length: int) -> None:
    line = base64.b64encode(LOG_PQ.verifier.key_id + bytes(8) + b"x" * 2420).decode()
    root = base64.b64encode(bytes(32)).decode()
    note = f"{'o' * length}\n1\n{root}\n\n\u2014 {LOG_PQ.name} {line}\n".encode()
    proof = b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + note
    held = evidence(trust_list=trust_list(entry(), *log_entries()), log_proof=proof)
    report = examine(CREDENTIAL, held, at=AT)
    assert step(report, "log_inclusion") == ("failed", "not_a_checkpoint")


def test_names_of_logs_have_an_end() -> None:
    assert Checkpoint.parse(f"{'o' * 255}\n1\n{base64.b64encode(bytes(32)).decode()}\n").size == 1
    with pytest.raises(MalformedDocumentError, match="more than 255 bytes"):
        _ = NoteSigner("n" * 256, LOG.kind, LOG.key).verifier


@pytest.mark.parametrize("text", ["192.0.0.8", "192.0.0.9", "192.0.0.170", "::ffff:192.0.0.8"])
def test_addresses_of_protocols_are_no_hosts(text: str) -> None:
    assert not is_global_unicast(ip_address(text))


OTHERS = "https://id.maker.example/01/04012345678901/21/BP-0001"


def test_no_gtin_of_another_stands_in_any_name_of_a_credential() -> None:
    listed = entry(gs1_prefixes=("952012",))
    for changes in ({"id": OTHERS}, {"credentialSubject": {"id": OTHERS}}):
        known = evidence(trust_list=trust_list(listed), expected_identifier=OTHERS)
        report = examine(signed(passport(**changes)), known, at=AT)
        assert step(report, "identifier") == ("failed", "gs1_prefix_of_another")


def test_restricted_data_of_another_s_battery_are_refused() -> None:
    listed = entry(gs1_prefixes=("952012",), scope=("urn:x",))
    claims = {"iss": MAKER, "vct": "urn:x", "iat": int(AT.timestamp())}
    for link, expected in ((LINK, "identifier_matches"), (OTHERS, "gs1_prefix_of_another")):
        issued = sealed({**claims, "sub": link})
        known = evidence(trust_list=trust_list(listed), expected_identifier=link)
        assert examine(issued, known, at=AT).step("identifier").reason_code == expected
