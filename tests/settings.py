"""The service's own settings, on a temporary home and a database that several processes can share."""

import os
import tempfile
from pathlib import Path

TEST_HOME = Path(tempfile.mkdtemp(prefix="probity-test-"))
os.environ.update(PROBITY_HOME=str(TEST_HOME), PROBITY_LOG_LEVEL="WARNING")
for _name in ("BROKER_URL", "PROBITY_DEBUG", "PROBITY_DEMO", "PROBITY_PUBLIC_URL", "PROBITY_ALLOWED_HOSTS"):
    os.environ.pop(_name, None)

from django.conf import global_settings  # noqa: E402

from governance.settings import *  # noqa: E402, F403 - the environment above decides what is read here
from governance.settings import ALLOWED_HOSTS, DATABASES  # noqa: E402

ALLOWED_HOSTS = [*ALLOWED_HOSTS, "testserver"]
PROBITY_RECEIPT_SECONDS = 0  # nothing signs in the tests
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *global_settings.PASSWORD_HASHERS]
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["TEST"] = {"NAME": str(TEST_HOME / "test.sqlite3")}
