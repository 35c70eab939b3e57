"""A process that is killed while it registers a file leaves nothing behind; run again, it completes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.exhaustively import each_with_each
from tests.passports.bulk_files import as_csv, battery, register
from tests.worlds import World

ROWS = 60  # of which the first twenty are in the database's hands when the process ends
CHILD = """
import sys
from pathlib import Path
from datetime import datetime
from passports import issue
from passports.bulk import MappingRecipeCreate, Registry, read_table, register_batteries
from passports.keyring import Keyring
from passports.store import Store
from tests.worlds import ADDRESS, MAKER, NOW

url, keys, file, partial = sys.argv[1:]
issue.CHUNK = 20
registry = Registry(Store(url), Keyring(Path(keys), b"for tests"), ADDRESS, MAKER)
table = read_table(Path(file).read_bytes())

def tell(stage, done, total):
    print(stage, done, flush=True)
    if stage == "issuing":
        sys.stdin.read()  # until the parent ends it

register_batteries(
    registry, table, MappingRecipeCreate(), NOW, partial=partial == "partial", progress=tell
)
"""


@pytest.mark.parametrize(
    ("databases", "mode"),
    each_with_each(["sqlite", "postgresql"], ["whole", "partial"]),
    indirect=["databases"],
)
def test_a_process_killed_while_it_issues_leaves_nothing_and_the_same_file_completes(
    world: World, tmp_path: Path, mode: str
) -> None:
    rows = [battery(f"A-{n}", batch_id=f"b-{n // 30}") for n in range(ROWS)]
    if mode == "partial":
        rows[7]["serial"] = "not good"
    file = tmp_path / "batteries.csv"
    file.write_bytes(as_csv(rows))
    root = Path(__file__).parents[2]
    url = world.store.engine.url.render_as_string(hide_password=False)
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, url, str(world.keyring.directory), str(file), mode],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    ) as child:
        assert child.stdout is not None
        lines = iter(child.stdout.readline, "")
        reached = next((line for line in lines if line.startswith("issuing")), "")
        assert reached == "issuing 20\n"
        os.kill(child.pid, signal.SIGKILL)
        assert child.wait(30) == -signal.SIGKILL

    with world.store.reading() as reading:
        assert list(reading.passports.page()) == []
        assert reading.batches.all() == []
        assert reading.log_state.get(1) is None
    good = ROWS - (mode == "partial")
    again = register(world, file.read_bytes(), partial=mode == "partial").report
    assert (again.registered, again.refused) == (good, ROWS - good)
    third = register(world, file.read_bytes(), partial=mode == "partial").report
    assert (third.registered, third.present) == (0, good)
