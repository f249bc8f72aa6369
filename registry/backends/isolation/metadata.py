"""Let code that sets modes and times in passing go on without them.

Landlock does not cover the metadata of files, so the filter refuses to change any. Copying a file sets them as its
last act; that act is skipped here, for files that exist. This is a courtesy to libraries, not a boundary.
"""

import os
from collections.abc import Callable
from typing import Any


def _tolerant(change: Callable[..., None]) -> Callable[..., None]:
    def call(path: Any, *arguments: Any, **named: Any) -> None:
        try:
            change(path, *arguments, **named)
        except PermissionError:
            os.stat(path)  # noqa: PTH116 - also takes file descriptors; raises when there is no such file

    return call


def skip_refused_changes() -> None:
    """Replace ``os.chmod`` and ``os.utime`` in this process by ones that do nothing where they are refused."""
    for name in ("chmod", "utime"):
        tolerant = _tolerant(getattr(os, name))
        for supported in (os.supports_fd, os.supports_dir_fd, os.supports_follow_symlinks):
            if getattr(os, name) in supported:
                supported.add(tolerant)
        setattr(os, name, tolerant)
