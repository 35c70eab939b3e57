"""`voltpass registry` as it is called: held back, then sending to a registry double over HTTP."""

from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from api.settings import Settings
from api.wiring import Voltpass
from passports.documents import utc_now
from passports.identifiers import parse_digital_link
from passports.resolve import find_passport
from tests.api.command_line import invoke, one_document
from tests.passports.registry_double import RegistryDouble, listening
from tests.worlds import ADDRESS, IMPORTER, MAKER, World, populate

PASSPHRASE = "a passphrase for tests"
TOKEN = "a-token-that-nobody-may-see"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two passports in it."""
    folder = tmp_path_factory.mktemp("registry") / "home"
    voltpass = Voltpass(
        Settings(home=folder, public_url=ADDRESS.base_url, key_passphrase=PASSPHRASE)  # type: ignore[arg-type] # pydantic reads it
    )
    populate(voltpass.store, voltpass.keyring)
    World(voltpass.store, voltpass.keyring, voltpass.address).issue("SN-1", "SN-2")
    voltpass.close()
    return folder


@pytest.fixture(scope="module")
def double(home: Path) -> Iterator[RegistryDouble]:
    """A registry that reads the passports of that home."""
    voltpass = Voltpass(Settings(home=home))

    def read_sha256(identifier: str) -> str | None:
        return sha256(
            find_passport(voltpass.store, parse_digital_link(identifier)).credential
        ).hexdigest()

    with listening(RegistryDouble(read_sha256, utc_now)) as registry:
        yield registry
    voltpass.close()


def call(home: Path, *arguments: str, code: int = 0, **changes: str) -> Any:
    """Run a command; return the document that it printed."""
    settings = {
        "VOLTPASS_PUBLIC_URL": ADDRESS.base_url,
        "VOLTPASS_KEY_PASSPHRASE": PASSPHRASE,
        "VOLTPASS_REGISTRY_TOKEN": TOKEN,
        **changes,
    }
    done = invoke("registry", *arguments, "--json", home=home, **settings)
    assert done.returncode == code, done.stdout + done.stderr
    assert TOKEN not in done.stdout + done.stderr
    return one_document(done)


def test_the_whole_way_from_held_back_to_proofs(home: Path, double: RegistryDouble) -> None:
    of_maker = ("--operator", MAKER)
    held = call(home, "send", *of_maker, code=1)
    assert held["type"].endswith("registry-held-back")
    for operator in (MAKER, IMPORTER):
        in_a_year = f"{utc_now() + timedelta(days=365):%Y-%m-%d}"
        until = ("--until", in_a_year, "--evidence", "EU-REF-7")
        assert call(home, "enrol", operator, *until)["operator"] == operator
    status = call(home, "status", *of_maker)
    assert (status["ready"], status["batteries_open"], status["registry_url"]) == (2, False, None)
    switched_on: dict[str, Any] = {
        "VOLTPASS_REGISTRY_URL": double.url,
        "VOLTPASS_REGISTRY_BATTERIES": "true",
    }
    double.refused_identifiers = {f"{ADDRESS.base_url}/01/09520123456788/21/SN-2"}
    sent = call(home, "send", *of_maker, code=1, **switched_on)
    assert (sent["registered"], sent["refused"]) == (1, 1)
    double.refused_identifiers = set()
    sent = call(home, "send", "--again", *of_maker, **switched_on)
    assert (sent["registered"], sent["refused"]) == (1, 0)
    proofs = call(home, "proofs", *of_maker)
    assert len({proof["registration_id"] for proof in proofs}) == 2
    assert double.tokens == {f"Bearer {TOKEN}"}
    assert set(double.times_registered.values()) == {1}


@pytest.mark.parametrize("url", ["http://registry.example", "ftp://127.0.0.1", "registry"])
def test_a_registry_is_reached_by_https_or_on_this_machine(home: Path, url: str) -> None:
    problem = call(home, "status", "--operator", MAKER, code=3, VOLTPASS_REGISTRY_URL=url)
    (finding,) = problem["findings"]
    assert finding["field"] == "VOLTPASS_REGISTRY_URL"
    assert finding["reason"] == "it must be https, or http on loopback"
