"""Boosted trees and graphs: scored and explained like others; where their library is missing that is said."""

import importlib.util
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from registry.backends.inference import InferenceError, infer

pytestmark = pytest.mark.sandbox
BOOST = [name for name in ("xgboost", "lightgbm", "onnx", "onnxruntime") if not importlib.util.find_spec(name)]
needs_boost = pytest.mark.skipif(bool(BOOST), reason=f"{', '.join(BOOST)} is not installed: make test-boost")


def described(folder, form, file, features=("a", "b"), **more):
    text = json.dumps({"format": form, "file": file, "features": list(features), **more})
    (folder / "model.json").write_text(text)
    return folder


@pytest.mark.skipif(not BOOST, reason="everything is installed")
@pytest.mark.parametrize("form", ["xgboost", "lightgbm", "onnx"])
def test_a_format_whose_library_is_missing_is_refused_by_its_name(form, frame, tmp_path):
    frame.to_parquet(tmp_path / "data.parquet")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.bin").write_bytes(b"x")
    folder = described(tmp_path / "model", form, "model.bin")
    with pytest.raises(InferenceError, match=r"not installed here; it is in the extra probity\[boost\]") as caught:
        infer(folder, tmp_path / "data.parquet", features=["a", "b"], positive="1", seed=1, workdir=tmp_path / "out")
    assert caught.value.code == "inference_not_installed"


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(5)
    table = pd.DataFrame({"a": rng.normal(size=300), "b": rng.normal(size=300)})
    table.loc[::50, "b"] = np.nan
    return table.assign(y=((table["a"] + table["b"].fillna(0) * 0.5 + rng.normal(size=300) / 2) > 0).astype(int))


def _xgboost(rows, folder):
    import xgboost

    made = xgboost.XGBClassifier(n_estimators=9, max_depth=3, n_jobs=1).fit(rows[["a", "b"]], rows["y"])
    made.get_booster().save_model(folder / "model.ubj")
    described(folder, "xgboost", "model.ubj")
    return made.predict_proba(rows[["a", "b"]])[:, 1], "pred_contribs"


def _lightgbm(rows, folder):
    import lightgbm

    made = lightgbm.LGBMClassifier(n_estimators=9, n_jobs=1, verbose=-1).fit(rows[["a", "b"]], rows["y"])
    made.booster_.save_model(folder / "model.txt")
    described(folder, "lightgbm", "model.txt")
    return made.predict_proba(rows[["a", "b"]])[:, 1], "pred_contribs"


def _pipeline(rows, folder):
    import joblib
    import lightgbm
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    made = make_pipeline(StandardScaler(), lightgbm.LGBMClassifier(n_estimators=9, n_jobs=1, verbose=-1))
    made.set_output(transform="pandas").fit(rows[["a", "b"]], 1 - rows["y"])
    joblib.dump(made, folder / "model.joblib")
    described(folder, "joblib", "model.joblib", positive="0")
    return made.predict_proba(rows[["a", "b"]])[:, 0], "pred_contribs"


def _mlflow_xgboost(rows, folder):
    import mlflow.xgboost
    import xgboost

    made = xgboost.XGBClassifier(n_estimators=9, max_depth=3, n_jobs=1).fit(rows[["a", "b"]], rows["y"])
    mlflow.xgboost.save_model(made, folder / "m", model_format="ubj", pip_requirements=["xgboost"])
    for item in (folder / "m").iterdir():
        item.rename(folder / item.name)
    (folder / "m").rmdir()
    return made.predict_proba(rows[["a", "b"]])[:, 1], "pred_contribs"


def _onnx(rows, folder):
    from onnx import TensorProto, helper, save

    weights = helper.make_tensor("w", TensorProto.FLOAT, [2, 1], [0.5, -0.25])
    nodes = [
        helper.make_node("MatMul", ["rows", "w"], ["margin"]),
        helper.make_node("Sigmoid", ["margin"], ["probability"]),
    ]
    graph = helper.make_graph(
        nodes,
        "model",
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, 2])],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, [None, 1])],
        [weights],
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), folder / "model.onnx")
    described(folder, "onnx", "model.onnx")
    return 1 / (1 + np.exp(-(rows["a"] * 0.5 - rows["b"] * 0.25))), "permutation"


MAKERS = {
    "xgboost": _xgboost, "lightgbm": _lightgbm, "a pipeline that ends in lightgbm": _pipeline,
    "xgboost by mlflow": _mlflow_xgboost, "onnx": _onnx,
}  # fmt: skip


@needs_boost
@pytest.mark.filterwarnings("ignore::Warning")
@pytest.mark.parametrize("make", MAKERS.values(), ids=list(MAKERS))
def test_each_format_is_scored_and_explained(make, rows, tmp_path):
    if make is _onnx:
        rows = rows.fillna(0.0)
    (tmp_path / "model").mkdir()
    expected, algorithm = make(rows, tmp_path / "model")
    rows.to_parquet(tmp_path / "data.parquet")
    done = infer(
        tmp_path / "model",
        tmp_path / "data.parquet",
        features=["a", "b"],
        positive="1",
        want=["predictions", "attributions"],
        seed=1,
        workdir=tmp_path / "out",
    )
    with pa.ipc.open_file(done.predictions) as reader:
        assert np.allclose(reader.read_all().column("score"), expected, atol=1e-6)
    with pa.ipc.open_file(done.attributions) as reader:
        table = reader.read_all().to_pandas()
    assert done.meta["algorithm"] == algorithm
    assert np.allclose(table[["a", "b"]].sum(axis=1) + table["base"], table["margin"], atol=1e-4)
    seen = table["margin"] if algorithm == "permutation" else 1 / (1 + np.exp(-table["margin"]))
    assert np.allclose(seen, np.asarray(expected)[table["row"]], atol=1e-5)
    assert table["deletion:leading"].mean() > table["deletion:random"].mean()


@needs_boost
def test_boosted_trees_that_take_numbers_refuse_text_by_the_name_of_its_column(rows, tmp_path):
    (tmp_path / "model").mkdir()
    _xgboost(rows, tmp_path / "model")
    rows.assign(b="word").to_parquet(tmp_path / "data.parquet")
    with pytest.raises(InferenceError, match="the column 'b' holds text") as caught:
        infer(
            tmp_path / "model", tmp_path / "data.parquet", features=["a", "b"], positive="1", seed=1,
            workdir=tmp_path / "out",
        )  # fmt: skip
    assert caught.value.code == "inference_text_column"


@needs_boost
@pytest.mark.filterwarnings("ignore::Warning")
def test_attributions_of_boosted_trees_equal_shap_to_the_last_bit(rows):
    import shap
    import xgboost

    from registry.backends.programs.attributions import attribute
    from registry.backends.programs.loaded import of_estimator

    table = rows[["a", "b"]]
    made = xgboost.XGBClassifier(n_estimators=9, max_depth=3, n_jobs=1).fit(table, rows["y"])
    found = attribute(of_estimator(made, ("a", "b"), "1"), table, 1)
    assert np.array_equal(found.parts, np.float64(shap.TreeExplainer(made).shap_values(table)))
