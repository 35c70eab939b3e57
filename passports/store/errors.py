"""What the store reports of its own accord."""


class RowExistsError(Exception):
    """A row takes a key that another row has; the use case says which identifier that is."""


class InstrumentTakenError(RowExistsError):
    """Somebody claims a certificate of origin at the very moment at which another one does."""

    def __init__(self, instrument_id: str) -> None:
        super().__init__(f"instrument {instrument_id} is claimed")
        self.instrument_id = instrument_id


class RowLineError(Exception):
    """A line is not a row of its table; says why."""
