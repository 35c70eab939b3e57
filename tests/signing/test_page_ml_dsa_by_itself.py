"""ML-DSA-44 as the page computes it where WebCrypto has it not, against OpenSSL's (`cryptography`)."""

import base64
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import sync_playwright

from signing.errors import InvalidSignatureError
from signing.keys.software_key import MlDsa44Key
from signing.keys.verifying_key import from_jwk
from tests.signing.page import page_file, run
from tests.signing.test_page_ml_dsa import CASES, tasks
from tests.signing.world import secret

CHROMIUM: Final = Path("/usr/bin/chromium")
# FIPS 204 table 1 and algorithm 26: the commitment's hash, four rows of 256 answers of 18 bits, the hints.
CHALLENGE, ANSWERS, OMEGA, ROWS = 32, 4 * 576, 80, 4
HINTS: Final = CHALLENGE + ANSWERS


def signatures() -> list[tuple[MlDsa44Key, bytes, bytes]]:
    """Keys, and messages of many lengths, each with a signature that leaves room for another hint."""
    keys = [MlDsa44Key.from_secret(secret(f"ml-dsa {number}")) for number in range(3)]
    data = hashlib.shake_128(b"messages").digest(400)
    made = [
        next(
            (key, message, signature)
            for message in (data[start : start + length] for start in range(100))
            if last_row(signature := key.sign(message)) < OMEGA
        )
        for key in keys
        for length in (1, 66, 71, 136, 300)
    ]
    empty = keys[0].sign(b"")
    return [*made, (keys[0], b"", empty)] if last_row(empty) < OMEGA else made


def changed(signature: bytes, place: int, to: Callable[[int], int]) -> bytes:
    spoilt = bytearray(signature)
    spoilt[place] = to(spoilt[place])
    return bytes(spoilt)


def exchanged(signature: bytes) -> bytes:
    """The first two hints of the first row that has two, in the other order: they say the same."""
    ends = [0, *signature[HINTS + OMEGA :]]
    start = next(ends[row] for row in range(ROWS) if ends[row + 1] - ends[row] > 1)
    spoilt = bytearray(signature)
    first, second = HINTS + start, HINTS + start + 1
    spoilt[first], spoilt[second] = spoilt[second], spoilt[first]
    return bytes(spoilt)


def last_row(signature: bytes) -> int:
    return signature[HINTS + OMEGA + ROWS - 1]


SPOILT: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "the hash": lambda signature: changed(signature, 0, lambda byte: byte ^ 1),
    "an answer": lambda signature: changed(signature, CHALLENGE, lambda byte: byte ^ 1),
    # 17 bits of 18 that are zero stand for an answer beyond what is allowed.
    "an answer too large": lambda signature: (
        signature[:CHALLENGE] + b"\0\0\0" + signature[CHALLENGE + 3 :]
    ),
    "the last answer": lambda signature: changed(signature, HINTS - 1, lambda byte: byte ^ 128),
    "a hint": lambda signature: changed(signature, HINTS, lambda byte: byte ^ 1),
    "hints in another order": exchanged,
    "hints after the last": lambda signature: changed(signature, HINTS + OMEGA - 1, lambda _: 1),
    "more hints than there may be": lambda signature: changed(
        signature, HINTS + OMEGA + ROWS - 1, lambda _: OMEGA + 1
    ),
    "a row that ends before it begins": lambda signature: changed(
        signature, HINTS + OMEGA + ROWS - 1, lambda _: 0
    ),
    "one byte fewer": lambda signature: signature[:-1],
    "one byte more": lambda signature: signature + b"\0",
    "nothing": lambda _: b"",
}


def _says_openssl(key: MlDsa44Key, signature: bytes, data: bytes) -> bool:
    try:
        from_jwk(key.public_jwk).verify(signature, data)
    except InvalidSignatureError:
        return False
    return True


def test_the_page_takes_the_signatures_that_openssl_takes_and_no_other() -> None:
    made = signatures()
    wanted, tasks_of_keys = [], []
    for place, (key, data, signature) in enumerate(made):
        pairs = [(signature, data), (signature, data + b"x")]
        pairs += [(spoil(signature), data) for spoil in SPOILT.values()]
        pairs += [(made[place - 1][2], data)]
        wanted.append([_says_openssl(key, *pair) for pair in pairs])
        assert wanted[-1] == [True] + [False] * (len(pairs) - 1)
        encoded = [[base64.b64encode(item).decode() for item in pair] for pair in pairs]
        tasks_of_keys.append({"kind": "signatures", "jwk": key.public_jwk, "pairs": encoded})
    assert run(tasks_of_keys) == wanted


_EXAMINE: Final = """async tasks => {
  const found = [];
  const readJson = item => Voltpass.parseStrict(Voltpass.utf8(JSON.stringify(item)));
  for (const { credential, evidence } of tasks) {
    const mapped = (items, read) =>
      Object.fromEntries(Object.entries(items ?? {}).map(([name, item]) => [name, read(item)]));
    const report = await Voltpass.examine(Voltpass.utf8(credential), {
      didDocuments: mapped(evidence.didDocuments, item => readJson(item)),
      trustList: await Voltpass.readTrustList(Voltpass.utf8(evidence.trustList), evidence.trustRoots),
      statusLists: mapped(evidence.statusLists, Voltpass.utf8),
      logProof: Voltpass.utf8(evidence.logProof),
      expectedIdentifier: evidence.expectedIdentifier ?? null,
    }, Voltpass.fromInstant(evidence.at));
    const step = report.steps.find(({ step }) => step === "log_inclusion");
    found.push([step.outcome, step.reasonCode, report.verdict]);
  }
  return found;
}"""
# A browser whose WebCrypto knows neither the name nor the key.
_TAKEN_AWAY: Final = """
const known = SubtleCrypto.prototype.importKey;
SubtleCrypto.prototype.importKey = function (format, key, algorithm, ...rest) {
  if (algorithm.name === "ML-DSA-44") return Promise.reject(new DOMException("", "NotSupportedError"));
  return known.call(this, format, key, algorithm, ...rest);
};
"""


@pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's Chromium is not installed")
def test_chromium_finds_the_same_with_its_own_ml_dsa_44_and_without() -> None:
    expected = [list(case.expected) for case in CASES.values()]
    found: list[Any] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--disable-gpu"])
        for script in ("", _TAKEN_AWAY):
            page = browser.new_page()
            page.add_init_script(script)
            page.goto(page_file().as_uri())
            found.append(page.evaluate(_EXAMINE, tasks()))
        browser.close()
    assert found == [expected, expected]
