"""Begin to watch a deployment: its monitor, by the policy's watch, and the baseline of its own answers."""

from typing import Any

from governance.models import PromotionRequest
from governance.promotion.subject import threshold_of
from governance.rules.policy import read_policy
from monitoring.models import Baseline, Monitor
from monitoring.statistics.answered import sketch_answers
from registry.artifacts import keep_document, local_path, read_table
from registry.infer import asked
from registry.ledger.append import append
from registry.models import Actor, Artifact, DatasetVersion, Deployment, Inference

HOUR = 3600


def start_monitor(deployment: Deployment, promotion: PromotionRequest, *, baseline: Artifact | None) -> Monitor | None:
    """Make the monitor of a deployment that goes live, in the caller's transaction; None where nothing is watched."""
    watch = read_policy(promotion.policy.document).watch
    if watch is None:
        return None
    every, overdue = watch.every_hours * HOUR, watch.overdue_hours * HOUR
    monitor = Monitor(deployment=deployment, every_seconds=every, overdue_seconds=overdue)
    monitor.full_clean()
    monitor.save()
    if baseline:
        Baseline.objects.create(monitor=monitor, sketch=baseline, source_digest=deployment.manifest_id)
    append(
        "monitor.created",
        actor=Actor.system(),
        subject=f"monitor:{monitor.pk}",
        policy=deployment.policy_digest,
        evidence=[baseline.digest] if baseline else [],
        data={"deployment": str(deployment.pk), "every_seconds": every, "overdue_seconds": overdue},
    )
    return monitor


def baseline_of(deployment: Deployment) -> Artifact | None:
    """Return the sketch of the evaluation rows with the champion's answers to them; None where none were made.

    It reads the rows, unless the same manifest was served before: call it outside of transactions.
    """
    known = Baseline.objects.filter(source_digest=deployment.manifest_id).order_by("-created_at").first()
    if known:
        return known.sketch
    champion = deployment.manifest.champion
    evaluation = DatasetVersion.objects.filter(digest=deployment.manifest.document["evaluation_set"]).first()
    if champion is None or evaluation is None:
        return None
    same = asked(champion, evaluation.schema)
    inference = Inference.objects.filter(version=champion, data_digest=evaluation.content_id, asked=same).first()
    if inference is None:
        return None
    return keep_document(_sketch(evaluation, inference, threshold_of(deployment.manifest.document)))


def _sketch(evaluation: DatasetVersion, inference: Inference, threshold: float) -> dict[str, Any]:
    import pyarrow.parquet as pq

    schema = evaluation.schema
    names = {schema["target"], *(one["name"] for one in schema["features"])}
    table = pq.read_table(local_path(evaluation.content_id), columns=sorted(names))
    scores = read_table(str(inference.scores_id)).column("score").to_pylist()
    explained = read_table(str(inference.attributions_id)) if inference.attributions_id else None
    return sketch_answers(table, schema, scores, threshold, attributions=explained)
