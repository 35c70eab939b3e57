"""What the columns of a file can be: the fields of batteries and of models, and the headings they have.

Headings are compared without case, accents of width, spaces and punctuation.
"""

import csv
import io
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from passports.attributes.table import Granularity, attributes
from passports.bulk.model_fields import MODEL_FIELDS, MODEL_REQUIRED

FIELDS: Final = (
    "batch_id",
    "model_id",
    "gtin",
    "serial",
    "manufactured_on",
    "facility_id",
    "responsible_operator_id",
    "profile",
)
# What a row needs; of model_id and gtin one is enough.
REQUIRED: Final = (
    ("batch_id",),
    ("model_id", "gtin"),
    ("serial",),
    ("manufactured_on",),
    ("facility_id",),
)
_SCALAR_TYPES: Final = frozenset({"number", "integer", "month", "choice"})


@cache
def attribute_columns() -> tuple[str, ...]:
    """Return the attributes that a row can give: of the item, given by hand, and one value each."""
    return tuple(
        name
        for name, attribute in attributes().items()
        if attribute.granularity is Granularity.ITEM
        and attribute.is_given
        and attribute.type in _SCALAR_TYPES
    )


def is_field(name: str) -> bool:
    """Tell whether a column can be read as this, in a file of batteries."""
    return name in FIELDS or name in attribute_columns()


def normalised(heading: str) -> str:
    """Return a heading as it is compared."""
    folded = unicodedata.normalize("NFKC", heading).casefold()
    return "".join(character for character in folded if character.isalnum())


@dataclass(frozen=True)
class ColumnNames:
    """What the columns of one kind of file can be.

    Attributes:
        fields: What a column can hold.
        aliases: The field of every heading that is known, by its normalised form.
        required: What a row needs; of several together one is enough.
    """

    fields: Collection[str]
    aliases: Mapping[str, str]
    required: Sequence[Sequence[str]]


@cache
def aliases() -> Mapping[str, str]:
    """Return the field of every heading of a file of batteries, by its normalised form.

    Raises:
        ValueError: a row of the table names no field, or two fields share a heading.
    """
    return _read_aliases("column_aliases.csv", FIELDS, attribute_columns())


def _read_aliases(table: str, fields: Sequence[str], others: Sequence[str]) -> Mapping[str, str]:
    path = resources.files("passports").joinpath("data").joinpath(table)
    found: dict[str, str] = {normalised(name): name for name in (*fields, *others)}
    for row in csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))):
        name, alias = row["field"], normalised(row["alias"])
        if name not in fields or found.setdefault(alias, name) != name:
            raise ValueError(f"{table}: {row} names no field, or another one's heading")
    return found


@cache
def battery_columns() -> ColumnNames:
    """Return what the columns of a file of batteries can be."""
    return ColumnNames(frozenset({*FIELDS, *attribute_columns()}), aliases(), REQUIRED)


@cache
def model_columns() -> ColumnNames:
    """Return what the columns of a file of battery models can be.

    Raises:
        ValueError: as `aliases`.
    """
    known = _read_aliases("model_column_aliases.csv", MODEL_FIELDS, ())
    return ColumnNames(frozenset(MODEL_FIELDS), known, [(name,) for name in MODEL_REQUIRED])
