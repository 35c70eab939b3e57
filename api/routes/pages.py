"""Pages for people: home, verify, compare, factories; and the stylesheet. No script, no cookie.

The page of a battery stands behind its printed link, see api/routes/public.py.
"""

from dataclasses import replace
from itertools import islice
from typing import Annotated, Final
from urllib.parse import quote, urlencode

from fastapi import FastAPI, File, Form, Query, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.datastructures import MutableHeaders
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

from api.authentication import VoltpassDep
from api.handed_in import require_passport
from api.pages import render
from api.pages.compare_view import compare_studies
from api.pages.facility_view import FacilityRecords, view_facility
from api.pages.factory_view import FactoryRecords
from api.pages.figures import day
from api.pages.home_view import FacilityEntry, HomeView, IssuedBatch
from api.pages.words import ruleset_words
from api.problems import PROBLEMS
from api.routes.router import Router
from api.verifying import verify_input
from lca.rulesets import ruleset_ids
from passports.batches import Batch, list_batches
from passports.certification.certificates import certificates_of, events_of
from passports.claim_checks import check_facility
from passports.documents import read_document, utc_now
from passports.dossier import find_dossier
from passports.energy.ledger_balance import balance
from passports.energy.meter_sums import monthly_energy
from passports.energy.production import all_production
from passports.errors import Finding, InvalidInputError, PassportError
from passports.factories import energy_periods, get_facility, list_facilities
from passports.footprints import study_of
from passports.identifiers import UniqueProductIdentifier
from passports.models import list_models
from passports.operators import get_operator, list_operators
from passports.queries import FootprintQuery, query_footprints
from passports.resolve import passport_by_id
from passports.store import StudyFilter, Transaction
from passports.verification.collection import CREDENTIAL_MEDIA_TYPE

router = Router(include_in_schema=False, default_response_class=HTMLResponse)

MAX_UPLOAD_BYTES: Final = 20 * 1024 * 1024
_SHOWN_BATCHES: Final = 6
_SHOWN_STUDIES: Final = 100
_STUDIES_OVER_TIME: Final = 400
# A batch's passports are read whole to find the first one, so a large batch shows none.
_SAMPLED_UP_TO: Final = 1000


class _Stylesheets(StaticFiles):
    """Static files; one asked for by an address with a hash of its content may be kept for ever."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_caching(message: Message) -> None:
            hashed = scope["type"] == "http" and scope["query_string"].startswith(b"v=")
            if message["type"] == "http.response.start" and message["status"] == 200 and hashed:  # noqa: PLR2004 # OK
                headers = MutableHeaders(scope=message)
                headers["Cache-Control"] = "public, max-age=31536000, immutable"
            await send(message)

        await super().__call__(scope, receive, with_caching)


def mount_static(app: FastAPI) -> None:
    """Serve the stylesheet under /static."""
    app.mount("/static", _Stylesheets(directory=render.STATIC_DIRECTORY), name="static")


@router.get("/")
def get_home(voltpass: VoltpassDep) -> str:
    """The front page: verify a battery, newest batches, factories."""
    with voltpass.store.reading() as reading:
        operators = {operator.id: operator.name for operator in list_operators(reading)}
        facilities = {(f.operator_id, f.id): f for f in list_facilities(reading)}
        models = {(m.operator_id, m.id): m for m in list_models(reading)}
        batches = [
            _issued(
                reading,
                batch,
                models[batch.operator_id, batch.model_id].name,
                facilities[batch.operator_id, batch.facility_id].name,
            )
            for batch in list_batches(reading)[:_SHOWN_BATCHES]
        ]
    entries = tuple(
        FacilityEntry(f.name, f.place, f.country, operators[f.operator_id], _facility_href(*key))
        for key, f in facilities.items()
    )
    return render.home_page(HomeView(tuple(batches), entries))


def _facility_href(operator_id: str, facility_id: str) -> str:
    return f"/facilities/{quote(operator_id, safe='')}/{quote(facility_id, safe='')}"


def _issued(reading: Transaction, batch: Batch, model: str, facility: str) -> IssuedBatch:
    first = None
    if batch.size <= _SAMPLED_UP_TO:
        rows = reading.passports.of_batch(batch.operator_id, batch.id)
        first = next(islice(rows, 1), None)
    path = UniqueProductIdentifier(first.gtin, first.serial).path if first is not None else None
    return IssuedBatch(
        model=model,
        facility=facility,
        facility_href=_facility_href(batch.operator_id, batch.facility_id),
        size=batch.size,
        issued_on=day(batch.issued_at),
        sample_serial=first.serial if first is not None else None,
        sample_href=path,
    )


@router.get("/facilities/{operator_id}/{facility_id}")
def get_facility_page(voltpass: VoltpassDep, operator_id: str, facility_id: str) -> str:
    """A factory: metered energy, studies, certificates with their checks, offsets listed."""
    with voltpass.store.reading() as reading:
        facility = get_facility(reading, operator_id, facility_id)
        wanted = StudyFilter(operator_id=operator_id, facility_id=facility_id, limit=_SHOWN_STUDIES)
        names = {model.id: model.name for model in list_models(reading, operator_id)}
        studies = [study_of(row[0]) for row in reading.studies.search(wanted)]
        studies.sort(key=lambda study: (study.model_id, study.ruleset))
        ever = replace(wanted, include_superseded=True, limit=_STUDIES_OVER_TIME)
        history = [study_of(row[0]) for row in reading.studies.search(ever)]
        certificates = certificates_of(reading, operator_id, facility_id)
        records = FacilityRecords(
            operator=get_operator(reading, operator_id),
            facility=facility,
            periods=energy_periods(reading, operator_id, facility_id),
            studies=[(names[study.model_id], study) for study in studies],
            certificates=certificates,
            factory=FactoryRecords(
                dossier=find_dossier(reading, operator_id, facility_id),
                checks=check_facility(
                    reading, voltpass.dataset, operator_id, facility_id, utc_now().date()
                ),
                ledger=balance(reading, operator_id, facility_id),
                months=monthly_energy(reading, operator_id, facility_id),
                events={c.id: events_of(reading, c) for c in certificates},
                production=all_production(reading, operator_id, facility_id),
                history=[(names[study.model_id], study) for study in history],
            ),
        )
    return render.facility_page(view_facility(records, voltpass.address))


@router.get("/compare")
def get_comparison(
    voltpass: VoltpassDep,
    ruleset: Annotated[str, Query()] = "",
    category: Annotated[str, Query()] = "",
    country: Annotated[str, Query()] = "",
    cursor: Annotated[str, Query()] = "",
) -> str:
    """Footprints across makers, lowest first, a table for each ruleset."""
    chosen = {"ruleset": ruleset, "category": category, "country": country.strip().upper()}
    wanted = {name: value for name, value in {**chosen, "cursor": cursor}.items() if value}
    query = read_document(FootprintQuery, {**wanted, "limit": _SHOWN_STUDIES}, "the filter")
    page = query_footprints(voltpass.store, voltpass.dataset, query)
    following = {name: value for name, value in chosen.items() if value}
    next_href = None
    if page.next_cursor is not None:
        next_href = "/compare?" + urlencode({**following, "cursor": page.next_cursor})
    return render.compare_page(
        compare_studies(page.rows),
        chosen=chosen,
        rulesets={name: ruleset_words(name).title for name in ruleset_ids()},
        next_href=next_href,
    )


@router.get("/verify")
def get_verify(link: Annotated[str, Query()] = "") -> str:
    """The form that takes a printed link, a passport file or a picture of a label."""
    return render.verify_page(link=link)


@router.post("/verify")
def post_verify_form(
    voltpass: VoltpassDep,
    link: Annotated[str, Form()] = "",
    file: Annotated[UploadFile | None, File()] = None,
) -> HTMLResponse:
    """Verify what was handed in and show verdict and steps; what cannot be read is said on the form."""
    given = link.strip() or None
    try:
        report = verify_input(voltpass, _uploaded(file), given)
    except PassportError as error:
        findings = [finding.to_document() for finding in error.findings]
        html = render.verify_page(link=link, refusal=error.message, findings=findings)
        return HTMLResponse(html, status_code=PROBLEMS[type(error)][0])
    return HTMLResponse(render.verified_page(report, link=given, checked_online=True))


def _uploaded(file: UploadFile | None) -> bytes | None:
    # A browser sends an empty part for a file field that was left empty.
    if file is None:
        return None
    data = file.file.read(MAX_UPLOAD_BYTES + 1)
    if len(data) > MAX_UPLOAD_BYTES:
        reason = f"the file is larger than {MAX_UPLOAD_BYTES // 1024 // 1024} MiB"
        raise InvalidInputError([Finding("file", "", reason, "Send a smaller one.")], "the file")
    if data:
        require_passport(data)
    return data or None


@router.get("/passports/{passport_id}/passport.jwt")
def get_signed_passport(voltpass: VoltpassDep, passport_id: str) -> Response:
    """The exact signed bytes of a passport as a file, for who cannot send an Accept header."""
    stored = passport_by_id(voltpass.store, passport_id)
    headers = {"Content-Disposition": f'attachment; filename="passport-{stored.id}.jwt"'}
    return Response(stored.credential, media_type=CREDENTIAL_MEDIA_TYPE, headers=headers)


@router.get("/docs")
@router.get("/redoc")
def get_docs() -> RedirectResponse:
    """Where other services have the list of their calls."""
    return RedirectResponse("/api")


@router.get("/openapi/v1.json")
def get_openapi_file() -> RedirectResponse:
    """The description under the name that it has in the source."""
    return RedirectResponse("/openapi.json")


@router.get("/api")
def get_reference(request: Request, voltpass: VoltpassDep) -> str:
    """The calls of the HTTP API, out of its OpenAPI document."""
    return render.reference_page(request.app.openapi(), voltpass.address.base_url)
