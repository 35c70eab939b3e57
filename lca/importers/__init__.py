"""Foreign files become emission factors, under the licence their user has.

One module a format, one line in `FORMATS`. Every reader passes the same checks: unit, boundary,
plausible band, licence; what fails is refused with its place in the file, and a factor is never
guessed. Imported values are not redistributable unless their user says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from lca.datasets import load_shipped_dataset
from lca.errors import FactorImportError, Finding
from lca.importers.catenax import read_catenax
from lca.importers.csv_rows import read_csv_rows
from lca.importers.ecospold2 import read_ecospold2
from lca.importers.ilcd import read_ilcd
from lca.importers.openlca import read_openlca
from lca.importers.pact import read_pact
from lca.importers.records import Imported, ImportTerms
from lca.plausibility import implausible

FORMATS: Final[Mapping[str, Callable[[bytes, ImportTerms], Imported]]] = MappingProxyType(
    {
        "catenax": read_catenax,
        "csv": read_csv_rows,
        "ecospold2": read_ecospold2,
        "ilcd": read_ilcd,
        "openlca": read_openlca,
        "pact": read_pact,
    }
)
"""Readers by the name of their format."""

MAXIMUM_BYTES: Final = 100 * 1024 * 1024


def import_factors(data: bytes, format_name: str, terms: ImportTerms) -> Imported:
    """Return the factors of a foreign file, and what was refused in it.

    Args:
        data: The file.
        format_name: A key of `FORMATS`.
        terms: Licence and source under which the user has the file.

    Raises:
        FactorImportError: Unknown format, no licence, or not a file of that format at all.
    """
    reader = FORMATS.get(format_name)
    if reader is None:
        known = f"known: {', '.join(FORMATS)}"
        raise FactorImportError([Finding("format", format_name, "no such format", known)])
    for name in ("licence", "source"):
        if not getattr(terms, name).strip():
            remedy = "say under which terms you have this file"
            raise FactorImportError([Finding(name, "", "is needed with an import", remedy)])
    if len(data) > MAXIMUM_BYTES:
        reason = f"is larger than {MAXIMUM_BYTES // 1024 // 1024} MiB"
        raise FactorImportError([Finding("file", str(len(data)), reason, "split it")])
    imported = reader(data, terms)
    flows = load_shipped_dataset().characterisation("ef-3.1")
    accepted = []
    refused = list(imported.refused)
    for record in imported.records:
        finding = implausible(record, flows)
        if finding is None or record.id in terms.overrides:
            accepted.append(record)
        else:
            refused.append(finding)
    warnings = [
        f"{id_}: outside its plausible band, overridden: {reason}"
        for id_, reason in terms.overrides.items()
    ]
    digest = hashlib.sha256(data).hexdigest()
    return Imported(tuple(accepted), tuple(refused), (*imported.warnings, *warnings), digest)
