"""By the API: redaction on the way through, reveals by two persons, recipes and reports of anonymised versions."""

import logging

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.exports.verify import verify
from governance.models import IdempotencyRecord
from privacy import redact
from privacy.key_changes import current_key
from privacy.models import Anonymization, Recipe
from registry.artifacts import keep_document
from registry.models import Actor, DatasetVersion, Project, Run
from registry.register import create_project, grant_role
from tests.governance.api.world import API, with_token

TEXT = "🧪 Write to zyx.qwerty@example.com or call (415) 555-2671."


@pytest.fixture(scope="module")
def engine():
    from privacy.scan.engine import build_engine

    return build_engine()


@pytest.fixture
def calm(world, engine, settings, monkeypatch, tmp_path):
    """The world with an engine that is there already, keys of its own, and no count of earlier calls."""
    from django.core.cache import cache

    cache.clear()
    settings.PROBITY_HOME = tmp_path / "home"
    monkeypatch.setattr(redact, "engine", lambda: engine)
    return world


def sent(world, who="engineer", **body):
    return world.client(who).post(f"{API}/privacy/redact", {"project": "default", **body})


def test_a_text_comes_back_redacted_with_places_in_code_points(calm):
    told = sent(calm, text=TEXT).json()
    assert told["text"] == "🧪 Write to <EMAIL_ADDRESS> or call <PHONE_NUMBER>."
    assert [told["text"][one["start"] : one["end"]] for one in told["findings"]] == [
        "<EMAIL_ADDRESS>",
        "<PHONE_NUMBER>",
    ]
    assert told["grade"] == "ANONYMISED"
    assert "without a name model" in told["caveats"][0]


def test_what_stays_of_times_and_ages_is_told_unless_rules_take_it(calm):
    text = "She is 34 years old and was seen on 3 May 1980."
    told = sent(calm, text=text).json()
    assert "3 May 1980" in told["text"]
    assert "Times and ages stay" in told["caveats"][-1]
    rules = {name: {"operator": "redact"} for name in ("AGE", "DATE_TIME")}
    told = sent(calm, text=text, entities=rules).json()
    assert "1980" not in told["text"]
    assert not any("Times and ages" in one for one in told["caveats"])


def test_records_keep_their_shape_and_field_names_are_context(calm):
    record = {
        "email": "zyx.qwerty@example.com",
        "n": 5,
        "card": 4111111111111111,
        "deep": {"a/b": ["x", TEXT, None, True]},
    }
    told = sent(calm, records=[record, {}]).json()
    first = told["records"][0]
    assert (first["email"], first["n"], first["card"], told["records"][1]) == ("<EMAIL_ADDRESS>", 5, None, {})
    assert first["deep"]["a/b"][2:] == [None, True]
    assert "/0/deep/a~1b/1" in {one["place"] for one in told["findings"]}
    assert "example.com" not in str(told)


def test_keyed_rules_join_with_what_the_project_s_key_makes_elsewhere(calm):
    rules = {"EMAIL_ADDRESS": {"operator": "pseudonym"}, "PHONE_NUMBER": {"operator": "reversible"}}
    told = sent(calm, text=TEXT, entities=rules).json()
    key = current_key(Project.default(), actor=Actor.system())
    assert key.pseudonym("EMAIL_ADDRESS", "ZYX.qwerty@example.com") in told["text"]
    sealed = told["text"].rpartition("call ")[2].rstrip(".")
    assert key.opened(sealed) == "(415) 555-2671"
    assert told["grade"] == "PSEUDONYMISED"


def test_nothing_of_it_is_kept_or_logged(calm, caplog):
    with caplog.at_level(logging.DEBUG):
        answer = calm.client("engineer").post(
            f"{API}/privacy/redact", {"project": "default", "text": TEXT}, headers={"Idempotency-Key": "one"}
        )
    assert answer.status_code == 200
    assert "qwerty" not in caplog.text
    assert (IdempotencyRecord.objects.count(), Run.objects.filter(kind="scan").count()) == (0, 0)


@pytest.mark.parametrize(
    ("who", "body", "refusal"),
    [
        ("auditor", {"text": "x"}, (403, "not_permitted")),
        ("engineer", {"project": "another", "text": "x"}, (404, "not_found")),
        ("engineer", {}, (422, "invalid")),
        ("engineer", {"text": "x", "records": [{}]}, (422, "invalid")),
        ("engineer", {"text": "x", "threshold": 0}, (422, "invalid")),
        ("engineer", {"text": "x", "entities": {"PERSON": {"operator": "drop"}}}, (422, "recipe_error")),
        ("engineer", {"records": [{"a": [{"jane@example.org": 1}]}]}, (422, "redact_text")),
        ("engineer", {"text": "x" * 1001}, (413, "too_large")),
        ("engineer", {"records": [{"k" * 600: "v" * 600}]}, (413, "too_large")),
    ],
)
def test_what_may_not_be_is_refused(calm, settings, who, body, refusal):
    settings.PROBITY_REDACT_CHARACTERS = 1000
    answer = sent(calm, who, **body)
    assert (answer.status_code, answer.json()["code"]) == refusal
    assert "jane" not in answer.content.decode()


def test_a_caller_waits_after_so_many_calls(calm, settings):
    settings.PROBITY_REDACTS_PER_MINUTE = 2
    answers = [sent(calm, text="") for _call in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert int(answers[2]["Retry-After"]) >= 1


def test_two_persons_open_a_sealed_value_and_its_answer_is_not_kept(calm):
    token = current_key(Project.default(), actor=Actor.system()).sealed("PERSON", "Zyx Qwerty", joins=False)
    body = {"project": "default", "tokens": [token], "reason": "a call back"}
    assert calm.client("engineer").post(f"{API}/reveals", body).json()["code"] == "not_permitted"
    reveal = calm.client("officer").post(f"{API}/reveals", body).json()
    address = f"{API}/reveals/{reveal['id']}"
    tokens = {"tokens": [token]}
    assert calm.client("officer").post(f"{address}/open", tokens).json()["code"] == "reveal_state"
    assert calm.client("officer").post(f"{address}/grant").json()["code"] == "same_person"
    assert calm.client("second").post(f"{address}/grant").status_code == 200
    answer = calm.client("officer").post(f"{address}/open", tokens, headers={"Idempotency-Key": "once"})
    assert answer.json()["values"] == ["Zyx Qwerty"]
    assert answer["Cache-Control"] == "no-store"
    again = calm.client("officer").post(f"{address}/open", tokens, headers={"Idempotency-Key": "once"})
    assert again.json()["values"] is None
    assert "Qwerty" not in str(list(IdempotencyRecord.objects.values()))
    assert calm.client("auditor").get(f"{API}/reveals").json()["results"][0]["opened_at"] is not None
    assert verify().faults == ()


@pytest.mark.skipif(not connection.features.has_select_for_update, reason="SQLite locks the whole database")
def test_the_role_by_which_somebody_asks_for_values_stays_until_it_is_recorded(calm):
    token = current_key(Project.default(), actor=Actor.system()).sealed("PERSON", "Zyx Qwerty", joins=False)
    body = {"project": "default", "tokens": [token], "reason": "a call back"}
    client = calm.client("officer")
    with CaptureQueriesContext(connection) as queries:
        assert client.post(f"{API}/reveals", body).status_code == 201
    assert any("registry_roleassignment" in one["sql"] and "FOR UPDATE" in one["sql"] for one in queries)


def test_recipes_and_reports_are_printed_to_those_who_see_the_project(calm):
    source, person = DatasetVersion.objects.get(), calm.people["engineer"]
    assert calm.client("engineer").get(f"{API}/dataset-versions/{source.pk}/recipe").status_code == 404
    run = Run.objects.create(
        kind="anonymize", task="t", project=source.dataset.project, subject="x", requested_by=person
    )
    recipe = Recipe.objects.create(
        pk="a" * 64, document_text='{"columns":[]}', project=source.dataset.project, created_by=person
    )
    made = Anonymization.objects.create(
        source=source, recipe=recipe, result=source, grade="ANONYMISED", run=run, report=keep_document({"rows": 2})
    )
    told = calm.client("auditor").get(f"{API}/anonymizations/{made.pk}").json()
    assert (told["recipe"], told["key_number"], told["document"]) == (recipe.pk, 0, {"rows": 2})
    assert calm.client("auditor").get(f"{API}/recipes/{recipe.pk}").json()["document"] == {"columns": []}
    assert len(calm.client("auditor").get(f"{API}/anonymizations?source={source.pk}").json()["results"]) == 1
    other = create_project(slug="other", name="Other", actor=calm.system)
    grant_role(calm.people["stranger"], project=other, role="auditor", actor=calm.system)
    stranger = with_token(calm.token("stranger", project=other))
    addresses = (f"anonymizations/{made.pk}", f"recipes/{recipe.pk}", f"dataset-versions/{source.pk}/recipe")
    assert [stranger.get(f"{API}/{one}").status_code for one in addresses] == [404] * 3


def test_a_recipe_in_yaml_is_read_and_queued_or_refused_by_its_line(world, monkeypatch):
    monkeypatch.setattr("registry.queue.current_app.send_task", lambda *_arguments, **_options: None)
    address = f"{API}/dataset-versions/{DatasetVersion.objects.get().pk}/anonymize"
    text = "columns:\n  - {name: x, operator: bin, parameters: {width: 0.5}}\n"
    queued = world.client("engineer").post(address, {"recipe_yaml": text, "model": True})
    assert queued.status_code == 202, queued.json()
    arguments = Run.objects.get(pk=queued.json()["id"]).arguments
    assert arguments["recipe"]["columns"][0]["parameters"] == {"width": "0.5"}
    assert arguments["model"] is True
    for body, code in (({"recipe_yaml": "a: ["}, "recipe_error"), ({"recipe_yaml": text, "recipe": {}}, "invalid")):
        refused = world.client("engineer").post(address, body)
        assert (refused.status_code, refused.json()["code"]) == (422, code)
