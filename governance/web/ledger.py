"""The ledger to read: how it stands, its entries as they are looked for, and one entry with its proof and receipt."""

import json
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from governance.exports.receipts import MEDIA_TYPE, file_name, has_receipt, receipt_of
from governance.exports.standing import standing
from governance.web.actors import Member, members_only
from governance.web.proof import picture
from governance.web.refusals import Refusal
from registry.ledger.append import leaf_hash, moment
from registry.ledger.checkpoint import Checkpoint
from registry.ledger.events import EventError, kind, kinds
from registry.ledger.note import parse as parse_note
from registry.ledger.read import Entry, Wanted, by_leaf, by_number, newest, size
from registry.ledger.receipt import receipts
from registry.ledger.tree import TreeError

PAGE = 50
LARGEST_NUMBER = 2**63 - 1
LEAF_DIGITS = 64
LONGEST = 200
FILTERS = ("kind", "subject", "actor", "since", "until", "text")


class FilterRefusedError(ValueError):
    """A value in the form that is not of the shape its field takes."""

    code = "invalid"


def _check(member: Member) -> None:
    """Entries hold opaque ids and commitments; they are for whoever holds a role somewhere in this installation."""
    if not member.projects:
        raise PermissionDenied("To read the ledger takes a role in a project.")


def _cursor(text: str) -> int | None:
    """Return the number below which to read; None for the newest entries."""
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or int(text) > LARGEST_NUMBER:
        raise Http404
    return int(text)


def _moment(text: str) -> str:
    """Return a time of the form as the ledger writes it: as UTC unless it says otherwise; raises FilterRefusedError."""
    if not text:
        return ""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise FilterRefusedError(f"{text[:40]!r} is no time such as 2026-03-03T12:00, in UTC.") from error
    return moment(found if found.tzinfo else found.replace(tzinfo=UTC))


def _wanted(asked: QueryDict) -> Wanted:
    given = {name: asked.get(name, "").strip()[:LONGEST] for name in FILTERS}
    times = {name: _moment(given[name]) for name in ("since", "until")}
    return Wanted(**{**given, **times})


def _named(text: str) -> Entry | None:
    """Return the entry that a search names by its number or its leaf hash."""
    if text.isascii() and text.isdigit() and int(text) <= LARGEST_NUMBER:
        return by_number(int(text))
    is_leaf = len(text) == LEAF_DIGITS and set(text) <= set("0123456789abcdef")
    return by_leaf(text) if is_leaf else None


@require_safe
@members_only
def index(request: HttpRequest, member: Member) -> HttpResponse:
    """Show how the ledger stands and list entries, newest first; a search for a number or a leaf hash leads there."""
    _check(member)
    before, refusal, wanted = _cursor(request.GET.get("before", "")), None, Wanted(kind="none")
    try:
        wanted = _wanted(request.GET)
    except FilterRefusedError as error:
        refusal = Refusal(code=error.code, sentence=str(error), status=400)
    if (named := _named(wanted.text)) is not None:
        return redirect("web:entry", named.number)
    found = newest(PAGE + 1, before=before, wanted=wanted)
    asked = request.GET.copy()
    asked["before"] = str(found[PAGE - 1].number) if len(found) > PAGE else ""
    context = {
        "entries": found[:PAGE],
        "older": asked.urlencode() if asked["before"] else "",
        "size": size(),
        "standing": standing(),
        "kinds": kinds(),
        "asked": {name: request.GET.get(name, "") for name in FILTERS},
        "filtered": any(request.GET.get(name) for name in FILTERS),
        "newest": before is None,
        "refusal": refusal,
        "opened": True,
    }
    return render(request, "governance/ledger.html", context, status=refusal.status if refusal else 200)


def _find(number: int) -> Entry:
    entry = by_number(number) if 0 < number <= LARGEST_NUMBER else None
    if entry is None:
        raise Http404
    return entry


@require_safe
@members_only
def show(request: HttpRequest, member: Member, number: int) -> HttpResponse:
    """Show one entry: its body in order, its place in the tree and the proof of it."""
    _check(member)
    entry = _find(number)
    try:
        meaning = kind(entry.kind).meaning
    except EventError:
        meaning = "No app of this installation knows events of this kind."
    document = entry.document()
    context = {
        "entry": entry,
        "meaning": meaning,
        "document": document,
        "body": json.dumps(document, indent=2, ensure_ascii=False),
        "previous": by_leaf(document["prev"]) if document["prev"] else None,
        "has_receipt": has_receipt(entry),
        **_proof(entry),
    }
    return render(request, "governance/entry.html", context)


def _proof(entry: Entry) -> dict[str, Any]:
    """Return the picture of the proof against the newest checkpoint; nothing while the entry waits for its place.

    The proof is of the text as it stands, not of the hash that is stored beside it.
    """
    proof = next(receipts(entry.number), None)
    if proof is None:
        return {"proof": None}
    checkpoint = Checkpoint.parse(parse_note(proof.checkpoint).text)
    try:
        drawn = picture(checkpoint.head, proof.index, leaf_hash(entry.body.encode()), proof.path)
    except TreeError as error:
        return {"proof": None, "broken": str(error)}
    return {"proof": drawn, "place": proof.index, "checkpoint": checkpoint, "note": proof.checkpoint.decode()}


@require_safe
@members_only
def receipt(_request: HttpRequest, member: Member, number: int) -> HttpResponse:
    """Give the file of an entry's receipt; 404 while it is on its way."""
    _check(member)
    entry = _find(number)
    proof = receipt_of(entry) if has_receipt(entry) else None
    if proof is None:
        raise Http404
    headers = {"Content-Disposition": f'attachment; filename="{file_name(entry)}"'}
    return HttpResponse(proof.encode(), content_type=MEDIA_TYPE, headers=headers)
