"""signing/README.md is a promise: every reason that a verification can give stands in it."""

import re
from pathlib import Path

import signing
from signing import canonical, jws, multibase, seal, selective_disclosure, signed_note, status_list
from signing import transparency_log as log
from signing.certificate_chain import _MAX_CERTIFICATES
from signing.envelope import _CLOCK_SKEW
from signing.instants import _YEAR_5000
from signing.report import STEPS, Finding, numbered

FOLDER = Path(signing.__file__).parent
README = (FOLDER / "README.md").read_text("utf-8")

# Reasons that come from making documents or keys, and never from examining a credential.
NOT_FROM_VERIFYING = {
    # Told in the message of `key_not_trusted`.
    "certificate_of_another",
    "certificate_of_another_key",
    "chain_not_trusted",
    "not_a_certificate",
    "bundle_cut_off",
    "claim_missing",
    "digest_differs",
    "entry_too_long",
    "frontier",
    "key_contradicts_itself",
    "key_not_for_signatures",
    "log_shrank",
    "no_such_size",
    "not_a_did_url",
    "not_a_gs1_prefix",
    "not_a_jwk",
    "not_a_key_file",
    "not_a_point",
    "not_a_trust_list",
    "not_a_url",
    "not_a_witness_request",
    "not_an_index",
    "not_an_origin",
    "not_canonicalizable",
    "not_did_web",
    "not_https",
    "private_key_published",
    "proof_exists",
    "tile_length",
    "unknown_key_type",
    "unknown_role",
}


def reasons() -> set[str]:
    patterns = (
        r'Finding\(\s*"\w+",\s*"(\w+)"',
        r'MalformedDocumentError\(\s*"(\w+)"',
        r'InvalidInclusionError\(\s*"log_inclusion",\s*"(\w+)"',
    )
    found = {"algorithm_not_allowed", "header_not_allowed", "revoked", "suspended"}
    for file in FOLDER.rglob("*.py"):
        text = file.read_text("utf-8")
        for pattern in patterns:
            found.update(re.findall(pattern, text))
    return found


def test_every_reason_of_a_verification_is_in_the_readme() -> None:
    missing = {reason for reason in reasons() if f"`{reason}`" not in README}
    assert missing == NOT_FROM_VERIFYING & missing
    assert reasons() >= NOT_FROM_VERIFYING - {"digest_differs"}


def test_the_readme_names_the_steps_in_their_order() -> None:
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", README, re.MULTILINE)
    assert rows == [(str(number), step) for number, step in enumerate(STEPS, start=1)]


def test_the_readme_states_the_limits_that_the_code_sets() -> None:
    kib, text = 1024, README.replace("\n", " ")
    limits = {
        f"more than {canonical.MAX_BYTES // kib} KiB (`too_large`)",
        f"more than {canonical.MAX_DEPTH} arrays and objects within each other",
        f"{jws._MAX_COMPACT:,} bytes in all, {jws._MAX_HEADER:,} characters of header",
        f"(not {jws.SIGNATURE_BYTES} bytes)",
        f"base58btc (at most {multibase._MAX_BASE58} characters)",
        f"from 0 to below {_YEAR_5000:,}",
        f"{_CLOCK_SKEW.seconds // 60} minutes are forgiven",
        (
            f"more than {selective_disclosure._MAX_TOTAL // kib**2} MiB "
            f"or {selective_disclosure._MAX_DISCLOSURES:,} disclosures"
        ),
        f"at most {status_list.MAX_LENGTH // 8 // kib**2} MiB, whole",
        f"at least {status_list.MIN_LENGTH:,} entries",
        f"1 to {len(str(status_list.MAX_LENGTH))} decimal digits",
        f"At most {signed_note._MAX_NOTE // kib} KiB and {signed_note._MAX_SIGNATURES} signatures",
        f"one base64 hash a line (at most {log._MAX_PROOF_HASHES - 1})",
        f"base64 DER, 1 to {_MAX_CERTIFICATES} certificates",
        f"more than {seal._MAX_BYTES:,} bytes; `not_cbor`",
        f"of more than {2 * seal._MAX_BYTES:,} characters",
        *(f"`{name}`" for name in jws.FORBIDDEN_HEADERS),
    }
    assert {limit for limit in limits if limit not in text} == set()


def test_the_verdict_is_what_the_readme_says() -> None:
    passed = [Finding("passed", "x", "") for _ in STEPS]
    indispensable = re.search(r"if one of steps ([\d, ]+) was not checked", README)
    assert indispensable
    numbers = {int(number) for number in indispensable[1].split(", ")}
    for number in range(1, len(STEPS) + 1):
        unchecked = [*passed]
        unchecked[number - 1] = Finding("not_checked", "x", "")
        expected = "cannot_tell" if number in numbers | {10, 11} else "valid"
        expected = "valid_with_warnings" if number == 5 else expected
        assert numbered(tuple(unchecked))[0] == expected, number
    passed[10] = Finding("not_checked", "no_status_entry", "")
    assert numbered(tuple(passed))[0] == "valid"
