"""Use cases that register facts: people, projects, datasets, models and their versions."""

from registry.register.datasets import DatasetRegistrationError, register_dataset_version
from registry.register.people import (
    SelfGrantError,
    grant_role,
    link_identity,
    register_person,
    register_service,
    revoke_role,
)
from registry.register.projects import (
    OtherProjectError,
    create_environment,
    create_project,
    pin_evaluation_set,
    register_model,
)
from registry.register.versions import Member, VersionRegistrationError, register_model_version

__all__ = [
    "DatasetRegistrationError",
    "Member",
    "OtherProjectError",
    "SelfGrantError",
    "VersionRegistrationError",
    "create_environment",
    "create_project",
    "grant_role",
    "link_identity",
    "pin_evaluation_set",
    "register_dataset_version",
    "register_model",
    "register_model_version",
    "register_person",
    "register_service",
    "revoke_role",
]
