"""One finding over several of a kind, such as one for each certificate that is cited."""

from collections.abc import Mapping, Sequence
from typing import Final

from signing.report import Finding, Outcome

_SEVERITY: Final[Mapping[Outcome, int]] = {"failed": 3, "not_checked": 2, "warning": 1, "passed": 0}


def worst(findings: Sequence[Finding]) -> Finding:
    """Return the worst of findings, with what each of them says, once."""
    found = max(findings, key=lambda finding: _SEVERITY[finding.outcome])
    if len(findings) == 1:
        return found
    messages = "; ".join(dict.fromkeys(finding.message for finding in findings))
    return Finding(found.outcome, found.reason_code, messages)
