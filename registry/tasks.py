"""Celery entry points of the facts: load, call, return."""

from celery import shared_task

from registry import run
from registry.train import stop_training
from registry.train import train as train_version


@shared_task(name="registry.tasks.sweep_runs")
def sweep_runs() -> int:
    """Queue again the runs whose workers died."""
    return run.sweep()


@shared_task(name="registry.tasks.train")
def train(run_id: str) -> None:
    """Submit or poll one training."""
    run.perform(run_id, train_version, stop=stop_training)
