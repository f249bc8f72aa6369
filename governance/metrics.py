"""Prometheus collector of the judgement: promotions by state, how long checks take, how long the ledger is."""

from collections.abc import Collection, Iterator
from uuid import UUID

from django.db.models import Count, Sum
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector

from governance.exports.standing import standing
from governance.models import CheckRun, PromotionRequest
from governance.rules.states import PromotionState
from monitoring.metrics import FactsCollector, by_project, slugs
from registry.ledger import read


class JudgementCollector(Collector):
    """Collects from the rows of some projects; the ledger is one for all of them."""

    def __init__(self, projects: Collection[UUID]) -> None:
        """Confine what is counted to these projects."""
        self.projects = projects

    def collect(self) -> Iterator[Metric]:
        """Yield every metric, counted now."""
        yield self._promotions()
        yield self._checks()
        yield GaugeMetricFamily("probity_ledger_entries", "Entries of the ledger", value=read.size())
        yield GaugeMetricFamily(
            "probity_ledger_pending", "Entries that wait for their place in the tree", value=read.pending()
        )
        yield from _ledger()

    def _promotions(self) -> Metric:
        metric = GaugeMetricFamily("probity_promotions", "Promotions by state", labels=["project", "state"])
        rows = PromotionRequest.objects.filter(project__in=self.projects).order_by()
        counted = rows.values_list("project__slug", "state").annotate(count=Count("pk"))
        return by_project(metric, counted, slugs(self.projects), [state.value for state in PromotionState])

    def _checks(self) -> Metric:
        metric = SummaryMetricFamily("probity_check_seconds", "How long checks measured", labels=["check", "status"])
        rows = CheckRun.objects.filter(run__project__in=self.projects).order_by().values_list("check_name", "status")
        for check, status, count, total in rows.annotate(count=Count("pk"), total=Sum("seconds")):
            metric.add_metric([check, status], count_value=count, sum_value=total)
        return metric


def _ledger() -> Iterator[Metric]:
    """Yield how the record stands; what is unknown is 0."""
    now, found = timezone.now(), standing()
    oldest, until, head = found.log.oldest_queued, found.log.covered_until, found.log.head
    for name, meaning, value in (
        ("size", "Entries below the newest checkpoint", head.size if head else 0),
        ("pending_age_seconds", "How long the oldest queued entry has waited", (now - (oldest or now)).total_seconds()),
        (
            "last_checkpoint_timestamp",
            "When the newest entry below the newest checkpoint was recorded",
            until.timestamp() if until else 0,
        ),
        ("verified", "1 when the record was verified within three hours and is valid", int(found.verified)),
    ):
        yield GaugeMetricFamily(f"probity_ledger_{name}", meaning, value=value)


def exposition(projects: Collection[UUID]) -> bytes:
    """Return what Prometheus reads, counted now, of some projects."""
    registry = CollectorRegistry()
    for collector in (JudgementCollector(projects), FactsCollector(projects)):
        registry.register(collector)
    return generate_latest(registry)
