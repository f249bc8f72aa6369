"""The risk of being found again as measurements and findings of a check, over several datasets: the worst of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from registry.checks import Finding, Measurement, measured

METRICS: Mapping[str, str] = {
    "pii.k_anonymity": "Rows in the smallest class that agrees in all declared quasi-identifiers.",
    "pii.unique_rows": "Largest share of a dataset's rows that no other row agrees with in its quasi-identifiers.",
    "pii.l_diversity": "Least number of values that a confidential column takes within a class, by column.",
}


def measurements(risks: Mapping[str, Mapping[str, Any]]) -> tuple[Measurement, ...]:
    """Return the numbers of the risks by role (``Risk.document``); none where no dataset declares anything.

    k and the share of unique rows are given for all roles together and for each of them.
    """
    if not risks:
        return ()
    rows = sum(one["rows"] for one in risks.values())
    diversity: dict[str, list[int]] = {}
    for one in risks.values():
        for column, number in one["diversity"].items():
            diversity.setdefault(column, []).append(number)
    return (
        *_smallest(list(risks.values()), ""),
        *(number for role, one in sorted(risks.items()) for number in _smallest([one], f"role={role}")),
        *(
            measured("pii.l_diversity", min(numbers), n=rows, group=f"column={column}", unit="values")
            for column, numbers in sorted(diversity.items())
        ),
    )


def _smallest(risks: Sequence[Mapping[str, Any]], group: str) -> tuple[Measurement, ...]:
    rows = sum(one["rows"] for one in risks)
    unique = max(one["unique_rows"] / one["rows"] for one in risks)
    return (
        measured("pii.k_anonymity", min(one["k"] for one in risks), n=rows, group=group, unit="rows"),
        measured("pii.unique_rows", unique, n=rows, group=group),
    )


def findings(risks: Mapping[str, Mapping[str, Any]]) -> tuple[Finding, ...]:
    """Say of each dataset how many classes there are, and how small the smallest is."""
    return tuple(
        Finding(
            "reidentification",
            f"The {role} dataset has {one['classes']} classes of rows that agree in "
            f"{', '.join(one['quasi_identifiers'])}; the smallest has {one['k']}, and {one['unique_rows']} of "
            f"{one['rows']} rows agree with no other.",
            role,
            dict(one),
        )
        for role, one in sorted(risks.items())
    )
