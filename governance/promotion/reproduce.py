"""Measure a kept check again from its pinned inputs, and say whether the same comes out and what has changed since.

Nothing is recorded: whoever doubts a number may ask as often as they like. Inputs are read by digest and verified, so
what they hold cannot have changed; what can have is the code of the check, the libraries, the interpreter, the machine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from governance.models import CheckRun, Evidence
from governance.promotion.engine import engine_of
from governance.promotion.measure import KeptInputs
from governance.rules.evidence import seed_of
from registry import catalog
from registry.artifacts import read_bytes, read_document
from registry.blobs import BlobDamagedError, BlobMissingError
from registry.canonical import digest
from registry.checks import Check, Context, Report, outcome_of

TOLERANCE = Decimal("1e-9")
NUMBERS = ("value", "lower", "upper")
PLAIN = ("status", "n", "unit")
Key = tuple[str, str]


class Sameness(StrEnum):
    """What came out of measuring again."""

    IDENTICAL = "identical"
    WITHIN_TOLERANCE = "within tolerance"
    DIFFERENT = "different"


class NotReproducibleError(LookupError):
    """The kept check cannot be measured again here; the message says why."""

    code = "not_reproducible"


@dataclass(frozen=True, slots=True)
class Change:
    """Something that is another than it was: what, as it was kept, and as it is now (None: not there)."""

    what: str
    kept: str | None
    now: str | None


@dataclass(frozen=True, slots=True)
class Moved:
    """A field of a measurement that came out differently; ``within`` says whether that is within the tolerance."""

    metric: str
    group: str
    field: str
    kept: str | None
    now: str | None
    within: bool


@dataclass(frozen=True, slots=True)
class Reproduction:
    """What was measured again, whether the same came out, and what changed; digests are of the two reports."""

    check_run: str
    check: str
    kept: str
    now: str
    sameness: Sameness
    measurements: int
    moved: tuple[Moved, ...]
    changes: tuple[Change, ...]
    note: str

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "check_run": self.check_run,
            "check": self.check,
            "result": str(self.sameness),
            "report": {"kept": self.kept, "now": self.now},
            "measurements": self.measurements,
            "moved": [
                {name: getattr(one, name) for name in ("metric", "group", "field", "kept", "now", "within")}
                for one in self.moved
            ],
            "changes": [{"what": one.what, "kept": one.kept, "now": one.now} for one in self.changes],
            "note": self.note,
        }


def reproduce(check_run: CheckRun, *, tolerance: Decimal = TOLERANCE) -> Reproduction:
    """Measure again; numbers that differ by at most ``tolerance``, relative to the larger of them and 1, are within it.

    Raises NotReproducibleError where the report, an input or the check is not here, or nothing had been measured.
    """
    kept = _kept(check_run)
    check = _check(kept)
    _require_inputs(kept, check)
    context = Context(seed=int(kept["seed"]), parameters=kept["parameters"])
    outcome = outcome_of(check, KeptInputs(kept["inputs"]), context)
    now = Report(check.name, check.version, kept["inputs"], kept["parameters"], context.seed, outcome).document()
    engine, then = engine_of(check), _engine(check_run)
    note = "" if then else "What the kept measurement computed with is known by its digest alone."
    if then is None and digest(engine) == check_run.fingerprint:
        note = ""
    moved = _moved(kept, now, tolerance)
    return Reproduction(
        check_run=str(check_run.pk),
        check=check.name,
        kept=check_run.report_digest,
        now=digest(now),
        sameness=_sameness(kept, now, moved),
        measurements=len(now["measurements"]),
        moved=moved,
        changes=(
            *_of_record(check_run, kept),
            *_of_version(kept, check),
            *_of_engine(then or {}, engine if then else {}),
        ),
        note=note,
    )


def _kept(check_run: CheckRun) -> dict[str, Any]:
    try:
        return dict(read_document(check_run.report_digest))
    except (BlobMissingError, BlobDamagedError) as error:
        raise NotReproducibleError(f"The report cannot be read: {error}.") from error


def _check(kept: Mapping[str, Any]) -> Check:
    try:
        return catalog.check(str(kept["check"]))
    except catalog.NotListedError as error:
        raise NotReproducibleError(f"The check cannot be run: {error}.") from error


def _require_inputs(kept: Mapping[str, Any], check: Check) -> None:
    needed = [need.name for need in check.needs(kept["parameters"]) if not need.optional]
    lacking = [name for name in needed if name not in kept["inputs"]]
    if lacking:
        raise NotReproducibleError(
            f"The check {check.name} had not been given {', '.join(lacking)}, and measured nothing: {kept['reason']}"
        )
    for name, pinned in kept["inputs"].items():
        try:
            read_bytes(pinned)
        except (BlobMissingError, BlobDamagedError) as error:
            raise NotReproducibleError(f"The input {name!r} cannot be read: {error}.") from error


def _engine(check_run: CheckRun) -> dict[str, Any] | None:
    try:
        return dict(read_document(check_run.fingerprint))
    except (BlobMissingError, BlobDamagedError):
        return None


def _of_record(check_run: CheckRun, kept: Mapping[str, Any]) -> list[Change]:
    """Return where the row, the report and the promotions that cite it do not say the same."""
    inputs = digest({"inputs": dict(kept["inputs"]), "missing": {}})
    pairs = [
        ("inputs", check_run.inputs_digest, inputs),
        ("parameters", check_run.parameters_digest, digest(dict(kept["parameters"]))),
        ("seed", str(check_run.seed), str(kept["seed"])),
    ]
    cited = Evidence.objects.filter(check_run=check_run).values_list("promotion__manifest_id", flat=True)
    for manifest in sorted(set(cited)):
        due = seed_of(manifest, check_run.check_name, kept["inputs"])
        pairs.append((f"seed by the manifest {manifest[:12]}", str(due), str(kept["seed"])))
    return [Change(what, one, other) for what, one, other in pairs if one != other]


def _of_version(kept: Mapping[str, Any], check: Check) -> list[Change]:
    same = kept["version"] == check.version
    return [] if same else [Change(f"version of the check {check.name}", str(kept["version"]), check.version)]


def _of_engine(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[Change]:
    flat = [
        {"python": one.get("python"), "machine": one.get("machine")}
        | {f"library {name}": number for name, number in one.get("libraries", {}).items()}
        | {f"code of {name}": source for name, source in one.get("code", {}).items()}
        for one in (then, now)
    ]
    names = sorted({*flat[0], *flat[1]})
    return [
        Change(name, flat[0].get(name), flat[1].get(name)) for name in names if flat[0].get(name) != flat[1].get(name)
    ]


def _by_place(measurements: Sequence[Mapping[str, Any]]) -> dict[Key, Mapping[str, Any]]:
    return {(one["metric"], one["group"]): one for one in measurements}


def _moved(kept: Mapping[str, Any], now: Mapping[str, Any], tolerance: Decimal) -> tuple[Moved, ...]:
    before, after = _by_place(kept["measurements"]), _by_place(now["measurements"])
    found = []
    for metric, group in sorted({*before, *after}):
        one, other = before.get((metric, group)), after.get((metric, group))
        if one is None or other is None:
            values = [None if each is None else str(each["value"]) for each in (one, other)]
            found.append(Moved(metric, group, "measurement", values[0], values[1], within=False))
            continue
        for field in (*NUMBERS, *PLAIN):
            if one[field] != other[field]:
                near = field in NUMBERS and _near(one[field], other[field], tolerance)
                found.append(Moved(metric, group, field, _text(one[field]), _text(other[field]), within=near))
    return tuple(found)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _near(one: str | None, other: str | None, tolerance: Decimal) -> bool:
    if one is None or other is None:
        return False
    a, b = Decimal(one), Decimal(other)
    return abs(a - b) <= tolerance * max(Decimal(1), abs(a), abs(b))


def _sameness(kept: Mapping[str, Any], now: Mapping[str, Any], moved: Sequence[Moved]) -> Sameness:
    """Compare the reports without the version of the check: what came out counts, not what it is called."""
    if {**kept, "version": ""} == {**now, "version": ""}:
        return Sameness.IDENTICAL
    places = [[(one["code"], one["place"]) for one in each["findings"]] for each in (kept, now)]
    same = kept["status"] == now["status"] and places[0] == places[1]
    return Sameness.WITHIN_TOLERANCE if same and all(one.within for one in moved) else Sameness.DIFFERENT
