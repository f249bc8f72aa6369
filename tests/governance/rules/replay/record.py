"""A whole record made without a database: people, facts, a waiver, a release, a watched batch; and ways to forge it."""

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from governance.rules.approvals import Approval, People
from governance.rules.authorise import authorise
from governance.rules.evaluate import evaluate
from governance.rules.evidence import ReportEvidence
from governance.rules.replay.replaying import replay
from governance.rules.watching import judge_batch
from registry.canonical import digest
from registry.ledger.verify.entries import Fault
from tests.governance.rules.build import AUC, KEY, POLICY, RATIO, report

BEGIN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ENV, MODEL, PROJECT = "env", "model", "project"
WHY = "0" * 64  # the commitment to every reason of the release
NAME = "c" * 64  # the commitment to a name that nobody is known by at first
WATCH = {
    "every_hours": 24,
    "overdue_hours": 48,
    "checks": [
        {
            "check": "drift",
            "on_breach": "review",
            "limits": [{"metric": "drift.share", "max": "0.4"}],
        }
    ],
}
RULES = deepcopy(POLICY) | {"watch": WATCH}
RULES["approval"] = RULES["approval"] | {"unmapped_identity": "warn"}
ROLES = {
    "admin": "administrator",
    "requester": "requester",
    "engineer": "engineer",
    "validator": "validator",
    "officer": "compliance_officer",
    "second": "compliance_officer",
    "risk": "risk_officer",
}


def text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass
class Record:
    """Events in their order, the documents that they cite, and the clock, which goes on a minute with each event."""

    events: list[dict[str, Any]] = field(default_factory=list)
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    now: datetime = BEGIN
    reports: list[ReportEvidence] = field(default_factory=list)
    waivers: list[dict[str, Any]] = field(default_factory=list)
    approvals: list[Approval] = field(default_factory=list)
    evaluation: dict[str, Any] = field(default_factory=dict)
    state: str = "OPEN"

    def keep(self, document: dict[str, Any]) -> str:
        self.documents[digest(document)] = document
        return digest(document)

    def add(self, kind: str, actor: str, subject: str, *, auth: str = "session", role: str = "", **more: Any) -> None:
        self.now += timedelta(minutes=1)
        event: dict[str, Any] = {"subject_digest": None, "policy": None, "evidence": [], "data": {}}
        who = {"principal": actor, "role": role or ("system" if actor == "system" else ""), "auth": auth}
        self.events.append(event | {"kind": kind, "at": text(self.now), "actor": who, "subject": subject} | more)

    def replayed(self) -> list[Fault]:
        return list(replay(enumerate(self.events, 1), self.documents.__getitem__))

    def codes(self) -> list[str]:
        return [fault.code for fault in self.replayed()]

    def all(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["kind"] == kind]

    def only(self, kind: str, **data: Any) -> dict[str, Any]:
        """Return the one event of a kind with such data."""
        [found] = [one for one in self.all(kind) if data.items() <= one["data"].items()]
        return found

    # --- the story ---

    def people(self) -> None:
        for name, role in ROLES.items():
            data = {"kind": "person", "owner": None}
            self.add("principal.registered", "system", f"principal:{name}", data=data)
            self.add("role.granted", "system", f"principal:{name}", data={"project": PROJECT, "role": role})
        data = {"kind": "service", "owner": "engineer"}
        self.add("principal.registered", "system", "principal:ci", data=data)

    def facts(self) -> None:
        here = {"project": PROJECT, "name": "n"}
        self.add("environment.created", "admin", f"environment:{ENV}", data=here | {"backend": "local"})
        self.add("model.registered", "admin", f"model:{MODEL}", data=here | {"tier": "high"})
        for number, rows in enumerate(("1" * 64, "2" * 64)):
            data = {"dataset": "d", "number": 1, "content": "0" * 64, "rows": 9, "parent": None, "recipe": None}
            subject = f"dataset_version:{number}"
            self.add("dataset_version.registered", "engineer", subject, subject_digest=rows, data=data)
        data = {"model": MODEL, "dataset_version": "0", "dataset_digest": "1" * 64}
        self.add("environment.evaluates", "admin", f"environment:{ENV}", data=data)

    def version(self, number: int = 1, **changes: Any) -> str:
        """Register a version and return its digest."""
        told = {"model": MODEL, "kind": "tree", "content": f"{number}" * 64, "commit": "abc"}
        identity = self.keep(told | {"datasets": [["train", "2" * 64]], "details": {}})
        data = told | {
            "number": number,
            "assurance": "declared",
            "datasets": ["2" * 64],
            "people": ["registrar:ci", "trainer:engineer", f"author:{NAME}"],
            "tracked": f"{number}" * 64,
        }
        subject = f"model_version:v{number}"
        self.add("model_version.registered", "ci", subject, auth="token", subject_digest=identity, data=data | changes)
        return identity

    def policy(self, document: dict[str, Any], number: int = 1, applies_to: str = "open") -> str:
        """Publish and assign a policy: the first at once, others by a second person."""
        identity = self.keep(document)
        data = {"name": document["name"], "version": document["version"]}
        cited = {"subject_digest": identity, "policy": identity}
        self.add("policy.published", "admin", f"policy:{identity}", data=data, **cited)
        data = {"environment": ENV, "tier": "high", "applies_to": applies_to, "grace_days": 0, "bootstrap": number == 1}
        subject = f"policy_assignment:{number}"
        self.add("policy_assignment.proposed", "admin", subject, policy=identity, data=data)
        if number > 1:
            data = {"environment": ENV, "tier": "high"}
            self.add("policy_assignment.confirmed", "risk", subject, policy=identity, data=data)
        return identity

    def request(self, version: str, policy: str) -> None:
        manifest = {
            "environment": ENV,
            "model": MODEL,
            "members": [{"version": version, "role": "champion", "share": "1"}],
            "serving": {"backend": "local"},
            "evaluation_set": "1" * 64,
            "incumbent": None,
        }
        self.manifest, self.rules = self.keep(manifest), policy
        data: dict[str, Any] = {"environment": ENV, "model": MODEL, "version": version, "requester": "requester"}
        data |= {"on_behalf_of": None, "incumbent": None}
        cited = {"subject_digest": self.manifest, "policy": policy}
        self.add("promotion.requested", "requester", "promotion:p", data=data, **cited)

    def of_promotion(self, kind: str, actor: str = "system", **more: Any) -> None:
        self.add(kind, actor, "promotion:p", policy=self.rules, **more)

    def move(self, target: str, actor: str = "system") -> None:
        data = {"from": self.state, "to": target, "manifest": self.manifest, "detail": ""}
        self.state = target
        identity = digest(self.evaluation) if self.evaluation else None
        self.of_promotion("promotion.advanced", actor, data=data | {"evaluation": identity})

    def measure(self, document: dict[str, Any], isolation: str = "container") -> None:
        evidence = ReportEvidence(document, self.now, isolation)
        self.reports.append(evidence)
        data = {"check": document["check"], "version": "1", "status": "MEASURED", "inputs": "0" * 64, "attempt": 1}
        data |= {"isolation": isolation, "measured_at": text(evidence.measured_at)}
        self.of_promotion("report.recorded", evidence=[self.keep(document)], data=data)

    def judge(self) -> None:
        at = self.now + timedelta(minutes=1)
        judged = evaluate(
            policy=self.documents[self.rules],
            manifest=self.documents[self.manifest],
            reports=self.reports,
            waivers=self.waivers,
            now=at,
            assurance="declared",
        )
        self.evaluation = judged.document()
        data = {"manifest": self.manifest, "evaluation": self.keep(self.evaluation), "verdict": judged.verdict}
        cited = sorted({item.report for item in judged.items if item.report})
        self.of_promotion("evaluation.recorded", evidence=cited, data=data | {"judged_at": text(at)})

    def waive(self, asker: str = "requester", granter: str = "risk", days: int = 9) -> None:
        number = len(self.waivers)
        data = {"waiver": f"w{number}", "manifest": self.manifest, "key": KEY, "reason": WHY}
        data["ends_at"] = text(self.now + timedelta(days=days))
        self.of_promotion("waiver.requested", asker, data=data)
        told = {name: value for name, value in data.items() if name != "reason"}
        self.of_promotion("waiver.granted", granter, data=told)
        facts = {"id": f"w{number}", "granted_at": self.now, "requested_by": asker, "granted_by": granter}
        self.waivers.append(told | facts | {"roles_held": ["risk_officer"]})

    def approve(self, who: str, stage: str, action: str = "approve") -> None:
        at = self.now + timedelta(minutes=1)
        approval = Approval(
            id=f"a{len(self.approvals)}",
            principal=who,
            roles_held=frozenset({ROLES[who]}),
            stage=stage,
            manifest=self.manifest,
            policy=self.rules,
            evaluation=digest(self.evaluation),
            action=action,
            acknowledged=frozenset(self.evaluation["acknowledge"]),
            at=at,
        )
        self.approvals.append(approval)
        data = {
            "approval": approval.id,
            "action": action,
            "given_at": text(at),
            "stage": stage,
            "roles": sorted(approval.roles_held),
            "manifest": self.manifest,
            "evaluation": approval.evaluation,
            "acknowledged": sorted(approval.acknowledged),
            "reason": WHY,
        }
        self.of_promotion("approval.given", who, data=data)

    def decide(self) -> None:
        at = self.now + timedelta(minutes=1)
        people = People(
            requester=frozenset({"requester"}),
            trainers=frozenset({"engineer", "ci"}),
            unmapped=frozenset({NAME}),
        )
        judged = authorise(
            policy=self.documents[self.rules],
            evaluation=self.evaluation,
            approvals=self.approvals,
            people=people,
            now=at,
        )
        data = {"manifest": self.manifest, "evaluation": digest(self.evaluation), "verdict": judged.verdict}
        told = {"decision": self.keep(judged.document()), "judged_at": text(at)}
        self.of_promotion("decision.recorded", data=data | told)

    def release(self) -> None:
        self.move("RELEASING", "engineer")
        data = {"environment": ENV, "model": MODEL, "manifest": self.manifest, "promotion": "p", "backend": "local"}
        data["evaluation"] = digest(self.evaluation)
        cited = {"subject_digest": self.manifest, "policy": self.rules}
        self.add("deployment.created", "engineer", "deployment:d", data=data, **cited)
        self.serve("PENDING", "LIVE")
        self.move("RELEASED")
        names = {"name": "n", "alias": "champion", "to": "1" * 64}
        self.add("alias.intended", "system", f"alias:{ENV}:{MODEL}", data=names)
        data = {"deployment": "d", "every_seconds": 1, "overdue_seconds": 1}
        self.add("monitor.created", "system", "monitor:m", policy=self.rules, data=data)
        self.add("alias.observed", "system", f"alias:{ENV}:{MODEL}", data=names | {"ok": True, "message": ""})

    def serve(self, before: str, after: str, actor: str = "system") -> None:
        data: dict[str, Any] = {"from": before, "to": after, "manifest": self.manifest, "reason": ""}
        data["desired"] = after in {"LIVE", "UNDER_REVIEW"}
        self.add("deployment.advanced", actor, "deployment:d", policy=self.rules, data=data)

    def watch(self) -> None:
        measured = {"metric": "drift.share", "value": "0.9", "lower": None, "upper": None, "n": 50, "group": ""}
        drift = report("drift", measured | {"unit": "", "status": "MEASURED", "reason": ""}, manifest=self.manifest)
        data = {"deployment": "d", "content": "0" * 64, "rows": 9, "outcomes": False}
        self.add("batch.posted", "ci", "monitor:m", auth="token", data=data)
        judged = judge_batch(
            policy=self.documents[self.rules],
            manifest=self.documents[self.manifest],
            reports=[ReportEvidence(drift, self.now)],
            now=self.now,
        )
        data = {"deployment": "d", "verdict": judged.verdict, "evaluation": self.keep(judged.document())}
        cited = {"policy": self.rules, "evidence": [self.keep(drift)]}
        self.add("batch.judged", "system", "monitor:m", data=data, **cited)

    def guard(self) -> None:
        """Hold what is said of the promotion; lower a verdict; open sealed values; take a key away."""
        about = {"project": PROJECT, "reason": "5" * 64}
        self.add("hold.placed", "officer", "hold:h", data=about | {"on": "promotion:p"})
        word = {"report": "4" * 64, "column": 0, "verdict": "clean", "dataset_digest": "2" * 64, "reason": "6" * 64}
        self.add("column_verdict.given", "validator", "dataset_version:1", data=word | {"word": "given"})
        ends = {"word": "w", "dataset_digest": "2" * 64, "ends_at": text(self.now + timedelta(days=30))}
        asked = word | ends | {"entities": ["PERSON"], "reason": "7" * 64}
        self.add("column_verdict.lowering_requested", "validator", "dataset_version:1", data=asked)
        granted = ends | {"granted_at": text(self.now)}
        self.add("column_verdict.lowering_granted", "risk", "dataset_version:1", data=granted)
        values = {"tokens": "3" * 64, "count": 2}
        data = values | {"project": PROJECT, "entities": ["PERSON"], "reason": "8" * 64, "second_person": True}
        self.add("reveal.requested", "officer", "reveal:r", data=data)
        self.add("reveal.granted", "risk", "reveal:r", data={"tokens": "3" * 64, "requested_by": "officer"})
        self.add("reveal.opened", "officer", "reveal:r", data=values)
        key = {"project": PROJECT, "number": 1, "fingerprint": "e" * 64}
        self.add("privacy_key.made", "admin", f"project:{PROJECT}", data=key)
        self.add("privacy_key.shredded", "admin", f"project:{PROJECT}", data=key | {"reason": "d" * 64})

    def erase(self) -> None:
        """Lift the hold, let the time pass, and erase the reason of the waiver."""
        self.add("hold.lift_requested", "officer", "hold:h", data={"reason": "b" * 64})
        self.add("hold.lifted", "risk", "hold:h", data={"requested_by": "officer"})
        self.now += timedelta(days=180)
        data = {"recorded_at": self.only("waiver.requested")["at"], "reason": "f" * 64}
        self.add("commitment.erased", "admin", f"commitment:{WHY}", subject_digest=WHY, data=data)


def begun() -> Record:
    """Return the record of a request that is asked for and not measured yet."""
    record = Record()
    record.people()
    record.facts()
    version = record.version()
    record.request(version, record.policy(RULES))
    record.move("COLLECTING")
    record.move("MEASURING")
    return record


def story() -> Record:
    """Return the record of a request that missed a limit, was waived, released, watched, stopped; and what is kept."""
    record = begun()
    record.measure(report("performance", AUC, manifest=record.manifest), isolation="none")
    missed = RATIO | {"value": "0.5", "lower": "0.4", "upper": "0.6"}
    record.measure(report("fairness", missed, manifest=record.manifest))
    record.judge()
    record.move("BLOCKED")
    record.waive()
    record.judge()
    record.move("AWAITING_DECISION")
    record.decide()
    record.approve("validator", "validation")
    record.decide()
    record.approve("officer", "compliance")
    record.decide()
    record.move("APPROVED")
    record.release()
    record.watch()
    record.serve("LIVE", "UNDER_REVIEW")
    record.serve("UNDER_REVIEW", "LIVE", "officer")
    record.serve("LIVE", "STOPPED", "officer")
    record.guard()
    record.erase()
    return record
