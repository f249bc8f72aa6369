"""What a model cannot do from inside, when it is loaded and when it is asked; and what is said of bad ones."""

import pytest

from registry.backends.inference import InferenceError, infer
from registry.backends.sandbox import Limits

pytestmark = pytest.mark.sandbox

ATTACKS = {
    "reads a file outside": 'open("/etc/hostname").read()',
    "reads the data of others": 'open(OUTSIDE + "/secret").read()',
    "lists a home folder": 'os.listdir("/root")',
    "lists the folder above its own": "os.listdir(OUTSIDE)",
    "writes outside its folder": 'open(OUTSIDE + "/escaped", "w")',
    "writes into its own model": 'open(OUTSIDE + "/hostile-model/model.json", "a")',
    "sends UDP": 'socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9))',
    "opens TCP": 'socket.create_connection(("127.0.0.1", 9), timeout=1)',
    "listens": 'socket.create_server(("127.0.0.1", 0))',
    "starts a program": 'subprocess.run(["/bin/true"], check=True)',
    "runs a shell": 'assert os.system("/bin/true") == 0',
    "forks": "os._exit(9) if os.fork() == 0 else None",
    "reads the environment of its parent": 'open(f"/proc/{os.getppid()}/environ").read()',
    "reads the command line of its parent": 'open(f"/proc/{os.getppid()}/cmdline").read()',
    "signals its parent": "os.kill(os.getppid(), 0)",
    "allocates 8 GB": "bytearray(8 << 30)",
    "traces": "assert libc.syscall(101, 16, os.getppid(), 0, 0) == 0",
    "attaches to itself": "assert libc.syscall(101, 0, 0, 0, 0) == 0",
    "mounts": 'assert libc.mount(b"none", OUTSIDE.encode(), b"tmpfs", 0, None) == 0',
    "opens a door in the kernel": "assert libc.syscall(425, 8, 0) >= 0",
    "changes the mode of a file outside": "assert libc.chmod((OUTSIDE + '/secret').encode(), 0o777) == 0",
    "takes memory as a program": 'assert libc.memfd_create(b"x", 0) >= 0',
}
ALLOWED = {"works in its own folder": 'open("own", "w").write("x")', "computes": "np.ones(9).sum()"}
TRIES = """
import ctypes, os, socket, subprocess
names = {{"os": os, "socket": socket, "subprocess": subprocess, "np": np, "OUTSIDE": {outside!r}}}
names["libc"] = ctypes.CDLL(None)
def tried(code):
    try:
        exec(code, names)
    except BaseException:
        return 0.25
    return 0.75
attacks = {attacks!r}
{when}
return Model(lambda table: [answer(int(number)) for number in table["a"]])
"""
WHEN = {
    "when it is loaded": "found = [tried(code) for code in attacks]\nanswer = found.__getitem__",
    "when it is asked": "answer = lambda number: tried(attacks[number])",
}


def asked(model, frame, tmp_path, limits=None):
    frame.to_parquet(tmp_path / "data.parquet")
    data, out = tmp_path / "data.parquet", tmp_path / "out"
    return infer(model, data, features=["a", "b"], positive="1", seed=1, workdir=out, limits=limits)


@pytest.mark.parametrize("when", WHEN.values(), ids=list(WHEN))
def test_a_model_can_do_no_harm(when, hostile_model, frame, tmp_path):
    import pyarrow as pa

    (tmp_path / "secret").write_text("x")
    (tmp_path / "secret").chmod(0o600)
    attacks = ATTACKS | ALLOWED
    rows = frame.iloc[[0] * len(attacks)].assign(a=range(len(attacks)))
    code = TRIES.format(outside=str(tmp_path), attacks=list(attacks.values()), when=when)
    done = asked(hostile_model(code), rows, tmp_path)
    with pa.ipc.open_file(done.predictions) as reader:
        scores = reader.read_all().column("score").to_pylist()
    worked = {name for name, score in zip(attacks, scores, strict=True) if score != 0.25}
    assert worked == set(ALLOWED)
    assert not (tmp_path / "escaped").exists()
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


ASKED = "def answer(table):\n    {}\n    return np.full(len(table), 0.5)\nreturn Model(answer)"
SMALL = Limits(memory_bytes=1 << 30, wall_seconds=30.0)
BRIEF = Limits(wall_seconds=3.0)
MISBEHAVES = {
    "raises while loading": ("raise RuntimeError('no weights')", None, "inference_raised", "RuntimeError: no weights"),
    "hangs while loading": ("import time; time.sleep(600)", BRIEF, "inference_timeout", "3 s"),
    "loops while loading": ("while True: pass", Limits(cpu_seconds=2), "inference_cpu", "processor time"),
    "calls the network while loading": (
        "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)",
        None,
        "inference_network",
        "use the network",
    ),
    "asks for too much memory": ("x = bytearray(8 << 30)", None, "inference_memory", "memory"),
    "crashes": ("import os; os.kill(os.getpid(), 11)", None, "inference_crashed", "SIGSEGV"),
    "forks when asked": (ASKED.format("import os; os.fork()"), None, "inference_raised", "PermissionError"),
    "prints a gigabyte when asked": (
        ASKED.format("for n in range(1 << 20): print('x' * 1000)"),
        Limits(log_bytes=10_000),
        "inference_output",
        "while predicting the process printed more",
    ),
    "dies when asked": (ASKED.format("import os; os._exit(0)"), None, "inference_crashed", "while predicting"),
    "sleeps when asked": (ASKED.format("import time; time.sleep(600)"), BRIEF, "inference_timeout", "3 s"),
    "writes without end when asked": (
        ASKED.format("import os\n    for n in range(99): open(str(n), 'wb').write(bytes(1 << 20))"),
        Limits(folder_bytes=9 << 20),
        "inference_disk",
        "its limit is 9437184",
    ),
    "gives too few rows": ("return Model(lambda table: np.ones(3) / 2)", None, "inference_shape", "(3,) for 40 rows"),
    "gives NaN": ("return Model(lambda table: np.full(len(table), np.nan))", None, "inference_not_finite", "40 scores"),
    "gives log-odds": (
        "return Model(lambda table: np.full(len(table), 7.5))",
        None,
        "inference_out_of_range",
        "[0, 1]",
    ),
    "draws at random": (
        "return Model(lambda table: np.random.default_rng().random(len(table)))",
        None,
        "inference_not_repeatable",
        "another score when it was asked again",
    ),
    "answers by the rows beside": (
        "return Model(lambda table: np.linspace(0, 1, len(table)))",
        None,
        "inference_not_repeatable",
        "40 of 40 rows",
    ),
    "quotes a person": (
        "def answer(data): raise ValueError(\"cannot read 'Maria'\")\nreturn Model(answer)",
        None,
        "inference_raised",
        "cannot read '…'",
    ),
}


@pytest.mark.parametrize("case", MISBEHAVES.values(), ids=list(MISBEHAVES))
def test_a_model_that_misbehaves_gives_a_clear_error(case, hostile_model, frame, tmp_path):
    code, limits, error, words = case
    with pytest.raises(InferenceError) as caught:
        asked(hostile_model(code), frame, tmp_path, limits)
    assert (caught.value.code, words in str(caught.value)) == (error, True), str(caught.value)
    assert not (tmp_path / "out" / "predictions.arrow").exists()


def test_a_pyfunc_that_runs_code_and_gives_labels_is_refused(pyfunc_model, frame, tmp_path):
    model = pyfunc_model("return Model(lambda data: np.ones(len(data), dtype=int))")
    with pytest.raises(InferenceError, match="class labels") as caught:
        asked(model, frame, tmp_path)
    assert caught.value.code == "inference_labels"
