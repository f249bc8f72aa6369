"""The addresses of the whole service."""

from django.contrib import admin
from django.urls import include, path

from governance.web.health import healthz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("admin/", admin.site.urls),
    path("api/v1/", include("governance.api.urls")),
    path("", include("governance.web.urls")),
]
