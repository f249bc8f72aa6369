"""The rows of a dataset reach a check as they were registered, without a second copy of them."""

from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from governance.promotion.needs.data import rows
from registry.artifacts import read_table
from registry.checks import Need
from registry.models import Actor, Artifact, Project
from registry.register import register_dataset_version

pytestmark = pytest.mark.django_db
NEED = Need(name="rows", kind="rows", role="evaluate")
SCHEMA = {
    "target": "y",
    "positive": "1",
    "features": [{"name": "age", "kind": "numeric"}],
    "identifiers": [],
    "text": [],
    "sensitive": [],
    "ignore": [],
}


def test_the_rows_are_the_registered_file_itself(tmp_path, settings):
    settings.PROBITY_HOME = tmp_path
    table = pa.table({"age": [30, 40], "y": ["0", "1"]})
    pq.write_table(table, tmp_path / "rows.parquet")
    version = register_dataset_version(
        project=Project.default(),
        name="r",
        file=tmp_path / "rows.parquet",
        schema=SCHEMA,
        actor=Actor.system("command"),
    )
    kept = Artifact.objects.count()
    digest = rows(SimpleNamespace(dataset=lambda _role: version), NEED, None)
    assert read_table(digest).equals(table)
    assert Artifact.objects.count() == kept
    assert rows(SimpleNamespace(dataset=lambda _role: None), NEED, None) is None
