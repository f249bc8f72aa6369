"""The addresses of the officers' screens."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from governance.web import (
    anonymizations,
    as_of,
    catalogue,
    dataset_list,
    datasets,
    decisions,
    deployments,
    drift,
    holds,
    inbox,
    ledger,
    packs,
    policies,
    promotions,
    recipes,
)
from governance.web.sign_in import SignInView

app_name = "web"
urlpatterns = [
    path("", inbox.inbox, name="inbox"),
    path("login/", SignInView.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("promotions/<uuid:pk>/", promotions.show, name="promotion"),
    path("promotions/<uuid:pk>/progress", promotions.progress, name="progress"),
    path("promotions/<uuid:pk>/pack", packs.pack, name="pack"),
    path("promotions/<uuid:pk>/<slug:deed>/", decisions.act, name="promotion-act"),
    path("deployments/<uuid:pk>/", deployments.show, name="deployment"),
    path("deployments/<uuid:pk>/batches/<uuid:batch>/", drift.show, name="batch"),
    path("deployments/<uuid:pk>/batches/<uuid:batch>/<int:place>/", drift.feature, name="feature"),
    path("deployments/<uuid:pk>/<slug:deed>/", deployments.act, name="deployment-act"),
    path("datasets/", dataset_list.index, name="datasets"),
    path("datasets/<uuid:pk>/", datasets.show, name="dataset"),
    path("datasets/<uuid:pk>/progress", datasets.progress, name="dataset-progress"),
    path("datasets/<uuid:pk>/recipe/", recipes.edit, name="recipe"),
    path("datasets/<uuid:pk>/<slug:deed>/", datasets.act, name="dataset-act"),
    path("anonymizations/<uuid:pk>/", anonymizations.show, name="anonymization"),
    path("anonymizations/<uuid:pk>/progress", anonymizations.progress, name="anonymization-progress"),
    path("anonymizations/<uuid:pk>/cancel/", anonymizations.stop, name="anonymization-cancel"),
    path("models/", catalogue.index, name="models"),
    path("models/<uuid:pk>/", catalogue.show, name="model"),
    path("models/<uuid:pk>/request/", catalogue.ask, name="model-request"),
    path("policies/", policies.index, name="policies"),
    path("policies/<uuid:pk>/confirm/", policies.act, name="policy-confirm"),
    path("policies/<str:digest>/", policies.show, name="policy"),
    path("holds/", holds.index, name="holds"),
    path("holds/place/", holds.place, name="hold-place"),
    path("holds/<uuid:pk>/<slug:deed>/", holds.act, name="hold-act"),
    path("ledger/", ledger.index, name="ledger"),
    path("ledger/as-of/", as_of.index, name="as-of"),
    path("ledger/<int:number>/", ledger.show, name="entry"),
    path("ledger/<int:number>/receipt", ledger.receipt, name="receipt"),
]
