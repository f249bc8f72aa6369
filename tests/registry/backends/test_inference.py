"""What a model in the sandbox gives: predictions and attributions that fit, or an error that says what was wrong."""

import json
import shutil
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.linear_model import LogisticRegression
from skops import io

from registry.backends import sandbox
from registry.backends.failures import SandboxTimeoutError
from registry.backends.inference import InferenceError, infer
from registry.backends.sandbox import SandboxResult

pytestmark = pytest.mark.sandbox


def read(path):
    with pa.ipc.open_file(path) as reader:
        return reader.read_all().to_pandas()


def additive(table, features):
    return np.allclose(table[features].sum(axis=1) + table["base"], table["margin"], atol=1e-6)


@pytest.mark.parametrize(("kind", "algorithm"), [("scorecard", "linear"), ("gradient_boosting", "tree")])
def test_a_trained_model_gives_predictions_and_attributions_that_add_up(kind, algorithm, trained, diabetes, tmp_path):
    folder = trained(kind)
    done = infer(
        folder,
        diabetes.path,
        features=diabetes.features,
        positive="1",
        want=["predictions", "attributions"],
        seed=3,
        workdir=tmp_path,
        max_rows=50,
    )
    predictions, table = read(done.predictions), read(done.attributions)
    estimator = io.load(folder / "model.skops", trusted=io.get_untrusted_types(file=folder / "model.skops"))
    expected = estimator.predict_proba(diabetes.table[diabetes.features])[:, 1]
    assert np.allclose(predictions["score"], expected)
    assert list(predictions["row"]) == list(range(442))
    assert done.meta["algorithm"] == algorithm
    assert (done.meta["space"], done.meta["rows"], done.isolation) == ("log-odds", 50, "landlock+seccomp")
    assert list(table.columns) == [*diabetes.features, "base", "margin", "deletion:leading", "deletion:random", "row"]
    assert additive(table, diabetes.features)
    assert np.allclose(1 / (1 + np.exp(-table["margin"])), expected[table["row"]])
    assert json.loads((tmp_path / "attributions.json").read_text()) == done.meta


def save(estimator, folder, features):
    folder.mkdir()
    io.dump(estimator, folder / "model.skops")
    described = {"format": "skops", "file": "model.skops", "features": features, "positive": "1", "algorithm": "x"}
    (folder / "model.json").write_text(json.dumps(described))
    return folder


def estimators():
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.naive_bayes import GaussianNB
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler

    return {
        "histogram boosting": (HistGradientBoostingClassifier(max_iter=5, min_samples_leaf=3), "tree", "log-odds"),
        "forest": (RandomForestClassifier(5, max_depth=3, random_state=1), "tree", "probability"),
        "scaled linear": (make_pipeline(StandardScaler(), LogisticRegression()), "linear", "log-odds"),
        "crossed linear": (make_pipeline(PolynomialFeatures(2), LogisticRegression()), "permutation", "probability"),
        "naive Bayes": (GaussianNB(), "permutation", "probability"),
        "calibrated": (CalibratedClassifierCV(GaussianNB(), cv=2), "permutation", "probability"),
    }


@pytest.mark.parametrize("kind", list(estimators()))
def test_attributions_add_up_for_every_kind_of_estimator(kind, frame, tmp_path):
    estimator, algorithm, space = estimators()[kind]
    noisy = frame.assign(a=frame["a"] + np.random.default_rng(0).normal(0, 1, len(frame)))
    noisy.to_parquet(tmp_path / "data.parquet")
    folder = save(estimator.fit(noisy[["a", "b"]], noisy["y"]), tmp_path / "model", ["a", "b"])
    done = infer(
        folder,
        tmp_path / "data.parquet",
        features=["a", "b"],
        positive="1",
        want=["attributions"],
        seed=5,
        workdir=tmp_path / "out",
    )
    table = read(done.attributions)
    assert (done.meta["algorithm"], done.meta["space"], done.predictions) == (algorithm, space, None)
    assert additive(table, ["a", "b"])
    assert table[["a", "b"]].abs().to_numpy().max() > 0


def test_the_same_seed_gives_the_same_bytes(trained, diabetes, tmp_path):
    made = []
    for name in ("one", "two"):
        done = infer(
            trained("scorecard"),
            diabetes.path,
            features=diabetes.features,
            positive="1",
            want=["attributions"],
            seed=11,
            workdir=tmp_path / name,
            max_rows=20,
        )
        assert done.attributions is not None
        made.append(done.attributions.read_bytes())
    assert made[0] == made[1]


def test_a_custom_pyfunc_that_returns_probabilities_is_scored_and_explained(pyfunc_model, frame, tmp_path):
    frame.to_parquet(tmp_path / "data.parquet")
    done = infer(
        pyfunc_model("return Model(lambda data: (data['a'] / 4).to_numpy())"),
        tmp_path / "data.parquet",
        features=["a", "b"],
        positive="1",
        want=["predictions", "attributions"],
        seed=1,
        workdir=tmp_path / "out",
    )
    table = read(done.attributions)
    assert list(read(done.predictions)["score"][:4]) == [0.25, 0.5, 0.75, 1.0]
    assert done.meta["algorithm"] == "permutation"
    assert additive(table, ["a", "b"])
    assert table["b"].abs().max() == 0


@pytest.mark.parametrize("serialisation", ["cloudpickle", "skops"])
def test_an_mlflow_model_made_in_the_sandbox_is_scored_by_its_probabilities(serialisation, run_code, frame, tmp_path):
    frame.to_parquet(tmp_path / "data.parquet")
    run_code(
        "import mlflow.sklearn, pandas\n"
        "from sklearn.linear_model import LogisticRegression\n"
        "frame = pandas.DataFrame({'a': [1.0, 2.0, 3.0, 4.0] * 10, 'b': [4.0, 3.0, 2.0, 1.0] * 10})\n"
        "model = LogisticRegression().fit(frame, [0, 0, 1, 1] * 10)\n"
        f"options = dict(serialization_format='{serialisation}', pip_requirements=['scikit-learn'])\n"
        "mlflow.sklearn.save_model(model, output / 'model', **options)"
    )
    done = infer(
        tmp_path / "work" / "output" / "model",
        tmp_path / "data.parquet",
        features=["a", "b"],
        positive="1",
        want=["predictions", "attributions"],
        seed=1,
        workdir=tmp_path / "out",
    )
    estimator = LogisticRegression().fit(frame[["a", "b"]], frame["y"])
    assert np.allclose(read(done.predictions)["score"], estimator.predict_proba(frame[["a", "b"]])[:, 1])
    assert done.meta["algorithm"] == "linear"


class Foreign:
    """A type that no model file may name."""

    def __init__(self):
        self.x = 1


REFUSED_FOLDERS = {
    "empty": (lambda folder: [shutil.rmtree(folder), folder.mkdir()], "inference_format", "neither"),
    "names a file elsewhere": (
        lambda folder: (folder / "model.json").write_text('{"format": "skops", "file": "../x", "features": ["a"]}'),
        "inference_format",
        "not a plain file name",
    ),
    "foreign types": (
        lambda folder: io.dump(Foreign(), folder / "model.skops"),
        "inference_untrusted_types",
        "Foreign",
    ),
    "no probabilities": (
        lambda folder: io.dump(regression(), folder / "model.skops"),
        "inference_no_probabilities",
        "without predict_proba",
    ),
}


def regression():
    from sklearn.linear_model import LinearRegression

    return LinearRegression().fit([[0.0], [1.0]], [0, 1])


@pytest.mark.parametrize(("spoil", "code", "words"), REFUSED_FOLDERS.values(), ids=list(REFUSED_FOLDERS))
def test_a_folder_that_is_not_a_model_is_refused(spoil, code, words, frame, tmp_path):
    from sklearn.naive_bayes import GaussianNB

    frame.to_parquet(tmp_path / "data.parquet")
    folder = save(GaussianNB().fit(frame[["a", "b"]], frame["y"]), tmp_path / "model", ["a", "b"])
    spoil(folder)
    with pytest.raises(InferenceError, match=words) as caught:
        infer(folder, tmp_path / "data.parquet", features=["a"], positive="1", seed=1, workdir=tmp_path / "out")
    assert caught.value.code == code


def test_a_dataset_without_the_features_is_refused(trained, diabetes, tmp_path):
    pd.DataFrame({"age": [50.0]}).to_parquet(tmp_path / "data.parquet")
    with pytest.raises(InferenceError, match="lacks the columns") as caught:
        infer(
            trained("scorecard"),
            tmp_path / "data.parquet",
            features=diabetes.features,
            positive="1",
            seed=1,
            workdir=tmp_path / "out",
        )
    assert caught.value.code == "inference_missing_columns"


GOOD = {"rows": 4, "model_features": ["a"], "attributions": {"algorithm": "linear", "space": "log-odds", "rows": 2}}
LIES = {
    "another count of rows": (GOOD | {"rows": 3}, {}, "inference_shape"),
    "a feature named like ours": (GOOD | {"model_features": ["base"]}, {}, "inference_result"),
    "the same feature twice": (GOOD | {"model_features": ["a", "a"]}, {}, "inference_result"),
    "too few bytes": (GOOD, {"predictions.f64": [0.5] * 3}, "inference_shape"),
    "too many bytes": (GOOD, {"predictions.f64": [0.5] * 5}, "inference_result"),
    "an infinite score": (GOOD, {"predictions.f64": [0.5, np.inf, 0.5, 0.5]}, "inference_not_finite"),
    "a negative score": (GOOD, {"predictions.f64": [0.5, -1, 0.5, 0.5]}, "inference_out_of_range"),
    "sums that do not hold": (GOOD, {"attributions.f64": [1, 1, 2, 0, 0, 1, 1, 3, 0, 0]}, "inference_not_additive"),
    "rows that do not exist": (GOOD, {"rows.f64": [0, 4]}, "inference_shape"),
    "rows twice": (GOOD, {"rows.f64": [1, 1]}, "inference_shape"),
    "an unknown algorithm": (GOOD | {"attributions": {"algorithm": "magic"}}, {}, "inference_result"),
    "true for a count": (
        GOOD | {"attributions": {"algorithm": "linear", "space": "log-odds", "rows": True}},
        {},
        "inference_shape",
    ),
}


@pytest.mark.parametrize(("document", "files", "code"), [(GOOD, {}, ""), *LIES.values()], ids=["good", *LIES])
def test_what_a_child_left_is_believed_only_when_it_fits(document, files, code, tmp_path, monkeypatch):
    pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0]}).to_parquet(tmp_path / "data.parquet")
    left = {
        "predictions.f64": [0.5] * 4,
        "attributions.f64": [1, 1, 2, 0, 0, 1, 1, 2, 0, 0],
        "rows.f64": [0, 3],
    } | files

    def run(program, request, *, workdir, **_):
        workdir.mkdir(parents=True)
        for name, values in left.items():
            (workdir / name).write_bytes(np.asarray(values, dtype="<f8").tobytes())
        return SandboxResult(document, "", 0.0, "none")

    monkeypatch.setattr(sandbox, "run", run)
    arguments: dict[str, Any] = {"features": ["a"], "positive": "1", "want": ["predictions", "attributions"], "seed": 1}
    if not code:
        done = infer(tmp_path, tmp_path / "data.parquet", workdir=tmp_path / "out", **arguments)
        assert list(read(done.attributions)["row"]) == [0, 3]
        return
    with pytest.raises(InferenceError) as caught:
        infer(tmp_path, tmp_path / "data.parquet", workdir=tmp_path / "out", **arguments)
    assert caught.value.code == code


def test_an_error_of_the_sandbox_keeps_its_log(tmp_path, monkeypatch):
    def run(*_, **__):
        raise SandboxTimeoutError("while predicting the process took longer", log="said")

    monkeypatch.setattr(sandbox, "run", run)
    with pytest.raises(InferenceError) as caught:
        infer(tmp_path, tmp_path, features=["a"], positive="1", seed=1, workdir=tmp_path)
    assert (caught.value.code, caught.value.log) == ("inference_timeout", "said")
