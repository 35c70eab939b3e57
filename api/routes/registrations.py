"""Registration in bulk: files of batteries and of models in, reasons row by row out; recipes."""

import base64
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final

import orjson
from fastapi import Header, Query, Request, Response, status
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile

from api.authentication import CallerDep, ManufacturerDep, PlatformDep, VoltpassDep, require_action
from api.batch_completeness import completeness_of_batches
from api.routes.documents import BatchCompletenessRead
from api.routes.router import Router
from api.wiring import Voltpass
from passports.authority.gs1_prefixes import Gs1Prefix
from passports.authority.operator_changes import add_prefix
from passports.authority.roles import Action
from passports.bulk import (
    MappingRecipe,
    MappingRecipeCreate,
    ReadingOptions,
    Registration,
    Registry,
    SourceTable,
    delete_recipe,
    get_recipe,
    list_recipes,
    merged,
    read_table,
    register_batteries,
    register_models,
    rejects_file,
    save_recipe,
    suggest_mapping,
)
from passports.bulk.rejects import MEDIA_TYPES, RefusedRow
from passports.documents import Document, read_document, utc_now
from passports.errors import Finding, InvalidInputError, shorten
from passports.idempotency import once

router = Router(prefix="/v1", tags=["registrations"])
FORM: Final = "multipart/form-data"
_TEXT: Final = ("text/plain", "application/octet-stream")
_LIST: Final = {
    "type": ["array", "object"],
    "description": "a list of batteries or models, one object each",
}
_BODIES: Final[dict[str, Any]] = {
    **{name: {"schema": {"type": "string"}} for name in (*MEDIA_TYPES.values(), *_TEXT)},
    MEDIA_TYPES["json"]: {"schema": _LIST},
}
_FORM_SCHEMA: Final = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {"type": "string", "format": "binary"},
        "mapping": {"type": "string", "description": "a recipe as JSON; goes before ?recipe="},
    },
}
FILE_BODY: Final[dict[str, Any]] = {
    "requestBody": {"required": True, "content": {**_BODIES, FORM: {"schema": _FORM_SCHEMA}}}
}


class FileOptions(Document):
    """How a file is to be treated; a misspelt option is refused, not passed over."""

    dry_run: Annotated[bool, Field(description="only run the gates")] = False
    partial: Annotated[bool, Field(description="register the rows that pass")] = False
    recipe: Annotated[str | None, Field(description="name of a saved mapping recipe")] = None
    recipe_version: Annotated[
        int | None, Field(description="the newest by default", ge=1, le=1_000_000)
    ] = None


class RegistrationOptions(FileOptions):
    """How a file of batteries is to be treated."""

    passports: Annotated[bool, Field(description="list the new passports and links")] = False


class RejectsRead(BaseModel):
    """Refused rows in the form of the file, with reasons and suggested fixes, to be sent again."""

    media_type: str
    content_base64: str


class FileRead(BaseModel):
    """What became of the rows of a file."""

    dry_run: bool
    partial: bool
    accepted: Annotated[bool, Field(description="no row is refused")]
    rows: int
    passed: int
    registered: int
    already_registered: int
    refused: int
    columns: dict[str, str]
    ignored: list[str]
    findings: list[dict[str, Any]]
    findings_total: int
    findings_left_out: int
    rejects: RejectsRead | None


class RegistrationRead(FileRead):
    """What became of a file of batteries."""

    batches: list[dict[str, Any]]
    passports: list[dict[str, Any]] | None
    completeness: Annotated[
        list[BatchCompletenessRead],
        Field(description="of the first hundred batches, as far as model and batch say it"),
    ]


class ModelRegistrationRead(FileRead):
    """What became of a file of battery models; `models` are those that passed or were there before."""

    models: list[dict[str, Any]]


class MappingRecipeRead(MappingRecipe):
    """A saved mapping recipe."""


class MappingRecipesRead(BaseModel):
    """The newest version of each of the caller's recipes."""

    recipes: list[MappingRecipeRead]


class MappingSuggestionRead(BaseModel):
    """What a recipe for a file could be; `unsure` are headings that only resemble a known one."""

    columns: dict[str, str]
    unsure: dict[str, str]
    unmatched: list[str]
    missing: list[str]
    date_formats: list[str]


class Gs1PrefixCreate(Document):
    """A GS1 company prefix of an operator."""

    prefix: Gs1Prefix


class Gs1PrefixesRead(BaseModel):
    """All GS1 company prefixes that an operator holds."""

    operator_id: str
    gs1_prefixes: list[str]


async def _sent(request: Request) -> tuple[bytes, bytes | None]:
    """Return the file, and the mapping that came with it in a form.

    Raises:
        InvalidInputError: the body is of a type that holds no such file.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == FORM:
        async with request.form(max_files=1, max_fields=1) as form:
            file, mapping = form.get("file"), form.get("mapping")
            if not isinstance(file, UploadFile):
                reason, remedy = "the form has no file of this name", "Send it as field `file`."
                raise InvalidInputError([Finding("file", "", reason, remedy)], "the form")
            return await file.read(), mapping.encode() if isinstance(mapping, str) else None
    if media_type not in _BODIES:
        reason = "this is no type of a file that is read"
        remedy = f"Send {', '.join(MEDIA_TYPES.values())}, or a form ({FORM})."
        finding = Finding("Content-Type", shorten(media_type), reason, remedy)
        raise InvalidInputError([finding], "the body")
    return await request.body(), None


def _recipe(
    voltpass: Voltpass, operator_id: str, options: FileOptions, mapping: bytes | None
) -> MappingRecipeCreate:
    recipe = MappingRecipeCreate()
    if options.recipe is not None:
        with voltpass.store.reading() as reading:
            saved = get_recipe(reading, operator_id, options.recipe, options.recipe_version)
        recipe = saved.content()
    if mapping is not None:
        said = read_document(MappingRecipeCreate, mapping, "the mapping")
        recipe = merged(recipe, said.model_dump(exclude_unset=True))
    return recipe


def _table(data: bytes, recipe: MappingRecipeCreate) -> SourceTable:
    return read_table(data, ReadingOptions(recipe.encoding, recipe.sheet, recipe.header_line))


def _rejects(
    table: SourceTable,
    refused: Sequence[RefusedRow],
    options: FileOptions,
    recipe: MappingRecipeCreate,
) -> dict[str, str] | None:
    if not (options.partial and refused):
        return None
    file = rejects_file(table, refused, recipe.constants)
    content = base64.b64encode(file.data).decode()
    return {"media_type": file.media_type, "content_base64": content}


def _document(
    done: Registration,
    table: SourceTable,
    options: RegistrationOptions,
    recipe: MappingRecipeCreate,
    completeness: list[dict[str, Any]],
) -> dict[str, Any]:
    passports = [
        {"line": row.line, "batch_id": row.batch_id, "gtin": row.gtin, **passport.to_document()}
        for row, passport in done.passports
    ]
    return {
        **done.report.to_document(),
        "rejects": _rejects(table, done.refused, options, recipe),
        "completeness": completeness,
        "passports": passports if options.passports else None,
    }


@router.post(
    "/registrations",
    status_code=status.HTTP_201_CREATED,
    response_model=RegistrationRead,
    openapi_extra=FILE_BODY,
    responses={200: {"model": RegistrationRead, "description": "A dry run, or nothing was new"}},
)
async def post_registrations(
    voltpass: VoltpassDep,
    caller: CallerDep,
    request: Request,
    options: Annotated[RegistrationOptions, Query()],
    idempotency_key: Annotated[str | None, Header(description="repeat safely")] = None,
) -> Response:
    """Register every battery of a file (CSV, XLSX, NDJSON, JSON): all of them, or none.

    A dry run says row by row what issuing would refuse. With `partial` the rows that pass are registered,
    and the others come back in the form of the file. The same file again registers nothing twice.
    """
    require_action(caller, Action.ISSUE)
    data, mapping = await _sent(request)

    def work() -> bytes:
        recipe = _recipe(voltpass, caller.id, options, mapping)
        table = _table(data, recipe)
        registry = Registry(voltpass.store, voltpass.keyring, voltpass.address, caller.id)
        done = register_batteries(
            registry, table, recipe, utc_now(), dry_run=options.dry_run, partial=options.partial
        )
        completeness = completeness_of_batches(voltpass, caller, done.report.batches)
        return orjson.dumps(_document(done, table, options, recipe, completeness))

    asked = b"\x00".join([options.model_dump_json().encode(), mapping or b"", data])
    key = None if options.dry_run else idempotency_key
    return await _answered(voltpass, caller.id, key, asked, work)


async def _answered(
    voltpass: Voltpass, operator_id: str, key: str | None, asked: bytes, work: Callable[[], bytes]
) -> Response:
    answer = await run_in_threadpool(once, voltpass.store, operator_id, key, asked, utc_now(), work)
    fresh = orjson.loads(answer)["registered"] > 0
    code = status.HTTP_201_CREATED if fresh else status.HTTP_200_OK
    return Response(answer, status_code=code, media_type="application/json")


@router.post(
    "/battery-models/registrations",
    status_code=status.HTTP_201_CREATED,
    response_model=ModelRegistrationRead,
    openapi_extra=FILE_BODY,
    responses={
        200: {"model": ModelRegistrationRead, "description": "A dry run, or nothing was new"}
    },
)
async def post_model_registrations(
    voltpass: VoltpassDep,
    caller: CallerDep,
    request: Request,
    options: Annotated[FileOptions, Query()],
    idempotency_key: Annotated[str | None, Header(description="repeat safely")] = None,
) -> Response:
    """Register every battery model of a file (CSV, XLSX, NDJSON, JSON): all of them, or none.

    Columns are the fields of `POST /v1/battery-models`, those of its service life beside the others. A dry
    run says row by row what would be refused. The same file again registers nothing twice.
    """
    require_action(caller, Action.RECORDS)
    data, mapping = await _sent(request)

    def work() -> bytes:
        recipe = _recipe(voltpass, caller.id, options, mapping)
        table = _table(data, recipe)
        said = {"dry_run": options.dry_run, "partial": options.partial}
        done = register_models(voltpass.store, caller.id, table, recipe, utc_now(), **said)
        rejects = _rejects(table, done.refused, options, recipe)
        return orjson.dumps({**done.report.to_document(), "rejects": rejects})

    # Named, so that a key under which batteries were registered is not answered with them.
    asked = b"\x00".join([b"models", options.model_dump_json().encode(), mapping or b"", data])
    key = None if options.dry_run else idempotency_key
    return await _answered(voltpass, caller.id, key, asked, work)


@router.post("/mapping-recipes/suggestions", openapi_extra=FILE_BODY)
async def post_mapping_suggestion(caller: CallerDep, request: Request) -> MappingSuggestionRead:
    """Suggest a mapping for a file from its headings; nothing is kept."""
    require_action(caller, Action.ISSUE)
    data, mapping = await _sent(request)

    def work() -> dict[str, Any]:
        said = read_document(MappingRecipeCreate, mapping or b"{}", "the mapping")
        return suggest_mapping(_table(data, said)).to_document()

    return MappingSuggestionRead(**await run_in_threadpool(work))


@router.get("/mapping-recipes")
def get_mapping_recipes(voltpass: VoltpassDep, caller: CallerDep) -> MappingRecipesRead:
    """The caller's mapping recipes, the newest version of each."""
    with voltpass.store.reading() as reading:
        found = list_recipes(reading, caller.id)
    return MappingRecipesRead(recipes=[MappingRecipeRead(**r.model_dump()) for r in found])


@router.put("/mapping-recipes/{name}")
def put_mapping_recipe(
    voltpass: VoltpassDep, caller: ManufacturerDep, name: str, request: MappingRecipeCreate
) -> MappingRecipeRead:
    """Save a mapping recipe; other content than before makes a new version."""
    saved = save_recipe(voltpass.store, caller.id, name, request, utc_now())
    return MappingRecipeRead(**saved.model_dump())


@router.get("/mapping-recipes/{name}")
def get_mapping_recipe(
    voltpass: VoltpassDep,
    caller: CallerDep,
    name: str,
    version: Annotated[int | None, Query(ge=1, le=1_000_000)] = None,
) -> MappingRecipeRead:
    """One of the caller's mapping recipes, its newest version by default."""
    with voltpass.store.reading() as reading:
        found = get_recipe(reading, caller.id, name, version)
    return MappingRecipeRead(**found.model_dump())


@router.delete("/mapping-recipes/{name}", status_code=status.HTTP_204_NO_CONTENT)
def delete_mapping_recipe(voltpass: VoltpassDep, caller: CallerDep, name: str) -> None:
    """Take a mapping recipe out of use; its versions stay in the store."""
    require_action(caller, Action.ISSUE)
    delete_recipe(voltpass.store, caller.id, name, utc_now())


@router.post("/operators/{operator_id}/gs1-prefixes", status_code=status.HTTP_201_CREATED)
def post_gs1_prefix(
    voltpass: VoltpassDep, caller: PlatformDep, operator_id: str, request: Gs1PrefixCreate
) -> Gs1PrefixesRead:
    """Register one more GS1 company prefix of an operator; one that overlaps with another's is refused."""
    voltpass.prepare_trust_list()  # a key that does not open is noticed before anything is written
    now = utc_now()
    prefixes = add_prefix(voltpass.store, caller, operator_id, request.prefix, now)
    voltpass.write_trust_list(now)
    return Gs1PrefixesRead(operator_id=operator_id, gs1_prefixes=prefixes)
