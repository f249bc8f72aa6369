"""Django's configuration of this app."""

from importlib import import_module

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    """The app that holds what belongs to ``registry``."""

    name = "registry"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the kinds of event of this app."""
        import_module("registry.ledger.kinds")
