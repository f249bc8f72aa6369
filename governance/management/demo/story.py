"""One model's way through the gate, step by step. Checks and policy give every outcome; the story only tells it."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings

from governance.exports.verify import verify
from governance.management.demo import patients
from governance.management.demo.audit import verify_pack, verify_record, wait_until_published
from governance.management.demo.cast import Cast, assemble
from governance.management.demo.steps import (
    Tell,
    ask,
    decide,
    evaluation_of,
    failed,
    register_rows,
    release,
    train,
    wait_for,
)
from governance.models import PromotionRequest
from governance.promotion.alias import observed
from governance.promotion.approve import DecisionRefusedError, approve
from governance.rules.states import PromotionState
from governance.watch import post_batch
from privacy.anonymize import start_anonymizing
from registry import catalog
from registry.ledger import read
from registry.models import DatasetVersion, Deployment
from registry.register import pin_evaluation_set

BATCH_ROWS = 400
Step = dict[str, Any]


@dataclass(slots=True)
class Story:
    """The state that one step leaves to the next."""

    seed: int
    tell: Tell
    began: float = field(default_factory=time.monotonic)
    cast: Cast = field(init=False)
    raw: Any = None
    clean: Any = None
    evaluation_rows: Any = None
    counts: dict[str, int] = field(default_factory=lambda: {"refused": 0, "released": 0, "rolled_back": 0})
    waiting: PromotionRequest | None = None

    def steps(self) -> Iterator[Step]:
        """Yield one plain description after each step."""
        yield self.set_up()
        yield self.first_version()
        yield self.anonymised()
        yield self.second_version()
        yield from self.third_version()
        yield from self.fourth_version()
        yield self.later_intake()
        yield self.one_more()
        yield self.ledger()

    def set_up(self) -> Step:
        """Make people, policy and datasets; the environment pins the rows that versions are judged on."""
        self.cast = assemble()
        frame = patients.measured()
        train_rows, self.evaluation_rows = patients.split(frame, self.seed)
        self.raw = register_rows(
            self.cast, patients.with_identities(train_rows, self.seed), name="patients", identities=True
        )
        held_out = register_rows(self.cast, self.evaluation_rows, name="patients-held-out", identities=False)
        pin_evaluation_set(
            environment=self.cast.environment,
            model=self.cast.model,
            dataset_version=held_out,
            actor=self.cast.actor("administrator"),
        )
        return {"step": "set-up", "patients": len(frame), "train": len(train_rows), "evaluation": held_out.rows}

    def _refusal(self, step: str, promotion: PromotionRequest) -> Step:
        blocked = promotion.state == "BLOCKED"
        self.counts["refused"] += blocked
        return {
            "step": step,
            "version": promotion.version.number,
            "state": promotion.state,
            "refused": blocked,
            "reasons": [item["reason"] for item in failed(promotion)],
            "promotion": str(promotion.pk),
        }

    def first_version(self) -> Step:
        """Version 1 is trained on the raw rows."""
        version = train(self.cast, self.raw, "scorecard", patients.CLINICAL, self.seed, self.tell)
        promotion = ask(self.cast, version, self.tell)
        return {**self._refusal("version 1", promotion), "findings": _findings(promotion, "pii")}

    def anonymised(self) -> Step:
        """The rows are anonymised into a new dataset version, which is scanned again."""
        ended = wait_for(start_anonymizing(self.raw, actor=self.cast.actor("scientist")), self.tell)
        self.clean = DatasetVersion.objects.get(pk=ended.result["dataset_version"])
        return {
            "step": "anonymise",
            "dataset": f"{self.clean.dataset.name} v{self.clean.number}",
            "grade": ended.result["grade"],
            "recipe": ended.result["recipe"],
        }

    def second_version(self) -> Step:
        """Version 2 uses every feature, sex and age among them."""
        version = train(self.cast, self.clean, "gradient_boosting", patients.FEATURES, self.seed, self.tell)
        return self._refusal("version 2", ask(self.cast, version, self.tell))

    def third_version(self) -> Iterator[Step]:
        """Version 3 is a scorecard on the clinical features; people decide on what the numbers leave open."""
        version = train(self.cast, self.clean, "scorecard", patients.CLINICAL, self.seed, self.tell)
        promotion = ask(self.cast, version, self.tell)
        yield self._open_verdict("version 3", promotion)
        yield self._own_approval(promotion)
        yield self._approved("approve version 3", promotion)
        deployment = release(self.cast, promotion, self.tell)
        yield self._served("release version 3", deployment)

    def _open_verdict(self, step: str, promotion: PromotionRequest) -> Step:
        document = evaluation_of(promotion).document
        return {
            "step": step,
            "version": promotion.version.number,
            "state": promotion.state,
            "verdict": document["verdict"],
            "failed": [item["reason"] for item in failed(promotion)],
            "undecided": [item["reason"] for item in document["items"] if item["outcome"] == "INDETERMINATE"],
            "promotion": str(promotion.pk),
        }

    def _own_approval(self, promotion: PromotionRequest) -> Step:
        """The requester tries to approve."""
        evaluation = evaluation_of(promotion)
        try:
            approve(
                promotion,
                actor=self.cast.actor("scientist"),
                reason="I trained it, and it looks fine to me.",
                evaluation_digest=evaluation.digest,
                acknowledged=evaluation.document["acknowledge"],
            )
        except DecisionRefusedError as error:
            return {"step": "requester approves", "refused": True, "code": error.code, "why": str(error)}
        return {"step": "requester approves", "refused": False}

    def _approved(self, step: str, promotion: PromotionRequest) -> Step:
        decide(
            self.cast, promotion, "validator", "Intervals are wide at this size; the scorecard is simple and stable."
        )
        first = promotion.state
        decide(self.cast, promotion, "officer", "Accepted for a limited intake with monthly outcomes, as discussed.")
        return {"step": step, "after_one": first, "state": promotion.state}

    def _served(self, step: str, deployment: Deployment) -> Step:
        features = list(deployment.manifest.champion.features)  # type: ignore[union-attr]
        rows = self.evaluation_rows[features].head(1).to_dict("records")
        answer = catalog.serving_backend(deployment.backend).predict(deployment.handle, rows)
        champion = deployment.manifest.champion
        live = deployment.state == "LIVE"
        self.counts["released"] += live
        return {
            "step": step,
            "state": deployment.state,
            "score": f"{answer['scores'][0]:.4f}",
            "served_digest": answer["model_digest"],
            "approved_digest": champion.content_id if champion else None,
            "alias": observed(deployment.environment, deployment.model),
        }

    def fourth_version(self) -> Iterator[Step]:
        """Version 4 is compared with version 3 on the same rows."""
        version = train(self.cast, self.clean, "gradient_boosting", patients.CLINICAL, self.seed, self.tell)
        promotion = ask(self.cast, version, self.tell)
        document = evaluation_of(promotion).document
        compared = [
            item["reason"] for item in document["items"] if "difference" in item["metric"] and not item["group"]
        ]
        yield {**self._open_verdict("version 4", promotion), "compared": compared}
        yield self._approved("approve version 4", promotion)
        yield self._served("release version 4", release(self.cast, promotion, self.tell))

    def later_intake(self) -> Step:
        """A shifted batch arrives with its outcomes."""
        import pyarrow as pa

        deployment = Deployment.objects.get(environment=self.cast.environment, model=self.cast.model, desired=True)
        rows = patients.intake(self.evaluation_rows, BATCH_ROWS, self.seed)
        asked = rows[list(deployment.manifest.champion.features)].to_dict("records")  # type: ignore[union-attr]
        answer = catalog.serving_backend(deployment.backend).predict(deployment.handle, asked)
        known = patients.with_outcomes(rows, answer["predictions"], self.seed)
        table = pa.Table.from_pandas(known, preserve_index=False)
        batch = post_batch(deployment, table=table, actor=self.cast.actor("engineer"))
        if batch.run:
            wait_for(batch.run, self.tell)
        batch.refresh_from_db()
        deployment.refresh_from_db()
        serving = Deployment.objects.get(environment=self.cast.environment, model=self.cast.model, desired=True)
        self.counts["rolled_back"] += deployment.state == "ROLLED_BACK" and serving.state == "LIVE"
        champion = serving.manifest.champion
        return {
            "step": "later intake",
            "verdict": batch.verdict,
            "alarms": [alert.message for alert in deployment.alerts.order_by("key")],
            "state": deployment.state,
            "serving_version": champion.number if champion else None,
        }

    def one_more(self) -> Step:
        """One more promotion is left for the person at the terminal to decide."""
        version = train(self.cast, self.clean, "scorecard", patients.CLINICAL[:5], self.seed, self.tell)
        self.waiting = ask(self.cast, version, self.tell)
        return {"step": "one more", "state": self.waiting.state, "promotion": str(self.waiting.pk)}

    def ledger(self) -> Step:
        """Verify everything that was recorded: here by its rows, and outside by what was published of it."""
        home = Path(settings.PROBITY_HOME)
        found, signed, record = verify(), wait_until_published(home), verify_record(home)
        released = PromotionRequest.objects.filter(state=PromotionState.RELEASED).latest("created_at")
        file, pack = verify_pack(home, released)
        return {
            "step": "ledger",
            "entries": read.size(),
            "signed": signed,
            "valid": not found.faults and record["code"] == pack["code"] == 0,
            "offline": "valid" if record["code"] == 0 else record,
            "pack": "valid" if pack["code"] == 0 else pack,
            "verifier": str(home / "audit" / "probity_verify.py"),
            "pack_file": str(file),
            "cannot_see": list(found.unseen),
        }

    def summary(self, *, valid: bool) -> Step:
        """Return the closing line."""
        expected = self.counts == {"refused": 2, "released": 2, "rolled_back": 1}
        return {
            "step": "summary",
            "ok": expected and valid,
            **self.counts,
            "ledger_entries": read.size(),
            "ledger_valid": valid,
            "seconds": round(time.monotonic() - self.began, 1),
        }


def _findings(promotion: PromotionRequest, check: str) -> list[str]:
    from registry.artifacts import read_document

    found = promotion.evidence.filter(check_run__check_name=check).latest("pk")
    return [finding["message"] for finding in read_document(found.check_run.report_digest)["findings"]]
