"""What of a dataset's schema has another shape than everything after it relies on is told with its place."""

import pytest

from registry.register.schema_shape import misshapen

RIGHT = {
    "target": "y",
    "positive": "1",
    "features": [{"name": "age", "kind": "numeric", "unit": "years"}],
    "identifiers": ["id"],
    "text": [],
    "sensitive": [{"name": "sex", "column": "sex", "bins": ["1"]}],
    "ignore": [],
}


def test_a_schema_of_the_right_shape_passes():
    assert misshapen(RIGHT) == ""
    assert misshapen({**RIGHT, "controls": [{"name": "ward", "column": "ward"}], "quasi_identifiers": ["age"]}) == ""


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"target": ["y"]}, "'target' of a schema is a text, not ['y']"),
        ({"positive": 1}, "'positive' of a schema is a text, not 1"),
        ({"text": "note"}, "'text' of a schema is a list, not 'note'"),
        ({"ignore": None}, "'ignore' of a schema is a list, not None"),
        ({"identifiers": ["a", 3]}, "entry 2 of 'identifiers' of a schema is the name of a column, not 3"),
        ({"quasi_identifiers": [{}]}, "entry 1 of 'quasi_identifiers' of a schema is the name of a column, not {}"),
        ({"sensitive": ["sex"]}, "entry 1 of 'sensitive' of a schema is an object with the texts 'name' and 'column'"),
        ({"features": [{"name": "age"}]}, "entry 1 of 'features' of a schema is an object with the texts 'name' and"),
        ({"controls": {"name": "ward"}}, "'controls' of a schema is a list"),
    ],
)
def test_another_shape_is_told_with_its_place(change, told):
    assert told in misshapen({**RIGHT, **change})
