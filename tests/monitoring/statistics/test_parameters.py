"""Parameters of a check are read with their limits, and a wrong one is refused by name."""

import pytest

from monitoring.statistics.parameters import Flag, Kind, Names, Share, Whole, read_parameters
from registry.checks import ParameterError

KNOWN: dict[str, Kind] = {
    "rows": Whole(10, 1, 100),
    "effect": Share("0.1"),
    "deep": Flag(default=True),
    "names": Names(),
}


def test_defaults_stand_where_nothing_is_given_and_given_values_win():
    assert read_parameters("c", {}, KNOWN) == {"rows": 10, "effect": 0.1, "deep": True, "names": ()}
    given = {"rows": 5, "effect": "0.25", "deep": False, "names": ["a", "b"]}
    assert read_parameters("c", given, KNOWN) == {"rows": 5, "effect": 0.25, "deep": False, "names": ("a", "b")}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"row": 5}, "no parameter 'row'; it knows: deep, effect, names, rows"),
        ({"rows": 0}, "c.rows is 0; it must lie between 1 and 100"),
        ({"rows": True}, "whole number, not True"),
        ({"rows": "5"}, "whole number, not '5'"),
        ({"effect": 0.1}, "decimal string"),
        ({"effect": "1.5"}, "'1.5'"),
        ({"effect": "NaN"}, "'NaN'"),
        ({"effect": "much"}, "'much'"),
        ({"deep": 1}, "true or false, not 1"),
        ({"names": "sex"}, "list of names, not 'sex'"),
        ({"names": ["sex", "sex"]}, "twice"),
        ({"names": [""]}, "list of names"),
    ],
)
def test_a_wrong_parameter_is_refused_with_its_name_and_value(given, words):
    with pytest.raises(ParameterError, match=words):
        read_parameters("c", given, KNOWN)
