"""Use case: let a version answer a set of rows, in the sandbox, once."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings

from registry.artifacts import checkout_tree, keep_bytes, local_path
from registry.backends.base import BackendError
from registry.canonical import digest, parse
from registry.models import Inference, ModelVersion, VersionKind

ARROW = "application/vnd.apache.arrow.file"
WANT = ("predictions", "attributions")
ENGINE = 2  # of the programs that answer: what an older one left lacks what checks read now


class NoModelError(BackendError):
    """The version has no model that could be loaded here."""


def isolation() -> str:
    """Return how model files are isolated here: "landlock+seccomp", or "none" where the instance says so."""
    return str(settings.PROBITY_SANDBOX)


def asked(version: ModelVersion, schema: Mapping[str, Any]) -> str:
    """Return the digest of what a version is asked beside the rows: its features, and whose score (positive label)."""
    return digest(
        {"features": list(version.features), "positive": schema["positive"], "want": list(WANT), "engine": ENGINE}
    )


def infer_version(
    version: ModelVersion,
    *,
    data_digest: str,
    schema: Mapping[str, Any],
    progress: Callable[[float, str], None] = lambda _share, _message: None,
) -> Inference:
    """Return scores and attributions of the version on a kept Parquet file, made now unless the same was asked before.

    Raises NoModelError for versions without a model, and InferenceError when the model misbehaves.
    """
    made = Inference.objects.filter(version=version, data_digest=data_digest, asked=asked(version, schema))
    known = made.order_by("-created_at").first()
    if known and (known.isolation != "none" or isolation() == "none"):
        return known
    content = _content(version)
    with tempfile.TemporaryDirectory(prefix="probity-infer-") as folder:
        return _infer(version, content, data_digest, schema, Path(folder), progress)


def _content(version: ModelVersion) -> str:
    """Return the digest of a version's model, or "" for an image; raises NoModelError for what nobody can ask here."""
    if version.kind == VersionKind.IMAGE:
        return ""
    if version.kind != VersionKind.TREE or version.content_id is None:
        raise NoModelError(f"{version} is of kind {version.kind}: it has no model to load here", code="no_model")
    return str(version.content_id)


def answer_file(
    version: ModelVersion,
    data: Path,
    *,
    schema: Mapping[str, Any],
    want: Sequence[str],
    progress: Callable[[float, str], None] = lambda _share, _message: None,
) -> Any:
    """Return a version's scores on the rows of a Parquet file that is not kept, as an Arrow array; nothing is recorded.

    Raises NoModelError for versions without a model, and InferenceError when the model misbehaves.
    """
    content = _content(version)
    import pyarrow as pa

    with tempfile.TemporaryDirectory(prefix="probity-infer-") as folder:
        answer = _ask(version, content, data, schema, Path(folder), progress, want)
        if answer.predictions is None:
            raise NoModelError(f"{version} gave no predictions", code="no_predictions")
        with pa.OSFile(str(answer.predictions)) as file, pa.ipc.open_file(file) as reader:
            return reader.read_all().column("score").combine_chunks()


def _ask(  # noqa: PLR0917 - the facts of one inference
    version: ModelVersion,
    content: str,
    data: Path,
    schema: Mapping[str, Any],
    folder: Path,
    progress: Callable[[float, str], None],
    want: Sequence[str],
) -> Any:
    from registry.backends.image import ask_image, image_of
    from registry.backends.inference import infer

    model, work = folder / "model", folder / "work"
    model.mkdir()
    work.mkdir()
    if version.kind == VersionKind.IMAGE:
        return ask_image(
            image_of(parse(version.document)["details"]),
            data,
            features=version.features,
            positive=schema["positive"],
            workdir=work,
            on_tick=lambda: progress(0.5, f"{version} answers in a container"),
        )
    return infer(
        checkout_tree(content, model),
        data,
        features=version.features,
        positive=schema["positive"],
        want=want,
        seed=int(version.digest[:8], 16),
        workdir=work,
        isolation=isolation(),
        on_tick=lambda: progress(0.5, f"{version} answers in the sandbox"),
    )


def _infer(  # noqa: PLR0917 - the facts of one inference
    version: ModelVersion,
    content: str,
    data_digest: str,
    schema: Mapping[str, Any],
    folder: Path,
    progress: Callable[[float, str], None],
) -> Inference:
    answer = _ask(version, content, local_path(data_digest), schema, folder, progress, WANT)
    if answer.predictions is None:
        raise NoModelError(f"{version} gave no predictions", code="no_predictions")
    scores = keep_bytes(answer.predictions.read_bytes(), ARROW)
    attributions = keep_bytes(answer.attributions.read_bytes(), ARROW) if answer.attributions else None
    made, _ = Inference.objects.get_or_create(
        version=version,
        data_digest=data_digest,
        asked=asked(version, schema),
        isolation=answer.isolation,
        defaults={"scores": scores, "attributions": attributions, "meta": dict(answer.meta)},
    )
    return made
