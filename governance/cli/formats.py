"""How a result is told: text, JSON, JUnit, SARIF, and to a workflow on GitHub."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from governance.cli.answers import PASS, PENDING, clean


def missed(item: Mapping[str, Any]) -> bool:
    return item["outcome"] not in {"PASS", "NOT_APPLICABLE"} and not (item.get("waived") or item.get("waiver"))


def as_text(_code: int, headline: str, document: Mapping[str, Any]) -> str:
    return "\n".join([clean(headline), *(f"  - {clean(one)}" for one in document.get("reasons") or ())])


def as_junit(code: int, headline: str, document: Mapping[str, Any]) -> str:
    """Return JUnit XML: a case for each item, and one for the answer; only a pass does not fail."""
    cases = [(item["key"], clean(item["reason"]) if missed(item) else "") for item in document.get("items") or ()]
    cases.append(("gate", "" if code == PASS else as_text(code, headline, document)))
    failures = str(sum(bool(why) for _, why in cases))
    suite = ET.Element("testsuite", name="probity", tests=str(len(cases)), failures=failures, errors="0")
    for name, why in cases:
        case = ET.SubElement(suite, "testcase", classname="probity", name=clean(name))
        if why:
            ET.SubElement(case, "failure", message=clean(why.splitlines()[0])).text = why
    return ET.tostring(suite, encoding="unicode", xml_declaration=True)


def as_sarif(code: int, headline: str, document: Mapping[str, Any]) -> str:
    """Return SARIF 2.1.0: a result for each item that is not met, and for an answer that is no pass."""
    soft = {"WARN", "INDETERMINATE", PENDING}
    found = [(one["key"], one["outcome"], one["reason"]) for one in document.get("items") or () if missed(one)]
    found += [] if code == PASS else [("gate", code, as_text(code, headline, document))]
    levels = {True: "warning", False: "error"}
    results = [{"ruleId": key, "level": levels[how in soft], "message": {"text": text}} for key, how, text in found]
    tool = {"driver": {"name": "probity", "rules": [{"id": key} for key in dict.fromkeys(one[0] for one in found)]}}
    return json.dumps({"version": "2.1.0", "runs": [{"tool": tool, "results": results}]}, indent=2)


FORMATS: dict[str, Callable[[int, str, dict[str, Any]], str]]
FORMATS = {"text": as_text, "junit": as_junit, "sarif": as_sarif}
FORMATS["json"] = lambda code, said, found: json.dumps({**found, "exit_code": code, "message": said}, indent=2)


def tell_github(code: int, text: str) -> None:
    """Write an annotation and the step summary, in a GitHub workflow."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return
    level = {PASS: "notice", PENDING: "warning"}.get(code, "error")
    print(f"::{level} title=Probity::{text.replace('%', '%25').replace(chr(10), '%0A')}", file=sys.stderr)
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write("### Probity\n\n" + "".join(f"    {line}\n" for line in text.splitlines()) + "\n")
