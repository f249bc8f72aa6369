"""What the steps of the demonstration share: wait for runs, train, ask for a promotion, decide, release, tell."""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from governance.management.demo.cast import Cast
from governance.management.demo.patients import schema
from governance.models import Evaluation, PromotionRequest
from governance.promotion import approve as approving
from governance.promotion.release import start_release
from governance.promotion.request import request_promotion
from registry.models import DatasetVersion, Deployment, ModelVersion, Run, RunStatus
from registry.register import register_dataset_version
from registry.train import start_training

LONGEST_WAIT = 240
LOOK_EVERY = 0.2
BOOSTING = {"trees": 60, "depth": 2, "learning_rate": 0.05}
Tell = Callable[[str], None]


class DemoError(RuntimeError):
    """A step ended otherwise than a demonstration can go on from."""


def wait_for(run: Run, tell: Tell) -> Run:
    """Wait until a run has ended, telling its progress; raises DemoError when it fails or takes too long."""
    deadline, told = time.monotonic() + LONGEST_WAIT, ""
    while time.monotonic() < deadline:
        run.refresh_from_db()
        if run.status in Run.ENDED:
            break
        if run.message and run.message != told:
            told = run.message
            tell(f"{run.progress:4.0%}  {told}")
        time.sleep(LOOK_EVERY)
    if run.status != RunStatus.SUCCEEDED:
        raise DemoError(f"{run.kind} {run.status}: {run.error_code} {run.error}".strip())
    return run


@contextmanager
def parquet(frame: Any) -> Iterator[Path]:
    """Write a DataFrame as a Parquet file for a moment."""
    with tempfile.TemporaryDirectory(prefix="probity-demo-") as folder:
        file = Path(folder) / "rows.parquet"
        frame.to_parquet(file, index=False)
        yield file


def register_rows(cast: Cast, frame: Any, *, name: str, identities: bool) -> DatasetVersion:
    """Register rows as a dataset version of the project."""
    with parquet(frame) as file:
        return register_dataset_version(
            project=cast.project,
            name=name,
            file=file,
            schema=schema(identities=identities),
            actor=cast.actor("scientist"),
        )


def train(  # noqa: PLR0917 - what a training is made of
    cast: Cast, dataset: DatasetVersion, entry_point: str, features: Sequence[str], seed: int, tell: Tell
) -> ModelVersion:
    """Train a version on the local backend, as the data scientist."""
    run = start_training(
        model=cast.model,
        entry_point=entry_point,
        dataset_version=dataset,
        features=features,
        parameters=BOOSTING if entry_point == "gradient_boosting" else {},
        seed=seed,
        actor=cast.actor("scientist"),
    )
    ended = wait_for(run, tell)
    return ModelVersion.objects.get(pk=ended.result["version"])


def ask(cast: Cast, version: ModelVersion, tell: Tell) -> PromotionRequest:
    """Ask for a version to be released, and wait for its verdict."""
    promotion = request_promotion(version=version, environment=cast.environment, actor=cast.actor("scientist"))
    run = Run.objects.filter(subject=f"promotion:{promotion.pk}").latest("created_at")
    wait_for(run, tell)
    promotion.refresh_from_db()
    return promotion


def evaluation_of(promotion: PromotionRequest) -> Evaluation:
    """Return the current evaluation of a promotion."""
    return promotion.evaluations.filter(digest=promotion.evaluation_digest).latest("created_at")


def failed(promotion: PromotionRequest) -> list[dict[str, Any]]:
    """Return the items of the evaluation that block."""
    items: list[dict[str, Any]] = evaluation_of(promotion).document["items"]
    return [item for item in items if item["outcome"] in {"FAIL", "ERROR", "AGED", "INSUFFICIENT_DATA"}]


def decide(cast: Cast, promotion: PromotionRequest, who: str, reason: str) -> None:
    """Let one officer approve, accepting singly every item that the evaluation lists."""
    promotion.refresh_from_db()
    evaluation = evaluation_of(promotion)
    approving.approve(
        promotion,
        actor=cast.actor(who),
        reason=reason,
        evaluation_digest=evaluation.digest,
        acknowledged=evaluation.document["acknowledge"],
    )
    promotion.refresh_from_db()


def release(cast: Cast, promotion: PromotionRequest, tell: Tell) -> Deployment:
    """Release an approved promotion, as the engineer, and return what is live then."""
    wait_for(start_release(promotion, actor=cast.actor("engineer")), tell)
    promotion.refresh_from_db()
    return Deployment.objects.filter(promotion_id=promotion.pk).latest("created_at")
