"""What may be kept of an error: somebody else's sentence may hold the values that it broke on."""

import traceback
from pathlib import Path

OURS = frozenset({"registry", "privacy", "monitoring", "governance"})
OF_ITSELF = ("django.db.utils", "OperationalError")  # a database that is away or locked speaks of itself only


def told(error: BaseException) -> str:
    """Return our own sentences, and of any other error its type and place."""
    kinds = {(kind.__module__, kind.__name__) for kind in type(error).__mro__}
    if type(error).__module__.partition(".")[0] in OURS or OF_ITSELF in kinds:
        return str(error)
    name = type(error).__name__
    places = traceback.extract_tb(error.__traceback__)
    return f"{name} ({Path(places[-1].filename).name}, line {places[-1].lineno})" if places else name
