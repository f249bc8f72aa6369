"""Count attempts within a window, in the database: the count holds across processes and machines, and always ends.

The window is fixed: it begins with the first attempt and what was counted is forgotten when it ends, whatever happened
meanwhile. Who is counted is kept as a keyed digest alone: no name and no address.
"""

import ipaddress
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from governance.models import AttemptCount

FORGOTTEN = timedelta(days=1)
IPV6_NETWORK = 64
UNKNOWN = "unknown"


class TooManyAttemptsError(PermissionError):
    """Too often within the window; ``wait`` is how many seconds remain of it."""

    code = "throttled"

    def __init__(self, wait: int) -> None:
        """Say when it may be tried again."""
        minutes = math.ceil(wait / 60)
        super().__init__(f"There were too many failed attempts. Try again in {minutes} minute{'s' * (minutes > 1)}.")
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Counter:
    """What is counted, of whom, and up to how much within a window."""

    what: str
    who: str
    limit: int

    def key(self) -> str:
        """Return the keyed digest under which it is counted."""
        return salted_hmac(f"probity.attempts.{self.what}", self.who, algorithm="sha256").hexdigest()


def take(counters: Sequence[Counter]) -> None:
    """Count one attempt in each; raises TooManyAttemptsError, counting nothing, when one of them is full.

    It is counted before it is known whether it fails, so that many at once do not pass; ``give_back`` what succeeds.
    """
    now = timezone.now()
    AttemptCount.objects.filter(since__lt=now - FORGOTTEN).delete()
    with transaction.atomic():
        _take({one.key(): one for one in counters})


def _take(counters: dict[str, Counter]) -> None:
    now, window = timezone.now(), timedelta(seconds=settings.PROBITY_ATTEMPTS_WINDOW_SECONDS)
    mine = AttemptCount.objects.filter(key__in=counters)
    AttemptCount.objects.bulk_create(
        [AttemptCount(key=key, since=now, count=0) for key in sorted(counters)], ignore_conflicts=True
    )
    rows = list(mine.select_for_update().order_by("key"))
    ended = [row.key for row in rows if row.since + window <= now]
    full = [row for row in rows if row.key not in ended and row.count >= counters[row.key].limit]
    if full:
        left = max(row.since for row in full) + window - now
        raise TooManyAttemptsError(math.ceil(left.total_seconds()))
    mine.filter(key__in=ended).update(since=now, count=0)
    mine.update(count=F("count") + 1)


def give_back(counters: Sequence[Counter]) -> None:
    """Take back what ``take`` counted: the attempt did not fail."""
    keys = [one.key() for one in counters]
    AttemptCount.objects.filter(key__in=keys, count__gt=0).update(count=F("count") - 1)


def address_of(request: HttpRequest) -> str:
    """Return where a request comes from: an IPv4 address, the network of an IPv6 one, or "unknown".

    Behind a proxy (PROBITY_BEHIND_PROXY) it is what that proxy added last to X-Forwarded-For; what stands before it was
    written by the caller.
    """
    said = str(request.META.get("REMOTE_ADDR", ""))
    if settings.PROBITY_BEHIND_PROXY:
        said = str(request.META.get("HTTP_X_FORWARDED_FOR", "")).rpartition(",")[2].strip()
    try:
        address = ipaddress.ip_address(said)
    except ValueError:
        return UNKNOWN
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, IPV6_NETWORK), strict=False))
    return str(getattr(address, "ipv4_mapped", None) or address)


def of_sign_in(username: str, address: str) -> list[Counter]:
    """Return what a sign-in counts in: the account at the address, the address alone, and the account alone.

    The last is wide: somebody elsewhere who guesses at an account keeps its owner out for a window only with very many
    guesses; without it, guesses from many addresses would have no end.
    """
    limit, account = settings.PROBITY_SIGN_IN_FAILURES, username.casefold()
    return [
        Counter("sign_in", f"{account}\n{address}", limit),
        Counter("sign_in_address", address, 4 * limit),
        Counter("sign_in_account", account, 20 * limit),
    ]


def of_token(address: str) -> list[Counter]:
    """Return what a token that is not accepted counts in: its address."""
    return [Counter("token", address, settings.PROBITY_TOKEN_FAILURES)]
