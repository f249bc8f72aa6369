"""Waiting: until an answer is no longer pending, and for the receipt of what was done."""

import argparse
import time
from collections.abc import Callable

from governance.cli.answers import PENDING, UNREACHABLE, USAGE, CliError, Result
from governance.cli.service import Service


def wait(ask: Callable[[], Result], args: argparse.Namespace) -> Result:
    """Ask until it is no longer pending, or until the timeout; a service that is away is asked again meanwhile."""
    end, pause = time.monotonic() + (args.timeout if args.wait else 0), 2.0
    while True:
        try:
            result = ask()
            if result[0] != PENDING or time.monotonic() >= end:
                return result
        except CliError as error:
            if error.code != UNREACHABLE or time.monotonic() >= end:
                raise
        time.sleep(max(0.0, min(pause, end - time.monotonic())))
        pause = min(pause * 1.5, 15.0)


def with_receipt(service: Service, result: Result, args: argparse.Namespace) -> Result:
    """Write the receipt of what was done to ``--receipt``; pending where it is not there in time, done all the same."""
    code, headline, document = result
    if args.receipt is None:
        return result
    entry, end = document["receipt"]["entry"], time.monotonic() + args.receipt_timeout
    while (receipt := _receipt(service, entry)) is None:
        if time.monotonic() >= end:
            return PENDING, f"{headline}; its receipt is not there yet: {document['receipt']['url']}", document
        time.sleep(1)
    try:
        args.receipt.write_bytes(receipt)
    except OSError as error:
        raise CliError(f"{headline}; its receipt cannot be written: {error}", USAGE) from None
    return code, f"{headline}; its receipt is in {args.receipt}", document


def _receipt(service: Service, entry: str) -> bytes | None:
    try:
        return service.download(f"ledger/entries/{entry}/receipt")
    except CliError as error:
        if error.problem != "receipt_not_ready":
            raise
        return None
