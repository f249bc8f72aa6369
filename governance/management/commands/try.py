"""Somebody's own data through the gate once, in an instance of its own: the verdict with all its numbers."""  # noqa: N999 - the command is called so

import json
import signal
import sys
from argparse import ArgumentParser
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from django.core.management import call_command
from django.core.management.base import BaseCommand

from governance.management.trial.errors import QuestionError
from governance.management.trial.instance import instance_home, is_inside, run_again
from governance.management.trial.question import (
    Question,
    check_question,
    read_references,
    read_sensitive,
    read_threshold,
    read_words,
)

INTERRUPTED = 130


class Command(BaseCommand):
    help = (
        "Judge a file of yours: train a baseline on it, or hand in a column of predictions. Exit status: 0 judged, "
        "whatever the verdict; 1 it could not be judged; 2 the question makes no sense."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="CSV (commas, semicolons, tabs), Parquet or JSON lines, each also gzipped")
        parser.add_argument("--target", required=True, help="column of the outcomes")
        parser.add_argument("--positive", help="the label that counts as positive; without it the labels are listed")
        parser.add_argument("--sensitive", default="", help="attributes with edges of bands: sex,age:55 or age:30:55")
        parser.add_argument("--predictions", default="", help="column of predictions for every row; nothing is trained")
        parser.add_argument("--score", default="", help="column of scores; alone, 0.5 and above counts as positive")
        parser.add_argument("--threshold", default="", help="predicted positive is what is at or above this number")
        parser.add_argument("--skip-missing", action="store_true", help="leave out rows without target or prediction")
        parser.add_argument("--control", default="", help="compare within these as well: department or age:30:55")
        parser.add_argument("--features", default="", help="columns to learn from (default: those that can be)")
        parser.add_argument("--ignore", default="", help="columns to leave out")
        parser.add_argument("--reference", action="append", default=[], help="group to compare with: sex=male")
        parser.add_argument("--policy", default="", help="a policy in YAML (default: high-risk)")
        parser.add_argument("--seed", type=int, default=7, help="of the split and the training")
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument("--home", default="", help="keep the instance in this empty folder")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        try:
            question = _question(options)
            if is_inside():
                self._judge(question, as_json=options["json"])
                return
            with instance_home(options["home"]) as home:
                status = run_again(sys.argv[2:], home)
        except QuestionError as error:
            self._refuse(error, 2, as_json=options["json"])
        sys.exit(status if status >= 0 else INTERRUPTED)

    def _judge(self, question: Question, *, as_json: bool) -> None:
        from governance.management.trial.answer import answer
        from governance.management.trial.prepare import prepare
        from governance.management.trial.stage import set_stage
        from governance.management.trial.telling import tell
        from governance.management.trial.walk import walk

        signal.signal(signal.SIGTERM, _end)
        try:
            prepared = prepare(question)
            call_command("migrate", interactive=False, verbosity=0)
            found = answer(walk(prepared, set_stage(question.policy), self._progress(as_json=as_json)))
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)
        except (ValueError, OSError, RuntimeError, LookupError) as error:
            self._refuse(error, getattr(error, "status", 1), as_json=as_json)
        self.stdout.write(json.dumps(found, ensure_ascii=False) if as_json else tell(found))

    def _progress(self, *, as_json: bool) -> Any:
        quiet = as_json or not sys.stderr.isatty()
        return (lambda _text: None) if quiet else lambda text: self.stderr.write(f"… {text}")

    def _refuse(self, error: Exception, status: int, *, as_json: bool) -> NoReturn:
        """Say what is wrong, as a sentence or as JSON, and end with the status."""
        code = str(getattr(error, "code", type(error).__name__))
        if as_json:
            self.stdout.write(json.dumps({"error": {"code": code, "message": str(error)}}, ensure_ascii=False))
        else:
            self.stderr.write(str(error))
        sys.exit(status)


def _end(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _question(options: dict[str, Any]) -> Question:
    question = Question(
        file=Path(options["file"]),
        target=options["target"],
        positive=options["positive"],
        sensitive=read_sensitive(options["sensitive"]),
        predictions=options["predictions"],
        score=options["score"],
        features=read_words(options["features"]),
        ignore=read_words(options["ignore"]),
        policy=Path(options["policy"]) if options["policy"] else None,
        reference=read_references(options["reference"]),
        threshold=read_threshold(options["threshold"]),
        control=read_sensitive(options["control"], "--control"),
        skip_missing=options["skip_missing"],
        seed=options["seed"],
    )
    check_question(question)
    return question
