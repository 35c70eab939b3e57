"""A key file under another passphrase: the same key, and the old passphrase opens it no more."""

from pathlib import Path

import pytest

from signing.errors import KeyUnavailableError
from signing.keys import create_key, open_key
from signing.keys.encrypted_file import resealed

OLD, NEW = b"the old passphrase", b"the new passphrase"


def test_a_resealed_key_is_the_same_key_under_the_new_passphrase_alone(tmp_path: Path) -> None:
    file = tmp_path / "maker.key"
    uri = f"file:{file}"
    key = create_key(uri, OLD)
    before = file.read_bytes()
    after = resealed(uri, OLD, NEW)
    assert file.read_bytes() == before  # to write it is for the caller
    file.write_bytes(after)
    assert open_key(uri, NEW).kid == key.kid
    for old in (OLD, b""):
        with pytest.raises(KeyUnavailableError) as caught:
            open_key(uri, old)
        assert caught.value.reason == "wrong_passphrase_or_damaged"


def test_a_key_is_resealed_by_who_opens_it_and_never_without_a_passphrase(tmp_path: Path) -> None:
    uri = f"file:{tmp_path / 'maker.key'}"
    create_key(uri, OLD)
    for old, new, reason in (
        (NEW, OLD, "wrong_passphrase_or_damaged"),
        (OLD, b"", "empty_passphrase"),
    ):
        with pytest.raises(KeyUnavailableError) as caught:
            resealed(uri, old, new)
        assert caught.value.reason == reason
