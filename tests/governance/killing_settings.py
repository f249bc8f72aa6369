"""The service's settings with plug-ins that can be held, and a sweep that comes soon; for the workers of kill tests."""

from pathlib import Path

from governance.settings import *  # noqa: F403
from governance.settings import CELERY_BEAT_SCHEDULE, PROBITY_ENTRY_POINTS

PROBITY_CHECKS = {name: f"tests.governance.killing.{name}" for name in ("first", "second")}
PROBITY_SERVING_BACKENDS = {"local": "tests.governance.killing.FileServing"}
PROBITY_ENTRY_POINTS = {**PROBITY_ENTRY_POINTS, "slow": str(Path(__file__).with_name("slow_training.py"))}
CELERY_BEAT_SCHEDULE = {
    "registry.tasks.sweep_runs": {**CELERY_BEAT_SCHEDULE["registry.tasks.sweep_runs"], "schedule": 1.0},
}
