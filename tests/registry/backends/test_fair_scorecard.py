"""The training that is held to a limit of disparity: what it keeps, what it says each limit costs, what it refuses."""

import json

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import demographic_parity_difference, equalized_odds_difference

from governance.web.plots import plots_of
from registry.backends import sandbox
from registry.backends.programs.loading import load
from registry.backends.training.entry_points import fair_scorecard
from tests.registry.backends.conftest import ENTRY_POINTS

METRICS = {"demographic_parity": demographic_parity_difference, "equalized_odds": equalized_odds_difference}


def applicants(rows=300, seed=0):
    """Two groups, one of which has more of what the decision rests on."""
    rng = np.random.default_rng(seed)
    group = rng.choice(["f", "m"], rows)
    x, z = rng.normal(size=rows) + (group == "m"), rng.normal(size=rows)
    y = np.where(x + z / 2 + rng.normal(size=rows) > 0.5, "yes", "no")
    return pd.DataFrame({"x": x, "z": z, "group": group, "age": rng.integers(20, 80, rows), "y": y})


def asked(**more):
    return {
        "features": ["x", "z"],
        "target": "y",
        "positive": "yes",
        "sensitive": "group",
        "constraint": "demographic_parity",
        "rounds": 4,
        **more,
    }


def test_reductions_come_out_of_the_sandbox_as_one_scorecard_within_the_limit_that_never_reads_the_attribute(tmp_path):
    table = applicants()
    table.to_parquet(tmp_path / "rows.parquet")
    entry = ENTRY_POINTS / "fair_scorecard.py"
    request = {
        "entry_point": str(entry),
        "datasets": {"train": str(tmp_path / "rows.parquet")},
        "parameters": asked(bound="0.1"),
        "output": str(tmp_path / "work" / "model"),
        "seed": 7,
    }
    done = sandbox.run("train", request, readable=[entry, tmp_path / "rows.parquet"], workdir=tmp_path / "work")
    returned, folder = done.document["returned"], tmp_path / "work" / "model"
    model = load(folder, (), "1")
    said = model.score(table) >= 0.5
    assert model.features == ("x", "z")
    found = demographic_parity_difference(table["y"] == "yes", said, sensitive_features=table["group"])
    assert found == pytest.approx(returned["metrics"]["train.disparity"])
    assert found <= 0.1
    free, *limited = returned["trade_off"]
    assert (free["bound"], [one["bound"] for one in limited]) == (None, [0.2, 0.1, 0.05, 0.02])
    assert free["disparity"] > 0.2
    assert returned["metrics"]["held_out_without_limit.disparity"] == free["disparity"]
    [plot] = plots_of(json.loads((folder / "trade_off.json").read_text()))
    assert [curve.name for curve in plot.curves] == ["under each limit", "without a limit", "chosen"]
    assert "Measured on 90 rows" in plot.reading


@pytest.mark.parametrize("constraint", METRICS)
def test_thresholds_of_their_own_bring_groups_together_and_are_read_from_a_feature(tmp_path, constraint):
    table = applicants()
    parameters = asked(features=["x", "z", "group"], method="thresholds", constraint=constraint)
    returned = fair_scorecard.train({"train": table}, parameters, tmp_path, 7)
    model = load(tmp_path, (), "1")
    said = model.score(table) >= 0.5
    found = METRICS[constraint](table["y"] == "yes", said, sensitive_features=table["group"])
    assert found == pytest.approx(returned["metrics"]["train.disparity"])
    free, *_, tightest = returned["trade_off"]
    assert tightest["disparity"] < free["disparity"] / 2
    swapped = table.assign(group=table["group"].map({"f": "m", "m": "f"}))
    assert ((model.score(swapped) >= 0.5) != said).any()


def test_bands_of_a_number_are_groups_and_missing_ones_are_a_group_of_their_own():
    table = applicants(40).assign(age=[None, *range(21, 60)])
    groups = fair_scorecard.Asked(asked(sensitive="age", edges=["30", "50"]), table).groups(table)
    assert sorted(set(groups)) == ["(missing)", "[-inf, 30.0)", "[30.0, 50.0)", "[50.0, inf)"]
    assert (groups == "[30.0, 50.0)").sum() == 20


@pytest.mark.parametrize("constraint", METRICS)
@pytest.mark.parametrize("seed", range(3))
def test_the_disparity_is_fairlearns(constraint, seed):
    rng = np.random.default_rng(seed)
    labels, said, groups = rng.integers(0, 2, 60), rng.integers(0, 2, 60), rng.choice(list("abc"), 60)
    reading = fair_scorecard.Asked(asked(constraint=constraint), applicants(10))
    accuracy, apart = fair_scorecard._right_and_apart(reading, said, labels, groups)
    assert apart == pytest.approx(METRICS[constraint](labels, said, sensitive_features=groups), abs=1e-12)
    assert accuracy == (labels == said).mean()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"sensitive": "race"}, r"lacks the columns \['race'\]"),
        ({"method": "wishing"}, "method is one of"),
        ({"constraint": "love"}, "constraint one of"),
        ({"bound": "1.5"}, "must lie between 0 and 1"),
        ({"features": ["x", "group"]}, "must not be a feature with the method reductions"),
        ({"method": "thresholds"}, "must be a feature with the method thresholds"),
        ({"positive": "perhaps"}, "must hold for some rows and not for others"),
    ],
)
def test_what_cannot_be_trained_is_refused_with_a_sentence(tmp_path, more, said):
    with pytest.raises(ValueError, match=said):
        fair_scorecard.train({"train": applicants(40)}, asked(**more), tmp_path, 7)
    assert list(tmp_path.iterdir()) == []
