"""Every address of the site."""

from django.urls import include, path

from quanyu.api.v1 import api

urlpatterns = [
    path("i18n/", include("django.conf.urls.i18n")),
    path("api/v1/", api.urls),
    path("", include("quanyu.web.urls")),
]
