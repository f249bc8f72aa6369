"""The picture that a training left beside the model, and only one that it left here."""

import json

import pytest

from governance.web.trade_offs import trade_offs_of
from registry.artifacts import keep_tree
from registry.models import Assurance, ModelVersion, VersionKind

AXIS = {"label": "share", "low": "0", "high": "1"}
LINE = {"name": "under each limit", "style": "own", "points": [["0.1", "0.7"], ["0.2", "0.8"]]}
PICTURE = {
    "kind": "lines",
    "title": "What it costs",
    "reading": "Left is fairer.",
    "x": AXIS,
    "y": AXIS,
    "series": [LINE],
}


def version(folder, left, **changes):
    folder.mkdir()
    (folder / "model.json").write_text("{}")
    if left is not None:
        (folder / "trade_off.json").write_text(left)
    kept = {"kind": VersionKind.TREE, "assurance": Assurance.BUILT_HERE, "content": keep_tree(folder), **changes}
    return ModelVersion(**kept)


@pytest.mark.django_db
def test_what_was_trained_here_shows_what_it_weighed_and_nothing_else_is_drawn(tmp_path):
    drawn = json.dumps({"plots": [PICTURE]})
    shown = version(tmp_path / "own", drawn)
    silent = [
        version(tmp_path / "none", None),
        version(tmp_path / "broken", "{"),
        version(tmp_path / "empty", "[]"),
        version(tmp_path / "large", drawn + " " * (1 << 16)),
        version(tmp_path / "declared", drawn, assurance=Assurance.DECLARED),
        version(tmp_path / "predictions", drawn, kind=VersionKind.PREDICTIONS),
        version(tmp_path / "without", drawn, content=None),
    ]
    [(found, [plot])] = trade_offs_of([*silent, shown])
    assert (found, plot.title) == (shown, "What it costs")
