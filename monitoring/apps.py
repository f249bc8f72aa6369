"""Django's configuration of this app."""

from importlib import import_module

from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    """The app that holds what belongs to ``monitoring``."""

    name = "monitoring"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the kinds of event of this app."""
        import_module("monitoring.events")
