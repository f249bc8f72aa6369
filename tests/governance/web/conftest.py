"""A scene to look at, and the headers' middleware, whether or not the settings list it."""

from pathlib import Path

import pytest

from tests.governance.web.scene import Scene, build

HEADERS = "governance.web.middleware.PageHeaders"


@pytest.fixture
def scene(db, settings, tmp_path: Path, monkeypatch) -> Scene:
    settings.PROBITY_HOME = tmp_path / "home"
    if HEADERS not in settings.MIDDLEWARE:
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, HEADERS]
    monkeypatch.setattr("registry.queue.current_app.send_task", lambda *_arguments, **_named: None)
    return build(tmp_path)
