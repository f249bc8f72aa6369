"""A process that only lists checks loads none of the heavy libraries and no framework."""

import subprocess
import sys

HEAVY = {"numpy", "pandas", "pyarrow", "scipy", "sklearn", "fairlearn", "shap", "django", "celery"}
PROGRAM = """
import sys
from monitoring.checks import drift, explainability, fairness, performance
for module in (drift, explainability, fairness, performance):
    module.check.needs({})
print(" ".join(sorted({name.split(".")[0] for name in sys.modules})))
"""


def test_importing_the_checks_and_asking_for_their_needs_loads_no_heavy_library():
    found = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert "monitoring" in found.stdout.split()
    assert not HEAVY & set(found.stdout.split())
