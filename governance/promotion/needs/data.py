"""What checks need to know of datasets: schema, scan findings, overlap, sketches of the reference and judged rows."""

from typing import Any

from governance.promotion.needs.rows import names_of, rows_of
from governance.promotion.needs.tables import common_features, feature_names, overlap_counts, sketch_document
from governance.promotion.subject import Subject
from privacy.examine import examine
from privacy.verdicts import judged_report, words_on
from registry.artifacts import keep_document
from registry.checks import Need
from registry.models import Actor, DatasetVersion


def schema(subject: Subject, need: Need, _progress: Any) -> str | None:
    """Return the schema of the role's dataset."""
    dataset_version = subject.dataset(need.role)
    return str(keep_document(dataset_version.schema).pk) if dataset_version else None


def rows(subject: Subject, need: Need, _progress: Any) -> str | None:
    """Return the rows of the role's dataset, as they were registered."""
    dataset_version = subject.dataset(need.role)
    return str(dataset_version.content_id) if dataset_version else None


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
    wanted = {*feature_names(subject.evaluation.schema), subject.evaluation.schema["target"]}

    def read(dataset_version: DatasetVersion) -> Any:
        return rows_of(dataset_version, [name for name in names_of(dataset_version) if name in wanted])

    trained = map(read, subject.trained_on)
    return str(keep_document(overlap_counts(read(subject.evaluation), trained, subject.evaluation.schema)).pk)


def _sketch(dataset_version: DatasetVersion, names: list[str]) -> str:
    return str(keep_document(sketch_document(rows_of(dataset_version, names), names, dataset_version.schema)).pk)


def _common(subject: Subject) -> list[str]:
    schema = subject.evaluation.schema
    return (
        common_features(schema, set(names_of(subject.trained_on[0]))) if subject.trained_on else feature_names(schema)
    )


def baseline(subject: Subject, _need: Need, _progress: Any) -> str | None:
    """Return the sketch of the rows that the version was trained on."""
    return _sketch(subject.trained_on[0], _common(subject)) if subject.trained_on else None


def current(subject: Subject, _need: Need, _progress: Any) -> str | None:
    """Return the sketch of the evaluation rows."""
    return _sketch(subject.evaluation, _common(subject))
