"""A scan asked for on the page, with a worker killed half-way, gives the report of one that nobody disturbed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.long
def test_a_scan_from_the_page_is_the_same_whoever_of_its_workers_is_killed():
    command = [sys.executable, "bench/pii_page.py", "--rows", "1000000", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 0, done.stderr
    [row] = json.loads(done.stdout)
    assert (row["name"], row["same"]) == ("page", True)
    assert "one of the 2 workers was killed" in done.stderr
