"""Queue a task by name, when the transaction commits. Runs are rows: a lost message only delays them."""

import logging
from typing import Any

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def enqueue(task: str, *arguments: Any, countdown: float = 0) -> None:
    """Send the task to the broker after the commit.

    A broker that is away is logged and not an error: the run stays QUEUED, and the sweeper sends it again.
    """

    def send() -> None:
        try:
            current_app.send_task(task, args=arguments, countdown=countdown or None, retry=False)
        except (OperationalError, OSError) as error:
            logger.warning("the broker is away (%s); the sweeper will queue %s again", type(error).__name__, task)

    transaction.on_commit(send)
