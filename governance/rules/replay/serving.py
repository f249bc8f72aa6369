"""Replay what serves: made for an authorised promotion, of exactly its manifest, one at a time; and its aliases."""

from collections.abc import Iterator

from governance.rules.approvals import Digests
from governance.rules.replay.event import Event
from governance.rules.replay.facts import RUNNING_STATES
from governance.rules.replay.history import History, RecordedDeployment
from governance.rules.states import DEPLOYMENT_TRANSITIONS, DeploymentState, TransitionError, advance

MAY_CLEAR = frozenset({"validator", "compliance_officer", "risk_officer", "administrator"})


def deployment_created(event: Event, history: History) -> Iterator[str]:
    """Remember a deployment: of a promotion that is being released, or of one that was live and is returned to."""
    data, promotion = event.data, history.promotions[event.data["promotion"]]
    if promotion.authorised != Digests(data["manifest"], str(event.policy), data["evaluation"]):
        yield f"{event.subject} was created for a promotion without an AUTHORISED decision on the same digests"
    if (event.subject_digest, data["manifest"]) != (promotion.manifest, promotion.manifest):
        yield f"{event.subject} is of another manifest than was asked for"
    if (data["environment"], data["model"]) != promotion.place:
        yield f"{event.subject} is in another environment or of another model than was asked for"
    returned_to = promotion.state == "RELEASED" and any(
        one.was_live and one.state not in {"ROLLED_BACK", "STOPPED"} for one in promotion.deployments
    )
    if promotion.state != "RELEASING" and not returned_to:
        yield f"{event.subject} was created while its promotion was {promotion.state}"
    deployment = RecordedDeployment(
        promotion=data["promotion"],
        environment=data["environment"],
        model=data["model"],
        manifest=data["manifest"],
        policy=event.policy,
        evaluation=data["evaluation"],
        version=promotion.version,
    )
    history.deployments[event.identity] = deployment
    promotion.deployments.append(deployment)
    history.says("deployment", event.identity)
    serving = history.library.read(promotion.manifest)["serving"]
    if serving["backend"] != data["backend"]:
        yield f"{event.subject} is served by {data['backend']!r}, the manifest says {serving['backend']!r}"


def deployment_advanced(event: Event, history: History) -> Iterator[str]:
    """Move a deployment along its table; what goes live is of a promotion that is or was released."""
    deployment, data = history.deployments[event.identity], event.data
    before, target = deployment.state, data["to"]
    deployment.state = target
    if data["from"] != before:
        yield f"{event.subject} goes on from {data['from']}, but the record left it {before}"
    try:
        advance(DEPLOYMENT_TRANSITIONS, DeploymentState(data["from"]), DeploymentState(target))
    except (TransitionError, ValueError) as error:
        yield f"{event.subject}: {error}"
    if data["manifest"] != deployment.manifest:
        yield f"{event.subject} is {target} with another manifest than it was created for"
    yield from _desired(event, deployment, history)
    if target == "LIVE":
        deployment.was_live = True
        promotion = history.promotions[deployment.promotion]
        promotion.live_at = promotion.live_at or event.at
        yield from _goes_live(event, deployment, history)


def _desired(event: Event, deployment: RecordedDeployment, history: History) -> Iterator[str]:
    deployment.desired = event.data["desired"]
    other = history.serving.get(deployment.place)
    if not deployment.desired:
        if other == event.identity:
            del history.serving[deployment.place]
        return
    history.serving[deployment.place] = event.identity
    if other not in {None, event.identity}:
        yield f"{event.subject} is to serve, but deployment:{other} is to serve there too"
    if deployment.state not in {"PENDING", *RUNNING_STATES}:
        yield f"{event.subject} is {deployment.state} and yet to serve"


def _goes_live(event: Event, deployment: RecordedDeployment, history: History) -> Iterator[str]:
    if event.data["from"] == "UNDER_REVIEW":
        held = history.roles_in(history.projects.get(deployment.environment), event.actor)
        if not held & MAY_CLEAR:
            yield f"the review of {event.subject} was cleared by {event.actor}, who held no role that may"
        return
    state = history.promotions[deployment.promotion].state
    if state not in {"RELEASING", "RELEASED"}:
        yield f"{event.subject} is LIVE, but its promotion is {state}"
    if history.versions[deployment.version].retired:
        yield f"{event.subject} is LIVE, but its version was retired"


def alias_intended(event: Event, history: History) -> Iterator[str]:
    """Remember where an alias is to point: at what serves, or at nothing where nothing serves."""
    environment, _, model = event.identity.partition(":")
    history.intended.setdefault(event.subject, []).append(event.data["to"])
    serving = history.serving.get((environment, model))
    tracked = history.versions[history.deployments[serving].version].tracked if serving else ""
    if event.data["to"] != tracked:
        yield f"{event.subject} is to point at {event.data['to'][:12]}, which does not serve there"


def alias_observed(event: Event, history: History) -> Iterator[str]:
    """Check that what was observed in order had been intended."""
    intended = history.intended.get(event.subject)
    if intended is None:
        yield f"{event.subject} was moved, but nobody intended it"
    elif event.data["ok"] and event.data["to"] not in intended:
        yield f"{event.subject} was observed at {event.data['to'][:12]}, which nobody intended"
