"""Walk somebody's data through the gate: register, scan, train or take predictions, measure, judge."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils import timezone

from governance.management.trial.errors import TrialFailedError
from governance.management.trial.prepare import Prepared, split
from governance.management.trial.stage import Stage
from governance.models import Evaluation, PromotionRequest
from governance.promotion import assess as assessing
from governance.promotion.request import request_promotion
from privacy.examine import examine
from registry import catalog, run
from registry.artifacts import keep_table, read_document
from registry.models import DatasetVersion, ModelVersion, Run, RunStatus, VersionKind
from registry.register import pin_evaluation_set, register_dataset_version, register_model_version
from registry.train import start_training
from registry.train import train as train_version

BASELINE = "scorecard"
CLEAN = "CLEAN"
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Walked:
    """What a walk left: the rows that were judged, the version, the request, its evaluation and reports by check."""

    prepared: Prepared
    stage: Stage
    scan: dict[str, Any]
    version: ModelVersion
    features: tuple[str, ...]
    evaluation_rows: int
    promotion: PromotionRequest
    evaluation: Evaluation
    reports: dict[str, dict[str, Any]]


def walk(prepared: Prepared, stage: Stage, tell: Tell = lambda _text: None) -> Walked:
    """Do it all; raises TrialFailedError when a run ends without a result."""
    features: tuple[str, ...] = ()
    tell("registering and scanning the file")
    whole = register(stage, prepared.table, "whole", prepared.schema)
    scan = read_document(str(examine(whole, actor=stage.asker).report_id))
    if prepared.answers is not None:
        evaluation, version = whole, _hand_in(prepared, stage)
    else:
        train_rows, judged_rows = split(prepared)
        trained_on = register(stage, train_rows, "train", prepared.schema, whole)
        evaluation = register(stage, judged_rows, "evaluate", prepared.schema, whole)
        features = learnable(prepared, scan)
        tell("training the baseline in the sandbox")
        version = train(stage, trained_on, features, prepared.question.seed)
    pin_evaluation_set(environment=stage.environment, model=stage.model, dataset_version=evaluation, actor=stage.asker)
    tell("measuring and judging")
    promotion = _judged(request_promotion(version=version, environment=stage.environment, actor=stage.asker))
    found = promotion.evaluations.filter(digest=promotion.evaluation_digest).latest("created_at")
    cited = promotion.evidence.select_related("check_run").order_by("check_run__check_name")
    reports = {one.check_run.check_name: read_document(one.check_run.report_digest) for one in cited}
    return Walked(prepared, stage, scan, version, features, evaluation.rows, promotion, found, reports)


def learnable(prepared: Prepared, scan: dict[str, Any]) -> tuple[str, ...]:
    """Return the features without those in which personal data was found; asked-for ones stay."""
    personal = {column["name"] for column in scan["columns"] if column["verdict"] != CLEAN}
    names = [name for name, _ in prepared.columns.features]
    kept = tuple(name for name in names if name in prepared.question.features or name not in personal)
    if not kept:
        raise TrialFailedError(f"Personal data was found in every column that could be learned from ({names}).")
    return kept


@contextmanager
def _parquet(table: Any) -> Iterator[Path]:
    import pyarrow.parquet as pq

    with tempfile.TemporaryDirectory(prefix="probity-try-") as folder:
        file = Path(folder) / "rows.parquet"
        pq.write_table(table, file)
        yield file


def register(
    stage: Stage, table: Any, name: str, schema: dict[str, Any], parent: DatasetVersion | None = None
) -> DatasetVersion:
    """Register rows as a dataset version."""
    with _parquet(table) as file:
        return register_dataset_version(
            project=stage.project, name=name, file=file, schema=schema, actor=stage.asker, parent=parent
        )


def _hand_in(prepared: Prepared, stage: Stage) -> ModelVersion:
    return register_model_version(
        model=stage.model,
        kind=VersionKind.PREDICTIONS,
        content=keep_table(prepared.answers),
        details={"predictions": prepared.question.predictions, "score": prepared.question.score},
        actor=stage.asker,
    )


def train(
    stage: Stage, dataset: DatasetVersion, features: tuple[str, ...], seed: int, entry_point: str = BASELINE
) -> ModelVersion:
    """Train on the local backend, in this process; raises TrialFailedError with the last word of the training."""
    queued = start_training(
        model=stage.model,
        entry_point=entry_point,
        dataset_version=dataset,
        features=features,
        seed=seed,
        actor=stage.asker,
    )
    ended = _finish(queued)
    return ModelVersion.objects.get(pk=ended.result["version"])


def _finish(queued: Run) -> Run:
    """Work on a training run until it has ended; what interrupts us stops the training too."""
    current = queued
    try:
        while current.status not in Run.ENDED:
            if current.not_before and current.not_before > timezone.now():
                time.sleep((current.not_before - timezone.now()).total_seconds())
            run.perform(str(queued.pk), train_version)
            current.refresh_from_db()
    except BaseException:
        if current.handle:
            catalog.training_backend(current.arguments["backend"]).cancel(current.handle)
        raise
    return _succeeded(current)


def _succeeded(ended: Run) -> Run:
    if ended.status != RunStatus.SUCCEEDED:
        raise TrialFailedError(f"The {ended.kind} run ended {ended.status} ({ended.error_code}): {ended.error}")
    return ended


def _judged(promotion: PromotionRequest) -> PromotionRequest:
    queued = Run.objects.filter(subject=f"promotion:{promotion.pk}").latest("created_at")
    if ended := run.perform(str(queued.pk), assessing.assess):
        assessing.mark_failed(ended)
        _succeeded(ended)
    promotion.refresh_from_db()
    return promotion
