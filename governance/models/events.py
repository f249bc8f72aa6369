"""The events of the judgement: policies, promotions, evidence, approvals, waivers, decisions, access."""

from registry.ledger.events import EventKind, register

register(
    EventKind("policy.published", "A policy exists; it never changes", {"name": "text", "version": "text"}),
    EventKind(
        "policy_assignment.proposed",
        "A policy is to apply to a tier in an environment",
        {"environment": "id", "tier": "text", "applies_to": "text", "grace_days": "integer", "bootstrap": "boolean"},
    ),
    EventKind(
        "policy_assignment.confirmed",
        "A second person agreed: the policy applies from now on",
        {"environment": "id", "tier": "text"},
    ),
    EventKind(
        "promotion.requested",
        "Somebody asks for a manifest to be released",
        {
            "environment": "id",
            "model": "id",
            "version": "digest",
            "requester": "id",
            "on_behalf_of": "id?",
            "incumbent": "digest?",
        },
    ),
    EventKind(
        "promotion.advanced",
        "The state of a promotion",
        {"from": "text", "to": "text", "manifest": "digest", "evaluation": "digest?", "detail": "text"},
    ),
    EventKind(
        "report.recorded",
        "A check measured; the report is evidence of a promotion",
        {
            "check": "text",
            "version": "text",
            "status": "text",
            "inputs": "digest",
            "attempt": "integer",
            "isolation": "text",
            "measured_at": "text",
        },
    ),
    EventKind(
        "evaluation.recorded",
        "Policy, manifest, reports and waivers were judged",
        {"manifest": "digest", "evaluation": "digest", "verdict": "text", "judged_at": "text"},
    ),
    EventKind(
        "approval.given",
        "One person's word on exact digests",
        {
            "approval": "id",
            "action": "text",
            "given_at": "text",
            "stage": "text",
            "roles": "texts",
            "manifest": "digest",
            "evaluation": "digest",
            "acknowledged": "texts",
            "reason": "digest",
        },
    ),
    EventKind("approval.revoked", "A person took a word back", {"approval": "id", "reason": "digest"}),
    EventKind(
        "approval.stale",
        "What an approval bound to has changed: it no longer counts",
        {"approval": "id", "why": "text"},
    ),
    EventKind(
        "waiver.requested",
        "Somebody asks that an item may be missed for a time",
        {"waiver": "id", "manifest": "digest", "key": "text", "ends_at": "text", "reason": "digest"},
    ),
    EventKind(
        "waiver.granted",
        "A second person agreed to a waiver",
        {"waiver": "id", "manifest": "digest", "key": "text", "ends_at": "text"},
    ),
    EventKind(
        "decision.recorded",
        "Evaluation, approvals and revocations were judged",
        {
            "manifest": "digest",
            "evaluation": "digest",
            "decision": "digest",
            "verdict": "text",
            "judged_at": "text",
        },
    ),
    EventKind(
        "deployment.judged",
        "What is live was judged again, under the policy that rules it or is to rule it, and something changed",
        {
            "deployment": "id",
            "promotion": "id",
            "manifest": "digest",
            "evaluation": "digest",
            "verdict": "text",
            "lost": "integer",
            "released_at": "text",
            "acts_at": "text",
        },
    ),
    EventKind(
        "token.created",
        "A program may act for a principal",
        {"principal": "id", "scopes": "texts", "expires_at": "text"},
    ),
    EventKind("token.revoked", "A token no longer works", {"principal": "id"}),
    EventKind(
        "hold.placed",
        "Nothing that is said of a subject is erased while the hold is in force",
        {"project": "id", "on": "text", "reason": "digest"},
    ),
    EventKind("hold.lift_requested", "Somebody asks for the end of a hold", {"reason": "digest"}),
    EventKind("hold.lifted", "A second person lifted a hold", {"requested_by": "id"}),
    EventKind(
        "commitment.erased",
        "Text and salt behind a commitment were erased; its digest stays",
        {"recorded_at": "text", "reason": "digest"},
    ),
)
