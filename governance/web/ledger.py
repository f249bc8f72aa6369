"""The ledger to read: its newest entries page by page, and one entry as it was hashed."""

import json

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from governance.web.actors import Member, members_only
from registry.ledger.events import EventError, kind
from registry.ledger.read import entries, newest, pending, size

PAGE = 50
LARGEST_NUMBER = 2**63 - 1


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


@require_safe
@members_only
def index(request: HttpRequest, member: Member) -> HttpResponse:
    """List entries, newest first; the cursor is the number below which to go on."""
    _check(member)
    found = newest(PAGE + 1, before=_cursor(request.GET.get("before", "")))
    context = {
        "entries": found[:PAGE],
        "older": found[PAGE - 1].number if len(found) > PAGE else None,
        "size": size(),
        "pending": pending(),
        "newest": "before" not in request.GET,
    }
    return render(request, "governance/ledger.html", context)


@require_safe
@members_only
def show(request: HttpRequest, member: Member, number: int) -> HttpResponse:
    """Show one entry, its body in order."""
    _check(member)
    if not 0 < number <= LARGEST_NUMBER:
        raise Http404
    entry = next(entries(after=number - 1), None)
    if entry is None or entry.number != number:
        raise Http404
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
    }
    return render(request, "governance/entry.html", context)
