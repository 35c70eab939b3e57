"""Files handed in to be verified that are no passport: it is said what they are, no verdict is."""

import io
import json
import zipfile
from pathlib import Path

import pytest

from api.handed_in import require_passport
from passports.data_carrier import draw
from passports.errors import NotAPassportError
from passports.verification.bundle import Bundle, write_bundle
from tests.api.caller import Caller
from tests.api.command_line import invoke, one_document
from tests.worlds import GTIN, NOW

LINK = f"/01/{GTIN}/21/SN-1"


def workbook() -> bytes:
    """Return the beginnings of a workbook."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    return buffer.getvalue()


BUNDLE = write_bundle(Bundle(credentials=[b"x"]), NOW)
OTHERS = {
    "bundle": (BUNDLE, "it is a bundle"),
    "workbook": (workbook(), "ZIP archive or a workbook"),
    "label": (draw(f"https://id.example.com{LINK}", "svg"), "a drawing (SVG)"),
    "PDF": (b"%PDF-1.7\n", "it is a PDF"),
    "CSV": (b"serial\nSN-1\nSN/2\n", "no signed passport"),
    "CSV of numbers": (b"09520123456788,SN-1.5\n", "no signed passport"),
    "JSON": (b'{"serial": "a"}', "no signed passport"),
    "bytes": (bytes(range(256)), "no signed passport"),
}


def form(name: str, content: bytes) -> tuple[dict[str, str], bytes]:
    """Return headers and body of an upload."""
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="f"\r\n\r\n'.encode()
    headers = {"content-type": "multipart/form-data; boundary=b"}
    return headers, head + content + b"\r\n--b--\r\n"


@pytest.mark.parametrize("kind", OTHERS)
def test_the_page_says_what_a_file_is_and_gives_no_verdict(issued: Caller, kind: str) -> None:
    content, said = OTHERS[kind]
    headers, body = form("file", content)
    answer = issued.send("POST", "/verify", {**headers, "accept": "text/html"}, body)
    text = answer.body.decode()
    assert (answer.status, said in text) == (422, True)
    assert "Nothing could be verified" in text
    assert "Not valid" not in text
    assert ("verify-offline" in text) is True


@pytest.mark.parametrize("kind", OTHERS)
def test_the_api_says_it_too(issued: Caller, kind: str) -> None:
    headers, body = form("image", OTHERS[kind][0])
    answer = issued.send("POST", "/v1/verify/image", headers, body)
    assert (answer.status, answer.json()["type"]) == (422, "urn:voltpass:problem:not-a-passport")
    assert OTHERS[kind][1] in answer.findings()[0]["reason"]


@pytest.mark.parametrize("offline", [True, False])
@pytest.mark.parametrize("kind", [kind for kind in OTHERS if kind not in {"bundle", "workbook"}])
def test_the_command_cannot_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, *, offline: bool
) -> None:
    monkeypatch.setattr("api.commands.verifying.block_network", lambda: None)
    path = tmp_path / "file"
    path.write_bytes(OTHERS[kind][0])
    mode = ("--offline",) if offline else ()
    done = invoke("verify", path, *mode, "--json", home=tmp_path)
    document = one_document(done)
    assert done.returncode == 2
    assert document["title"].startswith("Cannot tell")
    assert OTHERS[kind][1] in document["findings"][0]["reason"]


PRIVATE = b"-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEG\n"


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"\n  nothing at all \nsecond line", "nothing at all "),
        (b"red \x1b[31m\x07and bell", r"red \x1b[31m\x07and bell"),
        (b"right to left \xe2\x80\xae", r"right to left \u202e"),
        (b"a" * 500, "a" * 39 + "\N{HORIZONTAL ELLIPSIS}"),
        ("\N{EURO SIGN}".encode() * 500, "\N{EURO SIGN}" * 39 + "\N{HORIZONTAL ELLIPSIS}"),
        (b"a" * 199 + "\N{EURO SIGN}".encode(), "a" * 39 + "\N{HORIZONTAL ELLIPSIS}"),
        (PRIVATE, "-----BEGIN PRIVATE KEY-----"),
        (b"", "0 bytes"),
        (b" \n", "2 bytes"),
        (b"\xff\xfe\x00", "3 bytes"),
        (b"x\x00", "2 bytes"),
        (b"%PDF-1.7\n\xff", "%PDF-1.7"),
        (b"%PDF-1.7\r\xff", "%PDF-1.7"),
    ],
)
def test_what_was_read_is_named_shortly_and_safely(
    tmp_path: Path, content: bytes, named: str
) -> None:
    with pytest.raises(NotAPassportError) as refused:
        require_passport(content)
    [finding] = refused.value.findings
    assert finding.value == named
    assert finding.remedy.startswith("Hand in a signed passport")
    (tmp_path / "file").write_bytes(content)
    done = invoke("verify", tmp_path / "file", home=tmp_path / "none")
    assert done.returncode == 2
    said = " ".join(done.stderr.split())
    assert " ".join(f"file: {named!r}:".split()) in said
    assert "Hand in a signed passport" in said
    assert "\x1b" not in done.stderr


def test_a_damaged_passport_is_judged(issued: Caller) -> None:
    credential = issued.get(LINK, accept="application/vc+jwt").body
    secured = issued.get(LINK, accept="application/vc").body
    for damaged in (
        credential[:400],
        credential.replace(b".", b"..", 1),
        credential + b".x",
        secured,
    ):
        require_passport(b"\n" + damaged)
    headers, body = form("file", credential[:-5] + b"AAAAA")
    answer = issued.send("POST", "/verify", {**headers, "accept": "text/html"}, body)
    assert (answer.status, b"Not valid" in answer.body) == (200, True)
    with pytest.raises(NotAPassportError):
        require_passport(json.dumps({"link": "https://id.example.com"}).encode())


def test_a_shipment_list_is_read_out_of_a_form(issued: Caller) -> None:
    rows = f"gtin,serial\n{GTIN},SN-1\n".encode()
    headers, body = form("file", rows)
    by_form = issued.send("POST", "/v1/shipments", headers, body)
    alone = issued.send("POST", "/v1/shipments", {"content-type": "text/csv"}, rows)
    assert by_form.status == alone.status == 200
    assert by_form.json()["rows"] == alone.json()["rows"]
    assert b"--b" not in by_form.body


@pytest.mark.parametrize(
    "body",
    [
        form("list", b"x")[1],
        b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\ntext\r\n--b--\r\n',
        b"--b--\r\n",
    ],
)
def test_a_form_without_a_file_is_no_shipment(issued: Caller, body: bytes) -> None:
    answer = issued.send("POST", "/v1/shipments", form("file", b"")[0], body)
    assert (answer.status, answer.findings()[0]["field"]) == (422, "file")
