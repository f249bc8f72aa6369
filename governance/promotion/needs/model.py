"""What checks need to know of a model's own files: what they name and carry, read without loading them."""

import tempfile
from pathlib import Path
from typing import Any

from governance.promotion.subject import Subject
from registry.artifacts import checkout_tree, keep_document
from registry.backends.model_files.scan import scan
from registry.canonical import parse
from registry.checks import Need
from registry.infer import isolation
from registry.models import VersionKind


def model_files(subject: Subject, _need: Need, progress: Any) -> str | None:
    """Return the scan of the champion's files; None for a version that has none here."""
    version = subject.version
    if version.kind != VersionKind.TREE or version.content_id is None:
        return None
    progress(0.5, f"the files of {version} are read")
    with tempfile.TemporaryDirectory(prefix="probity-files-") as folder:
        model, work = Path(folder) / "model", Path(folder) / "work"
        model.mkdir()
        checkout_tree(str(version.content_id), model)
        return str(keep_document(scan(model, workdir=work, isolation=isolation())).pk)


def declared_drivers(subject: Subject, _need: Need, _progress: Any) -> str | None:
    """Return what the version's owner declared under ``drivers`` in its details; None where nobody did."""
    declared = parse(subject.version.document)["details"].get("drivers")
    if not isinstance(declared, list) or not declared or not all(isinstance(name, str) for name in declared):
        return None
    return str(keep_document({"drivers": list(dict.fromkeys(declared))}).pk)
