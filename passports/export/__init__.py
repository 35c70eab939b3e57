"""Exports: one module a format, and its line in this table.

`bundle` is the one there is: passports with all evidence, for verification without a network.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final, TypeAlias

from passports.export.offline_bundle import export_offline_bundle
from passports.resolve import OwnRecords

Export: TypeAlias = Callable[[OwnRecords, list[bytes], bytes | None, bool, datetime], bytes]

EXPORTS: Final[Mapping[str, Export]] = MappingProxyType({"bundle": export_offline_bundle})
