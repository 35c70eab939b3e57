"""`voltpass operator` and `voltpass keys` by command line: identifiers, authorisations, transfers, keys."""

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from passports.documents import utc_now
from passports.keyring import Keyring
from passports.store import Store
from tests.api.command_line import invoke
from tests.worlds import AUTHORITY, IMPORTER, MAKER, MODEL, World, populate

DAY = f"{utc_now() + timedelta(days=60):%Y-%m-%d}"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the world's records, two passports and somebody who could take them over."""
    folder = tmp_path_factory.mktemp("authority")
    settings = {"VOLTPASS_PUBLIC_URL": "https://id.example.com"}
    done = invoke("operator", "roles", "--json", home=folder, **settings)
    assert done.returncode == 0
    # The command line makes its own passphrase: the same keys have to open for it.
    (folder / "keys").mkdir(exist_ok=True)
    (folder / "keys" / "passphrase").write_text("for tests", encoding="ascii")
    store = Store(f"sqlite:///{folder / 'voltpass.sqlite3'}")
    store.migrate()
    world = World(store, Keyring(folder / "keys", b"for tests"))
    populate(store, world.keyring)
    world.issue("SN-1", "SN-2")
    store.close()
    return folder


@pytest.fixture
def call(home: Path) -> Any:
    """Run a command that prints JSON."""

    def calling(*arguments: str | Path, code: int = 0) -> Any:
        settings = {"VOLTPASS_PUBLIC_URL": "https://id.example.com"}
        done = invoke(*arguments, "--json", home=home, **settings)
        assert done.returncode == code, (arguments, done.stdout, done.stderr)
        return json.loads(done.stdout or done.stderr)

    return calling


def test_an_identifier_is_claimed_by_its_operator_and_verified_by_an_authority(call: Any) -> None:
    lei = ("lei", "506700GE1G29325QX363", "--operator", MAKER)
    assert call("operator", "claim", *lei)["verified"] is False
    proof = ("--method", "registry", "--evidence", "search.gleif.org", "--on", "2026-11-20")
    refused = call("operator", "verify", *lei, "--by", MAKER, *proof, code=1)
    assert refused["type"] == "urn:voltpass:problem:not-allowed"
    assert call("operator", "verify", *lei, "--by", AUTHORITY, *proof)["verified_by"] == AUTHORITY
    [shown] = call("operator", "identifiers", "--operator", MAKER)
    assert (shown["value"], shown["method"]) == ("506700GE1G29325QX363", "registry")


def test_a_wrong_check_digit_is_named(call: Any) -> None:
    refused = call("operator", "claim", "vat", "DE136695978", "--operator", MAKER, code=1)
    assert "check digits" in refused["findings"][0]["reason"]


def test_an_authorisation_keeps_the_hash_of_its_paper(call: Any, tmp_path: Path) -> None:
    paper = tmp_path / "mandate.pdf"
    paper.write_bytes(b"%PDF-1.7 mandate")
    given = call(
        *("operator", "authorise", IMPORTER, "--operator", MAKER, "--action", "issue"),
        *("--until", DAY, "--document", paper, "--model", MODEL),
    )
    assert given["document_sha256"] == hashlib.sha256(paper.read_bytes()).hexdigest()
    [listed] = call("operator", "authorisations", "--operator", IMPORTER)
    assert listed == given
    end = ("--operator", MAKER, "--reason", "it ended")
    ended = call("operator", "withdraw-authorisation", given["id"], *end)
    assert ended["revoked_by"] == MAKER
    assert call("operator", "acts", "--operator", MAKER)["acts"] == []


def test_responsibility_passes_with_the_second_signature(call: Any, home: Path) -> None:
    taker = home / "taker.json"
    document = {"id": "taker", "name": "T", "roles": ["importer"], "country": "FR"}
    taker.write_text(json.dumps(document), encoding="utf-8")
    call("keys", "register", taker)
    store = Store(f"sqlite:///{home / 'voltpass.sqlite3'}")
    with store.reading() as reading:
        first, second = (row.id for row in reading.passports.page())
    store.close()

    def offer(passport: str) -> Any:
        reason = ("--reason", "sold on", "--until", DAY)
        return call(
            "operator",
            "offer-transfer",
            "taker",
            "--operator",
            IMPORTER,
            "--passport",
            passport,
            *reason,
        )

    link = call("passport", "show", second)["credential"]["credentialSubject"]["id"]
    kept, dropped = offer(first), offer(link)
    assert second in str(dropped)
    assert kept["state"] == "offered"
    end = ("--operator", "taker", "--reason", "not wanted")
    assert call("operator", "end-transfer", dropped["id"], *end)["state"] == "declined"
    call("operator", "accept-transfer", dropped["id"], "--operator", "taker", code=1)
    done = call("operator", "accept-transfer", kept["id"], "--operator", "taker")
    assert done["state"] == "accepted"
    states = {
        row["id"]: row["state"] for row in call("operator", "transfers", "--operator", "taker")
    }
    assert states == {kept["id"]: "accepted", dropped["id"]: "declined"}


def test_a_key_is_narrowed_and_replaced(call: Any) -> None:
    made = call("keys", "create", "--operator", MAKER, "--action", "read", "--action", "issue")
    new = call("keys", "replace", made["id"], "--operator", MAKER, "--overlap-hours", "1")
    assert new["replaces"] == made["id"]
    keys = {
        key["id"]: key
        for row in call("keys", "list")
        if row["operator"] == MAKER
        for key in row["api_keys"]
    }
    assert keys[new["id"]]["actions"] == ["issue", "read"]
    assert keys[made["id"]]["expires_at"] is not None
    call("keys", "replace", made["id"], "--operator", MAKER, code=1)


def test_for_people_the_same_is_said_in_sentences(home: Path, call: Any) -> None:
    call("operator", "claim", "gln", "9520123456788", "--operator", IMPORTER)
    for arguments, said in (
        (("operator", "roles"), "manufacturer: "),
        (("operator", "identifiers", "--operator", IMPORTER), "claimed, not verified"),
        (("operator", "authorisations", "--operator", MAKER), ""),
        (("operator", "acts", "--operator", MAKER), ""),
        (("operator", "transfers", "--operator", IMPORTER), ""),
    ):
        done = invoke(*arguments, home=home, VOLTPASS_PUBLIC_URL="https://id.example.com")
        assert (done.returncode, said in done.stdout) == (0, True), done.stdout


def test_an_acceptance_is_given_listed_and_ended_by_command(call: Any) -> None:
    accept = ("operator", "accept-responsibility", MAKER, "--operator", IMPORTER)
    given = call(*accept, "--until", DAY, "--model", MODEL)
    assert (given["state"], given["models"], given["maker"]) == ("in_force", [MODEL], MAKER)
    listed = call("operator", "acceptances", "--operator", MAKER)
    assert listed == call("operator", "acceptances", "--operator", IMPORTER)
    assert given in listed
    end = ("operator", "end-acceptance", given["id"], "--reason", "it ended", "--operator")
    assert call(*end, MAKER, code=1)["findings"][0]["value"] == given["id"]
    assert call(*end, IMPORTER)["state"] == "ended"
    refused = call(*accept, "--until", "2026-01-01", code=1)
    assert refused["findings"][0]["field"] == "valid_until"
    refused = call(
        *("operator", "accept-responsibility", IMPORTER, "--operator", MAKER, "--until", DAY),
        code=1,
    )
    assert "outside the Union" in refused["findings"][0]["reason"]
