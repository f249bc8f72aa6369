import random

import pytest
from django.conf import settings as django_settings

from governance.management.trial.question import Question, read_sensitive
from governance.models import Evaluation, Policy, PolicyAssignment, PromotionRequest
from registry.ledger import read
from registry.models import DatasetVersion, Model, ModelVersion

HEADER = "id,sex,age,income,debt,note,outcome,pred,prob"


def loans(rows: int = 240, seed: int = 5) -> list[dict[str, str]]:
    source = random.Random(seed)  # noqa: S311 - sample data
    made = []
    for number in range(rows):
        sex, income, debt = source.choice(["male", "female"]), source.gauss(50, 15), source.gauss(10, 4)
        pull = (income - 50) / 15 - (debt - 10) / 4 + (0.5 if sex == "male" else 0)
        good, said = pull + source.gauss(0, 1) > 0, pull + source.gauss(0, 0.5) > 0
        values = (
            100 + number, sex, source.randint(20, 70), f"{income:.2f}", f"{debt:.2f}",
            f"the applicant wrote words {number}", "good" if good else "bad", "good" if said else "bad",
            f"{1 / (1 + 2.718 ** -pull):.4f}",
        )  # fmt: skip
        made.append(dict(zip(HEADER.split(","), map(str, values), strict=True)))
    return made


def csv_text(rows: list[dict[str, str]], mark: str = ",") -> str:
    return "\n".join([mark.join(rows[0]), *(mark.join(row.values()) for row in rows)]) + "\n"


@pytest.fixture
def loans_file(tmp_path):
    file = tmp_path / "loans.csv"
    file.write_text(csv_text(loans()))
    return file


@pytest.fixture
def demo_instance(settings, tmp_path):
    """An instance of the test's own, marked as one in which people and policies may be made."""
    settings.PROBITY_DEMO = True
    settings.PROBITY_HOME = tmp_path / "home"
    settings.MLFLOW_TRACKING_URI = f"sqlite:///{tmp_path / 'home' / 'mlflow.db'}"
    settings.MLFLOW_ARTIFACT_ROOT = str(tmp_path / "home" / "mlruns")
    assert django_settings.PROBITY_DEMO
    return settings.PROBITY_HOME


def asked(file, **more):
    sensitive = more.pop("sensitive", "sex,age:40")
    values = {"file": file, "target": "outcome", "positive": "good", "sensitive": read_sensitive(sensitive)}
    return Question(**(values | more))


def state() -> dict[str, int]:
    """How much is recorded of everything that a refused question or policy must not add to."""
    tables = (DatasetVersion, Model, ModelVersion, Policy, PolicyAssignment, PromotionRequest, Evaluation)
    return {table.__name__: table.objects.count() for table in tables} | {"entries": read.size()}
