"""The tables that checks read, made of rows and answers; pure, so that a laptop makes the same ones as the service."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from monitoring.statistics.membership import group_values
from monitoring.statistics.performance.answers import SCORE
from monitoring.statistics.tasks import BINARY, MULTICLASS, REGRESSION, task_of
from registry.backends.base import BackendError


class PredictionsError(BackendError):
    """Predictions that were handed in do not fit the evaluation rows."""


def labels_and_groups(source: Any, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``row``, ``label`` (1 = the positive label; of other tasks the class or the amount), one ``group:<name>``
    column per sensitive attribute and one ``control:<name>`` column per control feature.
    """
    import pyarrow as pa

    target = source.column(schema["target"]).to_pylist()
    columns: dict[str, Any] = {
        "row": pa.array(range(len(target)), pa.int64()),
        "label": _labels(target, schema),
    }
    for prefix, declared in (("group", schema["sensitive"]), ("control", schema.get("controls", ()))):
        for attribute in declared:
            values = source.column(attribute["column"]).to_pylist()
            columns[f"{prefix}:{attribute['name']}"] = pa.array(group_values(values, attribute), pa.string())
    return columns


def _labels(target: Sequence[Any], schema: Mapping[str, Any]) -> Any:
    import pyarrow as pa

    task = task_of(schema)
    if task == REGRESSION:
        return pa.array([None if value is None else float(value) for value in target], pa.float64())
    if task == MULTICLASS:
        return pa.array([None if value is None else str(value) for value in target], pa.string())
    return pa.array([None if value is None else int(str(value) == schema["positive"]) for value in target], pa.int8())


def predictions_table(source: Any, schema: Mapping[str, Any], scores: Sequence[float | None], threshold: float) -> Any:
    """Return the predictions table: labels, groups, scores, and ``prediction`` = score ≥ threshold.

    Raises PredictionsError where the target is not one of two classes: a model is asked for a score alone.
    """
    import pyarrow as pa

    if (task := task_of(schema)) != BINARY:
        sentence = (
            f"the target is a {task}: hand in its predictions; a model is asked for the score of one of two classes"
        )
        raise PredictionsError(sentence, code="predictions_task")
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
    if (task := task_of(schema)) != BINARY:
        return pa.table({**labels_and_groups(source, schema), **_handed_in_answers(given, task)})
    scores = given.column("score") if "score" in given.column_names else pa.nulls(given.num_rows, pa.float64())
    if "prediction" not in given.column_names:
        return predictions_table(source, schema, scores.to_pylist(), threshold)
    columns = labels_and_groups(source, schema)
    columns["score"] = scores.cast(pa.float64())
    columns["prediction"] = _decisions(given.column("prediction"))
    return pa.table(columns)


def _decisions(answers: Any) -> Any:
    import pyarrow as pa

    try:
        return answers.cast(pa.int8())
    except pa.ArrowInvalid as error:
        sentence = "predictions of one of two classes are 0 or 1; those that were handed in are of another task"
        raise PredictionsError(sentence, code="predictions_task") from error


def _handed_in_answers(given: Any, task: str) -> dict[str, Any]:
    """Return ``prediction`` and any ``score:<class>`` of one of several classes, or of amounts."""
    import pyarrow as pa
    import pyarrow.types as kinds

    if "prediction" not in given.column_names:
        raise PredictionsError(f"predictions of a {task} have a column 'prediction'", code="predictions_task")
    answers = given.column("prediction")
    if task == REGRESSION:
        if not (kinds.is_integer(answers.type) or kinds.is_floating(answers.type)):
            raise PredictionsError(f"predicted amounts are numbers, not {answers.type}", code="predictions_task")
        return {"prediction": answers.cast(pa.float64())}
    scores = {name: given.column(name).cast(pa.float64()) for name in given.column_names if name.startswith(SCORE)}
    texts = [None if value is None else str(value) for value in answers.to_pylist()]
    return {"prediction": pa.array(texts, pa.string()), **scores}


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


NOTHING_TO_CHANGE = "The model takes no feature that can be wrong in this way."
PERTURBED = ("row", "feature", "score", "base_score", "prediction", "base_prediction")


def perturbed_table(made: Any, scores: Any, base: Any, threshold: float) -> Any:
    """Return the answers to changed rows beside those to the rows they were made of."""
    import pyarrow as pa

    columns = (made.rows, made.features, scores, base, scores >= threshold, base >= threshold)
    return pa.table(dict(zip(PERTURBED, columns, strict=True)))


def no_answer(error: Exception) -> str:
    """Return the reason for a model that fails on changed rows."""
    return f"The model has no answer to such input: {str(error).rstrip('.')}."


def unanswered_table(reason: str, *, applies: bool) -> Any:
    """Return the empty table of changed rows that says why there is no answer, or that there is nothing to change."""
    import pyarrow as pa

    table = pa.table({name: pa.array([], pa.float64()) for name in PERTURBED})
    return table.replace_schema_metadata({"error": reason, "applies": "yes" if applies else "no"})
