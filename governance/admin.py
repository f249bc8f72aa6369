"""What the gate rules, in Django's admin: to look at only, since every change goes through a use case and its rules."""

from django.contrib import admin

from governance import models
from governance.web.sign_in import AdminSignInForm
from registry.admin import look_at

admin.site.login_form = AdminSignInForm

look_at(models.Policy, "name", "version", "digest", "published_by", "published_at")
look_at(models.PolicyAssignment, "environment", "tier", "policy", "proposed_by", "confirmed_by", "effective_at")
look_at(models.PromotionRequest, "version", "environment", "state", "requester", "created_at")
look_at(models.CheckRun, "check_name", "check_version", "status", "isolation", "measured_at", "report_digest")
look_at(models.Evidence, "promotion", "check_run")
look_at(models.Evaluation, "promotion", "verdict", "digest", "created_at")
look_at(models.Decision, "promotion", "verdict", "digest", "created_at")
look_at(models.Approval, "promotion", "principal", "action", "role", "created_at", hidden=("reason",))
look_at(models.Revocation, "approval", "principal", "created_at", hidden=("reason",))
look_at(models.Waiver, "promotion", "key", "requested_by", "granted_by", "ends_at", hidden=("reason",))
look_at(models.ApiToken, "name", "prefix", "principal", "project", "expires_at", hidden=("secret_digest",))
look_at(models.IdempotencyRecord, "principal", "status", "created_at", hidden=("key", "body"))
