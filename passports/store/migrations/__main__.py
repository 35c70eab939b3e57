"""`python -m passports.store.migrations --upgrade | --check | --revision TEXT`."""

import argparse
import logging
import os
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.util import CommandError

from passports.store.migrations import check, configuration, upgrade
from passports.store.store import Store


def main() -> int:
    """Run one of the three; the exit code is 1 where tables and migrations differ."""
    parser = argparse.ArgumentParser(
        prog="python -m passports.store.migrations", description=__doc__
    )
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("--upgrade", action="store_true", help="migrate VOLTPASS_DATABASE_URL")
    choice.add_argument("--check", action="store_true", help="compare tables with migrations")
    choice.add_argument("--revision", metavar="TEXT", help="write a new migration")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    if arguments.upgrade:
        upgrade(Store(os.environ["VOLTPASS_DATABASE_URL"]).engine)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        engine = Store(f"sqlite:///{Path(folder) / 'check.sqlite3'}").engine
        upgrade(engine)
        if arguments.revision:
            number = len(list((Path(__file__).parent / "versions").glob("*.py"))) + 1
            command.revision(
                configuration(engine),
                message=arguments.revision,
                autogenerate=True,
                rev_id=f"{number:04d}",
            )
            return 0
        try:
            check(engine)
        except CommandError as error:
            print(f"tables and migrations differ: {error}", file=sys.stderr)  # noqa: T201 # a command prints
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
