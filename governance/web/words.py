"""The words that officers gave on a promotion, whether each still counts, and how far the stages of the policy are."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from governance.exports.receipts import has_receipt
from governance.models import Approval, Decision, PromotionRequest, Revocation
from governance.promotion.judge import approval_of
from governance.rules.approvals import Digests, approval_state
from governance.rules.approvals import Revocation as GivenRevocation
from governance.rules.policy import Policy
from governance.web.wording import Badge, badge
from registry.ledger.read import Entry, entries
from registry.models import Commitment

ACTIONS = {"approve": "approved", "reject": "rejected", "request_changes": "asked for changes"}
ERASED = "(the reason was erased; its commitment stays in the ledger)"


@dataclass(frozen=True, slots=True)
class Word:
    """One person's word: who, what, in which role, why, and whether it counts now."""

    id: str
    name: str
    principal: str
    action: str
    role: str
    stage: str
    at: datetime
    reason: str
    standing: Badge
    why: str
    acknowledged: tuple[str, ...]
    is_approval: bool
    entry: int | None
    has_receipt: bool


@dataclass(frozen=True, slots=True)
class StageText:
    """A stage of the policy: how many persons of a role it has, of how many it needs."""

    name: str
    role: str
    counted: int
    quorum: int

    @property
    def met(self) -> bool:
        """Whether the quorum is there."""
        return self.counted >= self.quorum


def reason_text(reason: Commitment) -> str:
    """Return the text behind a commitment, or that it was erased."""
    return ERASED if reason.erased_at else reason.text


def current_decision(promotion: PromotionRequest) -> dict[str, Any] | None:
    """Return the newest decision document, if it is about the present evaluation."""
    newest: Decision | None = promotion.decisions.order_by("-created_at").first()
    return newest.document if newest and newest.evaluation_digest == promotion.evaluation_digest else None


def words_of(promotion: PromotionRequest, policy: Policy) -> tuple[Word, ...]:
    """Return every word on the promotion, the earliest first, with its standing now."""
    decision = current_decision(promotion)
    ignored = {one["id"]: one["why"] for one in decision["ignored"]} if decision else {}
    revocations = [
        GivenRevocation(approval=str(one.approval_id), principal=str(one.principal_id), at=one.created_at)
        for one in Revocation.objects.filter(approval__promotion=promotion)
    ]
    digests = Digests(promotion.manifest_id, promotion.policy_id, promotion.evaluation_digest)
    given = promotion.approvals.select_related("principal", "reason").order_by("created_at", "pk")
    recorded = {
        entry.document()["data"]["approval"]: entry
        for entry in entries(subject=f"promotion:{promotion.pk}", kind="approval.given")
    }
    return tuple(
        _word(one, policy, digests, revocations, ignored.get(str(one.pk), ""), recorded.get(str(one.pk)))
        for one in given
    )


def _word(  # noqa: PLR0917 - what is known of one word
    one: Approval,
    policy: Policy,
    digests: Digests,
    revocations: list[GivenRevocation],
    why: str,
    entry: Entry | None,
) -> Word:
    standing = approval_state(
        approval_of(one),
        digests=digests,
        revocations=revocations,
        valid_days=policy.approval.valid_days,
        now=timezone.now(),
    )
    return Word(
        id=str(one.pk),
        name=one.principal.name,
        principal=str(one.principal_id),
        action=ACTIONS.get(one.action, one.action),
        role=one.role.replace("_", " "),
        stage=one.stage,
        at=one.created_at,
        reason=reason_text(one.reason),
        standing=badge(standing),
        why=why,
        acknowledged=tuple(one.acknowledged),
        is_approval=one.action == "approve",
        entry=entry.number if entry else None,
        has_receipt=entry is not None and has_receipt(entry),
    )


def stages_of(promotion: PromotionRequest, policy: Policy) -> tuple[StageText, ...]:
    """Return the stages with what counts in the present decision; nothing counts where there is none."""
    decision = current_decision(promotion)
    counted = {one["name"]: one["counted"] for one in decision["stages"]} if decision else {}
    return tuple(
        StageText(one.name.replace("_", " "), one.role.replace("_", " "), counted.get(one.name, 0), one.quorum)
        for one in policy.approval.stages
    )
