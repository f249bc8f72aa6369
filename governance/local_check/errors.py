"""What ends a local check before anything is measured: one class per mistake, each with a code."""


class LocalCheckError(ValueError):
    """The files and options do not make a question that could be measured."""

    code = "local_check"


class UnknownCheckError(LocalCheckError):
    """A check that is neither listed nor named with --plugin."""

    code = "not_listed"


class NothingToMeasureError(LocalCheckError):
    """Neither predictions nor a model was named, or no check is left."""

    code = "nothing_to_measure"
