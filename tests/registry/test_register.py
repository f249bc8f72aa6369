"""Registering: what is used together belongs to one project."""

import pytest

from registry.models import EvaluationSet
from registry.register import (
    OtherProjectError,
    create_environment,
    create_project,
    pin_evaluation_set,
    register_dataset_version,
    register_model,
)
from tests.registry.scene import SCHEMA, rows_file


@pytest.mark.parametrize("foreign", ["environment", "model", "dataset_version"])
def test_an_evaluation_set_of_two_projects_is_refused(world, foreign, tmp_path):
    other = create_project(slug="other", name="Other", actor=world.system)
    made = {}
    for project in (world.project, other):
        made[project] = {
            "environment": create_environment(project=project, name="second", actor=world.system),
            "model": register_model(project=project, name="m", tier="low", intended_use="x", actor=world.system),
            "dataset_version": register_dataset_version(
                project=project, name="d", file=rows_file(tmp_path), schema=SCHEMA, actor=world.system
            ),
        }
    before = EvaluationSet.objects.count()
    mixed = made[world.project] | {foreign: made[other][foreign]}
    with pytest.raises(OtherProjectError, match="belongs to another project") as caught:
        pin_evaluation_set(**mixed, actor=world.system)
    assert caught.value.code == "other_project"
    assert EvaluationSet.objects.count() == before
    pin_evaluation_set(**made[other], actor=world.system)
