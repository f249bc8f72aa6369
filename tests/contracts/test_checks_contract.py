"""One suite over every check: what any of them promises to the policies and to the record."""

import importlib

import pytest
from django.conf import settings

from registry.canonical import canonical, parse
from registry.checks import Cancelled, Context, Need, ParameterError, Status
from tests.contracts.given import LISTED, given_to
from tests.monitoring.checks.inputs import Collected, measure, report

HEADINGS = ["Question", "Method", "Limits", "Remediation"]
MODULES = {name: place.rpartition(".")[0] for name, place in settings.PROBITY_CHECKS.items()}


@pytest.fixture(params=LISTED)
def name(request):
    return request.param


@pytest.fixture
def module(name):
    return importlib.import_module(MODULES[name])


@pytest.fixture
def check(module):
    return module.check


@pytest.fixture
def inputs(name):
    return Collected(**given_to(name))


def test_a_check_has_the_name_of_its_file_and_a_version(check, name):
    assert check.name == name
    assert check.version


def test_its_module_is_its_documentation_page(module):
    summary, *page = module.__doc__.strip().split("\n")
    assert summary[-1] in ".?"
    assert sum(len(line) for line in page) > 400


@pytest.mark.parametrize("place", [place for place in MODULES.values() if place.startswith("monitoring.")])
def test_the_page_says_question_method_limits_and_remediation(place):
    page = str(importlib.import_module(place).__doc__).split("\n")
    assert [line for line in page if line in HEADINGS] == HEADINGS


def test_every_metric_has_its_meaning_in_one_line_under_the_name_of_the_check(check, name):
    assert check.metrics
    for metric, meaning in check.metrics.items():
        assert metric.startswith(f"{name}.")
        assert meaning.strip()
        assert "\n" not in meaning


def test_what_it_needs_is_declared_once_by_name(check):
    needs = check.needs({})
    assert needs
    assert all(isinstance(need, Need) for need in needs)
    assert len({need.name for need in needs}) == len(needs)


def test_an_unknown_parameter_is_refused_by_name(check):
    with pytest.raises(ParameterError, match="no_such_parameter"):
        check.needs({"no_such_parameter": 1})


def test_only_declared_metrics_are_reported_and_each_once_per_group(check, inputs):
    outcome = measure(check, inputs)
    assert outcome.status is Status.MEASURED, outcome.reason
    assert outcome.measurements
    assert {item.metric for item in outcome.measurements} <= set(check.metrics)
    places = [(item.metric, item.group) for item in outcome.measurements]
    assert len(set(places)) == len(places)


def test_a_number_is_there_exactly_when_it_was_measured_and_its_absence_has_a_reason(check, inputs):
    for item in measure(check, inputs).measurements:
        if item.status is Status.MEASURED:
            assert item.value is not None
            assert not item.reason
        else:
            assert item.value is None
            assert item.reason.endswith(".")


def test_an_interval_holds_its_value(check, inputs):
    for item in measure(check, inputs).measurements:
        assert (item.lower is None) == (item.upper is None)
        if item.lower is not None:
            lower, value, upper = (float(str(text)) for text in (item.lower, item.value, item.upper))
            assert lower <= value <= upper, item


def test_findings_are_full_sentences_with_a_code(check, inputs):
    for finding in measure(check, inputs).findings:
        assert finding.code.replace("_", "").isalnum()
        assert finding.message[0].isupper() or finding.message[0].isdigit()
        assert finding.message.endswith(".")


def test_the_same_inputs_parameters_and_seed_give_the_same_report(check, inputs):
    first, second = report(check, inputs), report(check, inputs)
    assert first.digest() == second.digest()
    assert parse(canonical(first.document())) == first.document()


def test_progress_is_reported_in_order(check, inputs):
    shares: list[float] = []
    check.measure(inputs, Context(seed=1, parameters={}, progress=lambda share, _message: shares.append(share)))
    assert shares == sorted(shares)
    assert all(0 <= share <= 1 for share in shares)


def test_a_cancellation_is_obeyed(check, inputs, name):
    def stop(share, _message):
        raise Cancelled(f"stopped at {share}")

    if name == "pii":
        pytest.skip("it reads a finished scan and has nothing to cancel")
    with pytest.raises(Cancelled):
        check.measure(inputs, Context(seed=1, parameters={}, progress=stop))
