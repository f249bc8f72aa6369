"""Is this process able to answer: it reaches its database, whose tables are there."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

UNAVAILABLE = 503


@require_safe
def healthz(_request: HttpRequest) -> JsonResponse:
    """Answer 200 {"status": "ok"}, or 503 when the database does not answer; no detail is told to strangers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM django_migrations LIMIT 1")
            cursor.fetchone()
    except DatabaseError:
        return JsonResponse({"status": "unavailable", "database": "unreachable"}, status=UNAVAILABLE)
    return JsonResponse({"status": "ok"})
