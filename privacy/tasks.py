"""Celery entry points of what measures data: load, call, return."""

from celery import shared_task

from privacy import anonymize as anonymizing
from registry import run


@shared_task(name=anonymizing.ANONYMIZE)
def anonymize(run_id: str) -> None:
    """Make one anonymised dataset version."""
    run.perform(run_id, anonymizing.anonymize)
