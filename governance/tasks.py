"""Celery entry points of the judgement: load, call, return."""

from celery import shared_task

from governance import reconcile as reconciler
from governance import watch
from governance.exports import standing
from governance.promotion import assess as assessing
from governance.promotion import release as releasing
from registry import run


@shared_task(name="governance.tasks.assess")
def assess(run_id: str) -> None:
    """Collect, measure and evaluate one promotion."""
    if ended := run.perform(run_id, assessing.assess):
        assessing.mark_failed(ended)


@shared_task(name="governance.tasks.release")
def release(run_id: str) -> None:
    """Release one approved promotion."""
    if ended := run.perform(run_id, releasing.release):
        releasing.mark_release_failed(ended)


@shared_task(name="governance.tasks.watch_batch")
def watch_batch(run_id: str) -> None:
    """Measure and judge one posted batch."""
    if ended := run.perform(run_id, watch.watch_batch):
        watch.mark_unjudged(ended)


@shared_task(name="governance.tasks.watch_deployments")
def watch_deployments() -> int:
    """Find overdue batches."""
    return watch.find_overdue()


@shared_task(name="governance.tasks.reconcile")
def reconcile() -> dict[str, int]:
    """Bring what is outside in line with our record."""
    return reconciler.reconcile()


@shared_task(name="governance.tasks.verify_ledger")
def verify_ledger() -> str:
    """Verify the whole record when that is due, and keep what was found."""
    done = standing.verify_when_due()
    return done.outcome if done else ""
