"""MLflow as the system of record: runs become facts, aliases follow our record, a server away is a clear error."""

import os
import socket
import warnings
from pathlib import Path

import pytest

from governance.promotion.alias import intend, move_alias, observed
from governance.promotion.approve import approve
from governance.promotion.release import release, start_release
from governance.promotion.stop import stop
from governance.reconcile import aliases, reconcile
from registry.artifacts import checkout_tree
from registry.backends.detached import locked
from registry.ledger import read
from registry.models import Actor, Artifact, Deployment, Model, ModelVersion, Project, VersionFact, VersionPerson
from registry.register import link_identity, register_dataset_version, register_model
from registry.sources import mlflow
from registry.sources.mlflow import MlflowError
from registry.train import import_version
from tests.governance.api.world import World, build, policy_text, work
from tests.registry.scene import PLUGINS, SCHEMA, rows_file

pytestmark = pytest.mark.once

COMMIT = "1" * 40


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Path:
    """The folder of an embedded store with one run, made as a data scientist makes it: by MLflow's own client."""
    folder = tmp_path_factory.mktemp("mlflow")
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    from mlflow import MlflowClient
    from mlflow.entities import Dataset as LoggedDataset
    from mlflow.entities import DatasetInput, InputTag

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        client = MlflowClient(tracking_uri=f"sqlite:///{folder}/mlflow.db")
        experiment = client.create_experiment("work", (folder / "runs").as_uri())
        run = client.create_run(experiment, tags={mlflow.COMMIT_TAG: COMMIT, mlflow.USER_TAG: "ada"}).info.run_id
        client.log_param(run, "depth", 3)
        client.log_metric(run, "auc", 0.75)
        logged = LoggedDataset("rows", "d1g3st", "local", "{}")
        client.log_inputs(run, [DatasetInput(logged, [InputTag("mlflow.data.context", "training")])])
        model = folder / "model"
        model.mkdir()
        (model / "model.txt").write_text("weights")
        client.log_artifacts(run, str(model), "model")
        client.set_terminated(run)
        (folder / "run").write_text(run)
        bare = client.create_run(experiment).info.run_id
        (folder / "bare").write_text(bare)
    return folder


@pytest.fixture(autouse=True)
def _use(store, settings, tmp_path):
    settings.PROBITY_HOME = tmp_path / "home"
    settings.MLFLOW_TRACKING_URI = f"sqlite:///{store}/mlflow.db"
    settings.MLFLOW_ARTIFACT_ROOT = str(store / "runs")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.fixture
def away(settings) -> None:
    """A tracking server at a port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings.MLFLOW_TRACKING_URI = f"http://127.0.0.1:{port}"


def make_model(name: str) -> Model:
    return register_model(
        project=Project.default(), name=name, tier="limited", intended_use="tests", actor=Actor.system()
    )


def counts() -> tuple[int, ...]:
    return (*(table.objects.count() for table in (ModelVersion, Artifact, VersionFact, VersionPerson)), read.size())


def test_the_history_of_a_run_is_read_with_every_point_and_what_is_no_number(store):
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{store}/mlflow.db")
    run = client.create_run(client.get_experiment_by_name("work").experiment_id).info.run_id
    for step, value in enumerate([1.0, 0.5, float("nan")]):
        client.log_metric(run, "loss", value, timestamp=1000 + step, step=step)
    status, found = mlflow.read_curves(run)
    assert status == "RUNNING"
    assert [step for step, _ in found["loss"]] == [0, 1, 2]
    assert str([value for _, value in found["loss"]]) == "[1.0, 0.5, nan]"


def test_a_training_that_ran_here_is_logged_with_its_curves(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.txt").write_text("weights")
    run = mlflow.log_training(
        experiment="curves",
        parameters={"depth": 3},
        metrics={"train.auc": 0.75},
        curves={"train_loss": [1.0 / (1 + step) for step in range(1500)]},
        tags={},
        model_folder=tmp_path / "model",
    )
    status, found = mlflow.read_curves(run)
    assert (status, found["train.auc"]) == ("FINISHED", [(0, 0.75)])
    assert found["train_loss"][:2] == [(0, 1.0), (1, 0.5)]
    assert [step for step, _ in found["train_loss"]] == list(range(1500))


@pytest.mark.django_db
def test_a_run_is_imported_with_everything_it_says_and_nothing_is_loaded(store, tmp_path):
    run_id, model = (store / "run").read_text(), make_model("imported")
    person = Actor.system().principal
    link_identity(person, kind="mlflow", value="ada", actor=Actor.system())
    dataset = register_dataset_version(
        project=Project.default(), name="rows", file=rows_file(tmp_path), schema=SCHEMA, actor=Actor.system()
    )

    def make() -> ModelVersion:
        return import_version(
            model=model, run_id=run_id, features=["x"], datasets=[("train", dataset)], actor=Actor.system()
        )

    version = make()
    assert (version.kind, version.commit, version.assurance, version.features) == ("tree", COMMIT, "declared", ("x",))
    assert {(fact.kind, fact.name, fact.value) for fact in version.facts.all()} == {
        ("metric", "auc", "0.75"),
        ("parameter", "depth", "3"),
        ("tag", "training.digest", "d1g3st"),
    }
    assert {(one.part, one.principal) for one in version.people.all()} >= {("trainer", person)}
    assert [(one.role, one.dataset_version) for one in version.dataset_roles.all()] == [("train", dataset)]
    (tmp_path / "out").mkdir()
    assert (checkout_tree(version.content_id, tmp_path / "out") / "model.txt").read_text() == "weights"
    [event] = read.entries(subject=f"model_version:{version.pk}")
    assert event.document()["data"]["content"] == version.content_id
    assert make().pk == version.pk, "the same run is imported once"
    assert make().source["mlflow_version"] == version.source["mlflow_version"]


@pytest.mark.django_db
@pytest.mark.parametrize("which", ["unknown", "bare"])
def test_a_run_that_is_not_there_or_has_no_model_is_an_error_that_no_retry_mends(store, which):
    model = make_model("imported")
    run_id = "0" * 32 if which == "unknown" else (store / "bare").read_text()
    before = counts()
    with pytest.raises(MlflowError, match=run_id) as caught:
        import_version(model=model, run_id=run_id, features=["x"], datasets=[], actor=Actor.system())
    assert (caught.value.code, caught.value.retriable) == ("mlflow_missing", False)
    assert counts() == before


@pytest.mark.django_db
def test_a_server_that_is_away_is_a_clear_retriable_error_and_nothing_has_changed(away, settings):
    model = make_model("imported")
    before = counts()
    with pytest.raises(MlflowError, match="the MLflow server could not read run abc") as caught:
        import_version(model=model, run_id="abc", features=["x"], datasets=[], actor=Actor.system())
    assert (caught.value.code, caught.value.retriable) == ("mlflow_unavailable", True)
    assert counts() == before


@pytest.fixture
def world(db, settings, monkeypatch, tmp_path) -> World:
    from celery import current_app

    from tests.governance.api.plugins import CheapServing

    settings.PROBITY_CHECKS = {"cheap": f"{PLUGINS}.check"}
    settings.PROBITY_SERVING_BACKENDS = {"local": f"{PLUGINS}.CheapServing"}
    monkeypatch.setattr(CheapServing, "served", {})
    monkeypatch.setattr(CheapServing, "away", False)
    monkeypatch.setattr(current_app, "send_task", lambda *_arguments, **_options: None)
    made = build(tmp_path)
    made.assign(policy_text())
    return made


def live(world: World, run_id: str) -> Deployment:
    """Import the run and take it all the way."""
    link_identity(world.people["engineer"], kind="mlflow", value="ada", actor=world.system)
    version = import_version(model=world.model, run_id=run_id, features=["x"], datasets=[], actor=world.system)
    promotion = world.assessed(version)
    approve(
        promotion,
        actor=world.actor("officer"),
        reason="it meets every limit",
        evaluation_digest=promotion.evaluation_digest,
    )
    start_release(promotion, actor=world.actor("engineer"))
    work(promotion, "release", release)
    return Deployment.objects.select_related("environment", "model", "manifest__champion").get(
        promotion_id=promotion.pk
    )


def alias_events() -> list[tuple[str, str, bool]]:
    found = []
    for entry in read.entries():
        if entry.kind.startswith("alias."):
            data = entry.document()["data"]
            found.append((entry.kind, data["to"], data.get("ok", True)))
    return found


def test_a_release_moves_the_alias_and_what_somebody_moves_is_put_back_and_recorded(world, store):
    deployment = live(world, (store / "run").read_text())
    content = deployment.manifest.champion.content_id
    name, alias = mlflow.registered_name(world.model), world.environment.mlflow_alias
    assert observed(world.environment, world.model) == content
    assert alias_events() == [("alias.intended", content, True), ("alias.observed", content, True)]
    assert aliases() == 0, "an alias that is where it should be is left alone"

    other = mlflow.register(
        name,
        run_id=(store / "bare").read_text(),
        source=mlflow.artifact_uri((store / "run").read_text()),
        tags={"probity.digest": "e" * 64},
    )
    for meddle in (
        lambda: mlflow.set_alias(name, alias, other),
        lambda: mlflow.delete_alias(name, alias),
    ):
        recorded = len(alias_events())
        meddle()
        assert observed(world.environment, world.model) != content
        assert reconcile()["aliases"] == 1
        assert observed(world.environment, world.model) == content
        new = alias_events()[recorded:]
        assert new[-1] == ("alias.observed", content, True)
        assert any(not ok for _, _, ok in new), "that it was found elsewhere is recorded too"
    stop(deployment, actor=world.actor("engineer"), reason="it is to serve no more")
    assert observed(world.environment, world.model) == ""
    mlflow.set_alias(name, alias, other)
    assert aliases() == 1, "also an alias that should point at nothing is put back"
    assert observed(world.environment, world.model) == ""


def test_an_alias_that_cannot_be_moved_is_recorded_and_moved_later(world, store, settings):
    deployment = live(world, (store / "run").read_text())
    content = deployment.manifest.champion.content_id
    there = settings.MLFLOW_TRACKING_URI
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        settings.MLFLOW_TRACKING_URI = f"http://127.0.0.1:{probe.getsockname()[1]}"
    intend(world.environment, world.model, None, actor=world.system)
    assert move_alias(world.environment, world.model, actor=world.system) is False
    failed = [entry.document()["data"] for entry in read.entries(kind="alias.observed")][-1]
    assert (failed["ok"], failed["to"]) == (False, "")
    assert failed["message"].startswith("mlflow_unavailable: ")
    assert reconcile()["aliases"] == 0
    settings.MLFLOW_TRACKING_URI = there
    assert move_alias(world.environment, world.model, actor=world.system) is True
    assert observed(world.environment, world.model) == content


@pytest.mark.parametrize(
    ("uri", "held"), [("sqlite:///{}/mlflow.db", True), ("http://127.0.0.1:9", False)], ids=["embedded", "server"]
)
def test_an_embedded_store_is_opened_by_one_process_at_a_time(settings, monkeypatch, tmp_path, uri, held):
    """Two that made its tables at once broke each other."""
    import mlflow as library

    settings.MLFLOW_TRACKING_URI = uri.format(tmp_path)
    seen = []

    def opened(**_uris):
        with locked(Path(settings.PROBITY_HOME) / mlflow.LOCK, wait=False) as free:
            seen.append(not free)

    Path(settings.PROBITY_HOME).mkdir(exist_ok=True)
    monkeypatch.setattr(library, "MlflowClient", opened)
    mlflow._client()
    assert seen == [held]
