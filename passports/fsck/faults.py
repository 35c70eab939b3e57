"""What `fsck` finds: faults, and how damage becomes one of them instead of an error."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from passports.errors import PassportError, StoreUnavailableError
from signing.errors import SigningError

# What each check yields a thing: (kind, name, reason), or None where nothing is wrong with it.
Found = tuple[str, str, str] | None
Reason = str | None
FIRST_WALK: Final = "records"


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong in the store."""

    kind: str
    id: str
    reason: str

    def to_document(self) -> dict[str, str]:
        """Return the fault as plain JSON data."""
        return {"kind": self.kind, "id": self.id, "reason": self.reason}


def reason_of(check: Callable[[], Reason]) -> Reason:
    """Return what a check finds; that it cannot read what it looks at is a finding, too."""
    try:
        return check()
    except Exception as error:  # noqa: BLE001 # damaged bytes end in errors of every kind
        return f"it cannot be read: {told(error)}"


def told(error: Exception) -> str:
    """Say what an error is without repeating stored values, which may be restricted."""
    if isinstance(error, SigningError):
        return str(error)
    if isinstance(error, PassportError):
        return error.message
    return type(error).__name__


def to_the_end(kind: str, walk: Callable[[], Iterator[Found]]) -> Iterator[Fault | None]:
    """Yield what a walk finds; where a damaged row stops it, that it was stopped is the last fault."""
    try:
        for found in walk():
            yield None if found is None else Fault(*found)
    except StoreUnavailableError as error:
        # The first walk reads every cell as it lies, so a store that fails it is not damaged but away.
        if kind == FIRST_WALK:
            raise
        yield Fault(kind.replace("_", " "), "-", told(error))
    except Exception as error:  # noqa: BLE001 # as in `reason_of`
        reason = f"what is stored of it cannot be read to the end: {told(error)}"
        yield Fault(kind.replace("_", " "), "-", reason)
