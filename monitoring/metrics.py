"""Prometheus collector of what lies below the judgement: runs, deployments, alerts and batches, read from the database.

Every scrape counts anew, so that any number of web processes tell the same and none of them keeps a state. Labels are
names of projects, models and environments, and words of tables of states: never anything about a person.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from monitoring.models import Alert, Monitor
from registry.models import Deployment, Project, Run, RunKind, RunStatus
from registry.models.deployment import STATES

RUNNING = ("LIVE", "UNDER_REVIEW")
ACTIONS = ("review", "rollback", "stop")
PLACE = ("project", "model", "environment")


def by_project(
    metric: GaugeMetricFamily, rows: Iterable[tuple[str, str, int]], projects: Iterable[str], words: Iterable[str]
) -> GaugeMetricFamily:
    """Add a sample for each project and word of a table, 0 where there is no row; return the metric."""
    counts = {(project, word): count for project, word, count in rows}
    every = list(words)
    for project in projects:
        for word in every:
            metric.add_metric([project, word], counts.get((project, word), 0))
    return metric


def slugs(projects: Collection[UUID]) -> list[str]:
    """Return the names of the projects."""
    return list(Project.objects.filter(pk__in=projects).order_by("slug").values_list("slug", flat=True))


class FactsCollector(Collector):
    """Collects from the rows of some projects."""

    def __init__(self, projects: Collection[UUID]) -> None:
        """Confine what is counted to these projects."""
        self.projects = projects

    def collect(self) -> Iterator[Metric]:
        """Yield every metric, counted now."""
        now = timezone.now()
        yield self._runs()
        yield self._oldest(now)
        yield self._deployments()
        yield self._alerts()
        yield from self._batches(now)

    def _runs(self) -> Metric:
        metric = GaugeMetricFamily("probity_runs", "Runs by kind and status", labels=["kind", "status"])
        rows = Run.objects.filter(project__in=self.projects).order_by().values_list("kind", "status")
        counted = rows.annotate(count=Count("pk"))
        return by_project(metric, counted, RunKind.values, RunStatus.values)

    def _oldest(self, now: datetime) -> Metric:
        due = Q(not_before__isnull=True) | Q(not_before__lte=now)
        waiting = Run.objects.filter(due, project__in=self.projects, status=RunStatus.QUEUED)
        since = waiting.aggregate(since=Min("created_at"))["since"]
        return GaugeMetricFamily(
            "probity_oldest_queued_run_age_seconds",
            "How long the oldest run that is due has been waiting (0: none waits)",
            value=max(0.0, (now - since).total_seconds()) if since else 0.0,
        )

    def _deployments(self) -> Metric:
        metric = GaugeMetricFamily("probity_deployments", "Deployments by state", labels=["project", "state"])
        rows = Deployment.objects.filter(environment__project__in=self.projects).order_by()
        counted = rows.values_list("environment__project__slug", "state").annotate(count=Count("pk"))
        return by_project(metric, counted, slugs(self.projects), STATES)

    def _alerts(self) -> Metric:
        metric = GaugeMetricFamily("probity_alerts_open", "Alerts that nobody resolved", labels=["project", "action"])
        rows = Alert.objects.filter(resolved_at__isnull=True, deployment__environment__project__in=self.projects)
        counted = rows.order_by().values_list("deployment__environment__project__slug", "action")
        return by_project(metric, counted.annotate(count=Count("pk")), slugs(self.projects), ACTIONS)

    def _monitors(self) -> "QuerySet[Monitor]":
        watched = Monitor.objects.filter(active=True, deployment__state__in=RUNNING)
        return watched.filter(deployment__environment__project__in=self.projects).select_related(
            "deployment__environment__project", "deployment__model"
        )

    def _batches(self, now: datetime) -> Iterator[Metric]:
        age = GaugeMetricFamily(
            "probity_last_batch_age_seconds", "Since the last batch of what is live, or since it is live", labels=PLACE
        )
        late = GaugeMetricFamily("probity_monitor_overdue", "1 where a batch is overdue, else 0", labels=PLACE)
        for monitor in self._monitors():
            deployment = monitor.deployment
            since = monitor.last_batch_at or deployment.live_at or monitor.created_at
            seconds = (now - since).total_seconds()
            place = [deployment.environment.project.slug, deployment.model.name, deployment.environment.name]
            age.add_metric(place, seconds)
            late.add_metric(place, int(seconds > monitor.overdue_seconds))
        yield age
        yield late
