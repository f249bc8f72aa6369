"""Run the ledger's sequencer: the one process that holds the log's key."""

import signal
import threading
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from governance.exports.attesting import Attesting
from governance.exports.publish import Publishing
from governance.exports.receipts import witnesses
from registry.ledger import keyring, rows
from registry.ledger.copying import Copying
from registry.ledger.cosigning import Cosigning, WitnessAddressError
from registry.ledger.keyring import KeyExposedError, KeyMissingError, Keyring
from registry.ledger.keys import KeyFormatError
from registry.ledger.memory import Memory
from registry.ledger.places import PlaceAddressError, place_of
from registry.ledger.policy import PolicyFormatError
from registry.ledger.sequence import RefusedToSignError, Sequencer
from registry.ledger.sequencing import Follower, Loop
from registry.ledger.succession import default_origin

REFUSED = 3
MISTAKES = (
    *(KeyMissingError, KeyExposedError, KeyFormatError),
    *(PolicyFormatError, WitnessAddressError, PlaceAddressError),
)


class Command(BaseCommand):
    help = "Give queued events their place in the Merkle tree and sign checkpoints, until stopped. Run one of these."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="sequence what is queued now, and end")
        parser.add_argument("--make-key", action="store_true", help="make a key if neither key nor log exists yet")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        home = Path(settings.PROBITY_HOME)
        try:
            ring = self._keyring(home, make=options["make_key"])
            sequencer = Sequencer(ring, Memory(home / "ledger" / "checkpoint"))
            if options["once"]:
                self._once(sequencer, followers(ring))
            else:
                self._until_stopped(sequencer, followers(ring))
        except RefusedToSignError as error:
            raise CommandError(f"NOTHING IS SIGNED: {error}", returncode=REFUSED) from error
        except MISTAKES as error:
            raise CommandError(str(error)) from error

    def _keyring(self, home: Path, *, make: bool) -> Keyring:
        try:
            return keyring.load(home)
        except KeyMissingError:
            if not make or rows.last_log() is not None:
                raise
        ring = keyring.create(home, default_origin(settings.PROBITY_PUBLIC_URL))
        self.stdout.write(f"Made the ledger's key. Give auditors its public half:\n  {ring.verifiers[0]}")
        return ring

    def _once(self, sequencer: Sequencer, following: Sequence[Follower]) -> None:
        while sequencer.step():
            pass
        for follower in following:
            follower.follow()

    def _until_stopped(self, sequencer: Sequencer, following: Sequence[Follower]) -> None:
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        Loop(sequencer, following, stopping).run()


def followers(ring: Keyring) -> list[Follower]:
    """Return who carries what is signed to others: attestations, the export's folder, the policy's witnesses."""
    found: list[Follower] = [Attesting(ring)]
    if settings.PROBITY_LEDGER_EXPORT:
        found.append(Publishing(place_of(settings.PROBITY_LEDGER_EXPORT)))
    if settings.PROBITY_LEDGER_COPIES:
        found.append(Copying([place_of(address) for address in settings.PROBITY_LEDGER_COPIES]))
    if policy := witnesses():
        found.append(Cosigning(policy, ring.verifiers))
    return found
