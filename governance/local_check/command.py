"""``probity check``: measure files on this machine by a policy, print the verdicts as the gate would give them.

Exit codes: 0 every limit passes, 1 the gate would block, 2 usage or unreadable files, 4 a person would have to decide.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from governance.local_check.errors import LocalCheckError, UnknownCheckError
from governance.local_check.html import page
from governance.local_check.judge import judged
from governance.local_check.listed import listed_checks
from governance.local_check.measure import measure_all
from governance.local_check.needs import Needs
from governance.local_check.subject import read_subject
from governance.management.trial.errors import TrialError
from governance.management.trial.question import (
    Question,
    read_references,
    read_sensitive,
    read_threshold,
    read_words,
)
from governance.management.trial.telling import tell_items, tell_numbers
from governance.policies.schema import load_policy_yaml
from governance.rules.policy import CheckRule, read_policy
from governance.rules.reading import PolicyError
from privacy.scan.read_error import DatasetReadError
from registry.checks import Need, ParameterError

LIBRARY = Path(__file__).resolve().parents[1] / "policies" / "library"
DEFAULT_POLICY = "high-risk"
PASSED, DENIED, USAGE, PENDING = 0, 1, 2, 4
CODES = {"PASS": PASSED, "BLOCKED": DENIED, "NEEDS_DECISION": PENDING, "PARTIAL": PENDING}


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command's arguments."""
    known = ", ".join(sorted(place.stem for place in LIBRARY.glob("*.yaml")))
    top = argparse.ArgumentParser(prog="probity check", description=__doc__)
    add = top.add_argument
    add("file", type=Path, help="the rows to judge by: CSV (commas, semicolons, tabs), Parquet or JSON lines")
    add("--target", required=True, help="column of the outcomes")
    add("--positive", help="the label that counts as positive; without it the labels are listed")
    add("--sensitive", default="", help="attributes with edges of bands: sex,age:55 or age:30:55")
    add("--control", default="", help="compare within these as well: department or age:30:55")
    add("--predictions", default="", help="column of predictions")
    add("--score", default="", help="column of scores")
    add("--model", type=Path, help="folder of a model in MLflow's format; it is loaded in the sandbox alone")
    add("--threshold", default="", help="predicted positive is what is at or above this number (default: 0.5)")
    add("--train", type=Path, help="the rows that were learned from: personal data, overlap and drift need them")
    add("--features", default="", help="columns that the model reads (default: those that can be)")
    add("--ignore", default="", help="columns to leave out")
    add("--reference", action="append", default=[], help="group to compare with: sex=male")
    add("--skip-missing", action="store_true", help="leave out rows without target or prediction")
    add("--policy", default=DEFAULT_POLICY, help=f"a YAML file, or one of the library: {known} (default: %(default)s)")
    add("--only", default="", help="measure these checks of the policy alone; the verdict is then PARTIAL at best")
    add(
        "--plugin",
        action="append",
        default=[],
        metavar="NAME=PATH",
        help="a check of yours: mine=our.checks.mine.check",
    )
    add("--json", action="store_true", help="print one JSON object")
    add("--html", type=Path, help="write a page of HTML to this file")
    return top


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code; whatever goes wrong is never a pass."""
    options = parser().parse_args(arguments)
    try:
        answer = run(options)
    except (TrialError, LocalCheckError, DatasetReadError, PolicyError, ParameterError, OSError) as error:
        code = getattr(error, "code", type(error).__name__)
        if options.json:
            document = {"error": {"code": code, "message": str(error)}, "exit_code": USAGE}
            sys.stdout.write(f"{json.dumps(document, ensure_ascii=False)}\n")
        sys.stderr.write(f"probity check: {error}\n")
        return USAGE
    answer["exit_code"] = CODES[answer["verdict"]]
    if options.html:
        options.html.write_text(page(answer), encoding="utf-8")
    sys.stdout.write((json.dumps(answer, ensure_ascii=False) if options.json else "\n".join(tell(answer))) + "\n")
    return int(answer["exit_code"])


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Read, measure and judge; raises TrialError, LocalCheckError, DatasetReadError, PolicyError or ParameterError."""
    policy = load_policy_yaml(policy_file(options.policy).read_text(encoding="utf-8"))
    rules, left_out = chosen(read_policy(policy).checks, read_words(options.only))
    threshold = read_threshold(options.threshold)
    subject = read_subject(_question(options), train=options.train, model=options.model, threshold=threshold)
    shown = not options.json and sys.stderr.isatty()
    needs = Needs(subject, (lambda text: sys.stderr.write(f"… {text}\n")) if shown else (lambda _text: None))
    reports = measure_all(needs, rules, listed_checks() | dict(map(_plugin, options.plugin)))
    predictions, _ = needs.resolve(Need("predictions", "predictions", "evaluate"))
    return judged(subject, policy, reports, predictions and predictions.value, left_out)


def _question(options: argparse.Namespace) -> Question:
    return Question(
        file=options.file,
        target=options.target,
        positive=options.positive,
        sensitive=read_sensitive(options.sensitive),
        predictions=options.predictions,
        score=options.score,
        features=read_words(options.features),
        ignore=read_words(options.ignore),
        reference=read_references(options.reference),
        threshold=None if options.model else read_threshold(options.threshold),
        control=read_sensitive(options.control, "--control"),
        skip_missing=options.skip_missing,
    )


def policy_file(word: str) -> Path:
    """Return the file of a policy: one of the library by its name, or the file that is named."""
    return library if (library := LIBRARY / f"{word}.yaml").is_file() else Path(word)


def chosen(rules: Sequence[CheckRule], only: Sequence[str]) -> tuple[list[CheckRule], list[str]]:
    """Return the rules to measure, and the names of those left out; raises UnknownCheckError."""
    names = [rule.check for rule in rules]
    wanted = only or names
    unknown = [name for name in only if name not in names]
    if unknown:
        raise UnknownCheckError(f"--only names {unknown[0]!r}, which the policy does not ask for ({', '.join(names)}).")
    return [rule for rule in rules if rule.check in wanted], [name for name in names if name not in wanted]


def _plugin(word: str) -> tuple[str, str]:
    name, mark, path = word.partition("=")
    if not (name and mark and path):
        raise UnknownCheckError(
            f"--plugin is {word!r}; it must be of the form name=path, as in mine=our.checks.mine.check."
        )
    return name, path


def tell(answer: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of the answer as text."""
    policy = answer["policy"]
    yield f"{answer['file']}: {answer['rows']} rows, judged by {policy['name']} {policy['version']}"
    if answer["rows_skipped"]:
        yield f"LEFT OUT: {answer['rows_skipped']} rows without target, prediction or score"
    if answer["left_out"]:
        yield f"NOT MEASURED, as asked: {', '.join(answer['left_out'])}"
    yield from ("", f"VERDICT  {answer['verdict']}", "")
    yield from tell_items(answer["items"])
    yield from tell_numbers(answer)
    yield ""
    yield from (f"Note: {one}" for one in answer["caveats"])
