"""`voltpass batch recipe`: mapping recipes, which say once how the files of a system are read."""

from pathlib import Path
from typing import Annotated

import typer

from api.commands.console import (
    EXIT_CANNOT_TELL,
    AsJson,
    Operator,
    emit,
    open_voltpass,
    out,
    read_file,
    reported,
)
from api.commands.mapping_options import (
    BatteryFile,
    Columns,
    Constants,
    DateFormat,
    Encoding,
    HeaderLine,
    Ignored,
    Sheet,
    read_file_as_table,
    said_of,
)

recipe = typer.Typer(
    no_args_is_help=True,
    help="Mapping recipes: which column of a file is what.",
    rich_markup_mode=None,
)


@recipe.command("save")
def recipe_save(
    name: Annotated[str, typer.Argument(help="How it is called from now on.")],
    operator: Operator,
    file: Annotated[Path | None, typer.Argument(help="JSON: columns, constants ...")] = None,
    columns: Columns = None,
    constants: Constants = None,
    ignored: Ignored = None,
    date_format: DateFormat = None,
    encoding: Encoding = None,
    sheet: Sheet = None,
    header_line: HeaderLine = None,
    as_json: AsJson = False,
) -> None:
    """Save a recipe from a JSON file, from options, or both; a change makes a new version."""
    from passports.bulk import MappingRecipeCreate, merged, save_recipe
    from passports.documents import read_document, utc_now

    with reported(as_json=as_json):
        base = MappingRecipeCreate()
        if file is not None:
            base = read_document(MappingRecipeCreate, read_file(file, "the recipe"), "the recipe")
        said = said_of(columns, constants, ignored, date_format, encoding, sheet, header_line)
        saved = save_recipe(open_voltpass().store, operator, name, merged(base, said), utc_now())
        text = f"saved recipe {saved.name}, version {saved.version}"
        emit(saved.model_dump(mode="json"), as_json=as_json, text=lambda: out.print(text))


@recipe.command("list")
def recipe_list(operator: Operator, as_json: AsJson = False) -> None:
    """List an operator's recipes."""
    from passports.bulk import list_recipes

    with reported(as_json=as_json), open_voltpass().store.reading() as reading:
        found = list_recipes(reading, operator)

        def text() -> None:
            for item in found:
                out.print(f"{item.name}  version {item.version}  {item.created_at:%Y-%m-%d}")

        emit([item.model_dump(mode="json") for item in found], as_json=as_json, text=text)


@recipe.command("show")
def recipe_show(
    name: str,
    operator: Operator,
    version: Annotated[
        int | None, typer.Option(help="The newest by default.", min=1, max=1_000_000)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show a recipe, as JSON that `recipe save` takes."""
    from passports.bulk import MappingRecipe, get_recipe

    with reported(as_json=as_json), open_voltpass().store.reading() as reading:
        found: MappingRecipe = get_recipe(reading, operator, name, version)
        content = found.content().model_dump(mode="json", exclude_defaults=True)
        emit(
            found.model_dump(mode="json"),
            as_json=as_json,
            text=lambda: out.print_json(data=content),
        )


@recipe.command("delete")
def recipe_delete(name: str, operator: Operator, as_json: AsJson = False) -> None:
    """Take a recipe out of use; its versions stay in the store."""
    from passports.bulk import delete_recipe
    from passports.documents import utc_now

    with reported(as_json=as_json):
        delete_recipe(open_voltpass().store, operator, name, utc_now())
        emit({"deleted": name}, as_json=as_json, text=lambda: out.print(f"deleted recipe {name}"))


@recipe.command("suggest")
def recipe_suggest(
    file: BatteryFile,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write it as a recipe, to be completed.")
    ] = None,
    encoding: Encoding = None,
    sheet: Sheet = None,
    header_line: HeaderLine = None,
    as_json: AsJson = False,
) -> None:
    """Suggest a mapping from a file's headings, and name the columns that match nothing."""
    from passports.bulk import MappingRecipeCreate, merged, suggest_mapping

    with reported(as_json=as_json, refused=EXIT_CANNOT_TELL):
        said = said_of(None, None, None, None, encoding, sheet, header_line)
        chosen = merged(MappingRecipeCreate(), said)
        found = suggest_mapping(read_file_as_table(file, chosen))
        styles = found.date_formats
        draft = {
            "columns": {**found.columns, **found.unsure},
            "date_format": styles[0] if len(styles) == 1 else None,
        }
        suggested = merged(chosen, draft).model_dump_json(exclude_defaults=True, indent=2)
        if output is not None:
            output.write_text(f"{suggested}\n", encoding="utf-8")

        def text() -> None:
            for heading, name in found.columns.items():
                out.print(f"{heading} = {name}", markup=False)
            for heading, name in found.unsure.items():
                out.print(f"{heading} = {name}?  (resembles it)", markup=False)
            for heading in found.unmatched:
                out.print(f"{heading}: matches nothing; map it, or leave it out", markup=False)
            for name in found.missing:
                out.print(f"missing: {name}  (a column, or --set for all rows)", markup=False)
            if styles:
                out.print(f"days are written: {' or '.join(styles)}", markup=False)

        emit(found.to_document(), as_json=as_json, text=text)
