"""Fills the templates: one function a page, each returns a whole HTML document.

Templates escape everything (autoescape) and refuse names that do not exist (StrictUndefined). Nothing
on a page is loaded from another host, nothing counts visitors and nothing needs a script (EN 18246, 5.1).
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from api.pages import figures, languages, words
from api.pages.account_view import AccountView
from api.pages.compare_view import Comparison
from api.pages.energy_page import view_energy
from api.pages.facility_view import FacilityView
from api.pages.home_view import HomeView
from api.pages.life_view import view_life
from api.pages.passport_view import NOTHING_BESIDE, Beside, view_passport
from api.pages.verdict import view_verdict
from passports.continuity import Continuity
from passports.energy.energy_view import EnergyView
from passports.life.versions import PassportVersion
from signing.report import VerificationReport

STATIC_DIRECTORY: Final = Path(__file__).parent / "static"
STYLESHEET: Final = "voltpass.css"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("api.pages", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=figures.visible,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.newstyle_gettext = True  # type: ignore[attr-defined] # the extension's own switch
    environment.policies["ext.i18n.trimmed"] = True
    environment.filters.update(
        figure=figures.figure,
        plain=figures.plain,
        percent=figures.percent,
        day=figures.day,
        coded=figures.coded,
        breakable=figures.breakable,
        within=words.within,
        co2e_per=words.co2e_per,
    )
    environment.globals.update(
        stylesheet=_static_url(STYLESHEET),
        mark=_static_url("mark.svg"),
        stage_names=frozenset(words.STAGES),
        gettext=_said,
        ngettext=_counted,
        pgettext=_said_of,
        link_to=_link_to,
        known=_known,
        full_stop=languages.full_stop,
        comma=languages.comma,
        in_english=_in_english,
    )
    return environment


def _said(message: str, **values: object) -> Markup:
    """Say a message of a template; the catalogs are ours, the values are not."""
    return Markup(languages.catalog(languages.language().code).gettext(message)) % _shown(values)  # noqa: S704 # a catalog's words


def _said_of(context: str, message: str, **values: object) -> Markup:
    catalog = languages.catalog(languages.language().code)
    return Markup(catalog.pgettext(context, message)) % _shown(values)  # noqa: S704 # as above


def _counted(singular: str, plural: str, num: int, **values: object) -> Markup:
    catalog = languages.catalog(languages.language().code)
    said = catalog.ngettext(singular, plural, num)
    return Markup(said) % _shown({"num": num, **values})  # noqa: S704 # as above


def _shown(values: Mapping[str, object]) -> dict[str, object]:
    return {name: figures.visible(value) for name, value in values.items()}


def _link_to(href: str) -> str:
    """Return a link within these pages; it keeps the language that was chosen."""
    return languages.conversation().keeping(href)


def _known(text: str) -> str:
    """Return a sentence of the packages below in the page's language, where the catalog has it."""
    return languages.gettext(text) if text else text


def _in_english(text: str | None = None) -> Markup:
    """Return the attribute that says that a text is in English, where the page is not and the text is."""
    translated = text is not None and _known(text) != text
    foreign = languages.language().code != languages.ENGLISH and not translated
    return Markup(' lang="en"') if foreign else Markup()


def _static_url(name: str) -> str:
    # The hash lets caches keep it for ever and still see a new one at once.
    digest = hashlib.sha256((STATIC_DIRECTORY / name).read_bytes()).hexdigest()
    return f"/static/{name}?v={digest[:12]}"


def _fill(template: str, *, also: Mapping[str, str] | None = None, **values: object) -> str:
    """Fill a template; `also` are parameters without which another language would show another page."""
    spoken = languages.conversation()
    spoken.was_spoken = True
    switch = spoken.switch(also)
    return _environment().get_template(template).render(spoken=spoken, switch=switch, **values)


def passport_page(
    payload: Mapping[str, object],
    report: VerificationReport,
    *,
    qr_svg: str,
    link: str,
    checked_online: bool,
    versions: Sequence[PassportVersion] = (),
    continuity: Continuity | None = None,
    beside: Beside = NOTHING_BESIDE,
) -> str:
    """Return the public page of one battery: verdict first, then what its passport says.

    A passport that has ceased to exist has a page that says this, and no more than its tombstone.

    Args:
        payload: The credential's payload, see `passports.credential`; anything may be missing.
        report: What its verification found.
        qr_svg: The printed link as QR code; shown as a picture, so nothing in it can run.
        link: The printed link.
        checked_online: Whether the evidence was fetched for this check.
        versions: All versions of the passport, oldest first, where they are known.
        continuity: How its issuer stands on this server, where it is not simply live.
        beside: What this server knows beside the passport: its standing, its studies, how complete it is.
    """
    life = view_life(payload, versions, link, beside.standing)
    return _fill(
        "passport.html" if life.ceased_on is None else "tombstone.html",
        passport=view_passport(payload, link, beside.studies),
        completeness=beside.completeness,
        life=life,
        continuity=None if continuity is None else continuity.to_document(),
        verdict=_verdict(report, checked_online=checked_online),
        qr="data:image/svg+xml;base64," + base64.b64encode(qr_svg.encode()).decode("ascii"),
    )


def problem_page(
    title: str, detail: str, status: int, findings: Sequence[Mapping[str, object]]
) -> str:
    """Return the page for somebody who met an error: what is wrong, and what helps."""
    known = {entry.value: entry.phrase for entry in HTTPStatus}
    return _fill(
        "problem.html",
        title=title,
        detail=detail,
        status=status,
        phrase=known.get(status, ""),
        findings=[_finding(finding) for finding in findings],
    )


def _finding(finding: Mapping[str, object]) -> dict[str, object]:
    names = ("field", "value", "reason", "remedy", "line")
    return {name: finding.get(name) for name in names}


def home_page(view: HomeView) -> str:
    """Return the front page."""
    return _fill("home.html", home=view)


def facility_page(view: FacilityView) -> str:
    """Return the public page of a factory."""
    return _fill("facility.html", facility=view)


def energy_page(view: EnergyView, *, csrf: str | None = None) -> str:
    """Return the operator's page of a factory's energy; it is confidential.

    `csrf` is the form token of the session that it is read in, so that one can sign out of it.
    """
    return _fill("energy.html", energy=view_energy(view), csrf=csrf)


def compare_page(
    comparisons: Sequence[Comparison],
    *,
    chosen: Mapping[str, str],
    rulesets: Mapping[str, str],
    next_href: str | None,
) -> str:
    """Return the comparison; `chosen` is what was filtered by, `rulesets` what can be."""
    return _fill(
        "compare.html",
        comparisons=comparisons,
        chosen=chosen,
        rulesets=rulesets,
        categories=words.CATEGORIES,
        next_href=next_href,
    )


def verify_page(
    *,
    link: str = "",
    refusal: str | None = None,
    findings: Sequence[Mapping[str, object]] = (),
) -> str:
    """Return the form for a link, a file or a picture, with what was refused before, if anything."""
    return _fill(
        "verify.html",
        link=link,
        refusal=refusal,
        findings=[_finding(finding) for finding in findings],
    )


def verified_page(report: VerificationReport, *, link: str | None, checked_online: bool) -> str:
    """Return the outcome of a verification; content is shown only where its signature was right."""
    payload = report.credential
    return _fill(
        "verified.html",
        verdict=_verdict(report, checked_online=checked_online),
        passport=None if payload is None else view_passport(payload, link or ""),
        link=link,
        also=None if link is None else {"link": link},
    )


def sign_in_page(*, form: str, refusal: str | None) -> str:
    """Return the form with which operators sign in, with why it did not succeed before, if it did not."""
    return _fill("signin.html", form=form, refusal=refusal)


def account_page(view: AccountView) -> str:
    """Return an operator's own page."""
    return _fill("account.html", account=view)


def reference_page(document: Mapping[str, object], base_url: str) -> str:
    """Return the list of the HTTP API's calls, out of its OpenAPI document."""
    from api.pages.reference_view import view_reference  # noqa: PLC0415 # read by few

    return _fill("reference.html", calls=view_reference(document), base_url=base_url)


def _verdict(report: VerificationReport, *, checked_online: bool) -> object:
    at: datetime = report.checked_at
    return view_verdict(report, figures.instant(at), checked_online=checked_online)
