"""Explain one decision of what is served: attributions by the version itself, in the sandbox, and reasons to tell."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction

from governance.models import PromotionRequest
from governance.promotion.deploy import model_folder
from governance.promotion.judge import newest_evidence
from governance.promotion.rollback import RUNNING, NotRunningError
from governance.promotion.subject import evaluation_set, threshold_of
from registry.artifacts import local_path, read_document
from registry.backends.child import Limits
from registry.backends.serving.rows import Problem, rows_of
from registry.infer import isolation
from registry.ledger.append import append
from registry.models import Actor, Deployment

MOST_REASONS = 4
LIMITS = Limits(cpu_seconds=60, wall_seconds=60.0, folder_bytes=64 << 20)
TELLING = {"protected_feature_used", "protected_feature_suspected", "proxy_feature_used"}
NEGATIVE, POSITIVE = "negative", "positive"


class NotExplainableError(ValueError):
    """What is served has no model here that could explain itself."""

    code = "not_explainable"


class RowRefusedError(ValueError):
    """The row is not one that the model takes; the message names the field and never its value."""

    code = "row_refused"


@dataclass(frozen=True, slots=True)
class Part:
    """What one feature adds to the margin, in the words that a person is told."""

    feature: str
    wording: str
    contribution: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """One decision: base + contributions = margin. ``reasons`` are for telling to whom it concerns; ``note`` says why
    there are none, or what was left out.
    """

    score: float
    prediction: int
    threshold: float
    algorithm: str
    space: str
    base: float
    margin: float
    parts: tuple[Part, ...]
    adverse: bool
    reasons: tuple[Part, ...]
    withheld: tuple[str, ...]
    note: str
    model_digest: str
    manifest_digest: str
    isolation: str


def explain(deployment: Deployment, *, row: Mapping[str, Any], adverse: str, actor: Actor) -> Explanation:
    """Explain the decision on one row and record that it was explained, without the row; nothing of it is kept.

    ``adverse`` says which answer weighs on a person: "negative" (the positive label is favourable) or "positive".
    Raises NotRunningError, NotExplainableError, RowRefusedError, InferenceError.
    """
    if deployment.state not in RUNNING:
        raise NotRunningError(f"the deployment is {deployment.state}; it decides nothing")
    champion = deployment.manifest.champion
    if champion is None or champion.content_id is None or champion.kind != "tree":
        raise NotExplainableError(f"{champion} has no model here; only what decided can explain its decision")
    with tempfile.TemporaryDirectory(prefix="probity-explain-") as folder:
        found = _explained(deployment, row, adverse, Path(folder))
    with transaction.atomic():
        append(
            "deployment.explained",
            actor=actor,
            subject=f"deployment:{deployment.pk}",
            policy=deployment.policy_digest,
            data={
                "manifest": deployment.manifest_id,
                "model_digest": found.model_digest,
                "algorithm": found.algorithm,
                "isolation": found.isolation,
            },
        )
    return found


def _one_row(row: Mapping[str, Any], features: Sequence[str], background: Path, place: Path) -> Path:
    """Write the row as Parquet with the types of the evaluation rows; raises RowRefusedError."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    checked = rows_of({"rows": [dict(row)]}, tuple(features))
    if isinstance(checked, Problem):
        raise RowRefusedError(checked.detail)
    schema, columns = pq.read_schema(background), {}
    for name in features:
        if name not in schema.names:
            raise NotExplainableError(
                f"the evaluation rows lack the feature {name!r}; there is nothing to compare with"
            )
        try:
            columns[name] = pa.array([checked[0][name]]).cast(schema.field(name).type)
        except pa.ArrowException as error:
            raise RowRefusedError(
                f"the feature {name!r} is no {schema.field(name).type}, as which it was evaluated"
            ) from error
    pq.write_table(pa.table(columns), place)
    return place


def _explained(deployment: Deployment, row: Mapping[str, Any], adverse: str, folder: Path) -> Explanation:
    from registry.backends.inference import infer

    champion, document = deployment.manifest.champion, deployment.manifest.document
    assert champion is not None  # noqa: S101 - the caller looked
    rows = evaluation_set(document)
    background, content = local_path(rows.content_id), str(champion.content_id)
    answer = infer(
        model_folder(content),
        _one_row(row, champion.features, background, folder / "row.parquet"),
        features=champion.features,
        positive=rows.schema["positive"],
        want=("predictions", "attributions"),
        seed=int(champion.digest[:8], 16),
        workdir=folder / "work",
        isolation=isolation(),
        limits=LIMITS,
        background=background,
    )
    score, base, margin, parts = _numbers(answer, rows.schema)
    threshold = threshold_of(document)
    prediction = int(score >= threshold)
    weighs = prediction == (1 if adverse == POSITIVE else 0)
    reasons, withheld, note = (
        _reasons(parts, deployment, adverse) if weighs else ((), (), "The decision is not adverse.")
    )
    return Explanation(
        score, prediction, threshold, answer.meta["algorithm"], answer.meta["space"], base, margin, parts, weighs,
        reasons, withheld, note, content, deployment.manifest_id, answer.isolation,
    )  # fmt: skip


def _numbers(answer: Any, schema: Mapping[str, Any]) -> tuple[float, float, float, tuple[Part, ...]]:
    """Return score, base, margin and the parts, the largest first."""
    import pyarrow as pa

    def read(path: Path) -> dict[str, Any]:
        with pa.ipc.open_file(path) as reader:
            return {name: values[0] for name, values in reader.read_all().to_pydict().items()}

    scored, found = read(answer.predictions), read(answer.attributions)
    said = {feature["name"]: feature.get("wording") for feature in schema["features"]}
    parts = [
        Part(name, str(said.get(name) or name.replace("_", " ")), float(found[name]))
        for name in answer.meta["features"]
    ]
    ordered = tuple(sorted(parts, key=lambda part: (-abs(part.contribution), part.feature)))
    return float(scored["score"]), float(found["base"]), float(found["margin"]), ordered


def _sensitive(deployment: Deployment) -> set[str] | None:
    """Return the features that are protected, look so, or tell a group, as the report of the approval says.

    None where no report says it: then nobody knows.
    """
    promotion = PromotionRequest.objects.filter(pk=deployment.promotion_id).first()
    evidence = newest_evidence(promotion).get("explainability") if promotion else None
    if evidence is None:
        return None
    report = read_document(evidence.check_run.report_digest)
    measured = {item["metric"] for item in report["measurements"] if item["value"] is not None}
    declared = evaluation_set(deployment.manifest.document).schema["sensitive"]
    if report["status"] != "MEASURED" or (declared and "explainability.proxy_strength" not in measured):
        return None
    found = {one["place"].partition("feature=")[2] for one in report["findings"] if one["code"] in TELLING}
    return found | {attribute["column"] for attribute in declared}


def _reasons(
    parts: Sequence[Part], deployment: Deployment, adverse: str
) -> tuple[tuple[Part, ...], tuple[str, ...], str]:
    """Return up to four features that pushed to the adverse side, those that were withheld, and a note."""
    sensitive = _sensitive(deployment)
    if sensitive is None:
        return (), (), "No report says which features stand in for sensitive attributes, so no reasons are given."
    sign = 1 if adverse == POSITIVE else -1
    pushed = [part for part in parts if part.contribution * sign > 0]
    withheld = tuple(part.feature for part in pushed if part.feature in sensitive)
    reasons = tuple(part for part in pushed if part.feature not in sensitive)[:MOST_REASONS]
    if not reasons:
        return (), withheld, "Nothing but protected features or their proxies pushed to this decision."
    note = "Protected features and their proxies pushed to this decision too; they are no reasons." if withheld else ""
    return reasons, withheld, note
