"""The contract of a check: what it needs, what it is given, the report it returns. It measures; a policy judges."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from registry.canonical import decimal_string, digest
from registry.telling import told

LONGEST_REASON = 2000


class Status(StrEnum):
    """What a check can say of itself or of one number; whether that is good enough is for the policy."""

    MEASURED = "MEASURED"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    NOT_COMPUTABLE = "NOT_COMPUTABLE"
    ERROR = "ERROR"


BINARY, MULTICLASS, REGRESSION = "binary", "multiclass", "regression"
TASKS = (
    BINARY,
    MULTICLASS,
    REGRESSION,
)  # what a dataset's schema says that its target is; binary where it says nothing


class Cancelled(Exception):  # noqa: N818 - it is an order that was obeyed, not a mistake
    """Raised inside a check when somebody cancelled its run."""


@dataclass(frozen=True, slots=True)
class Need:
    """Something that must be collected before a check can measure: a kind that a resolver provides, under a name.

    ``optional`` needs may be absent (there is no version in production to compare with); the check then says
    NOT_APPLICABLE for what depends on them.
    """

    name: str
    kind: str
    role: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Measurement:
    """One number: a decimal string, its 95 % interval where there is one, and the count of rows it rests on.

    ``group`` names the slice ("sex=female", "column=email") or is empty for the whole.
    """

    metric: str
    value: str | None = None
    lower: str | None = None
    upper: str | None = None
    n: int | None = None
    group: str = ""
    unit: str = ""
    status: Status = Status.MEASURED
    reason: str = ""


def measured(
    metric: str,
    value: float,
    *,
    lower: float | None = None,
    upper: float | None = None,
    n: int | None = None,
    group: str = "",
    unit: str = "",
) -> Measurement:
    """Make a Measurement out of floats; raises CanonicalError when one is not finite."""
    return Measurement(
        metric=metric,
        value=decimal_string(value),
        lower=None if lower is None else decimal_string(lower),
        upper=None if upper is None else decimal_string(upper),
        n=n,
        group=group,
        unit=unit,
    )


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a person should read: a stable code, a sentence, the place it speaks of. Never a raw personal value."""

    code: str
    message: str
    place: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


class Inputs(Protocol):
    """What was collected for one check, by the names of its needs."""

    def has(self, name: str) -> bool:
        """Say whether an optional need was provided."""

    def table(self, name: str) -> Any:
        """Return a pyarrow.Table."""

    def document(self, name: str) -> Any:
        """Return a JSON document (dict)."""

    def digests(self) -> Mapping[str, str]:
        """Return the digest of each input that was provided, by name."""


@dataclass(frozen=True, slots=True)
class Context:
    """How a check runs: its seed, its parameters from the policy, and two callbacks.

    ``progress(share, message)`` reports between 0 and 1 and raises Cancelled when the run was cancelled.
    """

    seed: int
    parameters: Mapping[str, Any]
    progress: Callable[[float, str], None] = lambda _share, _message: None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What ``Check.measure`` returns: its status with a reason, the numbers, the findings, and evidence to keep.

    ``evidence`` is a JSON document from which an auditor recomputes the numbers (counts per cell, not rows).
    """

    measurements: tuple[Measurement, ...] = ()
    findings: tuple[Finding, ...] = ()
    status: Status = Status.MEASURED
    reason: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """The deterministic body of one measurement; its digest is what evaluations cite. Times and hosts stay outside."""

    check: str
    version: str
    inputs: Mapping[str, str]
    parameters: Mapping[str, Any]
    seed: int
    outcome: Outcome

    def document(self) -> dict[str, Any]:
        """Return the canonical JSON document of this report."""
        body = asdict(self.outcome)
        return {
            "check": self.check,
            "version": self.version,
            "inputs": dict(self.inputs),
            "parameters": dict(self.parameters),
            "seed": self.seed,
            "status": str(self.outcome.status),
            "reason": self.outcome.reason,
            "measurements": [dict(item, status=str(item["status"])) for item in body["measurements"]],
            "findings": [dict(item, data=dict(item["data"])) for item in body["findings"]],
            "evidence": dict(self.outcome.evidence),
        }

    def digest(self) -> str:
        """Return the SHA-256 of the document."""
        return digest(self.document())


class Check(Protocol):
    """A plug-in that measures one thing. Its module docstring is its documentation page."""

    name: str
    version: str
    metrics: Mapping[str, str]

    def needs(self, parameters: Mapping[str, Any]) -> tuple[Need, ...]:
        """Say what must be collected, given the policy's parameters; raises ParameterError on bad ones."""

    def measure(self, inputs: Inputs, context: Context) -> Outcome:
        """Measure, purely: the same inputs, parameters and seed give the same Outcome, byte for byte."""


class ParameterError(ValueError):
    """A parameter that a check does not know or that is out of its range."""

    code = "check_parameter"


def outcome_of(
    check: Check, inputs: Inputs, context: Context, *, through: tuple[type[BaseException], ...] = ()
) -> Outcome:
    """Measure; whatever a check raises is an ERROR in its report, never a pass and never a lost report.

    A cancellation, a want of memory and what is named in ``through`` go on to the caller.
    """
    try:
        return check.measure(inputs, context)
    except (Cancelled, MemoryError):
        raise
    except through:
        raise
    except Exception as error:  # noqa: BLE001 - a check may be anybody's; its failure is what is reported
        return Outcome(status=Status.ERROR, reason=told(error)[:LONGEST_REASON])
