"""What a stored study is computed from: a request as JSON, or a workbook filled in for a model and plant."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from api.commands.inventories import read_footprint_input
from api.commands.terminal import read_file
from passports.errors import Finding, InvalidInputError

if TYPE_CHECKING:
    from passports.footprints import FootprintRequest


_ZIP_MAGIC = b"PK"
_WHAT = "the request"


def read_study_request(
    file: Path, model: str | None, facility: str | None, rulesets: Sequence[str] | None
) -> "tuple[FootprintRequest, str]":
    """Read a request: JSON that names all, or an inventory in any accepted form with the names beside.

    Returns:
        The request, and what of the file was left to the records, to be said; empty for JSON.

    Raises:
        EnvironmentFaultError: there is no such file, or it cannot be read.
        InvalidInputError: names are missing, or stand there twice; or it is no request.
        LcaError: the inventory is refused; each finding names file, sheet, row and field.
    """
    from passports.documents import read_document
    from passports.footprints import FootprintRequest

    if model is not None and facility is not None:
        return _of_inventory(file, model, facility, rulesets)
    if file.is_dir():
        raise _unnamed(file, "this is a folder of sheets")
    data = read_file(file, _WHAT)
    if data.startswith(_ZIP_MAGIC):
        raise _unnamed(file, "this is a workbook or a zip of sheets")
    if model is not None or facility is not None or rulesets:
        raise _unnamed(file, "--model, --facility and --ruleset go with an inventory")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        raise _unnamed(file, "this is no JSON, it is no text at all") from None
    return read_document(FootprintRequest, data, _WHAT), ""


def _unnamed(file: Path, reason: str) -> InvalidInputError:
    remedy = (
        "Give --model and --facility with an inventory (JSON, XLSX, CSV), or JSON that has all."
    )
    return InvalidInputError([Finding("file", file.name, reason, remedy)], _WHAT)


def _of_inventory(
    file: Path, model: str, facility: str, rulesets: Sequence[str] | None
) -> "tuple[FootprintRequest, str]":
    from passports.documents import read_document
    from passports.footprint_inventory import FROM_THE_RECORDS, without_records
    from passports.footprints import FootprintRequest

    given = read_footprint_input(file)
    if given.read.factors:
        reason = "a stored study is computed anew from shipped factors, it cannot rest on own ones"
        remedy = "Use shipped factors, or only compute: voltpass footprint compute."
        names = ", ".join(factor.id for factor in given.read.factors)
        raise InvalidInputError([Finding("supplier_footprints", names, reason, remedy)], file.name)
    document = {
        "model_id": model,
        "facility_id": facility,
        "inventory": without_records(given.read.inventory.document),
        **({"rulesets": list(rulesets)} if rulesets else {}),
    }
    said = f"{FROM_THE_RECORDS}: from the records of {model} and {facility}, not from {file.name}"
    return read_document(FootprintRequest, document, _WHAT), said
