"""Replay governance from the ledger: recompute each verdict from what the events cite; find what does not follow."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db import DatabaseError

from governance.exports.history import History
from governance.exports.rulings import (
    assignment_confirmed,
    assignment_proposed,
    environment_created,
    judged_under,
    model_registered,
    principal_registered,
    requested,
)
from governance.models import Approval, Policy, PromotionRequest, Revocation
from governance.promotion.approve import BY_A_PERSON
from governance.promotion.judge import approval_of, people_of
from governance.rules.approvals import Revocation as GivenRevocation
from governance.rules.authorise import authorise
from governance.rules.evaluate import evaluate
from governance.rules.evidence import ReportEvidence
from governance.rules.moments import read_moment
from governance.rules.states import (
    DEPLOYMENT_TRANSITIONS,
    PROMOTION_TRANSITIONS,
    DeploymentState,
    PromotionState,
    TransitionError,
    advance,
)
from registry.artifacts import read_document
from registry.canonical import CanonicalError, digest
from registry.ledger.read import Entry
from registry.ledger.verify.entries import Fault

TABLES: Mapping[str, tuple[Any, Any]] = {
    "promotion": (PROMOTION_TRANSITIONS, PromotionState),
    "deployment": (DEPLOYMENT_TRANSITIONS, DeploymentState),
}
FIRST_STATE = {"promotion": "OPEN", "deployment": "PENDING"}


def replay_entry(entry: Entry, history: History) -> Iterator[Fault]:
    """Yield what does not follow from the events before this entry, and add it to the history."""
    try:
        document = entry.document()
    except CanonicalError:
        return  # it is named by the verification of the entries
    handler = HANDLERS.get(entry.kind)
    if handler is None:
        return
    try:
        for message in handler(document, history):
            yield Fault(entry.number, f"replay_{entry.kind.replace('.', '_')}", f"entry {entry.number}: {message}")
    except DatabaseError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a forged entry makes fail is a fault of that entry
        message = f"entry {entry.number} ({entry.kind}) cannot be replayed: {error}"
        yield Fault(entry.number, "not_replayable", message)


def _advanced(document: Mapping[str, Any], history: History) -> Iterator[str]:
    subject, data = str(document["subject"]), document["data"]
    noun = subject.partition(":")[0]
    table, states = TABLES[noun]
    before = history.states.get(subject, FIRST_STATE[noun])
    if data["from"] != before:
        yield f"{subject} goes on from {data['from']}, but the record left it {before}"
    try:
        advance(table, states(data["from"]), states(data["to"]))
    except (TransitionError, ValueError) as error:
        yield f"{subject}: {error}"
    history.states[subject] = data["to"]
    (history.desired.add if data.get("desired") else history.desired.discard)(subject)
    yield from _needs_decision(subject, document, history)


def _needs_decision(subject: str, document: Mapping[str, Any], history: History) -> Iterator[str]:
    target = document["data"]["to"]
    if target in {"APPROVED", "RELEASING", "RELEASED"}:
        held = history.decisions.get(subject)
        wanted = (document["data"]["manifest"], document["policy"], document["data"]["evaluation"])
        if held != wanted:
            yield f"{subject} is {target} without an AUTHORISED decision on the same digests"
    elif target == "LIVE" and subject not in history.manifests:
        yield f"{subject} is LIVE, but no event created it for a promotion that was authorised"


def _deployment(document: Mapping[str, Any], history: History) -> Iterator[str]:
    subject, data = str(document["subject"]), document["data"]
    decided = history.decisions.get(f"promotion:{data['promotion']}")
    if decided != (data["manifest"], document["policy"], data["evaluation"]):
        yield f"{subject} was created for a promotion without an AUTHORISED decision on the same digests"
    else:
        history.manifests[subject] = data["manifest"]
    history.says("deployment", subject.partition(":")[2])


def _report(document: Mapping[str, Any], history: History) -> Iterator[str]:
    data = document["data"]
    report = read_document(document["evidence"][0])
    if (report["check"], report["status"]) != (data["check"], data["status"]):
        yield f"the event says {data['check']} {data['status']}, the report {report['check']} {report['status']}"
    evidence = ReportEvidence(
        document=report, measured_at=read_moment(data["measured_at"], "measured_at"), isolation=data["isolation"]
    )
    history.reports.setdefault(str(document["subject"]), []).append(evidence)


def _waiver_requested(document: Mapping[str, Any], history: History) -> Iterator[str]:
    history.requested_waivers[document["data"]["waiver"]] = (document["actor"]["principal"], document["data"]["key"])
    yield from ()


def _waiver_granted(document: Mapping[str, Any], history: History) -> Iterator[str]:
    data, granter = document["data"], document["actor"]["principal"]
    asked = history.requested_waivers.get(data["waiver"])
    if asked is None:
        yield f"waiver {data['waiver']} was granted, but nobody asked for it"
        return
    yield from _not_by_a_person(document, f"waiver {data['waiver']}")
    if history.accountable(asked[0]) == granter:
        yield f"waiver {data['waiver']} was asked for and granted by one person"
    history.waivers.setdefault(data["manifest"], []).append(
        {
            "id": data["waiver"],
            "manifest": data["manifest"],
            "key": data["key"],
            "requested_by": asked[0],
            "granted_by": granter,
            "granted_at": document["at"],
            "ends_at": data["ends_at"],
            "roles_held": sorted(history.roles_of(granter, str(document["subject"]))),
        }
    )
    history.says("waiver", data["waiver"])


def _evaluation(document: Mapping[str, Any], history: History) -> Iterator[str]:
    subject, data = str(document["subject"]), document["data"]
    yield from judged_under(document, history)
    promotion = PromotionRequest.objects.select_related("manifest", "version").get(pk=subject.partition(":")[2])
    judged = evaluate(
        policy=Policy.objects.get(pk=document["policy"]).document,
        manifest=promotion.manifest.document,
        reports=history.reports.get(subject, []),
        waivers=history.waivers.get(data["manifest"], []),
        now=read_moment(document["at"], "at"),
        assurance=promotion.version.assurance,
    )
    if judged.digest() != data["evaluation"]:
        recorded, found = f"{data['evaluation'][:12]} ({data['verdict']})", f"{judged.digest()[:12]} ({judged.verdict})"
        yield f"the evaluation recorded is {recorded}, but policy and reports give {found}"
    history.evaluations[subject] = judged.document()
    history.says("evaluation", data["evaluation"])


def _not_by_a_person(document: Mapping[str, Any], what: str) -> Iterator[str]:
    if (auth := document["actor"]["auth"]) not in BY_A_PERSON:
        yield f"{what} was given by way of {auth!r}, which is no person's"


def _approval(document: Mapping[str, Any], history: History) -> Iterator[str]:
    data, person = document["data"], document["actor"]["principal"]
    yield from _not_by_a_person(document, f"approval {data['approval']}")
    held = history.roles_of(person, str(document["subject"]))
    if lacking := set(data["roles"]) - held:
        yield f"approval {data['approval']} claims the roles {sorted(lacking)}, which {person} did not hold"
    row = Approval.objects.get(pk=data["approval"])
    told = (person, data["action"], data["stage"], sorted(data["roles"]), sorted(data["acknowledged"]), data["reason"])
    kept = (str(row.principal_id), row.action, row.stage, sorted(row.roles_held), sorted(row.acknowledged))
    digests = (row.manifest_digest, row.policy_digest, row.evaluation_digest)
    if told != (*kept, row.reason_id) or digests != (data["manifest"], document["policy"], data["evaluation"]):
        yield f"approval {row.pk} is another one in the database than the event says"
    history.approvals.setdefault(str(document["subject"]), set()).add(data["approval"])
    history.says("approval", data["approval"])


def _revoked(document: Mapping[str, Any], history: History) -> Iterator[str]:
    history.revocations.setdefault(str(document["subject"]), set()).add(document["data"]["approval"])
    yield from ()


def _decision(document: Mapping[str, Any], history: History) -> Iterator[str]:
    subject, data = str(document["subject"]), document["data"]
    promotion = PromotionRequest.objects.get(pk=subject.partition(":")[2])
    given = Approval.objects.filter(pk__in=history.approvals.get(subject, set())).order_by("created_at", "pk")
    revoked = Revocation.objects.filter(approval_id__in=history.revocations.get(subject, set()))
    judged = authorise(
        policy=Policy.objects.get(pk=document["policy"]).document,
        evaluation=history.evaluations.get(subject, {}),
        approvals=[approval_of(approval) for approval in given],
        revocations=[
            GivenRevocation(approval=str(one.approval_id), principal=str(one.principal_id), at=one.created_at)
            for one in revoked
        ],
        people=people_of(promotion, read_moment(document["at"], "at")),
        now=read_moment(document["at"], "at"),
    )
    if judged.verdict != data["verdict"]:
        yield f"the decision recorded is {data['verdict']}, but evaluation and approvals give {judged.verdict}"
    cited = (data["manifest"], str(document["policy"]), data["evaluation"])
    if cited != (judged.digests.manifest, judged.digests.policy, judged.digests.evaluation):
        yield f"the decision {data['decision'][:12]} is about other digests than what was evaluated last"
    elif data["verdict"] == "AUTHORISED" and judged.verdict == "AUTHORISED":
        history.decisions[subject] = cited
    else:
        history.decisions.pop(subject, None)
    history.says("decision", data["decision"])


def _role(document: Mapping[str, Any], history: History) -> Iterator[str]:
    person = str(document["subject"]).partition(":")[2]
    key = (person, document["data"]["project"], document["data"]["role"])
    if document["kind"] == "role.granted":
        history.roles.add(key)
    else:
        history.roles.discard(key)
    yield from ()


def _policy(document: Mapping[str, Any], history: History) -> Iterator[str]:
    identity = str(document["subject_digest"])
    if digest(Policy.objects.get(pk=identity).document) != identity:
        yield f"the policy kept under {identity[:12]} is another one"
    history.says("policy", identity)


HANDLERS: Mapping[str, Any] = {
    "promotion.advanced": _advanced,
    "deployment.advanced": _advanced,
    "promotion.requested": requested,
    "principal.registered": principal_registered,
    "environment.created": environment_created,
    "model.registered": model_registered,
    "policy_assignment.proposed": assignment_proposed,
    "policy_assignment.confirmed": assignment_confirmed,
    "deployment.created": _deployment,
    "report.recorded": _report,
    "waiver.requested": _waiver_requested,
    "waiver.granted": _waiver_granted,
    "evaluation.recorded": _evaluation,
    "approval.given": _approval,
    "approval.revoked": _revoked,
    "decision.recorded": _decision,
    "role.granted": _role,
    "role.revoked": _role,
    "policy.published": _policy,
}
