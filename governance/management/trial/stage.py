"""The people, the place and the policy of a trial: one asker, one environment, the policy that shall judge."""

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from governance.management.trial.errors import TrialError
from governance.models import Policy
from governance.policies.assign import propose
from governance.policies.publish import publish
from registry.models import Actor, Environment, Model, Project, Role
from registry.register import create_environment, grant_role, register_model, register_person

DEFAULT_POLICY = Path(__file__).resolve().parents[2] / "policies" / "library" / "high-risk.yaml"


class NotATrialError(TrialError):
    """A trial makes people and policies; it does so only in an instance of its own."""

    code = "not_a_trial"


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a trial takes place."""

    project: Project
    environment: Environment
    model: Model
    policy: Policy
    asker: Actor


def set_stage(policy_file: Path | None) -> Stage:
    """Make the asker, the environment and the model, and let the policy apply; raises PolicyError, NotATrialError."""
    if not settings.PROBITY_DEMO:
        raise NotATrialError("A trial takes place only where PROBITY_DEMO is set.")
    project, system = Project.default(), Actor.system("command")
    person = register_person(username="asker", password=None, name="Asker of the trial", actor=system)
    grant_role(person, project=project, role=Role.REQUESTER, actor=system)
    asker = Actor(principal=person, role=Role.REQUESTER, auth="command")
    policy = publish(text=(policy_file or DEFAULT_POLICY).read_text(encoding="utf-8"), actor=asker)
    tier = policy.document["tier"]
    environment = create_environment(project=project, name="trial", actor=asker)
    model = register_model(
        project=project, name="trial", tier=tier, intended_use="To try Probity on data of one's own.", actor=asker
    )
    propose(environment=environment, tier=tier, policy=policy, actor=asker)
    return Stage(project=project, environment=environment, model=model, policy=policy, asker=asker)
