"""The page that verifies in the browser: under a policy, kept as a file, reached from each passport."""

import base64
import hashlib
import re

from api.pages.offline import offline_page
from tests.api.caller import Answer, Caller
from tests.worlds import GTIN


def get(issued: Caller, path: str) -> Answer:
    return issued.send("GET", path, {"accept": "text/html"})


def test_the_page_is_served_with_its_own_scripts_and_no_network(issued: Caller) -> None:
    answer = get(issued, "/verify-offline")
    policy = answer.headers["content-security-policy"]
    parts = re.findall(rb"<(script|style)\b[^>]*>(.*?)</\1>", answer.body, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(text).digest()).decode() for _, text in parts]
    assert [name for name, _ in parts] == [b"style", b"script", b"script"]
    assert [digest for digest in digests if f"'sha256-{digest}'" not in policy] == []
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


def test_the_page_can_be_kept_and_is_the_one_that_is_served(issued: Caller) -> None:
    kept, served = get(issued, "/verify-offline/file"), get(issued, "/verify-offline")
    assert "attachment" in kept.headers["content-disposition"]
    assert kept.body == served.body == offline_page().content


def test_each_passport_leads_to_the_page_its_file_and_the_bundle(issued: Caller) -> None:
    page = get(issued, f"/01/{GTIN}/21/SN-1").body.decode()
    for address in ("/verify-offline", "/verify-offline/file"):
        assert f'href="{address}"' in page
    assert re.search(r'href="/passports/[^"]+/bundle\.zip"', page)
    assert "check it yourself, also offline" in page
