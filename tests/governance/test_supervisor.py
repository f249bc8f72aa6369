"""Supervision of real processes: order, restarts, stops, locks, and nothing left behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from governance.management import supervisor as supervision
from governance.management.child import Child
from governance.management.supervisor import (
    STACK,
    AlreadyRunningError,
    ChildFailedError,
    Supervisor,
    exclusively,
    leftovers,
    stack,
)

ROOT = Path(__file__).resolve().parents[2]
SLEEP = "import time; print('awake', flush=True); time.sleep(600)"
STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('awake', flush=True); time.sleep(600)"
FAMILY = """
import subprocess, sys, time
for session in (False, True):
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=session)
print("awake", flush=True)
time.sleep(600)
"""
NOTED = """
import signal, sys, time
def end(*_):
    open({file!r}, "a").write({name!r} + " stopped\\n")
    sys.exit(0)
signal.signal(15, end)
open({file!r}, "a").write({name!r} + " started\\n")
print("awake", flush=True)
time.sleep(600)
"""


class Output:
    """Collects the lines of the children, and waits for one."""

    def __init__(self):
        self.lines, self._changed = [], threading.Condition()

    def __call__(self, name, line):
        with self._changed:
            self.lines.append((name, line))
            self._changed.notify_all()

    def count(self, name, text):
        return sum(1 for who, line in self.lines if who == name and text in line)

    def wait_for(self, name, text, times=1):
        with self._changed:
            assert self._changed.wait_for(lambda: self.count(name, text) >= times, 20), self.lines


def child(name, program, **options):
    return Child(name=name, command=(sys.executable, "-c", program), **options)


def gone(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


def eventually(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_children_start_in_order_and_stop_in_reverse(tmp_path):
    file, output = tmp_path / "notes", Output()

    def noted(name):
        program = NOTED.format(file=str(file), name=name)
        return child(name, program, ready=lambda: output.count(name, "awake") > 0)

    running = Supervisor([noted("a"), noted("b"), noted("c")], output)
    running.start()
    running.stop()
    assert file.read_text().split("\n") == [
        "a started", "b started", "c started", "c stopped", "b stopped", "a stopped", "",
    ]  # fmt: skip


def test_what_a_child_prints_comes_under_its_name():
    output = Output()
    program = "import sys, time; print('out'); print('error', file=sys.stderr); time.sleep(600)"
    running = Supervisor(
        [child("one", "import os\n" + program, environment={**os.environ, "PYTHONUNBUFFERED": "1"})], output
    )
    running.start()
    output.wait_for("one", "error")
    running.stop()
    assert output.lines[:2] == [("one", "out"), ("one", "error")]


def test_a_child_reads_its_input_and_nothing_secret_is_on_its_command_line():
    output = Output()
    program = "import sys, time; print(len(sys.stdin.read()), flush=True); time.sleep(600)"
    running = Supervisor([child("one", program, stdin="secret")], output)
    running.start()
    output.wait_for("one", "6")
    command = Path(f"/proc/{running.pids()['one']}/cmdline").read_bytes()
    running.stop()
    assert b"secret" not in command
    assert "secret" not in repr(child("one", program, stdin="secret"))


def test_a_child_that_dies_is_started_again_after_a_growing_pause(monkeypatch):
    monkeypatch.setattr(supervision, "FIRST_DELAY", 0.05)
    output = Output()
    running = Supervisor([child("flaky", "raise SystemExit(3)"), child("steady", SLEEP)], output)
    running.start()
    steady = running.pids()["steady"]
    output.wait_for("up", "flaky ended with code 3", times=4)
    assert running.pids()["steady"] == steady
    running.stop()
    pauses = [line.split(" in ")[1] for who, line in output.lines if who == "up"]
    assert pauses[:4] == ["0.05 s", "0.1 s", "0.2 s", "0.4 s"]


def test_the_pause_has_a_longest_length(monkeypatch):
    monkeypatch.setattr(supervision, "FIRST_DELAY", 0.02)
    monkeypatch.setattr(supervision, "LONGEST_DELAY", 0.05)
    output = Output()
    running = Supervisor([child("flaky", "raise SystemExit(1)")], output)
    running.start()
    output.wait_for("up", "in 0.05 s", times=2)
    running.stop()


def test_a_child_that_was_killed_comes_back_and_works():
    output = Output()
    running = Supervisor([child("one", SLEEP)], output)
    running.start()
    output.wait_for("one", "awake")
    first = running.pids()["one"]
    os.kill(first, signal.SIGKILL)
    output.wait_for("one", "awake", times=2)
    second = running.pids()["one"]
    running.stop()
    assert second != first
    assert gone(first)
    assert gone(second)


def test_a_child_that_ignores_the_order_to_end_is_killed_with_its_family():
    output = Output()
    running = Supervisor([child("stubborn", STUBBORN, stop_seconds=0.3)], output)
    running.start()
    output.wait_for("stubborn", "awake")
    pid = running.pids()["stubborn"]
    running.stop()
    assert gone(pid)
    assert running.pids() == {}


def test_a_start_that_fails_says_why_and_leaves_nothing():
    output = Output()
    failing = "import sys; sys.exit('the port is taken')"
    running = Supervisor([child("first", SLEEP), child("second", failing, ready=lambda: False)], output)
    with pytest.raises(ChildFailedError, match=r"The second process ended with code 1.*\n  the port is taken"):
        running.start()
    assert running.pids() == {}


def test_a_child_that_never_gets_ready_is_given_up():
    running = Supervisor([child("slow", SLEEP, ready=lambda: False, ready_seconds=0.5)], Output())
    with pytest.raises(ChildFailedError, match=r"The slow process was not ready in 0.5 s"):
        running.start()
    assert running.pids() == {}


def test_a_program_that_does_not_exist_is_a_failed_start():
    missing = Child(name="missing", command=("/nonexistent/program",), ready=lambda: False)
    with pytest.raises(ChildFailedError, match="missing process ended"):
        Supervisor([missing], Output()).start()


def test_stopping_twice_and_stopping_what_never_started_is_harmless():
    running = Supervisor([child("one", SLEEP)], Output())
    running.stop()
    running.start()
    running.stop()
    running.stop()
    assert running.pids() == {}


def test_a_stack_ends_also_what_its_children_put_into_other_sessions(tmp_path):
    output = Output()
    with stack([child("family", FAMILY)], home=tmp_path, output=output) as running:
        output.wait_for("family", "awake")
        eventually(lambda: len(leftovers(tmp_path)) == 3)
        assert running.pids()["family"] in leftovers(tmp_path)
    assert leftovers(tmp_path) == []


def test_a_stack_has_its_files_only_while_it_runs(tmp_path):
    place = tmp_path / "run" / "broker"
    with stack([child("one", SLEEP)], home=tmp_path, files={"broker": "redis://x"}, output=Output()):
        assert place.read_text() == "redis://x\n"
        assert place.stat().st_mode & 0o777 == 0o600
        assert place.parent.stat().st_mode & 0o777 == 0o700
    assert list(place.parent.iterdir()) == []


def test_a_stack_is_cleaned_up_after_an_error_inside_it(tmp_path):
    steps = []

    def fail():
        with stack(
            [child("one", SLEEP)],
            home=tmp_path,
            files={"broker": "x"},
            prepare=lambda: steps.append("prepare"),
            clean_up=lambda: steps.append("clean up"),
            output=Output(),
        ):
            raise RuntimeError("inside")

    with pytest.raises(RuntimeError, match="inside"):
        fail()
    assert steps == ["prepare", "clean up"]
    assert leftovers(tmp_path) == []
    assert list((tmp_path / "run").iterdir()) == []


def test_a_second_stack_on_the_same_home_is_refused_and_disturbs_nothing(tmp_path):
    output, prepared = Output(), []
    with stack([child("one", SLEEP)], home=tmp_path, files={"broker": "x"}, output=output) as running:
        before = running.pids()
        with (
            pytest.raises(AlreadyRunningError, match=f"already runs on {tmp_path}"),
            stack([child("two", SLEEP)], home=tmp_path, prepare=lambda: prepared.append(1), output=output),
        ):
            pytest.fail("it was let in")
        assert running.pids() == before
        assert (tmp_path / "run" / "broker").exists()
    assert prepared == []
    with stack([child("two", SLEEP)], home=tmp_path, output=output) as running:
        assert set(running.pids()) == {"two"}


def test_the_lock_ends_with_its_holder_and_leaves_no_file(tmp_path):
    with exclusively(tmp_path):
        pass
    with exclusively(tmp_path):
        assert list((tmp_path / "run").iterdir()) == []


def test_an_error_inside_is_not_taken_for_a_held_lock(tmp_path):
    with pytest.raises(BlockingIOError), exclusively(tmp_path):
        raise BlockingIOError


KILLED = """
import os, sys, time
from pathlib import Path
from governance.management.child import Child
from governance.management.supervisor import stack
home = Path(sys.argv[1])
family = Child(name="family", command=(sys.executable, "-c", sys.argv[2]))
lines = []
with stack([family], home=home, files={"broker": "x"}, output=lambda *line: lines.append(line)) as running:
    while not lines:
        time.sleep(0.02)
    print(running.pids()["family"], flush=True)
    time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
def test_after_a_killed_supervisor_its_children_end_and_the_next_one_sweeps_the_rest(tmp_path):
    command = [sys.executable, "-c", KILLED, str(tmp_path), FAMILY]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout
        pid = int(killed.stdout.readline())
        assert len(leftovers(tmp_path)) >= 3
        killed.kill()
    eventually(lambda: gone(pid))
    assert leftovers(tmp_path) != []
    with stack([child("one", SLEEP)], home=tmp_path, output=Output()) as running:
        assert leftovers(tmp_path) == [running.pids()["one"]]
    assert leftovers(tmp_path) == []


def test_the_sweep_spares_the_stacks_of_other_homes(tmp_path):
    output = Output()
    with stack([child("one", SLEEP)], home=tmp_path / "a", output=output) as other:
        with stack([child("one", SLEEP)], home=tmp_path / "ab", output=output):
            pass
        assert not gone(other.pids()["one"])


def test_children_know_their_stack_and_the_parent_does_not(tmp_path):
    output = Output()
    program = f"import os, time; print(os.environ['{STACK}'], flush=True); time.sleep(600)"
    with stack([child("one", program)], home=tmp_path, output=output):
        output.wait_for("one", str(tmp_path))
    assert STACK not in os.environ
