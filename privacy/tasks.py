"""Celery entry points of what measures data: load, call, return."""

import logging

from celery import shared_task

from privacy import anonymize as anonymizing
from privacy import anonymous_work, examine
from privacy import take_in as taking_in
from registry import run
from registry.checks import Cancelled
from registry.lease import LeaseLostError
from registry.models import Run
from registry.telling import told

logger = logging.getLogger(__name__)


@shared_task(name=anonymizing.ANONYMIZE)
def anonymize(run_id: str) -> None:
    """Make one anonymised dataset version."""
    run.perform(run_id, anonymizing.anonymize, stop=anonymous_work.forget)


@shared_task(name=anonymous_work.HELP)
def anonymize_chunk(run_id: str, chunk_id: str) -> None:
    """Treat one chunk of an anonymisation that goes on; who died at it is followed by another."""
    try:
        anonymous_work.help_along(Run.objects.get(pk=run_id), chunk_id, examine.engine())
    except LeaseLostError:
        return
    except Exception as error:  # noqa: BLE001 - the chunk is free again; what goes on wrong ends the run
        logger.warning("chunk %s of run %s was not anonymised: %s", chunk_id, run_id, told(error))


@shared_task(name=taking_in.TAKE_IN)
def take_in(run_id: str) -> None:
    """Register one dataset version from files on this machine."""
    run.perform(run_id, taking_in.take_in)


@shared_task(name=examine.SCAN)
def scan(run_id: str) -> None:
    """Scan one dataset version."""
    run.perform(run_id, examine.scan)


@shared_task(name=examine.HELP)
def scan_chunk(run_id: str, chunk_id: str) -> None:
    """Scan one chunk of a scan that goes on; who died at it is followed by another."""
    try:
        examine.help_along(Run.objects.get(pk=run_id), chunk=chunk_id)
    except (Cancelled, LeaseLostError):
        return
    except Exception as error:  # noqa: BLE001 - the chunk is free again; what goes on wrong ends the run
        logger.warning("chunk %s of run %s was not scanned: %s", chunk_id, run_id, told(error))
