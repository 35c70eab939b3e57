"""Faults of the environment: a database, file, port or setting that does not play along.

Not the caller's input and not a record: on the command line these end with an exit code of their own.
"""

from collections.abc import Sequence
from typing import ClassVar

from passports.errors import Finding


class EnvironmentFaultError(Exception):
    """Something around voltpass keeps it from working.

    Attributes:
        findings: What it is and what to do about it; never a password, passphrase or key.
    """

    title: ClassVar[str] = "The environment does not play along"

    def __init__(self, *findings: Finding) -> None:
        super().__init__(" | ".join(str(finding) for finding in findings))
        self.findings: Sequence[Finding] = findings


class FileFaultError(EnvironmentFaultError):
    """A file that was named is not there, or cannot be read."""

    title: ClassVar[str] = "The file cannot be read"
