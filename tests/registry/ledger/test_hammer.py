"""Many writers while the sequencer, and the database server, are killed at random: nothing is lost or doubled."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from django.db import Error, connection, connections, transaction

from registry.ledger import keyring, rows
from registry.ledger.append import append
from registry.ledger.checkpoint import open_checkpoint
from registry.ledger.folder import TileFolder
from registry.ledger.memory import Memory
from registry.ledger.read import entries
from registry.ledger.sequence import Sequencer
from registry.ledger.tiles import published, read_entries
from registry.ledger.tree import leaf_hashes, root_of
from registry.models import Actor
from tests.conftest import ROOT
from tests.postgres import postgres

COMMAND = [sys.executable, "-m", "django", "sequence", "--make-key"]
PATIENCE = 120


class Writer(threading.Thread):
    """Appends until told to stop; an append that the database did not confirm may be there or not."""

    def __init__(self, number, stopping):
        super().__init__()
        self.subject, self.stopping, self.confirmed, self.problem = f"run:writer-{number}", stopping, [], None

    def run(self):
        try:
            while not self.stopping.is_set():
                self._append()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.problem = error
        finally:
            connection.close()

    def _append(self):
        try:
            with transaction.atomic():
                data = {"key": str(len(self.confirmed))}
                leaf = append("log.key_added", actor=Actor.system("test"), subject=self.subject, data=data)
            self.confirmed.append(leaf)
        except Error:
            connection.close()
            time.sleep(0.1)


class Sequencing:
    """The sequencer as a process that can be killed, and is started again."""

    def __init__(self, environment):
        self.environment, self.process = environment, None

    def start(self):
        self.process = subprocess.Popen(COMMAND, env=self.environment, cwd=ROOT, stdout=subprocess.DEVNULL)

    def end(self, order=signal.SIGKILL):
        self.process.send_signal(order)
        return self.process.wait(PATIENCE)


def signed_size():
    log = rows.last_log()
    stored = rows.last_checkpoint(log) if log else None
    return stored.head.size if stored else 0


def wait_for_more_than(size):
    deadline = time.monotonic() + PATIENCE
    while signed_size() <= size:
        assert time.monotonic() < deadline, f"nothing was signed beyond {size}"
        time.sleep(0.02)


@pytest.fixture
def home(committed_db, child_environment, settings, tmp_path):
    settings.PROBITY_HOME = tmp_path
    child_environment["PROBITY_HOME"] = str(tmp_path)
    child_environment["PROBITY_LOG_LEVEL"] = "ERROR"
    return tmp_path


def hammer(environment, *, writers, kills, chance, crash=None):
    """Write from several threads while the sequencer (and the database) is killed so many times; return the writers."""
    stopping, sequencing = threading.Event(), Sequencing(environment)
    threads = [Writer(number, stopping) for number in range(writers)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(kills):
            before = signed_size()
            sequencing.start()
            wait_for_more_than(before)
            time.sleep(chance.uniform(0, 0.5))
            if crash:
                crash()
                connections.close_all()
            sequencing.end()
    finally:
        stopping.set()
        for thread in threads:
            thread.join(PATIENCE)
    assert [thread.problem for thread in threads] == [None] * writers
    return threads


def assert_whole(home, environment, writers):
    """Let a last sequencer finish; then every confirmed event has one place, and the export says the same."""
    subprocess.run([*COMMAND, "--once"], env=environment, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    log, last = rows.last_log(), rows.last_checkpoint(rows.last_log())
    kept = {entry.leaf_hash for entry in entries()}
    confirmed = [leaf for writer in writers for leaf in writer.confirmed]
    assert confirmed
    assert len(set(confirmed)) == len(confirmed)
    assert set(confirmed) <= kept
    bodies = rows.bodies(log, 0, last.head.size)
    leaves = leaf_hashes(bodies)
    assert len(bodies) == last.head.size == len(kept)
    assert {leaf.hex() for leaf in leaves} == kept
    assert root_of(leaves) == last.head.root
    store = TileFolder(Path(home) / "ledger/export/logs/1")
    assert published(store) == last.head
    assert [entry for bundle in read_entries(store, last.head.size) for entry in bundle] == bodies
    open_checkpoint(store.get("checkpoint"), keyring.load(Path(home)).verifiers)
    assert Sequencer(keyring.load(Path(home)), Memory(Path(home) / "ledger/checkpoint")).step() is None


AMOUNTS = [pytest.param(4, 2, id="a little"), pytest.param(32, 25, id="a lot", marks=pytest.mark.long)]


@pytest.mark.parametrize(("writers", "kills"), AMOUNTS)
def test_killing_the_sequencer_loses_and_doubles_nothing(home, child_environment, writers, kills):
    chance = random.Random(7)  # noqa: S311 - a test that can be repeated
    written = hammer(child_environment, writers=writers, kills=kills, chance=chance)
    assert_whole(home, child_environment, written)


@pytest.mark.long
@pytest.mark.skipif(os.environ.get("DATABASE_URL", "") != "", reason="brings its own server; once is enough")
def test_killing_the_database_server_loses_nothing_that_was_confirmed(tmp_path):
    program = Path(__file__).with_name("hammer_postgres.py")
    chance = random.Random(7)  # noqa: S311 - a test that can be repeated
    with postgres() as server:
        environment = {
            **os.environ,
            "DATABASE_URL": server.url(),
            "PROBITY_HOME": str(tmp_path),
            "DJANGO_SETTINGS_MODULE": "governance.settings",
            "PROBITY_LOG_LEVEL": "ERROR",
        }
        process = subprocess.Popen(
            [sys.executable, program],
            env=environment,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout.readline() == "ready\n"
        for _ in range(8):
            time.sleep(chance.uniform(1.5, 4))
            server.crash()
        process.communicate("stop\n", timeout=600)
    assert process.returncode == 0
