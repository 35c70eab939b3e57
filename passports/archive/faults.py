"""What is wrong with an archive: the first thing, by the place where it stands."""

from passports.errors import EvidenceUnavailableError, Finding, shorten


class ArchiveFault(Exception):  # noqa: N818 # carried inside of this package; it leaves as `refused`
    """The first thing that is wrong: where, and why."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where = where
        self.reason = reason


def refused(fault: ArchiveFault) -> EvidenceUnavailableError:
    """Return the error that an archive is refused with; nothing of it was taken in."""
    remedy = "Ask who made the archive for it again; nothing of this one was taken in."
    finding = Finding(shorten(fault.where), "", shorten(fault.reason, 300), remedy)
    return EvidenceUnavailableError(f"the archive is refused: {fault}", [finding])
