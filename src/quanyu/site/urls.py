"""Every address of the site."""

from django.urls import include, path

from quanyu.api.reference import reference
from quanyu.api.v1 import api

urlpatterns = [
    path("i18n/", include("django.conf.urls.i18n")),
    path("api/", reference, name="api"),
    path("api/v1/", api.urls),
    path("api/features/", include("quanyu.api.features")),
    path("", include("quanyu.web.urls")),
]
