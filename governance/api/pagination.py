"""Pages by cursor, newest first: what is added meanwhile neither repeats nor hides a row."""

from rest_framework.pagination import CursorPagination


class Newest(CursorPagination):
    """``?limit=`` rows from ``?cursor=`` on; ``next`` and ``previous`` are addresses, or null."""

    ordering = "-created_at"
    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200
