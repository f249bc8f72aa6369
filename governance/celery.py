"""The Celery application: its settings are Django's, its tasks are each app's ``tasks.py``."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from django.conf import settings

from governance import logs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.settings")

app = Celery("probity")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["registry", "privacy", "monitoring", "governance"])
app.set_default()


@setup_logging.connect
def _use_our_logs(**_details: Any) -> None:
    """Keep Celery from replacing the handlers of the root logger (that there is a receiver is what it asks for)."""
    logs.configure(settings.LOGGING)
