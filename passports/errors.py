"""The errors of the passports package: one base, data instead of sentences only, no HTTP.

`api/problems.py` maps each class to a status and a problem type; a test walks this module so that
no class can be forgotten there.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import ClassVar, Protocol

from passports.plurals import are, counted


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with an input, and what to do about it.

    Attributes:
        field: Where it stands, as a path (`readings[2].quantity`) or a column name.
        value: What was given, shortened; never a secret.
        reason: Why it is refused, in plain words.
        remedy: What would be accepted.
        line: Line of the file it came from, counted from 1, where there is a file.
    """

    field: str
    value: str
    reason: str
    remedy: str
    line: int | None = None

    def to_document(self) -> dict[str, str | int | None]:
        """Return the finding as plain JSON data."""
        return asdict(self)

    def __str__(self) -> str:
        where = f"line {self.line}, {self.field}" if self.line is not None else self.field
        return f"{where}: {self.value!r}: {self.reason}. {self.remedy}"


def shorten(value: object, limit: int = 80) -> str:
    """Return `value` as text of about `limit` characters, fit to stand in an error, a log and a terminal.

    What cannot be printed (control characters, lone surrogates) is written as its escape.
    """
    try:
        text = value if isinstance(value, str) else repr(value)
    except ValueError:  # Python does not write integers of more than 4300 digits out
        text = "a number of thousands of digits"
    short = text if len(text) <= limit else text[: limit - 1] + "…"
    if short.isprintable():
        return short
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in short)


class PassportError(Exception):
    """Base of all errors of this package."""

    title: ClassVar[str] = "The request cannot be carried out"

    def __init__(self, message: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.findings = tuple(findings)


class InvalidInputError(PassportError):
    """An input breaks a rule; `findings` names each field, value, reason and remedy."""

    title = "The input is not valid"

    def __init__(self, findings: Sequence[Finding], what: str = "the input") -> None:
        count = len(findings)
        first = str(findings[0]) if findings else ""
        rest = f" (and {count - 1} more)" if count > 1 else ""
        super().__init__(f"{what} is not valid: {first}{rest}", findings)


class NotAPassportError(PassportError):
    """What was handed in to be verified is of another kind, so nothing can be told of a passport."""

    title = "Cannot tell: this is no passport"

    def __init__(self, finding: Finding) -> None:
        super().__init__(f"nothing can be told: {finding.reason}", [finding])


class PassportCeasedError(PassportError):
    """The passport has ceased to exist; its earlier versions are not public any more (Art. 77(8))."""

    title = "This passport has ceased to exist"

    def __init__(self, passport_id: str) -> None:
        reason = "the passport has ceased to exist, and with it what its earlier versions said"
        remedy = (
            "What is left is its newest version; earlier ones are for authorities and its operator."
        )
        super().__init__(
            "The passport has ceased to exist.", [Finding("id", passport_id, reason, remedy)]
        )


class InvalidBatchError(InvalidInputError):
    """At least one row of a batch fails a gate of issuing; nothing was issued."""

    title = "The batch is not valid"


class CountedRows(Protocol):
    """A report that counts the rows of a file (`bulk.report.RegistrationReport`)."""

    @property
    def rows(self) -> int:
        """All of them."""

    @property
    def refused(self) -> int:
        """Those with findings."""


class RegistrationRefusedError(InvalidBatchError):
    """Rows of a file are refused, so none of it was registered; `report` says row by row why."""

    title = "The file is not registered"

    def __init__(self, findings: Sequence[Finding], report: CountedRows) -> None:
        super().__init__(findings, "the file")
        refused = (
            f"{report.refused} of {counted(report.rows, 'rows')} {are(report.refused)} refused"
        )
        self.message = f"{refused}; none was registered"
        self.report = report


class RecordNotFoundError(PassportError):
    """There is no record of that kind under that identifier."""

    title = "Not found"

    def __init__(
        self,
        kind: str,
        identifier: str,
        remedy: str = "Check the identifier.",
        *,
        field: str = "id",
        reason: str | None = None,
    ) -> None:
        why = reason or f"there is no {kind} with this identifier here"
        super().__init__(
            f"no {kind} {shorten(identifier)!r}",
            [Finding(field, shorten(identifier), why, remedy)],
        )
        self.kind = kind
        self.identifier = identifier


class IdentifierConflictError(PassportError):
    """An identifier is already taken; identifiers are never reassigned (EN 18219)."""

    title = "The identifier is taken"

    def __init__(self, field: str, value: str, remedy: str) -> None:
        super().__init__(
            f"{field} {shorten(value)!r} is already taken",
            [Finding(field, shorten(value), "it is already taken", remedy)],
        )


class IllegalTransitionError(PassportError):
    """A battery's life cycle does not go this way, or its passport has ended."""

    title = "The passport cannot change like this"

    def __init__(self, field: str, value: str, reason: str, remedy: str) -> None:
        super().__init__(
            f"{field} {shorten(value)!r}: {reason}",
            [Finding(field, shorten(value), reason, remedy)],
        )


class StaleVersionError(PassportError):
    """The passport has a newer version than the one that a change was made for."""

    title = "The passport has changed meanwhile"

    def __init__(self, expected: int, newest: int) -> None:
        reason = f"the newest version is {newest}"
        remedy = "Read the newest version, and make the change for that one."
        super().__init__(
            f"The change was made for version {expected}, and {reason}.",
            [Finding("expected_version", str(expected), reason, remedy)],
        )


class OverAllocationError(PassportError):
    """More energy is asked for than there is: each kWh is given to production once."""

    title = "The energy is spent already"


class AccessDeniedError(PassportError):
    """The caller is known but may not do this."""

    title = "Not allowed"


class NotAuthenticatedError(PassportError):
    """No valid key came with a call that needs one."""

    title = "An API key is needed"


class UnreadableCarrierError(PassportError):
    """An image holds no data carrier that can be read, or more than one."""

    title = "The data carrier cannot be read"


class EvidenceUnavailableError(PassportError):
    """A credential or its evidence cannot be fetched or read."""

    title = "Evidence is not available"


class StoreIntegrityError(PassportError):
    """Stored bytes do not agree with what was recorded of them."""

    title = "The store contradicts itself"


class StaleCheckpointError(PassportError):
    """The log has grown since somebody was asked to sign its head."""

    title = "The log has grown"


class StoreUnavailableError(PassportError):
    """The database does not answer, or answers that it cannot; nothing was written."""

    title = "The database is not available"

    def __init__(self) -> None:
        remedy = "Try again; if it lasts, check the database and its log."
        finding = Finding("database", "", "it does not answer as it should", remedy)
        super().__init__("The database is not available; nothing was written.", [finding])


class RegistryHeldBackError(PassportError):
    """The EU registry does not register batteries yet, or is not set up here; nothing was sent."""

    title = "Registration is held back"


class RegistryUnavailableError(PassportError):
    """The EU registry does not answer as it should; what waits goes on waiting."""

    title = "The registry is not available"
    retry_after_seconds: float | None = None


class FormUnavailableError(PassportError):
    """The passport is here, but not in the form that was asked for, nor in another that would do."""

    title = "Not in this form"


class OperatorReadOnlyError(PassportError):
    """Nothing is written for this operator here: its records are kept for it, or it has ceased."""

    title = "This operator's records are kept as they are"
