"""Serving on this machine: pinned to a digest, answers or says exactly why not, comes back when its child dies."""

import dataclasses
import http.client
import json
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest

from registry.backends import detached
from registry.backends.base import BackendError, ServeSpec
from registry.backends.serving.local import LocalServing
from registry.backends.trees import TreeMismatchError, tree_digest

pytestmark = pytest.mark.sandbox


def spec_of(model, features, workdir, **more):
    values = {
        "deployment_id": "deployment-1",
        "manifest_digest": "m" * 64,
        "model_digest": tree_digest(model),
        "model_path": model,
        "features": tuple(features),
        "positive": "1",
        "threshold": 0.5,
        "workdir": workdir,
    }
    return ServeSpec(**(values | more))


@pytest.fixture(scope="module")
def served(trained, diabetes, tmp_path_factory):
    serving = LocalServing()
    spec = spec_of(trained("scorecard"), diabetes.features, tmp_path_factory.mktemp("serving") / "one")
    handle = serving.deploy(spec)
    yield serving, spec, handle
    serving.stop(handle)


@pytest.fixture(scope="module")
def rows(diabetes):
    return diabetes.table[diabetes.features].head(3).to_dict(orient="records")


def ask(handle, method, path, body=None, token=None):
    connection = http.client.HTTPConnection("127.0.0.1", handle["port"], timeout=30)
    try:
        connection.request(method, path, body, {"Authorization": f"Bearer {token}"} if token else {})
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type"), json.loads(answer.read())
    finally:
        connection.close()


def token_of(handle):
    return (Path(handle["folder"]) / "token").read_text()


def test_a_deployment_answers_with_its_digests(served, rows, diabetes, trained):
    from skops import io

    serving, spec, handle = served
    file = trained("scorecard") / "model.skops"
    estimator = io.load(file, trusted=io.get_untrusted_types(file=file))
    expected = estimator.predict_proba(diabetes.table[diabetes.features].head(3))[:, 1]
    answer = serving.predict(handle, rows)
    assert np.allclose(answer["scores"], expected)
    assert answer["predictions"] == [int(score >= 0.5) for score in expected]
    assert (answer["model_digest"], answer["manifest_digest"]) == (spec.model_digest, spec.manifest_digest)
    status = serving.status(handle)
    assert (status.healthy, status.model_digest) == (True, spec.model_digest)
    assert ask(handle, "GET", "/health")[2]["isolation"] == "landlock+seccomp"


def test_deploying_again_changes_nothing(served):
    serving, spec, handle = served
    assert serving.deploy(spec) == handle
    with pytest.raises(BackendError, match="another") as caught:
        serving.deploy(dataclasses.replace(spec, manifest_digest="n" * 64))
    assert caught.value.code == "folder_taken"


def test_the_token_is_needed_and_is_not_in_the_handle(served, rows):
    _, _, handle = served
    token = token_of(handle)
    assert (Path(handle["folder"]) / "token").stat().st_mode & 0o777 == 0o600
    assert token not in json.dumps(handle)
    body = json.dumps({"rows": rows})
    for given in (None, "wrong", token[:-1]):
        status, kind, problem = ask(handle, "POST", "/predict", body, given)
        assert (status, kind, problem["code"]) == (401, "application/problem+json", "unauthorised")
    assert ask(handle, "POST", "/predict", body, token)[0] == 200


def changed(rows, **more):
    return {"rows": [rows[0], rows[1] | more]}


BAD = {
    "a missing feature": (
        lambda rows: {"rows": [rows[0], {name: value for name, value in rows[1].items() if name != "bmi"}]},
        ("missing_feature", 1, "bmi"),
    ),
    "an unknown field": (lambda rows: changed(rows, name="Maria"), ("unknown_field", 1, "name")),
    "an object as a value": (lambda rows: changed(rows, age={}), ("bad_value", 1, "age")),
    "NaN": (lambda rows: changed(rows, age=float("nan")), ("bad_value", 1, "age")),
    "a number beyond all": (lambda rows: changed(rows, age=10**400), ("bad_value", 1, "age")),
    "a very long text": (lambda rows: changed(rows, sex="x" * 10_001), ("bad_value", 1, "sex")),
    "a row that is a list": (lambda rows: {"rows": [rows[0], []]}, ("row_not_object", 1, None)),
    "no rows": (lambda _: {"rows": []}, ("row_count", None, None)),
    "too many rows": (lambda _: {"rows": [0] * 10_001}, ("row_count", None, None)),
    "something else": (lambda rows: {"rows": rows, "more": 1}, ("bad_request", None, None)),
    "a list": (lambda _: [], ("bad_request", None, None)),
}


@pytest.mark.parametrize(("make", "expected"), BAD.values(), ids=list(BAD))
def test_bad_rows_are_refused_by_row_and_field_and_never_quoted(make, expected, served, rows):
    _, _, handle = served
    status, kind, problem = ask(handle, "POST", "/predict", json.dumps(make(rows)), token_of(handle))
    assert (status, kind) == (400, "application/problem+json")
    assert (problem["code"], problem.get("row"), problem.get("field")) == expected
    assert "Maria" not in json.dumps(problem)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_not_json_is_refused(body, served):
    _, _, handle = served
    status, _, problem = ask(handle, "POST", "/predict", body, token_of(handle))
    assert (status, problem["code"]) == (400, "not_json")


def test_a_model_that_cannot_score_a_row_says_so_and_goes_on(served, rows):
    serving, _, handle = served
    with pytest.raises(BackendError) as caught:
        serving.predict(handle, [rows[0] | {"age": "Maria Muster"}])
    assert caught.value.code == "sandbox_raised"
    assert "Maria" not in str(caught.value)
    assert len(serving.predict(handle, rows)["scores"]) == 3


def test_other_addresses_do_not_exist(served):
    _, _, handle = served
    for method, path in (("GET", "/"), ("GET", "/token"), ("POST", "/health")):
        assert ask(handle, method, path)[0] == 404


def test_a_killed_child_comes_back(served, rows):
    serving, _, handle = served
    before = ask(handle, "GET", "/health")[2]
    os.kill(before["child_pid"], signal.SIGKILL)

    def again():
        found = ask(handle, "GET", "/health")[2]
        return found["healthy"] and found["starts"] > before["starts"]

    assert detached.wait_until(again, 60)
    assert len(serving.predict(handle, rows)["scores"]) == 3
    assert ask(handle, "GET", "/health")[2]["child_pid"] != before["child_pid"]


def test_a_tampered_folder_is_not_deployed(trained, diabetes, tmp_path):
    model = tmp_path / "model"
    shutil.copytree(trained("scorecard"), model)
    spec = spec_of(model, diabetes.features, tmp_path / "serving")
    (model / "model.json").write_text((model / "model.json").read_text() + " ")
    with pytest.raises(TreeMismatchError, match=spec.model_digest):
        LocalServing().deploy(spec)


def test_a_model_that_does_not_load_is_not_deployed(tmp_path):
    model = tmp_path / "model"
    model.mkdir()
    (model / "model.json").write_text('{"format": "pickle"}')
    with pytest.raises(BackendError, match="must be one of") as caught:
        LocalServing().deploy(spec_of(model, ["a"], tmp_path / "serving"))
    assert caught.value.code == "sandbox_refused"


def test_tampering_behind_a_running_deployment_stops_it_at_its_next_start_and_stopping_ends_all(
    trained, diabetes, tmp_path
):
    serving = LocalServing()
    handle = serving.deploy(spec_of(trained("scorecard"), diabetes.features, tmp_path / "serving"))
    try:
        health = ask(handle, "GET", "/health")[2]
        (tmp_path / "serving" / "model" / "model.json").write_text("{}")
        os.kill(health["child_pid"], signal.SIGKILL)
        assert detached.wait_until(lambda: "is not loaded" in serving.status(handle).message, 20)
        assert not serving.status(handle).healthy
        with pytest.raises(BackendError) as caught:
            serving.predict(handle, [])
        assert caught.value.code == "row_count"
    finally:
        serving.stop(handle)
    assert not detached.is_alive(handle)
    serving.stop(handle)
    assert serving.status(handle).message == "The server of the model does not run."
    with pytest.raises(BackendError, match="does not run"):
        serving.predict(handle, [])


def test_the_child_dies_with_its_parent_and_deploying_again_brings_it_back(trained, diabetes, rows, tmp_path):
    serving, spec = LocalServing(), spec_of(trained("scorecard"), diabetes.features, tmp_path / "serving")
    handle = serving.deploy(spec)
    child = ask(handle, "GET", "/health")[2]["child_pid"]
    os.kill(handle["pid"], signal.SIGKILL)
    assert detached.wait_until(lambda: detached.start_time(child) is None, 10)
    assert not serving.status(handle).healthy
    again = serving.deploy(spec)
    try:
        assert again["pid"] != handle["pid"]
        assert len(serving.predict(again, rows)["scores"]) == 3
    finally:
        serving.stop(again)
