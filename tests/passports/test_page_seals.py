"""A seal that names the host of its link, beside links of this host and of others: page and Python alike."""

from dataclasses import replace
from urllib.parse import urlsplit

from passports.seals import HOST, verify_seal
from signing.canonical import canonicalize
from signing.cbor import CborValue
from signing.seal import sign_seal, to_text
from tests.passports.page_agreement import ISSUERS, believing, text
from tests.passports.test_checks import LINK
from tests.passports.test_page_files import FACTS, SEAL
from tests.signing.page import run, steps_of
from tests.signing.world import AT, MAKER, MAKER_KEY, did_document

OWN = urlsplit(LINK).netloc
PATH = LINK.removeprefix(f"https://{OWN}")


def sealed(host: CborValue) -> str:
    return to_text(sign_seal(replace(SEAL, facts={**FACTS, HOST: host}), MAKER_KEY))


# Each with the link beside it, and what step 9 says.
CASES: dict[str, tuple[CborValue, str | None, str]] = {
    "the same host": (OWN, LINK, "identifier_matches"),
    "the same in capitals": (OWN, f"https://{OWN.upper()}{PATH}", "identifier_matches"),
    "the scheme's own port": (OWN, f"https://{OWN}:443{PATH}", "identifier_matches"),
    "another scheme": (OWN, f"http://{OWN}{PATH}", "identifier_matches"),
    "a host that is no text": (7, LINK, "identifier_matches"),
    "bytes": (OWN.encode(), LINK, "identifier_matches"),
    "another port": (OWN, f"https://{OWN}:8443{PATH}", "link_of_another_host"),
    "another host": (OWN, f"https://evil.example{PATH}", "link_of_another_host"),
    "a user": (OWN, f"https://{OWN}@evil.example{PATH}", "link_of_another_host"),
    "a host below": (OWN, f"https://x.{OWN}{PATH}", "link_of_another_host"),
    "sealed empty": ("", LINK, "link_of_another_host"),
    "sealed in capitals": (OWN.upper(), LINK, "identifier_matches"),
    "sealed with the scheme's own port": (f"{OWN}:443", LINK, "identifier_matches"),
    "sealed with another port": (f"{OWN}:80", LINK, "link_of_another_host"),
    "sealed with a path": (f"{OWN}/x", LINK, "identifier_matches"),
    "sealed with a user": (f"{OWN}@evil.example", LINK, "link_of_another_host"),
    "a sealed text that is no host": ("[x", LINK, "link_of_another_host"),
    "no link": (OWN, None, "no_scanned_link"),
    "another battery elsewhere": (OWN, f"https://evil.example{PATH}0", "identifier_mismatch"),
}


def test_a_seal_tells_a_link_of_another_host() -> None:
    tasks = [
        {
            "kind": "sealed_battery",
            "text": sealed(host),
            "evidence": {"didDocuments": {MAKER: text(canonicalize(did_document()))}},
            **believing(ISSUERS),
            "link": link,
        }
        for host, link, _ in CASES.values()
    ]
    results = run(tasks)
    for (name, (host, link, reason)), result in zip(CASES.items(), results, strict=True):
        report = verify_seal(sealed(host), {MAKER: did_document()}, ISSUERS, link, AT)
        assert report.step("identifier").reason_code == reason, name
        assert (result["verdict"], result["steps"]) == (report.verdict, steps_of(report)), name
        if host != "[x":  # of what is no host, each shows what it could read
            assert result["messages"][8] == report.step("identifier").message, name


def test_a_host_that_was_changed_in_a_seal_refuses_it() -> None:
    code = sealed(OWN)
    data = sign_seal(replace(SEAL, facts={**FACTS, HOST: OWN}), MAKER_KEY)
    forged = to_text(data.replace(OWN.encode(), b"e" + OWN.encode()[1:]))
    assert code != forged
    report = verify_seal(forged, {MAKER: did_document()}, ISSUERS, LINK, AT)
    assert (report.verdict, report.step("signature").reason_code) == (
        "invalid",
        "signature_invalid",
    )
