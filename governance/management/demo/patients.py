"""The data of the demonstration: 442 real diabetes patients (Efron et al. 2004), joined with made-up identities."""

import random
from typing import Any

CLINICAL = ("bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")
FEATURES = ("age", "sex", *CLINICAL)
TARGET = "progression_high"
UPPER_SHARE = 0.6
EVALUATION_SHARE = 0.4
OLDER = 55
HELPED = 0.9
WITHOUT = 0.3
IDENTITIES = ("name", "email", "phone", "ssn")
# Obvious sample names; every identity below is made up and belongs to nobody.
GIVEN = ("Alex", "Blair", "Casey", "Dana", "Ellis", "Frances", "Gale", "Harper", "Jamie", "Kelly", "Lee", "Morgan")
FAMILY = ("Sample", "Example", "Placeholder", "Specimen", "Testcase", "Mockwell", "Dummy", "Fielding")
AREAS = (212, 312, 415, 617, 646, 718, 206, 305)
NOTES = (
    "Patient {name} called about the results; reply to {email}.",
    "Spoke with {name}. Call back on {phone} after lunch.",
    "Follow-up in two weeks, glucose slightly raised.",
    "No complaints. Diet discussed, next visit in spring.",
    "Referred for a second opinion; mail {email} with the date.",
)


def schema(*, identities: bool) -> dict[str, Any]:
    """Return the schema of the raw rows, or of rows without the made-up identities."""
    return {
        "target": TARGET,
        "positive": "1",
        "features": [{"name": name, "kind": "numeric"} for name in FEATURES],
        "identifiers": ["patient_id"],
        "text": ["note"] if identities else [],
        "sensitive": [
            {"name": "sex", "column": "sex"},
            {"name": "age_band", "column": "age", "bins": [str(OLDER)]},
        ],
        "ignore": list(IDENTITIES) if identities else [],
    }


def measured() -> Any:
    """Return the real rows as a DataFrame: features as measured, and whether progression lies in the upper 40 %."""
    from sklearn.datasets import load_diabetes

    frame = load_diabetes(as_frame=True, scaled=False).frame
    frame[TARGET] = (frame["target"] > frame["target"].quantile(UPPER_SHARE)).astype(int)
    frame.insert(0, "patient_id", [f"P-{number:04d}" for number in range(1, len(frame) + 1)])
    return frame.drop(columns="target")


def with_identities(frame: Any, seed: int) -> Any:
    """Return the rows with a made-up name, e-mail, phone, social-security number and note each."""
    source = random.Random(seed)  # noqa: S311 - sample data
    rows = [_identity(source, number) for number in range(len(frame))]
    joined = frame.copy()
    for column in (*IDENTITIES, "note"):
        joined[column] = [row[column] for row in rows]
    return joined


def _identity(source: random.Random, number: int) -> dict[str, str]:
    given, family = source.choice(GIVEN), source.choice(FAMILY)
    facts = {
        "name": f"{given} {family}",
        "email": f"{given.lower()}.{family.lower()}{number}@example.org",
        "phone": f"({source.choice(AREAS)}) 555-{source.randint(100, 199):04d}",
        "ssn": f"{source.randint(1, 665):03d}-{source.randint(1, 99):02d}-{source.randint(1, 9999):04d}",
    }
    return {**facts, "note": source.choice(NOTES).format(**facts)}


def split(frame: Any, seed: int) -> tuple[Any, Any]:
    """Return training and evaluation rows: 60 % and 40 %, drawn within each outcome, sex and age band."""
    from sklearn.model_selection import train_test_split

    strata = [str(one) for one in zip(frame[TARGET], frame["sex"], frame["age"] >= OLDER, strict=True)]
    train, evaluation = train_test_split(frame, test_size=EVALUATION_SHARE, random_state=seed, stratify=strata)
    return train.reset_index(drop=True), evaluation.reset_index(drop=True)


def intake(evaluation: Any, rows: int, seed: int) -> Any:
    """Return a later intake, simulated from the evaluation rows: heavier patients, no outcomes yet."""
    later = evaluation.sample(n=rows, replace=True, random_state=seed).reset_index(drop=True)
    later["patient_id"] = [f"Q-{number:04d}" for number in range(1, rows + 1)]
    later["bmi"] += 6
    later["bp"] += 12
    return later.drop(columns=TARGET)


def with_outcomes(later: Any, predictions: list[int], seed: int) -> Any:
    """Return the intake with simulated outcomes: the programme works for those it was given to.

    ``predictions`` are the deployment's own answers. Nine in ten of those it chose did not progress; of the others,
    those with higher values of s5, who went without, did.
    """
    import numpy as np

    random_state = np.random.default_rng(seed)
    chosen = np.asarray(predictions) == 1
    helped = random_state.random(len(later)) < HELPED
    missed = later["s5"].rank(pct=True).to_numpy() > WITHOUT
    known = later.copy()
    known[TARGET] = np.where(chosen, np.where(helped, 0, 1), np.where(missed, 1, 0))
    return known
