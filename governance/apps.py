"""Django's configuration of this app: the Celery application and the system checks come with it."""

from importlib import import_module

from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    """The app that judges, and the front door."""

    name = "governance"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Load what registers itself: the Celery application, so that queuing finds it, and the system checks."""
        import_module("governance.models.events")
        import_module("governance.celery")
        import_module("governance.system_checks")
