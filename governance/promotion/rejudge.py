"""Judge what is live again by present evidence: under a policy that came to rule it, without waivers that ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from governance.models import Evaluation, Policy, PromotionRequest, Waiver
from governance.policies.assign import applies_to_deployed
from governance.promotion.judge import reports_of, waivers_of
from governance.rules.evaluate import evaluate
from governance.rules.evidence import ends_of
from governance.rules.policy import OnBreach, read_policy
from governance.rules.standing import lost_items
from governance.rules.watching import Alarm
from privacy.models import ColumnVerdict
from registry.blobs import BlobDamagedError, BlobMissingError
from registry.canonical import canonical, digest
from registry.ledger.append import append, moment
from registry.models import Actor, Deployment

NOTICE = "announced/"
SHOWN = 3
KEPT = 16


@dataclass(frozen=True, slots=True)
class Ruling:
    """A policy that what is live is judged under, and from when what does not hold is acted on."""

    policy: Policy
    acts_at: datetime


@dataclass(frozen=True, slots=True)
class Finding:
    """That something live does not hold: an alarm to act on, or to give notice of while its grace runs."""

    alarm: Alarm
    due: bool


def rulings_of(deployment: Deployment, promotion: PromotionRequest, now: datetime) -> list[Ruling]:
    """Return the policy that rules a deployment now, where that may have changed anything, and the one announced.

    Its own policy changes nothing until a waiver ends, or the time for which a verdict on its data was lowered.
    """
    since = applies_to_deployed(
        environment=deployment.environment, tier=deployment.model.tier, since=promotion.created_at
    )
    due = next((one for one in since if one.acts_at <= now), None)
    found = [Ruling(one.policy, one.acts_at) for one in since[:1] if one.acts_at > now]
    if due:
        return [Ruling(due.policy, due.acts_at), *found]
    waivers = Waiver.objects.filter(
        manifest_digest=deployment.manifest_id, granted_by__isnull=False, ends_at__lte=now
    ).order_by("ends_at")
    ended = [*waivers.values_list("ends_at", flat=True)[:1], *_lowered_until(promotion, now)]
    return [*([Ruling(promotion.policy, min(ended))] if ended else []), *found]


def _lowered_until(promotion: PromotionRequest, now: datetime) -> list[datetime]:
    """Return when verdicts stopped being lowered that the reports rest on; the reports are read only if one has."""
    data = {*promotion.version.dataset_roles.values_list("dataset_version__digest", flat=True)}
    data.add(promotion.manifest.document["evaluation_set"])
    lowered = ColumnVerdict.objects.filter(dataset_digest__in=data, granted_by__isnull=False, ends_at__lte=now)
    first = lowered.order_by("ends_at").values_list("ends_at", flat=True).first()
    if first is None:
        return []
    try:
        return [at for at in ends_of(reports_of(promotion)) if at <= now]
    except (BlobMissingError, BlobDamagedError):
        return [first]


def released_at(deployment: Deployment) -> datetime:
    """Return when the manifest of a deployment first went live by its promotion: its evidence was fresh then."""
    same = Deployment.objects.filter(promotion_id=deployment.promotion_id)
    return min(at for at in same.values_list("live_at", flat=True) if at is not None)


def rejudge(deployment: Deployment) -> list[Finding]:
    """Judge a running deployment again under each policy that rules it or is to; keep and record what changed.

    Evidence that can no longer be read holds nothing.
    """
    promotion = PromotionRequest.objects.select_related("policy", "manifest", "version").get(pk=deployment.promotion_id)
    now = timezone.now()
    found = (_judged(deployment, promotion, ruling, now) for ruling in rulings_of(deployment, promotion, now))
    return [finding for finding in found if finding]


def _judged(deployment: Deployment, promotion: PromotionRequest, ruling: Ruling, now: datetime) -> Finding | None:
    try:
        document = _evaluated(deployment, promotion, ruling.policy, now)
    except (BlobMissingError, BlobDamagedError) as error:
        return _finding(ruling, now, f"unreadable/{ruling.policy.pk[:KEPT]}", f"its evidence is lost ({error.code})")
    released = promotion.evaluations.filter(digest=deployment.evaluation_digest).latest("created_at").document
    lost = lost_items(released, document)
    _record(deployment, promotion, ruling, document, len(lost))
    if not lost:
        return None
    more = f" and {len(lost) - SHOWN} more" if len(lost) > SHOWN else ""
    return _finding(ruling, now, digest(document)[:KEPT], f"does not meet {', '.join(lost[:SHOWN])}{more}")


def _evaluated(deployment: Deployment, promotion: PromotionRequest, policy: Policy, now: datetime) -> Mapping[str, Any]:
    judged = evaluate(
        policy=policy.document,
        manifest=promotion.manifest.document,
        reports=reports_of(promotion),
        waivers=waivers_of(promotion),
        now=now,
        assurance=promotion.version.assurance,
        fresh_at=released_at(deployment),
    )
    return judged.document()


def _finding(ruling: Ruling, now: datetime, key: str, what: str) -> Finding:
    watch = read_policy(ruling.policy.document).watch
    action = watch.on_lapse if watch else OnBreach.REVIEW
    if ruling.acts_at <= now:
        reason = f"What is live was judged again under {ruling.policy}, which rules it: it {what}."
        return Finding(Alarm(f"judged/{key}", action, reason), due=True)
    since = f"{ruling.acts_at:%Y-%m-%d %H:%M} UTC"
    reason = f"From {since} on, {ruling.policy} rules what is live: by present evidence it {what}."
    return Finding(Alarm(f"{NOTICE}{key}", action, reason), due=False)


@transaction.atomic
def _record(
    deployment: Deployment, promotion: PromotionRequest, ruling: Ruling, document: Mapping[str, Any], lost: int
) -> None:
    """Keep, with an event, an evaluation that differs from the last one under its policy since it went live."""
    Deployment.objects.select_for_update().get(pk=deployment.pk)
    identity = digest(document)
    since = promotion.evaluations.filter(policy_digest=ruling.policy.pk, created_at__gte=deployment.live_at)
    last = since.order_by("-created_at").values_list("digest", flat=True).first()
    if (last or deployment.evaluation_digest) == identity:
        return
    evaluation = Evaluation(
        promotion=promotion,
        digest=identity,
        manifest_digest=promotion.manifest_id,
        policy_digest=ruling.policy.pk,
        verdict=document["verdict"],
        document_text=canonical(document).decode(),
    )
    evaluation.full_clean()
    evaluation.save()
    append(
        "deployment.judged",
        actor=Actor.system(),
        subject=f"deployment:{deployment.pk}",
        policy=ruling.policy.pk,
        evidence=sorted({item["report"] for item in document["items"] if item["report"]}),
        data={
            "deployment": str(deployment.pk),
            "promotion": str(promotion.pk),
            "manifest": promotion.manifest_id,
            "evaluation": identity,
            "verdict": evaluation.verdict,
            "lost": lost,
            "released_at": moment(released_at(deployment)),
            "acts_at": moment(ruling.acts_at),
        },
    )
