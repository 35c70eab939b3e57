"""An operator's key in a token: passports are signed there, and verify like any other."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from passports.errors import IdentifierConflictError
from passports.key_changes import rotate_key
from passports.keyring import Keyring
from signing.errors import KeyUnavailableError
from signing.keys import create_key, pkcs11_token
from tests.signing import simulated_token, test_devices
from tests.signing.simulated_token import PIN, Token
from tests.worlds import MAKER, NOW, World

LATER = NOW + timedelta(seconds=1)


@dataclass(frozen=True)
class Elsewhere:
    """A world and a token beside it."""

    world: World
    place: test_devices.Place

    def rotate(self, label: str) -> str:
        """Let the maker sign with a key of the token from now on."""
        world, uri = self.world, self.place.uri(label)
        return rotate_key(world.store, world.keyring, world.address, MAKER, LATER, uri).new_kid


@pytest.fixture(params=["simulated", "softhsm"])
def elsewhere(
    request: pytest.FixtureRequest,
    sqlite_world: World,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Elsewhere]:
    """Yield a world whose keyring knows the PIN of a token."""
    old = sqlite_world.keyring
    keyring = Keyring(old.directory, old.passphrase, PIN.encode())
    keyring._opened.update(old._opened)
    world = replace(sqlite_world, keyring=keyring)
    if request.param == "softhsm":
        yield Elsewhere(world, test_devices.softhsm(tmp_path_factory))
        return
    for name, module in simulated_token.module(token := Token("voltpass")).items():
        monkeypatch.setitem(sys.modules, name, module)
    yield Elsewhere(world, test_devices.Place("/simulated.so", token))
    pkcs11_token._LOGINS.pop(("/simulated.so", "voltpass"), None)


def label() -> str:
    """Return a name that no key in a token has yet."""
    return f"maker-{os.urandom(4).hex()}"


def test_passports_signed_in_a_token_verify(elsewhere: Elsewhere) -> None:
    world = elsewhere.world
    kid = elsewhere.rotate(label())
    world.issue("SN-1")
    report = world.verify(world.credential("SN-1"), at=LATER)
    assert report.step("signature").message.endswith(kid)
    assert report.verdict == "valid_with_warnings"  # its certificate is a paper
    # Another process opens the key by its URI.
    fresh = Keyring(world.keyring.directory, world.keyring.passphrase, PIN.encode())
    with world.store.reading() as reading:
        assert fresh.current(reading, MAKER).kid == kid


def test_a_key_that_is_in_the_token_already_is_opened(elsewhere: Elsewhere) -> None:
    name = label()
    made = create_key(elsewhere.place.uri(name), PIN.encode())
    assert elsewhere.rotate(name) == made.kid


def test_a_retired_key_does_not_come_back(elsewhere: Elsewhere) -> None:
    name = label()
    elsewhere.rotate(name)
    elsewhere.rotate(label())
    with pytest.raises(IdentifierConflictError):
        elsewhere.rotate(name)


def test_a_key_for_another_algorithm_signs_no_passport(sqlite_world: World) -> None:
    world = sqlite_world
    path = world.keyring.directory / f"{label()}.json"
    create_key(f"file:{path}", world.keyring.passphrase, algorithm="Ed25519")
    with pytest.raises(KeyUnavailableError) as refused:
        rotate_key(world.store, world.keyring, world.address, MAKER, LATER, f"file:{path}")
    assert refused.value.reason == "wrong_algorithm"
    with pytest.raises(KeyUnavailableError) as refused:
        rotate_key(world.store, world.keyring, world.address, MAKER, LATER, "usb:x")
    assert refused.value.reason == "unknown_scheme"
