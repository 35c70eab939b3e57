"""The verifier of the page for browsers, run in Node's WebCrypto."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from api.pages.offline import offline_page
from signing.report import VerificationReport
from tests.paths import ROOT

RUNNER = ROOT / "tests" / "signing" / "assets" / "run_page.cjs"


@cache
def _folder() -> "TemporaryDirectory[str]":
    return TemporaryDirectory(prefix="page")


def page_file() -> Path:
    """A copy of the page, as somebody keeps it."""
    file = Path(_folder().name) / "verify.html"
    if not file.exists():
        file.write_bytes(offline_page().content)
    return file


def run(tasks: Sequence[Any]) -> list[Any]:
    """What the page makes of each task (see run_page.cjs), in one process for all."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed")
    made = subprocess.run(
        [node, str(RUNNER), str(page_file())],
        input=json.dumps(list(tasks)).encode(),
        capture_output=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr.decode()
    results: list[Any] = json.loads(made.stdout)
    assert [result["fault"] for result in results if "fault" in result] == []
    return results


def steps_of(report: VerificationReport) -> list[list[str]]:
    """The steps of a report of Python's, as the runner writes those of the page."""
    return [[step.step, step.outcome, step.reason_code] for step in report.steps]
