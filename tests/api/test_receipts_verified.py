"""A shipment's receipt is itself verified: alone, as JSON with all rows, and out of its print."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from api.commands import verifying
from api.platform import PLATFORM_ID, ensure_platform
from passports.documents import utc_now
from passports.operators import get_operator
from passports.verification.receipt import check_schema
from signing.credentials import CredentialSigner, decode
from tests.api.caller import Caller
from tests.api.command_line import invoke, one_document
from tests.worlds import GTIN, MAKER

ROWS = f"gtin,serial\n{GTIN},SN-1\n{GTIN},SN-1\n{GTIN},SN-9\nhello,x\n".encode()
CSV = {"content-type": "text/csv"}
REFERENCE = "?reference=MRN%2024DE1"


@pytest.fixture(autouse=True)
def process_keeps_its_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """An audit hook stays for good, and this process has other tests to run; offline asks nobody anyway."""
    monkeypatch.setattr(verifying, "block_network", lambda: None)


@pytest.fixture(scope="module")
def caller(issued: Caller) -> Caller:
    """A server that stands in its own trust list, as `voltpass serve` writes it."""
    ensure_platform(issued.voltpass, utc_now())
    issued.voltpass.write_trust_list(utc_now())
    return issued


@pytest.fixture(scope="module")
def receipt(caller: Caller) -> dict[str, Any]:
    """A receipt's JSON form."""
    answer = caller.send("POST", "/v1/shipments" + REFERENCE, CSV, ROWS)
    assert answer.status == 200, answer.body
    document: dict[str, Any] = answer.json()
    return document


@pytest.fixture
def home(caller: Caller, tmp_path: Path) -> Path:
    """A laptop with a trust list and its root key, and nothing else."""
    settings = caller.voltpass.settings
    for path in (settings.trust_list_path, settings.trust_root_path):
        shutil.copy(path, tmp_path / path.name)
    return tmp_path


def verified(home: Path, content: bytes) -> tuple[int, dict[str, Any]]:
    """Verify a file offline; return exit code and its report."""
    path = home / "file"
    path.write_bytes(content)
    done = invoke("verify", path, "--offline", "--json", home=home)
    return done.returncode, one_document(done)["passports"][0]


def reason(report: dict[str, Any], step: str) -> tuple[str, str]:
    found = next(one for one in report["steps"] if one["step"] == step)
    return found["outcome"], found["reasonCode"]


def test_a_receipt_is_valid_as_json_as_print_and_alone(
    caller: Caller, receipt: dict[str, Any], home: Path
) -> None:
    accept = {**CSV, "accept": "application/pdf"}
    printed = caller.send("POST", "/v1/shipments" + REFERENCE, accept, ROWS).body
    forms = {
        json.dumps(receipt, indent=2).encode(): ("valid", "passed", "rows_match"),
        printed: ("valid_with_warnings", "warning", "print_not_compared"),
        receipt["receipt"].encode(): ("valid", "not_checked", "no_link_scanned"),
    }
    for content, (verdict, *rows) in forms.items():
        code, report = verified(home, content)
        assert (code, report["verdict"]) == (0, verdict), report
        assert reason(report, "issuer_trusted") == ("passed", "issuer_trusted")
        assert reason(report, "schema") == ("passed", "schema_fits")
        assert list(reason(report, "identifier")) == rows


def test_a_receipt_is_verified_by_the_server(caller: Caller, receipt: dict[str, Any]) -> None:
    for given in (receipt["receipt"], json.dumps(receipt)):
        answer = caller.send(
            "POST",
            "/v1/verify",
            {"content-type": "application/json"},
            json.dumps({"credential": given}).encode(),
        )
        assert (answer.status, answer.json()["verdict"]) == (200, "valid"), answer.body
        assert answer.json()["credential"]["credentialSubject"]["reference"] == "MRN 24DE1"


@pytest.mark.parametrize(
    ("member", "value", "expected"),
    [
        ("rows", [], "rows_differ"),
        ("rows", float("1e300"), "rows_differ"),
        ("reference", "another", "summary_differs"),
        ("counts", {"rows": 4}, "summary_differs"),
        ("list_sha256", "0" * 64, "summary_differs"),
        ("checked_at", "2020-01-01T00:00:00+00:00", "summary_differs"),
        ("id", "urn:uuid:1", "summary_differs"),
        ("issuer", "did:web:evil.example", "summary_differs"),
    ],
)
def test_what_was_changed_in_the_json_form_is_found(
    receipt: dict[str, Any], home: Path, member: str, value: object, expected: str
) -> None:
    code, report = verified(home, json.dumps({**receipt, member: value}).encode())
    assert code == 1
    assert reason(report, "identifier") == ("failed", expected)


def test_one_verdict_that_was_changed_is_found(receipt: dict[str, Any], home: Path) -> None:
    rows = [dict(row) for row in receipt["rows"]]
    rows[2]["verdict"] = "valid"
    code, report = verified(home, json.dumps({**receipt, "rows": rows}).encode())
    assert (code, reason(report, "identifier")) == (1, ("failed", "rows_differ"))


def test_a_maker_signs_no_receipt_and_the_platform_no_passport(
    caller: Caller, receipt: dict[str, Any], home: Path
) -> None:
    voltpass = caller.voltpass
    with voltpass.store.reading() as reading:
        signers = {
            name: CredentialSigner(
                voltpass.keyring.current(reading, name), get_operator(reading, name).did
            )
            for name in (MAKER, PLATFORM_ID)
        }
    payload = dict(decode(receipt["receipt"].encode()).payload)
    makers = {**payload, "issuer": signers[MAKER].issuer_did}
    platforms = {**payload, "type": ["VerifiableCredential", "ShipmentReceipt", "BatteryPassport"]}
    for signer, document in ((signers[MAKER], makers), (signers[PLATFORM_ID], platforms)):
        code, report = verified(home, signer.sign(json.dumps(document).encode()))
        assert code == 1
        assert reason(report, "issuer_trusted") == ("failed", "issuer_not_trusted")


@pytest.mark.parametrize(
    "content",
    [
        b'{"format":"voltpass-shipment/1"}',
        b'{"format":"voltpass-shipment/1","receipt":7}',
        b'{"format":"voltpass-shipment/1",',
        b'{"format":"voltpass-shipment/1","receipt":"e.e.e","receipt":"e.e.e"}',
        b'{"format":"voltpass-shipment/1","receipt":NaN}',
        b'{"format":"voltpass-shipment/1","rows":' + b"[" * 100_000,
        b"%PDF-1.4\n",
    ],
)
def test_what_is_no_receipt_after_all_is_refused_in_words(content: bytes, home: Path) -> None:
    path = home / "file"
    path.write_bytes(content)
    done = invoke("verify", path, "--offline", "--json", home=home)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_signed_part_that_is_damaged_fails_at_the_first_step(home: Path) -> None:
    code, report = verified(home, b'{"format":"voltpass-shipment/1","receipt":"\\ud800"}')
    assert (code, report["failedStep"]) == (1, "parse")


def test_counts_that_do_not_add_up_are_no_receipt(receipt: dict[str, Any]) -> None:
    payload = dict(decode(receipt["receipt"].encode()).payload)
    subject = payload["credentialSubject"]
    assert isinstance(subject, dict)
    assert check_schema(payload).outcome == "passed"
    for counts in ({"rows": 9}, {"rows": -1}, {}, None, {"rows": True}):
        changed = {**payload, "credentialSubject": {**subject, "counts": counts}}
        assert check_schema(changed).reason_code == "schema_violated"
    assert check_schema({}).reason_code == "schema_violated"


def test_a_reference_that_is_too_long_is_refused_and_one_of_a_form_is_signed(
    caller: Caller,
) -> None:
    long = caller.send("POST", "/v1/shipments?reference=" + "x" * 101, CSV, ROWS)
    assert (long.status, long.findings()[0]["field"]) == (422, "reference")
    parts = [("file", ROWS.decode(), '; filename="f"'), ("reference", "MRN 7", "")]
    body = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'
        for name, value, more in parts
    )
    headers = {"content-type": "multipart/form-data; boundary=b"}
    answer = caller.send("POST", "/v1/shipments", headers, f"{body}--b--\r\n".encode())
    assert (answer.status, answer.json()["reference"]) == (200, "MRN 7")
