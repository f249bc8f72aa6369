"""An anonymisation each of whose workers is killed once on the way gives the version that an undisturbed one gives."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.long
def test_an_anonymisation_is_the_same_whoever_of_its_workers_is_killed():
    command = [sys.executable, "bench/anonymise_killed.py", "--rows", "500000", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 0, done.stderr
    [row] = json.loads(done.stdout)
    assert (row["name"], row["same"]) == ("anonymise_killed", True)
    assert done.stderr.count("was killed") == 2
