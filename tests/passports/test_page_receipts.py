"""Receipts of shipments: the page judges their three forms as Python does, whatever was changed in them."""

import hashlib
import json
import random
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from api.verifying_alone import verify_offline
from passports.errors import EvidenceUnavailableError, InvalidInputError
from passports.receipts import receipt_pdf
from passports.shipment_verdicts import ShipmentVerdict
from passports.shipments import ShipmentReceipt, _summary
from passports.verification.bundle import Bundle, write_bundle
from passports.verification.collection import CollectedEvidence
from signing.canonical import canonicalize
from signing.report import VerificationReport
from signing.trust import TrustList
from tests.passports.page_agreement import believing, text
from tests.signing.page import run, steps_of
from tests.signing.world import AT, LINK, MAKER, MAKER_KEY, entry, p256, signed, trust_list

PLATFORM, PLATFORM_KEY = "did:web:id.maker.example:operators:platform", p256("platform")
OF_PLATFORM = entry(PLATFORM, PLATFORM_KEY, "platform", scope=("ShipmentReceipt",), gs1_prefixes=())
ISSUERS = trust_list(entry(scope=()), OF_PLATFORM)
ROWS = (
    ShipmentVerdict(2, LINK, "valid", ""),
    ShipmentVerdict(3, LINK, "valid", "Größe 🔋", duplicate_of_line=2),
    ShipmentVerdict(4, "gar\tbage", "unreadable", "no link"),
)
COUNTS = {
    "rows": 3,
    "distinct_links": 1,
    "duplicates": 1,
    "known_here": 1,
    "not_known_here": 0,
    "valid": 2,
    "unreadable": 1,
}


def made(rows: tuple[ShipmentVerdict, ...] = ROWS) -> ShipmentReceipt:
    """A receipt, as a server makes it."""
    digest = hashlib.sha256(canonicalize([row.to_document() for row in rows])).hexdigest()
    fields: dict[str, Any] = {
        "id": "urn:uuid:00000000-0000-4000-8000-000000000001",
        "issuer": PLATFORM,
        "server": "https://id.maker.example",
        "reference": "MRN 24DE1",
        "rows": rows,
        "counts": COUNTS,
        "checked_at": AT - timedelta(hours=1),
        "list_sha256": "0" * 64,
        "rows_sha256": digest,
    }
    unsigned = ShipmentReceipt(**fields, signed=b"")
    return ShipmentReceipt(**fields, signed=sign(_summary(unsigned, ISSUERS)))


def sign(payload: Mapping[str, Any], key: Any = PLATFORM_KEY, did: str = PLATFORM) -> bytes:
    return signed(dict(payload), key, did)


RECEIPT = made()
DOCUMENT = RECEIPT.to_document()
PAYLOAD = _summary(RECEIPT, ISSUERS)
FORMS: Mapping[str, bytes] = {
    "alone": RECEIPT.signed,
    "JSON form": json.dumps(DOCUMENT, indent=1).encode(),
    "canonical JSON form": canonicalize(DOCUMENT),
    "print": receipt_pdf(RECEIPT),
}


def assert_alike(
    files: Mapping[str, bytes], issuers: TrustList | None = ISSUERS
) -> dict[str, VerificationReport | None]:
    """Let both verify each file alone, offline; None where it is refused as a whole."""
    common = {**believing(issuers), "link": LINK}
    results = run([{"kind": "offline", "data": text(data), **common} for data in files.values()])
    reports: dict[str, VerificationReport | None] = {}
    for (name, data), result in zip(files.items(), results, strict=True):
        try:
            (reports[name],) = verify_offline(data, issuers, AT)
        except EvidenceUnavailableError:
            reports[name] = None
            assert result == {"reason": "not_a_receipt"}, name
            continue
        report = reports[name]
        assert report is not None
        assert "reports" in result, (name, result)
        (found,) = result["reports"]
        assert (found["verdict"], found["steps"]) == (report.verdict, steps_of(report)), name
    return reports


def found(reports: Mapping[str, VerificationReport | None], step: str) -> dict[str, str]:
    return {n: r.step(step).reason_code if r else "refused" for n, r in reports.items()}


def test_every_form_is_valid_and_told_alike() -> None:
    reports = assert_alike(FORMS)
    verdicts = {name: report.verdict for name, report in reports.items() if report}
    assert verdicts.pop("print") == "valid_with_warnings"
    assert set(verdicts.values()) == {"valid"}
    assert found(reports, "identifier") == {
        "alone": "no_link_scanned",
        "JSON form": "rows_match",
        "canonical JSON form": "rows_match",
        "print": "print_not_compared",
    }
    assert set(found(reports, "factory_certificate").values()) == {"no_check"}


def test_a_receipt_is_believed_in_the_role_of_a_platform_alone() -> None:
    makers = {**PAYLOAD, "issuer": MAKER}
    of_both = {**PAYLOAD, "type": [*PAYLOAD["type"], "BatteryPassport"]}
    files = {
        "a maker's": sign(makers, MAKER_KEY, MAKER),
        "a stranger's key": sign(PAYLOAD, MAKER_KEY),
        "also a passport": sign(of_both),
        "only a credential": sign({**PAYLOAD, "type": ["VerifiableCredential"]}),
        "the receipt twice": sign({**PAYLOAD, "type": [*PAYLOAD["type"], "ShipmentReceipt"]}),
        "of old": sign({**PAYLOAD, "validFrom": "2020-01-01T00:00:00Z"}),
    }
    reports = assert_alike(files)
    # Whatever is no receipt and nothing else is a passport, for which a platform is not believed.
    assert found(reports, "issuer_trusted") == {
        "a maker's": "issuer_not_trusted",
        "a stranger's key": "earlier_step_failed",
        "also a passport": "issuer_not_trusted",
        "only a credential": "issuer_not_trusted",
        "the receipt twice": "issuer_trusted",
        "of old": "trust_not_at_issue",
    }
    assert found(
        assert_alike(FORMS, trust_list(entry(scope=()))), "issuer_trusted"
    ) == dict.fromkeys(FORMS, "issuer_not_trusted")
    without = assert_alike(FORMS, None)
    assert {report.verdict for report in without.values() if report} == {"cannot_tell"}


def changed(path: str, value: object) -> bytes:
    document = json.loads(json.dumps(DOCUMENT))
    *way, last = path.split("/")
    target: Any = document
    for part in way:
        target = target[int(part)] if isinstance(target, list) else target[part]
    if value is ...:
        del target[last]
    elif isinstance(target, list):
        target[int(last)] = value
    else:
        target[last] = value
    return json.dumps(document).encode()


# Each with what step 9 says of it.
ALTERED: Mapping[str, tuple[str, object, str]] = {
    "no rows": ("rows", [], "rows_differ"),
    "rows taken away": ("rows", ..., "rows_differ"),
    "rows that are null": ("rows", None, "rows_differ"),
    "one row fewer": ("rows", DOCUMENT["rows"][:2], "rows_differ"),
    "rows in another order": ("rows", DOCUMENT["rows"][::-1], "rows_differ"),
    "a verdict": ("rows/2/verdict", "valid", "rows_differ"),
    "a link": ("rows/0/link", LINK + "0", "rows_differ"),
    "a line as a decimal": ("rows/0/line", 2.0, "rows_match"),
    "a huge number": ("rows/0/line", 1e300, "rows_differ"),
    "half a surrogate pair": ("rows/0/link", "\ud800", "rows_differ"),
    "another member of a row": ("rows/0/x", 1, "rows_differ"),
    "the reference": ("reference", "MRN 24DE2", "summary_differs"),
    "no reference": ("reference", None, "summary_differs"),
    "the reference taken away": ("reference", ..., "summary_differs"),
    "a reference in half": ("reference", "\udc00", "summary_differs"),
    "a count": ("counts/valid", 3, "summary_differs"),
    "a count that is true": ("counts/known_here", True, "summary_differs"),
    "a count as a decimal": ("counts/rows", 3.0, "rows_match"),
    "one count more": ("counts/x", 0, "summary_differs"),
    "no counts": ("counts", ..., "summary_differs"),
    "the hash of the list": ("list_sha256", "1" * 64, "summary_differs"),
    "the hash of the rows": ("rows_sha256", "1" * 64, "summary_differs"),
    "when": ("checked_at", "2020-01-01T00:00:00+00:00", "summary_differs"),
    "which server": ("server", "https://evil.example", "summary_differs"),
    "its id": ("id", "urn:uuid:1", "summary_differs"),
    "its issuer": ("issuer", MAKER, "summary_differs"),
    "something beside": ("x", {"y": [1e300, "\ud800"]}, "rows_match"),
    "a link to another backslash": ("x", "\\ud800", "rows_match"),
    "the signed part of another": ("receipt", "e.e.e", "signature_not_verified"),
    "the signed part in half": ("receipt", "\ud800", "signature_not_verified"),
    "no signed part": ("receipt", ..., "refused"),
    "a signed part that is none": ("receipt", 7, "refused"),
}


def test_what_was_changed_in_the_json_form_is_found_alike() -> None:
    reports = assert_alike(
        {name: changed(path, value) for name, (path, value, _) in ALTERED.items()}
    )
    assert found(reports, "identifier") == {name: reason for name, (*_, reason) in ALTERED.items()}


def test_what_was_signed_and_is_no_receipt_is_found_alike() -> None:
    subject = PAYLOAD["credentialSubject"]
    changes: dict[str, Any] = {
        "counts that do not add up": {**subject, "counts": {**COUNTS, "rows": 9}},
        "counts without rows": {**subject, "counts": {}},
        "a negative count": {**subject, "counts": {"rows": -1, "duplicates": -1}},
        "a count that is true": {**subject, "counts": {**COUNTS, "valid": True}},
        "a broken count": {**subject, "counts": {**COUNTS, "valid": 0.5}},
        "a count as a decimal": {**subject, "counts": {**COUNTS, "rows": 3.0}},
        "a count as text": {**subject, "counts": {**COUNTS, "rows": "3"}},
        "counts that are none": {**subject, "counts": []},
        "a hash in capitals": {**subject, "rowsSha256": "A" * 64},
        "a hash with a line break": {**subject, "listSha256": "0" * 64 + "\n"},
        "no server": {**subject, "server": ""},
        "no reference": {**subject, "reference": None},
        "the reference taken away": {k: v for k, v in subject.items() if k != "reference"},
        "a long reference": {**subject, "reference": "🔋" * 100},
        "one too long": {**subject, "reference": "x" * 101},
        "more than is known": {**subject, "x": [1]},
        "several subjects": [subject],
        "nothing": {},
    }
    files = {name: sign({**PAYLOAD, "credentialSubject": item}) for name, item in changes.items()}
    schema = found(assert_alike(files), "schema")
    good = {"a count as a decimal", "no reference", "a long reference", "more than is known"}
    assert {name for name, reason in schema.items() if reason == "schema_fits"} == good
    assert {schema[name] for name in set(files) - good} == {"schema_violated"}
    wrapped = {n: canonicalize({**DOCUMENT, "receipt": f.decode()}) for n, f in files.items()}
    assert set(found(assert_alike(wrapped), "identifier").values()) == {
        "rows_match",
        "rows_differ",
        "summary_differs",
        "no_link_scanned",
    }


NESTED = '{"format":"voltpass-shipment/1","receipt":"e.e.e","rows":%s}'


STRANGE: tuple[tuple[str, bool], ...] = (
    (NESTED % ("[" * 31 + "]" * 31), True),
    (NESTED % ("[" * 32 + "]" * 32), False),
    (NESTED % ("[" * 100_000), False),
    (NESTED % ("9" * 5000), True),
    (NESTED % "1e999", True),
    (NESTED % "-0", True),
    (NESTED % "NaN", False),
    (NESTED % "-Infinity", False),
    (NESTED % "01", False),
    (NESTED % '"\t"', False),
    (NESTED % '1,"rows":1', False),
    (NESTED % '1,"\\u0072ows":1', False),
    (NESTED % '{"__proto__":1,"toString":2}', True),
    (NESTED % '"\ud800"', False),
    (NESTED % "1}{", False),
    ('["voltpass-shipment/1"]', True),  # no receipt, so judged as a passport
    ("%PDF-1.4\n", True),
    ("%PDF-1.4 /EmbeddedFile /Length 9 >>\nstream\n" + "e" * 21 + "\nendstream", True),
)


def test_strange_files_are_read_or_refused_alike() -> None:
    encoded = {data: data.encode("utf-8", "surrogatepass") for data, _ in STRANGE}
    reports = assert_alike(encoded)
    assert {data: report is not None for data, report in reports.items()} == dict(STRANGE)


def test_spoilt_receipts_give_the_same_verdict_and_never_a_fault() -> None:
    chance = random.Random("receipts")
    files: dict[str, bytes] = {}
    for name in ("alone", "JSON form"):
        for number in range(150):
            data = bytearray(FORMS[name])
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            files[f"{name} {number}"] = bytes(data)
    printed, place = FORMS["print"], FORMS["print"].index(RECEIPT.signed)
    for number in range(100):
        at, bit = place + chance.randrange(len(RECEIPT.signed)), 1 << chance.randrange(8)
        files[f"print {number}"] = printed[:at] + bytes([printed[at] ^ bit]) + printed[at + 1 :]
    reports = assert_alike(files)
    valid = {name for name, report in reports.items() if report and report.verdict == "valid"}
    # White space between the members of the JSON form is nobody's.
    assert all(name.startswith("JSON form") for name in valid)
    assert len(valid) < 10


def test_a_passport_in_the_json_form_of_a_receipt_is_no_receipt() -> None:
    passport = sign({**PAYLOAD, "type": ["VerifiableCredential", "BatteryPassport"]})
    document = canonicalize({**DOCUMENT, "receipt": passport.decode()})
    (report,) = assert_alike({"it": document}).values()
    assert report is not None
    assert report.step("issuer_trusted").reason_code == "type_out_of_scope"
    anything = trust_list(replace(OF_PLATFORM, scope=()))
    (report,) = assert_alike({"it": document}, anything).values()
    assert report is not None
    assert report.verdict == "invalid"
    assert report.step("schema").reason_code == "not_a_receipt"


def test_a_receipt_in_a_bundle_of_passports_is_no_passport() -> None:
    evidence = CollectedEvidence()
    (report,) = assert_alike(
        {"it": write_bundle(Bundle("", [RECEIPT.signed], evidence), AT)}
    ).values()
    assert report is not None
    assert report.step("issuer_trusted").reason_code == "issuer_not_trusted"


def test_a_changed_bit_anywhere_in_the_json_form_is_refused() -> None:
    whole = FORMS["canonical JSON form"]
    chance = random.Random("bits of a receipt")
    spoilt = {}
    for place in range(len(whole)):
        bit = whole[place] ^ 1 << chance.randrange(8)
        spoilt[str(place)] = whole[:place] + bytes([bit]) + whole[place + 1 :]
    for name, data in spoilt.items():
        verdict = "refused"
        with suppress(EvidenceUnavailableError, InvalidInputError):
            (report,) = verify_offline(data, ISSUERS, AT)
            verdict = report.verdict
        assert verdict in {"refused", "invalid", "cannot_tell"}, name
    of_the_format = {name: spoilt[name] for name in map(str, range(60))}
    assert_alike({n: data for n, data in of_the_format.items() if data[:1] == b"{"})


def test_a_print_whose_pages_were_changed_is_never_valid_without_a_warning() -> None:
    plain = FORMS["print"]
    changed = plain.replace(b"/Title (Receipt", b"/Title (Accepted")
    assert changed != plain
    reports = assert_alike({"changed": changed})
    assert found(reports, "identifier") == {"changed": "print_not_compared"}
    assert {report.verdict for report in reports.values() if report} == {"valid_with_warnings"}
