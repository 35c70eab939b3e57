"""Two homes, one address: what the first voltpass printed is served, and verifies, from the second."""

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.serving import free_port, serving_in_background
from api.settings import Settings
from api.wiring import Voltpass
from passports.authority.api_keys import create_api_key
from passports.documents import utc_now
from passports.operators import EconomicOperatorCreate, register_operator
from tests import worlds
from tests.api.command_line import invoke, one_document, run, run_one_after_the_other
from tests.passports.restricted_world import give_restricted, telltales
from tests.worlds import MAKER, World, populate

PASSPHRASE = "a passphrase for tests"


@dataclass(frozen=True)
class Homes:
    """The home of the maker's voltpass, an empty second one, and their common address."""

    first: Path
    second: Path
    port: int
    links: tuple[str, ...]
    passports: tuple[str, ...]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def settings(self, home: Path) -> dict[str, str]:
        return {
            "VOLTPASS_PUBLIC_URL": self.url,
            "VOLTPASS_KEY_PASSPHRASE": PASSPHRASE,
            "VOLTPASS_HOME": str(home),
        }

    def voltpass(self, home: Path) -> Voltpass:
        return Voltpass(
            Settings(home=home, public_url=self.url, key_passphrase=PASSPHRASE)  # type: ignore[arg-type] # pydantic reads it
        )

    def call(self, home: Path, *arguments: str | Path) -> Any:
        """Run a command in a home; return the document that it printed."""
        done = invoke(*arguments, "--json", home=home, **self._env(home))
        assert done.returncode == 0, done.stdout + done.stderr
        return one_document(done)

    def refused(self, home: Path, *arguments: str | Path) -> dict[str, Any]:
        """Run a command that is refused; return the problem that it printed."""
        done = invoke(*arguments, "--json", home=home, **self._env(home))
        assert done.returncode == 1, done.stdout + done.stderr
        document: dict[str, Any] = one_document(done)
        return document

    def _env(self, home: Path) -> dict[str, str]:
        return {k: v for k, v in self.settings(home).items() if k != "VOLTPASS_HOME"}


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Homes:
    """A maker's home with passports in it, served once, and an archive of all of it."""
    folder = tmp_path_factory.mktemp("homes")
    first, second, port = folder / "first", folder / "second", free_port()
    voltpass = Voltpass(
        Settings(home=first, public_url=f"http://127.0.0.1:{port}", key_passphrase=PASSPHRASE)  # type: ignore[arg-type] # as above
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(worlds, "ADDRESS", voltpass.address)
        populate(voltpass.store, voltpass.keyring)
    world = World(voltpass.store, voltpass.keyring, voltpass.address)
    issued = world.issue("SN-1", "SN/2", "SN-3")
    give_restricted(world, issued.passports[0].id)
    voltpass.write_trust_list(utc_now())
    voltpass.close()
    links = tuple(p.link for p in issued.passports)
    return Homes(first, second, port, links, tuple(p.id for p in issued.passports))


@pytest.fixture(scope="module")
def archive(
    homes: Homes, published: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """All of the maker, as it was when its server was last asked: that signs lists anew in their time."""
    assert published
    path = tmp_path_factory.mktemp("archive") / "maker.zip"
    report = homes.call(
        homes.first,
        "passport",
        "bundle",
        "--archive",
        "--confidential",
        "--operator",
        MAKER,
        "-o",
        path,
    )
    assert report["rows"]["passport"] == 3
    return path


def paths_of(homes: Homes) -> dict[str, str]:
    """Return what is published about the first passport, with the media type to ask for."""
    passport = homes.passports[0]
    credential = json.loads(
        httpx.get(homes.links[0], headers={"Accept": "application/json"}).content
    )["credential"]
    subject = credential["credentialSubject"]
    statuses = credential["credentialStatus"]
    entries = statuses if isinstance(statuses, list) else [statuses]
    return {
        **dict.fromkeys(homes.links, "application/vc+jwt"),
        f"{homes.url}/v1/passports/{passport}": "application/json",
        f"{homes.url}/v1/passports/{passport}/qr.svg": "*/*",
        f"{homes.url}/operators/{MAKER}/did.json": "*/*",
        **{entry["statusListCredential"]: "*/*" for entry in entries},
        **{
            s["study"]: "application/vnd.voltpass.footprint+json"
            for s in subject["carbonFootprint"]
        },
        **{c["document"]: "*/*" for c in subject["factoryCertificates"]},
        **{c["status"]: "*/*" for c in subject["factoryCertificates"]},
        credential["transparencyLog"]["proof"]: "*/*",
        f"{homes.url}/log/checkpoint": "*/*",
        f"{homes.url}/log/tile/0/000.p/3": "*/*",
        f"{homes.url}/log/tile/entries/000.p/3": "*/*",
    }


def fetched(homes: Homes, urls: Mapping[str, str]) -> dict[str, bytes]:
    answers = {url: httpx.get(url, headers={"Accept": accept}) for url, accept in urls.items()}
    assert {a.status_code for a in answers.values()} == {200}, answers
    return {url: answer.content for url, answer in answers.items()}


@pytest.fixture(scope="module")
def published(homes: Homes) -> dict[str, bytes]:
    """What the first server published, by URL, while it ran."""
    with serving_in_background(homes.voltpass(homes.first), "127.0.0.1", homes.port):
        urls = paths_of(homes)
        return fetched(homes, urls)


@pytest.fixture(scope="module")
def moved(homes: Homes, archive: Path, published: dict[str, bytes]) -> Iterator[Voltpass]:
    """The second voltpass at the first one's address; nobody serves the first one's home any more."""
    root = homes.first / "trust-root.jwk.json"
    report = homes.call(homes.second, "archive", "import", archive, "--trust-root", root)
    assert (report["trust"], report["imported"]) == ("pinned", True)
    voltpass = homes.voltpass(homes.second)
    with serving_in_background(voltpass, "127.0.0.1", homes.port):
        yield voltpass


def test_everything_is_served_under_the_same_links_byte_for_byte(
    homes: Homes, moved: Voltpass, published: dict[str, bytes]
) -> None:
    again = fetched(homes, paths_of(homes))
    assert set(again) == set(published)
    for url, body in published.items():
        if not url.endswith("/status"):  # it says at which instant it was asked
            assert again[url] == body, url


def test_everything_still_verifies_by_link_from_the_second_home(
    homes: Homes, moved: Voltpass, tmp_path: Path
) -> None:
    own_list = tmp_path / "verifier"
    shutil.copytree(homes.first, own_list)
    for name in ("voltpass.sqlite3", "keys"):  # a verifier of its own, with the list it had pinned
        path = own_list / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    commands = [("verify", link, "--json") for link in homes.links]
    for done in run_one_after_the_other(*commands, home=own_list):
        assert done.returncode == 0, done.stdout + done.stderr
        [report] = one_document(done)["passports"]
        steps = {step["step"]: step["outcome"] for step in report["steps"]}
        assert "failed" not in steps.values()
        for step in ("signature", "issuer_trusted", "status", "log_inclusion", "identifier"):
            assert steps[step] == "passed", (step, report)


def test_the_page_says_valid_and_who_keeps_it(homes: Homes, moved: Voltpass) -> None:
    page = httpx.get(homes.links[0], headers={"Accept": "text/html"})
    assert page.status_code == 200
    text = page.text.lower()
    assert "not trusted" not in text
    assert "verdict-invalid" not in text
    assert "kept from an archive" in text


def test_a_container_list_is_verified_from_the_second_home(homes: Homes, moved: Voltpass) -> None:
    rows = "\n".join(("link", *homes.links)).encode()
    headers = {"Content-Type": "text/csv"}
    answer = httpx.post(f"{homes.url}/v1/shipments", content=rows, headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text
    counts = answer.json()["counts"]
    assert counts.get("valid", 0) + counts.get("valid_with_warnings", 0) == len(homes.links)


@pytest.fixture(scope="module")
def public_only(homes: Homes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Another voltpass at an address of its own, which keeps a public archive."""
    folder = tmp_path_factory.mktemp("public")
    home, port = folder / "home", free_port()
    homes.call(
        homes.first, "passport", "bundle", "--archive", "--operator", MAKER, "-o", folder / "p.zip"
    )
    third = Homes(homes.first, home, port, homes.links, homes.passports)
    root = homes.first / "trust-root.jwk.json"
    report = third.call(home, "archive", "import", folder / "p.zip", "--trust-root", root)
    assert report["audience"] == "public"
    with serving_in_background(third.voltpass(home), "127.0.0.1", port) as url:
        yield url


def test_the_host_of_a_maker_that_is_kept_elsewhere_is_right_for_its_labels(
    homes: Homes, public_only: str
) -> None:
    copied = homes.links[1].replace(homes.url, "http://evil.example")
    rows = "\n".join(("link", homes.links[0], copied)).encode()
    headers = {"Content-Type": "text/csv"}
    answer = httpx.post(f"{public_only}/v1/shipments", content=rows, headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text
    own, other = answer.json()["rows"]
    assert own["passport_link"] == own["link"] == homes.links[0]
    assert "link_of_another_host" not in own["reason_codes"]
    assert (other["link"], other["passport_link"]) == (copied, homes.links[1])
    assert "link_of_another_host" in other["reason_codes"]


def test_a_public_archive_is_served_at_another_address_and_nothing_of_it_is_a_fault(
    homes: Homes, public_only: str
) -> None:
    passport = homes.passports[0]
    path = homes.links[0].removeprefix(homes.url)
    page = httpx.get(public_only + path, headers={"Accept": "text/html"}, timeout=30)
    assert page.status_code == 200
    assert homes.links[0] in page.text  # the link on the label, not this server's
    assert "Valid" in page.text
    for target in (
        f"/v1/passports/{passport}",
        f"/v1/passports/{passport}/attributes",
        f"/v1/passports/{passport}/log-proof",
        f"/v1/passports/{passport}/label.svg",
        f"/v1/passports/{passport}/versions",
        f"/v1/dpps/urn:uuid:{passport}",
        f"/facilities/{MAKER}/plant",
        f"/operators/{MAKER}/did.json",
        "/compare",
    ):
        assert httpx.get(public_only + target, timeout=30).status_code == 200, target
    host = homes.url.removeprefix("http://")
    head = httpx.get(f"{public_only}/log/checkpoint", headers={"Host": host})
    assert head.content.startswith(f"{host}/log\n5\n".encode())


def test_restricted_data_stay_closed_while_the_operator_lives_and_open_to_their_audiences_after(
    homes: Homes, moved: Voltpass
) -> None:
    create = EconomicOperatorCreate(
        id="authority", name="Authority", roles=["market_surveillance"], country="DE"
    )
    register_operator(moved.store, moved.keyring, moved.address, create, utc_now())
    with moved.store.transaction() as transaction:
        token = create_api_key(transaction, "authority", "t", utc_now()).token
    asked = {"Authorization": f"Bearer {token}"}
    url = f"{homes.url}/v1/passports/{homes.passports[0]}/attributes"
    closed = httpx.get(url, headers=asked)
    assert closed.status_code == 200
    assert not [text for text in telltales() if text in closed.text]
    standing = httpx.get(f"{homes.url}/v1/operators/{MAKER}/continuity").json()
    assert (standing["standing"], standing["kept_from"]) == ("kept", homes.url)
    opened = homes.call(homes.second, "archive", "open", MAKER, "--reason", "insolvency 7/2026")
    assert opened["standing"] == "ceased"
    answer = httpx.get(url, headers=asked)
    assert [text for text in telltales() if text in answer.text]
    public = httpx.get(url)
    assert not [text for text in telltales() if text in public.text]
    log = homes.call(homes.second, "access", "log", "--operator", MAKER)
    assert "operator_ceased" in json.dumps(log)
    standing = httpx.get(f"{homes.url}/v1/operators/{MAKER}/continuity").json()
    assert (standing["standing"], standing["reason"]) == ("ceased", "insolvency 7/2026")
    listed = homes.call(homes.second, "archive", "list")
    assert [item["operator"] for item in listed] == [MAKER]


def test_writes_are_refused_with_a_reason_and_the_store_is_sound(
    homes: Homes, moved: Voltpass
) -> None:
    why = ("--operator", MAKER, "--reason", "a recall")
    problem = homes.refused(homes.second, "passport", "revoke", homes.passports[0], *why)
    assert problem["type"].endswith("operator-read-only")
    reason = problem["findings"][0]["reason"]
    assert homes.url in reason or "ceased" in reason
    report = homes.call(homes.second, "fsck")
    assert report["sound"], report["faults"]
    assert report["checked"]["kept_logs"] == 1
    secured = httpx.get(homes.links[0], headers={"Accept": "application/vc"})
    assert secured.status_code == 406
    problem = secured.json()
    assert problem["type"].endswith("form-unavailable")
    [finding] = problem["findings"]
    assert (finding["field"], finding["value"]) == ("Accept", "application/vc")
    assert "nobody signs for this operator" in finding["reason"]
    for media_type in ("application/vc+jwt", "application/json", "text/html"):
        assert media_type in finding["remedy"]
        there = httpx.get(homes.links[0], headers={"Accept": media_type})
        assert (there.status_code, there.headers["content-type"].partition(";")[0]) == (
            200,
            media_type,
        )
    either = {"Accept": "application/vc, application/json;q=0.5"}
    assert httpx.get(homes.links[0], headers=either).json()["id"] == homes.passports[0]


def test_the_archive_of_the_demonstrations_format_still_verifies_offline(
    homes: Homes, archive: Path, tmp_path: Path
) -> None:
    """The evidence bundle keeps its format beside archives."""
    del archive
    home = homes.first
    bundle = tmp_path / "bundle.zip"
    homes.call(home, "passport", "bundle", homes.links[0], "-o", bundle)
    done = run(
        "verify", bundle, "--offline", "--json", home=home
    )  # it closes its process's network
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("arguments", [["--trust-on-first-use", "--check"], []])
def test_what_import_says_without_a_pin(
    homes: Homes, archive: Path, tmp_path: Path, arguments: list[str]
) -> None:
    third = tmp_path / "third"
    if arguments:
        report = homes.call(third, "archive", "import", archive, *arguments)
        assert (report["trust"], report["imported"]) == ("first_use", False)
        assert homes.call(third, "archive", "list") == []
    else:
        problem = homes.refused(third, "archive", "import", archive)
        assert "--trust-root" in problem["findings"][0]["reason"]


def test_a_file_that_is_not_there_and_a_root_that_is_none_are_named(
    homes: Homes, archive: Path, tmp_path: Path
) -> None:
    for arguments, field in (
        (("import", tmp_path / "none.zip"), "file"),
        (("import", archive, "--trust-root", archive), "trust-root"),
    ):
        done = invoke("archive", *arguments, "--json", home=tmp_path / "h", **homes._env(tmp_path))
        assert done.returncode == 3
        assert one_document(done)["findings"][0]["field"] == field


def test_an_archive_of_everybody_leaves_the_servers_own_operator_out(
    homes: Homes, archive: Path, tmp_path: Path
) -> None:
    del archive
    home = homes.first
    report = homes.call(home, "passport", "bundle", "--all", "-o", tmp_path / "all.zip")
    assert MAKER in report["operators"]
    assert "platform" not in report["operators"]
    assert report["audience"] == "public"
