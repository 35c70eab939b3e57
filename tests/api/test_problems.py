"""Errors by HTTP: problem documents (RFC 9457) that name field and reason; no secrets, nothing half done."""

import inspect
import json
import logging
from pathlib import Path
from typing import Any

import pytest

import lca.errors
import passports.errors
import signing.errors
from api import problems
from api.bodies import LIMITS
from api.environment import EnvironmentFaultError
from api.problem_answers import ProblemResponse
from lca.errors import LcaError
from passports.errors import Finding, PassportError
from signing.errors import KeyUnavailableError, SigningError
from tests.api.caller import JSON, PROBLEM, Answer, Caller, batch
from tests.api.test_keys import whole
from tests.exhaustively import each_with_each
from tests.worlds import FACILITY, GTIN, MAKER, demo_input

LINK = f"/01/{GTIN}/21/SN-1"


def subclasses(module: Any, base: type[Exception]) -> list[type[Exception]]:
    """Return the error classes that a module defines."""
    found = inspect.getmembers(module, inspect.isclass)
    return [c for _, c in found if issubclass(c, base) and c.__module__ == module.__name__]


def test_every_error_of_passports_has_a_line_in_the_table() -> None:
    assert set(problems.PROBLEMS) == set(subclasses(passports.errors, PassportError))


def test_no_two_errors_share_a_problem_type_and_none_blames_the_caller_for_the_store() -> None:
    kinds = [kind for _, kind in problems.PROBLEMS.values()]
    assert len(kinds) == len(set(kinds))
    assert problems.PROBLEMS[passports.errors.StoreIntegrityError][0] >= 500
    assert all(400 <= status < 600 for status, _ in problems.PROBLEMS.values())


@pytest.mark.parametrize("kind", subclasses(lca.errors, LcaError))
def test_every_error_of_the_engine_becomes_a_problem_that_keeps_its_findings(
    kind: type[LcaError],
) -> None:
    finding = lca.errors.Finding("activities[2].amount", "-1", "negative", "Give a positive one.")
    document = problems.problem_of(kind([finding]))

    assert document["status"] == 422
    elsewhere = {"Audit", "Dataset", "FactorImport", "Licence", "Scenario", "UnknownRuleset"}
    about_inventory = not elsewhere & {c.__name__.removesuffix("Error") for c in kind.__mro__}
    place = "inventory.activities[2].amount" if about_inventory else "activities[2].amount"
    assert document["findings"][0]["field"] == place
    assert document["findings"][0]["remedy"] == "Give a positive one."


def test_every_error_of_signing_becomes_a_problem_and_tells_no_path() -> None:
    made: list[SigningError] = [
        KeyUnavailableError("file:/secret/place/key.json", "not_found", "create it first"),
        signing.errors.MalformedDocumentError("duplicate_key", "twice the same name"),
        signing.errors.InvalidSignatureError("signature", "mismatch", "it does not fit"),
    ]
    for error in made:
        document = problems.problem_of(error)
        assert 400 <= document["status"] < 600
        assert "/secret/place" not in json.dumps(document)


def test_an_error_of_nobody_is_not_dressed_up_as_a_problem() -> None:
    with pytest.raises(ZeroDivisionError):
        problems.problem_of(ZeroDivisionError())


def well_formed(answer: Answer) -> list[dict[str, Any]]:
    """Check a problem document against its schema and return its findings."""
    document = answer.json()
    assert answer.media_type == PROBLEM
    assert set(document) == set(problems.SCHEMA["required"])
    assert document["status"] == answer.status
    assert document["type"].startswith(problems.TYPE_BASE)
    assert answer.headers["cache-control"] == "no-store"
    findings: list[dict[str, Any]] = document["findings"]
    for finding in findings:
        assert finding["field"]
        assert finding["reason"]
        assert finding["remedy"]
    return findings


@pytest.mark.parametrize(
    ("method", "target", "status", "field"),
    [
        ("GET", "/nowhere", 404, "path"),
        ("GET", "/v1/nowhere", 404, "path"),
        ("POST", "/v1/nowhere", 404, "path"),
        ("DELETE", "/v1/batches", 405, "method"),
        ("POST", LINK, 405, "method"),
        ("GET", "/v1/verify", 405, "method"),
        ("GET", "/v1/passports/unheard-of", 404, "id"),
        ("GET", "/v1/footprints/unheard-of", 404, "id"),
        ("GET", "/v1/certificates/unheard-of", 404, "id"),
        ("GET", "/v1/certificates/unheard-of/document", 404, "id"),
        ("GET", "/v1/status-lists/maker/unheard-of", 404, "id"),
        ("GET", "/operators/unheard-of/did.json", 404, "id"),
        ("GET", f"/01/{GTIN}/21/UNKNOWN", 404, "id"),
        ("GET", "/01/12345678901234/21/A", 422, "gtin"),
        ("GET", f"/01/{GTIN}/21/{'x' * 21}", 422, "serial"),
        ("GET", f"/01/{GTIN}/21/a%00b", 400, "path"),
        ("GET", "/v1/passports/unheard-of?at=2027-02-18T12:00:00Z", 404, "id"),
        ("GET", "/v1/passports/unheard-of?at=2027-02-18", 422, "at"),
        ("GET", "/v1/passports/unheard-of?at=2027", 422, "at"),  # a year, not seconds since 1970
        ("GET", "/v1/passports/a%00b", 400, "path"),
        ("GET", "/v1/passports/a%0Ab", 400, "path"),
        ("GET", "/v1/regulator/footprints?ruleset=a%00b", 400, "path"),
        ("GET", f"/01/{GTIN}/21/%FF%FE", 422, "serial"),
        ("GET", f"/01/{GTIN}/21/%ED%A0%80", 422, "serial"),
        ("GET", f"/01/{GTIN}/21/%E2%82%AC", 422, "serial"),
        ("GET", f"/01/{GTIN}/21/100%", 404, "id"),  # the sign is in GS1's set
    ],
)
def test_what_an_address_does_not_have_is_said_with_field_and_reason(
    unchanged: Caller, method: str, target: str, status: int, field: str
) -> None:
    answer = unchanged.send(method, target)

    assert answer.status == status
    assert well_formed(answer)[0]["field"] == field
    if status == 404:
        assert (answer.json()["title"], answer.json()["type"]) == (
            "Not found",
            "urn:voltpass:problem:not-found",
        )


def test_a_refused_method_is_answered_with_the_methods_there_are(issued: Caller) -> None:
    assert issued.send("DELETE", "/v1/batches").headers["allow"] == "POST"


def test_an_address_with_bytes_beyond_ascii_is_refused_not_a_fault(issued: Caller) -> None:
    for target in (f"/01/{GTIN}/21/".encode() + b"\xff\xfe", b"/v1/passports/\xe2\x82\xac"):
        assert issued.send("GET", target).status in {404, 422}


# A body that no JSON parser or no model can take, and the status that says so.
BODIES: list[tuple[bytes, set[int]]] = [
    (b"", {422}),
    (b"{", {422}),
    (b"null", {422}),
    (b"[]", {422}),
    (b'"text"', {422}),
    (b"\xff\xfe\x00", {400, 422}),
    (b'{"id": "\xff"}', {400, 422}),
    (b"\xef\xbb\xbf{}", {400, 422}),
    (b'{"id": NaN}', {422}),
    (b'{"id": Infinity}', {422}),
    (b'{"id": "\\ud800"}', {422}),
    (b'{"\\ud800": "\\udfff"}', {422}),
    (b'{"id": "a\\u0000b", "name": "\\u0000"}', {422}),
    (b'{"id": ' + b"9" * 5000 + b"}", {400, 422}),
    (b'{"mass_kg": 1' + b"0" * 400 + b"}", {422}),
    (b'{"mass_kg": 1e400}', {422}),
    (b"[" * 100_000, {400, 422}),
    (b'{"inventory": ' * 900 + b"1" + b"}" * 900, {400, 422}),
    (b'{"id": {"id": ["x"]}}', {422}),
    (b'{"a": 1, "a": 2}', {422}),
]


@pytest.mark.parametrize(("body", "statuses"), BODIES)
@pytest.mark.parametrize(
    "target",
    [
        "/v1/facilities",
        f"/v1/facilities/{FACILITY}/energy",
        "/v1/certificates",
        "/v1/battery-models",
        "/v1/footprints",
        "/v1/batches",
        "/v1/verify",
    ],
)
def test_a_body_that_makes_no_sense_is_refused_with_a_reason(
    issued: Caller, target: str, body: bytes, statuses: set[int]
) -> None:
    headers = {**JSON, "authorization": f"Bearer {issued.key(MAKER)}"}
    answer = issued.send("POST", target, headers, body)

    assert answer.status in statuses, answer.body[:300]
    assert well_formed(answer)


@pytest.mark.parametrize(
    ("field", "depth"),
    each_with_each(
        ["activities", "assumptions", "unheard-of", "electricity"],
        [50, 200, 400, 600, 800, 900, 950, 980, 990, 2000],
    ),
)
def test_a_deeply_nested_inventory_is_refused_and_never_a_fault(
    issued: Caller, field: str, depth: int
) -> None:
    deep = "[" * depth + "]" * depth
    inventory = f'{{"{field}": {deep}}}'
    body = f'{{"model_id": "lfp-60", "facility_id": "plant", "inventory": {inventory}}}'.encode()
    headers = {**JSON, "authorization": f"Bearer {issued.key(MAKER)}"}
    answer = issued.send("POST", "/v1/footprints", headers, body)

    assert answer.status in {400, 422}, answer.body
    assert well_formed(answer)


def test_malformed_json_is_told_with_the_place(issued: Caller) -> None:
    headers = {**JSON, "authorization": f"Bearer {issued.key(MAKER)}"}
    finding = well_formed(issued.send("POST", "/v1/batches", headers, b'{"id": x}'))[0]

    assert finding["field"] == "JSON"
    assert "character 7" in finding["reason"]


@pytest.mark.parametrize(
    "media_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/xml", "x"]
)
@pytest.mark.parametrize("target", ["/v1/facilities", "/v1/footprints", "/v1/verify"])
def test_a_body_of_another_kind_than_json_is_answered_with_415(
    issued: Caller, target: str, media_type: str | None
) -> None:
    headers = {"authorization": f"Bearer {issued.key(MAKER)}"}
    if media_type is not None:
        headers["content-type"] = media_type
    answer = issued.send("POST", target, headers, b'{"id": "x"}')

    assert answer.status == 415
    assert well_formed(answer)[0]["field"] == "Content-Type"


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "APPLICATION/JSON"])
def test_a_media_type_is_read_as_the_standard_says(issued: Caller, media_type: str) -> None:
    answer = issued.send("POST", "/v1/verify", {"content-type": media_type}, b"{}")
    assert answer.status == 422


@pytest.mark.parametrize("announce", [True, False])
@pytest.mark.parametrize("target", ["/v1/verify", "/v1/verify/image", "/v1/batches", "/verify"])
def test_a_body_above_the_limit_is_refused_whether_announced_or_not(
    issued: Caller, target: str, announce: bool
) -> None:
    headers = {**JSON, "authorization": f"Bearer {issued.key(MAKER)}"}
    if "image" in target or target == "/verify":
        headers = {"content-type": "multipart/form-data; boundary=b"}
    chunk = b"x" * (LIMITS["post_verify_image"].size_bytes // 4)
    if "image" in target or target == "/verify":
        head = b'--b\r\nContent-Disposition: form-data; name="image"; filename="l.png"\r\n\r\n'
        chunks = [head, *[chunk] * 5]
    else:
        chunks = [chunk] * 5
    answer = issued.send("POST", target, headers, *chunks, announce=announce)

    assert answer.status == 413
    assert well_formed(answer)[0]["field"] == "body"
    assert "content-security-policy" in answer.headers


@pytest.mark.parametrize(
    "target", ["/", LINK, "/healthz", "/v1/nowhere", "/v1/batches", "/v1/passports/a%00b", "/api"]
)
def test_security_headers_stand_on_every_answer(issued: Caller, target: str) -> None:
    for accept in ("text/html", "application/json"):
        headers = issued.get(target, accept=accept).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert "server" not in headers


def test_a_browser_gets_a_page_and_a_machine_a_document_for_the_same_error(issued: Caller) -> None:
    page = issued.get(f"/01/{GTIN}/21/UNKNOWN", accept="text/html")
    document = issued.get(f"/01/{GTIN}/21/UNKNOWN", accept="application/vc+jwt")

    assert (page.status, page.media_type) == (404, "text/html")
    assert (document.status, document.media_type) == (404, PROBLEM)
    assert page.headers["vary"] == "Accept, Accept-Language"
    assert document.headers["vary"] == "Accept"


def test_text_without_utf8_in_an_error_is_still_an_answer() -> None:
    finding = Finding("name", "\ud800", "half a character", "Type it anew.")
    document = problems.problem_document(422, "invalid-input", "t", "\udfff", [finding])
    body = bytes(ProblemResponse(document).body)
    assert json.loads(body)["findings"][0]["value"] == "?"


class BrokenStore:
    """A store whose database has gone away."""

    is_sqlite = False

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def __getattr__(self, name: str) -> Any:
        raise ConnectionError(f"cannot {name} at postgresql://voltpass:{self._secret}@db/voltpass")


def test_a_fault_that_nobody_foresaw_tells_nothing_of_its_cause(
    caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    caller.voltpass.store = BrokenStore("open-sesame")  # type: ignore[assignment] # on purpose

    for target, status in ((LINK, 500), ("/v1/passports/x", 500), ("/healthz", 503)):
        with caplog.at_level(logging.ERROR, "voltpass"):
            answer = caller.get(target, accept="application/json")
        assert answer.status == status
        well_formed(answer)
        assert b"sesame" not in answer.body
        assert "content-security-policy" in answer.headers
    assert len([r for r in caplog.records if r.name == "voltpass"]) == 2


def test_no_key_of_any_kind_stands_in_answers_or_logs(
    caller: Caller, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    key = caller.key(MAKER)
    secret = key.rsplit(".", 1)[1]
    bodies = []
    with caplog.at_level(logging.DEBUG):
        for target in ("/v1/facilities", "/v1/batches", "/v1/regulator/footprints"):
            bodies.append(caller.post(target, {"api_key": "x"}, by=MAKER).body)
            wrong = {**JSON, "authorization": f"Bearer {key}x"}
            bodies.append(caller.send("POST", target, wrong, b"{}").body)
            bodies.append(caller.get(target, by=MAKER).body)
        caller.voltpass.keyring._opened.clear()
        caller.voltpass.keyring.passphrase, kept = b"wrong", caller.voltpass.keyring.passphrase
        refused = caller.post("/v1/batches", batch(), by=MAKER)
        caller.voltpass.keyring.passphrase = kept
    assert (refused.status, refused.json()["type"]) == (503, "urn:voltpass:problem:key-unavailable")
    keys_directory = str(caller.voltpass.keyring.directory)
    everything = b"".join([*bodies, refused.body]).decode() + caplog.text
    for hidden in (secret, "wrong", kept.decode(), keys_directory, str(tmp_path)):
        assert hidden not in everything


def test_a_batch_that_cannot_be_signed_leaves_nothing_behind(everywhere: Caller) -> None:
    before = whole(everywhere)
    keyring = everywhere.voltpass.keyring
    opened, passphrase = dict(keyring._opened), keyring.passphrase
    keyring._opened.clear()
    keyring.passphrase = b"wrong"
    try:
        assert everywhere.post("/v1/batches", batch(), by=MAKER).status == 503
    finally:
        keyring._opened.update(opened)
        keyring.passphrase = passphrase

    assert whole(everywhere) == before
    assert everywhere.post("/v1/batches", batch(), by=MAKER).status == 201


@pytest.mark.parametrize(
    ("target", "document"),
    [
        ("/v1/batches", batch("GOOD", "not good")),
        ("/v1/batches", batch("GOOD", "GOOD")),
        ("/v1/batches", batch("GOOD", responsible_operator_id="unheard-of")),
        ("/v1/batches", batch("GOOD", manufactured_on="2199-01-01")),
        ("/v1/batches?dryrun=true", batch("GOOD")),
        ("/v1/battery-models", {**demo_input("model.json"), "id": "other"}),
        ("/v1/battery-models", demo_input("model.json")),
        ("/v1/facilities", {**demo_input("facilities.json")[0]["facility"], "id": FACILITY}),
        (f"/v1/facilities/{FACILITY}/energy", demo_input("facilities.json")[0]["energy"]),
        ("/v1/footprints", {"model_id": "lfp-60", "facility_id": "plant", "inventory": {}}),
    ],
)
def test_a_refused_write_changes_nothing(
    unchanged: Caller, target: str, document: dict[str, Any]
) -> None:
    before = whole(unchanged)
    answer = unchanged.post(target, document, by=MAKER)

    assert 400 <= answer.status < 500, answer.body
    assert well_formed(answer)
    assert whole(unchanged) == before


def test_a_serial_with_a_nul_is_refused_on_either_database(unchanged: Caller) -> None:
    answer = unchanged.post("/v1/batches", batch("GOOD", "a\x00b"), by=MAKER)
    assert (answer.status, well_formed(answer)[0]["field"]) == (422, "serial")


def test_an_operator_is_registered_once(caller: Caller) -> None:
    from api.platform import PLATFORM_ID, ensure_platform  # noqa: PLC0415 # beside its only use
    from passports.documents import utc_now  # noqa: PLC0415 # as above

    ensure_platform(caller.voltpass, utc_now())
    document = {"id": MAKER, "name": "Another", "roles": ["platform"], "country": "DE"}
    answer = caller.post("/v1/operators", document, by=PLATFORM_ID)

    assert (answer.status, well_formed(answer)[0]["field"]) == (409, "id")


def test_a_fault_of_the_environment_is_a_503_with_its_remedy() -> None:
    finding = Finding("VOLTPASS_DATABASE_URL", "", "it does not open", "Check it.")
    document = problems.problem_of(EnvironmentFaultError(finding))
    assert (document["status"], document["findings"][0]["remedy"]) == (503, "Check it.")
