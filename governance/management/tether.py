"""Become another program that ends when its parent does: ``python tether.py PARENT_PID PROGRAM ARGUMENTS...``.

A supervisor that is killed outright can stop nothing any more; the kernel then does it (Linux; elsewhere this only
starts the program). Run as a file, so that it costs one bare interpreter start and leaves no process of its own.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
ORPHANED = 75


def main(parent: int, command: list[str]) -> None:
    """Ask for SIGTERM at the parent's death, make sure that it has not died already, and become the command."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            sys.exit(ORPHANED)
    os.execvp(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
