"""A kept check measured again: the same, nearly the same, or another number; and what has changed since."""

import io
import json
from dataclasses import replace
from decimal import Decimal

import pytest
from django.core.management import call_command

from governance.models import CheckRun, Evidence
from governance.promotion import engine
from governance.promotion.reproduce import NotReproducibleError, Sameness, reproduce
from monitoring.checks.performance import PerformanceCheck
from registry.artifacts import purge, read_document
from registry.ledger import read
from registry.models import Artifact

REAL_MEASURE = PerformanceCheck.measure


@pytest.fixture
def kept(bare_stage):
    bare_stage.assign()
    promotion = bare_stage.assessed()
    return Evidence.objects.get(promotion=promotion, check_run__check_name="performance").check_run


def shifted(by):
    """A check whose first measured number comes out higher."""

    def measure(self, inputs, context):
        found = REAL_MEASURE(self, inputs, context)
        first, *others = found.measurements
        moved = replace(first, value=str(Decimal(first.value) + Decimal(by)))
        return replace(found, measurements=(moved, *others))

    return measure


def command(*arguments):
    """Return exit code and JSON of the command."""
    said = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("reproduce", *arguments, "--json", stdout=said, stderr=io.StringIO())
    return ended.value.code, json.loads(said.getvalue())


def test_the_same_code_on_the_same_inputs_is_identical_and_leaves_no_trace(kept):
    before = (read.size(), CheckRun.objects.count(), Artifact.objects.count())
    found = reproduce(kept)
    assert (found.sameness, found.moved, found.changes, found.note) == (Sameness.IDENTICAL, (), (), "")
    assert found.kept == found.now == kept.report_digest
    for word in (str(kept.pk), kept.report_digest, kept.report_digest[:12]):
        assert command(word)[0] == 0
    assert (read.size(), CheckRun.objects.count(), Artifact.objects.count()) == before


def test_another_library_and_other_code_are_named_although_the_numbers_are_the_same(kept, monkeypatch):
    there = engine.installed
    monkeypatch.setattr(engine, "installed", lambda name: "0.0.1" if name == "numpy" else there(name))
    code = engine.code_of("monitoring.checks.performance")
    monkeypatch.setattr(engine, "code_of", lambda _module: (("monitoring.checks.performance", "f" * 64), *code[1:]))
    found = reproduce(kept)
    assert found.sameness is Sameness.IDENTICAL
    assert {change.what: change.now for change in found.changes} == {
        "library numpy": "0.0.1",
        "code of monitoring.checks.performance": "f" * 64,
    }
    assert {change.kept for change in found.changes} == {there("numpy"), code[0][1]}


MOVED = [  # how far, the tolerance, what is said, the exit code
    ("1e-12", "1e-9", "within tolerance", 0),
    ("1e-12", "0", "different", 1),
    ("0.5", "1e-9", "different", 1),
    ("0.5", "0.1", "within tolerance", 0),  # of a count of rows: relative to the number
]


def test_what_moved_is_told_number_by_number(kept, monkeypatch):
    monkeypatch.setattr(PerformanceCheck, "version", "99")
    for by, tolerance, result, code in MOVED:
        monkeypatch.setattr(PerformanceCheck, "measure", shifted(by))
        ended, found = command(str(kept.pk), "--tolerance", tolerance)
        assert (ended, found["result"]) == (code, result)
        [moved] = found["moved"]
        assert (moved["metric"], moved["field"], moved["within"]) == ("performance.rows", "value", not code)
        assert Decimal(moved["now"]) - Decimal(moved["kept"]) == Decimal(by)
        assert {"what": "version of the check performance", "kept": kept.check_version, "now": "99"} in found["changes"]
        assert found["report"]["now"] != found["report"]["kept"]


def test_a_number_or_a_whole_check_that_is_not_measured_any_more_is_a_difference(kept, monkeypatch):
    def lacking(self, inputs, context):
        found = REAL_MEASURE(self, inputs, context)
        return replace(found, measurements=found.measurements[1:])

    def broken(_self, _inputs, _context):
        raise ZeroDivisionError

    monkeypatch.setattr(PerformanceCheck, "measure", lacking)
    found = reproduce(kept)
    assert found.sameness is Sameness.DIFFERENT
    assert [(one.metric, one.field, one.now) for one in found.moved] == [("performance.rows", "measurement", None)]
    monkeypatch.setattr(PerformanceCheck, "measure", broken)
    assert reproduce(kept).sameness is Sameness.DIFFERENT


def test_what_the_row_says_otherwise_is_told_and_what_is_purged_cannot_be_measured_again(kept, bare_stage):
    kept.seed += 1
    kept.inputs_digest = "0" * 64
    assert {change.what for change in reproduce(kept).changes} == {"seed", "inputs"}
    pinned = read_document(kept.report_digest)["inputs"]["predictions"]
    purge(Artifact.objects.get(pk=pinned), actor=bare_stage.actor("risk"), reason="asked to")
    with pytest.raises(NotReproducibleError, match=r"The input 'predictions' cannot be read: .* purged"):
        reproduce(kept)
    assert command(str(kept.pk))[0] == 2


@pytest.mark.django_db
@pytest.mark.parametrize("word", ["00000000-0000-4000-8000-000000000000", "abcdef0123456789", "abc", ""])
def test_a_word_that_names_no_measurement_is_refused(word):
    code, said = command(word)
    assert (code, said["error"]["code"]) == (2, "not_reproducible")


def test_the_code_of_a_check_is_its_module_and_what_it_measures_with(tmp_path, monkeypatch):
    package = tmp_path / "ours_of_a_test"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "beside.py").write_text("import numpy\n")
    (package / "apart.py").write_text("")
    (package / "mine.py").write_text("from . import beside\nfrom monitoring.statistics import auc\nimport json\n")
    monkeypatch.syspath_prepend(tmp_path)
    __import__("ours_of_a_test.mine")
    names = [name for name, _ in engine.code_of("ours_of_a_test.mine")]
    assert names[-2:] == ["ours_of_a_test.beside", "ours_of_a_test.mine"]
    assert "monitoring.statistics.auc" in names
    assert "ours_of_a_test.apart" not in names
