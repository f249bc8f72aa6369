"""What is served scores the positive label of the rows on which its manifest was evaluated."""

import pytest

from governance.models import PromotionRequest
from registry.models import Deployment
from registry.register import pin_evaluation_set, register_dataset_version
from tests.governance.api.plugins import CheapServing
from tests.governance.api.world import SCHEMA


@pytest.mark.parametrize("positive", ["0", "1"])
def test_a_release_pins_the_label_of_its_evaluation_rows_whatever_is_pinned_later(world, positive):
    def pin(label):
        rows = register_dataset_version(
            project=world.project,
            name="rows",
            file=world.folder / "rows.parquet",
            schema=SCHEMA | {"positive": label},
            actor=world.system,
        )
        pin_evaluation_set(environment=world.environment, model=world.model, dataset_version=rows, actor=world.system)

    pin(positive)
    promotion = PromotionRequest.objects.get(pk=world.released())
    deployment = Deployment.objects.get(promotion_id=promotion.pk)
    assert CheapServing.served[str(deployment.pk)].positive == positive
    from governance.promotion.deploy import serve

    pin("1" if positive == "0" else "0")
    serve(deployment)
    assert CheapServing.served[str(deployment.pk)].positive == positive
