"""Run by ``python -m governance.cli``."""

import sys

from governance.cli.program import main

sys.exit(main())
