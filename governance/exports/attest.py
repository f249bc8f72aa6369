"""What a recorded decision comes to, as in-toto statements: its verdict as a VSA, and a test result for each check.

Pure: the statements follow from the entry of the decision and the documents that it cites, so that whoever verifies a
signed one makes it again and compares. In-toto Statement v1; predicates: SLSA Verification Summary v1 and test-result
v0.1.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from governance.rules.authorise import AUTHORISED, REFUSED
from governance.rules.states import Outcome
from registry.canonical import canonical

STATEMENT = "https://in-toto.io/Statement/v1"
SUMMARY = "https://slsa.dev/verification_summary/v1"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
DECIDED = "decision.recorded"
RESULTS = {AUTHORISED: "PASSED", REFUSED: "FAILED"}
LEVELS = {AUTHORISED: ["SLSA_BUILD_LEVEL_UNEVALUATED"], REFUSED: ["FAILED"]}
WARNED = frozenset({Outcome.WARN, Outcome.INDETERMINATE})

Reader = Callable[[str], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: what it is about ("decision", or the name of a check) and the canonical bytes that are signed."""

    about: str
    payload: bytes


def is_attested(event: Mapping[str, Any]) -> bool:
    """Say whether statements are made of an event: a decision that is not pending."""
    return event["kind"] == DECIDED and event["data"]["verdict"] in RESULTS


def statements(event: Mapping[str, Any], origin: str, document: Reader) -> list[Statement]:
    """Return the statements about a decision's event in the log of that origin, its verdict first.

    ``document`` returns the document under a digest; what it raises is passed on, as are LookupError, TypeError and
    ValueError for documents that are not what the event says.
    """
    if not is_attested(event):
        return []
    evaluation = document(event["data"]["evaluation"])
    subjects = list(_subjects(document(event["data"]["manifest"]), document))
    checks = sorted({item["check"] for item in evaluation["items"]})
    return [
        Statement("decision", _statement(subjects, SUMMARY, _summary(event, origin, evaluation))),
        *(Statement(one, _statement(subjects, TEST_RESULT, _test_result(one, event, evaluation))) for one in checks),
    ]


def _statement(subjects: list[dict[str, Any]], predicate_type: str, predicate: dict[str, Any]) -> bytes:
    return canonical({"_type": STATEMENT, "subject": subjects, "predicateType": predicate_type, "predicate": predicate})


def _described(name: str, sha256: str, key: str = "name") -> dict[str, Any]:
    return {key: name, "digest": {"sha256": sha256}}


def _subjects(manifest: Mapping[str, Any], document: Reader) -> Iterator[dict[str, Any]]:
    """Yield the models of a manifest, by identity and by content, the rows they learned from, and those they met."""
    for member in manifest["members"]:
        version = document(member["version"])
        yield _described(f"model/{member['role']}", member["version"])
        if version["content"]:
            yield _described(f"model/{member['role']}/content", version["content"])
        for role, rows in version["datasets"]:
            yield _described(f"dataset/{role}/{rows[:12]}", rows)
    if rows := manifest["evaluation_set"]:
        yield _described(f"dataset/evaluation/{rows[:12]}", rows)


def _summary(event: Mapping[str, Any], origin: str, evaluation: Mapping[str, Any]) -> dict[str, Any]:
    data, promotion = event["data"], event["subject"]
    cited = [("evaluation", data["evaluation"]), ("decision", data["decision"])]
    cited += [("report", one) for one in sorted({item["report"] for item in evaluation["items"] if item["report"]})]
    return {
        "verifier": {"id": f"urn:probity:{origin}"},
        "timeVerified": data["judged_at"],
        "resourceUri": f"urn:probity:{promotion}:manifest:{data['manifest']}",
        "policy": _described(f"urn:probity:policy:{event['policy']}", event["policy"], "uri"),
        "inputAttestations": [_described(f"urn:probity:{what}:{one}", one, "uri") for what, one in cited],
        "verificationResult": RESULTS[data["verdict"]],
        "verifiedLevels": LEVELS[data["verdict"]],
    }


def _test_result(check: str, event: Mapping[str, Any], evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """Return the outcomes of a check's limits; what does not apply is in no list, what is waived is warned of.

    PASSED takes at least one limit that was met, and none that was not.
    """
    lists: dict[str, list[str]] = {"passedTests": [], "warnedTests": [], "failedTests": []}
    for item in evaluation["items"]:
        if item["check"] == check and (name := _list_of(item)):
            lists[name].append(item["key"])
    result = "WARNED" if lists["warnedTests"] or not lists["passedTests"] else "PASSED"
    configuration = [_described(f"policy/{event['policy']}", event["policy"])]
    reports = sorted({item["report"] for item in evaluation["items"] if item["check"] == check and item["report"]})
    configuration += [_described(f"report/{one}", one) for one in reports]
    return {"result": "FAILED" if lists["failedTests"] else result, "configuration": configuration, **lists}


def _list_of(item: Mapping[str, Any]) -> str:
    outcome = item["outcome"]
    if outcome == Outcome.NOT_APPLICABLE:
        return ""
    if item["waiver"] is not None or outcome in WARNED:
        return "warnedTests"
    return "passedTests" if outcome == Outcome.PASS else "failedTests"
