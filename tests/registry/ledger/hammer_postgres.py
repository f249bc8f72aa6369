"""A program of the test that kills a database server: hammers it until a line comes in, then demands a whole record."""

import os
import random
import sys
import threading
from pathlib import Path

import django


def main() -> int:
    """Write, be interrupted by whoever kills the server, and verify."""
    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    from tests.registry.ledger import test_hammer as hammering

    stopping, sequencing = threading.Event(), hammering.Sequencing(dict(os.environ))
    threads = [hammering.Writer(number, stopping) for number in range(16)]
    for thread in threads:
        thread.start()
    sequencing.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    chance = random.Random(3)  # noqa: S311 - a test that can be repeated
    told = threading.Thread(target=sys.stdin.readline)
    told.start()
    while told.is_alive():
        told.join(chance.uniform(2, 5))
        sequencing.end()
        sequencing.start()
    stopping.set()
    for thread in threads:
        thread.join()
    sequencing.end()
    problems = [thread.problem for thread in threads if thread.problem]
    if problems:
        raise problems[0]
    connection.close()  # this thread's own has not outlived the server
    hammering.assert_whole(Path(os.environ["PROBITY_HOME"]), dict(os.environ), threads)
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
    sys.exit(main())
