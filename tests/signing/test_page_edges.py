"""Rules at the edges of the steps: periods, purposes, forms and logs, judged alike by page and Python."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from signing import base64url
from signing.canonical import canonicalize
from signing.evidence import Evidence
from signing.instants import format_instant
from signing.jws import encode_header, sign_compact
from signing.selective_disclosure import issue
from signing.status_list import status_entry
from signing.trust import TrustList
from signing.verify import examine
from tests.signing.log_world import CREDENTIAL, LOG, ORIGIN, PROOF, WITNESS, log_entries, logged
from tests.signing.page import run, steps_of
from tests.signing.world import (
    AT,
    GTIN,
    LINK,
    MAKER,
    MAKER_KEY,
    REFRESH,
    REVOCATION,
    ROOT_KEY,
    SUSPENSION,
    entry,
    evidence,
    passport,
    signed,
    status_list,
    trust_list,
)

BASE = evidence()
HOUR = timedelta(hours=1)


def task(credential: bytes, at_hand: Evidence) -> dict[str, Any]:
    """The same for the page."""
    listed = at_hand.trust_list
    return {
        "credential": credential.decode(),
        "evidence": {
            "didDocuments": dict(at_hand.did_documents),
            "trustList": None if listed is None else listed.sign(ROOT_KEY).decode(),
            "trustRoots": [dict(ROOT_KEY.public_jwk)],
            "statusLists": {url: data.decode() for url, data in at_hand.status_lists.items()},
            "logProof": None if at_hand.log_proof is None else at_hand.log_proof.decode(),
            "expectedIdentifier": at_hand.expected_identifier,
            "at": format_instant(AT),
        },
    }


def found(cases: Mapping[str, tuple[bytes, Evidence]], step: str) -> set[str]:
    """Hold both against each other; return the reasons found in a step."""
    reasons = set()
    results = run([task(*case) for case in cases.values()])
    for (name, (credential, at_hand)), result in zip(cases.items(), results, strict=True):
        report = examine(credential, at_hand, at=AT)
        assert (result["verdict"], result["steps"]) == (report.verdict, steps_of(report)), name
        reasons.add(report.step(step).reason_code)
    return reasons


def seconds(days: int) -> int:
    return int((AT + timedelta(days=days)).timestamp())


def test_periods_in_two_spellings_are_judged_alike() -> None:
    changes: dict[str, dict[str, Any]] = {
        "claims that agree": {"nbf": seconds(-9), "exp": seconds(9), "iat": seconds(-9)},
        "nbf later": {"nbf": seconds(1)},
        "nbf within the skew": {"nbf": int(AT.timestamp()) + 299},
        "exp earlier": {"exp": seconds(-1)},
        "exp now": {"exp": int(AT.timestamp())},
        "only iat": {"validFrom": None, "iat": seconds(-9)},
        "iat later": {"validFrom": None, "iat": seconds(1)},
        "nothing": {"validFrom": None, "validUntil": None},
        "exp that is none": {"exp": "x"},
        "nbf that is none": {"nbf": [1]},
        "nbf as a decimal": {"nbf": float(seconds(-9))},
        "fractions": {"validFrom": "2027-02-18T00:00:00.999999999+14:00"},
        "a zone that is none": {"validFrom": "2027-02-18T00:00:00+24:00"},
    }
    cases = {name: (signed(passport(**change)), BASE) for name, change in changes.items()}
    assert found(cases, "validity") == {
        *("within_period", "not_yet_valid", "expired", "not_an_instant"),
    }


def test_lists_for_other_purposes_and_times_are_judged_alike() -> None:
    lists = dict(BASE.status_lists)
    old = status_list(REFRESH, "refresh", valid_from=AT - timedelta(days=9))
    early = status_list(valid_from=AT + HOUR)
    cases = {
        "old": (CREDENTIAL, replace(BASE, status_lists={**lists, REFRESH: old})),
        "none of versions": (
            CREDENTIAL,
            replace(BASE, status_lists={k: v for k, v in lists.items() if k != REFRESH}),
        ),
        "of tomorrow": (CREDENTIAL, replace(BASE, status_lists={**lists, REVOCATION: early})),
    }
    for purpose in ("message", "refresh", "revocation", "suspension", "other"):
        for url in (REVOCATION, SUSPENSION):
            credential = signed(passport(credentialStatus=[status_entry(url, purpose, 5)]))  # type: ignore[arg-type]
            cases[f"{purpose} in {url}"] = (credential, BASE)
    assert found(cases, "status") == {
        *("not_withdrawn", "status_list_not_yet_valid", "no_status_entry", "status_purpose"),
    }


def test_what_it_is_about_is_found_alike() -> None:
    other = LINK.replace(GTIN, "09501101530003")
    restricted: dict[str, Any] = {"iss": MAKER, "vct": "urn:x", "iat": seconds(-1)}
    listed = trust_list(entry(scope=()))
    cases = {
        "its own number is another's": (signed(passport(id=other)), BASE),
        "no number": (signed(passport(id=None)), BASE),
        "a number that is none": (signed(passport(id=5)), BASE),
    }
    subjects: tuple[Any, ...] = (LINK, other, None, 5, {})
    for subject in subjects:
        sd_jwt = issue({**restricted, "sub": subject}, [], MAKER_KEY)
        cases[f"sub {subject}"] = (sd_jwt, replace(BASE, trust_list=listed))
    assert found(cases, "identifier") == {
        *("gs1_prefix_of_another", "identifier_matches", "identifier_differs"),
    }


def test_a_header_that_claims_to_be_of_another_form_is_refused_alike() -> None:
    cases = {}
    for typ in ("vc+jwt", "data-integrity", "dc+sd-jwt", "statuslist+jwt", "trust-list+jwt", ""):
        header = encode_header({"alg": "ES256", "typ": typ, "kid": f"{MAKER}#{MAKER_KEY.kid}"})
        compact = sign_compact(header, canonicalize(passport()), MAKER_KEY)
        cases[typ] = (compact, BASE)
        cases[f"{typ} with a tilde"] = (compact + b"~", BASE)
    assert found(cases, "format") == {"vcdm_2", "typ_unknown", "issuer_missing"}


def test_claims_that_must_not_be_withheld_are_refused_alike() -> None:
    header = encode_header({"alg": "ES256", "typ": "dc+sd-jwt", "kid": f"{MAKER}#{MAKER_KEY.kid}"})
    cases = {}
    for name in ("exp", "nbf", "iat", "status", "vct", "iss", "cnf", "sub", "other"):
        disclosure = base64url.encode(canonicalize(["salt", name, 5]))
        digest = base64url.encode(hashlib.sha256(disclosure).digest()).decode()
        claims: dict[str, Any] = {"iss": MAKER, "vct": "urn:x", "iat": 5, "_sd": [digest]}
        claims.pop(name, None)
        jws = sign_compact(header, canonicalize(claims), MAKER_KEY)
        cases[name] = (jws + b"~" + disclosure + b"~", BASE)
        cases[f"{name}, not shown"] = (jws + b"~", BASE)
    assert found(cases, "parse") == {"parsed", "claim_reserved"}


def test_logs_in_which_trust_has_ended_are_judged_alike() -> None:
    log, seen = log_entries()
    past = AT - timedelta(days=1)
    ended = {
        "the log": (replace(log, valid_until=past), seen),
        "the witness": (log, replace(seen, valid_until=past)),
        "the log begins": (replace(log, valid_from=AT + HOUR), seen),
        "keys of the log": (
            replace(log, keys=tuple(replace(key, expires=past) for key in log.keys)),
            seen,
        ),
        "nobody": (log, seen),
        "no witness": (log,),
    }
    cases = {}
    for name, entries in ended.items():
        issuers = TrustList(past, AT + HOUR, (entry(), *entries))
        for proof_name, proof in (("proof", PROOF), ("unwitnessed", logged(LOG))):
            at_hand = replace(BASE, trust_list=issuers, log_proof=proof.to_bytes())
            cases[f"{name}, {proof_name}"] = (CREDENTIAL, at_hand)
    long = PROOF.to_bytes().replace(ORIGIN.encode(), b"x" * 300)
    named = PROOF.to_bytes().replace(WITNESS.encode(), b"x" * 300)
    everybody = replace(BASE, trust_list=TrustList(past, AT + HOUR, (entry(), log, seen)))
    cases["a long origin"] = (CREDENTIAL, replace(everybody, log_proof=long))
    cases["a long name"] = (CREDENTIAL, replace(everybody, log_proof=named))
    assert found(cases, "log_inclusion") >= {"included", "log_trust_ended", "not_witnessed"}
