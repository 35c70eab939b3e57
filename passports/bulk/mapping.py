"""Which column holds what: by a recipe, or by its heading in one of several languages.

What a heading cannot be told from is not guessed at registration: a column that nobody claims refuses the
file, unless it is named as one to leave out. Passports are for good; a misspelt `responsible operator` must
not pass as nothing.
"""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from passports.attributes.table import attributes
from passports.bulk.column_names import REQUIRED, ColumnNames, aliases, battery_columns, normalised
from passports.bulk.files import WHAT, SourceRow, SourceTable
from passports.bulk.recipes import MappingRecipeCreate
from passports.bulk.transforms import DATE_FORMATS, TRANSFORMS, date_styles_of
from passports.errors import Finding, InvalidInputError, shorten

REASON, SUGGESTED_FIX = "reason", "suggested_fix"
"""Columns that a file of rejects has beside its own; read again, they are passed over."""
_LIKELY: Final = 0.8  # of difflib's ratio: one letter in five may differ
_SAMPLE: Final = 200
EVERYTHING: Final = "*"


@dataclass(frozen=True)
class ColumnPlan:
    """What is read from where.

    Attributes:
        places: Position of the column of each field.
        headings: Heading of each field's column, for findings.
        constants: Fields that are the same for every row.
        ignored: Headings that are not read.
        transforms: As in the recipe.
        values: As in the recipe.
        date_format: As in the recipe.
    """

    places: Mapping[str, int]
    headings: Mapping[str, str]
    constants: Mapping[str, Any]
    ignored: Sequence[str]
    transforms: Mapping[str, Sequence[str]] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    date_format: str | None = None

    def fields(self) -> Iterator[str]:
        """Yield all fields that rows have."""
        yield from self.places
        yield from (name for name in self.constants if name not in self.places)

    def cell(self, source: SourceRow, name: str) -> object:
        """Return a row's cell of a field, or what is said of that field for every row."""
        place = self.places.get(name)
        return self.constants.get(name) if place is None else source.cells[place]

    def changed(self, name: str, text: str) -> str:
        """Return what the text of a cell stands for, by the recipe's values and transforms."""
        text = self.values.get(name, {}).get(text, text)
        for transform in self.transforms.get(name, ()):
            text = TRANSFORMS[transform](text)
        return text


def plan_columns(
    table: SourceTable, recipe: MappingRecipeCreate, names: ColumnNames | None = None
) -> ColumnPlan:
    """Say which column of a file is which field, by a recipe and else by headings.

    Args:
        table: The file.
        recipe: What was said of it.
        names: What its columns can be; those of a file of batteries by default.

    Raises:
        InvalidInputError: a column is claimed by nobody, a field by two, or a needed field by none.
    """
    names = names or battery_columns()
    findings = _of_another_kind(recipe, names)
    chosen = _by_recipe(table.headings, recipe.columns, findings)
    ignored = []
    asked = {normalised(name) for name in recipe.ignored}
    for heading in table.headings:
        if not heading or heading in chosen:
            continue
        known = names.aliases.get(normalised(heading))
        if normalised(heading) in asked or _is_of_rejects(heading, table.headings):
            ignored.append(heading)
        elif known is not None and known not in recipe.columns.values():
            chosen[heading] = known
        elif EVERYTHING in recipe.ignored:
            ignored.append(heading)
        else:
            findings.append(_unclaimed(heading, names))
    constants: Mapping[str, Any] = recipe.constants
    if {REASON, SUGGESTED_FIX} <= set(table.headings):  # constants stand in a file of rejects
        constants = {name: v for name, v in constants.items() if name not in chosen.values()}
    findings += _contradictions(chosen, constants, names)
    if findings:
        raise InvalidInputError(findings, WHAT)
    positions = {heading: place for place, heading in enumerate(table.headings)}
    return ColumnPlan(
        places={name: positions[heading] for heading, name in chosen.items()},
        headings={name: heading for heading, name in chosen.items()},
        constants=constants,
        ignored=ignored,
        transforms=recipe.transforms,
        values=recipe.values,
        date_format=recipe.date_format,
    )


def _of_another_kind(recipe: MappingRecipeCreate, names: ColumnNames) -> list[Finding]:
    """Name what a recipe says of fields that rows of this kind of file do not have."""
    said = [*recipe.columns.values(), *recipe.constants, *recipe.transforms, *recipe.values]
    reason = "rows of this kind of file have no such field"
    remedy = "Use a recipe for this kind: batteries and models have fields of their own."
    foreign = dict.fromkeys(name for name in said if name not in names.fields)
    return [Finding("recipe", name, reason, remedy) for name in foreign]


def _by_recipe(
    headings: Sequence[str], columns: Mapping[str, str], findings: list[Finding]
) -> dict[str, str]:
    by_form = {normalised(heading): heading for heading in headings if heading}
    chosen = {}
    for wanted, name in columns.items():
        heading = wanted if wanted in headings else by_form.get(normalised(wanted))
        if heading is None:
            reason = "the file has no column with this heading, which the recipe names"
            remedy = "Check the heading, or use another recipe."
            findings.append(Finding("header", shorten(wanted), reason, remedy))
        else:
            chosen[heading] = name
    return chosen


def _is_of_rejects(heading: str, headings: Sequence[str]) -> bool:
    return heading in {REASON, SUGGESTED_FIX} and {REASON, SUGGESTED_FIX} <= set(headings)


def _unclaimed(heading: str, names: ColumnNames) -> Finding:
    shown = shorten(heading)
    known = attributes().get(heading)
    if known is not None:
        reason = f"a row cannot give this attribute ({known.granularity.value}, {known.type})"
        remedy = "Leave the column out, and give it by `voltpass passport set`."
        return Finding("header", shown, reason, remedy)
    likely = _likely_field(heading, names)
    meant = f"If it is {likely}, say so" if likely else "Say which field it is"
    remedy = (
        f"{meant} (--map '{shown}=FIELD', or columns of the recipe),"
        " or leave it out (--ignore, or ignored of the recipe)."
    )
    return Finding("header", shown, "this column is not known", remedy)


def _likely_field(heading: str, names: ColumnNames) -> str | None:
    close = difflib.get_close_matches(normalised(heading), list(names.aliases), 1, _LIKELY)
    return names.aliases[close[0]] if close else None


def _contradictions(
    chosen: Mapping[str, str], constants: Mapping[str, Any], known: ColumnNames
) -> Iterator[Finding]:
    names = list(chosen.values())
    for heading, name in chosen.items():
        if name in constants:
            reason = f"{name} is a constant and a column"
            yield Finding("header", shorten(heading), reason, "Leave one of them out.")
        elif names.count(name) > 1:
            reason = f"two columns are {name}"
            yield Finding("header", shorten(heading), reason, "Leave one of them out (--ignore).")
    for options in known.required:
        if not any(name in names or name in constants for name in options):
            wanted = " or ".join(options)
            remedy = (
                "Map a column to it, or set it for all rows (--set, or constants of the recipe)."
            )
            yield Finding("header", wanted, f"there is no column {wanted}", remedy)


@dataclass(frozen=True)
class MappingSuggestion:
    """What a recipe for a file could be.

    Attributes:
        columns: Headings that are known, and their fields.
        unsure: Headings that resemble one of a field.
        unmatched: Headings that resemble nothing.
        missing: What rows need and no column seems to hold.
        date_formats: Styles in which all dates of the first rows are days; more than one: ask.
    """

    columns: Mapping[str, str]
    unsure: Mapping[str, str]
    unmatched: Sequence[str]
    missing: Sequence[str]
    date_formats: Sequence[str]

    def to_document(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return {
            "columns": dict(self.columns),
            "unsure": dict(self.unsure),
            "unmatched": list(self.unmatched),
            "missing": list(self.missing),
            "date_formats": list(self.date_formats),
        }


def suggest_mapping(table: SourceTable) -> MappingSuggestion:
    """Suggest which column is what, from headings and from how dates are written."""
    columns: dict[str, str] = {}
    unsure: dict[str, str] = {}
    unmatched = []
    for heading in filter(None, table.headings):
        known = aliases().get(normalised(heading))
        likely = _likely_field(heading, battery_columns())
        if known is not None and known not in columns.values():
            columns[heading] = known
        elif known is None and likely is not None:
            unsure[heading] = likely
        elif not _is_of_rejects(heading, table.headings):
            unmatched.append(heading)
    unsure = {heading: name for heading, name in unsure.items() if name not in columns.values()}
    unmatched += [
        heading
        for heading in table.headings
        if heading
        and heading not in columns
        and heading not in unsure
        and heading not in unmatched
        and not _is_of_rejects(heading, table.headings)
    ]
    found = {*columns.values(), *unsure.values()}
    missing = [" or ".join(options) for options in REQUIRED if not found.intersection(options)]
    return MappingSuggestion(columns, unsure, unmatched, missing, _date_styles(table, columns))


def _date_styles(table: SourceTable, columns: Mapping[str, str]) -> list[str]:
    heading = next((h for h, name in columns.items() if name == "manufactured_on"), None)
    if heading is None:
        return []
    place = table.headings.index(heading)
    cells = [row.cells[place] for row in table.rows[:_SAMPLE] if row.fault is None]
    texts = [cell.strip() for cell in cells if isinstance(cell, str) and cell.strip()]
    return [style for style in date_styles_of(texts) if style in DATE_FORMATS]
