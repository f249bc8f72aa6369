"""The rows of the judgement: policies, promotions, evidence, approvals, waivers, access."""

from governance.models.access import ApiToken, AttemptCount, IdempotencyRecord
from governance.models.approval import Approval, Revocation
from governance.models.hold import LegalHold
from governance.models.policy import Policy, PolicyAssignment
from governance.models.promotion import CheckRun, Decision, Evaluation, Evidence, PromotionRequest
from governance.models.verification import LedgerVerification
from governance.models.waiver import Waiver

__all__ = [
    "ApiToken",
    "Approval",
    "AttemptCount",
    "CheckRun",
    "Decision",
    "Evaluation",
    "Evidence",
    "IdempotencyRecord",
    "LedgerVerification",
    "LegalHold",
    "Policy",
    "PolicyAssignment",
    "PromotionRequest",
    "Revocation",
    "Waiver",
]
