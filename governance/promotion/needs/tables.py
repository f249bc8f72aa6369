"""The tables that checks read, made of rows and answers; pure, so that a laptop makes the same ones as the service."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from monitoring.statistics.membership import group_values
from registry.backends.base import BackendError


class PredictionsError(BackendError):
    """Predictions that were handed in do not fit the evaluation rows."""


def labels_and_groups(source: Any, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``row``, ``label`` (1 = the positive label), one ``group:<name>`` column per sensitive attribute and one
    ``control:<name>`` column per control feature.
    """
    import pyarrow as pa

    target = source.column(schema["target"]).to_pylist()
    columns: dict[str, Any] = {
        "row": pa.array(range(len(target)), pa.int64()),
        "label": pa.array(
            [None if value is None else int(str(value) == schema["positive"]) for value in target], pa.int8()
        ),
    }
    for prefix, declared in (("group", schema["sensitive"]), ("control", schema.get("controls", ()))):
        for attribute in declared:
            values = source.column(attribute["column"]).to_pylist()
            columns[f"{prefix}:{attribute['name']}"] = pa.array(group_values(values, attribute), pa.string())
    return columns


def predictions_table(source: Any, schema: Mapping[str, Any], scores: Sequence[float | None], threshold: float) -> Any:
    """Return the predictions table: labels, groups, scores, and ``prediction`` = score ≥ threshold."""
    import pyarrow as pa

    columns = labels_and_groups(source, schema)
    columns["score"] = pa.array(scores, pa.float64())
    columns["prediction"] = pa.array(
        [None if score is None else int(score >= threshold) for score in scores], pa.int8()
    )
    return pa.table(columns)


def handed_in_table(given: Any, source: Any, schema: Mapping[str, Any], threshold: float) -> Any:
    """Return the predictions table of answers that were handed in, row by row; raises PredictionsError."""
    import pyarrow as pa

    if given.num_rows != source.num_rows:
        raise PredictionsError(
            f"{given.num_rows} predictions were handed in for {source.num_rows} evaluation rows",
            code="predictions_rows",
        )
    scores = given.column("score") if "score" in given.column_names else pa.nulls(given.num_rows, pa.float64())
    if "prediction" not in given.column_names:
        return predictions_table(source, schema, scores.to_pylist(), threshold)
    columns = labels_and_groups(source, schema)
    columns["score"] = scores.cast(pa.float64())
    columns["prediction"] = given.column("prediction").cast(pa.int8())
    return pa.table(columns)


def attributions_table(found: Any, source: Any, schema: Mapping[str, Any]) -> Any:
    """Return attributions with the groups of the rows that they explain."""
    rows = found.column("row").to_pylist()
    for name, values in labels_and_groups(source, schema).items():
        if name.startswith("group:"):
            found = found.append_column(name, values.take(rows))
    return found


def overlap_counts(evaluated: Any, trained: Iterable[Any], schema: Mapping[str, Any]) -> dict[str, int]:
    """Return how many evaluation rows (features and target alike) occur among the training rows."""
    columns = [*feature_names(schema), schema["target"]]
    rows = _rows(evaluated, columns)
    learned = [row for table in trained for row in _rows(table, columns)]
    known = set(learned)
    return {
        "rows_evaluate": len(rows),
        "rows_train": len(learned),
        "rows_overlapping": sum(row in known for row in rows),
    }


def _rows(table: Any, columns: Sequence[str]) -> list[tuple[Any, ...]]:
    there = [column for column in columns if column in table.column_names]
    return list(zip(*(table.column(name).to_pylist() for name in there), strict=True))


def feature_names(schema: Mapping[str, Any]) -> list[str]:
    """Return the names of the features that a schema declares."""
    return [feature["name"] for feature in schema["features"]]


def common_features(evaluated: Mapping[str, Any], there: Iterable[str]) -> list[str]:
    """Return the features of the evaluation rows that another table has too; an anonymised one may lack some."""
    known = set(there)
    return [name for name in feature_names(evaluated) if name in known]


def sketch_document(table: Any, names: Sequence[str], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sketch of the features of these names."""
    from monitoring.statistics.sketch import sketch_table

    kinds = {feature["name"]: feature["kind"] for feature in schema["features"]}
    return dict(sketch_table(table, {name: kinds[name] for name in names if name in kinds}))
