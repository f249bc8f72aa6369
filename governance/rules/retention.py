"""How long what was written is kept at least, whatever the settings say."""

from datetime import datetime

from governance.rules.moments import days_after

SHORTEST_DAYS = 180  # logs are kept for six months (Regulation (EU) 2024/1689, article 19)


def kept_until(recorded_at: datetime, days: int = SHORTEST_DAYS) -> datetime:
    """Return the moment before which nothing that was recorded then is erased; fewer days than the shortest are it."""
    return days_after(recorded_at, max(days, SHORTEST_DAYS))
