"""Append-only judgements; and the database itself refuses APPROVED, RELEASED and LIVE without the decision."""

from django.db import migrations

from registry.ledger.triggers import append_only, guarded

DECIDED = """NOT EXISTS (SELECT 1 FROM governance_decision d WHERE d.promotion_id = NEW.{promotion}
    AND d.verdict = 'AUTHORISED' AND d.manifest_digest = NEW.manifest_id AND d.policy_digest = NEW.{policy}
    AND d.evaluation_digest = NEW.evaluation_digest)"""


class Migration(migrations.Migration):
    dependencies = [("governance", "0001_initial"), ("registry", "0002_ledger_triggers")]
    operations = [
        append_only("governance_policy", "digest"),
        append_only("governance_checkrun"),
        append_only("governance_evidence"),
        append_only("governance_evaluation"),
        append_only("governance_decision"),
        append_only("governance_approval"),
        append_only("governance_revocation"),
        guarded(
            "governance_promotionrequest",
            name="governance_promotion_is_decided",
            when="NEW.state IN ('APPROVED', 'RELEASING', 'RELEASED') AND "
            + DECIDED.format(promotion="id", policy="policy_id"),
            message="a promotion is APPROVED, RELEASING or RELEASED only with an AUTHORISED decision on the same digests",
        ),
        guarded(
            "registry_deployment",
            name="registry_deployment_is_decided",
            when="(NEW.state IN ('LIVE', 'UNDER_REVIEW') OR NEW.desired) AND "
            + DECIDED.format(promotion="promotion_id", policy="policy_digest"),
            message="a deployment is LIVE only with an AUTHORISED decision on the same digests",
        ),
    ]
