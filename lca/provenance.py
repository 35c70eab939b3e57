"""What every result says of the software and the format it is in."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import metadata
from types import MappingProxyType
from typing import Final

from lca import FULL_NAME

FOOTPRINT_FORMAT: Final = "voltpass-footprint/1"


@cache
def software() -> Mapping[str, str]:
    """Return name and version of this software as results state them."""
    return MappingProxyType({"name": FULL_NAME, "version": metadata.version(FULL_NAME)})
