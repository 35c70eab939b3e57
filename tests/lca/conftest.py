"""Builders for inventories: the complete example, and changes to it by path."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lca.datasets import Dataset, load_shipped_dataset
from tests.paths import SHARED

HERE = Path(__file__).parent
ASSETS = HERE / "assets"

Document = dict[str, Any]
_PACK = json.loads((ASSETS / "lfp_pack.json").read_text(encoding="utf-8"))


@pytest.fixture
def pack() -> Document:
    """A fresh copy of the complete LFP inventory, to be changed at will."""
    return copy.deepcopy(_PACK)


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    return load_shipped_dataset()


@pytest.fixture
def asset() -> Callable[[str], Path]:
    """Return the path of a test asset."""
    return lambda name: ASSETS / name


@pytest.fixture
def reference() -> Path:
    """The folder of reference data; the test is skipped where it is absent."""
    folder = SHARED / "reference"
    if not folder.is_dir():
        pytest.skip("reference data are not at hand")
    return folder


@pytest.fixture
def third_party() -> Path:
    """The folder of third-party schemas; the test is skipped where it is absent."""
    folder = SHARED / "schemas"
    if not folder.is_dir():
        pytest.skip("third-party schemas are not at hand")
    return folder
