"""The risk over declared quasi-identifiers reaches the check, and stays away where none are declared."""

from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from governance.promotion.needs.risk import risk
from registry.artifacts import read_document
from registry.checks import Need
from registry.models import Actor, Project
from registry.register import register_dataset_version

pytestmark = pytest.mark.django_db
NEED = Need(name="risk_train", kind="risk", role="train", optional=True)
SCHEMA = {
    "target": "y",
    "positive": "1",
    "features": [{"name": "age", "kind": "numeric"}],
    "identifiers": [],
    "text": [],
    "sensitive": [{"name": "sex", "column": "sex"}],
    "ignore": [],
}


def version(tmp_path, **schema):
    rows = {"age": [30, 30, 30, 40, 40], "sex": ["f", "f", "m", "m", "m"], "y": ["0", "1", "0", "1", "1"]}
    pq.write_table(pa.table(rows), tmp_path / "rows.parquet")
    return register_dataset_version(
        project=Project.default(),
        name="rows",
        file=tmp_path / "rows.parquet",
        schema=SCHEMA | schema,
        actor=Actor.system("command"),
    )


def subject(found):
    return SimpleNamespace(dataset=lambda _role: found)


def test_the_risk_is_measured_where_quasi_identifiers_are_declared(tmp_path, settings):
    settings.PROBITY_HOME = tmp_path
    kept = risk(subject(version(tmp_path, quasi_identifiers=["age"])), NEED, None)
    assert read_document(kept) == {
        "quasi_identifiers": ["age"],
        "rows": 5,
        "classes": 2,
        "k": 2,
        "unique_rows": 0,
        "diversity": {"sex": 1, "y": 1},
    }
    assert risk(subject(version(tmp_path)), NEED, None) is None
    assert risk(subject(None), NEED, None) is None


def test_a_quasi_identifier_that_is_no_column_is_refused_when_the_rows_are_registered(tmp_path, settings):
    settings.PROBITY_HOME = tmp_path
    with pytest.raises(ValueError, match="quasi_identifiers 'zip' is not a column"):
        version(tmp_path, quasi_identifiers=["zip"])
