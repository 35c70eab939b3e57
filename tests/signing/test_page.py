"""The page for browsers gives the same steps and reasons as the Python verifier, in Node's WebCrypto."""

import base64
import hashlib
import io
import json
import re
import shutil
import subprocess
import zipfile
from typing import Any

import pytest

from signing.canonical import canonicalize, parse_strict
from signing.errors import MalformedDocumentError
from signing.status_list import status_entry
from signing.verify import examine
from tests.paths import ROOT
from tests.signing.log_world import CREDENTIAL, LOG, PROOF, compromised, log_entries, logged
from tests.signing.test_canonical import REFUSED
from tests.signing.test_verify import NAMES, evidence_from, read
from tests.signing.world import (
    MAKER,
    MAKER_KEY,
    REVOCATION,
    ROOT_KEY,
    entry,
    passport,
    signed,
    trust_list,
)

PAGE = ROOT / "api" / "pages" / "static" / "verify.html"
RUNNER = ROOT / "tests" / "signing" / "assets" / "run_page.cjs"


def run(tasks: list[Any]) -> list[Any]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed")
    made = subprocess.run(
        [node, str(RUNNER), str(PAGE)],
        input=json.dumps(tasks).encode(),
        capture_output=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr.decode()
    results: list[Any] = json.loads(made.stdout)
    return results


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
        steps = [[step.step, step.outcome, step.reason_code] for step in report.steps]
        assert result["steps"] == steps, name
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


def test_the_page_leaves_what_it_cannot_do_undecided() -> None:
    (result,) = run([{"credential": "AAAA.AAAA.AAAA~", "evidence": read("_evidence")}])
    assert result["verdict"] == "cannot_tell"
    assert result["steps"][0] == ["parse", "not_checked", "form_not_supported"]


def test_the_page_has_no_way_to_the_network() -> None:
    text = PAGE.read_text("utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy is not None
    assert "default-src 'none'" in policy[1]
    assert not re.search(r"(?:src|href)=|import\(|fetch\(|XMLHttpRequest|WebSocket|innerHTML", text)
    assert "http" not in text.replace("https://www.w3.org/ns/credentials/v2", "").replace(
        "https://id.maker.example", ""
    ).replace("http-equiv", "")


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
        assert result["steps"] == [[s.step, s.outcome, s.reason_code] for s in report.steps]


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
