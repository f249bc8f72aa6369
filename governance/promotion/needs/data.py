"""What checks need to know of datasets: schema, scan findings, overlap, sketches of the reference and judged rows."""

from typing import Any

from governance.promotion.subject import Subject
from privacy.examine import examine
from privacy.verdicts import judged_report, words_on
from registry.artifacts import keep_document, local_path
from registry.checks import Need
from registry.models import Actor, DatasetVersion


def _table(dataset_version: DatasetVersion, columns: list[str]) -> Any:
    import pyarrow.parquet as pq

    return pq.read_table(local_path(dataset_version.content_id), columns=columns)


def _features(dataset_version: DatasetVersion) -> list[str]:
    return [feature["name"] for feature in dataset_version.schema["features"]]


def schema(subject: Subject, need: Need, _progress: Any) -> str | None:
    """Return the schema of the role's dataset."""
    dataset_version = subject.dataset(need.role)
    return str(keep_document(dataset_version.schema).pk) if dataset_version else None


def pii(subject: Subject, need: Need, progress: Any) -> str | None:
    """Return the findings of a scan of the role's dataset, with the verdicts that persons' words make of them."""
    dataset_version = subject.dataset(need.role)
    if dataset_version is None:
        return None
    scan = examine(dataset_version, actor=Actor.system(), progress=progress)
    return str(keep_document(judged_report(scan)).pk) if words_on(dataset_version) else str(scan.report_id)


def overlap(subject: Subject, _need: Need, _progress: Any) -> str | None:
    """Return how many evaluation rows (features and target alike) occur among the training rows."""
    if not subject.trained_on:
        return None
    columns = [*_features(subject.evaluation), subject.evaluation.schema["target"]]
    evaluation = _rows(subject.evaluation, columns)
    trained = [row for dataset_version in subject.trained_on for row in _rows(dataset_version, columns)]
    known = set(trained)
    counts = {
        "rows_evaluate": len(evaluation),
        "rows_train": len(trained),
        "rows_overlapping": sum(row in known for row in evaluation),
    }
    return str(keep_document(counts).pk)


def _rows(dataset_version: DatasetVersion, columns: list[str]) -> list[tuple[Any, ...]]:
    there = [column for column in columns if column in _names(dataset_version)]
    table = _table(dataset_version, there)
    return list(zip(*(table.column(name).to_pylist() for name in there), strict=True))


def _names(dataset_version: DatasetVersion) -> set[str]:
    import pyarrow.parquet as pq

    return set(pq.read_schema(local_path(dataset_version.content_id)).names)


def _sketch(dataset_version: DatasetVersion, names: list[str]) -> str:
    from monitoring.statistics.sketch import sketch_table

    kinds = {feature["name"]: feature["kind"] for feature in dataset_version.schema["features"]}
    columns = {name: kinds[name] for name in names if name in kinds}
    return str(keep_document(sketch_table(_table(dataset_version, names), columns)).pk)


def _common(subject: Subject) -> list[str]:
    """Features that the training and the evaluation rows both have: an anonymised dataset may have dropped one."""
    if not subject.trained_on:
        return _features(subject.evaluation)
    there = _names(subject.trained_on[0])
    return [name for name in _features(subject.evaluation) if name in there]


def baseline(subject: Subject, _need: Need, _progress: Any) -> str | None:
    """Return the sketch of the rows that the version was trained on."""
    return _sketch(subject.trained_on[0], _common(subject)) if subject.trained_on else None


def current(subject: Subject, _need: Need, _progress: Any) -> str | None:
    """Return the sketch of the evaluation rows."""
    return _sketch(subject.evaluation, _common(subject))
