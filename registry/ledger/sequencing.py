"""Keep sequencing until told to stop; what was signed is followed to where others see it, each follower by itself."""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from django.db import DatabaseError, connection

from registry.ledger.sequence import LARGEST_BATCH, BusyError, Sequencer

INTERVAL_SECONDS = 0.3
LONGEST_WAIT_SECONDS = 10.0
log = logging.getLogger(__name__)


class Follower(Protocol):
    """Something that brings what was signed to where others see it: an export, witnesses."""

    @property
    def name(self) -> str:
        """What it is called in the logs."""

    def follow(self) -> None:
        """Catch up with what has committed; raises OSError when that could not be done now."""


def pause(failures: int) -> float:
    """Return how many seconds to wait after so many failures in a row."""
    return float(min(INTERVAL_SECONDS * 2**failures, LONGEST_WAIT_SECONDS))


class Loop:
    """One sequencer, and a thread for each follower: one that is slow or fails is tried again and holds nobody up."""

    def __init__(self, sequencer: Sequencer, followers: Sequence[Follower], stopping: threading.Event) -> None:
        """Run until the event is set."""
        self._sequencer, self._stopping, self._failures = sequencer, stopping, 0
        self._followers = [Following(follower, stopping) for follower in followers]

    def run(self) -> None:
        """Return when told to stop; raises RefusedToSignError, after which nothing is signed any more."""
        for following in self._followers:
            following.start()
        try:
            while not self._stopping.is_set():
                self._stopping.wait(self.turn())
        finally:
            self._stopping.set()
            for following in self._followers:
                following.end()

    def turn(self) -> float:
        """Do one step and return how many seconds to wait for the next."""
        try:
            signed = self._sequencer.step()
        except BusyError:
            return INTERVAL_SECONDS
        except (DatabaseError, OSError) as error:
            if isinstance(error, DatabaseError):
                connection.close()
            self._failures += 1
            said = {"error": f"{type(error).__name__}: {error}"}
            log.warning("the ledger's database, or the file of its last checkpoint, cannot be used now", extra=said)
            return pause(self._failures)
        recovered, self._failures = self._failures > 0, 0
        if signed or recovered:
            for following in self._followers:
                following.wake()
        return 0.0 if signed and signed.added == LARGEST_BATCH else INTERVAL_SECONDS


class Following:
    """The thread of one follower."""

    def __init__(self, follower: Follower, stopping: threading.Event) -> None:
        """Follow until ``stopping`` is set and ``end`` is called."""
        self._follower, self._stopping = follower, stopping
        self._news = threading.Event()
        self._thread = threading.Thread(target=self._run, name=follower.name, daemon=True)
        self.start: Callable[[], None] = self._thread.start

    def wake(self) -> None:
        """Say that something was signed."""
        self._news.set()

    def end(self) -> None:
        """Return when the thread has ended, or after a while."""
        self._news.set()
        self._thread.join(LONGEST_WAIT_SECONDS)

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            self._news.clear()
            failures = 0 if follow(self._follower) else failures + 1
            if failures:
                self._stopping.wait(pause(failures))
            else:
                self._news.wait()
        connection.close()


def follow(follower: Follower) -> bool:
    """Let a follower catch up; False, and a line in the log, when it could not now."""
    try:
        follower.follow()
    except Exception as error:  # noqa: BLE001 - whatever keeps it back, the log goes on, and this is said
        connection.close()
        said = {"follower": follower.name, "error": f"{type(error).__name__}: {error}"}
        log.warning("a follower of the ledger is behind", extra=said)
        return False
    return True
