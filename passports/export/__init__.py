"""Exports: one module a format, and its line in this table.

`bundle` holds passports with all evidence, for verification without a network; `certificates` is the tie
between batteries and factory certificates as a table. Each export carries that tie (a test walks them).
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final, TypeAlias

from passports.export.certificate_table import export_certificate_table
from passports.export.offline_bundle import export_offline_bundle
from passports.resolve import OwnRecords

Export: TypeAlias = Callable[[OwnRecords, list[bytes], bytes | None, bool, datetime], bytes]

EXPORTS: Final[Mapping[str, Export]] = MappingProxyType(
    {"bundle": export_offline_bundle, "certificates": export_certificate_table}
)
