"""Why what is served decided as it did: numbers that add up, reasons that may be told, an event without the row."""

import json

import pyarrow as pa
import pytest

from governance.promotion import explain as explaining
from governance.promotion.explain import NotExplainableError, Part, RowRefusedError, explain
from governance.promotion.rollback import NotRunningError
from governance.promotion.stop import stop
from registry.backends import inference
from registry.backends.inference import InferenceError
from registry.ledger import read
from tests.governance.stage import REASON, events, fresh

ROW = {"x1": -1.2345678, "x2": 0.5}


@pytest.fixture
def answered(monkeypatch):
    """What the sandbox was asked; it answers that x1 pushes down and x2 up."""
    asked = []

    def answer(model, data, *, workdir, **more):
        import pyarrow.parquet as pq

        asked.append({"rows": pq.read_table(data).to_pylist(), "model": model, **more})
        workdir.mkdir()
        tables = {
            "predictions": pa.table({"row": [0], "score": [0.3]}),
            "attributions": pa.table({"row": [0], "base": [0.25], "margin": [-0.85], "x1": [-1.5], "x2": [0.4]}),
        }
        for name, table in tables.items():
            with pa.ipc.new_file(str(workdir / name), table.schema) as writer:
                writer.write_table(table)
        meta = {"algorithm": "linear", "space": "log-odds", "features": ["x1", "x2"], "rows": 1}
        return inference.Inference(workdir / "predictions", workdir / "attributions", meta, more["isolation"], "")

    monkeypatch.setattr(inference, "infer", answer)
    return asked


def test_a_decision_is_explained_by_the_version_that_took_it(stage, answered):
    deployment = stage.released()
    found = explain(deployment, row=ROW, adverse="negative", actor=stage.actor("engineer"))
    assert (found.score, found.prediction, found.threshold, found.adverse) == (0.3, 0, 0.5, True)
    assert [(part.feature, part.contribution) for part in found.parts] == [("x1", -1.5), ("x2", 0.4)]
    assert found.base + sum(part.contribution for part in found.parts) == pytest.approx(found.margin)
    assert found.model_digest == deployment.manifest.champion.content_id
    [asked] = answered
    assert (asked["rows"], asked["positive"], asked["features"]) == ([ROW], "1", ("x1", "x2"))
    assert asked["model"].name == found.model_digest


def test_without_a_report_on_proxies_no_reason_is_told(stage, answered):
    found = explain(stage.released(), row=ROW, adverse="negative", actor=stage.actor("engineer"))
    assert (found.reasons, found.withheld) == ((), ())
    assert "no reasons are given" in found.note


def test_the_record_says_that_it_was_explained_and_nothing_of_the_row(stage, answered):
    deployment = stage.released()
    explain(deployment, row=ROW, adverse="negative", actor=stage.actor("engineer"))
    [event] = events(deployment, "deployment.explained")
    assert event["data"] == {
        "manifest": deployment.manifest_id,
        "model_digest": deployment.manifest.champion.content_id,
        "algorithm": "linear",
        "isolation": "landlock+seccomp",
    }
    assert str(stage.people["engineer"].pk) in json.dumps(event["actor"])
    everything = json.dumps([one.document() for one in read.entries()])
    assert "1.2345678" not in everything
    assert "-0.85" not in everything


ROWS = {
    "a feature is missing": ({"x1": 1.0}, "lacks the feature 'x2'"),
    "a field that is none": (ROW | {"name": "Maria"}, "'name', which is not a feature"),
    "text for a number": (ROW | {"x1": "Maria"}, "the feature 'x1' is no double"),
    "not finite": (ROW | {"x1": float("nan")}, "'x1' is not a finite number"),
    "a list": (ROW | {"x1": [1]}, "'x1' is a JSON array"),
}


@pytest.mark.parametrize(("row", "words"), ROWS.values(), ids=list(ROWS))
def test_a_row_that_the_model_does_not_take_is_refused_without_its_value(row, words, stage, answered):
    with pytest.raises(RowRefusedError) as caught:
        explain(stage.released(), row=row, adverse="negative", actor=stage.actor("engineer"))
    assert words in str(caught.value)
    assert "Maria" not in str(caught.value)
    assert answered == []


def test_a_model_that_misbehaves_leaves_no_event(stage, monkeypatch):
    def fails(*_given, **_named):
        raise InferenceError("The model gave no answer: it hung.", code="inference_timeout")

    monkeypatch.setattr(inference, "infer", fails)
    deployment = stage.released()
    with pytest.raises(InferenceError, match="it hung"):
        explain(deployment, row=ROW, adverse="negative", actor=stage.actor("engineer"))
    assert events(deployment, "deployment.explained") == []


def test_what_was_stopped_explains_nothing(stage, answered):
    deployment = stage.released()
    stop(deployment, actor=stage.actor("engineer"), reason=REASON)
    with pytest.raises(NotRunningError):
        explain(fresh(deployment), row=ROW, adverse="negative", actor=stage.actor("engineer"))


def test_what_has_no_model_here_explains_nothing(stage, answered):
    deployment = stage.released()
    deployment.manifest.champion.kind = "predictions"
    with pytest.raises(NotExplainableError, match="no model here"):
        explain(deployment, row=ROW, adverse="negative", actor=stage.actor("engineer"))


PARTS = [
    Part(name, name, value) for name, value in {"a": -5, "b": -4, "c": -3, "d": -2, "e": -1, "f": -0.5, "g": 9}.items()
]
REASONS = {
    "four of those that pushed down, the largest first": (set(), "negative", "abcd", "", ""),
    "never a protected feature or a proxy": ({"a", "c", "g"}, "negative", "bdef", "ac", "are no reasons"),
    "those that pushed up, where that weighs": (set(), "positive", "g", "", ""),
    "nothing that may be told": ({"g"}, "positive", "", "g", "Nothing but protected features"),
    "nobody knows the proxies": (None, "negative", "", "", "no reasons are given"),
}


@pytest.mark.parametrize("case", REASONS.values(), ids=list(REASONS))
def test_reasons_are_up_to_four_features_that_may_be_told(case, monkeypatch):
    sensitive, adverse, reasons, withheld, note = case
    monkeypatch.setattr(explaining, "_sensitive", lambda _deployment: sensitive)
    found, held, said = explaining._reasons(PARTS, None, adverse)
    assert ["".join(part.feature for part in found), "".join(held)] == [reasons, withheld]
    assert (said == "") == (note == "")
    assert note in said
