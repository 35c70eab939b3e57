"""The page for browsers and Python find the same in all fourteen steps of a battery's passport."""

import hashlib
import json
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any

from passports.attributes.table import AccessPoint, Granularity, attributes
from passports.verification.restricted_checks import RESTRICTED_CHECKS
from signing.data_integrity import add_proof
from signing.did_web import PublicKeyEntry
from signing.merkle import MerkleTree
from signing.selective_disclosure import issue
from signing.status_list import status_entry
from signing.transparency_log import Checkpoint, LogProof, log_entry, sign_checkpoint
from tests.passports import test_checks as vectors
from tests.passports.page_agreement import Case, assert_alike, passport_case, payload, reasons
from tests.passports.test_checks import (
    DOCUMENT,
    LINK,
    PAPER_URL,
    PASSPORT,
    RESULT,
    STUDY_URL,
    changed,
)
from tests.signing.log_world import COSIGNER_PQ, LOG, ORIGIN, SIGNERS, hashes
from tests.signing.world import (
    AT,
    CERTIFIER,
    CERTIFIER_KEY,
    MAKER,
    MAKER_KEY,
    REFRESH,
    REVOCATION,
    STRANGER_KEY,
    did_document,
    signed,
    status_list,
)

SUBJECT = "credentialSubject"
PAPER = f"{SUBJECT}.factoryCertificates.0"
STUDY = f"{SUBJECT}.carbonFootprint.0"


def parameters(test: Any) -> list[Any]:
    """The vectors that a test of Python's checks is given."""
    (mark,) = [mark for mark in test.pytestmark if mark.name == "parametrize"]
    found: list[Any] = mark.args[1]
    return found


def test_every_vector_of_the_schema_is_judged_alike() -> None:
    name = "what_is_missing_or_of_another_kind_violates_the_schema_and_is_named"
    listed = parameters(getattr(vectors, f"test_{name}"))
    cases = {str(pair): passport_case(changed(*pair)) for pair in listed}
    reports = assert_alike(cases)
    assert reasons(reports.values(), "schema") >= {"schema_violated"}


SPELLINGS: dict[str, list[object]] = {
    f"{SUBJECT}.model.massKg": ["420", True, 420.0, 1e300, None, [420]],
    f"{SUBJECT}.model.gtin": [9520123456788, True, None],
    f"{SUBJECT}.passportVersion": [1.0, 1.5, "1", True, 2**53 - 1, None, -1],
    f"{SUBJECT}.manufacturedOn": [
        *("2024-12-02T00:00:00", "2024-12-2", "20241202", "2024-13-01", "2023-02-29"),
        *("0000-01-01", "2024-12-02Z", " 2024-12-02", "\uff12024-12-02", 1733097600, None, True),
    ],
    f"{SUBJECT}.granularity": ["item ", "Item", 0, None],
    f"{SUBJECT}.ceased": [None, {}, {"at": ""}, {"at": 1}, {"at": "2027-01-01"}, "gone", []],
    f"{SUBJECT}.succeededBy": [
        *(None, [], {}, [{}], [{"id": "x", "link": ""}], "x"),
        *([{"id": "x", "link": "https://x.example"}], [{"id": 1, "link": "x"}]),
    ],
    f"{SUBJECT}.carbonFootprint": [None, {}, "x", [1], [[]]],
    f"{STUDY}.kgCo2ePerKwh": ["0.125", True, 0, -1.5],
    f"{STUDY}.partial": ["true", 1, 0, None],
    f"{STUDY}.studySha256": ["A" * 64, "a" * 63, "a" * 65, "a" * 64 + "\n"],
    f"{PAPER}.validFrom": [None, "", 0, "2024-01-01T00:00:00Z", "2024-02-30"],
    f"{PAPER}.status": [None, "", 5, "https://x.example/status"],
    f"{PAPER}.coverage": ["covered ", None, "not_covered", "cannot_tell"],
    f"{SUBJECT}.model": [[], None, "x"],
    "type": [
        ["VerifiableCredential", "BatteryPassport", 1],
        ["VerifiableCredential"],
        ["BatteryPassport"],
        "VerifiableCredential",
    ],
    SUBJECT: [[PASSPORT[SUBJECT]], [PASSPORT[SUBJECT], {}], {"id": LINK}],
}


def test_no_spelling_of_a_value_is_read_by_one_and_refused_by_the_other() -> None:
    cases = {
        f"{path}: {value!r}": passport_case(changed(path, value))
        if "." in path or path == "type"
        else passport_case({**deepcopy(PASSPORT), path: value})
        for path, values in SPELLINGS.items()
        for value in values
    }
    reports = assert_alike(cases)
    assert reasons(reports.values(), "schema") >= {"schema_fits", "schema_violated"}
    assert {"passport_ceased", "succeeded"} <= reasons(reports.values(), "version")


LINKS = [
    *(
        LINK,
        f"{LINK}?x=1#y",
        LINK.replace("https", "HTTP"),
        LINK.replace("id.example.com", "[::1]"),
    ),
    *(f"  {LINK}\n", LINK.replace("SN-1", "SN%2D1"), LINK.replace("SN-1", "SN%2"), f"{LINK}/10/A"),
    *(LINK.replace("SN-1", "SN-2"), LINK.replace("/21/", "/22/"), LINK.replace("/21/", "//21/")),
    *(LINK.replace("SN-1", ""), LINK.replace("SN-1", "%E2%82%AC"), LINK.replace("SN-1", "%FF")),
    *(LINK.replace("SN-1", "A" * 21), LINK.replace("8/21", "9/21"), LINK.replace("/01/", "/1/")),
    *(LINK.replace("id.example.com", host) for host in vectors.OTHER_HOSTS),
    *("", "nonsense", "https://", "https:///01/09520123456788/21/SN-1", "ftp" + LINK[5:]),
    *("https://x.example/a/b/01/09520123456788/21/SN-1/21/SN-2", LINK.replace("id.", "[")),
    *(
        LINK.replace("id.", "\u2100"),
        LINK.replace("SN-1", "S\tN-1"),
        "\x1f" + LINK,
        LINK + "\u2003",
    ),
    *(LINK.replace("https://", "https:"), LINK.replace("/01/", "/01/01/"), LINK + "+"),
]


def test_every_link_is_read_alike_as_scanned_and_as_signed() -> None:
    scanned = {f"scanned {link!r}": passport_case(link=link) for link in LINKS}
    named = {f"named {link!r}": passport_case(changed(f"{SUBJECT}.id", link)) for link in LINKS}
    name = "the_identifier_is_the_passports_own_and_the_one_scanned"
    listed = {
        f"vector {place}": passport_case(document, link=link)
        for place, (document, link, _) in enumerate(parameters(getattr(vectors, f"test_{name}")))
    }
    reports = assert_alike(scanned | named | listed)
    assert reasons(reports.values(), "identifier") == {
        *("identifier_matches", "identifier_mismatch", "identifier_malformed"),
        "link_of_another_host",
        *("identifier_contradicts_itself", "no_link_scanned"),
    }


def test_every_vector_of_certificates_and_studies_is_judged_alike() -> None:
    name = "a_certificate_is_the_one_cited_and_speaks_of_plant_and_day"
    certificates = {
        f"certificate {place}": passport_case(document, documents=documents)
        for place, (document, documents, _) in enumerate(
            parameters(getattr(vectors, f"test_{name}"))
        )
    }
    name = "a_study_is_the_one_cited_and_says_what_the_passport_says"
    studies = {
        f"study {place}": passport_case(
            document, studies=evidence.studies, recomputed=evidence.recomputed
        )
        for place, (document, evidence, _) in enumerate(
            parameters(getattr(vectors, f"test_{name}"))
        )
    }
    reports = assert_alike(certificates | studies)
    assert reasons(reports.values(), "footprint_study") == {
        *("study_fits", "study_not_at_hand", "study_hash_mismatch", "study_does_not_recompute"),
        *("study_contradicts_passport", "no_footprint_stated"),
    }


def test_every_spelling_of_a_study_is_read_alike() -> None:
    result = json.loads(RESULT)
    spellings = [
        *(b"[]", b"null", b"", b"\xff", b"\xef\xbb\xbf" + RESULT, RESULT + b" ", RESULT[:-1]),
        json.dumps({**result, "partial": 1}).encode(),
        json.dumps({**result, "kg_co2e_per_kwh": "0.125"}).encode(),
        json.dumps({**result, "kg_co2e_per_kwh": True}).encode(),
        json.dumps({**result, "kg_co2e_per_battery": 3600}).encode(),
        json.dumps({**result, "ruleset": "da-2024"}).encode(),
        json.dumps({**result, "ruleset": {"id": ""}}).encode(),
        json.dumps(result).encode("utf-16"),
        RESULT.replace(b"0.125", b"1e999"),
        RESULT.replace(b"0.125", b"0.1250"),
    ]
    cases = {}
    for data in spellings:
        document = changed(f"{STUDY}.studySha256", hashlib.sha256(data).hexdigest())
        cases[repr(data[:60])] = passport_case(document, studies={STUDY_URL: data})
    assert_alike(cases)


def certificate(facility: object = "plant", **changes: Any) -> dict[str, Any]:
    return {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential", "FactoryCertificate"],
        "issuer": CERTIFIER,
        "validFrom": "2027-01-01T00:00:00Z",
        "credentialStatus": [
            status_entry(REVOCATION, "revocation", 5),
            status_entry(REFRESH, "suspension", 5),
        ],
        "credentialSubject": {"id": "urn:x", "factoryCertificate": {"facility": facility}},
        **changes,
    }


def lists(revoked: tuple[int, ...] = (), suspended: tuple[int, ...] = ()) -> dict[str, bytes]:
    made: dict[str, Any] = {"key": CERTIFIER_KEY, "did": CERTIFIER}
    return {
        REVOCATION: status_list(REVOCATION, "revocation", set_bits=revoked, **made),
        REFRESH: status_list(REFRESH, "suspension", set_bits=suspended, **made),
    }


def citing(document: bytes, **changes: Any) -> Case:
    """A passport that cites a document as its certificate."""
    cited = changed(f"{PAPER}.documentSha256", hashlib.sha256(document).hexdigest())
    for member in ("validTo", "validFrom", "coverage", "status"):
        if member in changes:
            cited[SUBJECT]["factoryCertificates"][0][member] = changes.pop(member)
    extra = changes.pop("documents", {})
    known = {
        MAKER: did_document(),
        CERTIFIER: did_document(CERTIFIER, PublicKeyEntry(CERTIFIER_KEY.public_jwk)),
    }
    defaults: dict[str, Any] = {"did_documents": known, "status_lists": lists()}
    case = passport_case(cited, documents={PAPER_URL: document, **extra})
    return replace(case, **{**defaults, **changes})


def test_signed_certificates_are_judged_alike() -> None:
    good = signed(certificate(), CERTIFIER_KEY, CERTIFIER)
    far = {"validTo": "2099-12-31"}
    cases = {
        "signed": citing(good, **far),
        "with space around it": citing(b" \n" + good + b"\r\n", **far),
        "expired": citing(good),
        "expiring": citing(good, validTo="2027-04-29"),
        "sixty-one days": citing(good, validTo="2027-05-01"),
        "open-ended": citing(good, validTo=None, coverage="not_covered"),
        "begins later": citing(
            good, validFrom="2028-01-01", validTo="2028-02-01", coverage="cannot_tell"
        ),
        "withdrawn": citing(good, status_lists=lists((5,)), **far),
        "withdrawn and expired": citing(good, status_lists=lists((5,))),
        "suspended": citing(good, status_lists=lists((), (5,)), **far),
        "no lists": citing(good, status_lists={}, **far),
        "no DID document": citing(good, did_documents={MAKER: did_document()}, issuers=None, **far),
        "nobody trusted": citing(good, issuers=None, **far),
        "of another facility": citing(
            signed(certificate("other"), CERTIFIER_KEY, CERTIFIER), **far
        ),
        "of no facility": citing(signed(certificate(None), CERTIFIER_KEY, CERTIFIER), **far),
        "by a stranger": citing(signed(certificate(), STRANGER_KEY, CERTIFIER), **far),
        "by the maker": citing(signed(certificate(issuer=MAKER)), **far),
        "of another type": citing(
            signed(certificate(type=["VerifiableCredential"]), CERTIFIER_KEY, CERTIFIER), **far
        ),
        "with a status that is none": citing(
            signed(certificate(credentialStatus="x"), CERTIFIER_KEY, CERTIFIER), **far
        ),
    }
    assert reasons(assert_alike(cases).values(), "factory_certificate") == {
        *("certificate_signed", "certificate_expired", "certificate_expiring"),
        *("certificate_withdrawn", "certificate_suspended", "certificate_unsigned"),
        *("certificate_status_not_checked", "certificate_signer_not_trusted"),
        *("certificate_facility_mismatch", "certificate_signature_invalid"),
        "certificate_signature_not_checked",
    }


def test_what_is_published_of_a_paper_certificate_is_read_alike() -> None:
    status = "https://x.example/status"
    said = [
        *(b'{"status":"suspended"}', b'{"status":"withdrawn","explanation":5}', b'{"status":[]}'),
        *(
            b'{"status":"valid"}',
            b"[]",
            b"\xff",
            b'{"status":NaN}',
            b"",
            b'\xef\xbb\xbf{"status":1}',
        ),
        b'{"status":"valid","status":"suspended"}',
        '{"status":"suspended"}'.encode("utf-16"),
        b'{"a":' + b"[" * 5000 + b"]" * 5000 + b',"status":"suspended"}',
    ]
    cases = {
        repr(data[:40]): citing(
            DOCUMENT, status=status, documents={status: data}, validTo="2099-12-31"
        )
        for data in said
    }
    found = reasons(assert_alike(cases).values(), "factory_certificate")
    assert found == {"certificate_suspended", "certificate_withdrawn", "certificate_unsigned"}


PROOF_URL = "https://id.example.com/log-proof"


def in_log(data: bytes, *signers: Any) -> bytes:
    """The proof that a credential is in a log of 130 leaves."""
    tree = MerkleTree(hashes(100))
    index = tree.append(log_entry(data))
    head = Checkpoint(ORIGIN, len(tree), tree.root())
    note = sign_checkpoint(head, signers or SIGNERS, AT)
    return LogProof(index, tuple(tree.inclusion_proof(index)), note).to_bytes()


def test_the_log_proof_that_a_passport_cites_is_found_alike() -> None:
    cases = {}
    for name, cited in {
        "an object": {"proof": PROOF_URL},
        "several": [{"proof": PROOF_URL}, {"proof": "https://x.example"}],
        "another first": [{"proof": "https://x.example"}, {"proof": PROOF_URL}],
        "twice": [{"proof": PROOF_URL}, {"proof": PROOF_URL}],
        "no text": [{"proof": 5}, {"proof": PROOF_URL}],
        "nothing": None,
        "a text": PROOF_URL,
        "deep": [[{"proof": PROOF_URL}]],
    }.items():
        credential = signed(payload(transparencyLog=cited))
        proof = in_log(credential)
        cases[name] = replace(Case(credential), log_proofs={PROOF_URL: proof})
        cases[f"{name}, damaged"] = replace(
            Case(credential), log_proofs={PROOF_URL: proof.replace(b"\xe2\x80\x94", b"\xff")}
        )
    credential = signed(payload(transparencyLog={"proof": PROOF_URL}))
    only_log = in_log(credential, LOG)
    cases["no witness"] = replace(Case(credential), log_proofs={PROOF_URL: only_log})
    post_quantum = in_log(credential, LOG, COSIGNER_PQ)
    cases["a witness by ML-DSA-44 alone"] = replace(
        Case(credential), log_proofs={PROOF_URL: post_quantum}
    )
    proven = add_proof(payload(transparencyLog={"proof": PROOF_URL}), MAKER_KEY, MAKER, AT)
    secured = json.dumps(proven).encode()
    cases["an embedded proof"] = replace(Case(secured), log_proofs={PROOF_URL: only_log})
    cases["space before it"] = replace(Case(b" " + secured), log_proofs={PROOF_URL: only_log})
    found = reasons(assert_alike(cases).values(), "log_inclusion")
    assert {"included", "not_a_note", "no_log_proof", "not_witnessed"} <= found


def test_status_and_versions_of_passports_are_judged_alike() -> None:
    entries = [
        status_entry(REVOCATION, "revocation", 5),
        status_entry(REFRESH, "refresh", 5),
    ]
    credential = signed(payload(credentialStatus=entries))
    cases = {}
    for name, (revoked, superseded) in {
        "stands": ((), ()),
        "revoked": ((5,), ()),
        "superseded": ((), (5,)),
        "both": ((5,), (5,)),
    }.items():
        made = {
            REVOCATION: status_list(REVOCATION, "revocation", set_bits=revoked),
            REFRESH: status_list(REFRESH, "refresh", set_bits=superseded),
        }
        cases[name] = replace(Case(credential), status_lists=made)
        for last in (
            {"ceased": {"at": "2027-01-01T00:00:00Z"}},
            {"succeededBy": [{"id": "x", "link": LINK}]},
        ):
            document = {**deepcopy(PASSPORT), "credentialStatus": entries}
            document[SUBJECT] |= last
            ended = signed(payload(document, credentialStatus=entries))
            cases[f"{name}, {next(iter(last))}"] = replace(Case(ended), status_lists=made)
    cases["no lists"] = Case(credential)
    cases["old lists"] = replace(
        Case(credential),
        status_lists={
            REVOCATION: status_list(REVOCATION, "revocation", valid_from=AT - timedelta(days=9))
        },
    )
    reports = assert_alike(cases)
    assert {report.verdict for report in reports.values()} == {
        *("valid_with_warnings", "invalid", "cannot_tell"),
    }
    assert {"passport_ceased", "succeeded", "superseded", "version_current"} <= reasons(
        reports.values(), "version"
    )


RESTRICTED: dict[str, Any] = {
    "iss": MAKER,
    "vct": "urn:voltpass:vct:battery-item-restricted:1",
    "iat": int(AT.timestamp()) - 60,
    "sub": "urn:uuid:1",
    "granularity": "item",
    "version": 1,
    "attributes": {},
}


def test_restricted_credentials_are_judged_alike() -> None:
    assert set(RESTRICTED_CHECKS) == {
        *("schema", "identifier", "factory_certificate", "footprint_study"),
    }
    restricted = {
        level: [
            a.id
            for a in attributes().values()
            if a.granularity is level and a.access_point is not AccessPoint.PUBLIC
        ]
        for level in (Granularity.ITEM, Granularity.MODEL)
    }
    public = next(a.id for a in attributes().values() if a.access_point is AccessPoint.PUBLIC)
    everything = dict.fromkeys(restricted[Granularity.ITEM], 1)
    of_model = dict.fromkeys(restricted[Granularity.MODEL], 1)
    model = "urn:voltpass:vct:battery-model-restricted:1"
    changes: dict[str, dict[str, Any]] = {
        "nothing disclosed": {},
        "all of an item": {"attributes": everything},
        "all of a model": {"vct": model, "granularity": "model", "attributes": of_model},
        "a model's in an item's": {"attributes": of_model},
        "a public one": {"attributes": {public: 1}},
        "an unknown one": {"attributes": {"__proto__": 1}},
        "attributes that are none": {"attributes": []},
        "another type": {"vct": "urn:x"},
        "another level": {"granularity": "model"},
        "a version as text": {"version": "1"},
        "version 1.0": {"version": 1.0},
        "version 0": {"version": 0},
        "version true": {"version": True},
        "no subject": {"sub": ""},
        "a subject that is none": {"sub": {}},
        "not before": {"nbf": int(AT.timestamp()) + 1000},
        "expired": {"exp": 5.0},
        "an instant that is none": {"iat": "x"},
        "half a second": {"iat": 1.5},
        "a status": {"status": {"status_list": {"idx": 5.0, "uri": "https://x.example"}}},
        "a status that is none": {"status": {"status_list": {"idx": True, "uri": "x"}}},
    }
    cases = {
        name: replace(Case(issue({**RESTRICTED, **change}, [], MAKER_KEY)), issuers=None)
        for name, change in changes.items()
    }
    reports = assert_alike(cases)
    assert {"schema_fits", "schema_violated"} == reasons(reports.values(), "schema")


def test_all_of_these_begin_with_a_passport_in_which_nothing_is_wrong() -> None:
    report = passport_case().by_python()
    assert (report.verdict, report.failed_step) == ("valid_with_warnings", None)
