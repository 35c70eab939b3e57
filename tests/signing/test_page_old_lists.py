"""The page keeps to the newest trust list, in whatever order lists and bundles are dropped on it."""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import FilePayload, Page, sync_playwright

from signing.canonical import canonicalize
from signing.did_web import PublicKeyEntry
from signing.instants import format_instant
from signing.trust import TrustList, trusted_key
from tests.signing.page import page_file
from tests.signing.world import (
    AT,
    MAKER,
    MAKER_KEY,
    ROOT_KEY,
    STRANGER,
    STRANGER_KEY,
    did_document,
    entry,
    passport,
    signed,
)

CHROMIUM: Final = Path("/usr/bin/chromium")
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's Chromium is not installed")


def listed(days: int) -> bytes:
    """The list of some day; since the last one the maker's key is known to be compromised."""
    stolen = PublicKeyEntry(MAKER_KEY.public_jwk, revoked=AT if days == 0 else None)
    made = TrustList(
        AT - timedelta(days=days),
        AT + timedelta(days=36_500),
        (entry(keys=(trusted_key(stolen),), valid_until=AT + timedelta(days=36_500)),),
    )
    return made.sign(ROOT_KEY)


def bundle(trusted: bytes) -> bytes:
    """A passport by the stolen key, with a DID document and a trust list of earlier days."""
    credential = signed(passport(credentialStatus=None))
    members = {
        "credential": ("1", credential),
        "did_document": (MAKER, canonicalize(did_document())),
        "trust_list": ("", trusted),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        rows = []
        for kind, (name, data) in members.items():
            archive.writestr(kind, data)
            digest = hashlib.sha256(data).hexdigest()
            rows.append({"path": kind, "kind": kind, "name": name, "sha256": digest})
        made_at = format_instant(AT)
        manifest = {"format": "voltpass-bundle/1", "madeAt": made_at, "members": rows}
        archive.writestr("manifest.json", json.dumps(manifest))
    return buffer.getvalue()


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--disable-gpu"])
        opened = browser.new_page()
        opened.clock.set_fixed_time(AT)
        yield opened
        browser.close()


def found(page: Page, *files: bytes) -> str:
    """What the page says of the signature, with files dropped one after another."""
    page.goto(page_file().as_uri())
    page.fill("#root", json.dumps(dict(ROOT_KEY.public_jwk)))
    dropped: list[FilePayload] = [
        {"name": f"{number}", "mimeType": "", "buffer": data} for number, data in enumerate(files)
    ]
    page.set_input_files("#files", dropped)
    page.wait_for_selector("#loaded:has-text('1 passport')")
    page.click("#check")
    page.wait_for_selector("#result table")
    return page.inner_text("#result")


NEW, OLD = listed(0), listed(30)
STRANGERS: Final = TrustList(AT, AT + timedelta(days=1), (entry(STRANGER, STRANGER_KEY),)).sign(
    STRANGER_KEY
)


@pytest.mark.parametrize("files", [(NEW, bundle(OLD)), (bundle(OLD), NEW), (bundle(NEW), OLD)])
def test_an_old_trust_list_in_a_bundle_brings_no_compromised_key_back(
    page: Page, files: tuple[bytes, ...]
) -> None:
    assert "key_revoked" in found(page, *files)


def test_the_list_that_there_is_counts(page: Page) -> None:
    assert "signature_valid" in found(page, bundle(OLD))
    assert "signature_valid" in found(page, bundle(OLD), STRANGERS)
