"""Watch what is live: measure posted batches, find overdue ones; review, roll back or stop, as the policy says."""

import io
import logging
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from governance.models import Policy
from governance.promotion.alerts import is_open, open_alerts, resolve_alerts
from governance.promotion.collect import Collected
from governance.promotion.deploy import move_deployment
from governance.promotion.measure import measure
from governance.promotion.needs.tables import predictions_table
from governance.promotion.request import require_role
from governance.promotion.rollback import OPERATORS, RUNNING, NothingToReturnToError, NotRunningError, roll_back
from governance.promotion.stop import stop
from governance.promotion.subject import threshold_of
from governance.rules.evidence import ReportEvidence
from governance.rules.policy import OnBreach, WatchRule, read_policy
from governance.rules.states import DeploymentState
from governance.rules.watching import Alarm, BatchEvaluation, judge_batch, overdue_alarm
from monitoring.models import Batch, Monitor
from monitoring.statistics.answered import sketch_answers
from registry import catalog, run
from registry.artifacts import keep_bytes, keep_document, keep_table, local_path, read_document, read_table
from registry.backends.base import BackendError
from registry.canonical import canonical
from registry.infer import infer_version
from registry.ledger.append import append
from registry.models import Actor, DatasetVersion, Deployment, Role, Run, RunKind, RunStatus
from registry.run import Lease

logger = logging.getLogger(__name__)
WATCH = "governance.tasks.watch_batch"
POSTERS = OPERATORS | {Role.REQUESTER}
PARQUET = "application/vnd.apache.parquet"


class BatchError(ValueError):
    """A batch that does not fit the model's features; the message names the column."""

    code = "batch"


def _evaluation_set(deployment: Deployment) -> DatasetVersion:
    return DatasetVersion.objects.filter(digest=deployment.manifest.document["evaluation_set"]).latest("created_at")


def _checked(table: Any, schema: dict[str, Any], deployment: Deployment) -> bool:
    """Raise BatchError unless the batch fits; return whether it comes with outcomes."""
    champion = deployment.manifest.champion
    if table.num_rows == 0:
        raise BatchError("the batch holds no rows")
    needed = [*(champion.features if champion else ())]
    if missing := [name for name in needed if name not in table.column_names]:
        raise BatchError(f"the batch lacks the features {missing}")
    outcomes = schema["target"] in table.column_names
    if outcomes and table.column(schema["target"]).null_count:
        raise BatchError(f"{table.column(schema['target']).null_count} rows have no outcome in {schema['target']!r}")
    declared = [one["column"] for one in (*schema["sensitive"], *schema.get("controls", ()))]
    lacking = [name for name in declared if name not in table.column_names]
    if lacking and outcomes:
        what = "the sensitive attributes and controls too"
        raise BatchError(f"a batch with outcomes carries {what}; {lacking} are missing")
    return outcomes


def post_batch(deployment: Deployment, *, table: Any, actor: Actor) -> Batch:
    """Keep rows that the deployment answered (a pyarrow.Table, with the target where outcomes are known) and queue
    their measurement; the same rows posted again return the batch there is.
    """
    import pyarrow.parquet as pq

    require_role(actor, deployment.environment.project, POSTERS, "post a batch")
    if deployment.state not in RUNNING:
        raise NotRunningError(f"the deployment is {deployment.state}; it answers nothing")
    monitor = Monitor.objects.get(deployment=deployment)
    outcomes = _checked(table, _evaluation_set(deployment).schema, deployment)
    sink = io.BytesIO()
    pq.write_table(table, sink)
    content = keep_bytes(sink.getvalue(), PARQUET)
    return _record(monitor, content.digest, table.num_rows, outcomes, actor)


@transaction.atomic
def _record(monitor: Monitor, content: str, rows: int, outcomes: bool, actor: Actor) -> Batch:
    deployment = monitor.deployment
    if known := Batch.objects.filter(monitor=monitor, content_id=content).first():
        return known
    batch = Batch(monitor=monitor, content_id=content, rows=rows, has_outcomes=outcomes, posted_by=actor.principal)
    batch.full_clean()
    batch.save()
    Monitor.objects.filter(pk=monitor.pk).update(last_batch_at=batch.created_at)
    append(
        "batch.posted",
        actor=actor,
        subject=f"monitor:{monitor.pk}",
        evidence=[content],
        data={"deployment": str(deployment.pk), "content": content, "rows": rows, "outcomes": outcomes},
    )
    batch.run = run.start(
        kind=RunKind.WATCH,
        task=WATCH,
        project=deployment.environment.project,
        subject=f"batch:{batch.pk}",
        key=f"batch:{batch.pk}",
        actor=actor,
    )
    batch.save(update_fields=["run"])
    return batch


def watch_batch(run_: Run, lease: Lease) -> dict[str, Any]:
    """Do the work of a WATCH run: measure one batch, judge it, act on it. It can be taken up again at any point."""
    batch = Batch.objects.select_related(
        "monitor__deployment__manifest__champion", "monitor__deployment__environment"
    ).get(pk=run_.subject.partition(":")[2])
    deployment = batch.monitor.deployment
    policy = Policy.objects.get(pk=deployment.policy_digest)
    if batch.verdict == "":
        judged = _judge(batch, policy, run_, lease)
        _keep(batch, judged, lease)
    else:
        judged = None
    act_on(deployment, _alarms(batch), batch=batch)
    return {"verdict": batch.verdict, "alarms": len(judged.alarms) if judged else None}


def _judge(batch: Batch, policy: Policy, run_: Run, lease: Lease) -> BatchEvaluation:
    deployment = batch.monitor.deployment
    watch = read_policy(policy.document).watch
    inputs = _inputs(batch, lease)
    reports = []
    for rule in watch.checks if watch else ():
        collected = _collected(rule, inputs, batch)
        made = measure(collected, manifest=deployment.manifest_id, run=run_, lease=lease)
        document = read_document(made.report_digest)
        reports.append(ReportEvidence(document=document, measured_at=made.measured_at, isolation=made.isolation))
    return judge_batch(
        policy=policy.document, manifest=deployment.manifest.document, reports=reports, now=timezone.now()
    )


def _collected(rule: WatchRule, inputs: dict[str, str], batch: Batch) -> Collected:
    """Give a check what the batch holds; a check of outcomes on a batch without any has nothing to measure."""
    needs = catalog.check(rule.check).needs(rule.parameters)
    found = {need.name: inputs[need.kind] for need in needs if need.kind in inputs}
    lacking = [need for need in needs if need.kind not in inputs and not need.optional]
    why = ""
    if not batch.has_outcomes and any(need.kind == "predictions" for need in lacking):
        why = "the batch came without outcomes"
    missing = {} if why else {need.name: f"a batch has no {need.kind}" for need in lacking}
    return Collected(check=rule.check, parameters=rule.parameters, inputs=found, missing=missing, inapplicable=why)


def _inputs(batch: Batch, lease: Lease) -> dict[str, str]:
    """Return what a batch gives to checks, by kind of need: the answers are the pinned version's own, made again."""
    import pyarrow.parquet as pq

    deployment = batch.monitor.deployment
    schema = _evaluation_set(deployment).schema
    table = pq.read_table(local_path(str(batch.content_id)))
    inputs = {"schema": keep_document(schema).digest}
    champion = deployment.manifest.champion
    if champion is None:
        return inputs
    answers = infer_version(champion, data_digest=str(batch.content_id), schema=schema, progress=lease.progress)
    scores = read_table(str(answers.scores_id)).column("score").to_pylist()
    threshold = threshold_of(deployment.manifest.document)
    explained = read_table(str(answers.attributions_id)) if answers.attributions_id else None
    sketch = sketch_answers(table, schema, scores, threshold, attributions=explained, lenient=True)
    inputs["current"] = keep_document(sketch).digest
    baseline = batch.monitor.baselines.order_by("-created_at").first()
    if baseline:
        inputs["baseline"] = str(baseline.sketch_id)
    if batch.has_outcomes:
        inputs["predictions"] = keep_table(predictions_table(table, schema, scores, threshold)).digest
    return inputs


@transaction.atomic
def _keep(batch: Batch, judged: BatchEvaluation, lease: Lease) -> None:
    lease.lock()
    document = judged.document()
    batch.verdict, batch.measured_at = judged.verdict, timezone.now()
    batch.evaluation_text = canonical(document).decode()
    batch.full_clean()
    batch.save()
    append(
        "batch.judged",
        actor=Actor.system(),
        subject=f"monitor:{batch.monitor_id}",
        policy=judged.policy,
        evidence=sorted({item.report for item in judged.items if item.report}),
        data={
            "deployment": str(batch.monitor.deployment_id),
            "verdict": judged.verdict,
            "evaluation": keep_document(document).digest,
        },
    )


def _alarms(batch: Batch) -> list[Alarm]:
    from registry.canonical import parse

    kept = parse(batch.evaluation_text)["alarms"]
    return [Alarm(key=one["key"], action=OnBreach(one["action"]), reason=one["reason"]) for one in kept]


def act_on(deployment: Deployment, alarms: list[Alarm], *, batch: Batch | None = None) -> Deployment:
    """Open the alerts and do the strongest of what they ask for; returns what is served (or was stopped) then."""
    alarms = open_alerts(deployment, alarms, batch=batch)
    if not alarms:
        return deployment
    deployment = Deployment.objects.select_related("environment", "model", "manifest__champion").get(pk=deployment.pk)
    if deployment.state not in RUNNING:
        return deployment
    action = max((alarm.action for alarm in alarms), key=list(OnBreach).index)
    reason = "; ".join(alarm.reason for alarm in alarms if alarm.action == action)
    actor = Actor.system()
    if action == OnBreach.STOP:
        return stop(deployment, actor=actor, reason=reason)
    if action == OnBreach.ROLLBACK:
        try:
            return roll_back(deployment, actor=actor, reason=reason)
        except NotRunningError:
            return Deployment.objects.get(pk=deployment.pk)  # somebody was faster
        except (NothingToReturnToError, BackendError) as error:
            reason = f"the policy asks to roll back, which is not possible ({error.code}); {reason}"
    return put_under_review(deployment, actor=actor, reason=reason)


def act_once(deployment: Deployment, alarm: Alarm) -> bool:
    """Act on a finding that stays until somebody sees to it; say whether anything was done.

    What is LIVE was not acted on, whatever alert is open: its worker died in between.
    """
    if is_open(deployment, alarm) and deployment.state != DeploymentState.LIVE:
        return False
    act_on(deployment, [alarm])
    return True


def mark_unjudged(run_: Run) -> None:
    """Open an alert about a batch whose measurement ended without success: what could not be judged is not healthy."""
    if run_.status not in {RunStatus.FAILED, RunStatus.CANCELLED}:
        return
    batch = Batch.objects.select_related("monitor__deployment").get(pk=run_.subject.partition(":")[2])
    policy = read_policy(Policy.objects.get(pk=batch.monitor.deployment.policy_digest).document)
    if batch.verdict:
        return
    action = policy.watch.on_overdue if policy.watch else OnBreach.REVIEW
    reason = f"A batch of {batch.rows} rows could not be judged ({run_.error_code}); the run {run_.pk} says why."
    act_on(batch.monitor.deployment, [Alarm(f"watch/batch/unjudged/{batch.pk}", action, reason)], batch=batch)


@transaction.atomic
def put_under_review(deployment: Deployment, *, actor: Actor, reason: str) -> Deployment:
    """Say that somebody must look at what is live; it goes on serving meanwhile."""
    locked = Deployment.objects.select_for_update().get(pk=deployment.pk)
    if locked.state != DeploymentState.LIVE:
        return locked
    return move_deployment(locked, DeploymentState.UNDER_REVIEW, actor=actor, reason=reason)


@transaction.atomic
def clear_review(deployment: Deployment, *, actor: Actor, reason: str) -> Deployment:
    """Say, as an officer, that what is under review may go on; its alerts are resolved with it."""
    require_role(actor, deployment.environment.project, OPERATORS - {Role.ENGINEER}, "clear a review")
    locked = Deployment.objects.select_for_update().get(pk=deployment.pk)
    if locked.state != DeploymentState.UNDER_REVIEW:
        raise NotRunningError(f"the deployment is {locked.state}; there is no review to clear")
    resolve_alerts(locked, locked.alerts.all(), actor=actor)
    return move_deployment(locked, DeploymentState.LIVE, actor=actor, reason=reason)


def find_overdue() -> int:
    """Open an alert for every live deployment whose batch is overdue, and act on it; return how many."""
    found = 0
    live = Monitor.objects.filter(active=True, deployment__state__in=RUNNING).select_related("deployment")
    for monitor in live:
        deployment = monitor.deployment
        since = monitor.last_batch_at or deployment.live_at or monitor.created_at
        policy = Policy.objects.get(pk=deployment.policy_digest)
        alarm = overdue_alarm(policy=policy.document, waiting_since=since, now=timezone.now())
        found += alarm is not None and _acted(deployment, alarm)
    return found


def _acted(deployment: Deployment, alarm: Alarm) -> bool:
    """Act on an overdue batch; what goes wrong with one deployment does not keep the others from being seen to."""
    try:
        return act_once(deployment, alarm)
    except Exception as error:  # noqa: BLE001 - any deployment's trouble is its own; the next cycle tries again
        logger.error("acting on %s failed: %s", deployment.pk, getattr(error, "code", type(error).__name__))  # noqa: TRY400
        return False


def read_rows(file: Path) -> Any:
    """Return the rows of a batch file (CSV, Parquet, JSONL) as a table; raises DatasetReadError."""
    from privacy.scan.read import read_table as read_file

    return read_file(file, typed=True)
