"""Dataset versions from files on the machine of the workers, over the API."""

import pytest

from privacy import take_in
from registry import run
from registry.models import DatasetVersion, Run
from tests.governance.api.world import SCHEMA

API = "/api/v1/dataset-versions"
pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(world, settings, tmp_path):
    place = tmp_path / "rows"
    place.mkdir()
    (place / "part-0.csv").write_text("x,y\n1.5,0\n2.5,1\n")
    settings.PROBITY_DATA_FOLDERS = [str(place)]
    return place


def sent(**changes):
    return {"project": "default", "name": "there", "schema": SCHEMA} | changes


def test_a_folder_is_registered_by_a_run(world, folder):
    answer = world.client("engineer").post(f"{API}/places", sent(folder=str(folder)))
    assert (answer.status_code, answer.json()["kind"]) == (202, "register")
    ended = run.perform(answer.json()["id"], take_in.take_in)
    assert ended is not None
    assert ended.status == "SUCCEEDED", ended.error
    made = DatasetVersion.objects.get(pk=ended.result["dataset_version"])
    assert (made.rows, made.registered_by) == (2, world.actor("engineer").principal)


REFUSED = {
    "outside": (sent(folder="/etc"), 422, "source_closed"),
    "no source": (sent(), 422, "no_source"),
    "two sources": (sent(folder="/a", repository="/b", path="c"), 422, "no_source"),
    "half a source": (sent(repository="/b"), 422, "no_source"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=list(REFUSED))
def test_what_names_no_place_or_one_outside_is_refused(world, folder, case):
    body, status, code = case
    answer = world.client("engineer").post(f"{API}/places", body)
    assert answer.status_code == status
    assert code in answer.content.decode()
    assert not Run.objects.filter(kind="register").exists()


def test_who_may_register_nothing_takes_nothing_in(world, folder):
    assert world.client("officer").post(f"{API}/places", sent(folder=str(folder))).status_code == 403
