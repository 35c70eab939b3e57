"""The whole line by HTTP alone: from an empty store to a passport that a stranger verifies."""

import base64
import io
import json
from datetime import timedelta
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from api.platform import PLATFORM_ID, ensure_platform
from passports import data_carrier
from passports.documents import utc_now
from signing.credentials import decode
from tests.api.caller import JSON, PROBLEM, Answer, Caller, batch
from tests.worlds import (
    ADDRESS,
    AUTHORITY,
    FACILITY,
    GTIN,
    IMPORTER,
    MAKER,
    MODEL,
    demo_input,
    inventory,
    operators,
)


def bearer(token: str) -> dict[str, str]:
    """Return the headers of a call with this key."""
    return {**JSON, "authorization": f"Bearer {token}"}


def build_line(caller: Caller) -> dict[str, Answer]:
    """Register everything and issue a batch, each step by the key that the step before gave."""
    ensure_platform(caller.voltpass, utc_now())
    answers: dict[str, Answer] = {}
    keys: dict[str, str] = {}
    for operator in operators():
        document = operator.model_dump(mode="json", exclude_none=True)
        answer = caller.post("/v1/operators", document, by=PLATFORM_ID)
        answers[operator.id] = answer
        keys[operator.id] = answer.json()["api_key"]

    def post(name: str, target: str, document: Any) -> None:
        body = json.dumps(document).encode()
        answers[name] = caller.send("POST", target, bearer(keys[MAKER]), body)

    given = demo_input("facilities.json")[0]
    post("facility", "/v1/facilities", {**given["facility"], "id": FACILITY})
    post("energy", f"/v1/facilities/{FACILITY}/energy", given["energy"])
    certificate = {
        "facility_id": FACILITY,
        "scheme": "PAS2060",
        "certified": True,
        "holder": "The plant",
        "issuer": "SGS",
        "evidence": "document",
        "source": "made for a test",
        "document": base64.b64encode(b"%PDF-1.7 a certificate").decode(),
    }
    post("certificate", "/v1/certificates", certificate)
    post("model", "/v1/battery-models", demo_input("model.json"))
    study = {
        "model_id": MODEL,
        "facility_id": FACILITY,
        "rulesets": ["da-2024", "jrc-2023"],
        "inventory": inventory(),
    }
    post("footprints", "/v1/footprints", study)
    until = (utc_now() + timedelta(days=365)).isoformat()
    acceptance = json.dumps({"maker": MAKER, "valid_until": until}).encode()
    answers["accepted"] = caller.send(
        "POST", "/v1/responsibility-acceptances", bearer(keys[IMPORTER]), acceptance
    )
    post("rehearsed", "/v1/batches?dry_run=true", batch())
    post("issued", "/v1/batches", batch())
    post("again", "/v1/batches", batch())
    return answers


def test_a_maker_goes_from_registration_to_passports_by_http_alone(empty: Caller) -> None:
    answers = build_line(empty)

    assert {name: a.status for name, a in answers.items()} == {
        "maker": 201,
        "rival": 201,
        "importer": 201,
        "authority": 201,
        "facility": 201,
        "energy": 201,
        "certificate": 201,
        "model": 201,
        "footprints": 201,
        "accepted": 201,
        "rehearsed": 200,
        "issued": 201,
        "again": 200,
    }
    studies = answers["footprints"].json()["studies"]
    assert [study["ruleset"] for study in studies] == ["da-2024", "jrc-2023"]
    assert all(0.05 < study["result"]["kg_co2e_per_kwh"] < 0.5 for study in studies)
    issued, again = answers["issued"].json(), answers["again"].json()
    rehearsed = answers["rehearsed"].json()
    foretold, known = rehearsed.pop("completeness"), issued["completeness"]
    assert rehearsed == {"batch": None, "created": False, "passports": []}
    assert foretold["asked"] == known["asked"]
    assert foretold["given"] < known["given"] <= foretold["given"] + foretold["comes_later"]
    assert (issued["created"], again["created"]) == (True, False)
    assert issued["batch"] == again["batch"]
    assert sorted(p["id"] for p in issued["passports"]) == sorted(
        p["id"] for p in again["passports"]
    )

    passport = issued["passports"][0]
    assert passport["link"] == f"{ADDRESS.base_url}/01/{GTIN}/21/SN-1"
    path = passport["link"].removeprefix(ADDRESS.base_url)
    signed = empty.get(path, accept="application/vc+jwt")
    assert decode(signed.body).payload["id"] == f"urn:uuid:{passport['id']}"
    verdict = empty.post("/v1/verify", {"link": passport["link"]}).json()
    assert verdict["verdict"] in {"valid", "valid_with_warnings"}
    assert verdict["credential"]["credentialSubject"]["serialNumber"] == "SN-1"

    rows = empty.get("/v1/regulator/footprints?recompute=true", by=AUTHORITY).json()["rows"]
    assert [row["recomputed"]["equal"] for row in rows] == [True, True]
    assert empty.get("/healthz").json()["database"] in {"sqlite", "postgresql"}


LINK = f"/01/{GTIN}/21/SN-1"


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "application/json"),
        ("", "application/json"),
        ("application/json", "application/json"),
        ("application/vc+jwt", "application/vc+jwt"),
        ("Application/VC+JWT", "application/vc+jwt"),
        ("application/jwt", "application/vc+jwt"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("application/json, text/html;q=0.5", "application/json"),
        ("text/html;q=0, application/json", "application/json"),
        ("application/vc+jwt;q=0.1, application/json;q=0.2", "application/json"),
        ("image/png", "application/json"),
        ("text/html;q=nonsense", "application/json"),
    ],
)
def test_the_printed_link_answers_in_the_form_that_accept_names(
    issued: Caller, accept: str, media_type: str
) -> None:
    answer = issued.get(LINK, accept=accept)

    assert (answer.status, answer.media_type) == (200, media_type)
    by_language = ", Accept-Language" if media_type == "text/html" else ""
    assert answer.headers["vary"] == f"Accept{by_language}"


@pytest.mark.parametrize("accept", ["application/json", "application/vc+jwt"])
def test_a_current_copy_is_answered_with_304_and_no_body(issued: Caller, accept: str) -> None:
    first = issued.get(LINK, accept=accept)
    etag = first.headers["etag"]

    for sent in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = issued.send("GET", LINK, {"accept": accept, "if-none-match": sent})
        assert (again.status, again.body) == (304, b"")
        assert again.headers["etag"] == etag
        assert again.headers["vary"] == "Accept"
    other = issued.send("GET", LINK, {"accept": accept, "if-none-match": '"other"'})
    assert (other.status, other.body) == (200, first.body)


def test_forms_of_a_passport_have_etags_of_their_own(issued: Caller) -> None:
    forms = ("application/json", "application/vc+jwt")
    assert len({issued.get(LINK, accept=form).headers["etag"] for form in forms}) == 2


def test_head_tells_what_get_would_send(issued: Caller) -> None:
    got = issued.get(LINK, accept="application/vc+jwt")
    head = issued.send("HEAD", LINK, {"accept": "application/vc+jwt"})

    assert head.status == 200
    assert {k: head.headers[k] for k in ("etag", "content-type", "content-length")} == {
        k: got.headers[k] for k in ("etag", "content-type", "content-length")
    }


def test_a_serial_with_a_slash_resolves_by_its_encoded_link(issued: Caller) -> None:
    answer = issued.get(f"/01/{GTIN}/21/SN%2F2")

    assert answer.status == 200
    subject = answer.json()["credential"]["credentialSubject"]
    assert (subject["serialNumber"], answer.json()["link"]) == (
        "SN/2",
        f"{ADDRESS.base_url}/01/{GTIN}/21/SN%2F2",
    )


def test_the_signed_bytes_are_the_same_wherever_they_are_read(issued: Caller) -> None:
    by_link = issued.get(LINK, accept="application/vc+jwt").body
    document = issued.get(LINK).json()
    by_id = issued.get(f"/v1/passports/{document['id']}", accept="application/vc+jwt")

    assert by_link == by_id.body == document["signed"].encode()
    assert by_id.headers["vary"] == "Accept"
    assert issued.get(f"/v1/passports/{document['id']}").json() == document


def test_qr_codes_and_label_read_back_as_the_printed_link(issued: Caller) -> None:
    document = issued.get(LINK).json()
    base = f"/v1/passports/{document['id']}"

    png = issued.get(f"{base}/qr.png")
    assert data_carrier.read_image(png.body) == document["link"]
    assert png.headers["cache-control"].endswith("immutable")
    assert issued.get(f"{base}/qr.svg").body.lstrip().startswith(b"<?xml")
    label = issued.get(f"{base}/label.svg")
    assert label.media_type == "image/svg+xml"
    assert b"SN-1" in label.body
    assert issued.get(f"{base}/qr.gif").status == 422


def test_verification_says_which_step_failed(issued: Caller) -> None:
    link = ADDRESS.base_url + LINK
    credential = issued.get(LINK, accept="application/vc+jwt").body.decode()
    foreign = f"{ADDRESS.base_url}/01/{GTIN}/21/SN%2F2"
    header, payload, signature = credential.split(".")
    changed = ("A" if payload[100] != "A" else "B").join((payload[:100], payload[101:]))
    good = {"valid", "valid_with_warnings"}

    def verify(**document: str) -> dict[str, Any]:
        answer = issued.post("/v1/verify", document)
        assert answer.status == 200, answer.body
        found: dict[str, Any] = answer.json()
        return found

    assert verify(link=link)["verdict"] in good
    assert verify(credential=credential)["verdict"] in good
    assert verify(credential=credential, link=link)["verdict"] in good
    copied = verify(credential=credential, link=foreign)
    assert (copied["verdict"], copied["failedStep"]) == ("invalid", "identifier")
    forged = verify(credential=f"{header}.{changed}.{signature}")
    assert forged["verdict"] == "invalid"
    assert forged["failedStep"] in {"parse", "signature"}
    assert forged["credential"] is None
    unsigned = verify(credential=f"{header}.{payload}.")
    assert (unsigned["verdict"], unsigned["credential"]) == ("invalid", None)


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({}, "link"),
        ({"link": "https://elsewhere.example/no/battery"}, "link"),
        ({"link": ""}, "link"),
        ({"lnik": "https://id.example.com"}, "lnik"),
        ({"link": 5}, "link"),
    ],
)
def test_what_cannot_be_verified_is_refused_with_the_field(
    issued: Caller, document: dict[str, Any], field: str
) -> None:
    answer = issued.post("/v1/verify", document)

    assert answer.status == 422
    assert field in {finding["field"] for finding in answer.findings()}


def multipart(content: bytes) -> tuple[dict[str, str], bytes]:
    """Return headers and body of an uploaded picture."""
    head = b'--b\r\nContent-Disposition: form-data; name="image"; filename="l.png"\r\n\r\n'
    headers = {"content-type": "multipart/form-data; boundary=b"}
    return headers, head + content + b"\r\n--b--\r\n"


def test_a_picture_of_the_label_is_verified(issued: Caller) -> None:
    identifier = issued.get(LINK).json()["id"]
    png = issued.get(f"/v1/passports/{identifier}/qr.png").body
    jpeg = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").rotate(90, expand=True).save(jpeg, "JPEG")

    for picture in (png, jpeg.getvalue()):
        headers, body = multipart(picture)
        answer = issued.send("POST", "/v1/verify/image", headers, body)
        assert (answer.status, answer.json()["verdict"][:5]) == (200, "valid")


def test_a_picture_without_a_code_is_refused(issued: Caller) -> None:
    blank = io.BytesIO()
    Image.new("L", (200, 200), 255).save(blank, "PNG")
    two = io.BytesIO()
    pair = Image.new("L", (900, 400), 255)
    for left, text in ((0, "one"), (450, "two")):
        code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode)
        pair.paste(Image.fromarray(code.to_image(scale=8)), (left + 40, 40))
    pair.save(two, "PNG")

    for picture in (blank.getvalue(), two.getvalue(), b"\x89PNG broken"):
        headers, body = multipart(picture)
        answer = issued.send("POST", "/v1/verify/image", headers, body)
        assert (answer.status, answer.findings()[0]["field"]) == (422, "image")


def test_keys_and_trust_list_are_published(issued: Caller) -> None:
    server = issued.get("/.well-known/did.json")
    maker = issued.get(f"/operators/{MAKER}/did.json")
    trust_list = issued.get("/.well-known/voltpass-trust-list")

    assert server.media_type == maker.media_type == "application/did+json"
    key_set = issued.get(f"/operators/{MAKER}/jwks.json")
    assert key_set.media_type == "application/jwk-set+json"
    (key,) = key_set.json()["keys"]
    assert (key["alg"], key["use"]) == ("ES256", "sig")
    methods = maker.json()["verificationMethod"]
    assert [m["publicKeyJwk"]["x"] for m in methods if "publicKeyJwk" in m] == [key["x"]]
    assert methods[0]["id"].endswith("#" + key["kid"])
    assert server.json()["id"] == "did:web:id.example.com"
    assert maker.json()["id"] == f"did:web:id.example.com:operators:{MAKER}"
    assert trust_list.media_type == "application/jwt"
    listed = json.loads(base64.urlsafe_b64decode(trust_list.body.split(b".")[1] + b"=="))
    assert MAKER in json.dumps(listed)
    assert IMPORTER not in {name for entry in listed["entries"] for name in entry["names"]}
    assert b'"d"' not in server.body + maker.body


def test_an_empty_server_has_no_trust_list_to_offer(empty: Caller) -> None:
    answer = empty.get("/.well-known/voltpass-trust-list")
    assert (answer.status, answer.media_type) == (404, PROBLEM)


@pytest.fixture
def rows(unchanged: Caller) -> list[dict[str, Any]]:
    """The regulator's whole answer."""
    found: list[dict[str, Any]] = unchanged.get("/v1/regulator/footprints", by=AUTHORITY).json()[
        "rows"
    ]
    return found


def test_the_regulator_reads_a_page_at_a_time(
    unchanged: Caller, rows: list[dict[str, Any]]
) -> None:
    paged: list[dict[str, Any]] = []
    cursor = ""
    while True:
        target = f"/v1/regulator/footprints?limit=1{cursor}"
        page = unchanged.get(target, by=AUTHORITY).json()
        paged += page["rows"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert paged == rows
    assert len(rows) == 2
    figures = [row["kg_co2e_per_kwh"] for row in rows]
    assert figures == sorted(figures)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("ruleset=da-2024", 1),
        ("operator=maker", 2),
        ("operator=rival", 0),
        ("facility=plant&model=lfp-60&category=ev&country=CN", 2),
        ("country=DE", 0),
        ("category=lmt", 0),
        ("recompute=true&ruleset=jrc-2023", 1),
        ("include_superseded=true", 2),
    ],
)
def test_the_regulator_narrows_the_question(issued: Caller, query: str, expected: int) -> None:
    answer = issued.get(f"/v1/regulator/footprints?{query}", by=AUTHORITY)
    assert (answer.status, len(answer.json()["rows"])) == (200, expected)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=100000", "limit"),
        ("limit=ten", "limit"),
        ("cursor=nonsense", "cursor"),
        ("cursor=WzEsMl0", None),
        ("cursor=WyJuYW4iLCAiXHUwMDAwIl0", "cursor"),  # ["nan", "\u0000"]
        ("cursor=WzEsICJcdTAwMDAiXQ", "cursor"),  # [1, "\u0000"]
        ("rulset=da-2024", "rulset"),
        ("ruleset=unheard-of", "ruleset"),
        ("category=banana", "category"),
        ("country=Chinaland", "country"),
        ("operator=nobody", "operator"),
        ("recompute=perhaps", "recompute"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_with_its_field(
    unchanged: Caller, query: str, field: str | None
) -> None:
    answer = unchanged.get(f"/v1/regulator/footprints?{query}", by=AUTHORITY)

    if field is None:
        assert answer.status < 500
    else:
        assert answer.status == 422
        assert field in answer.findings()[0]["field"]
