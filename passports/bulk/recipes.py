"""Mapping recipes: how an operator's files are to be read, saved by name; every change is a new version."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, model_validator

from passports.bulk.column_names import is_field
from passports.bulk.model_fields import is_model_field
from passports.bulk.transforms import DATE_FORMATS, TRANSFORMS
from passports.documents import Document, Name, RuleError, Slug, read_document
from passports.errors import InvalidInputError, RecordNotFoundError, shorten
from passports.identifiers import check_slug
from passports.spreadsheets import ENCODING_NAMES
from passports.store import MappingRecipeRow, Store, Transaction

MAX_ENTRIES: Final = 500
MAX_VALUES: Final = 10_000


def _one_of(known: tuple[str, ...], what: str) -> AfterValidator:
    def check(value: str) -> str:
        if value not in known:
            raise RuleError(f"there is no such {what}", f"Choose one of {', '.join(known)}.")
        return value

    return AfterValidator(check)


def _known_field(value: str) -> str:
    if not (is_field(value) or is_model_field(value)):
        remedy = (
            "Fields are batch_id, serial ..., attributes of single batteries, and for models"
            " mass_kg, capacity_kwh ...: see the README."
        )
        raise RuleError("there is no such field", remedy)
    return value


Field_ = Annotated[str, AfterValidator(_known_field)]
Heading = Annotated[str, Field(min_length=1, max_length=1000)]
Cell = Annotated[str, Field(max_length=2000)]
Constant = Annotated[str, Field(min_length=1, max_length=2000)]
Transform = Annotated[str, _one_of(tuple(TRANSFORMS), "transform")]


class MappingRecipeCreate(Document):
    """How files are to be read.

    Attributes:
        columns: Field of a heading; headings that are not named here are told by their words.
        constants: Fields that are the same for every row.
        ignored: Headings that are not read; `*` stands for all that are not known.
        date_format: How days are written where a cell holds text.
        transforms: What is done to the cells of a field before they are read, in this order.
        values: What the cells of a field stand for, e.g. a product name for a model's identifier.
        encoding: See `files.ReadingOptions`.
        sheet: See `files.ReadingOptions`.
        header_line: See `files.ReadingOptions`.
    """

    columns: Annotated[dict[Heading, Field_], Field(max_length=MAX_ENTRIES)] = Field(
        default_factory=dict
    )
    constants: Annotated[dict[Field_, Constant], Field(max_length=MAX_ENTRIES)] = Field(
        default_factory=dict
    )
    ignored: Annotated[list[Heading], Field(max_length=MAX_ENTRIES)] = Field(default_factory=list)
    date_format: Annotated[str, _one_of(DATE_FORMATS, "date format")] | None = None
    transforms: dict[Field_, Annotated[list[Transform], Field(max_length=10)]] = Field(
        default_factory=dict
    )
    values: dict[Field_, Annotated[dict[Cell, Cell], Field(max_length=MAX_VALUES)]] = Field(
        default_factory=dict
    )
    encoding: Annotated[str, _one_of(ENCODING_NAMES, "encoding")] | None = None
    sheet: Name | None = None
    header_line: Annotated[int, Field(ge=1, le=1000)] | None = None

    @model_validator(mode="after")
    def _fields_once(self) -> "MappingRecipeCreate":
        names = [*self.columns.values(), *self.constants]
        twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
        if twice is not None:
            raise RuleError(f"{twice} is read from two places", "Leave one of them out.")
        return self


class MappingRecipe(MappingRecipeCreate):
    """A recipe as it stands in the store."""

    name: Slug
    version: int
    operator_id: str
    created_at: datetime

    def content(self) -> MappingRecipeCreate:
        """Return what it says, without who saved it when."""
        fields = self.model_dump(include=set(MappingRecipeCreate.model_fields))
        return MappingRecipeCreate(**fields)


def save_recipe(
    store: Store, operator_id: str, name: str, request: MappingRecipeCreate, now: datetime
) -> MappingRecipe:
    """Save a recipe as a new version; the same content again makes none.

    Raises:
        InvalidInputError: its name is no identifier.
    """
    wrong = check_slug(name, "name")
    if wrong is not None:
        raise InvalidInputError([wrong], "the recipe")
    with store.transaction() as transaction:
        transaction.operators.lock(operator_id)
        newest = transaction.mapping_recipes.newest(operator_id, name)
        if newest is not None and newest.deleted_at is None:
            found = _read(newest)
            if found.content() == request:
                return found
        fields = {
            **request.model_dump(),
            "name": name,
            "version": newest.version + 1 if newest is not None else 1,
            "operator_id": operator_id,
            "created_at": now,
        }
        recipe = read_document(MappingRecipe, fields, "the recipe")
        transaction.mapping_recipes.add(
            MappingRecipeRow(
                operator_id=operator_id,
                name=name,
                version=recipe.version,
                created_at=now,
                document=recipe.model_dump_json().encode(),
            )
        )
    return recipe


def get_recipe(
    transaction: Transaction, operator_id: str, name: str, version: int | None = None
) -> MappingRecipe:
    """Return a recipe, its newest version by default.

    Raises:
        RecordNotFoundError: there is none, or it was deleted.
    """
    if check_slug(name) is not None:
        raise RecordNotFoundError("mapping recipe", name)
    row = (
        transaction.mapping_recipes.newest(operator_id, name)
        if version is None
        else transaction.mapping_recipes.get(operator_id, name, version)
    )
    if row is None or row.deleted_at is not None:
        wanted = name if version is None else f"{shorten(name)} version {version}"
        raise RecordNotFoundError(
            "mapping recipe", wanted, "List them: voltpass batch recipe list."
        )
    return _read(row)


def list_recipes(transaction: Transaction, operator_id: str) -> list[MappingRecipe]:
    """Return the newest version of each of an operator's recipes, by name."""
    newest: dict[str, MappingRecipe] = {}
    for row in transaction.mapping_recipes.of(operator_id):
        newest.setdefault(row.name, _read(row))
    return list(newest.values())


def delete_recipe(store: Store, operator_id: str, name: str, now: datetime) -> None:
    """Take a recipe out of use; its versions stay in the store.

    Raises:
        RecordNotFoundError: there is none, or it was deleted.
    """
    with store.transaction() as transaction:
        transaction.operators.lock(operator_id)
        get_recipe(transaction, operator_id, name)
        transaction.mapping_recipes.delete(operator_id, name, now)


def _read(row: MappingRecipeRow) -> MappingRecipe:
    return MappingRecipe.model_validate_json(row.document)


def merged(recipe: MappingRecipeCreate, said: Mapping[str, Any]) -> MappingRecipeCreate:
    """Return a recipe with what was said beside it, which goes before the recipe.

    Raises:
        InvalidInputError: what was said breaks a rule.
    """
    fields = recipe.model_dump()
    given = {name: value for name, value in said.items() if value}
    anew = {*given.get("columns", {}).values(), *given.get("constants", {})}
    columns = {h: name for h, name in fields["columns"].items() if name not in anew}
    constants = {name: v for name, v in fields["constants"].items() if name not in anew}
    fields["columns"] = {**columns, **given.pop("columns", {})}
    fields["constants"] = {**constants, **given.pop("constants", {})}
    fields["ignored"] = [*fields["ignored"], *given.pop("ignored", [])]
    return read_document(MappingRecipeCreate, {**fields, **given}, "the mapping")
