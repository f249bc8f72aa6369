"""Moments carry an offset and lie not in the future, but for clocks that differ a little."""

from datetime import datetime, timedelta
from typing import Any

CLOCK_SKEW = timedelta(minutes=5)


class MomentError(ValueError):
    """A moment that cannot be placed in time."""

    code = "time_without_offset"


def read_moment(value: Any, place: str) -> datetime:
    """Return a moment with its offset, from a datetime or ISO 8601 text; raises MomentError."""
    moment = value
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError as error:
            raise MomentError(
                f"{place} is {value!r}; it must be a moment such as 2026-01-31T12:00:00+00:00."
            ) from error
    if not isinstance(moment, datetime):
        raise MomentError(f"{place} is {value!r}; it must be a moment.")
    if moment.utcoffset() is None:
        raise MomentError(f"{place} is {moment.isoformat()}, which has no offset from UTC.")
    return moment


def in_future(moment: datetime, now: datetime) -> bool:
    """Say whether a moment lies after now by more than clocks may differ."""
    return moment > now + CLOCK_SKEW


def days_after(moment: datetime, days: int) -> datetime:
    """Return the moment so many days later; the end of the calendar is the end."""
    try:
        return moment + timedelta(days=days)
    except OverflowError:
        return datetime.max.replace(tzinfo=moment.tzinfo)
