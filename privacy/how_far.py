"""How far a scan is: rows, findings so far, and the time left at the rate until now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, Sum
from django.utils import timezone

from privacy.models import PartitionScan, ScanChunk

_MINUTE = 60


@dataclass(frozen=True, slots=True)
class HowFar:
    """``share`` is of the bytes to scan, 0 to 1; ``seconds_left`` is None before anything is done."""

    share: float
    chunks: int
    chunks_done: int
    rows: int
    found: int
    seconds_left: int | None

    def sentence(self) -> str:
        """Return it in words for the page."""
        rows, found = f"{self.rows:,} rows", f"{self.found:,} findings in cells"
        return f"{rows}, {found}; {self.chunks_done} of {self.chunks} chunks{self.time_left()}"

    def time_left(self) -> str:
        """Return the time left in words, nothing before anything is done."""
        left = self.seconds_left
        return "" if left is None else f"; about {f'{left} s' if left < 2 * _MINUTE else f'{left // _MINUTE} min'} left"


def how_far(partitions: Sequence[PartitionScan], *, since: datetime | None) -> HowFar:
    """Return how far the scan of partitions is that goes on since a moment."""
    rows = ScanChunk.objects.filter(partition__in=partitions)
    done = Q(done_at__isnull=False)
    sums = rows.aggregate(
        whole=Sum("weight"),
        done=Sum("weight", filter=done),
        now=Sum("weight", filter=Q(done_at__gte=since) if since else Q(pk__isnull=True)),
        rows=Sum("rows"),
        found=Sum("found"),
    )
    whole, ended, lately = (sums[name] or 0 for name in ("whole", "done", "now"))
    left = None
    if since and lately:
        left = round((timezone.now() - since).total_seconds() * (whole - ended) / lately)
    return HowFar(
        share=ended / whole if whole else 0.0,
        chunks=rows.count(),
        chunks_done=rows.filter(done).count(),
        rows=sums["rows"] or 0,
        found=sums["found"] or 0,
        seconds_left=left,
    )
