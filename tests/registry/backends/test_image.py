"""A model that is an image: how it is run, what is believed of its answer, and what is said where it cannot be run.

The engine here is a script in the place of docker: it keeps how it was called, and does what an image would.
"""

import json
import stat
import sys
from itertools import pairwise

import pandas as pd
import pyarrow as pa
import pytest

from registry.backends.child import Limits
from registry.backends.image import Image, ask_image, command, engine, image_of
from registry.backends.inference import InferenceError

DIGEST = "sha256:" + "a" * 64
IMAGE = Image("registry.example/credit", DIGEST)
ENGINE = """#!{python}
import json, os, sys
open({calls!r}, "a").write(json.dumps(sys.argv[1:]) + chr(10))
if sys.argv[1] == "kill":
    sys.exit(0)
mounts = dict(one[len("type=bind,src="):].split(",")[:2][::-1] for one in sys.argv if one.startswith("type=bind"))
given, out = mounts["dst=/in"], mounts["dst=/out"]
request = json.load(open(given + "/request.json"))
{does}
"""
ANSWERS = "import array; array.array('d', [0.25] * request['rows']).tofile(open(out + '/predictions.f64', 'wb'))"


@pytest.fixture
def image(tmp_path, monkeypatch):
    """Return a function that asks an image which does what a line of Python does; and how the engine was called."""
    calls, place = tmp_path / "calls", tmp_path / "bin"
    place.mkdir()
    monkeypatch.setenv("PATH", str(place))
    pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": ["x", "y", "z"]}).to_parquet(tmp_path / "data.parquet")

    def ask(does, limits=None, **more):
        script = place / "docker"
        script.write_text(ENGINE.format(python=sys.executable, calls=str(calls), does=does))
        script.chmod(0o755)
        work = tmp_path / "work"
        work.mkdir()
        rows, said = tmp_path / "data.parquet", {"features": ["a", "b"], "positive": "1"}
        return ask_image(IMAGE, rows, workdir=work, limits=limits, **said, **more)

    ask.calls = lambda: [json.loads(line) for line in calls.read_text().splitlines()]
    return ask


def test_an_image_answers_by_its_files_and_may_do_nothing_else(image, tmp_path):
    done = image(ANSWERS + "; print('done', request['features'], request['positive'])")
    with pa.ipc.open_file(done.predictions) as reader:
        assert reader.read_all().to_pydict() == {"row": [0, 1, 2], "score": [0.25] * 3}
    assert (done.attributions, done.isolation, done.meta) == (None, "container", {"rows": 3})
    assert done.log == "done ['a', 'b'] 1\n"
    [call] = image.calls()
    assert call[0] == "run"
    assert call[-1] == f"registry.example/credit@{DIGEST}"
    assert stat.S_IMODE((tmp_path / "work" / "in").stat().st_mode) & 0o022 == 0
    assert "dst=/in,readonly" in call[call.index("--mount") + 1]


def test_an_image_has_no_network_no_rights_and_a_bounded_share(tmp_path):
    found = command("docker", IMAGE, name="n", given=tmp_path, out=tmp_path, limits=Limits(memory_bytes=1 << 30))
    pairs = set(pairwise(found))
    assert pairs >= {
        ("--network", "none"), ("--cap-drop", "ALL"), ("--security-opt", "no-new-privileges"),
        ("--user", "65534:65534"), ("--memory", str(1 << 30)), ("--memory-swap", str(1 << 30)), ("--cpus", "1"),
        ("--pids-limit", "128"),
    }  # fmt: skip
    assert {"--read-only", "--rm"} <= set(found)


BAD = {
    "it fails": ("print('no weights'); sys.exit(3)", None, "inference_crashed", "exit code 3"),
    "it leaves nothing": ("pass", None, "inference_result", "no readable file"),
    "it leaves too few": ("open(out + '/predictions.f64', 'wb').write(bytes(16))", None, "inference_shape", "16 bytes"),
    "it leaves too many": (
        "open(out + '/predictions.f64', 'wb').write(bytes(99))",
        None,
        "inference_result",
        "at most 24",
    ),
    "it leaves NaN": (ANSWERS.replace("0.25", "float('nan')"), None, "inference_not_finite", "not finite"),
    "it leaves log-odds": (ANSWERS.replace("0.25", "7.5"), None, "inference_out_of_range", "outside [0, 1]"),
    "it leaves a link": (
        "os.symlink('/etc/hostname', out + '/predictions.f64')",
        None,
        "inference_result",
        "no readable",
    ),
    "it hangs": ("import time; time.sleep(600)", Limits(wall_seconds=1.0), "inference_timeout", "the 1 s"),
    "it prints without end": (
        "while True: print('x' * 1000, flush=True)",
        Limits(log_bytes=9000),
        "inference_output",
        "9000 bytes",
    ),
}


@pytest.mark.parametrize("case", BAD.values(), ids=list(BAD))
def test_an_image_that_misbehaves_gives_a_clear_error_and_stays_not_behind(case, image, tmp_path):
    does, limits, code, words = case
    with pytest.raises(InferenceError) as caught:
        image(does, limits)
    assert (caught.value.code, words in str(caught.value)) == (code, True), str(caught.value)
    assert not (tmp_path / "work" / "predictions.arrow").exists()
    run, *more = image.calls()
    stopped = [["kill", run[run.index("--name") + 1]]] if limits else []
    assert more == stopped


def test_a_cancelled_image_is_stopped(image):
    class StopNowError(Exception):
        pass

    def on_tick():
        raise StopNowError

    with pytest.raises(StopNowError):
        image("import time; time.sleep(600)", on_tick=on_tick)
    assert [call[0] for call in image.calls()] == ["run", "kill"]


def test_a_machine_without_an_engine_says_so_and_what_can_be_done(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InferenceError, match=r"neither docker nor podman .* can be handed in instead") as caught:
        engine()
    assert caught.value.code == "inference_no_engine"


UNNAMED = [
    {},
    {"image_digest": DIGEST},
    {"image": "credit", "image_digest": "latest"},
    {"image": "--privileged", "image_digest": DIGEST},
    {"image": "a b", "image_digest": DIGEST},
]


@pytest.mark.parametrize("details", UNNAMED)
def test_details_that_name_no_image_are_refused(details):
    with pytest.raises(InferenceError, match="do not name its image") as caught:
        image_of(details)
    assert caught.value.code == "inference_image"


def test_details_that_name_an_image_are_taken():
    found = image_of({"image": "registry.example:5000/team/credit", "image_digest": DIGEST})
    assert found.reference() == f"registry.example:5000/team/credit@{DIGEST}"
