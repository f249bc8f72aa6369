"""What the rules rely on whenever a check comes to an end, however wrong its inputs were."""

import math

from registry.canonical import canonical
from registry.checks import Report, Status


def sound(check, outcome):
    """Assert what the rules rely on whenever a check comes to an end."""
    assert outcome.status is Status.MEASURED or outcome.reason
    assert {one.metric for one in outcome.measurements} <= set(check.metrics)
    places = [(one.metric, one.group) for one in outcome.measurements]
    assert len(set(places)) == len(places)
    for one in outcome.measurements:
        if one.status is not Status.MEASURED:
            assert (one.value, bool(one.reason)) == (None, True), one
            continue
        assert math.isfinite(float(one.value)), one
        assert one.n is None or one.n >= 0, one
        if one.lower is not None:
            assert float(one.lower) <= float(one.value) <= float(one.upper), one
    canonical(Report(check.name, check.version, {}, {}, 1, outcome).document())


def numbers_of(outcome):
    """Return what could pass a limit: measured values, without counts of nothing."""
    if outcome.status is not Status.MEASURED:
        return []
    return [one for one in outcome.measurements if one.status is Status.MEASURED and (one.value != "0" or one.n)]
