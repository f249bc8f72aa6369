"""What a training weighed against what: the picture that it left beside the model, for the page of the model."""

import json
from collections.abc import Iterable
from typing import Any

from governance.web.plots import Plot, plots_of
from registry.artifacts import read_bytes, read_document
from registry.blobs import BlobDamagedError, BlobMissingError
from registry.models import Assurance, ModelVersion, VersionKind

FILE = "trade_off.json"
LARGEST = 1 << 16
MOST = 5


def trade_offs_of(versions: Iterable[ModelVersion]) -> list[tuple[ModelVersion, tuple[Plot, ...]]]:
    """Return the newest few versions that were trained here and left a picture, with what of it can be drawn."""
    found: list[tuple[ModelVersion, tuple[Plot, ...]]] = []
    for version in versions:
        plots = plots_of(_left(version)) if len(found) < MOST else ()
        if plots:
            found.append((version, plots))
    return found


def _left(version: ModelVersion) -> Any:
    if version.kind != VersionKind.TREE or version.assurance != Assurance.BUILT_HERE or version.content_id is None:
        return None
    try:
        entries = {entry["path"]: entry for entry in read_document(str(version.content_id))}
        if FILE not in entries or entries[FILE]["size"] > LARGEST:
            return None
        return json.loads(read_bytes(entries[FILE]["sha256"]))
    except (BlobMissingError, BlobDamagedError, ValueError, KeyError, TypeError):
        return None
