"""Celery entry points of the facts."""

from celery import shared_task

from registry import run


@shared_task(name="registry.tasks.sweep_runs")
def sweep_runs() -> int:
    """Queue again the runs whose workers died."""
    return run.sweep()
