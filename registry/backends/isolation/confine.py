"""Confine this process before it touches anything it does not trust; raises OSError rather than half confine it."""

import os
import resource
import site
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from registry.backends.isolation import kernel, landlock, seccomp

SYSTEM = (
    "/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/localtime", "/etc/fonts",
    "/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu", "/sys/fs/cgroup",
    "/dev/null", "/dev/urandom", "/dev/random", "/dev/zero",
)  # fmt: skip


def unavailable() -> str:
    """Return why this machine cannot confine a process, or an empty text when it can."""
    if sys.platform != "linux":
        return f"the platform is {sys.platform}; Landlock and seccomp are parts of Linux"
    if os.uname().machine != seccomp.MACHINE:
        return f"the machine is {os.uname().machine}; the seccomp filter is written for {seccomp.MACHINE}"
    try:
        found = landlock.version()
    except OSError as error:
        return f"the kernel offers no Landlock ({error.strerror})"
    if found < landlock.LEAST_VERSION:
        return f"the kernel offers Landlock version {found}; at least {landlock.LEAST_VERSION} is needed"
    if not Path("/proc/sys/kernel/seccomp/actions_avail").exists():
        return "the kernel offers no seccomp filters"
    return ""


def _interpreter() -> set[Path]:
    named = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    return {Path(item) for item in {sys.prefix, sys.base_prefix, sys.exec_prefix, *site.getsitepackages(), *named}}


def limit(*, memory: int, cpu: int | None, file: int, files: int) -> None:
    """Set the limits of the kernel for good: without capabilities they cannot be raised again."""
    none = resource.RLIM_INFINITY
    for what, soft, spare in (
        (resource.RLIMIT_AS, memory, 0),
        (resource.RLIMIT_CPU, none if cpu is None else cpu, 1),  # first a signal that has a name, then the kill
        (resource.RLIMIT_FSIZE, file, 0),
        (resource.RLIMIT_NOFILE, files, 0),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        _, hard = resource.getrlimit(what)
        if soft == none:
            continue
        least = soft if hard == none else min(soft, hard)
        resource.setrlimit(what, (least, least + spare if hard == none else min(least + spare, hard)))


def enter(*, readable: Iterable[Path], workdir: Path) -> None:
    """Read only the interpreter, the system's libraries and ``readable``; write only ``workdir``; no way out."""
    system = {Path(item) for item in SYSTEM} | _interpreter()
    kernel.forbid_new_privileges()
    landlock.restrict(
        readable=[*(item for item in sorted(system) if item.exists()), *readable],
        writable=[workdir, Path("/dev/null")],
    )
    kernel.drop_capabilities()
    seccomp.restrict()
