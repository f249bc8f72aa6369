"""What is counted of a model's files, and what a person is told of them."""

import pytest

from monitoring.checks.model_files import check
from registry.checks import Status
from tests.monitoring.checks.inputs import Collected, measure, one

NOTHING = {
    "loaders": ["mlflow.sklearn"],
    "code": [],
    "trusted_types": ["sklearn.x.Y"],
    "strange_types": [],
    "unread": "",
}


def entry(path, kind="pickle", unread="", **names):
    return {"path": path, "kind": kind, "unread": unread, "names": names, "known": 1, "opcodes": {"REDUCE": 1}}


CASES = {
    "harmless": ([entry("a.skops", "skops")], {}, {"files": 1}, []),
    "a name that reaches the machine, in two files": (
        [entry("a.pkl", dangerous=["os.system"]), entry("b.pkl", dangerous=["os.system", "sys.exit"])],
        {},
        {"files": 2, "dangerous": 2},
        ["model_file_dangerous", "model_file_dangerous"],
    ),
    "a name on no list": ([entry("a.pkl", unknown=["mine.T"])], {}, {"files": 1, "unknown": 1}, ["model_file_unknown"]),
    "code by value, in a file and by a loader": (
        [entry("a.pkl", code=["types.CodeType"]), entry("b.py", "code")],
        {"loaders": ["mine"]},
        {"files": 2, "code": 3},
        ["model_loader", "model_file_code", "model_file_of_code"],
    ),
    "not read": ([entry("a.bin", "unread", "it is cut off")], {}, {"files": 1, "unread": 1}, ["model_file_unread"]),
    "an MLmodel that cannot be read": (
        [entry("MLmodel", "plain")],
        {"unread": "MLmodel cannot be read (ScannerError)"},
        {"files": 1, "unread": 1},
        ["model_file_unread"],
    ),
    "types that the model itself trusts": (
        [entry("a.skops", "skops")],
        {"strange_types": ["mine.T"]},
        {"files": 1, "trusted_types": 1},
        ["model_trusts_itself"],
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_what_was_scanned_is_counted_and_told(case):
    files, declared, counts, codes = case
    outcome = measure(check, Collected(scan={"files": files, "declared": NOTHING | declared}))
    found = {metric: int(one(outcome, metric).value) for metric in check.metrics}
    assert found == dict.fromkeys(check.metrics, 0) | {f"model_files.{name}": count for name, count in counts.items()}
    assert [finding.code for finding in outcome.findings] == codes


def test_a_scan_of_nothing_is_an_error():
    outcome = measure(check, Collected(scan={"files": [], "declared": NOTHING}))
    assert (outcome.status, outcome.measurements) == (Status.ERROR, ())


def test_many_names_are_shown_in_part_and_kept_whole():
    files = [entry("a.pkl", unknown=[f"mine.T{number}" for number in range(9)])]
    outcome = measure(check, Collected(scan={"files": files, "declared": NOTHING}))
    assert "'mine.T4' and 4 more" in outcome.findings[0].message
    assert one(outcome, "model_files.unknown").value == "9"
    assert len(outcome.evidence["files"][0]["names"]["unknown"]) == 9
