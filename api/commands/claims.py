"""The table of claim checks, for people and as JSON."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from passports.claim_checks import ClaimResult
from passports.plurals import counted

if TYPE_CHECKING:
    from api.demo.factories import CheckedFactory
    from passports.claim_checks import ClaimCheck


STYLES: Final = {
    ClaimResult.CONSISTENT: "green",
    ClaimResult.INCONSISTENT: "red",
    ClaimResult.IMPLAUSIBLE: "red",
    ClaimResult.CANNOT_TELL: "cyan",
    ClaimResult.CERTIFIES_NOTHING: "yellow",
    ClaimResult.RESTRICTED: "yellow",
}


def check_table(title: str, checks: "Sequence[ClaimCheck]") -> Table:
    """Return the checks of one factory as a table."""
    table = Table(title=escape(title), title_justify="left", expand=True)
    table.add_column("check", no_wrap=True)
    table.add_column("result", no_wrap=True)
    table.add_column("about, and why", ratio=1)
    for check in checks:
        result = check.result.value.replace("_", " ")
        why = f"[bold]{escape(check.about)}[/]: {escape(check.explanation)}"
        table.add_row(check.id, f"[{STYLES[check.result]}]{result}[/]", why)
    return table


def tally(checks: "Sequence[ClaimCheck]") -> dict[str, int]:
    """Return how many checks came out how."""
    counts = Counter(check.result.value for check in checks)
    return {result.value: counts[result.value] for result in ClaimResult}


def print_factories(told: Console, factories: "Sequence[CheckedFactory]") -> None:
    """Print a table of checks for each factory, and one line over all."""
    for row in factories:
        told.print(check_table(row.factory.facility.name, row.checks))
    every = [check for row in factories for check in row.checks]
    tallied = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in tally(every).items())
    checks = counted(len(every), "checks")
    told.print(f"\n{counted(len(factories), 'factories')}, {checks}: {tallied}")
