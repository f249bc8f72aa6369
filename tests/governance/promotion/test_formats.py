"""A version of each format goes through the whole gate: measured in the sandbox, approved, released and answering."""

import importlib.util
import json

import joblib
import pytest
from django.db import connection

from governance.promotion.explain import explain
from registry import infer
from registry.artifacts import keep_tree
from registry.backends.serving.local import LocalServing
from tests.governance.stage import deployment_of, fresh, outcomes_of, rows

pytestmark = [pytest.mark.sandbox, pytest.mark.once]
FEATURES = ["x1", "x2"]
MODEL_CHECKS = """
  - check: explainability
    max_age_days: 30
    limits:
      - {metric: explainability.additivity_error, max: "0.001", required: true}
      - {metric: explainability.protected_share, max: "0", required: true}
  - check: model_files
    max_age_days: 30
    limits: [{metric: model_files.dangerous, max: "0", required: true}, {metric: model_files.unread, max: "0"}]
"""


def training():
    table = rows(400, seed=1).to_pandas()
    return table[FEATURES], table["y"].astype(int)


def described(folder, form, file):
    (folder / "model.json").write_text(json.dumps({"format": form, "file": file, "features": FEATURES}))


def scikit_learn(folder):
    from sklearn.linear_model import LogisticRegression

    joblib.dump(LogisticRegression().fit(*training()), folder / "model.joblib")
    described(folder, "joblib", "model.joblib")


def custom_pyfunc(folder):
    """Write what MLflow writes for a loader of one's own: a folder of code and an MLmodel that names its module."""
    (folder / "code").mkdir()
    (folder / "MLmodel").write_text(
        "flavors:\n  python_function: {loader_module: slope_loader, code: code, data: slope.txt, env: {}}\n"
    )
    (folder / "slope.txt").write_text("1.5")
    (folder / "code" / "slope_loader.py").write_text(
        "import numpy as np\n"
        "class Slope:\n"
        "    def __init__(self, slope): self.slope = slope\n"
        "    def predict(self, data, params=None): return (1 / (1 + np.exp(-self.slope * data['x1']))).to_numpy()\n"
        "def _load_pyfunc(path): return Slope(float(open(path).read()))\n"
    )


def xgboost(folder):
    import xgboost as library

    made = library.XGBClassifier(n_estimators=20, max_depth=2, n_jobs=1).fit(*training())
    made.get_booster().save_model(folder / "model.ubj")
    described(folder, "xgboost", "model.ubj")


def lightgbm(folder):
    import lightgbm as library

    made = library.LGBMClassifier(n_estimators=20, n_jobs=1, verbose=-1).fit(*training())
    made.booster_.save_model(folder / "model.txt")
    described(folder, "lightgbm", "model.txt")


FORMATS = {scikit_learn: "linear", custom_pyfunc: "permutation", xgboost: "pred_contribs", lightgbm: "pred_contribs"}


@pytest.fixture
def gate(bare_stage, settings, monkeypatch):
    """The stage with the real sandbox and real serving in the place of what stands in for them."""
    if connection.vendor != "sqlite":
        pytest.skip("models are loaded the same way beside any database")
    monkeypatch.setattr(infer, "_infer", REAL_INFER)
    settings.PROBITY_SERVING_BACKENDS = {"local": f"{LocalServing.__module__}.LocalServing"}
    bare_stage.assign(checks=MODEL_CHECKS)
    return bare_stage


REAL_INFER = infer._infer


@pytest.mark.parametrize(("make", "algorithm"), FORMATS.items(), ids=[make.__name__ for make in FORMATS])
def test_a_version_of_each_format_goes_through_the_whole_gate(make, algorithm, gate, tmp_path):
    if make in {xgboost, lightgbm} and not importlib.util.find_spec(make.__name__):
        pytest.skip(f"{make.__name__} is not installed: make test-boost")
    folder = tmp_path / "model"
    folder.mkdir()
    make(folder)
    version = gate.version(content=keep_tree(folder))
    promotion = gate.approved(version)
    outcomes = outcomes_of(promotion)
    assert {key.split("/")[0] for key in outcomes} >= {"performance", "fairness", "explainability", "model_files"}
    assert {outcome for key, outcome in outcomes.items() if not key.startswith("fairness")} == {"PASS"}, outcomes
    assert version.inferences.get().meta["algorithm"] == algorithm
    assert fresh(promotion).state == "APPROVED"
    run = gate.release(promotion)
    assert run.status == "SUCCEEDED", run.error
    deployment = deployment_of(promotion)
    serving = LocalServing()
    try:
        answer = serving.predict(deployment.handle, [{"x1": 2.0, "x2": 0.0}, {"x1": -2.0, "x2": 0.0}])
        why = explain(deployment, row={"x1": -2.0, "x2": 0.0}, adverse="negative", actor=gate.actor("engineer"))
    finally:
        serving.stop(deployment.handle)
    assert (deployment.state, answer["predictions"]) == ("LIVE", [1, 0])
    assert answer["model_digest"] == version.content_id
    assert why.score == pytest.approx(answer["scores"][1], abs=1e-6)
    assert (why.algorithm, why.prediction) == (algorithm, 0)
    assert why.base + sum(part.contribution for part in why.parts) == pytest.approx(why.margin, abs=1e-4)
    assert (why.reasons[0].feature, why.withheld) == ("x1", ())
