"""The addresses of the whole service."""

from django.contrib import admin
from django.urls import include, path

from governance.web.health import healthz
from governance.web.telemetry import metrics

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("metrics", metrics, name="metrics"),
    path("admin/", admin.site.urls),
    path("api/v1/", include("governance.api.urls")),
    path("", include("governance.web.urls")),
]
