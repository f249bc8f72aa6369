"""Serve a witness, which cosigns the checkpoints of other people's logs; it uses nothing of this installation."""

import signal
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from registry.ledger.keyring import KeyExposedError, KeyMissingError, keep_one, load_one
from registry.ledger.keys import Ed25519Signer, KeyFormatError, SignatureKind
from registry.ledger.policy import PolicyFormatError, parse_policy
from registry.ledger.witness import Witness
from registry.ledger.witness_server import WitnessServer


class Command(BaseCommand):
    help = (
        "Cosign checkpoints of the logs in a policy file, if they extend what was cosigned before (C2SP tlog-witness)."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--folder", type=Path, required=True, help="keeps the key (mode 0600) and what was cosigned"
        )
        parser.add_argument("--logs", type=Path, help="a tlog-policy file; its log lines are the logs to witness")
        parser.add_argument("--name", help="make the witness's key under this name, like witness.example.org, and end")
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8011)

    def handle(self, *_arguments: Any, **options: Any) -> None:
        try:
            if options["name"]:
                self._make(options["folder"] / "key", options["name"])
            elif options["logs"]:
                self._serve(options)
            else:
                raise CommandError("Give --name to make a key, or --logs to serve.")
        except (KeyMissingError, KeyExposedError, KeyFormatError, PolicyFormatError, OSError) as error:
            raise CommandError(str(error)) from error

    def _make(self, file: Path, name: str) -> None:
        signer = Ed25519Signer.generate(name, SignatureKind.COSIGNATURE)
        keep_one(file, signer)
        self.stdout.write(
            f"The key is in {file}. What a log's policy says of this witness:\nwitness {name} {signer.key}"
        )

    def _serve(self, options: dict[str, Any]) -> None:
        signer = load_one(options["folder"] / "key")
        logs = [party.key for party in parse_policy(options["logs"].read_bytes()).logs]
        if not logs:
            raise CommandError(f"{options['logs']} names no log.")
        witness = Witness(signer, logs, options["folder"] / "cosigned.sqlite3")
        with WitnessServer(witness, options["host"], options["port"]) as server:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
            self.stdout.write(f"{signer.key.name} witnesses {len(logs)} log(s) on port {server.server_address[1]}")
            server.serve_forever()
