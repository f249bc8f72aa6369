"""Replay words on columns: a person confirms or raises a verdict; to lower one takes two, and ends."""

from collections.abc import Iterator

from governance.rules.moments import CLOCK_SKEW, days_after, read_moment
from governance.rules.replay.event import Event
from governance.rules.replay.history import AskedLowering, History
from governance.rules.replay.persons import by_a_person

LONGEST_LOWERING_DAYS = 90


def verdict_given(event: Event, history: History) -> Iterator[str]:
    """Check that a verdict was confirmed or raised by a person, of data that was registered."""
    yield from _is_a_word(event, history)


def lowering_requested(event: Event, history: History) -> Iterator[str]:
    """Remember what is to be lowered, and until when."""
    data = event.data
    if data["word"] in history.lowerings:
        yield f"word {data['word']} was asked for already"
    history.lowerings[data["word"]] = AskedLowering(event.actor, data["dataset_digest"], data["ends_at"])
    yield from _is_a_word(event, history)
    if read_moment(data["ends_at"], "ends_at") > days_after(event.at, LONGEST_LOWERING_DAYS) + CLOCK_SKEW:
        yield f"word {data['word']} is to lower a verdict for more than {LONGEST_LOWERING_DAYS} days"


def lowering_granted(event: Event, history: History) -> Iterator[str]:
    """Check that it is lowered as was asked, by another person than who asked and who registered the data."""
    data, asked = event.data, history.lowerings.get(event.data["word"])
    yield from _is_a_word(event, history)
    if asked is None:
        yield f"word {data['word']} was granted, but nobody asked for it"
        return
    if (data["dataset_digest"], data["ends_at"]) != (asked.dataset, asked.ends_at):
        yield f"word {data['word']} was granted for something else than was asked for"
    if asked.granted:
        yield f"word {data['word']} was granted already"
    if read_moment(data["ends_at"], "ends_at") + CLOCK_SKEW <= event.at:
        yield f"word {data['word']} was granted after its end"
    asked.granted = True
    _, registrar = history.datasets.get(event.identity, ("", ""))
    if history.accountable(event.actor) in {history.accountable(asked.asker), history.accountable(registrar)}:
        yield f"word {data['word']} was granted by who asked for it or registered the data"


def _is_a_word(event: Event, history: History) -> Iterator[str]:
    word = f"word {event.data['word']}"
    yield from by_a_person(event, history, word)
    rows, _ = history.datasets.get(event.identity, ("", ""))
    if event.data["dataset_digest"] != rows:
        yield f"{word} is on a column of {event.data['dataset_digest'][:12]}, which no event registered there"
