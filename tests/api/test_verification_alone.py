"""`voltpass verify` for somebody who has nothing but a file: light, no network, exit codes with a meaning."""

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from api.settings import Settings
from passports.attributes.table import Granularity
from passports.attributes.view import passport_sheet, restricted_presentation
from passports.data_carrier import draw
from passports.documents import utc_now
from passports.operators import get_operator
from passports.resolve import evidence_from_store
from passports.seals import seal_of
from passports.trust import build_trust_list
from passports.verification.bundle import Bundle, write_bundle
from signing.credentials import decode
from signing.keys.software_key import P256Key
from tests.api.command_line import invoke
from tests.passports.restricted_world import give_restricted
from tests.worlds import GTIN, MAKER, NOW, World

# What is heavy, and what a verifier must not need: the engine, the database, the server.
SCRIPT = """
import json, sys
from api.cli import main
codes = []
for path in sys.argv[1:]:
    sys.argv = ["voltpass", "verify", path, "--offline", "--json"]
    try:
        main()
        codes.append(0)
    except SystemExit as ended:
        codes.append(ended.code or 0)
heavy = {"sqlalchemy", "sqlmodel", "alembic", "psycopg", "numpy", "scipy", "fastapi", "reportlab"}
loaded = [m for m in sys.modules if m.partition(".")[0] in heavy or m.startswith("passports.store")]
engine = [m for m in sys.modules if m.startswith("lca.") and m != "lca.errors"]
print(json.dumps({"codes": codes, "loaded": loaded + engine}))
"""


def verify(*paths: Path, home: Path) -> list[tuple[int, dict[str, Any]]]:
    """Verify files one after the other in a process beside this; return exit codes and documents."""
    environment = {**os.environ, "VOLTPASS_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *map(str, paths)],
        check=True,
        capture_output=True,
        env=environment,
        timeout=60,
    )
    *documents, told = (json.loads(line) for line in done.stdout.decode().splitlines())
    assert told["loaded"] == []
    return list(zip(told["codes"], documents, strict=True))


@pytest.fixture
def home(sqlite_world: World, tmp_path: Path) -> Path:
    """A home in which the trust list of the world is pinned."""
    settings, root = Settings(home=tmp_path / "home"), P256Key.from_secret(bytes([5]) * 32)
    settings.home.mkdir()
    world = sqlite_world
    trust_list = build_trust_list(world.store, world.keyring, world.address, utc_now())
    settings.trust_list_path.write_bytes(trust_list.sign(root))
    settings.trust_root_path.write_text(json.dumps(dict(root.public_jwk)))
    return settings.home


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    """A server on this machine that is nobody's business, and what it was asked."""
    asked: list[str] = []

    class Remembers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Remembers) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


def test_a_file_cannot_make_the_verifier_reach_into_the_users_machine(
    listener: tuple[str, list[str]], home: Path, tmp_path: Path
) -> None:
    base, asked = listener
    port = base.rpartition(":")[2]
    payload = {
        "issuer": {"id": f"did:web:127.0.0.1%3A{port}:x"},
        "credentialStatus": [{"statusListCredential": f"{base}/list"}],
        "credentialSubject": {"id": f"{base}/01/{GTIN}/21/A"},
    }
    parts = (b'{"alg":"ES256","typ":"vc+jwt"}', json.dumps(payload).encode(), bytes(64))
    file = tmp_path / "passport.jwt"
    file.write_bytes(b".".join(base64.urlsafe_b64encode(p).rstrip(b"=") for p in parts))
    invoke("verify", file, home=home)
    invoke("verify", file, home=home, VOLTPASS_PUBLIC_URL="http://127.0.0.1:9")
    picture = tmp_path / "code.png"
    picture.write_bytes(draw(f"{base}/01/{GTIN}/21/A", "png"))
    invoke("verify", picture, home=home)
    assert asked == []
    invoke("verify", f"{base}/01/{GTIN}/21/A", home=home)
    assert asked == [f"/01/{GTIN}/21/A"]
    invoke("verify", file, home=home, VOLTPASS_PUBLIC_URL=base)
    assert asked[1:] == ["/x/did.json"]  # it is not signed: where it says to lead is not asked


def test_an_address_that_nobody_set_is_not_this_homes_own(tmp_path: Path) -> None:
    assert Settings(home=tmp_path).own_addresses == []
    assert Settings(home=tmp_path, public_url="http://localhost:1").own_addresses
    (tmp_path / "voltpass.sqlite3").touch()
    assert Settings(home=tmp_path).own_addresses == ["http://127.0.0.1:8000"]


def test_a_thin_picture_cannot_be_read_and_is_no_fault(home: Path, tmp_path: Path) -> None:
    picture = tmp_path / "thin.png"
    Image.new("1", (1, 1_000_000)).save(picture)
    done = invoke("verify", picture, home=home)
    assert done.returncode == 2
    assert "on a side" in done.stdout + done.stderr


def restricted(world: World) -> bytes:
    passport = world.issue("SN-1").passports[0].id
    give_restricted(world, passport)
    with world.store.reading() as reading:
        owner = get_operator(reading, MAKER)
    return restricted_presentation(
        world.store, owner, lambda t: passport_sheet(t, passport), Granularity.ITEM, NOW
    )


def test_an_sd_jwt_verifies_from_a_file(sqlite_world: World, home: Path, tmp_path: Path) -> None:
    credential = restricted(sqlite_world)
    alone, changed, whole = (tmp_path / name for name in ("a.sd-jwt", "b.sd-jwt", "c.zip"))
    alone.write_bytes(credential + b"\n")
    disclosures = credential.split(b"~")
    changed.write_bytes(
        b"~".join([disclosures[0], *disclosures[2:], disclosures[1][:-4] + b"AAAA~"])
    )
    evidence = evidence_from_store(sqlite_world.records(), [credential])
    whole.write_bytes(write_bundle(Bundle(credentials=[credential], evidence=evidence), NOW))
    by_itself, spoilt, in_a_bundle = verify(alone, changed, whole, home=home)

    code, document = by_itself
    assert (code, document["verdict"]) == (2, "cannot_tell")  # its status list is not at hand
    steps = {step["step"]: step["outcome"] for step in document["passports"][0]["steps"]}
    assert steps["signature"] == steps["issuer_trusted"] == steps["schema"] == "passed"
    code, document = spoilt
    assert (code, document["passports"][0]["failedStep"]) == (1, "parse")
    # As time goes by, the trust list and the status list of this world grow stale.
    code, document = in_a_bundle
    assert code == 0, document
    assert document["verdict"] in {"valid", "valid_with_warnings"}


def test_a_seal_verifies_from_a_file(sqlite_world: World, home: Path, tmp_path: Path) -> None:
    sqlite_world.issue("SN-1")
    credential = sqlite_world.credential("SN-1")
    with sqlite_world.store.reading() as reading:
        key = sqlite_world.keyring.current(reading, MAKER)
        did = get_operator(reading, MAKER).did
    path = tmp_path / "seal.txt"
    path.write_text(seal_of(credential, decode(credential).payload, did, key))
    [(code, document)] = verify(path, home=home)
    assert (code, document["verdict"]) == (0, "valid_with_warnings")
