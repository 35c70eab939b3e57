"""signing/README.md is a promise: every reason that a verification can give stands in it."""

import re
from pathlib import Path

import signing
from signing.report import STEPS

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
