"""The container as the sandbox, with a real engine and the image that ``make image`` builds: ``make test-docker``."""

import os
import subprocess
import sys
import time

import pytest

from registry.backends import failures
from registry.backends.isolation import container
from registry.backends.sandbox import Limits


def _why_not() -> str:
    if not (program := container.engine()):
        return "no container engine here"
    image = os.environ.get(container.IMAGE) or container.DEFAULT_IMAGE
    found = subprocess.run([program, "image", "inspect", image], capture_output=True, check=False)
    return "" if found.returncode == 0 else f"the engine does not answer, or has no image {image} (make image)"


WHY_NOT = _why_not()
pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "-")
TINY = Limits(memory_bytes=512 << 20, wall_seconds=60.0)


def assert_nothing_is_left() -> None:
    """The engine removes a container a moment after it has ended."""
    command = [container.engine(), "ps", "--all", "--quiet", "--filter", "name=probity-"]
    for _ in range(100):
        if not (left := subprocess.run(command, capture_output=True, text=True, check=True).stdout):
            return
        time.sleep(0.1)
    raise AssertionError(left)


def test_code_runs_on_the_images_packages_and_what_it_writes_comes_back(run_code, tmp_path):
    body = "import os, sklearn\nopen(os.path.join(output, 'version'), 'w').write(sklearn.__version__)"
    done = run_code(body, TINY, isolation="container")
    assert done.isolation == "container"
    assert (tmp_path / "work" / "output" / "version").read_text()[0].isdigit()
    assert_nothing_is_left()


HARM = {
    "reads a file of the host": "print(open(parameters['outside'] + '/secret').read())",
    "lists the home of the host": "import os\nassert os.listdir(parameters['outside'] + '/home'), 'empty'",
    "writes beside its folder": "open(parameters['outside'] + '/beside', 'w').write('x')",
    "writes into the image": "open('/srv/probity/manage.py', 'a').write('x')",
    "TCP": "import socket\nsocket.create_connection(('192.0.2.1', 80), 5)",
    "UDP": "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
    "mounts": "import ctypes\nassert ctypes.CDLL(None).mount(b'none', b'/tmp', b'tmpfs', 0, None) == 0",
    "becomes root": "import os\nos.setgroups([0])",
}


@pytest.mark.parametrize("harm", HARM)
def test_harm_is_refused(harm, run_code, tmp_path):
    (tmp_path / "secret").write_text("do-not-tell")
    (tmp_path / "home").mkdir()
    with pytest.raises(failures.SandboxError) as refused:
        run_code(HARM[harm], TINY, isolation="container")
    assert not isinstance(refused.value, failures.SandboxUnavailableError)
    assert "do-not-tell" not in str(refused.value)
    assert not (tmp_path / "beside").exists()
    assert_nothing_is_left()


def test_nothing_of_our_environment_is_seen(run_code, tmp_path, monkeypatch):
    monkeypatch.setenv("PROBITY_TEST_SECRET", "do-not-tell")
    body = "import os\nopen(os.path.join(output, 'seen'), 'w').write(repr(dict(os.environ)))"
    run_code(body, TINY, isolation="container")
    assert "do-not-tell" not in (tmp_path / "work" / "output" / "seen").read_text()


@pytest.mark.parametrize(
    ("body", "limits", "error"),
    [
        ("while True: pass", Limits(wall_seconds=8.0), failures.SandboxTimeoutError),
        ("x = [bytearray(64 << 20) for _ in range(128)]", Limits(memory_bytes=512 << 20), failures.SandboxMemoryError),
        ("import os\nwhile True: os.fork()", Limits(wall_seconds=10.0), failures.SandboxError),
    ],
    ids=["an endless loop", "8 GB", "forks without end"],
)
def test_what_does_not_end_or_takes_too_much_is_ended(run_code, body, limits, error):
    with pytest.raises(error):
        run_code(body, limits, isolation="container")
    assert_nothing_is_left()


def test_an_image_that_is_not_there_is_a_clear_error(run_code, monkeypatch):
    monkeypatch.setenv(container.IMAGE, f"probity-none:{sys.version_info.minor}")
    with pytest.raises(failures.SandboxUnavailableError, match="probity-none"):
        run_code("", TINY, isolation="container")
