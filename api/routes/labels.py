"""Labels of an own batch: sheets of A4 as PDF, or one SVG a battery in a ZIP."""

from collections.abc import Sequence
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import Query, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from api.authentication import CallerDep, VoltpassDep
from api.labelling import BatchLabel, labels_of_batch
from api.routes.documents import content
from api.routes.router import Router
from api.wiring import Voltpass
from passports.documents import Document
from passports.errors import Finding, InvalidInputError, RecordNotFoundError
from passports.label_files import label_archive, label_file_name
from passports.label_sheet import label_sheet

router = Router(prefix="/v1", tags=["labels"])
# Drawing a thousand takes about four seconds of processor time, which all callers share.
MOST_ON_SHEETS: Final = 1000
_PRIVATE: Final = {"Cache-Control": "private, no-store"}
_LEFT_OUT: Final = "Voltpass-Left-Out"


class SheetOptions(Document):
    """Which labels of a batch are wanted; a misspelt option is refused, not passed over."""

    after: Annotated[
        str | None, Field(description="begin after this serial number", max_length=20)
    ] = None
    limit: Annotated[
        int | None, Field(description="so many labels at most", ge=1, le=MOST_ON_SHEETS)
    ] = None


@router.get(
    "/batches/{batch_id}/labels.pdf",
    response_class=Response,
    responses=content("application/pdf", description="Pages of A4; to be printed at 100 %"),
)
def get_batch_label_sheets(
    voltpass: VoltpassDep,
    caller: CallerDep,
    batch_id: str,
    options: Annotated[SheetOptions, Query()],
) -> Response:
    """The labels of an own batch on sheets of A4 as PDF, in real millimetres, by serial number.

    Batteries whose passport is suspended, revoked or ended have none; `Voltpass-Left-Out` says how many. With
    `limit` at most so many labels are drawn; the header `Link` then leads to the next (RFC 8288).
    """
    good, left_out = _labels(voltpass, caller.id, batch_id)
    after = options.after
    rest = [row for row in good if after is None or row.content.serial > after]
    if not rest:
        raise _nothing(batch_id)
    if options.limit is None and len(rest) > MOST_ON_SHEETS:
        reason = f"these are {len(rest)} labels, and one answer has at most {MOST_ON_SHEETS}"
        remedy = f"Ask with ?limit={MOST_ON_SHEETS} and follow Link, or for labels.zip."
        raise InvalidInputError([Finding("limit", "", reason, remedy)], "the question")
    chosen = rest[: options.limit]
    headers = {**_PRIVATE, _LEFT_OUT: str(len(left_out)), **_file(batch_id, "pdf")}
    if len(chosen) < len(rest):
        headers["Link"] = _next(voltpass, batch_id, chosen[-1], options.limit)
    data = label_sheet([row.content for row in chosen])
    return Response(data, media_type="application/pdf", headers=headers)


@router.get(
    "/batches/{batch_id}/labels.zip",
    response_class=Response,
    responses=content("application/zip", description="One SVG a battery, and labels.json"),
)
def get_batch_labels(voltpass: VoltpassDep, caller: CallerDep, batch_id: str) -> StreamingResponse:
    """The labels of an own batch as a ZIP of SVG files, drawn while it is sent.

    `labels.json` in it says which file is whose, and which batteries have no label, and why.
    """
    good, left_out = _labels(voltpass, caller.id, batch_id)
    if not good:
        raise _nothing(batch_id)
    said = {
        "batch": batch_id,
        "labels": [{**_named(row), "file": label_file_name(row.content.serial)} for row in good],
        "left_out": [{**_named(row), "reason": row.warning} for row in left_out],
    }
    headers = {**_PRIVATE, _LEFT_OUT: str(len(left_out)), **_file(batch_id, "zip")}
    pieces = label_archive(said, (row.content for row in good))
    return StreamingResponse(pieces, media_type="application/zip", headers=headers)


def _labels(
    voltpass: Voltpass, operator_id: str, batch_id: str
) -> tuple[Sequence[BatchLabel], Sequence[BatchLabel]]:
    """Return the labels that may be put on a battery, and the others."""
    labels = labels_of_batch(voltpass, operator_id, batch_id)
    labels.sort(key=lambda row: row.content.serial)
    return [row for row in labels if not row.warning], [row for row in labels if row.warning]


def _named(row: BatchLabel) -> dict[str, Any]:
    return {"id": row.passport_id, "serial": row.content.serial, "link": row.content.link}


def _nothing(batch_id: str) -> RecordNotFoundError:
    remedy = "Its passports are suspended, revoked or ended, or none comes after `after`."
    return RecordNotFoundError("label to be put on a battery of this batch", batch_id, remedy)


def _file(batch_id: str, ending: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="labels-{batch_id}.{ending}"'}


def _next(voltpass: Voltpass, batch_id: str, last: BatchLabel, limit: int | None) -> str:
    query = urlencode({"after": last.content.serial, "limit": limit})
    base = voltpass.address.base_url
    return f'<{base}/v1/batches/{batch_id}/labels.pdf?{query}>; rel="next"'
