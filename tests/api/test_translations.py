"""The catalogs are whole, and no word of a page escapes them: found with a language that does not exist."""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, get_args

import pytest
from babel.messages.catalog import Catalog, Message

from api.environment import EnvironmentFaultError
from api.pages import catalogs, claim_words, footprint_card, languages, problem_words, render, words
from api.pages.languages import speaking
from api.pages.passport_view import Beside
from api.pages.reason_words import REASONS, explanation
from lca import functional_unit
from lca.rulesets import load_ruleset, ruleset_ids
from passports import errors
from passports.certification.certificate_schemes import certificate_schemes
from passports.certification.certificates import certificates_of
from passports.claim_checks import check_facility
from passports.factories import energy_periods, list_facilities
from passports.footprints import study_of
from passports.life.withdrawal import PassportState, Standing
from passports.models import list_models
from passports.operators import list_operators
from passports.press_reports import register_entry, shipped_entries
from passports.store import StudyFilter
from signing import report
from tests.api.caller import Caller
from tests.api.page_reader import LINK, QR, payload, verification
from tests.api.page_words import SaidWords, leaves
from tests.worlds import FACILITY, GTIN, MAKER, NOW

CODES: Final = sorted(code for code in languages.languages() if code != languages.ENGLISH)
PASSPORT: Final = f"/01/{GTIN}/21/SN-1"
PATHS: Final = (
    "/",
    "/verify",
    "/compare",
    "/compare?country=SE",
    PASSPORT,
    f"/01/{GTIN}/21/UNKNOWN",
    "/nowhere",
    f"/facilities/{MAKER}/{FACILITY}",
    f"/facilities/{MAKER}/told",
)


def entries(catalog: Catalog) -> list[Message]:
    """Return a catalog's messages without its header."""
    return [entry for entry in catalog if entry.id]


@cache
def found() -> Catalog:
    """Return the messages of the pages as a catalog."""
    return catalogs.extracted()


@cache
def extracted() -> list[Message]:
    """Return the messages of the pages."""
    return entries(found())


@cache
def sentences() -> set[str]:
    """Return what the messages say between their places and markup, where it is more than two words."""
    sources = [
        source
        for entry in extracted()
        for source in ([entry.id] if isinstance(entry.id, str) else entry.id)
    ]
    pieces = {piece.strip() for source in sources for piece in _PARTS.split(source)}
    return {piece for piece in pieces if piece.count(" ") > 1}


# --- the files ---


def test_the_pages_speak_five_languages_beside_english() -> None:
    assert {"de", "es", "fr", "it", "zh"} <= set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_a_catalog_is_complete_and_keeps_places_and_markup(code: str) -> None:
    found = {str(entry.id): catalogs.faults(entry) for entry in entries(catalogs.read(code))}
    assert {name: what for name, what in found.items() if what} == {}


@pytest.mark.parametrize("code", CODES)
def test_a_catalog_has_the_messages_of_the_pages_and_no_other(code: str) -> None:
    """Where this fails: `python -m api.pages.catalogs`, then translate what is open."""
    there = {(entry.context, str(entry.id)) for entry in entries(catalogs.read(code))}
    asked = {(entry.context, str(entry.id)) for entry in extracted()}
    assert there - asked == set()
    assert asked - there == set()


@pytest.mark.parametrize("code", CODES)
def test_a_catalog_is_written_as_the_tool_writes_it(code: str) -> None:
    file = languages.TRANSLATIONS / f"{code}.po"
    assert catalogs.written(catalogs.updated(code, found())) == file.read_bytes()
    assert b"#~" not in file.read_bytes()
    assert b"fuzzy" not in file.read_bytes()


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("", "not translated"),
        ("Version <b>%(number)s</b>", "other markup than in English"),
        ("Version %(numero)s", "other placeholders than in English"),
        ('Version "%(number)s"', "a straight quotation mark"),
        ("Version %(number)s ", "a space at an end"),
    ],
)
def test_a_faulty_translation_is_named(said: str, fault: str) -> None:
    found = catalogs.faults(Message("Version %(number)s", said))
    assert any(fault in line for line in found)


def test_an_unsure_translation_is_named() -> None:
    entry = Message("yes", "ja", flags=["fuzzy"])
    assert catalogs.faults(entry) == ["unsure (fuzzy)"]
    assert catalogs.faults(Message("yes", "ja")) == []


def test_no_message_hides_where_the_extractor_does_not_look() -> None:
    """Babel reads no call within an f-string, so such a message would never reach the catalogs."""
    for path in sorted(catalogs.SOURCES.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                calls = [inner for inner in ast.walk(node) if isinstance(inner, ast.Call)]
                names = {call.func.id for call in calls if isinstance(call.func, ast.Name)}
                literal = [c for c in calls if c.args and isinstance(c.args[0], ast.Constant)]
                assert not (literal and names & {"gettext", "ngettext", "pgettext"}), path


# --- what has a word ---


def test_every_title_of_an_error_has_a_translation() -> None:
    found: list[type[Exception]] = [errors.PassportError, EnvironmentFaultError]
    titles = set()
    while found:
        kind = found.pop()
        found += kind.__subclasses__()
        title = getattr(kind, "title", None)
        if isinstance(title, str) and kind.__module__.startswith(("passports", "api")):
            titles.add(title)
    assert titles - set(problem_words.TITLES) == set()


# What the README of signing lists for the steps that anybody can meet with a sound document.
MET: Final = (
    *("issuer_not_trusted", "type_out_of_scope", "key_not_trusted", "trust_not_at_issue"),
    *("trust_ended", "trust_list_stale", "no_trust_list", "signature_invalid", "key_revoked"),
    *("no_trusted_key", "not_yet_valid", "expired", "proof_expired", "key_retired"),
    *("gs1_prefix_of_another", "identifier_differs", "superseded", "revoked", "suspended"),
    *("status_list_stale", "status_list_missing", "status_list_keys_missing", "no_status_entry"),
    *("log_trust_ended", "not_witnessed", "no_log_proof", "no_known_log", "no_check"),
    *("check_crashed", "link_of_another_host", "rows_differ", "summary_differs"),
    *("no_link_scanned", "no_version_evidence", "earlier_step_failed", "signature_not_verified"),
)


@pytest.mark.parametrize("code", CODES)
def test_every_reason_is_explained_in_the_pages_language(code: str) -> None:
    assert set(MET) <= set(REASONS)
    english = {name: explanation("schema", "failed", name) for name in REASONS}
    with speaking(code):
        for name in REASONS:
            assert explanation("schema", "failed", name) != english[name]
        for step in report.STEPS:
            for outcome in get_args(report.Outcome):
                said = explanation(step, outcome, "never_heard_of")
                assert said not in {entry.id for entry in extracted()}


def test_every_reason_code_of_the_domains_checks_is_explained() -> None:
    source = Path(report.__file__).parent.parent / "passports" / "verification"
    given = re.compile(r'"(?:failed|warning|not_checked)",\s*"([a-z_]+)"')
    codes = {
        found
        for path in ("checks.py", "certificate_checks.py", "study_checks.py")
        for found in given.findall((source / path).read_text("utf-8"))
    }
    assert codes
    assert codes - set(REASONS) - {"not_checked", "warning"} == set()


def test_every_input_of_a_functional_unit_has_a_name() -> None:
    source = Path(functional_unit.__file__).read_text("utf-8")
    given = set(re.findall(r'given\["([a-z_]+)"\] = ', source))
    listed = re.findall(r"inputs: dict\[str, float \| str\] = \{(.*?)\n    \}", source, re.DOTALL)
    named = {name for block in listed for name in re.findall(r'"([a-z_]+)":', block)}
    assert given
    assert named
    assert (given | named) - set(footprint_card.INPUTS) == set()


def test_every_check_of_a_claim_has_a_name(issued: Caller, reported: list[str]) -> None:
    voltpass = issued.voltpass
    with voltpass.store.reading() as reading:
        found = {
            check.id
            for name in reported
            for check in check_facility(reading, voltpass.dataset, MAKER, name, NOW.date())
        }
    assert found
    assert found - set(claim_words.CLAIM_CHECKS) == set()


# --- the language that does not exist ---

_PARTS: Final = re.compile(r"(%\(\w+\)s|%%|<[^>]*>)")
_WIDE: Final = {ord(c): ord(c) + 0xFEE0 for c in map(chr, range(0x21, 0x7F)) if c.isalpha()}
# Japanese writes days without letters; nothing else of it is used.
PSEUDO: Final = "ja"


def widened(text: str) -> str:
    """Return a text in letters that no data and no English has; places and markup stay."""
    return "".join(
        part if _PARTS.fullmatch(part) else part.translate(_WIDE) for part in _PARTS.split(text)
    )


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a language whose every message is marked."""
    catalog = Catalog(locale=PSEUDO)
    for entry in extracted():
        said = widened(entry.id) if isinstance(entry.id, str) else [widened(entry.id[-1])]
        catalog.add(entry.id, said, context=entry.context)
    folder = tmp_path_factory.mktemp("marked")
    (folder / f"{PSEUDO}.po").write_bytes(catalogs.written(catalog))
    return folder


@pytest.fixture
def pseudo(marked: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """That language, spoken: what shows in plain letters has escaped translation."""
    monkeypatch.setattr(languages, "TRANSLATIONS", marked)
    languages.languages.cache_clear()
    languages.catalog.cache_clear()
    yield PSEUDO
    languages.languages.cache_clear()
    languages.catalog.cache_clear()


@pytest.fixture(scope="module")
def reported(issued: Caller) -> list[str]:
    """The factories that the press reported on; the one with the most to show is `told`."""
    store = issued.voltpass.store
    midea = next(e for e in shipped_entries() if e["id"] == "midea-chongqing")
    register_entry(store, MAKER, {**midea, "id": "told"}, NOW)
    for entry in shipped_entries():
        register_entry(store, MAKER, {**entry, "id": f"shown-{entry['id']}"}, NOW)
    return [f"shown-{entry['id']}" for entry in shipped_entries()]


# Names, units and signs that are the same in every language.
UNTRANSLATED: Final = frozenset(
    {"voltpass", "API", "HTTP", "OpenAPI", "JSON", "SVG", "PNG", "ZIP", "HTML", "SHA", "QR", "vc"}
    | {"jwt", "https", "CO", "kWh", "GWh", "MJ", "kg", "UTC", "GTIN", "GLN", "English"}
)


@pytest.fixture(scope="module")
def data(issued: Caller, reported: list[str]) -> list[str]:
    """Every text that somebody stated or that names something, the longest first."""
    assert reported
    passport = issued.get(PASSPORT, accept="application/json").json()
    found = [*leaves(passport), *leaves(payload()), *leaves(shipped_entries())]
    for study in passport["credential"]["credentialSubject"]["carbonFootprint"]:
        found += leaves(issued.get(study["study"].removeprefix("https://id.example.com")).json())
    found += [scheme.title for scheme in certificate_schemes().values()]
    found += [load_ruleset(name).title for name in ruleset_ids()] + list(ruleset_ids())
    with issued.voltpass.store.reading() as reading:
        found += _recorded(reading)
    readable = [words.readable(text) for text in found]
    whole = {
        variant.strip()
        for text in (*found, *readable)
        for variant in (text, text.removesuffix("."), words.capitalised(text))
    }
    return sorted((text for text in whole if len(text) > 1), key=len, reverse=True)


def _recorded(reading: Any) -> list[str]:
    rows = [*list_facilities(reading), *list_models(reading), *list_operators(reading)]
    rows += energy_periods(reading, MAKER, FACILITY)
    rows += certificates_of(reading, MAKER, FACILITY)
    rows += certificates_of(reading, MAKER, "told")
    studies = reading.studies.search(StudyFilter(operator_id=MAKER, facility_id=FACILITY))
    results = [study_of(row[0]).result for row in studies]
    return [*leaves(results), *leaves([row.model_dump(mode="json") for row in rows])]


def escaped(html: str, data: list[str]) -> list[str]:
    """Return the plain words that are neither data nor the same everywhere."""
    text = SaidWords(html).text
    for stated in data:
        text = text.replace(stated, " ")
    return [
        word
        for word in re.findall(r"[A-Za-z][A-Za-z'-]+", text)
        if word not in UNTRANSLATED and word.rstrip("-") not in UNTRANSLATED
    ]


@pytest.mark.parametrize("path", PATHS)
def test_no_word_of_a_page_escapes_translation(
    issued: Caller, pseudo: str, data: list[str], path: str
) -> None:
    target = f"{path}{'&' if '?' in path else '?'}lang={pseudo}"
    html = issued.get(target, accept="text/html").body.decode()
    assert f'<html lang="{pseudo}">' in html
    assert escaped(html, ["UNKNOWN", "nowhere", *data]) == []


def _told(change: Mapping[str, Any], outcome: report.Outcome, **beside: Any) -> str:
    outcomes = dict.fromkeys(report.STEPS[6:], outcome)
    return render.passport_page(
        payload(**change),
        verification(**outcomes),
        qr_svg=QR,
        link=LINK,
        checked_online=False,
        beside=Beside(**beside),
    )


CEASED: Final = {"ceased": {"at": "2026-11-20T08:00:00Z"}}
BETWEEN: Final = {
    "succeededBy": [{"link": "https://id.example.com/01/2"}],
    "predecessors": [{"link": "https://id.example.com/01/1"}],
}
BARE: Final[Mapping[str, Any]] = {"carbonFootprint": [], "factoryCertificates": [], "model": {}}
RARE: Final[Mapping[str, Callable[[], str]]] = {
    "failed": lambda: _told({}, "failed"),
    "not checked": lambda: _told(BARE, "not_checked"),
    "reserved": lambda: _told(BETWEEN, "warning"),
    "ceased": lambda: _told(CEASED, "passed"),
    "suspended": lambda: _told({}, "passed", standing=_standing(PassportState.SUSPENDED)),
    "revoked": lambda: _told({}, "passed", standing=_standing(PassportState.REVOKED)),
    "verified": lambda: render.verified_page(verification(), link=LINK, checked_online=True),
    "not signed": lambda: render.verified_page(
        verification(signature="failed"), link=None, checked_online=False
    ),
    "problem": lambda: render.problem_page("Not found", "x", 500, []),
    "refused": lambda: render.verify_page(
        link=LINK, refusal="no", findings=[{"field": "file", "reason": "r", "remedy": "s"}]
    ),
}


def _standing(state: PassportState) -> Standing:
    return Standing(state, NOW, MAKER)


@pytest.mark.parametrize("page", RARE)
def test_no_word_of_a_rare_page_escapes_translation(
    pseudo: str, data: list[str], page: str
) -> None:
    with speaking(pseudo):
        html = RARE[page]()
    # Messages of checks are English and say so; these test reports say `on` and the step.
    links = [*leaves(BETWEEN), LINK]
    assert escaped(html, [*links, *data]) == []


# Every page in one language, and every language on the page that says most.
OFTEN: Final = [*(("de", path) for path in PATHS), *((code, PASSPORT) for code in CODES)]
SELDOM: Final = [
    pytest.param(code, path, marks=pytest.mark.soak)
    for code in CODES
    for path in PATHS
    if code != "de" and path != PASSPORT
]


@pytest.mark.parametrize(("code", "path"), [*dict.fromkeys(OFTEN), *SELDOM])
def test_no_english_sentence_is_left_on_a_page(
    issued: Caller, data: list[str], code: str, path: str
) -> None:
    target = f"{path}{'&' if '?' in path else '?'}lang={code}"
    text = SaidWords(issued.get(target, accept="text/html").body.decode()).text
    for stated in data:
        text = text.replace(stated, " ")
    assert [sentence for sentence in sentences() if sentence in text] == []
