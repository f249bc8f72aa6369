"""The readable record of a promotion, made from the evidence alone: whoever has that makes the same record again."""

from collections.abc import Iterator, Mapping
from typing import Any

from governance.exports.pack.evidence import Evidence
from governance.exports.pack.page import Block, Facts, Heading, Page, Paragraph, Table

ABOUT = (
    "This record was made from the entries of an append-only, tamper-evident log and the documents that they cite. "
    "It is complete up to the checkpoint named below, and says nothing of what came later. Names are those that the "
    "installation gives; the log holds the ids beside them. All times are UTC. README.txt says how to verify it."
)
BOUNDS = {"min": "at least", "max": "at most"}


def record(evidence: Evidence) -> Page:
    """Return the page. Raises LookupError, TypeError or ValueError for events that are none of a promotion."""
    blocks: list[Block] = [Paragraph(ABOUT), *_checkpoints(evidence), *_asked(evidence), *_judged(evidence)]
    blocks += [*_measured(evidence), *_waived(evidence), *_said(evidence), *_decided(evidence), *_entries(evidence)]
    return Page(f"Record of promotion {evidence.promotion}", blocks)


def _checkpoints(evidence: Evidence) -> Iterator[Block]:
    yield Heading("Complete up to")
    rows = [(one.origin, str(one.head.size), one.head.root.hex()) for one in evidence.logs]
    yield Table(("Log", "Entries", "Root hash"), rows)


def _asked(evidence: Evidence) -> Iterator[Block]:
    request = next(evidence.of_kind("promotion.requested")).event
    data, manifest = request["data"], evidence.document(request["subject_digest"])
    states = [one.event["data"]["to"] for one in evidence.of_kind("promotion.advanced")]
    policy = evidence.document(request["policy"])
    yield Heading("What is asked for")
    yield Facts(
        [
            ("State", states[-1] if states else "OPEN"),
            ("Asked for at", request["at"]),
            ("Requested by", evidence.name(data["requester"])),
            ("On behalf of", evidence.name(data["on_behalf_of"])),
            ("Model", evidence.name(data["model"])),
            ("Version", data["version"]),
            ("Environment", evidence.name(data["environment"])),
            ("Policy", f"{policy['name']} {policy['version']} ({request['policy']})"),
            ("Manifest", request["subject_digest"]),
            ("Evaluation set", _shown(manifest["evaluation_set"])),
            ("Decision rule", _pairs(manifest.get("rule"))),
            ("Replaces", _shown(data["incumbent"])),
            ("Intended use", _shown(manifest.get("intended_use"))),
        ]
    )


def _judged(evidence: Evidence) -> Iterator[Block]:
    yield Heading("How it is judged")
    judged = [one.event for one in evidence.of_kind("evaluation.recorded")]
    if not judged:
        yield Paragraph("It has not been evaluated.")
        return
    data = judged[-1]["data"]
    yield Facts([("Verdict", data["verdict"]), ("Judged at", data["judged_at"]), ("Evaluation", data["evaluation"])])
    items = evidence.document(data["evaluation"])["items"]
    header = ("Outcome", "Item", "Value", "Interval", "n", "Limit", "Why")
    yield Table(header, [_item(one) for one in items])


def _item(item: Mapping[str, Any]) -> tuple[str, ...]:
    interval = f"{_shown(item['lower'])} to {_shown(item['upper'])}" if item["lower"] or item["upper"] else ""
    outcome = item["outcome"] + (f", waived by {item['waiver']}" if item["waiver"] else "")
    numbers = _shown(item["value"]), interval, _shown(item["n"])
    return outcome, item["key"], *numbers, _limit(item["limit"]), item["reason"]


def _measured(evidence: Evidence) -> Iterator[Block]:
    yield Heading("What was measured")
    rows = []
    for one in evidence.of_kind("report.recorded"):
        data, [report] = one.event["data"], one.event["evidence"]
        check = f"{data['check']} {data['version']}"
        rows.append((check, data["status"], data["measured_at"], data["isolation"], str(data["attempt"]), report))
    yield Table(("Check", "Status", "Measured at", "Isolation", "Attempt", "Report"), rows)


def _waived(evidence: Evidence) -> Iterator[Block]:
    granted = {one.event["data"]["waiver"]: one.event for one in evidence.of_kind("waiver.granted")}
    for one in evidence.of_kind("waiver.requested"):
        event, data = one.event, one.event["data"]
        grant = granted.get(data["waiver"])
        yield Heading(f"Waiver {data['waiver']}")
        yield Facts(
            [
                ("Item", data["key"]),
                ("Until", data["ends_at"]),
                ("Asked for by", f"{evidence.name(event['actor']['principal'])}, {event['at']}"),
                ("Granted by", f"{evidence.name(grant['actor']['principal'])}, {grant['at']}" if grant else "nobody"),
            ]
        )
        yield Paragraph(evidence.reason(event), quoted=True)


def _said(evidence: Evidence) -> Iterator[Block]:
    yield Heading("Who said what")
    for one in evidence.of_kind("promotion.advanced"):
        if reason := evidence.reason(one.event):
            who = evidence.name(one.event["actor"]["principal"])
            yield Paragraph(f"{one.event['data']['to']}, said {who} at {one.event['at']}, because:")
            yield Paragraph(reason, quoted=True)
    words = list(evidence.of_kind("approval.given", "approval.revoked"))
    if not words:
        yield Paragraph("Nobody has given a word.")
    for one in words:
        event, data = one.event, one.event["data"]
        given = event["kind"] == "approval.given"
        rows = [("Person", evidence.name(event["actor"]["principal"])), ("At", event["at"])]
        rows.append(("Word", f"{data['action']} {data['approval']}" if given else f"takes back {data['approval']}"))
        if given:
            rows += [("Stage", data["stage"]), ("Roles held", ", ".join(data["roles"]))]
            rows += [("On the evaluation", data["evaluation"]), ("Accepted singly", ", ".join(data["acknowledged"]))]
        yield Facts(rows)
        yield Paragraph(evidence.reason(event), quoted=True)


def _decided(evidence: Evidence) -> Iterator[Block]:
    yield Heading("What was decided")
    decisions = [one.event for one in evidence.of_kind("decision.recorded")]
    rows = [(one["data"]["judged_at"], one["data"]["verdict"], one["data"]["decision"]) for one in decisions]
    yield Table(("Judged at", "Verdict", "Decision"), rows)
    if decisions:
        yield Paragraph("\n".join(evidence.document(decisions[-1]["data"]["decision"])["reasons"]))


def _entries(evidence: Evidence) -> Iterator[Block]:
    yield Heading("The entries of the log about this promotion")
    rows = []
    for one in evidence.events:
        actor = one.event["actor"]
        who = f"{evidence.name(actor['principal'])}, {actor['role']}, {actor['auth']}"
        rows.append((f"{one.log}/{one.seq}", one.event["at"], one.event["kind"], who, one.leaf))
    yield Table(("Place", "At", "Kind", "Actor", "Leaf hash"), rows)


def _limit(limit: Mapping[str, Any]) -> str:
    bounds = [f"{words} {limit[name]}" for name, words in BOUNDS.items() if limit.get(name) is not None]
    return ", ".join([*bounds, *(f"{name} {limit[name]}" for name in ("bound", "severity") if limit.get(name))])


def _shown(value: Any) -> str:
    return "" if value is None else str(value)


def _pairs(value: Any) -> str:
    if not isinstance(value, Mapping):
        return _shown(value)
    return ", ".join(f"{name} {_pairs(value[name])}" for name in sorted(value))
