"""Anonymising is a run: it can be polled and cancelled, leaves a whole version or none, and its event once."""

import json

import pyarrow.parquet as pq
import pytest
from celery import current_app

from privacy import anonymize as anonymizing
from privacy import anonymous_rows
from privacy.anonymize import anonymize, start_anonymizing
from privacy.anonymous_rows import write
from privacy.key_changes import current_key, rotate_key, shred_key
from privacy.models import Anonymization, Recipe
from privacy.recipe import RecipeError, apply, propose
from privacy.scan.keyed import ProjectKey
from registry import run
from registry.artifacts import keep_bytes, local_path, read_document
from registry.ledger import read
from registry.models import Actor, Dataset, DatasetVersion, Project, Run
from registry.register import register_dataset_version
from registry.register.datasets import record_dataset_version
from tests.privacy.patients import SCHEMA, patients

pytestmark = pytest.mark.django_db
NOTHING = {"format": "probity.recipe/1", "threshold": "0.4", "columns": [], "identifiers": [], "result": "ANONYMISED"}
PERSONAL = ("name", "email", "phone", "ssn", "note")


@pytest.fixture
def source(settings, monkeypatch, tmp_path, engine) -> DatasetVersion:
    """A registered table with made-up identities; no message leaves, one engine serves every test."""
    settings.PROBITY_HOME = tmp_path / "home"
    monkeypatch.setattr(current_app, "send_task", lambda *_arguments, **_options: None)
    monkeypatch.setattr("privacy.examine.engine", lambda: engine)
    monkeypatch.setattr(anonymizing, "engine", lambda: engine)
    pq.write_table(patients(1, 30), tmp_path / "rows.parquet")
    return register_dataset_version(
        project=Project.default(),
        name="patients",
        file=tmp_path / "rows.parquet",
        schema=SCHEMA,
        actor=Actor.system("command"),
    )


def started(source, recipe=None) -> Run:
    return start_anonymizing(source, actor=Actor.system("command"), recipe=recipe)


def done(queued: Run) -> Run:
    ended = run.perform(str(queued.pk), anonymize)
    assert ended is not None
    return ended


def events(kind: str) -> list[dict]:
    return [entry.document()["data"] for entry in read.entries(kind=kind)]


def dropping(source) -> dict:
    """Return the proposed recipe with every personal column dropped instead."""
    done(started(source))
    proposed = Recipe.objects.get().document
    steps = [one | {"operator": "drop", "parameters": {}} for one in proposed["columns"]]
    return proposed | {"columns": steps, "result": "PSEUDONYMISED"}


def test_a_run_makes_a_version_with_lineage_recipe_and_event(source):
    queued = started(source)
    assert (queued.kind, queued.task, queued.status) == ("anonymize", "privacy.tasks.anonymize", "QUEUED")
    ended = done(queued)
    assert ended.status == "SUCCEEDED", ended.error
    made = DatasetVersion.objects.get(pk=ended.result["dataset_version"])
    assert (made.number, made.parent, made.rows) == (2, source, source.rows)
    assert made.recipe_digest == ended.result["recipe"] == Recipe.objects.get().pk
    assert ended.result["grade"] == made.source["grade"] == "PSEUDONYMISED"
    told = {"source": source.digest, "result": made.digest, "recipe": made.recipe_digest, "grade": "PSEUDONYMISED"}
    assert events("dataset.anonymized") == [told | {"report": ended.result["report"], "key": 1}]
    assert [one["number"] for one in events("privacy_key.made")] == [1]
    before, after = (pq.read_table(local_path(version.content_id)) for version in (source, made))
    for name in PERSONAL:
        assert before[name].to_pylist() != after[name].to_pylist()
    assert before["bmi"].equals(after["bmi"])


def test_the_same_again_gives_the_version_there_is_without_work_or_event(source, monkeypatch):
    first = done(started(source))
    recipe = Recipe.objects.get().document
    monkeypatch.setattr(anonymizing, "_make", lambda *_: pytest.fail("it was made again"))
    for again in (started(source), started(source, recipe)):
        assert again.pk != first.pk
        assert done(again).result == first.result
    assert len(events("dataset.anonymized")) == 1
    assert Dataset.objects.get(name="patients").versions.count() == 2


def test_what_is_under_way_is_not_begun_twice_and_another_recipe_is_another_run(source):
    one = started(source)
    assert started(source).pk == one.pk
    assert started(source, NOTHING).pk != one.pk


def test_two_that_end_at_once_make_one_version_and_one_event(source, monkeypatch):
    """Each finds nothing made; whoever records second gets what the first one made."""
    real = anonymizing.keep_rows

    def meanwhile(*given):
        kept = real(*given)
        monkeypatch.setattr(anonymizing, "keep_rows", real)
        recipe = propose(read_document(str(source.scans.get().report_id)), source.schema)
        assert done(started(source, recipe)).status == "SUCCEEDED"
        return kept

    monkeypatch.setattr(anonymizing, "keep_rows", meanwhile)
    assert done(started(source)).status == "SUCCEEDED"
    assert Anonymization.objects.count() == 1
    assert len(events("dataset.anonymized")) == 1
    assert Run.objects.filter(kind="anonymize", status="SUCCEEDED").count() == 2


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


@pytest.mark.parametrize("place", ["keep_rows", "append"])
def test_a_worker_that_dies_leaves_nothing_half_and_the_next_one_finishes(source, monkeypatch, place):
    real = getattr(anonymizing, place)

    def dies(*given, **named):
        real(*given, **named)
        raise Killed

    queued = started(source)
    with monkeypatch.context() as patched:
        patched.setattr(anonymizing, place, dies)
        with pytest.raises(Killed):
            done(queued)
    assert DatasetVersion.objects.count() == 1
    assert (Recipe.objects.count(), Anonymization.objects.count(), events("dataset.anonymized")) == (0, 0, [])
    queued.refresh_from_db()
    assert queued.status == "RUNNING"
    Run.objects.filter(pk=queued.pk).update(lease_until=queued.created_at)
    assert run.sweep() == 1
    ended = done(queued)
    assert (ended.status, ended.attempt) == ("SUCCEEDED", 2)
    assert len(events("dataset.anonymized")) == 1


def test_a_worker_that_lost_its_lease_records_nothing(source, monkeypatch):
    queued = started(source)
    real = anonymizing.keep_rows

    def slowly(*given):
        Run.objects.filter(pk=queued.pk).update(lease_until=queued.created_at)
        assert run.claim(str(queued.pk)) is not None
        return real(*given)

    monkeypatch.setattr(anonymizing, "keep_rows", slowly)
    assert run.perform(str(queued.pk), anonymize) is None
    assert DatasetVersion.objects.count() == 1
    assert events("dataset.anonymized") == []


def test_a_cancelled_run_stops_at_its_next_sign_of_life(source, monkeypatch):
    queued = started(source)

    def cancelled(*given, **named):
        run.cancel(queued, actor=Actor.system("session"))
        return write(*given, **named)

    monkeypatch.setattr("registry.lease.HEARTBEAT_SECONDS", 0)
    monkeypatch.setattr(anonymous_rows, "write", cancelled)
    assert done(queued).status == "CANCELLED"
    assert DatasetVersion.objects.count() == 1
    assert len(events("run.cancel_requested")) == 1


def test_batches_give_the_same_rows_as_the_whole_and_tell_of_a_sample(source, monkeypatch, engine, tmp_path):
    recipe = dropping(source)
    table = pq.read_table(local_path(source.content_id))
    table = table.set_column(1, "name", table["name"].dictionary_encode())
    pq.write_table(table, tmp_path / "given.parquet")
    proposed, key = Recipe.objects.get().document, ProjectKey(1, b"k" * 32)
    monkeypatch.setattr(anonymous_rows, "BATCH_ROWS", 7)
    monkeypatch.setattr(anonymous_rows, "SAMPLE_ROWS", 10)
    for one in (proposed, recipe):
        made = write(tmp_path / "given.parquet", tmp_path / "made", one, schema=SCHEMA, key=key, engine=engine)
        whole = apply(table, one, key, engine)
        sliced = pq.read_table(tmp_path / "made")
        assert sliced.schema.equals(whole.schema)
        assert sliced.to_pylist() == whole.to_pylist()
        assert made.before["patient_id"].to_pylist() == table["patient_id"].to_pylist()[::3]
        assert made.after.num_rows == 10
        assert (made.left["rows"], made.still_personal) == (30, [])


def test_the_report_tells_what_changed_and_what_the_grade_does_not_say_without_a_value(source):
    ended = done(started(source))
    report = read_document(ended.result["report"])
    columns = {one["column"]: one for one in report["columns"]}
    assert set(columns) == set(PERSONAL)
    assert (columns["email"]["distance"], columns["email"]["changed"]) == ("0", "1")
    assert columns["email"]["distinct"] == [30, 30]
    assert columns["note"]["operator"] == "redact_text"
    assert [sentence for sentence in report["caveats"] if "without a name model: note" in sentence]
    assert [sentence for sentence in report["caveats"] if "No quasi-identifiers" in sentence]
    assert report["key"]["number"] == 1
    assert report["model"] is None
    rows = pq.read_table(local_path(source.content_id))
    raw = {value for name in PERSONAL for value in rows[name].to_pylist()}
    raw |= {word for name in rows["name"].to_pylist() for word in name.split() if len(word) > 3}
    assert [value for value in raw if value in json.dumps(report, ensure_ascii=False)] == []


def test_another_key_makes_another_version_whose_tokens_join_with_none_before(source):
    first = done(started(source))
    rotate_key(source.dataset.project, actor=Actor.system("command"))
    second = done(started(source))
    assert first.result["recipe"] == second.result["recipe"]
    made = [DatasetVersion.objects.get(pk=one.result["dataset_version"]) for one in (first, second)]
    tokens = [set(pq.read_table(local_path(one.content_id))["email"].to_pylist()) for one in made]
    assert tokens[0].isdisjoint(tokens[1])
    assert done(started(source)).result == second.result


def test_without_a_key_nothing_keyed_is_made_and_what_needs_none_is(source):
    actor, project = Actor.system("command"), source.dataset.project
    shred_key(project, current_key(project, actor=actor).number, reason="it leaked", actor=actor)
    ended = done(started(source))
    assert (ended.status, ended.error_code) == ("FAILED", "privacy_key_missing")
    assert DatasetVersion.objects.count() == 1
    harmless = {"columns": [{"name": name, "operator": "drop"} for name in PERSONAL]}
    ended = done(started(source, harmless))
    assert ended.status == "SUCCEEDED", ended.error
    assert events("dataset.anonymized")[0]["key"] == 0


REFUSED = {
    "a column that is not there": (
        lambda recipe: recipe | {"columns": [{"name": "z", "entity": "", "operator": "drop", "parameters": {}}]},
        "recipe_column",
        "'z'",
    ),
    "personal data left": (
        lambda recipe: recipe | {"columns": [one for one in recipe["columns"] if one["name"] != "email"]},
        "still_personal",
        "email",
    ),
}


@pytest.mark.parametrize(("change", "code", "words"), REFUSED.values(), ids=list(REFUSED))
def test_a_recipe_that_does_not_do_ends_the_run_with_its_reason_and_makes_nothing(source, change, code, words):
    ended = done(started(source, change(dropping(source))))
    assert (ended.status, ended.error_code) == ("FAILED", code)
    assert words in ended.error
    assert DatasetVersion.objects.count() == 2, "the source, and what the proposed recipe made"
    assert len(events("dataset.anonymized")) == 1


def test_rows_of_another_form_than_one_parquet_file_are_refused(source):
    text = record_dataset_version(
        project=source.dataset.project,
        name="text",
        content=keep_bytes(b"a,b\n1,2\n", "text/csv"),
        rows=1,
        schema=SCHEMA,
        actor=Actor.system("command"),
    )
    ended = done(started(text, NOTHING | {"columns": [STEP]}))
    assert (ended.status, ended.error_code) == ("FAILED", "anonymize_content")


STEP = {"name": "a", "entity": "", "operator": "drop", "parameters": {}}
NO_RECIPES = {
    "nothing": {},
    "another format": NOTHING | {"format": "probity.recipe/2"},
    "no columns": {name: value for name, value in NOTHING.items() if name != "columns"},
    "a step without an operator": NOTHING | {"columns": [{"name": "a"}]},
    "a step that is text": NOTHING | {"columns": ["drop a"]},
    "parameters that are a list": NOTHING | {"columns": [STEP | {"parameters": []}]},
    "a threshold of none": NOTHING | {"threshold": "0"},
    "a result that it does not give": NOTHING | {"identifiers": ["id"]},
}


@pytest.mark.parametrize("document", NO_RECIPES.values(), ids=list(NO_RECIPES))
def test_what_is_no_recipe_is_refused_before_a_run_is_queued(source, document):
    with pytest.raises(RecipeError) as caught:
        started(source, document)
    assert caught.value.code == "recipe_error"
    assert Run.objects.count() == 0
