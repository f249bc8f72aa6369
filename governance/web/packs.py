"""The evidence pack of a promotion, from its page."""

from uuid import UUID

from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from governance.exports.pack.build import MEDIA_TYPE, file_name, packed
from governance.exports.pack.ready import PackNotReadyError, ready
from governance.web.actors import Member, members_only
from governance.web.promotions import find

ACCEPTED = 202
AGAIN_SECONDS = "2"


@require_safe
@members_only
def pack(_request: HttpRequest, member: Member, pk: UUID) -> HttpResponseBase:
    """Give the pack of a promotion that the member may see; 202 while not all that it tells is signed."""
    try:
        found = ready(find(member, pk))
    except PackNotReadyError as error:
        headers = {"Retry-After": AGAIN_SECONDS}
        text = f"{error} Try again in a moment.\n"
        return HttpResponse(text, status=ACCEPTED, content_type="text/plain; charset=utf-8", headers=headers)
    return FileResponse(packed(found), as_attachment=True, filename=file_name(found), content_type=MEDIA_TYPE)
