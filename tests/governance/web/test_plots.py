"""The pictures in a report: drawn within their frame, and what is not in the agreed form is left out."""

from xml.etree import ElementTree as ET

import pytest
from django.template.loader import render_to_string

from governance.web.plots import HEIGHT, WIDTH, plots_of
from monitoring.statistics.plots import Axis, Bar, Series, intervals, lines, thinned

CURVE = lines("T", "R.", Axis("x"), Axis("y", -1, 1), (Series("a", [(0, -1), (1, 1)]), Series("b", [(0.5, 0)], "mark")))
BARS = intervals("T", "R.", "gap", (Bar("one", 0.2, -0.1, 0.5, 30), Bar("two", 0.1)), 0.0)


def test_a_curve_runs_from_corner_to_corner_of_its_frame():
    (plot,) = plots_of({"plots": [CURVE]})
    assert plot.curves[0].points == ((46.0, 240.0), (348.0, 10.0))
    assert [tick.text for tick in plot.y_ticks] == ["-1", "-0.5", "0", "0.5", "1"]
    assert [curve.name for curve in plot.legend] == ["a", "b"]
    assert (plot.width, plot.height) == (WIDTH, HEIGHT)


def test_bars_say_their_interval_in_words_and_an_unknown_one_is_not_drawn():
    (plot,) = plots_of({"plots": [BARS]})
    one, two = plot.bars
    assert one.words == "0.2 (-0.1 to 0.5), 30 rows"
    assert one.low < plot.reference < one.value < one.high
    assert (two.low, two.high, two.words) == (None, None, "0.1")


@pytest.mark.parametrize(
    "wrong",
    [
        None, "text", {"kind": "pie"}, {"kind": "lines"}, {**CURVE, "x": {"label": "x", "low": "1", "high": "1"}},
        {**CURVE, "series": [{"name": "a", "style": "own", "points": [["NaN", "0"]]}]},
        {**BARS, "bars": [], "reference": None},
        {**BARS, "bars": [{"name": "x", "value": "<script>", "lower": None, "upper": None, "n": 1}]},
    ],
)  # fmt: skip
def test_what_is_no_picture_is_left_out_and_the_others_are_drawn(wrong):
    assert [plot.title for plot in plots_of({"plots": [wrong, CURVE]})] == ["T"]


@pytest.mark.parametrize("evidence", [None, {}, {"plots": None}, {"plots": {}}, []])
def test_evidence_without_pictures_has_none(evidence):
    assert plots_of(evidence) == ()


def test_a_long_curve_is_thinned_and_keeps_its_ends():
    points = [(x / 5000, (x / 5000) ** 2) for x in range(5001)]
    kept = thinned(points)
    assert len(kept) <= 120
    assert (kept[0], kept[-1]) == (points[0], points[-1])
    assert thinned([(0.0, 0.0)] * 500)[-1] == (0.0, 0.0)


@pytest.mark.parametrize("picture", [CURVE, BARS, {**CURVE, "title": "<script>"}])
def test_a_picture_is_well_formed_and_says_its_title_to_who_cannot_see_it(picture):
    (plot,) = plots_of({"plots": [picture]})
    text = render_to_string("governance/_plot.html", {"plot": plot})
    root = ET.fromstring(text.replace("<br>", "<br/>"))  # noqa: S314 - our own template
    drawing = root.find("svg")
    assert drawing.get("aria-label") == picture["title"]
    assert root.find("figcaption/strong").text == picture["title"]
    assert drawing.findall(".//circle")
    assert "style=" not in text
