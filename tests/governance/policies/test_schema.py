"""Policies in YAML: the same document from every way of writing it, and mistakes named by line, place and value."""

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from governance.policies.library import NAMES, library_text
from governance.policies.schema import SCHEMA, PolicyDocumentError, load_policy_yaml, policy_digest
from governance.policies.source import DEEPEST, LARGEST_SOURCE, PolicySourceError, read_source
from governance.rules.policy import CheckRule, WatchRule, read_policy
from governance.rules.reading import PolicyError
from registry.canonical import canonical, digest, parse

SMALL = """\
name: small
version: "1.0"
tier: low
checks:
  - check: performance
    max_age_days: 30
    parameters:
      share: 0.10
      replicates: 500
    limits:
      - metric: performance.auc
        min: 0.60
        max: 1
approval:
  automatic: true
"""


def load(old: str = "", new: str = "") -> dict[str, Any]:
    assert old in SMALL
    return load_policy_yaml(SMALL.replace(old, new, 1))


@pytest.mark.parametrize("name", NAMES)
def test_the_library_holds_policies_of_its_names(name):
    document = load_policy_yaml(library_text(name))
    assert (document["name"], document["tier"]) == (name, name.removesuffix("-risk"))
    assert read_policy(document).document() == document
    assert parse(canonical(document)) == document
    assert policy_digest(document) == digest(document)


def test_the_library_knows_no_other_policy():
    with pytest.raises(KeyError, match="no policy 'none'; it has low-risk"):
        library_text("none")


@pytest.mark.parametrize("name", NAMES)
def test_the_library_limits_only_what_the_checks_measure(name):
    from monitoring.checks import data_quality, drift, explainability, fairness, model_files, performance
    from privacy.checks import pii

    known = {
        one.check.name: one.check
        for one in (data_quality, drift, explainability, fairness, model_files, performance, pii)
    }
    policy = read_policy(load_policy_yaml(library_text(name)))
    rules: list[CheckRule | WatchRule] = [*policy.checks, *(policy.watch.checks if policy.watch else ())]
    assert rules
    for rule in rules:
        assert {limit.metric for limit in rule.limits} <= set(known[rule.check].metrics)
        assert known[rule.check].needs(rule.parameters)


def test_the_schema_is_a_schema():
    Draft202012Validator.check_schema(SCHEMA)


def test_numbers_keep_the_digits_that_the_author_wrote():
    document = load()
    limit = document["checks"][0]["limits"][0]
    assert (limit["min"], limit["max"]) == ("0.60", "1")
    assert document["checks"][0]["parameters"] == {"share": "0.10", "replicates": 500}


def test_a_number_that_no_float_could_hold_keeps_its_digits():
    assert load("0.60", "0.1000000000000000055511151231")["checks"][0]["limits"][0]["min"] == (
        "0.1000000000000000055511151231"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("min: 0.60", 'min: "0.60"'),
        ("max: 1", "max: '1'"),
        ("tier: low", "tier: low # a comment"),
        ('version: "1.0"', "version: 1.0"),
        ("  automatic: true", "  automatic: true\n  valid_days: 30\n  unmapped_identity: block"),
        ("tier: low\n", "tier: low\nwatch: null\ndescription: ''\n"),
    ],
)
def test_different_ways_of_writing_are_one_document(old, new):
    assert load(old, new) == load()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0.60", "0.61"),
        ("auc", "f1"),
        ("500", "501"),
        ("30", "31"),
        ("automatic: true", "automatic: true\n  valid_days: 29"),
    ],
)
def test_another_meaning_is_another_digest(old, new):
    assert policy_digest(load(old, new)) != policy_digest(load())


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("tier: low", "tier: low\ntier: high", 4, "tier is written twice, first in line 3"),
        ("        min: 0.60", "        min: 0.60\n        min: 0.7", 13, "checks[0].limits[0].min is written twice"),
        ("  automatic: true", "  automatic: &a true", 15, "anchors and aliases are not allowed"),
        ("  automatic: true", "  automatic: *a", 15, "anchors and aliases are not allowed"),
        ("tier: low", "tier: !!str low", 3, "the tag 'tag:yaml.org,2002:str' is not allowed"),
        ("tier: low", "tier: !!python/name:os.system x", 3, "is not allowed"),
        ("tier: low", "<<: {}\ntier: low", 3, "the key << is not text"),
        ("tier: low", "1: low", 3, "the key 1 is not text"),
        ("tier: low", "? [a]\n: low", 3, "the key a list or mapping is not text"),
        ("min: 0.60", "min: .nan", 12, "checks[0].limits[0].min is .nan; write a plain decimal number"),
        ("min: 0.60", "min: -.inf", 12, "-.inf"),
        ("min: 0.60", "min: 6.0e-1", 12, "6.0e-1"),
        ("min: 0.60", "min: 1_000.5", 12, "1_000.5"),
        ("min: 0.60", "min: 1:30", 12, "1:30"),
        ("min: 0.60", "min: 0x1F", 12, "0x1F"),
        ("max_age_days: 30", "max_age_days: 030", 6, "030"),
        ("max_age_days: 30", "max_age_days: 99999999999999999999999", 6, "9999"),
        ("automatic: true", "automatic: yes", 15, "approval.automatic is yes; write true or false"),
        ("tier: low", "tier: [low", 4, "this is not YAML"),
        ("tier: low", "tier: low\n---\nname: two", 4, "this is not YAML"),
        ("tier: low", "\ttier: low", 3, "this is not YAML"),
        ("small", "sm\x00all", 1, "this is not YAML"),
    ],
)
def test_what_is_not_plain_yaml_is_refused_by_line(old, new, line, words):
    with pytest.raises(PolicySourceError, match=re.escape(words)) as caught:
        load(old, new)
    assert (caught.value.line, caught.value.code) == (line, "policy_source_refused")
    assert str(caught.value).startswith(f"line {line}: ")
    assert isinstance(caught.value, PolicyError)


@pytest.mark.parametrize("text", ["", "# nothing\n"])
def test_nothing_is_no_policy(text):
    with pytest.raises(PolicySourceError, match="the text is empty"):
        load_policy_yaml(text)


@pytest.mark.parametrize("text", ["text", "- a\n- b\n", "3\n"])
def test_what_is_no_mapping_is_no_policy(text):
    with pytest.raises(PolicyDocumentError, match="must be of the type object"):
        load_policy_yaml(text)


def test_deep_nesting_and_great_size_are_refused_before_they_cost_anything():
    with pytest.raises(PolicySourceError, match=f"deeper than {DEEPEST}"):
        read_source("a: " + "[" * 5000)
    with pytest.raises(PolicySourceError, match=f"at most {LARGEST_SOURCE}"):
        read_source("#" * (LARGEST_SOURCE + 1))


@pytest.mark.parametrize(
    ("old", "new", "line", "place", "words"),
    [
        ("tier: low", "teir: low", 3, "teir", "Did you mean 'tier'?"),
        ("        min: 0.60", "        minn: 0.60", 12, "checks[0].limits[0].minn", "Did you mean 'min'?"),
        ("automatic", "automatics", 15, "approval.automatics", "Did you mean 'automatic'?"),
        (
            "tier: low",
            "tier: hihg",
            3,
            "tier",
            "tier is 'hihg'; it must be one of low, limited, high. Did you mean 'high'?",
        ),
        ("tier: low\n", "", 1, "", "the policy lacks the key 'tier'"),
        ("    max_age_days: 30\n", "", 5, "checks[0]", "checks[0] lacks the key 'max_age_days'"),
        ("max_age_days: 30", "max_age_days: 0", 6, "checks[0].max_age_days", "is 0; it must be at least 1."),
        ("max_age_days: 30", "max_age_days: 99999", 6, "checks[0].max_age_days", "it must be at most 3660."),
        (
            "max_age_days: 30",
            "max_age_days: 1.5",
            6,
            "checks[0].max_age_days",
            "is '1.5'; it must be of the type integer",
        ),
        ("min: 0.60", "min: lots", 12, "checks[0].limits[0].min", "is 'lots'; it must match"),
        ("min: 0.60", "min: [0.6]", 12, "checks[0].limits[0].min", "of the type string or integer or null"),
        ('version: "1.0"', "version: 1", 2, "version", "is 1; it must be of the type string"),
        ("min: 0.60", "min: 1.5", 12, "checks[0].limits[0].min", "is 1.5, above max, which is 1"),
        ("auc\n        min: 0.60\n        max: 1", "auc", 11, "checks[0].limits[0]", "limits nothing"),
        ("performance.auc", "fairness.tpr", 11, "checks[0].limits[0]", "does not measure it"),
        ("  automatic: true", "  stages: []", 15, "approval.stages", "has 0 entries; it needs at least 1"),
        ("tier: low", "tier: high", 15, "approval.automatic", "only the low tier"),
        ("tier: low", "tier: low\nwatch: {}", 4, "watch", "watch lacks the key 'checks'"),
        ("tier: low", "tier: low\nwatch: often", 4, "watch", "is 'often'; it must be of the type object or null"),
    ],
)
def test_what_is_no_policy_is_refused_by_line_and_place(old, new, line, place, words):
    with pytest.raises(PolicyDocumentError) as caught:
        load(old, new)
    sentence = next(text for number, where, text in caught.value.problems if (number, where) == (line, place))
    assert words in sentence
    assert f"line {line}: {sentence}" in str(caught.value)
    assert caught.value.code == "policy_refused"


def test_every_problem_is_named_at_once_in_the_order_of_the_lines():
    text = (
        SMALL.replace("tier: low", "tier: lowest")
        .replace("max_age_days: 30", "max_days: 30")
        .replace("auc\n", "auc\n        n: 3\n")
    )
    with pytest.raises(PolicyDocumentError) as caught:
        load_policy_yaml(text)
    assert [line for line, _, _ in caught.value.problems] == [3, 5, 6, 12]


def test_a_long_value_is_cut_and_many_problems_are_counted():
    with pytest.raises(PolicyDocumentError) as caught:
        load("low", "l" * 500)
    assert "l" * 100 not in str(caught.value)
    unknown = "".join(f"key{number}: 1\n" for number in range(30))
    with pytest.raises(PolicyDocumentError, match="and 10 more problems"):
        load("tier: low\n", f"tier: low\n{unknown}")


def test_parameters_are_left_to_their_check_even_where_they_look_like_limits():
    document = load("      share: 0.10", "      shares:\n        - metric: x\n          min: 3\n")
    assert document["checks"][0]["parameters"]["shares"] == [{"metric": "x", "min": 3}]


def test_the_schema_and_the_rules_know_the_same_keys():
    full = load_policy_yaml(library_text("high-risk"))
    assert set(SCHEMA["properties"]) == set(full)
    assert list(Draft202012Validator(SCHEMA).iter_errors(full)) == []
    limit = SCHEMA["properties"]["checks"]["items"]["properties"]["limits"]["items"]["properties"]
    assert set(limit) == set(full["checks"][0]["limits"][0])
