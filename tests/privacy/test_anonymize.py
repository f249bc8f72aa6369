"""Anonymising is a run: it can be polled and cancelled, leaves a whole version or none, and its event once."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from celery import current_app
from pyarrow.csv import write_csv

from privacy import anonymize as anonymizing
from privacy import anonymous_rows, anonymous_work, chunk_work, examine, tasks
from privacy.anonymize import anonymize, start_anonymizing
from privacy.anonymous_report import examples
from privacy.anonymous_rows import AnonymizeContentError, join, sample, tables_of, treat
from privacy.anonymous_work import folder_of, forget
from privacy.key_changes import current_key, rotate_key, shred_key
from privacy.models import Anonymization, PartitionScan, Recipe, ScanChunk
from privacy.recipe import RecipeError, apply, propose
from privacy.scan.keyed import ProjectKey
from privacy.scan.scan import scan
from registry import run
from registry.artifacts import keep_bytes, keep_tree, local_path, read_document, store
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
    ended = run.perform(str(queued.pk), anonymize, stop=forget)
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
        return treat(*given, **named)

    monkeypatch.setattr("registry.lease.HEARTBEAT_SECONDS", 0)
    monkeypatch.setattr(chunk_work, "BEAT_SECONDS", 0)
    monkeypatch.setattr(anonymous_work, "treat", cancelled)
    assert done(queued).status == "CANCELLED"
    assert DatasetVersion.objects.count() == 1
    assert nothing_is_left_of(queued)
    assert len(events("run.cancel_requested")) == 1


def nothing_is_left_of(ended: Run) -> bool:
    return not folder_of(ended).exists() and not PartitionScan.objects.filter(result__isnull=True).exists()


def test_batches_and_parts_give_the_same_rows_as_the_whole_and_tell_of_a_sample(source, monkeypatch, engine, tmp_path):
    table = pq.read_table(local_path(source.content_id))
    table = table.set_column(1, "name", table["name"].dictionary_encode())
    recipe = propose(scan(table, SCHEMA, engine=engine), SCHEMA)
    key, target = ProjectKey(1, b"k" * 32), tmp_path / "made.parquet"
    monkeypatch.setattr(anonymous_rows, "BATCH_ROWS", 7)
    monkeypatch.setattr(anonymous_rows, "SAMPLE_ROWS", 10)
    for part in (0, 1):
        treat([table.slice(15 * part, 15)], tmp_path / f"{part}", recipe, key=key, engine=engine)
    join([tmp_path / "0", tmp_path / "1"], target, "the rows")
    whole, made = apply(table, recipe, key, engine), pq.read_table(target)
    assert made.schema.equals(whole.schema)
    assert made.to_pylist() == whole.to_pylist()
    assert sample(tables_of(target), 30)["patient_id"].to_pylist() == table["patient_id"].to_pylist()[::3]


def test_signs_of_life_are_given_while_texts_are_searched(engine, tmp_path):
    table, signs = patients(1, 300).select(["note", "email"]), []
    recipe = propose(scan(table, {}, engine=engine), {})
    treat(
        [table],
        tmp_path / "made",
        recipe,
        key=ProjectKey(1, b"k" * 32),
        engine=engine,
        progress=lambda: signs.append(1),
    )
    assert len(signs) > 20, "once for the batch, once for each step, and many times within"


def test_what_is_joined_has_row_groups_of_a_size_to_scan_not_of_the_batches_that_were_treated(tmp_path):
    rows = pa.table({"n": list(range(100))})
    for name in ("a", "b"):
        pq.write_table(rows, tmp_path / name, row_group_size=10)
    join([tmp_path / "a", tmp_path / "b"], tmp_path / "c", "the rows")
    assert pq.read_metadata(tmp_path / "c").num_row_groups == 2
    assert pq.read_table(tmp_path / "c").equals(pa.concat_tables([rows, rows]).combine_chunks())


def test_parts_of_other_types_are_not_joined(tmp_path):
    for name, value in (("a", 1), ("b", "x")):
        pq.write_table(pa.table({"n": [value]}), tmp_path / name)
    with pytest.raises(AnonymizeContentError, match="the rows: the columns or their types change"):
        join([tmp_path / "a", tmp_path / "b"], tmp_path / "c", "the rows")


def partitions(source, folder, *, text=False) -> DatasetVersion:
    """Register the rows of the source once more, as partitions of two chunks each, or as one CSV file."""
    rows = pq.read_table(local_path(source.content_id))
    folder.mkdir()
    if text:
        write_csv(rows, folder / "rows.csv")
        content = keep_bytes((folder / "rows.csv").read_bytes(), "text/csv")
    else:
        for number in range(3):
            pq.write_table(rows.slice(10 * number, 10), folder / f"part-{number}.parquet", row_group_size=5)
        content = keep_tree(folder)
    actor = Actor.system("command")
    project = source.dataset.project
    return record_dataset_version(project=project, name="parts", content=content, rows=30, schema=SCHEMA, actor=actor)


def test_partitions_stay_partitions_and_join_with_the_same_rows_in_one_file(source, tmp_path):
    version = partitions(source, tmp_path / "parts")
    one, many = done(started(source)), done(started(version))
    assert many.status == "SUCCEEDED", many.error
    made = DatasetVersion.objects.get(pk=many.result["dataset_version"])
    entries = read_document(made.content_id)
    assert [entry["path"] for entry in entries] == [f"part-{number}.parquet" for number in range(3)]
    joined = pa.concat_tables([pq.read_table(store().path(entry["sha256"])) for entry in entries])
    whole = DatasetVersion.objects.get(pk=one.result["dataset_version"])
    assert joined.equals(pq.read_table(local_path(whole.content_id)))
    assert (made.rows, made.parent) == (30, version)
    assert nothing_is_left_of(many)


def test_text_becomes_parquet_with_the_same_tokens(source, tmp_path):
    version = partitions(source, tmp_path / "text", text=True)
    parquet, text = done(started(source)), done(started(version))
    assert text.status == "SUCCEEDED", text.error
    one, other = (
        pq.read_table(local_path(DatasetVersion.objects.get(pk=ended.result["dataset_version"]).content_id))
        for ended in (parquet, text)
    )
    assert one["email"].to_pylist() == other["email"].to_pylist()
    assert {str(kind) for kind in other.schema.types} == {"string"}


def test_a_nested_column_whose_fields_are_named_by_values_is_dropped_or_no_version_is_made(source):
    lines = "".join(json.dumps({"y": str(n % 2), "who": {f"ann{n % 3}@example.org": 1}}) + "\n" for n in range(30))
    version = record_dataset_version(
        project=source.dataset.project,
        name="nested",
        content=keep_bytes(lines.encode(), "application/x-ndjson"),
        rows=30,
        schema={key: [] for key in SCHEMA} | {"target": "y", "positive": "1"},
        actor=Actor.system("command"),
    )
    ended = done(started(version))
    assert (ended.status, ended.error_code) == ("FAILED", "still_personal")
    assert "left in: who;" in ended.error
    assert "example.org" not in ended.error
    assert not Anonymization.objects.exists()
    dropped = done(started(version, {"columns": [{"name": "who", "operator": "drop"}]}))
    assert dropped.status == "SUCCEEDED", dropped.error


def test_the_new_version_is_scanned_and_its_scan_is_the_one_that_a_worker_would_make(source):
    ended = done(started(source))
    made = DatasetVersion.objects.get(pk=ended.result["dataset_version"])
    known = made.scans.get()
    rows = pq.read_table(local_path(made.content_id))
    assert read_document(known.report_id) == scan(rows, made.schema, engine=anonymizing.engine(), dataset=made.digest)
    assert known.run == ended
    assert examine.examine(made, actor=Actor.system("command")) == known
    assert len(events("dataset.scanned")) == 2


def test_helpers_treat_chunks_and_nothing_is_treated_twice(source, monkeypatch, tmp_path):
    queued, treated = started(partitions(source, tmp_path / "parts")), []
    real, ask = anonymous_work.treat, anonymous_work.ask_for_help

    def counted(tables, target, *given, **named):
        treated.append(target)
        real(tables, target, *given, **named)

    def helped(rows, run_, task):
        ask(rows, run_, task)
        for chunk in list(ScanChunk.objects.filter(partition__in=rows))[2:]:
            tasks.anonymize_chunk(str(run_.pk), str(chunk.pk))
            tasks.anonymize_chunk(str(run_.pk), str(chunk.pk))
        assert len(treated) == 4

    monkeypatch.setattr(anonymous_work, "treat", counted)
    monkeypatch.setattr(anonymous_work, "ask_for_help", helped)
    assert done(queued).status == "SUCCEEDED"
    assert len(treated) == 6


def test_who_takes_over_goes_on_with_the_same_key_and_what_is_done(source, monkeypatch, tmp_path):
    version, treated = partitions(source, tmp_path / "parts"), []
    queued, real = started(version), anonymous_work.treat

    def dies(tables, target, *given, **named):
        treated.append(named["key"].number)
        if len(treated) == 4:
            raise Killed
        real(tables, target, *given, **named)

    monkeypatch.setattr(anonymous_work, "treat", dies)
    monkeypatch.setattr(chunk_work.ChunkLease, "give_back", lambda _lease: None)
    with pytest.raises(Killed):
        done(queued)
    rotate_key(source.dataset.project, actor=Actor.system("command"))
    ScanChunk.objects.update(lease_until=queued.created_at)
    Run.objects.filter(pk=queued.pk).update(lease_until=queued.created_at)
    ended = done(queued)
    assert (ended.status, ended.error, ended.attempt) == ("SUCCEEDED", "", 2)
    assert treated == [1] * 7, "three before, then the one that was lost and the two after it"
    assert events("dataset.anonymized")[0]["key"] == 1


def test_a_part_that_is_lost_ends_the_run(source, monkeypatch, tmp_path):
    version, real = partitions(source, tmp_path / "parts"), anonymous_work.gathered
    queued = started(version)

    def loses(of):
        found = real(of)
        next(folder_of(queued).glob("*/*.parquet")).unlink()
        return found

    with monkeypatch.context() as patched:
        patched.setattr(anonymous_work, "gathered", loses)
        ended = done(queued)
    assert (ended.status, ended.error_code) == ("FAILED", "part_lost")
    assert "30 rows were written, and 25 are there" in ended.error
    assert nothing_is_left_of(ended)


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


@pytest.mark.parametrize(
    ("operator", "parameters", "pair", "shown"),
    [
        ("mask", {"keep_last": 4}, ("123-45-6789", "***-**-6789"), ["***-**-****", "***-**-····"]),
        ("bin", {"width": 10}, (415_555_0134, 415_555_0130), ["**********", "**********"]),
        ("bin", {"unit": "year"}, ("1980-02-03", "1980"), ["****-**-**", "1980"]),
        ("redact", {}, ("123-45-6789", "<REDACTED>"), ["***-**-****", "<REDACTED>"]),
        ("redact_text", {}, ("SSN 123", "SSN ***"), ["··· ···", "··· ***"]),
    ],
)
def test_examples_hide_also_what_was_kept_of_a_value(operator, parameters, pair, shown):
    step = {"entity": "US_SSN", "operator": operator, "parameters": parameters}
    assert examples(step, *(pa.array([value]) for value in pair)) == [shown]


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        ({"columns": [{"name": "age", "operator": "bin", "parameters": {"width": 200}}]}, "with at least 29 others in"),
        (None, "this is not anonymous"),
        ({"columns": [{"name": name, "operator": "drop"} for name in ("age", "bmi")]}, "was not measured"),
    ],
)
def test_the_report_tells_how_easily_somebody_is_found_again(source, recipe, words):
    quasi = ["age"] if recipe and "bin" in str(recipe) else ["age", "bmi"]
    declared = record_dataset_version(
        project=source.dataset.project,
        name="declared",
        content=source.content,
        rows=30,
        schema=SCHEMA | {"quasi_identifiers": quasi},
        actor=Actor.system("command"),
    )
    ended = done(started(declared, recipe))
    assert ended.status == "SUCCEEDED", ended.error
    report = read_document(ended.result["report"])
    assert [sentence for sentence in report["caveats"] if words in sentence]
    assert (report["risk"] is None) == ("not measured" in words and "29" not in words)


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
