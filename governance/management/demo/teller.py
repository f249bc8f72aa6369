"""Tell the story at a terminal or as JSON lines, and at the end what to look at next."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings

from governance.management.demo.story import Step, Story

Write = Callable[[str], Any]
LABELS = {True: "yes", False: "no", None: "-"}
ROOM = 110


def tell_story(write: Write, *, seed: int, as_json: bool, address: str, stay: bool) -> bool:
    """Run every step, telling each; returns whether all went as such a story must."""
    story = Story(seed=seed, tell=_progress(as_json=as_json))
    valid = False
    for step in story.steps():
        write(json.dumps(step, ensure_ascii=False) if as_json else _plain(step))
        valid = bool(step["valid"]) if step["step"] == "ledger" else valid
        sys.stdout.flush()
    summary = story.summary(valid=valid)
    write(json.dumps(summary) if as_json else _plain(summary))
    if not as_json:
        write(_next(story, address, stay=stay))
    return bool(summary["ok"])


def _progress(*, as_json: bool) -> Callable[[str], None]:
    """Show progress on one line of the terminal; programs that read JSON are not shown any."""
    if as_json or not sys.stderr.isatty():
        return lambda _text: None
    return lambda text: print(f"\r    {text:<{ROOM}.{ROOM}}", end="\r", file=sys.stderr, flush=True)  # noqa: T201


def _value(value: Any) -> str:
    if isinstance(value, list):
        return "".join(f"\n      - {item}" for item in value) if value else "none"
    return LABELS.get(value, str(value)) if isinstance(value, bool | None) else str(value)


def _plain(step: Step) -> str:
    lines = [f"\n{step['step'].upper()}"]
    lines += [f"  {name.replace('_', ' ')}: {_value(value)}" for name, value in step.items() if name != "step"]
    return "\n".join(lines)


def _home() -> str:
    """Return the demo's folder, as one would type it here."""
    home = Path(settings.PROBITY_HOME)
    return str(home.relative_to(Path.cwd()) if home.is_relative_to(Path.cwd()) else home)


def _next(story: Story, address: str, *, stay: bool) -> str:
    users = "\n".join(f"  {name:<14} {password}" for name, password in story.cast.passwords.items())
    waiting = f"{address}/promotions/{story.waiting.pk}/" if story.waiting else address
    if not stay:
        return "\nRun `make demo` at a terminal to keep the service up and decide on the promotion that waits."
    return (
        f"\nWHAT NEXT\n  One promotion waits for you: {waiting}\n"
        f"  Sign in as validator, then as officer (this demo instance only):\n{users}\n"
        "  Verify the ledger yourself, in another terminal:\n"
        f"    PROBITY_HOME={_home()} PROBITY_DEMO=1 .venv/bin/python manage.py verify_ledger\n"
        f"  or as an auditor, with what was published alone:\n"
        f"    .venv/bin/python {_home()}/audit/probity_verify.py log {_home()}/ledger/export --full \\\n"
        f"      --key $(PROBITY_HOME={_home()} .venv/bin/python manage.py ledger_key show)\n"
        f"  The API and its description: {address}/api/v1/schema/\n  Ctrl-C stops everything."
    )
