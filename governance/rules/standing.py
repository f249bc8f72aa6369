"""What is live, judged again: which items no longer hold beside what was accepted when it was released."""

from collections.abc import Mapping
from typing import Any

from governance.rules.evaluate import BLOCKING, TO_ACKNOWLEDGE


def lost_items(released: Mapping[str, Any], present: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the keys of the present evaluation that do not hold, sorted.

    An item does not hold when it blocks and is not waived, or when it asks for a person's word that nobody gave for
    this outcome at the release. Both are documents of evaluations, perhaps under different policies.
    """
    asked = set(released["acknowledge"])
    accepted = {(item["key"], item["outcome"]) for item in released["items"] if item["key"] in asked}
    return tuple(sorted(item["key"] for item in present["items"] if _is_lost(item, accepted)))


def _is_lost(item: Mapping[str, Any], accepted: set[tuple[str, str]]) -> bool:
    if item["waiver"]:
        return False
    outcome = item["outcome"]
    return outcome in BLOCKING or (outcome in TO_ACKNOWLEDGE and (item["key"], outcome) not in accepted)
