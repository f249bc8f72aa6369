"""Holm's correction (1979): many tests at once, with one error allowed in twenty families and not in twenty tests."""

from collections.abc import Sequence


def holm(p_values: Sequence[float], tests: int | None = None) -> list[float]:
    """Return the corrected p-values in the same order; ``tests`` counts those that could not be made as well."""
    count, highest = tests or len(p_values), 0.0
    corrected = [1.0] * len(p_values)
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (count - rank) * p_values[place]))
        corrected[place] = highest
    return corrected
