"""What is deployed has a grace before a policy that applies to it acts."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("governance", "0002_decided")]
    operations = [
        migrations.AddField(
            model_name="policyassignment", name="grace_days", field=models.PositiveSmallIntegerField(default=0)
        ),
        migrations.AddConstraint(
            model_name="policyassignment",
            constraint=models.CheckConstraint(
                condition=models.Q(("grace_days", 0), ("applies_to", "deployed"), _connector="OR"),
                name="governance_grace_is_for_what_is_deployed",
                violation_error_message="Only what is deployed has a grace: set applies_to to deployed, or no grace.",
            ),
        ),
    ]
