import subprocess
import sys

MODULES = (
    "privacy.recipe privacy.checks.pii privacy.scan.engine privacy.scan.scan privacy.scan.read privacy.scan.operators"
)
HEAVY = "pyarrow pandas spacy presidio_analyzer presidio_anonymizer tldextract phonenumbers django"


def test_importing_the_scanner_loads_no_heavy_library():
    code = f"import sys, {', '.join(MODULES.split())}; print([one for one in {HEAVY.split()!r} if one in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
