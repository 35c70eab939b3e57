"""What `voltpass verify` says of several batteries, and to somebody who has pinned nothing yet."""

import json
from pathlib import Path
from typing import Any

import pytest

from api.commands import verifying
from passports.verification.bundle import write_bundle
from signing.did_web import PublicKeyEntry, build_document
from signing.keys.software_key import P256Key
from tests.api.command_line import invoke, one_document
from tests.worlds import ADDRESS, GTIN, NOW, World

ROOT = P256Key.from_secret(bytes([9]) * 32)
SERIALS = [f"SN-{number}" for number in range(1, 6)]


@pytest.fixture(autouse=True)
def process_keeps_its_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """An audit hook stays for good, and this process has other tests to run; offline asks nobody anyway."""
    monkeypatch.setattr(verifying, "block_network", lambda: None)


@pytest.fixture
def folder(sqlite_world: World, tmp_path: Path) -> Path:
    """Five passports with one damaged, and a trust list with its root key as a server publishes it."""
    sqlite_world.issue(*SERIALS)
    bundle = sqlite_world.bundle()
    bundle.credentials[2] = bundle.credentials[2][:-5] + b"AAAAA"
    (tmp_path / "ship.zip").write_bytes(write_bundle(bundle, NOW))
    (tmp_path / "one.jwt").write_bytes(bundle.credentials[0])
    (tmp_path / "list.jwt").write_bytes(sqlite_world.trust_list().sign(ROOT))
    entry = PublicKeyEntry(jwk=dict(ROOT.public_jwk))
    (tmp_path / "did.json").write_text(
        json.dumps(build_document("did:web:id.example.com", [entry]))
    )
    (tmp_path / "root.json").write_text(json.dumps(dict(ROOT.public_jwk)))
    return tmp_path


def trusting(folder: Path, root: str = "root.json") -> list[str | Path]:
    return ["--trust-list", folder / "list.jwt", "--trust-root", folder / root]


def damaged_serial(folder: Path) -> str:
    """The serial of the third passport of the bundle, whatever order the store gave them."""
    done = invoke("verify", folder / "ship.zip", "--offline", "--json", home=folder / "home")
    serial: str = one_document(done)["passports"][2]["serial"]
    assert serial in SERIALS
    return serial


def test_of_several_batteries_each_has_its_line_and_only_what_is_not_valid_its_steps(
    folder: Path,
) -> None:
    bad = damaged_serial(folder)
    done = invoke(
        "verify", folder / "ship.zip", "--offline", *trusting(folder), home=folder / "home"
    )
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    for number, serial in enumerate(SERIALS):
        (line,) = [one for one in lines[:5] if f" {serial}" in one]
        assert ("INVALID" in line) is (serial == bad), number
    (line,) = [one for one in lines[:5] if f" {bad}" in one]
    assert "as it says itself" in line
    assert "step 6 signature" in line
    assert f"{ADDRESS.base_url}/01/{GTIN}/21/{bad}" in lines
    assert sum("footprint_study" in one for one in lines) == 1
    assert "5 passports: INVALID (" in done.stdout
    assert "1 INVALID" in done.stdout


def test_each_entry_of_the_document_names_its_battery(folder: Path) -> None:
    done = invoke("verify", folder / "ship.zip", "--offline", "--json", home=folder / "home")
    entries: list[dict[str, Any]] = one_document(done)["passports"]
    assert {entry["serial"] for entry in entries} == set(SERIALS)
    for entry in entries:
        assert entry["link"] == f"{ADDRESS.base_url}/01/{GTIN}/21/{entry['serial']}"
        assert entry["passportId"].startswith("urn:uuid:")
        assert {"verdict", "checkedAt", "failedStep", "steps"} <= set(entry)


def test_who_has_pinned_nothing_is_told_how_to(folder: Path) -> None:
    done = invoke("verify", folder / "one.jwt", "--offline", home=folder / "home")
    assert "/.well-known/voltpass-trust-list" in done.stdout
    assert "--trust-list LIST --trust-root KEY" in done.stdout
    named = invoke(
        *("verify", folder / "one.jwt", "--offline", "--trust-list", folder / "list.jwt"),
        home=folder / "home",
    )
    assert named.returncode == 3
    assert "--trust-root" in named.stderr + named.stdout


@pytest.mark.parametrize("root", ["root.json", "did.json"])
def test_a_list_is_believed_under_a_root_key_that_is_named_and_its_fingerprint_is_said(
    folder: Path, root: str
) -> None:
    given = ("verify", folder / "one.jwt", "--offline", *trusting(folder, root))
    done = invoke(*given, home=folder / "home")
    assert f"believed under the root key {ROOT.kid}" in done.stdout
    assert "no trust list" not in done.stdout
    document = one_document(invoke(*given, "--json", home=folder / "home"))
    assert (document["trustRoot"], document["remedy"]) == (ROOT.kid, None)


@pytest.mark.parametrize("content", ["[]", "{", "{}", '{"verificationMethod": [{}]}', '{"kty": 7}'])
def test_what_is_no_root_key_is_refused(folder: Path, content: str) -> None:
    (folder / "wrong.json").write_text(content)
    done = invoke(
        *("verify", folder / "one.jwt", "--offline", "--json", *trusting(folder, "wrong.json")),
        home=folder / "home",
    )
    assert done.returncode in {2, 3}
    assert "passports" not in one_document(done)


def test_another_root_key_is_not_believed(folder: Path) -> None:
    other = P256Key.from_secret(bytes([8]) * 32)
    (folder / "other.json").write_text(json.dumps(dict(other.public_jwk)))
    done = invoke(
        *("verify", folder / "one.jwt", "--offline", *trusting(folder, "other.json")),
        home=folder / "home",
    )
    assert done.returncode == 2
