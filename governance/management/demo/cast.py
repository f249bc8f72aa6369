"""The people of the demonstration: sample users with random passwords, in an instance that is marked as a demo."""

import secrets
from dataclasses import dataclass, field

from django.conf import settings

from governance.policies.assign import propose
from governance.policies.library import library_text
from governance.policies.publish import publish
from registry.infer import isolation
from registry.models import Actor, Environment, Model, Principal, Project, Role
from registry.register import create_environment, grant_role, register_model, register_person

USERS = {
    "scientist": Role.REQUESTER,
    "engineer": Role.ENGINEER,
    "validator": Role.VALIDATOR,
    "officer": Role.COMPLIANCE_OFFICER,
    "auditor": Role.AUDITOR,
    "administrator": Role.ADMINISTRATOR,
}


class NotADemoError(RuntimeError):
    """Demo users exist only in an instance marked as a demo."""

    code = "not_a_demo"


@dataclass(slots=True)
class Cast:
    """Who takes part, their passwords, and what they work on."""

    project: Project
    environment: Environment
    model: Model
    people: dict[str, Principal] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)

    def actor(self, name: str) -> Actor:
        """Return a person acting as if signed in: the demo plays its people."""
        return Actor(principal=self.people[name], role=str(USERS[name]), auth="session")


def _person(name: str, role: str, project: Project) -> tuple[Principal, str]:
    password = secrets.token_urlsafe(12)
    system = Actor.system("command")
    staff = role == Role.ADMINISTRATOR
    principal = register_person(
        username=name, password=password, name=f"Sample {name}", email=f"{name}@example.org", staff=staff, actor=system
    )
    grant_role(principal, project=project, role=role, actor=system)
    return principal, password


def policy_text() -> str:
    """Return the high-risk policy; on a machine that cannot isolate models, a demo policy that says it allows that."""
    text = library_text("high-risk")
    if isolation() != "none":
        return text
    return text.replace("name: high-risk\n", "name: high-risk-demo\n").replace("sandbox: true", "sandbox: false")


def assemble() -> Cast:
    """Make users, environment, model and policy; raises NotADemoError outside of a demo instance."""
    if not settings.PROBITY_DEMO:
        raise NotADemoError("sample users are made only where PROBITY_DEMO is set")
    project = Project.default()
    made = {name: _person(name, role, project) for name, role in USERS.items()}
    administrator = Actor(principal=made["administrator"][0], role=Role.ADMINISTRATOR, auth="command")
    environment = create_environment(project=project, name="production", actor=administrator)
    model = register_model(
        project=project,
        name="intensive-programme",
        tier="high",
        intended_use="Choose patients for an intensive programme by the risk of fast progression of diabetes.",
        actor=administrator,
    )
    policy = publish(text=policy_text(), actor=administrator)
    propose(environment=environment, tier="high", policy=policy, actor=administrator)
    return Cast(
        project=project,
        environment=environment,
        model=model,
        people={name: principal for name, (principal, _) in made.items()},
        passwords={name: password for name, (_, password) in made.items()},
    )
