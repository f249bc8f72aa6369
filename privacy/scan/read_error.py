"""The one error of reading a dataset: a stable code and a sentence that names the place."""


class DatasetReadError(ValueError):
    """A dataset that cannot be read as a table; nothing of its values is repeated in the message."""

    def __init__(self, code: str, message: str) -> None:
        """Keep the code beside the message."""
        super().__init__(message)
        self.code = code
        self.message = message
