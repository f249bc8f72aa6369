"""A published policy is known by its digest, says one thing, and never changes."""

import pytest
from django.db import IntegrityError, transaction

from governance.models import Policy
from governance.policies.publish import PolicyVersionTakenError, publish
from governance.policies.schema import PolicyDocumentError
from governance.rules.policy import read_policy
from registry.canonical import digest
from registry.ledger import read
from tests.governance.stage import DEFAULTS, POLICY


def text(**changes):
    return POLICY.format(**DEFAULTS | changes)


def test_a_policy_is_kept_under_the_digest_of_what_it_says_and_is_on_record(bare_stage):
    policy = publish(text=text(), actor=bare_stage.actor("officer"))
    assert policy.pk == digest(policy.document)
    assert read_policy(policy.document).document() == policy.document
    assert policy.published_by == bare_stage.people["officer"]
    event = [one.document() for one in read.entries(kind="policy.published")][-1]
    assert (event["subject_digest"], event["policy"]) == (policy.pk, policy.pk)
    assert event["data"] == {"name": "staged", "version": "1"}


@pytest.mark.parametrize(
    "again",
    [
        text(),
        text() + "\n# a comment says nothing\n",
        text().replace('"0.6"', "0.6"),
        text().replace("  valid_days: 14\n", "").replace("approval:\n", "approval:\n  valid_days: 14\n"),
    ],
    ids=["the same text", "a comment", "another way of writing a number", "another order"],
)
def test_the_same_policy_published_again_is_the_one_there_is(bare_stage, again):
    first = publish(text=text(), actor=bare_stage.actor("officer"))
    assert publish(text=again, actor=bare_stage.actor("risk")) == first
    assert Policy.objects.count() == 1
    assert len(list(read.entries(kind="policy.published"))) == 1


@pytest.mark.parametrize("change", [{"auc": "0.5"}, {"breach": "review"}, {"max_age": "31"}, {"severity": "WARN"}])
def test_a_name_and_version_mean_one_policy_for_ever(bare_stage, change):
    publish(text=text(), actor=bare_stage.actor("officer"))
    other = {**change, "waivable": ""} if "severity" in change else change
    with pytest.raises(PolicyVersionTakenError, match="staged 1 is published already and says something else"):
        publish(text=text(**other), actor=bare_stage.actor("officer"))
    assert publish(text=text(**other, version="2"), actor=bare_stage.actor("officer")).version == "2"


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("", "line 1"),
        ("name: staged", "line"),
        (text(auc="better"), "min is 'better'"),
        (text(breach="pray"), "pray"),
        (text(max_age="0"), "max_age_days is 0"),
        (text(stages=""), "stages"),
        (text().replace("tier: limited", "tier: extreme"), "tier is 'extreme'"),
        (text() + "surprise: 1\n", "surprise"),
        (text().replace("requester, ", ""), "lacks 'requester'"),
        (text().replace("performance.auc, bound: value", "fairness.auc, bound: value"), "does not measure it"),
    ],
)
def test_what_is_no_policy_is_refused_with_its_place_and_leaves_nothing(bare_stage, bad, message):
    with pytest.raises((PolicyDocumentError, ValueError), match=message):
        publish(text=bad, actor=bare_stage.actor("officer"))
    assert not Policy.objects.exists()
    assert not list(read.entries(kind="policy.published"))


def test_the_database_refuses_to_change_or_remove_a_policy(bare_stage):
    policy = publish(text=text(), actor=bare_stage.actor("officer"))
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Policy.objects.filter(pk=policy.pk).update(document_text="{}")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Policy.objects.filter(pk=policy.pk)._raw_delete(using="default")
    assert Policy.objects.get().document == policy.document
