"""Replay who is who: principals, the names they are known by, the roles they hold; and who took part in a release."""

from collections.abc import Iterable, Iterator

from governance.rules.approvals import BY_A_PERSON, People
from governance.rules.replay.event import Event
from governance.rules.replay.history import History, RecordedPromotion

ACCOUNTS = "django"  # the kind of name to sign in with; nobody is recognised in a version by it
SYSTEM = "system"


def known_actor(event: Event, history: History) -> Iterator[str]:
    """Say when nobody registered who acted; one principal is there from the beginning, which acts as the system."""
    if event.actor in history.founded.get("principal", set()) or event.actor == history.system:
        return
    if event.role == SYSTEM and history.system is None:
        history.system = event.actor
    else:
        yield f"{event.actor} acted, but no event registered them"


def principal_registered(event: Event, history: History) -> Iterator[str]:
    """Remember a person, or a service with who answers for it."""
    kind, owner = event.data["kind"], event.data["owner"]
    if kind == "person":
        history.persons.add(event.identity)
    if owner is not None:
        if owner not in history.founded.get("principal", set()):
            yield f"{event.subject} is owned by {owner}, whom no event registered"
        history.owners[event.identity] = owner


def identity_linked(event: Event, history: History) -> Iterator[str]:
    """Remember a name, as the commitment to it; the same name has the same commitment wherever it is recorded."""
    if event.data["kind"] != ACCOUNTS:
        history.names.setdefault(event.data["value"], set()).add(event.identity)
    yield from ()


def role_granted(event: Event, history: History) -> Iterator[str]:
    """Let a role be held from now on; nobody gives one to themselves."""
    key = (event.identity, event.data["project"], event.data["role"])
    if history.accountable(event.actor) == history.accountable(event.identity):
        yield f"{event.actor} gave the role {key[2]} to themselves"
    if key in history.roles:
        yield f"{event.subject} was given the role {key[2]}, which they held already"
    history.roles.add(key)


def role_revoked(event: Event, history: History) -> Iterator[str]:
    """Let a role be held no longer."""
    key = (event.identity, event.data["project"], event.data["role"])
    if key not in history.roles:
        yield f"{event.subject} lost the role {key[2]}, which they did not hold"
    history.roles.discard(key)


def by_a_person(event: Event, history: History, what: str) -> Iterator[str]:
    """Say when a decision was no signed-in person's."""
    if event.auth not in BY_A_PERSON:
        yield f"{what} was given by way of {event.auth!r}, which is no person's"
    if event.actor not in history.persons:
        yield f"{what} was given by {event.actor}, who is no person"


def _with_owner(principals: Iterable[str], history: History) -> frozenset[str]:
    return frozenset(who for one in principals for who in (one, history.accountable(one)))


def people_in(promotion: RecordedPromotion, history: History) -> People:
    """Return who had a hand in what is asked for, as it is known now."""
    parts: dict[str, set[str]] = {"trainer": set(), "author": set(), "committer": set(), "registrar": set()}
    unmapped = set()
    for part, who in history.versions[promotion.version].people:
        principals = {who} if who in history.founded.get("principal", set()) | {history.system} else set()
        found = _with_owner(principals or history.names.get(who, set()), history)
        parts[part] |= found
        if not found:
            unmapped.add(f"{part}:{who}")
    asked = {promotion.requester} | ({promotion.on_behalf_of} if promotion.on_behalf_of else set())
    return People(
        requester=_with_owner(asked, history),
        trainers=frozenset(parts["trainer"] | parts["registrar"]),
        authors=frozenset(parts["author"]),
        committers=frozenset(parts["committer"]),
        unmapped=frozenset(unmapped),
    )
