"""Footprint studies: computed by their maker, read by everybody, audited by whom the maker lets."""

from typing import Annotated, Any

import orjson
from fastapi import Header, Request, Response, status

from api.authentication import ManufacturerDep, ReaderDep, VoltpassDep
from api.routes.documents import StudiesRead, StudyRead, content
from api.routes.router import Router
from passports.documents import utc_now
from passports.footprints import (
    FootprintRequest,
    check_inventory_numbers,
    compute_studies,
    get_study,
)
from passports.idempotency import once
from passports.resolve import study_result
from passports.studies import audit_bundle, contributions, diagram
from passports.verification.collection import RESULT_MEDIA_TYPE
from signing.canonical import canonicalize

router = Router(prefix="/v1/footprints", tags=["footprints"])


@router.post("", status_code=status.HTTP_201_CREATED, response_model=StudiesRead)
def post_footprints(
    voltpass: VoltpassDep,
    caller: ManufacturerDep,
    request: FootprintRequest,
    idempotency_key: Annotated[str | None, Header(description="repeat safely")] = None,
) -> Response:
    """Compute and store a model's footprint from a factory, one study for each ruleset.

    The same inputs give the study that is there already; other inputs supersede it. Under an
    Idempotency-Key a repeated call is answered as the first time.
    """

    def work() -> bytes:
        studies = compute_studies(voltpass.store, voltpass.dataset, caller.id, request, utc_now())
        return orjson.dumps({"studies": [study.to_document() for study in studies]})

    check_inventory_numbers(request.inventory)
    # In canonical form: it refuses what cannot be stored (half characters, too deep a nesting).
    rest = request.model_dump(mode="json", exclude={"inventory"})
    asked = canonicalize({**rest, "inventory": request.inventory})
    answer = once(voltpass.store, caller.id, idempotency_key, asked, utc_now(), work)
    return Response(answer, status_code=status.HTTP_201_CREATED, media_type="application/json")


@router.get(
    "/{study_id}",
    response_class=Response,
    responses={200: {"model": StudyRead, "content": {RESULT_MEDIA_TYPE: {}}}},
)
def get_footprint(voltpass: VoltpassDep, study_id: str, request: Request) -> Response:
    """The public version of a footprint study (Art. 7(1)(g)).

    On `Accept: application/vnd.voltpass.footprint+json` the exact bytes whose SHA-256 passports cite.
    """
    if RESULT_MEDIA_TYPE in request.headers.get("accept", ""):
        body = study_result(voltpass.store, study_id)
        return Response(body, media_type=RESULT_MEDIA_TYPE, headers={"Vary": "Accept"})
    with voltpass.store.reading() as reading:
        study = get_study(reading, study_id)
    body = orjson.dumps(study.to_document())
    return Response(body, media_type="application/json", headers={"Vary": "Accept"})


@router.get(
    "/{study_id}/audit-bundle", response_class=Response, responses=content("application/json")
)
def get_audit_bundle(voltpass: VoltpassDep, reader: ReaderDep, study_id: str) -> Response:
    """The bundle from which the study can be recomputed; for its maker and authorities."""
    body = audit_bundle(voltpass.store, voltpass.dataset, study_id, reader)
    headers = {"Content-Disposition": f'attachment; filename="audit-{study_id}.json"'}
    return Response(body, media_type="application/json", headers=headers)


@router.get("/{study_id}/contributions")
def get_contributions(voltpass: VoltpassDep, reader: ReaderDep, study_id: str) -> dict[str, Any]:
    """What each exchange contributes; confidential rows only for the maker and authorities."""
    return contributions(voltpass.store, voltpass.dataset, study_id, reader)


@router.get("/{study_id}/sankey.svg", response_class=Response, responses=content("image/svg+xml"))
def get_sankey(voltpass: VoltpassDep, reader: ReaderDep, study_id: str) -> Response:
    """The study as a Sankey diagram; without confidential rows for the public."""
    svg = diagram(voltpass.store, voltpass.dataset, study_id, reader)
    return Response(svg, media_type="image/svg+xml", headers={"Vary": "Authorization"})
