"""Waivers: which of them stand now, for this manifest and under this policy, and why the others do not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from governance.rules.items import Item
from governance.rules.moments import days_after, in_future, read_moment
from governance.rules.policy import WaiverRule
from governance.rules.states import Outcome

WAIVABLE = frozenset({Outcome.FAIL, Outcome.INSUFFICIENT_DATA})


class WaiverError(ValueError):
    """A waiver that lacks what makes it one."""

    code = "waiver_refused"


@dataclass(frozen=True, slots=True)
class Waiver:
    """That one item may be missed until an end: asked for by one person, granted by another who held the role."""

    id: str
    key: str
    manifest: str | None
    model: str | None
    policy: str | None
    requested_by: str
    granted_by: str | None
    granted_at: datetime | None
    ends_at: datetime
    roles_held: frozenset[str]


@dataclass(frozen=True, slots=True)
class Scope:
    """What is evaluated: a manifest, its model, a policy, at a moment."""

    manifest: str
    model: str | None
    policy: str
    now: datetime


def read_waiver(document: Mapping[str, Any]) -> Waiver:
    """Read id, key, requested_by, ends_at; manifest or model; granted_by, granted_at, roles_held (then); policy."""
    missing = [name for name in ("id", "key", "requested_by", "ends_at") if not document.get(name)]
    if missing:
        raise WaiverError(f"The waiver {document.get('id', '')!r} does not say its {missing[0]}.")
    place = f"waiver {document['id']}"
    granted_at = document.get("granted_at")
    return Waiver(
        id=str(document["id"]),
        key=str(document["key"]),
        manifest=document.get("manifest"),
        model=document.get("model"),
        policy=document.get("policy"),
        requested_by=str(document["requested_by"]),
        granted_by=str(document["granted_by"]) if document.get("granted_by") else None,
        granted_at=None if granted_at is None else read_moment(granted_at, f"granted_at of {place}"),
        ends_at=read_moment(document["ends_at"], f"ends_at of {place}"),
        roles_held=frozenset(str(role) for role in document.get("roles_held", ())),
    )


def why_ignored(waiver: Waiver, rule: WaiverRule, scope: Scope) -> str:
    """Say why a waiver does not stand, or nothing."""
    return next(_objections_to_waiver(waiver, rule, scope), "")


def _objections_to_waiver(waiver: Waiver, rule: WaiverRule, scope: Scope) -> Iterator[str]:
    if waiver.granted_by is None or waiver.granted_at is None:
        yield "nobody has granted it"
        return
    if waiver.granted_by == waiver.requested_by:
        yield "the person who asked for it granted it"
    if rule.role not in waiver.roles_held:
        yield f"who granted it did not hold the role {rule.role}"
    if in_future(waiver.granted_at, scope.now):
        yield "it was granted in the future"
    if waiver.ends_at <= scope.now:
        yield f"it ended at {waiver.ends_at.isoformat()}"
    if waiver.ends_at > days_after(waiver.granted_at, rule.max_days):
        yield f"it runs longer than the {rule.max_days} days that the policy allows"
    yield from _out_of_scope(waiver, scope)


def _out_of_scope(waiver: Waiver, scope: Scope) -> Iterator[str]:
    if waiver.policy is not None and waiver.policy != scope.policy:
        yield "it was granted under another policy"
    if waiver.manifest is None and waiver.model is None:
        yield "it names neither a manifest nor a model"
    if waiver.manifest is not None and waiver.manifest != scope.manifest:
        yield "it is for another manifest"
    if waiver.model is not None and waiver.model != scope.model:
        yield "it is for another model"


def why_not_waivable(item: Item, rule: WaiverRule) -> str:
    """Say why an item cannot be waived under the policy, or nothing."""
    if item.outcome not in WAIVABLE:
        return f"{item.key} is {item.outcome}, which cannot be waived"
    if item.metric not in rule.allowed:
        return f"the policy does not allow {item.metric} to be waived"
    return ""


def standing_waivers(waivers: list[Waiver], rule: WaiverRule, scope: Scope) -> tuple[dict[str, Waiver], dict[str, str]]:
    """Return the waiver that stands for each key (of several, the one that ends last), and why others do not."""
    standing: dict[str, Waiver] = {}
    ignored: dict[str, str] = {}
    for waiver in sorted(waivers, key=lambda one: (one.ends_at, one.id)):
        why = why_ignored(waiver, rule, scope)
        if why:
            ignored[waiver.id] = why
            continue
        if waiver.key in standing:
            ignored[standing[waiver.key].id] = f"waiver {waiver.id} for the same item ends later"
        standing[waiver.key] = waiver
    return standing, ignored
