"""Seat persons at stages, each at one only, so that as many seats as possible are filled, whoever spoke first."""

from collections.abc import Mapping, Sequence


def seat_persons(quorums: Mapping[str, int], offers: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return the stage at which each seated person counts; ``offers`` are (stage, person), the earliest first."""
    stages_of: dict[str, list[str]] = {}
    for stage, person in offers:
        if stage in quorums and stage not in stages_of.setdefault(person, []):
            stages_of[person].append(stage)
    seats: dict[str, str] = {}
    for person in stages_of:
        _seat(person, quorums, stages_of, seats, set())
    return seats


def _seat(
    person: str,
    quorums: Mapping[str, int],
    stages_of: Mapping[str, Sequence[str]],
    seats: dict[str, str],
    tried: set[str],
) -> bool:
    """Seat a person, moving those who could sit elsewhere; return whether it was possible."""
    for stage in stages_of[person]:
        if stage in tried:
            continue
        tried.add(stage)
        seated = [one for one, place in seats.items() if place == stage]
        if len(seated) < quorums[stage] or any(_seat(one, quorums, stages_of, seats, tried) for one in seated):
            seats[person] = stage
            return True
    return False
