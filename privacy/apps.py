"""Django's configuration of this app."""

from importlib import import_module

from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    """The app that holds what belongs to ``privacy``."""

    name = "privacy"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the kinds of event of this app."""
        import_module("privacy.events")
