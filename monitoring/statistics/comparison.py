"""All that one count cube says of its groups: a family of simultaneous intervals each for what was predicted, for the
same within strata of control features, and for scores above their median.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from monitoring.statistics.columns import MISSING
from monitoring.statistics.cube import Cube
from monitoring.statistics.disparities import Disparities, absent
from monitoring.statistics.family import critical_values
from monitoring.statistics.frame import group_rates
from monitoring.statistics.groups import JOINT
from monitoring.statistics.intervals import generator, wilson
from monitoring.statistics.naming import (
    ABOVE_MEDIAN,
    BASES,
    CONDITIONAL,
    EQUALIZED_ODDS,
    GIVEN_CONTROLS,
    PER_GROUP,
    PLAIN,
    Naming,
)
from monitoring.statistics.scores import Means, Scored, critical_means, largest_gap, mean_of, means_of
from monitoring.statistics.slices import Slice, cut
from registry.checks import Finding, Measurement, measured

if TYPE_CHECKING:
    from monitoring.statistics.family import Critical

MOST_EMPTY = 64


@dataclass(frozen=True, slots=True)
class Comparison:
    """A cube and the sets of attributes to cut it by; ``known`` holds groups declared beforehand, by attribute."""

    cube: Cube
    sets: Sequence[Sequence[str]]
    known: Mapping[str, Sequence[str]]
    reference: Mapping[str, str]
    settings: Mapping[str, Any]
    seed: int

    def slices(self, controls: Sequence[str] = ()) -> list[Slice]:
        """Return the groups to compare, of each set of attributes."""
        share = self.settings["smallest_share"]
        return [cut(self.cube, names, controls=controls, known=self.known, smallest_share=share) for names in self.sets]

    def everyone(self) -> list[Slice]:
        """Return the groups to show: small ones and those of rows whose group is missing among them."""
        return [cut(self.cube, names, everyone=True) for names in self.sets]

    def predictions(self) -> Iterator[Measurement]:
        """Yield what was predicted: counts, rates, contrasts, and the largest of these."""
        yield from self.counts()
        kinds = (*PER_GROUP, EQUALIZED_ODDS)
        yield from self._family("predictions", self.cube, kinds, PLAIN, fairlearn=True)

    def counts(self) -> Iterator[Measurement]:
        """Yield how many rows each group has, and the share of rows whose group is not known."""
        for names, one in zip(self.sets, self.slices(), strict=True):
            yield from self._counts(self.cube.margin(names), one)

    def conditional(self, controls: Sequence[str]) -> Iterator[Measurement]:
        """Yield the same as if all groups were spread alike over the strata of the controls."""
        slices, cells = self.slices(controls), self.cube.array()
        critical = self._critical("conditional", self.cube, slices, slices, (*CONDITIONAL, EQUALIZED_ODDS))
        for one in slices:
            counts = one.counts(cells)
            rows = counts.sum(axis=-1)
            inside, total = int(rows[(rows > 0).all(axis=1)].sum()), int(cells.sum())
            low, high = wilson(inside, total)
            yield measured(GIVEN_CONTROLS("share"), inside / total, lower=low, upper=high, n=total, group=one.name)
            of_slice = Disparities(one, counts, critical, GIVEN_CONTROLS)
            yield from of_slice.kinds()
            yield from of_slice.rates()

    def scores(self, scored: Scored) -> Iterator[Measurement]:
        """Yield who scores above the median of all, and how far mean scores lie apart."""
        yield from self._family("scores", scored.cube, ("selection_rate",), ABOVE_MEDIAN)
        slices = self.slices()
        yield from self._means("score_mean", [means_of(one, scored.sums, scored.median) for one in slices])
        for name, sums in scored.others.items():
            yield from self._means(name, [means_of(one, sums) for one in slices])

    def _means(self, name: str, means: Sequence[Means | None]) -> Iterator[Measurement]:
        """Yield each group's mean of a value, and the largest difference between two groups' means, per slice."""
        rng = generator(self.seed, name.replace("score_mean", "score means"))
        existing = [one for one in means if one is not None]
        alone, apart = critical_means(existing, rng, self.settings["replicates"])
        for one, found in zip(self.slices(), means, strict=True):
            metric = f"fairness.{name}_difference"
            if found is None or len(one.labels) < 2:  # noqa: PLR2004 - a comparison needs two
                what = "mean scores" if name == "score_mean" else name.replace("_", " ")
                reason = f"A comparison of {what} by {one.name} needs two groups of two rows each at least."
                yield absent(metric, one.name, reason)
            else:
                gap = largest_gap(found, apart)
                n = 0 if one.empty else gap.n
                yield measured(metric, gap.value, lower=gap.lower, upper=gap.upper, n=n, group=one.name)
            for place, label in enumerate(one.labels if found is not None else ()):
                mean = mean_of(found, place, alone)  # type: ignore[arg-type]
                yield measured(
                    f"fairness.{name}", mean.value, lower=mean.lower, upper=mean.upper, n=mean.n, group=label
                )

    def _counts(self, margin: Cube, one: Slice) -> Iterator[Measurement]:
        total = int(margin.array().sum())
        unknown = total - int(margin.known().array().sum())
        low, high = wilson(unknown, total)
        yield measured("fairness.missing_share", unknown / total, lower=low, upper=high, n=total, group=one.name)
        for label in one.empty if len(one.empty) <= MOST_EMPTY else ():
            yield measured("fairness.count", 0, n=0, group=label, unit="rows")
        for label, counts in zip(margin.labels(), margin.counts, strict=True):
            yield measured("fairness.count", sum(counts), n=sum(counts), group=label, unit="rows")

    def _family(
        self, question: str, cube: Cube, kinds: Sequence[str], naming: Naming, *, fairlearn: bool = False
    ) -> Iterator[Measurement]:
        shown, compared, cells = self.everyone(), self.slices(), cube.array()
        critical = self._critical(question, cube, shown, compared, kinds)
        for names, everyone, one in zip(self.sets, shown, compared, strict=True):
            exact = group_rates(cube.margin(names), PER_GROUP) if fairlearn else None
            yield from Disparities(everyone, everyone.counts(cells), critical, naming).rates(exact)
            reference = JOINT.join(self.reference[name] for name in names if name in self.reference)
            bases = BASES if all(name in self.reference for name in names) else ("best", "whole")
            of_slice = Disparities(one, one.counts(cells), critical, naming, bases, reference)
            yield from of_slice.kinds()
            yield from of_slice.contrasts()

    def _critical(
        self, question: str, cube: Cube, shown: Sequence[Slice], compared: Sequence[Slice], kinds: Sequence[str]
    ) -> dict[str, Critical]:
        rng, replicates = generator(self.seed, question), self.settings["replicates"]
        return critical_values(shown, compared, cube.array(), rng, kinds=kinds, replicates=replicates)

    def findings(self) -> Iterator[Finding]:
        """Yield groups without rows, small groups, those left out, and rows whose group is missing."""
        for names, one in zip(self.sets, self.slices(), strict=True):
            yield from _absent_groups(one)
            margin, left_out = self.cube.margin(names), set(one.left_out)
            for cell, label, counts in zip(margin.groups, margin.labels(), margin.counts, strict=True):
                code, sentence = self._weakness(cell, label, sum(counts), one.name, left_out=label in left_out)
                if code:
                    yield Finding(code, sentence, label, {"rows": sum(counts)})
        if self.sets and not sum(counts[1] + counts[3] for counts in self.cube.counts):
            sentence = "No row of any group is predicted positive; ratios of selection rates do not exist."
            yield Finding("nobody_selected", sentence, "predictions")

    def _weakness(self, cell: Sequence[str], label: str, size: int, name: str, *, left_out: bool) -> tuple[str, str]:
        smallest = self.settings["small_group"]
        if MISSING in cell:
            return "group_missing", f"{size} rows are in {label}; they are left out of the comparison by {name}."
        if left_out:
            share = self.settings["smallest_share"]
            return "group_left_out", f"The group {label} has {size} rows, a share below {share:g}; it is not compared."
        if size < smallest:
            return "group_small", f"The group {label} has {size} rows, fewer than {smallest}; its figures are weak."
        return "", ""


def _absent_groups(one: Slice) -> Iterator[Finding]:
    if len(one.empty) > MOST_EMPTY:
        sentence = f"No evaluation row belongs to {len(one.empty)} of the combinations of {one.name}."
        yield Finding("groups_absent", sentence, one.name, {"groups": len(one.empty)})
        return
    for label in one.empty:
        what = "combination" if JOINT in one.name else "declared group"
        yield Finding("group_absent", f"No evaluation row belongs to the {what} {label}.", label)
