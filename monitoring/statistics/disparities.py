"""The measurements of one slice: each group's rates, its contrasts to the best, the reference and the whole, and the
largest of them. What cannot be said is said to be so, for every metric that a policy could ask for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitoring.statistics.contrasts import (
    Estimate,
    Levels,
    largest_difference,
    levels,
    smallest_ratio,
    to_base,
    to_whole,
)
from monitoring.statistics.family import KINDS, Critical
from monitoring.statistics.naming import BASES, EQUALIZED_ODDS, FORMS, PLAIN, Naming, contrast_of
from monitoring.statistics.rates import RATES
from monitoring.statistics.slices import Slice, strata_of
from registry.checks import Measurement, Status, measured

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def absent(metric: str, group: str, reason: str, *, status: Status = Status.NOT_COMPUTABLE) -> Measurement:
    """Return a number that cannot be computed (or does not apply), with the reason."""
    return Measurement(metric, n=None, group=group, status=status, reason=reason)


@dataclass(frozen=True, slots=True)
class Disparities:
    """One slice with its counts (stratum by group by (tn, fp, fn, tp)) and its family's critical values, by kind."""

    cut: Slice
    counts: NDArray[np.int64]
    critical: Mapping[str, Critical]
    naming: Naming = PLAIN
    bases: Sequence[str] = BASES
    reference: str = ""

    def kinds(self) -> Iterator[Measurement]:
        """Yield the largest difference and the smallest ratio of each kind."""
        for kind in self.critical:
            for form, find in zip(FORMS, (largest_difference, smallest_ratio), strict=True):
                metric = self.naming(f"{kind}_{form}")
                obstacle = self.obstacle(KINDS[kind])
                if obstacle:
                    yield absent(metric, self.cut.name, obstacle)
                    continue
                found = find(*(self._levels(name, self.critical[kind].contrasts) for name in KINDS[kind]))
                none = f"A rate ({', '.join(KINDS[kind])}) is 0 in every group of {self.cut.name}; it has no ratio."
                yield self._measured(metric, self.cut.name, found, none, empty=bool(self.cut.empty))

    def rates(self, exact: Mapping[str, Mapping[str, float]] | None = None) -> Iterator[Measurement]:
        """Yield each group's rates; ``exact`` holds values that were calculated elsewhere, by rate and label."""
        for kind, critical in self.critical.items():
            if kind == EQUALIZED_ODDS:
                continue
            for place, label in enumerate(self.cut.labels):
                own = self.counts[:, [place]] if self.cut.strata == 1 else self.counts
                reason = self._no_rate(kind, place) if self.cut.strata == 1 else self.obstacle((kind,))
                if reason:
                    yield absent(self.naming(kind), label, reason)
                    continue
                found = levels(RATES[kind], own, critical.levels).estimate(0 if self.cut.strata == 1 else place)
                if exact is not None:
                    found = Estimate(exact[kind][label], found.lower, found.upper, found.n)
                yield self._measured(self.naming(kind), label, found, "")

    def contrasts(self) -> Iterator[Measurement]:
        """Yield each group's differences from, and ratios to, the best group, the reference group and the whole."""
        for kind, critical in self.critical.items():
            if kind == EQUALIZED_ODDS:
                continue
            obstacle = self.obstacle((kind,))
            if obstacle:
                for form in FORMS:
                    for base in self.bases:
                        yield absent(self.naming(contrast_of(kind, form, base)), self.cut.name, obstacle)
                continue
            yield from self._contrasts(kind, self._levels(kind, critical.contrasts), critical.contrasts)

    def _contrasts(self, kind: str, own: Levels, critical: float) -> Iterator[Measurement]:
        others = levels(RATES[kind], self.counts.sum(axis=1, keepdims=True) - self.counts, critical)
        best = int(own.share.argmax())
        for form in FORMS:
            for base in self.bases:
                metric, none = self.naming(contrast_of(kind, form, base)), ""
                if base == "reference" and self.reference not in self.cut.labels:
                    yield absent(metric, self.cut.name, self._no_reference())
                    continue
                for place, label in enumerate(self.cut.labels):
                    if base == "whole":
                        found = to_whole(form, own, others, place)
                        none = f"The {kind} is 0 in all of {self.cut.name}; a ratio to it does not exist."
                    else:
                        other = best if base == "best" else self.cut.labels.index(self.reference)
                        found = to_base(form, own, place, other)
                        none = f"The {kind} of {self.cut.labels[other]} is 0; a ratio to it does not exist."
                    yield self._measured(metric, label, found, none)

    def _levels(self, rate: str, critical: float) -> Levels:
        return levels(RATES[rate], self.counts, critical)

    def _no_reference(self) -> str:
        there = ", ".join(self.cut.labels)
        return f"The reference group {self.reference} is not among the groups that are compared: {there}."

    def _no_rate(self, rate: str, place: int) -> str:
        below = RATES[rate].parts(self.counts)[1][:, place].sum()
        return "" if below else f"The group {self.cut.labels[place]} has no {rate}: {RATES[rate].empty}."

    def obstacle(self, rates: Sequence[str]) -> str:
        """Say why the groups cannot be compared in these rates, or nothing where they can."""
        if len(self.cut.labels) < 2:  # noqa: PLR2004 - a comparison needs two
            names = ", ".join(self.cut.labels) or "none"
            return f"A comparison by {self.cut.name} needs two groups; the evaluation rows have {names}."
        for rate in rates:
            for place in range(len(self.cut.labels)):
                reason = self._no_rate(rate, place)
                if reason:
                    return f"{reason} It cannot be compared with the others."
            if not len(strata_of(RATES[rate], self.counts)[0]):
                return f"No stratum holds rows with a {rate} of every group of {self.cut.name}."
        return ""

    def _measured(
        self, metric: str, group: str, found: Estimate | None, none: str, *, empty: bool = False
    ) -> Measurement:
        if found is None:
            return absent(metric, group, none)
        n = 0 if empty else found.n
        return measured(metric, found.value, lower=found.lower, upper=found.upper, n=n, group=group)
