"""Registration in bulk: files of batteries in, one signed passport for each row out, or reasons row by row.

`files` reads CSV, XLSX, NDJSON and JSON into rows of cells; `column_names`, `recipes` and `mapping` say
which column is what; `rows` reads the cells; `judging` holds the rows against the gates of issuing;
`registering` does both and, where nothing is refused, issues; `rejects` writes what was refused so that it
can be mended.
`model_fields`, `model_rows` and `model_registering` do the same for files of battery models.
"""

from passports.bulk.files import ReadingOptions, SourceTable, read_table
from passports.bulk.mapping import MappingSuggestion, suggest_mapping
from passports.bulk.model_registering import ModelRegistration, register_models
from passports.bulk.recipes import (
    MappingRecipe,
    MappingRecipeCreate,
    delete_recipe,
    get_recipe,
    list_recipes,
    merged,
    save_recipe,
)
from passports.bulk.registering import Registration, Registry, register_batteries
from passports.bulk.rejects import RejectsFile, rejects_file
from passports.bulk.report import FileReport, ModelsReport, RegistrationReport, RowFinding

__all__ = [
    "FileReport",
    "MappingRecipe",
    "MappingRecipeCreate",
    "MappingSuggestion",
    "ModelRegistration",
    "ModelsReport",
    "ReadingOptions",
    "Registration",
    "RegistrationReport",
    "Registry",
    "RejectsFile",
    "RowFinding",
    "SourceTable",
    "delete_recipe",
    "get_recipe",
    "list_recipes",
    "merged",
    "read_table",
    "register_batteries",
    "register_models",
    "rejects_file",
    "save_recipe",
    "suggest_mapping",
]
