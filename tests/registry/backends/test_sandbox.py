"""What code inside the sandbox cannot do, and what is said when it goes wrong."""

import os
from pathlib import Path

import pytest

from registry.backends import failures, sandbox
from registry.backends.isolation import landlock, seccomp
from registry.backends.sandbox import Limits

pytestmark = pytest.mark.sandbox
KEEP = '(output / "kept").write_text("x")\n'

REFUSED = {
    "reads a file of the system": 'open("/etc/hostname").read()',
    "reads the passwords": 'open("/etc/shadow").read()',
    "lists the home of the user": 'import os; os.listdir("/root")',
    "lists the root": 'import os; os.listdir("/")',
    "reads the environment of its parent": 'import os; open(f"/proc/{os.getppid()}/environ").read()',
    "reads the memory of its parent": 'import os; open(f"/proc/{os.getppid()}/mem", "rb").read(1)',
    "reads its parent's folder": 'import os; os.listdir(parameters["outside"])',
    "writes outside": 'open(parameters["outside"] + "/escaped", "w")',
    "writes in the shared temporary folder": 'open("/tmp/probity-escaped", "w")',
    "removes outside": 'import os; os.unlink(parameters["outside"] + "/entry.py")',
    "truncates what it may read": 'import os; os.truncate(parameters["outside"] + "/entry.py", 0)',
    "makes a symbolic link": 'import os; os.symlink("/etc/shadow", output / "link")',
    "makes a device": "import os, stat; os.mknod(output / 'disk', stat.S_IFBLK | 0o600, os.makedev(8, 0))",
    "makes a pipe": "import os; os.mkfifo(output / 'pipe')",
    "opens TCP": "import socket; socket.socket(socket.AF_INET, socket.SOCK_STREAM)",
    "opens UDP": "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "opens a UNIX socket": "import socket; socket.socket(socket.AF_UNIX)",
    "opens netlink": "import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "asks for an address": 'import socket; socket.getaddrinfo("example.org", 80)',
    "forks": "import os; os.fork()",
    "executes": 'import os; os.execv("/bin/true", ["true"])',
    "starts a program": 'import subprocess; subprocess.run(["/bin/true"], check=True)',
    "spawns by the C library": 'import os; os.posix_spawn("/bin/true", ["true"], {})',
    "kills its parent": "import os; os.kill(os.getppid(), 9)",
    "kills everybody": "import os; os.kill(-1, 0)",
    "changes its parent's limits": "import os, resource as r; r.prlimit(os.getppid(), r.RLIMIT_NOFILE, (4, 4))",
    "raises its own limits": "import resource; resource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
    "slows its parent": "import os; os.setpriority(os.PRIO_PROCESS, os.getppid(), 19)",
    "changes its root": 'import os; os.chroot(".")',
    "changes its user": "import os; os.setuid(1)",
}


@pytest.mark.parametrize("code", REFUSED.values(), ids=list(REFUSED))
def test_code_inside_cannot(code, run_code):
    with pytest.raises(failures.SandboxError) as caught:
        run_code(KEEP + code)
    expected = failures.SandboxNetworkError if "socket" in code else failures.SandboxRaisedError
    assert type(caught.value) is expected, str(caught.value)
    if "subprocess" in code or expected is failures.SandboxRaisedError:
        assert any(word in str(caught.value) for word in ("PermissionError", "OSError", "ValueError"))


RAW_CALLS = {
    "ptrace": (101, 16),
    "io_uring_setup": (425, 1),
    "bpf": (321, 0),
    "mount": (165, 0),
    "unshare": (272, 0x10000000),
    "keyctl": (250, 0),
    "memfd_create": (319, 0),
    "pidfd_open": (434, 1),
    "process_vm_readv": (310, 1),
    "perf_event_open": (298, 0),
    "userfaultfd": (323, 0),
    "shmget": (29, 0),
    "vfork": (58, 0),
    "clone without CLONE_THREAD": (56, 17),
    "clone3": (435, 0),
    "prctl PR_SET_PDEATHSIG": (157, 1),
    "fcntl F_SETOWN": (72, 0),
    "chmod": (90, 0),
    "chown": (92, 0),
    "utimensat": (280, 0),
    "setxattr": (188, 0),
    "later than the tables": (seccomp.NEWEST + 1, 0),
}


def test_system_calls_that_lead_out_are_refused(run_code):
    code = KEEP + (
        "import ctypes, json, os\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "found = {}\n"
        f"for name, (number, first) in {RAW_CALLS!r}.items():\n"
        "    ctypes.set_errno(0)\n"
        "    second = 8 if name.startswith('fcntl') else 0\n"
        "    result = libc.syscall(ctypes.c_long(number), ctypes.c_long(first), ctypes.c_long(second), 0, 0)\n"
        "    if result == 0 and name in ('vfork',): os._exit(3)\n"
        "    found[name] = [result, ctypes.get_errno()]\n"
        "return found"
    )
    found = run_code(code).document["returned"]
    missing = {"io_uring_setup", "clone3", "later than the tables"}
    assert found == {name: [-1, 38 if name in missing else 1] for name in RAW_CALLS}


def test_a_shell_command_has_no_effect(run_code):
    found = run_code(KEEP + 'import os; return {"status": os.system("/bin/true")}').document["returned"]
    assert found["status"] != 0


def test_modes_and_times_outside_stay_as_they_were(run_code, tmp_path):
    outside = tmp_path / "secret"
    outside.write_text("x")
    outside.chmod(0o600)
    os.utime(outside, (5, 5))
    run_code(KEEP + 'import os\nfile = parameters["outside"] + "/secret"\nos.chmod(file, 0o777)\nos.utime(file)')
    assert (outside.stat().st_mode & 0o777, outside.stat().st_mtime) == (0o600, 5)


def test_copying_and_touching_files_works_without_their_times(run_code):
    code = (
        "import shutil\n"
        '(output / "new").touch(); (output / "new").touch(); shutil.copy2(output / "new", output / "copy")\n'
        'shutil.copytree(output, output.parent / "other")\n'
        'return {"files": sorted(item.name for item in (output.parent / "other").iterdir())}'
    )
    assert run_code(code).document["returned"] == {"files": ["copy", "new"]}


def test_the_environment_of_the_parent_is_not_inherited(run_code, monkeypatch):
    monkeypatch.setenv("PROBITY_TEST_SECRET", "do-not-tell")
    code = KEEP + 'import os\nreturn {"all": dict(os.environ), "raw": open("/proc/self/environ").read()}'
    found = run_code(code)
    assert "do-not-tell" not in str(found.document)
    assert found.document["returned"]["all"]["HOME"].endswith("/work")


def test_threads_files_in_the_folder_and_numpy_still_work(run_code):
    code = (
        "import threading, tempfile, numpy as np\n"
        "got = []\n"
        "thread = threading.Thread(target=lambda: got.append(float(np.ones((50, 50)).dot(np.ones(50)).sum())))\n"
        "thread.start(); thread.join()\n"
        'with tempfile.NamedTemporaryFile() as file: file.write(b"x")\n'
        '(output / "kept").write_text("x"); (output / "kept").rename(output / "renamed")\n'
        'return {"got": got}'
    )
    done = run_code(code)
    assert done.document["returned"] == {"got": [2500.0]}
    assert done.isolation == "landlock+seccomp"


ENDINGS = {
    "allocates 8 GB": ("x = bytearray(8 << 30)", Limits(memory_bytes=1 << 30), failures.SandboxMemoryError, "memory"),
    "allocates little by little": (
        "x = []\nwhile True: x.append(bytearray(1 << 24))",
        Limits(memory_bytes=1 << 30),
        failures.SandboxMemoryError,
        "memory",
    ),
    "loops": ("while True: pass", Limits(wall_seconds=2.0), failures.SandboxTimeoutError, "longer than the 2 s"),
    "sleeps": ("import time; time.sleep(600)", Limits(wall_seconds=2.0), failures.SandboxTimeoutError, "training"),
    "burns the processor": ("while True: pass", Limits(cpu_seconds=1), failures.SandboxCpuError, "processor time"),
    "burns the processor and ignores the signal": (
        "import signal; signal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass",
        Limits(cpu_seconds=1),
        failures.SandboxCpuError,
        "processor time",
    ),
    "prints without end": (
        "while True: print('x' * 1000)",
        Limits(log_bytes=10_000),
        failures.SandboxOutputError,
        "10000 bytes",
    ),
    "writes one large file": (
        "(output / 'large').write_bytes(bytes(2 << 20))",
        Limits(file_bytes=1 << 20),
        failures.SandboxRaisedError,
        "File too large",
    ),
    "writes many files": (
        "for n in range(5): (output / str(n)).write_bytes(bytes(1 << 20))",
        Limits(folder_bytes=3 << 20),
        failures.SandboxDiskError,
        "its limit is 3145728",
    ),
    "crashes": ("import os; os.kill(os.getpid(), 11)", None, failures.SandboxCrashedError, "SIGSEGV"),
    "ends without an answer": ("import os; os._exit(0)", None, failures.SandboxCrashedError, "exit code 0"),
    "exits": ("raise SystemExit(3)", None, failures.SandboxRaisedError, "SystemExit: 3"),
    "raises": ("raise ValueError('no such luck')", None, failures.SandboxRaisedError, "ValueError"),
    "lies in a file that is no JSON": (
        "import os; open('result.json', 'w').write('{'); os._exit(0)",
        None,
        failures.SandboxResultError,
        "not JSON",
    ),
    "answers with NaN": (
        "import os; open('result.json', 'w').write('{\"result\": {\"a\": NaN}}'); os._exit(0)",
        None,
        failures.SandboxResultError,
        "NaN",
    ),
    "answers with too much": (
        "import os; open('result.json', 'w').write(' ' * (9 << 20)); os._exit(0)",
        None,
        failures.SandboxResultError,
        "at most 8388608",
    ),
    "answers with a folder": (
        "import os; os.mkdir('result.json'); os._exit(0)",
        None,
        failures.SandboxResultError,
        "regular file",
    ),
}


@pytest.mark.parametrize(("code", "limits", "error", "words"), ENDINGS.values(), ids=list(ENDINGS))
def test_each_bad_end_has_its_own_error(code, limits, error, words, run_code):
    with pytest.raises(failures.SandboxError) as caught:
        run_code(KEEP + code, limits)
    assert type(caught.value) is error, str(caught.value)
    assert words in str(caught.value)
    assert caught.value.code == error.code


def test_what_errors_quote_of_the_data_is_blotted_out(run_code):
    with pytest.raises(failures.SandboxRaisedError) as caught:
        run_code("float('Maria Muster')")
    assert "Maria" not in str(caught.value)
    assert "could not convert string to float" in str(caught.value)


def test_what_was_printed_is_kept(run_code):
    with pytest.raises(failures.SandboxRaisedError) as caught:
        run_code("print('one'); import sys; print('two', file=sys.stderr); raise ValueError")
    assert caught.value.log == "one\ntwo\n"


def test_a_tick_that_raises_kills_the_child(run_code):
    class StopNowError(Exception):
        pass

    def on_tick():
        raise StopNowError

    before = set(_children())
    with pytest.raises(StopNowError):
        run_code("import time; time.sleep(600)", on_tick=on_tick)
    assert set(_children()) <= before


def _children() -> list[str]:
    own = str(os.getpid())
    found = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = place.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[1] == own:
            found.append(place.parent.name)
    return found


def test_nothing_runs_when_the_machine_cannot_isolate(run_code, monkeypatch, tmp_path):
    monkeypatch.setattr(landlock, "version", lambda: 1)
    assert "version 1" in sandbox.available()
    with pytest.raises(failures.SandboxUnavailableError, match="Landlock version 1"):
        run_code(KEEP)
    assert not (tmp_path / "work" / "output").exists()


def test_an_unknown_isolation_is_refused(run_code):
    with pytest.raises(failures.SandboxUnavailableError, match="'maybe' is unknown"):
        run_code(KEEP, isolation="maybe")


def test_no_isolation_is_recorded_as_such(run_code):
    done = run_code(KEEP + 'return {"read": len(open("/etc/hostname").read()) > 0}', isolation="none")
    assert done.isolation == "none"
    assert done.document["returned"] == {"read": True}


def test_this_machine_can_isolate():
    assert sandbox.available() == ""


def test_a_link_left_by_an_unconfined_child_is_not_followed(run_code):
    code = "import os; os.symlink('/etc/hostname', 'result.json'); os._exit(0)"
    with pytest.raises(failures.SandboxResultError, match="no readable file"):
        run_code(code, isolation="none")
