"""What anonymising costs: how far each column of a table moved, and what a baseline model makes of the rows."""

from collections.abc import Mapping, Sequence
from typing import Any

FOLDS = 3
MOST_ROWS = 20_000
FEWEST_OF_A_CLASS = 6
_DEPTH = 5


def column_changes(before: Any, after: Any) -> list[dict[str, Any]]:
    """Return, for each column of ``before``, how it differs in ``after``, an Arrow table of the same rows.

    ``distance`` is between 0 and 1: the Kolmogorov-Smirnov statistic of numbers and dates, the total variation between
    the sorted frequencies of all else (consistent pseudonyms keep it at 0). ``changed`` is the share of cells that are
    not what they were. A column that was dropped has neither.
    """
    return [
        _column(name, before[name], after[name] if name in after.column_names else None) for name in before.column_names
    ]


def _column(name: str, before: Any, after: Any) -> dict[str, Any]:
    if after is None:
        return {"column": name, "dropped": True}
    old, new = before.to_pylist(), after.to_pylist()
    changed = sum(one != other for one, other in zip(old, new, strict=True)) / max(len(old), 1)
    ordered = _is_ordered(before.type)
    return {
        "column": name,
        "dropped": False,
        "measure": "kolmogorov_smirnov" if ordered else "total_variation",
        "distance": _rounded(_ks(before, after) if ordered else _frequencies(old, new)),
        "changed": _rounded(changed),
        "nulls": [before.null_count, after.null_count],
        "distinct": [len(set(map(str, old))), len(set(map(str, new)))],
    }


def _rounded(share: float) -> str:
    return f"{share:.6f}".rstrip("0").rstrip(".")


def _is_ordered(kind: Any) -> bool:
    import pyarrow as pa

    return bool(
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_date(kind)
        or pa.types.is_timestamp(kind)
        or pa.types.is_decimal(kind)
    )


def _numbers(column: Any) -> Any:
    import numpy as np
    import pyarrow as pa

    kind = column.type
    if pa.types.is_date32(kind):
        column = column.cast(pa.int32())
    elif pa.types.is_date64(kind) or pa.types.is_timestamp(kind):
        column = column.cast(pa.int64())
    values = np.asarray(column.drop_null().to_pylist(), dtype=float)
    return np.sort(values[np.isfinite(values)])


def _ks(before: Any, after: Any) -> float:
    """Return the largest distance between the two distribution functions; 1 where one side holds nothing."""
    import numpy as np

    one, other = _numbers(before), _numbers(after)
    if not len(one) or not len(other):
        return 0.0 if len(one) == len(other) else 1.0
    at = np.concatenate([one, other])
    shares = [np.searchsorted(side, at, side="right") / len(side) for side in (one, other)]
    return float(np.max(np.abs(shares[0] - shares[1])))


def _frequencies(old: Sequence[Any], new: Sequence[Any]) -> float:
    """Return half the sum of differences between the frequencies, the largest of both sides first."""
    from collections import Counter
    from itertools import zip_longest

    sides = [sorted(Counter(map(str, side)).values(), reverse=True) for side in (old, new)]
    total = max(len(old), 1)
    return sum(abs(one - other) for one, other in zip_longest(*sides, fillvalue=0)) / total / 2


def baseline_auc(table: Any, schema: Mapping[str, Any], *, seed: int = 0) -> tuple[str | None, str]:
    """Return the area under the curve of a small tree on the declared features, cross-validated, or why there is none.

    Text features and rows beyond 20,000 are left out; the numbers compare two tables, they do not judge a model.
    """
    import numpy as np
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.tree import DecisionTreeClassifier

    features = [one["name"] for one in schema["features"] if one["name"] in table.column_names]
    target = schema["target"]
    if not features or target not in table.column_names:
        return None, "no declared feature is left, or the target is gone"
    table = table.slice(0, MOST_ROWS)
    labels = np.array([str(value) == schema["positive"] for value in table[target].to_pylist()])
    if min(labels.sum(), len(labels) - labels.sum()) < FEWEST_OF_A_CLASS:
        return None, f"a class has fewer than {FEWEST_OF_A_CLASS} rows"
    rows = np.column_stack([_coded(table[name]) for name in features])
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    tree = DecisionTreeClassifier(max_depth=_DEPTH, random_state=seed)
    return _rounded(float(cross_val_score(tree, rows, labels, cv=folds, scoring="roc_auc").mean())), ""


def _coded(column: Any) -> Any:
    """Return a column as numbers: what is not one by the order of its values; what is missing below all."""
    import numpy as np

    values = column.to_pylist()
    if not all(value is None or isinstance(value, int | float) for value in values):
        order = {
            text: float(index) for index, text in enumerate(sorted({str(one) for one in values if one is not None}))
        }
        return np.array([-1.0 if value is None else order[str(value)] for value in values])
    numbers = np.array([np.nan if value is None else float(value) for value in values])
    least = np.nanmin(numbers) if np.isfinite(numbers).any() else 0.0
    return np.where(np.isfinite(numbers), numbers, least - 1)
