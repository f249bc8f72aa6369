"""Measure one collected check, purely, and keep its report as evidence; the same measurement is made once."""

import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from governance.models import CheckRun, Evidence, PromotionRequest
from governance.promotion.collect import Collected
from governance.promotion.engine import engine_of
from governance.rules.evidence import seed_of
from registry import catalog
from registry.artifacts import keep_document, read_document, read_table
from registry.canonical import digest
from registry.checks import Context, Outcome, Report, Status, outcome_of
from registry.infer import isolation
from registry.ledger.append import append, moment
from registry.models import Actor, Run
from registry.run import Lease, LeaseLostError


@dataclass(frozen=True, slots=True)
class KeptInputs:
    """The inputs of a check, read from the artifact store by digest and verified."""

    found: Mapping[str, str]

    def has(self, name: str) -> bool:
        """Say whether the input was collected."""
        return name in self.found

    def table(self, name: str) -> Any:
        """Return a pyarrow.Table."""
        return read_table(self.found[name])

    def document(self, name: str) -> Any:
        """Return a JSON document."""
        return read_document(self.found[name])

    def digests(self) -> Mapping[str, str]:
        """Return the digest of each input by name."""
        return dict(self.found)


def _outcome(collected: Collected, seed: int, progress: Callable[[float, str], None]) -> Outcome:
    """Measure, or say why there is nothing to measure."""
    if collected.inapplicable:
        return Outcome(status=Status.NOT_APPLICABLE, reason=collected.inapplicable)
    if collected.missing:
        why = "; ".join(f"{name}: {reason}" for name, reason in sorted(collected.missing.items()))
        return Outcome(status=Status.NOT_COMPUTABLE, reason=f"what it needs could not be collected: {why}"[:2000])
    context = Context(seed=seed, parameters=collected.parameters, progress=progress)
    return outcome_of(catalog.check(collected.check), KeptInputs(collected.inputs), context, through=(LeaseLostError,))


def measure(collected: Collected, *, manifest: str, run: Run, lease: Lease, renew: bool = False) -> CheckRun:
    """Return the measurement of one check for a manifest, made now or found.

    ``renew`` makes it again although an equal one exists, because the policy finds that one too old.
    """
    check = catalog.check(collected.check)
    engine = engine_of(check)
    identity = {
        "check_name": collected.check,
        "check_version": check.version,
        "inputs_digest": digest({"inputs": dict(collected.inputs), "missing": dict(collected.missing)}),
        "parameters_digest": digest(dict(collected.parameters)),
        "seed": seed_of(manifest, collected.check, collected.inputs),
        "fingerprint": digest(engine),
    }
    known = CheckRun.objects.filter(**identity).order_by("-renewal").first()
    unconfined = known is not None and known.isolation == "none" != isolation()
    if known and not renew and not unconfined and known.status != Status.ERROR:
        return known
    began, clock = timezone.now(), time.monotonic()
    report = _report(collected, check.version, int(str(identity["seed"])), lease)
    kept = keep_document(report.document())
    keep_document(engine)  # under the fingerprint: whoever measures again can say what has changed
    made = CheckRun(
        **identity,
        report_digest=kept.digest,
        status=report.outcome.status,
        run=run,
        attempt=run.attempt,
        host=platform.node(),
        isolation=isolation(),
        measured_at=began,
        seconds=time.monotonic() - clock,
        renewal=known.renewal + 1 if known else 0,
    )
    with transaction.atomic():
        lease.lock()
        made.full_clean()
        made.save()
    return made


def _report(collected: Collected, version: str, seed: int, lease: Lease) -> Report:
    return Report(
        check=collected.check,
        version=version,
        inputs=collected.inputs,
        parameters=collected.parameters,
        seed=seed,
        outcome=_outcome(collected, seed, lease.progress),
    )


@transaction.atomic
def cite(promotion: PromotionRequest, check_run: CheckRun, lease: Lease) -> None:
    """Make a measurement evidence of a promotion, once, with its event."""
    lease.lock()
    _, cited = Evidence.objects.get_or_create(promotion=promotion, check_run=check_run)
    if cited:
        append(
            "report.recorded",
            actor=Actor.system(),
            subject=f"promotion:{promotion.pk}",
            policy=promotion.policy_id,
            evidence=[check_run.report_digest],
            data={
                "check": check_run.check_name,
                "version": check_run.check_version,
                "status": check_run.status,
                "inputs": check_run.inputs_digest,
                "attempt": check_run.attempt,
                "isolation": check_run.isolation,
                "measured_at": moment(check_run.measured_at),
            },
        )
