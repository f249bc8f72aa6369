"""Publish a policy: from then on it is known by its digest and never changes."""

from django.db import transaction

from governance.models import Policy
from governance.policies.schema import load_policy_yaml
from governance.rules.policy import read_policy
from registry.canonical import canonical, digest
from registry.ledger.append import append
from registry.models import Actor


class PolicyVersionTakenError(ValueError):
    """Another policy was published under that name and version."""

    code = "policy_version_taken"


@transaction.atomic
def publish(*, text: str, actor: Actor) -> Policy:
    """Publish YAML text; the same policy returns the one there is.

    Raises PolicyError when it is not a policy, PolicyVersionTakenError when its name and version mean another one.
    """
    document = load_policy_yaml(text)
    read_policy(document)
    identity = digest(document)
    if known := Policy.objects.filter(pk=identity).first():
        return known
    name, version = document["name"], document["version"]
    if Policy.objects.filter(name=name, version=version).exists():
        raise PolicyVersionTakenError(
            f"{name} {version} is published already and says something else; raise its version"
        )
    policy = Policy(
        digest=identity,
        name=name,
        version=version,
        document_text=canonical(document).decode(),
        source=text,
        published_by=actor.principal,
    )
    policy.full_clean()
    policy.save()
    append(
        "policy.published",
        actor=actor,
        subject=f"policy:{identity}",
        subject_digest=identity,
        policy=identity,
        data={"name": name, "version": version},
    )
    return policy
