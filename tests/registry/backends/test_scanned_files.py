"""What a scan of a model's files finds: every way to name something, and whatever could not be read, is told."""

import bz2
import gzip
import json
import lzma
import marshal
import os
import pickle
import zipfile
import zlib
from pathlib import Path

import cloudpickle  # type: ignore[import-untyped]
import joblib
import numpy as np
import pandas as pd
import pytest
from skops import io

from registry.backends.failures import SandboxTimeoutError
from registry.backends.model_files.folder import scan_folder
from registry.backends.model_files.names import Purpose, purpose_of
from registry.backends.model_files.scan import scan
from registry.backends.sandbox import Limits


class Runs:
    """A pickle that runs a command when it is loaded."""

    def __reduce__(self):
        return os.system, ("touch escaped",)


EVIL = pickle.dumps(Runs())
STACKED = b"\x80\x04\x8c\x02os\x94\x8c\x06system\x94\x30\x30h\x00h\x01\x93\x8c\x01x\x85R."
PICKLES = {
    "reduce": EVIL,
    "reduce of protocol 0": pickle.dumps(Runs(), protocol=0),
    "names put together on the stack": STACKED,
    "INST": b"(S'x'\nios\nsystem\n.",
    "OBJ": b"(cos\nsystem\nS'x'\no.",
    "after a harmless pickle": pickle.dumps([1, 2]) + EVIL,
    "in a list beside an estimator": pickle.dumps([np.ones(3), Runs()]),
    "packed by zlib": zlib.compress(EVIL),
    "packed by gzip": gzip.compress(EVIL),
    "packed by bzip2": bz2.compress(EVIL),
    "packed by xz": lzma.compress(EVIL),
    "an import in an evaluated text": pickle.dumps(Runs()).replace(b"posix", b"nt" + b"xxx") + EVIL,
}


@pytest.mark.parametrize("data", PICKLES.values(), ids=list(PICKLES))
@pytest.mark.parametrize("name", ["model.pkl", "model.joblib"])
def test_a_pickle_that_reaches_the_machine_is_found_and_not_run(data, name, tmp_path):
    (tmp_path / name).write_bytes(data)
    [entry] = scan_folder(tmp_path)["files"]
    assert entry["unread"] == ""
    assert {one.partition(".")[2] for one in entry["names"]["dangerous"]} == {"system"}
    assert not Path("escaped").exists()


def test_a_pickle_among_the_objects_of_an_array_is_found(tmp_path):
    made = np.array([Runs(), 1.5], dtype=object)
    joblib.dump({"weights": np.ones((3, 4)), "more": made, "last": np.arange(5)}, tmp_path / "model.joblib")
    [entry] = scan_folder(tmp_path)["files"]
    assert entry["names"] == {"dangerous": ["posix.system"]}


def test_a_pickle_under_another_name_is_found_by_its_first_bytes(tmp_path):
    (tmp_path / "weights.json").write_bytes(EVIL)
    (tmp_path / "weights").write_bytes(EVIL)
    assert [one["names"] for one in scan_folder(tmp_path)["files"]] == [{"dangerous": ["posix.system"]}] * 2


def test_a_pickle_in_an_archive_is_found(tmp_path):
    with zipfile.ZipFile(tmp_path / "model.pt", "w") as archive:
        archive.writestr("archive/data.pkl", EVIL)
    [entry] = scan_folder(tmp_path)["files"]
    assert entry["names"] == {"dangerous": ["posix.system"]}


CARRIES = {
    "a function": cloudpickle.dumps(lambda table: table),
    "marshalled code": b"cmarshal\nloads\n(C" + bytes((len(marshal.dumps(1)),)) + marshal.dumps(1) + b"tR.",
}


@pytest.mark.parametrize("data", CARRIES.values(), ids=list(CARRIES))
def test_code_that_is_carried_by_value_is_told_apart(data, tmp_path):
    (tmp_path / "model.pkl").write_bytes(data)
    [entry] = scan_folder(tmp_path)["files"]
    assert set(entry["names"]) == {"code"}


def estimators():
    from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    return [
        GradientBoostingClassifier(n_estimators=2),
        HistGradientBoostingClassifier(max_iter=2),
        RandomForestClassifier(2),
        make_pipeline(StandardScaler(), LogisticRegression()),
        make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression()),
    ]


@pytest.mark.parametrize("estimator", estimators(), ids=lambda one: type(one).__name__)
def test_honest_estimators_are_read_to_the_end_and_known(estimator, tmp_path):
    table = pd.DataFrame({"a": np.linspace(0, 1, 40), "b": np.arange(40.0)})
    made = estimator.fit(table, np.arange(40) % 2)
    (tmp_path / "plain.pkl").write_bytes(pickle.dumps(made))
    joblib.dump(made, tmp_path / "arrays.joblib")
    for name, how in {"z": ("zlib", 3), "x": ("xz", 3), "g": ("gzip", 3), "b": ("bz2", 3)}.items():
        joblib.dump(made, tmp_path / f"{name}.joblib", compress=how)
    io.dump(made, tmp_path / "model.skops")
    files = scan_folder(tmp_path)["files"]
    assert [(one["path"], one["unread"], one["names"]) for one in files if one["unread"] or one["names"]] == []
    assert all(one["known"] > 3 for one in files)
    assert {one["kind"] for one in files} == {"pickle", "skops"}


UNREAD = {
    "cut off": ("model.pkl", EVIL[:-4], "ends before its STOP"),
    "no STOP": ("model.pkl", pickle.dumps([1])[:-1], "ends before its STOP"),
    "garbage": ("model.pkl", b"\xff\xfe\x00garbage", "byte 255 is no opcode"),
    "garbage after a pickle": ("model.pkl", pickle.dumps(1) + b"\xff", "byte 255 is no opcode"),
    "a length beyond the limit": ("model.pkl", b"\x80\x04\x8e" + (1 << 40).to_bytes(8, "little"), "bytes at once"),
    "an array of objects": ("model.npy", b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False}", "objects"),
    "an unknown format": ("model.bin", b"\x00\x01\x02", "nobody knows its format"),
    "a broken archive": ("model.zip", b"PK\x03\x04rest", "it cannot be read (BadZipFile)"),
    "an archive in an archive": ("model.zip", None, "an archive in it is not opened"),
    "a stream that is no stream": ("model.joblib", b"\x78\x9cxxxx", "ends before its STOP"),
}


@pytest.mark.parametrize(("name", "data", "words"), UNREAD.values(), ids=list(UNREAD))
def test_what_cannot_be_read_is_told_and_why(name, data, words, tmp_path):
    if data is None:
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("inner", b"PK\x03\x04rest")
    else:
        (tmp_path / name).write_bytes(data)
    [entry] = scan_folder(tmp_path)["files"]
    assert (entry["kind"], words in entry["unread"]) == ("unread", True), entry


def test_an_archive_that_unpacks_to_too_much_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("registry.backends.model_files.folder.MOST_BYTES", 1000)
    with zipfile.ZipFile(tmp_path / "model.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("large", bytes(2000))
    [entry] = scan_folder(tmp_path)["files"]
    assert "unpacks to more than 1000 bytes" in entry["unread"]


def test_code_loaders_and_declared_types_are_told(tmp_path):
    (tmp_path / "code").mkdir()
    for name in ("code/loader.py", "native.so", "requirements.txt", "model.ubj"):
        (tmp_path / name).write_text("x")
    (tmp_path / "MLmodel").write_text(
        "flavors:\n"
        "  python_function: {loader_module: my_loader, code: code}\n"
        "  sklearn: {skops_trusted_types: [sklearn.x.Y, my_module.Thing]}\n"
    )
    found = scan_folder(tmp_path)
    assert {one["path"]: one["kind"] for one in found["files"]} == {
        "MLmodel": "plain", "code/loader.py": "code", "model.ubj": "plain", "native.so": "code",
        "requirements.txt": "plain",
    }  # fmt: skip
    assert found["declared"] == {
        "loaders": ["my_loader"], "code": ["code"], "trusted_types": ["my_module.Thing", "sklearn.x.Y"],
        "strange_types": ["my_module.Thing"], "unread": "",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["a: [", "a: !!python/object/apply:os.system [x]", "- " * 2000 + "x", "\x00"])
def test_an_mlmodel_that_cannot_be_read_is_told(text, tmp_path):
    (tmp_path / "MLmodel").write_text(text)
    assert scan_folder(tmp_path)["declared"]["unread"].startswith("MLmodel cannot be read (")


def test_a_skops_file_is_read_by_what_its_schema_names(tmp_path):
    schema = {"__class__": "Thing", "__module__": "mine", "content": [{"module_path": "os", "function": "system"}]}
    with zipfile.ZipFile(tmp_path / "model.skops", "w") as archive:
        archive.writestr("schema.json", json.dumps(schema))
    [entry] = scan_folder(tmp_path)["files"]
    assert entry["names"] == {"dangerous": ["os.system"], "unknown": ["mine.Thing"]}


PURPOSES = {
    "builtins.eval": Purpose.DANGEROUS,
    "builtins.getattr": Purpose.DANGEROUS,
    "builtins.list": Purpose.KNOWN,
    "operator.attrgetter": Purpose.DANGEROUS,
    "functools.partial": Purpose.DANGEROUS,
    "importlib.import_module": Purpose.DANGEROUS,
    "numpy.load": Purpose.DANGEROUS,
    "numpy.testing._private.utils.runstring": Purpose.DANGEROUS,
    "numpy.float64": Purpose.KNOWN,
    "numpy.something": Purpose.UNKNOWN,
    "pandas.read_pickle": Purpose.DANGEROUS,
    "pandas.core.frame.DataFrame": Purpose.KNOWN,
    "sklearn.linear_model._logistic.LogisticRegression": Purpose.KNOWN,
    "sklearn._loss._loss.CyHalfBinomialLoss": Purpose.KNOWN,
    "sklearn.datasets.fetch_openml": Purpose.UNKNOWN,
    "lightgbm.sklearn.LGBMClassifier": Purpose.KNOWN,
    "lightgbm.sklearn.LGBMClassifier.x": Purpose.UNKNOWN,
    "cloudpickle.cloudpickle._make_function": Purpose.CODE,
    "__main__.Model": Purpose.UNKNOWN,
    "osprey.x": Purpose.UNKNOWN,
}


@pytest.mark.parametrize(("name", "purpose"), PURPOSES.items())
def test_a_name_is_known_only_where_a_list_has_it(name, purpose):
    assert purpose_of(name) == purpose


@pytest.mark.sandbox
def test_the_scan_runs_in_the_sandbox_and_ends_there(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.pkl").write_bytes(EVIL)
    found = scan(tmp_path / "model", workdir=tmp_path / "work")
    assert found == scan_folder(tmp_path / "model")
    with pytest.raises(SandboxTimeoutError):
        scan(tmp_path / "model", workdir=tmp_path / "late", limits=Limits(wall_seconds=0.0))
