"""The page for browsers gives the same steps and reasons as the Python verifier, in Node's WebCrypto."""

import base64
import hashlib
import io
import json
import re
import zipfile
import zlib
from datetime import timedelta
from typing import Any

import pytest

from api.pages.offline import SOURCES
from signing.canonical import canonicalize, parse_strict
from signing.errors import MalformedDocumentError
from signing.selective_disclosure import decode_presentation, issue
from signing.status_list import (
    StatusList,
    build_token_status_list,
    sign_token_status_list,
    status_entry,
    token_status_claim,
)
from signing.verify import examine
from tests.signing.log_world import CREDENTIAL, LOG, PROOF, compromised, log_entries, logged
from tests.signing.page import page_file, run, steps_of
from tests.signing.rfc_9901 import RFC_9901_SD_JWT
from tests.signing.test_canonical import REFUSED
from tests.signing.test_verify import NAMES, evidence_from, read
from tests.signing.world import (
    AT,
    MAKER,
    MAKER_KEY,
    REVOCATION,
    ROOT_KEY,
    entry,
    passport,
    signed,
    trust_list,
)


def with_log(**changes: Any) -> dict[str, Any]:
    listed = trust_list(entry(), *log_entries()).sign(ROOT_KEY).decode()
    return {
        "credential": CREDENTIAL.decode(),
        "evidence": {"trustList": listed, "logProof": PROOF.to_bytes().decode(), **changes},
    }


def log_tasks() -> dict[str, dict[str, Any]]:
    proof = PROOF.to_bytes().decode()
    bare = signed(passport(credentialStatus=None)).decode()
    return {
        "included": with_log(),
        "not witnessed": with_log(logProof=logged(LOG).to_bytes().decode()),
        "no log known": with_log(trustList=trust_list().sign(ROOT_KEY).decode()),
        "another leaf": with_log(logProof=proof.replace("index 100", "index 99")),
        "beyond the log": with_log(logProof=proof.replace("index 100", "index 200")),
        "another size": with_log(logProof=proof.replace("\n130\n", "\n131\n")),
        "no proof": with_log(logProof="nonsense"),
        "cut off": with_log(logProof=proof[:-9]),
        "a key compromised later": with_log(didDocuments={MAKER: compromised(101)}),
        "a key compromised before": with_log(didDocuments={MAKER: compromised(100)}),
        "a key compromised, never logged": {
            "credential": bare,
            "evidence": {"didDocuments": {MAKER: compromised(101)}},
        },
    }


def test_the_page_judges_every_asset_as_python_does() -> None:
    base = read("_evidence")
    named = {name: read(name) for name in NAMES} | log_tasks()
    tasks = [
        {"credential": item["credential"], "evidence": {**base, **item["evidence"]}}
        for item in named.values()
    ]
    for name, task, result in zip(named, tasks, run(tasks), strict=True):
        known, at = evidence_from(task["evidence"])
        report = examine(task["credential"].encode(), known, at=at)
        assert result["steps"] == steps_of(report), name
        assert result["verdict"] == report.verdict, name


def test_the_page_parses_as_strictly_as_python() -> None:
    documents = [data for several in REFUSED.values() for data in several]
    documents += [
        b'{"a":[1,2.5,-0,1e-7,1e21,true,null,"\\u00e9\\n"],"b":{}}',
        b" [ 1 , 2 ] ",
        '{"\U0001f600":1,"\ufb33":2,"__proto__":3}'.encode(),
        b"[9007199254740991,60.0,5e-324]",
    ]
    tasks = [{"kind": "parse", "data": base64.b64encode(data).decode()} for data in documents]
    for data, result in zip(documents, run(tasks), strict=True):
        try:
            expected = {"canonical": canonicalize(parse_strict(data)).decode()}
        except MalformedDocumentError as error:
            expected = {"reason": error.reason}
        assert result == expected, data[:60]


URL = "https://maker.example/status/revocation/1/token"


def token_list(*set_bits: int, **changes: Any) -> str:
    bits = StatusList()
    for index in set_bits:
        bits.set(index)
    claims = build_token_status_list(
        url=URL,
        issuer_did=MAKER,
        status_list=bits,
        issued_at=AT - timedelta(hours=2),
        valid_until=AT + timedelta(hours=2),
    )
    signed_list = sign_token_status_list({**claims, **changes}, MAKER_KEY, MAKER)
    return signed_list.decode()


CLAIMS: dict[str, Any] = {
    "iss": MAKER,
    "vct": "urn:example:restricted",
    "iat": int(AT.timestamp()) - 60,
    "status": token_status_claim(URL, 9),
    "attributes": {"a": [1, 2], "b": {"c": "\u00fc"}},
}
SELECTIVE = [("attributes", "a"), ("attributes", "b")]
SD_JWT = issue(CLAIMS, SELECTIVE, MAKER_KEY).decode()


def with_list(text: str = SD_JWT, listed: str | None = None, **changes: Any) -> dict[str, Any]:
    trusted = trust_list(entry(scope=("urn:example:restricted",))).sign(ROOT_KEY).decode()
    lists = {URL: token_list() if listed is None else listed}
    evidence = {"statusLists": lists, "trustList": trusted, "expectedIdentifier": None}
    return {"credential": text, "evidence": {**evidence, **changes}}


def test_the_page_judges_restricted_credentials_as_python_does() -> None:
    first, *disclosures, end = SD_JWT.split("~")
    stray = base64.urlsafe_b64encode(b'["s","x",1]').rstrip(b"=").decode()
    short = {"bits": 1, "lst": base64.urlsafe_b64encode(zlib.compress(b"0")).rstrip(b"=").decode()}
    tasks = {
        "all disclosed": with_list(),
        "nothing disclosed": with_list(first + "~"),
        "some disclosed": with_list("~".join([first, disclosures[1], end])),
        "revoked": with_list(listed=token_list(9)),
        "another is revoked": with_list(listed=token_list(8, 10)),
        "no list": with_list(statusLists={}),
        "a stale list": with_list(listed=token_list(exp=int(AT.timestamp()) - 1)),
        "a list of another": with_list(listed=token_list(sub="https://another.example")),
        "a list of two bits": with_list(listed=token_list(status_list={**short, "bits": 2})),
        "a list of three bits": with_list(listed=token_list(status_list={"bits": 3, "lst": ""})),
        "a short list": with_list(listed=token_list(status_list=short)),
        "a list that is none": with_list(listed=token_list(status_list="x")),
        "a list that is not packed": with_list(
            listed=token_list(status_list={"bits": 1, "lst": "AAAA"})
        ),
        "out of scope": with_list(trustList=trust_list().sign(ROOT_KEY).decode()),
        "a disclosure twice": with_list("~".join([first, *disclosures, disclosures[0], end])),
        "a disclosure of nothing": with_list(f"{first}~{stray}~{end}"),
        "a key binding": with_list(SD_JWT + "a.b.c"),
        "a changed signature": with_list(SD_JWT.replace("~", "A~", 1)),
        "no jws": with_list("AAAA.AAAA.AAAA~"),
        "no disclosures at all": with_list(first),
    }
    base = read("_evidence")
    sent = [
        {"credential": item["credential"], "evidence": {**base, **item["evidence"]}}
        for item in tasks.values()
    ]
    verdicts = set()
    for name, task, result in zip(tasks, sent, run(sent), strict=True):
        known, at = evidence_from(task["evidence"])
        report = examine(task["credential"].encode(), known, at=at)
        assert (result["verdict"], result["steps"]) == (report.verdict, steps_of(report)), name
        verdicts.add(report.verdict)
    assert verdicts == {"valid", "valid_with_warnings", "cannot_tell", "invalid"}


def test_the_page_puts_disclosures_in_place_as_the_rfc_does() -> None:
    tasks = [
        {"kind": "present", "data": base64.b64encode(text).decode()}
        for text in (SD_JWT.encode(), RFC_9901_SD_JWT)
    ]
    for text, result in zip((SD_JWT.encode(), RFC_9901_SD_JWT), run(tasks), strict=True):
        assert result["canonical"] == canonicalize(decode_presentation(text).payload).decode()


def test_the_page_has_no_way_to_the_network() -> None:
    text = page_file().read_text("utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy is not None
    assert "default-src 'none'" in policy[1]
    assert not re.search(r"src=|import\(|fetch\(|XMLHttpRequest|WebSocket|innerHTML", text)
    assert set(re.findall(r"<(\w+)[^>]* href=[\"']?([^\"'> ]+)", text)) == {
        ("a", "/")
    }  # the way back
    addresses = set(re.findall(r"https?:[^\s\"'<)]+", text))
    assert addresses == {
        "https://www.w3.org/ns/credentials/v2",
        "https://id.maker.example/01/09520123456788/21/BP-0001",
    }


def test_any_status_entry_is_judged_alike() -> None:
    base = read("_evidence")
    good = status_entry(REVOCATION, "revocation", 5)
    entries: list[Any] = [
        good,
        [good, {**good, "statusPurpose": "message"}],
        [{**good, "statusListIndex": "0x5"}],
        [{**good, "statusListIndex": "123456789"}],
        [],
        "text",
        [None],
    ]
    made = [signed(passport(credentialStatus=item), MAKER_KEY).decode() for item in entries]
    tasks = [{"credential": credential, "evidence": base} for credential in made]
    for task, result in zip(tasks, run(tasks), strict=True):
        known, at = evidence_from({})
        report = examine(task["credential"].encode(), known, at=at)
        assert result["steps"] == steps_of(report)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_the_page_reads_a_bundle_and_holds_members_to_their_hashes(compression: int) -> None:
    base = read("_evidence")
    members = {
        "credential/00001": ("credential", "1", CREDENTIAL),
        "did_document/00002": ("did_document", MAKER, canonicalize(base["didDocuments"][MAKER])),
        "status_list/00003": ("status_list", REVOCATION, base["statusLists"][REVOCATION].encode()),
    }
    results = []
    for damage in (b"", b" "):
        rows = [
            {"path": path, "kind": kind, "name": name, "sha256": hashlib.sha256(data).hexdigest()}
            for path, (kind, name, data) in members.items()
        ]
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", compression) as archive:
            for path, (_, _, data) in members.items():
                archive.writestr(path, data + damage)
            manifest = {"format": "voltpass-bundle/1", "madeAt": "", "members": rows}
            archive.writestr("manifest.json", json.dumps(manifest))
        results.append({"kind": "bundle", "data": base64.b64encode(buffer.getvalue()).decode()})
    whole, damaged = run(results)
    assert whole == {"credentials": 1, "didDocuments": [MAKER], "statusLists": [REVOCATION]}
    assert damaged == {"reason": "not_a_bundle"}


def test_the_script_of_the_page_is_its_modules_and_each_asks_only_for_what_another_gives() -> None:
    page = page_file().read_text("utf-8")
    given, asked = {}, []
    for name, body in re.findall(
        r"modules\.(\w+) = \(\(\) => \{\n(.*?)\n\}\)\(\);", page, re.DOTALL
    ):
        *_, last = body.splitlines()
        given[name] = set(re.findall(r"\w+", last)) - {"return"}
        asked += [
            (name, module, wanted)
            for names, module in re.findall(r"const (\{[^}]*\}) = modules\.(\w+);", body)
            for wanted in re.findall(r"\w+", names)
        ]
        asked += [(name, "der", wanted) for wanted in re.findall(r"\bder\.(\w+)", body)]
    assert [item for item in asked if item[2] not in given[item[1]]] == []
    files = {file.stem for file in SOURCES.glob("*.js")} - {"page"}
    assert set(given) == files | {"restricted_attributes"}
    assert not re.search(r"^(?:import|export) ", page, re.MULTILINE)


def test_every_source_of_the_page_is_short_enough_to_be_read() -> None:
    lengths = {file.name: len(file.read_text("utf-8").splitlines()) for file in SOURCES.iterdir()}
    assert {name: lines for name, lines in lengths.items() if lines > 400} == {}
