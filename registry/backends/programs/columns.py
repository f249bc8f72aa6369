"""Carry the names of features through fitted transformers: for each column they make, the feature it comes from."""

from typing import Any


def _one_hot(transformer: Any, names: list[str]) -> list[str] | None:
    if transformer.drop is not None or transformer.min_frequency is not None or transformer.max_categories is not None:
        return None
    return [name for name, known in zip(names, transformer.categories_, strict=True) for _ in known]


def _by_column(transformer: Any, names: list[str]) -> list[str] | None:
    made: dict[int, str] = {}
    for label, inner, chosen in transformer.transformers_:
        place = transformer.output_indices_[label]
        if isinstance(inner, str) and inner == "drop":
            continue
        if isinstance(chosen, str | slice) or any(not isinstance(item, str | int) for item in chosen):
            return None
        taken = [item if isinstance(item, str) else names[item] for item in chosen]
        known = taken if isinstance(inner, str) else sources(inner, taken)
        if known is None or len(known) != place.stop - place.start:
            return None
        made.update(zip(range(place.start, place.stop), known, strict=True))
    return [made[index] for index in sorted(made)]


def sources(transformer: Any, names: list[str]) -> list[str] | None:
    """Return the source feature of every column that the transformer makes; None when that is not known for sure."""
    from sklearn.base import OneToOneFeatureMixin
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

    if isinstance(transformer, Pipeline):
        known: list[str] | None = names
        for _, step in transformer.steps:
            if step not in (None, "passthrough"):
                known = None if known is None else sources(step, known)
        return known
    if isinstance(transformer, ColumnTransformer):
        return _by_column(transformer, names)
    if isinstance(transformer, OneHotEncoder):
        return _one_hot(transformer, names)
    if isinstance(transformer, FunctionTransformer):
        return names if transformer.func is None else None
    if isinstance(transformer, SimpleImputer):
        return names if not transformer.add_indicator and transformer.statistics_.shape == (len(names),) else None
    return names if isinstance(transformer, OneToOneFeatureMixin) else None
