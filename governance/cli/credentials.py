"""Which service, and as whom: from the environment, or from what ``probity login`` kept for its owner alone."""

import argparse
import getpass
import json
import os
import sys
import uuid
from pathlib import Path

from governance.cli.answers import PASS, USAGE, CliError, Result
from governance.cli.service import Service, check_address


def credentials_file() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "probity" / "credentials.json"


def read_credentials() -> dict[str, str]:
    """Return what ``login`` kept, nothing when it kept nothing; raises CliError for a file that others can read."""
    place = credentials_file()
    try:
        if place.stat().st_mode & 0o077:
            raise CliError(f"{place} can be read by others than you; set its mode to 0600", USAGE)
        found = json.loads(place.read_text())
        return {name: str(found[name]) for name in ("url", "token")}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError) as error:
        raise CliError(f"{place} cannot be read ({type(error).__name__}); log in again", USAGE) from error


def connect(args: argparse.Namespace) -> Service:
    """Return the service that environment or ``login`` name; a kept token goes to the service it was kept for."""
    url, token = os.environ.get("PROBITY_URL"), os.environ.get("PROBITY_TOKEN")
    kept = {} if url and token else read_credentials()
    if kept and url and url.rstrip("/") != kept["url"] and not token:
        raise CliError("PROBITY_URL is not the service that you logged in to; set PROBITY_TOKEN too", USAGE)
    url, token = url or kept.get("url"), token or kept.get("token")
    if not (url and token):
        raise CliError("no service is named: set PROBITY_URL and PROBITY_TOKEN, or run 'probity login'", USAGE)
    return Service(check_address(url, insecure=args.insecure), token)


def login(args: argparse.Namespace) -> Result:
    """Try address and token, and keep them in a file that only you can read."""
    url = check_address(args.url or os.environ.get("PROBITY_URL") or "", insecure=args.insecure)
    token = os.environ.get("PROBITY_TOKEN") or (getpass.getpass("Token: ") if sys.stdin.isatty() else input())
    me = Service(url, token.strip()).get("principals/me")
    place = credentials_file()
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = place.with_name(f".{uuid.uuid4().hex}")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"url": url, "token": token.strip()}, file)
    return PASS, f"logged in as {me['name']}; kept in {partial.replace(place)}", me
