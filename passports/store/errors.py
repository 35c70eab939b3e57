"""What the store reports of its own accord."""


class RowExistsError(Exception):
    """A row takes a key that another row has; the use case says which identifier that is."""
