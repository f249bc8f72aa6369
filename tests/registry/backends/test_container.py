"""A container as the sandbox: how it is started, that nothing stays behind, and that it is refused without an engine.

The engine here is a script in the place of docker: it keeps how it was called, and runs the same interpreter on the
same arguments, with the environment that it was given and no other.
"""

import json
import sys
from itertools import pairwise

import pytest

from registry.backends import child, failures, sandbox
from registry.backends.isolation import container
from registry.backends.sandbox import Limits

ENGINE = """#!{python}
import json, os, sys
given = sys.argv[1:]
open({calls!r}, "a").write(json.dumps(given) + chr(10))
if given[0] == "run":
    place = given.index("--entrypoint")
    assert given[place + 1] == {inside!r}, given
    arguments = [{root!r} if one == {code!r} else one for one in given[place + 3:]]
    environment = dict(given[n + 1].split("=", 1) for n, one in enumerate(given) if one == "--env")
    os.chdir("/")
    os.execve(sys.executable, [sys.executable, *arguments], environment)
"""


@pytest.fixture
def calls(tmp_path, monkeypatch):
    """Return a function that lists how the engine was called."""
    place, log = tmp_path / "bin", tmp_path / "calls"
    place.mkdir()
    script = ENGINE.format(
        python=sys.executable, calls=str(log), root=str(child.ROOT), code=container.CODE, inside=container.PYTHON
    )
    (place / "podman").write_text(script)
    (place / "podman").chmod(0o755)
    monkeypatch.setenv("PATH", str(place))
    return lambda: [json.loads(line) for line in log.read_text().splitlines()]


def test_a_program_runs_in_a_container_that_may_do_nothing_else(calls, tmp_path, monkeypatch):
    monkeypatch.setenv("PROBITY_SANDBOX_IMAGE", "mine:1")
    monkeypatch.setenv("PROBITY_TEST_SECRET", "do-not-tell")
    model = tmp_path / "model"
    model.mkdir()
    (model / "notes.txt").write_text("x")
    done = sandbox.run(
        "examine", {"model": str(model)}, readable=[model], workdir=tmp_path / "work", isolation="container"
    )
    assert [one["path"] for one in done.document["files"]] == ["notes.txt"]
    assert done.isolation == "container"
    [call] = calls()
    pairs = set(pairwise(call))
    assert pairs >= {
        ("--network", "none"), ("--cap-drop", "ALL"), ("--security-opt", "no-new-privileges"), ("--pull", "never"),
        ("--mount", f"type=bind,src={model},dst={model},readonly"),
        ("--mount", f"type=bind,src={tmp_path / 'work'},dst={tmp_path / 'work'}"), (container.PYTHON, "mine:1"),
    }  # fmt: skip
    assert {"--read-only", "--rm"} <= set(call)
    assert "do-not-tell" not in str(call)


def test_a_container_that_takes_too_long_is_ended_by_its_name(calls, run_code):
    with pytest.raises(failures.SandboxTimeoutError):
        run_code("import time; time.sleep(600)", Limits(wall_seconds=2.0), isolation="container")
    run, stop = calls()
    assert stop == ["kill", run[run.index("--name") + 1]]


@pytest.mark.parametrize("isolation", ["container", "landlock+seccomp"])
def test_nothing_runs_where_the_boundary_that_was_asked_for_is_not_there(isolation, run_code, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(child.confine, "unavailable", lambda: "the kernel offers no Landlock")
    with pytest.raises(failures.SandboxUnavailableError, match="cannot be isolated here"):
        run_code("", isolation=isolation)
    assert not (tmp_path / "work").exists()
