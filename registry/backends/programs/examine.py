"""Examine: read the files of a model without loading it."""

from pathlib import Path
from typing import Any

from registry.backends.model_files.folder import scan_folder
from registry.backends.programs import stage


def main(request: dict[str, Any]) -> dict[str, Any]:
    """Return what the files of the model's folder are and name."""
    stage.enter("reading the model's files")
    return scan_folder(Path(request["model"]))
