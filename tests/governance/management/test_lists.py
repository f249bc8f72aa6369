"""The lists of checks and events are those of this installation, for people and for programs."""

import json
from io import StringIO

from django.conf import settings
from django.core.management import call_command

from registry.ledger.events import TYPES, kinds


def printed(*arguments):
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_every_check_is_listed_with_its_page_and_its_metrics():
    listed = json.loads(printed("list_checks", "--json"))
    assert {one["name"] for one in listed} == set(settings.PROBITY_CHECKS)
    for one in listed:
        assert len(one["page"].splitlines()) > 5, one["name"]
        assert all(metric.startswith(f"{one['name']}.") and said for metric, said in one["metrics"].items())
        assert all(f"`{metric}`" in printed("list_checks") for metric in list(one["metrics"])[:1])


def test_every_event_is_listed_with_what_it_says_and_its_fields():
    listed = json.loads(printed("list_events", "--json"))
    assert [one["name"] for one in listed] == [kind.name for kind in kinds()]
    assert {name.rstrip("?") for one in listed for name in one["fields"].values()} <= set(TYPES)
    assert "| `promotion.requested` | Somebody asks for a manifest to be released |" in printed("list_events")
