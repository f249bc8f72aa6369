"""Measure every check of a policy on one subject: the reports that the service would keep, in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from governance.local_check.listed import load_check
from governance.local_check.needs import Needs, Provided
from governance.rules.evidence import seed_of
from governance.rules.policy import CheckRule
from registry.canonical import digest
from registry.checks import Check, Context, Outcome, Report, Status, outcome_of


@dataclass(frozen=True, slots=True)
class LocalInputs:
    """The inputs of one check by the names of its needs."""

    found: Mapping[str, Provided]

    def has(self, name: str) -> bool:
        """Say whether the input is there."""
        return name in self.found

    def table(self, name: str) -> Any:
        """Return a pyarrow.Table."""
        return self.found[name].value

    def document(self, name: str) -> Any:
        """Return a JSON document."""
        return self.found[name].value

    def digests(self) -> Mapping[str, str]:
        """Return the digest of each input by name."""
        return {name: one.digest for name, one in self.found.items()}


def measure_all(needs: Needs, rules: Sequence[CheckRule], listed: Mapping[str, str]) -> list[Report]:
    """Return one report per rule; raises UnknownCheckError and ParameterError before anything is measured."""
    checks = [(load_check(rule.check, listed), dict(rule.parameters)) for rule in rules]
    wanted = [one.needs(parameters) for one, parameters in checks]
    manifest, reports = digest(needs.subject.manifest), []
    for (one, parameters), asked in zip(checks, wanted, strict=True):
        needs.progress(f"measuring {one.name}")
        found, missing = {}, {}
        for need in asked:
            provided, why = needs.resolve(need)
            if provided:
                found[need.name] = provided
            elif not need.optional:
                missing[need.name] = why
        inputs = LocalInputs(found)
        seed = seed_of(manifest, one.name, inputs.digests())
        outcome = _outcome(one, inputs, missing, Context(seed, parameters))
        reports.append(Report(one.name, one.version, inputs.digests(), parameters, seed, outcome))
    return reports


def _outcome(check: Check, inputs: LocalInputs, missing: Mapping[str, str], context: Context) -> Outcome:
    """Measure, or say what is missing."""
    if missing:
        why = "; ".join(f"{name}: {reason}" for name, reason in sorted(missing.items()))
        return Outcome(status=Status.NOT_COMPUTABLE, reason=f"what it needs could not be collected: {why}"[:2000])
    return outcome_of(check, inputs, context)
